// SPDX-License-Identifier: GPL-2.0
/*
 * The sweep. Allocation sweeps a bounded number of spans when it needs one;
 * the rest is done here, so that the next cycle can begin: an old mark would
 * hide its object from the barrier.
 */
#include <linux/nodemask.h>

#include "../alloc/alloc.h"
#include "../alloc/totals.h"
#include "heap.h"
#include "sweep.h"

#define SWEEP_BATCH	64	/* spans */

/* Before the new generation is published. */
void kgc_sweep_begin(struct kgc_heap *heap)
{
	kgc_totals_live_reset(&heap->alloc);
	heap->sweep.at = 0;
}

/* Sweep a bounded number of spans. Return: whether any may be left. */
bool kgc_sweep_some(struct kgc_heap *heap)
{
	struct kgc_sweep *sweep = &heap->sweep;
	unsigned int nid = sweep->at / KGC_NR_SPAN_CLASSES;
	unsigned int spc = sweep->at % KGC_NR_SPAN_CLASSES;
	struct kgc_central *ct;
	struct kgc_node *node;

	if (nid >= nr_node_ids)
		return false;
	node = heap->alloc.node[nid];
	ct = node ? kgc_central_of(node, spc) : NULL;
	if (!ct || !kgc_central_sweep_some(&heap->alloc, ct, node, SWEEP_BATCH))
		sweep->at++;
	return true;
}
