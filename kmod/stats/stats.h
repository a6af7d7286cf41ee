/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a heap, gathered for a reader. */
#ifndef _KGC_STATS_H
#define _KGC_STATS_H

#include <linux/types.h>

#include "../alloc/limit.h"

struct kgc_heap;
struct kgc_stats;

void kgc_stats_heap(struct kgc_heap *heap, struct kgc_stats *stats);
void kgc_stats_line(struct kgc_heap *heap, struct kgc_stats *stats);
u64 kgc_stats_meta(struct kgc_heap *heap, u64 bytes[KGC_NR_META]);

#endif /* _KGC_STATS_H */
