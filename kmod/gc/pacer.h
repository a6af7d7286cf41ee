/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When the next cycle begins. Pure arithmetic, also compiled in userspace.
 */
#ifndef _KGC_PACER_H
#define _KGC_PACER_H

#include <linux/types.h>

#define KGC_PACER_MIN_HEAP	(4ULL << 20)	/* goal of an empty heap at 100 % */

/**
 * struct kgc_pacer - the state of one heap's controller
 * @live: bytes the last cycle found alive
 * @goal: heap size at which a cycle should be over
 * @allowance: bytes that may be allocated before the next cycle begins
 * @runway: bytes set aside for what is allocated while a cycle runs
 * @rate: bytes allocated per millisecond between the last two cycles
 * @cycle_us: length of a cycle until its flip, smoothed
 * @peak: heap size when the last cycle's marking was over
 * @limited: the goal is the soft limit's, not GOGC's
 */
struct kgc_pacer {
	u64	live;
	u64	goal;
	s64	allowance;
	u64	runway;
	u64	rate;
	u64	cycle_us;
	u64	peak;
	bool	limited;
};

/**
 * struct kgc_pacer_cycle - what one cycle measured
 * @live: bytes found alive, those born during the cycle included
 * @charged: bytes allocated since the cycle before flipped
 * @during: of these, while this cycle ran until its flip
 * @interval_us: from the flip before to this cycle's
 * @cycle_us: from this cycle's begin to its flip
 * @gogc: growth in percent; U64_MAX is off
 * @soft_limit: bytes, 0 is none
 */
struct kgc_pacer_cycle {
	u64	live;
	u64	charged;
	u64	during;
	u64	interval_us;
	u64	cycle_us;
	u64	gogc;
	u64	soft_limit;
};

void kgc_pacer_update(struct kgc_pacer *p, const struct kgc_pacer_cycle *c);

#endif /* _KGC_PACER_H */
