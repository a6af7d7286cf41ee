/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of an allocator, summed over its central lists. */
#ifndef _KGC_TOTALS_H
#define _KGC_TOTALS_H

#include <linux/types.h>

struct kgc_allocator;

/* Sums for one span class over all nodes; the members are as in struct kgc_central. */
struct kgc_class_stats {
	u64	mallocs;
	u64	frees;
	u64	spans;
	u64	refills;
	u64	reused;
	u64	fresh;
	u64	asked;
	u64	swept;
	u64	freed_spans;
	u64	contended;
	u64	wait_ns;
	u64	large_bytes;
	u64	large_freed;
};

/**
 * struct kgc_objects - objects of an allocator since it was created
 * @mallocs: objects allocated
 * @frees: objects found dead
 * @bytes: bytes in the slots of objects allocated
 * @freed_bytes: bytes in the slots of objects found dead
 */
struct kgc_objects {
	u64	mallocs;
	u64	frees;
	u64	bytes;
	u64	freed_bytes;
};

void kgc_totals_objects(struct kgc_allocator *a, struct kgc_objects *sum);
u64 kgc_totals_tiny(struct kgc_allocator *a);
void kgc_totals_class(struct kgc_allocator *a, unsigned int spc,
		      struct kgc_class_stats *st);
void kgc_totals_frees(struct kgc_allocator *a, u64 *objects, u64 *bytes);
void kgc_totals_live(struct kgc_allocator *a, u64 *objects, u64 *bytes);
void kgc_totals_live_reset(struct kgc_allocator *a);

#endif /* _KGC_TOTALS_H */
