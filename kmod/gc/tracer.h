/* SPDX-License-Identifier: GPL-2.0 */
/* The verifier's second part: a tracer of its own, while nobody is inside. */
#ifndef _KGC_TRACER_H
#define _KGC_TRACER_H

#include <linux/kgc.h>
#include <linux/xarray.h>

struct kgc_heap;

/**
 * struct kgc_tracer - what the tracer knows of a heap
 * @floating: objects that floated in this cycle and in the last one, in turns:
 *	a bitmap per heap page
 * @turn: which one is this cycle's
 * @cycle: number of the last cycle traced
 * @runs: cycles traced
 * @skipped: cycles that could not be traced: disturbed, or no memory
 * @objects: objects reached, all cycles
 * @floats: objects that floated in the last cycle traced: marked, not reachable
 * @floats_total: in all cycles
 * @unforgiven: of @floats, those that would have to be gone by the next cycle
 */
struct kgc_tracer {
	struct xarray		floating[2];
	unsigned int		turn;
	u64			cycle;
	u64			runs;
	u64			skipped;
	u64			objects;
	u64			floats;
	u64			floats_total;
	u64			unforgiven;
};

void kgc_tracer_init(struct kgc_heap *heap);
void kgc_tracer_destroy(struct kgc_heap *heap);
void kgc_tracer_run(struct kgc_heap *heap);

#endif /* _KGC_TRACER_H */
