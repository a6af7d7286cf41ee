/* SPDX-License-Identifier: GPL-2.0 */
/* The background sweep of the spans that allocations have not swept. */
#ifndef _KGC_SWEEP_H
#define _KGC_SWEEP_H

#include <linux/types.h>

struct kgc_heap;

void kgc_sweep_begin(struct kgc_heap *heap);
bool kgc_sweep_large(const struct kgc_heap *heap);
bool kgc_sweep_some(struct kgc_heap *heap, unsigned int spans);

#endif /* _KGC_SWEEP_H */
