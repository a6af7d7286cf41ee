// SPDX-License-Identifier: GPL-2.0
/* Durations of allocations that their CPU's cache cannot serve. */
#include <linux/kernel.h>
#include <linux/log2.h>

#include "steps.h"

/* Record that the collector has throttled the allocation for the last @ns. */
void kgc_steps_throttled(struct kgc_slow_path *step, u64 ns)
{
	if (!step->start_ns)
		step->start_ns = ktime_get_mono_fast_ns() - ns;
	kgc_steps_begin(step, KGC_CAUSE_THROTTLE);
}

static unsigned int bucket_of(u64 ns)
{
	unsigned int bits = ns >> KGC_STEPS_SHIFT ? ilog2(ns >> KGC_STEPS_SHIFT) + 1 : 0;

	return min(bits, KGC_STEPS_BUCKETS - 1U);
}

/* Count a slow allocation that is over. Context: any but NMI. */
void kgc_steps_add(struct kgc_steps *steps, const struct kgc_slow_path *step)
{
	/* the fast clock may be a little behind on another CPU */
	s64 ns = max_t(s64, ktime_get_mono_fast_ns() - step->start_ns, 0);
	atomic64_t *longest = &steps->longest_ns[step->cause];
	s64 old = atomic64_read(longest);

	atomic64_inc(&steps->nr[step->cause][bucket_of(ns)]);
	while (ns > old && !atomic64_try_cmpxchg(longest, &old, ns))
		;
}

/* The longest step of all causes, in ns. */
u64 kgc_steps_longest(const struct kgc_steps *steps)
{
	u64 longest = 0;
	unsigned int i;

	for (i = 0; i < KGC_NR_CAUSES; i++)
		longest = max_t(u64, longest, atomic64_read(&steps->longest_ns[i]));
	return longest;
}
