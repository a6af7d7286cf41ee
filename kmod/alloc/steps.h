/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Durations of allocations that their CPU's cache cannot serve, by cause.
 *
 * The first step that may take long starts a clock, which is read when the allocation is
 * over. So an allocation from the cache costs nothing more. A slow allocation is counted
 * once, under the costliest of its causes.
 */
#ifndef _KGC_STEPS_H
#define _KGC_STEPS_H

#include <linux/ktime.h>
#include <linux/types.h>

#include "histogram.h"

/* What an allocation had to do, the cheapest first and the costliest last. */
enum kgc_cause {
	KGC_CAUSE_REFILL,	/* take a span from a central list, or wait for its lock */
	KGC_CAUSE_FLUSH,	/* empty its CPU's cache for a new generation */
	KGC_CAUSE_SWEEP,	/* sweep old spans */
	KGC_CAUSE_GROWTH,	/* ask the kernel for memory */
	KGC_CAUSE_LARGE,	/* clear an object that has a span of its own */
	KGC_CAUSE_THROTTLE,	/* sleep or work for the collector after outrunning it */
	KGC_CAUSE_RECLAIM,	/* ask for memory that the kernel had to reclaim first */
	KGC_NR_CAUSES,
};

/**
 * struct kgc_steps - slow allocations of one allocator
 * @took: how long they took, by cause
 *
 * All CPUs share it: a slow path writes the shared kgc_allocator.charged anyway.
 */
struct kgc_steps {
	struct kgc_histogram	took[KGC_NR_CAUSES];
};

/**
 * struct kgc_slow_path - times one allocation
 * @start_ns: when its first slow step began; 0 if there was none yet
 * @cause: the costliest cause so far
 */
struct kgc_slow_path {
	u64		start_ns;
	enum kgc_cause	cause;
};

/* A step that may take long begins, because of @cause. Context: any but NMI. */
static inline void kgc_steps_begin(struct kgc_slow_path *step, enum kgc_cause cause)
{
	if (!step->start_ns)
		step->start_ns = ktime_get_mono_fast_ns();
	if (cause > step->cause)
		step->cause = cause;
}

/* Go on timing an allocation in another structure. */
static inline void kgc_steps_carry(struct kgc_slow_path *to, const struct kgc_slow_path *from)
{
	*to = *from;
}

void kgc_steps_throttled(struct kgc_slow_path *step, u64 ns);
void kgc_steps_add(struct kgc_steps *steps, const struct kgc_slow_path *step);
u64 kgc_steps_longest(const struct kgc_steps *steps);

/* The allocation is over: count it if it was slow. Context: any but NMI. */
static inline void kgc_steps_end(struct kgc_steps *steps, const struct kgc_slow_path *step)
{
	if (step->start_ns)
		kgc_steps_add(steps, step);
}

#endif /* _KGC_STEPS_H */
