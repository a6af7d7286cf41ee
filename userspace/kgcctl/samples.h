/* SPDX-License-Identifier: GPL-2.0 */
/* Two readings of all heaps, one after the other, and the rates between them. */
#ifndef KGCCTL_SAMPLES_H
#define KGCCTL_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

#include "heaps.h"

/**
 * struct samples - the last reading of all heaps, and the one before it
 * @heaps: the last reading
 * @at_ns: monotonic time of it
 * @before: the heaps of the reading before, ascending by number
 * @nr_before: length of @before
 * @before_ns: monotonic time of it
 */
struct samples {
	struct heaps heaps;
	uint64_t at_ns;
	struct kgc_heap_entry *before;
	size_t nr_before;
	uint64_t before_ns;
};

/**
 * struct rates - what a heap did between two readings, per second
 * @allocated: bytes allocated
 * @freed: bytes found dead
 * @cycles: cycles completed
 * @workers: CPU time in seconds of the collector's work items
 * @waiters: of threads that wait for a cycle
 * @mutators: of mutators that help
 *
 * They are not numbers (NAN) if the reading before did not have the heap.
 */
struct rates {
	double allocated;
	double freed;
	double cycles;
	double workers;
	double waiters;
	double mutators;
};

/* Each returns an exit status, and complains unless that is STATUS_OK. */
int samples_open(struct samples *samples);
int samples_take(struct samples *samples);

void samples_close(struct samples *samples);

/* Find heap @id in the last reading. NULL if it is not there. */
const struct kgc_heap_entry *samples_find(const struct samples *samples, __u32 id);

/* The rates of @heap, a heap of the last reading. */
struct rates samples_rates(const struct samples *samples,
			   const struct kgc_heap_entry *heap);

#endif /* KGCCTL_SAMPLES_H */
