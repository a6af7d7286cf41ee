// SPDX-License-Identifier: GPL-2.0
/*
 * Spans made in advance for allocations that may not sleep.
 *
 * Such an allocation uses only slots that are ready. If it finds none, it marks the
 * class as *starved* and tells the collector, whose worker makes spans for the next
 * allocations. If the worker gets no memory either, it requests a cycle.
 */
#include <linux/nodemask.h>
#include <linux/sched.h>

#include "alloc.h"

/* A starved class gets this many bytes or this many slots, whichever is more. */
#define STOCK_BYTES	(128UL << 10)
#define STOCK_SLOTS	16UL

/* Have kgc_stock_fill() make spans of class @spc on @node. Context: any but NMI. */
void kgc_stock_want(struct kgc_node *node, unsigned int spc)
{
	set_bit(spc, node->starved);
}

/* Make spans for a starved class. Return: false if it did not get a single span. */
static bool stock_class(struct kgc_allocator *a, struct kgc_node *node,
			unsigned int spc)
{
	const struct kgc_class *class = &kgc_classes[spc >> 1];
	unsigned long most = max(STOCK_BYTES, STOCK_SLOTS * class->size);
	struct kgc_reserve r = { };
	unsigned long bytes = 0;
	bool more = true;

	while (more && bytes < most) {
		if (kgc_central_stock(a, node, spc, &r))
			bytes += class->npages * KGC_PAGE_SIZE;
		else
			/* in a cgroup at its limit, do not invoke the OOM killer */
			more = kgc_reserve_fill(a, node, spc, &r, GFP_KERNEL |
						__GFP_NORETRY | __GFP_NOWARN);
		cond_resched();
	}
	kgc_reserve_release(node, &r);
	return bytes;
}

/**
 * kgc_stock_fill() - make spans for the classes that are starved
 * @a: the allocator
 *
 * The sweep of the next cycle gives back the spans from which nothing was allocated.
 *
 * Context: process context, inside a section; may sleep, no locks held.
 * Return: false if one of the classes got no span, at a limit or without memory.
 */
bool kgc_stock_fill(struct kgc_allocator *a)
{
	struct kgc_node *node;
	bool stocked = true;
	unsigned int spc;
	int nid;

	for_each_online_node(nid) {
		node = a->node[nid];
		for_each_set_bit(spc, node->starved, KGC_NR_SPAN_CLASSES)
			if (test_and_clear_bit(spc, node->starved) &&
			    !stock_class(a, node, spc))
				stocked = false;
	}
	return stocked;
}
