// SPDX-License-Identifier: GPL-2.0
/* Durations of allocations that their CPU's cache cannot serve. */
#include <linux/kernel.h>

#include "steps.h"

/* Record that the collector has throttled the allocation for the last @ns. */
void kgc_steps_throttled(struct kgc_slow_path *step, u64 ns)
{
	if (!step->start_ns)
		step->start_ns = ktime_get_mono_fast_ns() - ns;
	kgc_steps_begin(step, KGC_CAUSE_THROTTLE);
}

/* Count a slow allocation that is over. Context: any but NMI. */
void kgc_steps_add(struct kgc_steps *steps, const struct kgc_slow_path *step)
{
	/* the fast clock may be a little behind on another CPU */
	s64 ns = max_t(s64, ktime_get_mono_fast_ns() - step->start_ns, 0);

	kgc_histogram_add(&steps->took[step->cause], ns);
}

/* The longest step of all causes, in ns. */
u64 kgc_steps_longest(const struct kgc_steps *steps)
{
	u64 longest = 0;
	unsigned int i;

	for (i = 0; i < KGC_NR_CAUSES; i++)
		longest = max_t(u64, longest, atomic64_read(&steps->took[i].longest_ns));
	return longest;
}
