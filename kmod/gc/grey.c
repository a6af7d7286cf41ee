// SPDX-License-Identifier: GPL-2.0
/*
 * The spans that mutators' barriers shade: a list for each CPU, and whether a round of
 * marking found them empty.
 */
#include <linux/llist.h>
#include <linux/percpu.h>

#include "heap.h"
#include "mark.h"

/* Regions that have shaded something, ever; see kgc_grey_pending(). */
u64 kgc_grey_shaded(struct kgc_heap *heap)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(heap->marking.grey, cpu)->shaded);
	return sum;
}

/**
 * kgc_grey_pending() - whether a round of termination was not clean
 * @heap: the heap
 * @shaded: kgc_grey_shaded() when the workers had become idle, an RCU grace
 *	period ago
 *
 * Empty queues are not enough: a region B that began before the round may find
 * its span's queued flag set by a region A that began after it and has not
 * pushed yet. B then pushes nothing, the grace period does not wait for A, and
 * both objects would be missed. A has counted itself before it set the flag.
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

/* kgc_shade_slot() as a call. */
noinline void kgc_shade_white(struct kgc_heap *heap, struct kgc_span *span,
			      unsigned int i)
{
	kgc_shade_slot(&heap->marking, span, i);
}

/* A span with an object that a barrier has shaded. Context: in its region. */
noinline void kgc_grey_push(struct kgc_marking *mk, struct kgc_span *span)
{
	if (!xchg(&span->queued, 1))
		llist_add(&span->grey, &this_cpu_ptr(mk->grey)->list);
}
