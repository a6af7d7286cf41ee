/* SPDX-License-Identifier: GPL-2.0 */
/* The background sweep, and totals over all central lists. */
#ifndef _KGC_SWEEP_H
#define _KGC_SWEEP_H

#include <linux/types.h>

struct kgc_heap;

void kgc_sweep_begin(struct kgc_heap *heap);
bool kgc_sweep_some(struct kgc_heap *heap);
u64 kgc_sweep_frees(struct kgc_heap *heap);
void kgc_sweep_totals(struct kgc_heap *heap, u64 *objects, u64 *bytes);

#endif /* _KGC_SWEEP_H */
