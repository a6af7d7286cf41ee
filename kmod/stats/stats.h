/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a heap, by size class. */
#ifndef _KGC_STATS_H
#define _KGC_STATS_H

#include <linux/types.h>

#include "../alloc/pageheap.h"

struct kgc_heap;
struct kgc_stats;

/* Kinds of metadata: those the page heaps count, and what belongs to the heap. */
enum kgc_meta_of_heap {
	KGC_META_MAP = KGC_NR_META,
	KGC_META_CACHES,
	KGC_META_HEAP,
	KGC_META_DESCRIPTIONS,
	KGC_META_HANDLES,
	KGC_META_WEAK,
	KGC_META_FINALIZERS,
	KGC_META_GREY,
	KGC_NR_HEAP_META,
};

void kgc_stats_heap(struct kgc_heap *heap, struct kgc_stats *stats);
void kgc_stats_line(struct kgc_heap *heap, struct kgc_stats *stats);
u64 kgc_stats_meta(struct kgc_heap *heap, u64 bytes[KGC_NR_HEAP_META]);

#endif /* _KGC_STATS_H */
