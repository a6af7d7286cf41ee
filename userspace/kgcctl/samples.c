// SPDX-License-Identifier: GPL-2.0
/* Two readings of all heaps, one after the other, and the rates between them. */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "figures.h"
#include "kgcctl.h"
#include "samples.h"

int samples_open(struct samples *samples)
{
	*samples = (struct samples){ 0 };
	return heaps_open(&samples->heaps);
}

int samples_take(struct samples *samples)
{
	struct kgc_heap_entry *old = samples->before;

	samples->before = samples->heaps.heap;
	samples->nr_before = samples->heaps.nr;
	samples->before_ns = samples->at_ns;
	samples->heaps.heap = old;
	samples->at_ns = clock_ns(CLOCK_MONOTONIC);
	return heaps_read(&samples->heaps);
}

void samples_close(struct samples *samples)
{
	heaps_close(&samples->heaps);
	free(samples->before);
}

static int by_number(const void *a, const void *b)
{
	__u32 x = ((const struct kgc_heap_entry *)a)->id;
	__u32 y = ((const struct kgc_heap_entry *)b)->id;

	return (x > y) - (x < y);
}

static const struct kgc_heap_entry *find(const struct kgc_heap_entry *heap, size_t nr, __u32 id)
{
	const struct kgc_heap_entry key = { .id = id };

	return nr ? bsearch(&key, heap, nr, sizeof(key), by_number) : NULL;
}

const struct kgc_heap_entry *samples_find(const struct samples *samples, __u32 id)
{
	return find(samples->heaps.heap, samples->heaps.nr, id);
}

struct rates samples_rates(const struct samples *samples, const struct kgc_heap_entry *heap)
{
	const struct kgc_heap_entry *old = find(samples->before, samples->nr_before, heap->id);
	const struct kgc_stats *a, *b = &heap->stats;
	uint64_t ns = samples->at_ns - samples->before_ns;

	/* the same number may be another heap by now */
	if (!old || old->created_ns != heap->created_ns)
		return (struct rates){ NAN, NAN, NAN, NAN, NAN, NAN };
	a = &old->stats;
	return (struct rates){
		.allocated = per_second(a->total_alloc, b->total_alloc, ns),
		.freed = per_second(a->total_alloc - a->heap_alloc,
				    b->total_alloc - b->heap_alloc, ns),
		.cycles = per_second(a->num_gc, b->num_gc, ns),
		.workers = per_second(a->gc_cpu_ns, b->gc_cpu_ns, ns) * 1e-9,
		.waiters = per_second(a->gc_waiter_ns, b->gc_waiter_ns, ns) * 1e-9,
		.mutators = per_second(a->gc_mutator_ns, b->gc_mutator_ns, ns) * 1e-9,
	};
}
