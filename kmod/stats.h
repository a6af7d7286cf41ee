/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of a heap, by size class. */
#ifndef _KGC_STATS_H
#define _KGC_STATS_H

#include <linux/types.h>

struct kgc_heap;

/* Sums over the nodes; the members are those of struct kgc_central. */
struct kgc_class_stats {
	u64	mallocs;
	u64	frees;
	u64	spans;
	u64	refills;
	u64	reused;
	u64	fresh;
	u64	swept;
	u64	freed_spans;
	u64	contended;
	u64	wait_ns;
	u64	large_bytes;
	u64	large_freed;
};

void kgc_class_stats(struct kgc_heap *heap, unsigned int spc,
		     struct kgc_class_stats *st);

#endif /* _KGC_STATS_H */
