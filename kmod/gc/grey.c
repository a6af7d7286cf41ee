// SPDX-License-Identifier: GPL-2.0
/*
 * Grey spans from the write barrier: each CPU lists the spans in which its barriers have
 * shaded an object. A round is clean if it finds these lists empty and no new shading.
 */
#include <linux/llist.h>
#include <linux/percpu.h>

#include "heap.h"
#include "mark.h"

/* Return: shadings on all CPUs since the heap was made; see kgc_grey_pending(). */
u64 kgc_grey_shaded(struct kgc_heap *heap)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(heap->marking.grey, cpu)->shaded);
	return sum;
}

/**
 * kgc_grey_pending() - check whether a round was not clean
 * @heap: the heap
 * @shaded: kgc_grey_shaded() when the markers had become idle. To judge a round, an RCU
 *	grace period must have ended since
 *
 * Empty queues alone do not make a round clean. Let region B begin before the grace
 * period, and region A after its begin. A sets the queued flag of a span, but has not
 * pushed the span yet. B shades an object of that span, sees the flag, and pushes
 * nothing. The grace period waits for B but not for A, so the collector would miss the
 * objects of both. But A counts its shading before it sets the flag, so the round is not
 * clean.
 *
 * Return: true if objects may have become grey since.
 */
bool kgc_grey_pending(struct kgc_heap *heap, u64 shaded)
{
	int cpu;

	if (kgc_grey_shaded(heap) != shaded)
		return true;

	for_each_possible_cpu(cpu)
		if (!llist_empty(&per_cpu_ptr(heap->marking.grey, cpu)->list))
			return true;
	return !llist_empty(&heap->marking.shared);
}

/* kgc_shade_slot() out of line. */
noinline void kgc_shade_white(struct kgc_heap *heap, struct kgc_span *span,
			      unsigned int i)
{
	kgc_shade_slot(&heap->marking, span, i);
}

/* Queue a span in which a barrier has shaded. Context: the region of that shading. */
noinline void kgc_grey_push(struct kgc_marking *mk, struct kgc_span *span)
{
	if (kgc_span_set_queued(span))
		llist_add(&span->grey, &this_cpu_ptr(mk->grey)->list);
}
