// SPDX-License-Identifier: GPL-2.0
/*
 * The sweep. Allocation sweeps a bounded number of spans when it needs one;
 * the rest is done here, so that the next cycle can begin: an old mark would
 * hide its object from the barrier.
 */
#include "heap.h"
#include "sweep.h"

#define SWEEP_BATCH	64	/* spans */

/* All central lists of a heap that exist. */
#define for_each_central(heap, node, nid, spc, ct)			\
	for_each_node(nid)						\
		for ((node) = (heap)->alloc.node[nid], (spc) = 0;	\
		     (spc) < KGC_NR_SPAN_CLASSES &&			\
		     ((ct) = kgc_central_of(node, spc), true); (spc)++)	\
			if (ct)

/* Before the new generation is published. */
void kgc_sweep_begin(struct kgc_heap *heap)
{
	struct kgc_central *ct;
	struct kgc_node *node;
	unsigned int spc;
	int nid;

	for_each_central(heap, node, nid, spc, ct) {
		raw_spin_lock_irq(&ct->lock);
		ct->live = 0;
		ct->large_live = 0;
		raw_spin_unlock_irq(&ct->lock);
	}
	heap->sweep_at = 0;
}

/* Sweep a bounded number of spans. Return: whether any may be left. */
bool kgc_sweep_some(struct kgc_heap *heap)
{
	unsigned int nid = heap->sweep_at / KGC_NR_SPAN_CLASSES;
	unsigned int spc = heap->sweep_at % KGC_NR_SPAN_CLASSES;
	struct kgc_central *ct;
	struct kgc_node *node;

	if (nid >= nr_node_ids)
		return false;
	node = heap->alloc.node[nid];
	ct = node ? kgc_central_of(node, spc) : NULL;
	if (!ct || !kgc_central_sweep_some(&heap->alloc, ct, node, SWEEP_BATCH))
		heap->sweep_at++;
	return true;
}

/* Objects found dead so far. */
u64 kgc_sweep_frees(struct kgc_heap *heap)
{
	struct kgc_central *ct;
	struct kgc_node *node;
	unsigned int spc;
	u64 frees = 0;
	int nid;

	for_each_central(heap, node, nid, spc, ct) {
		raw_spin_lock_irq(&ct->lock);
		frees += ct->frees;
		raw_spin_unlock_irq(&ct->lock);
	}
	return frees;
}

/* What the sweeps of this generation found alive. */
void kgc_sweep_totals(struct kgc_heap *heap, u64 *objects, u64 *bytes)
{
	struct kgc_central *ct;
	struct kgc_node *node;
	unsigned int spc;
	int nid;

	*objects = 0;
	*bytes = 0;
	for_each_central(heap, node, nid, spc, ct) {
		raw_spin_lock_irq(&ct->lock);
		*objects += ct->live;
		*bytes += ct->live * kgc_classes[spc >> 1].size +
			  ct->large_live;
		raw_spin_unlock_irq(&ct->lock);
	}
}
