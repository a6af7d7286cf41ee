/* SPDX-License-Identifier: GPL-2.0 */
/* Giving back what a sweep has left over. */
#ifndef _KGC_TRIM_H
#define _KGC_TRIM_H

struct kgc_heap;

void kgc_trim(struct kgc_heap *heap);

#endif /* _KGC_TRIM_H */
