/* SPDX-License-Identifier: GPL-2.0 */
/* The verifier's second part: a tracer that runs while no section is open. */
#ifndef _KGC_TRACER_H
#define _KGC_TRACER_H

#include <linux/kgc.h>
#include <linux/xarray.h>

struct kgc_heap;

/**
 * struct kgc_tracer - what the tracer knows about a heap
 * @floating: floating garbage of this cycle and of the last one, as bitmaps of heap
 *	pages; the two sets swap roles after each complete trace
 * @floating_idx: index of this cycle's set in @floating
 * @cycle: number of the last cycle traced
 * @runs: cycles traced
 * @skipped: cycles that could not be traced: a section disturbed, or memory was short
 * @objects: objects reached in all cycles
 * @floats: floating garbage of the last cycle traced: objects marked but not reachable
 * @floats_total: sum of @floats over all cycles
 * @floating_due: objects of @floats that must be gone in the next cycle; 0 if the tracer
 *	cannot demand that
 */
struct kgc_tracer {
	struct xarray		floating[2];
	unsigned int		floating_idx;
	u64			cycle;
	u64			runs;
	u64			skipped;
	u64			objects;
	u64			floats;
	u64			floats_total;
	u64			floating_due;
};

void kgc_tracer_init(struct kgc_heap *heap);
void kgc_tracer_destroy(struct kgc_heap *heap);
void kgc_tracer_run(struct kgc_heap *heap);

#endif /* _KGC_TRACER_H */
