// SPDX-License-Identifier: GPL-2.0
/* Giving back what a sweep has left over. */
#include <linux/math64.h>
#include <linux/module.h>

#include "../alloc/pageheap.h"
#include "heap.h"
#include "pace.h"
#include "trim.h"

#define SPARES_KEPT	64

/*
 * After a sweep: keep some free memory for the next allocations, unless more
 * than 70 % is free; then return down to 40 % (the bounds of hysteresis that
 * the JVM calls MaxHeapFreeRatio and MinHeapFreeRatio). What will be allocated
 * before the next cycle stays, if that is within a second.
 */
static u64 trim_keep(struct kgc_heap *heap, struct kgc_pageheap *ph)
{
	u64 idle = kgc_pageheap_idle(ph), inuse = READ_ONCE(ph->inuse);

	if (READ_ONCE(heap->opt.scavenge) == KGC_SCAVENGE_NOW)
		return 0;
	if (idle * 3 <= inuse * 7)
		return U64_MAX;
	/* free = 40 % of what is left: inuse is 60 % */
	return max(div_u64(inuse * 4, 6), kgc_pace_growth(heap));
}

/* Give back what a sweep has left over. Context: process context. */
void kgc_trim(struct kgc_heap *heap)
{
	int nid;

	for_each_node(nid) {
		struct kgc_pageheap *ph = &heap->alloc.node[nid]->pages;

		kgc_scavenge_pages(&heap->alloc, ph, trim_keep(heap, ph));
		kgc_pageheap_trim_spares(&heap->alloc, ph, SPARES_KEPT);
	}
}

/**
 * kgc_scavenge() - give all free memory back
 * @heap: the heap
 *
 * Context: process context, may sleep.
 * Return: bytes given back.
 */
size_t kgc_scavenge(struct kgc_heap *heap)
{
	size_t bytes = 0;
	int nid;

	for_each_node(nid) {
		struct kgc_pageheap *ph = &heap->alloc.node[nid]->pages;

		bytes += kgc_scavenge_pages(&heap->alloc, ph, 0);
		kgc_pageheap_trim_spares(&heap->alloc, ph, 0);
	}
	return bytes;
}
EXPORT_SYMBOL_GPL(kgc_scavenge);
