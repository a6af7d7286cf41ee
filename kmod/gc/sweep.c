// SPDX-License-Identifier: GPL-2.0
/*
 * The background sweep. An allocation that needs a span sweeps a bounded number of spans;
 * this file sweeps the rest. The next cycle cannot begin before every span is swept: its
 * write barrier would take a mark of the last cycle for one of its own, and would not shade
 * the object.
 */
#include <linux/nodemask.h>

#include "../alloc/alloc.h"
#include "../alloc/totals.h"
#include "heap.h"
#include "sweep.h"

/* Context: the state machine, before it publishes the new generation. */
void kgc_sweep_begin(struct kgc_heap *heap)
{
	kgc_totals_live_reset(&heap->alloc);
	heap->sweep.at = 0;
}

/* Whether the next spans to sweep hold large objects. */
bool kgc_sweep_large(const struct kgc_heap *heap)
{
	return heap->sweep.at % KGC_NR_SPAN_CLASSES < 2;
}

/* Sweep @spans spans at most. Return: whether any may be left. */
bool kgc_sweep_some(struct kgc_heap *heap, unsigned int spans)
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
	if (!ct || !kgc_central_sweep_some(&heap->alloc, ct, node, spans))
		sweep->at++;
	return true;
}
