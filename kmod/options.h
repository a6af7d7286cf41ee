/* SPDX-License-Identifier: GPL-2.0 */
/* Options of a heap, beside the calls of <linux/kgc.h>. */
#ifndef _KGC_OPTIONS_H
#define _KGC_OPTIONS_H

struct kgc_heap;

void kgc_options_init(struct kgc_heap *heap);

#endif /* _KGC_OPTIONS_H */
