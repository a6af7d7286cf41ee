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
/**
 * struct kgc_memory - metadata of a heap in Go's terms, in bytes
 * @mspan_sys: structures of spans, without their bitmaps
 * @mspan_inuse: of these, structures of spans that have pages
 * @mcache_sys: caches of all possible CPUs
 * @gc_sys: mark and free bitmaps, and buffers of grey objects
 * @other_sys: all other metadata
 */
struct kgc_memory {
	u64	mspan_sys;
	u64	mspan_inuse;
	u64	mcache_sys;
	u64	gc_sys;
	u64	other_sys;
};

void kgc_stats_memory(struct kgc_heap *heap, struct kgc_memory *memory);
u64 kgc_stats_meta(struct kgc_heap *heap, u64 bytes[KGC_NR_META]);

#endif /* _KGC_STATS_H */
