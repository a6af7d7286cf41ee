/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When the next cycle begins, whether its grace periods are hurried, and when
 * mutators help it or are slowed down. Pure arithmetic, also compiled in userspace.
 */
#ifndef _KGC_PACER_H
#define _KGC_PACER_H

#include <linux/types.h>

#define KGC_PACER_GRACES	5	/* grace periods in a cycle of one round */
#define KGC_PACER_MIN_HEAP	(4ULL << 20)	/* goal of an empty heap at 100 % */

/**
 * struct kgc_pacer - the state of one heap's controller
 * @live: bytes the last cycle found alive
 * @goal: heap size at which a cycle should be over
 * @room: bytes that may be allocated before the goal is passed
 * @help: bytes that may be allocated before mutators help a cycle that has no CPU
 *	time
 * @ceiling: bytes that may be allocated before a hard limit is reached; S64_MAX is
 *	none
 * @allowance: bytes that may be allocated before the next cycle begins
 * @runway: bytes set aside for what is allocated while a cycle runs
 * @rate: bytes allocated per millisecond between the last two cycles
 * @work_us: length of a cycle until its flip, grace periods excepted; smoothed
 * @calm_us: length of a grace period at leisure; smoothed, 0 is not known
 * @hurried_us: the same for hurried ones
 * @during: bytes allocated while the last cycle ran
 * @peak: heap size when the last cycle's marking was over
 * @over: of @peak, bytes beyond the goal of that cycle
 * @over_grace: of @over, bytes allocated while grace periods were waited for
 * @limited: the goal is a limit's, not GOGC's
 * @hurry: the next cycle's grace periods are worth hurrying
 * @scarce: cycles take more CPU time than the heap's share comes to
 */
struct kgc_pacer {
	u64	live;
	u64	goal;
	s64	room;
	s64	help;
	s64	ceiling;
	s64	allowance;
	u64	runway;
	u64	rate;
	u64	work_us;
	u64	calm_us;
	u64	hurried_us;
	u64	during;
	u64	peak;
	u64	over;
	u64	over_grace;
	bool	limited;
	bool	hurry;
	bool	scarce;
};

/**
 * struct kgc_pacer_cycle - what one cycle measured
 * @live: bytes found alive, those born during the cycle included
 * @charged: bytes allocated since the cycle before flipped
 * @during: of these, while this cycle ran until its flip
 * @in_grace: of these, while it waited for grace periods
 * @interval_us: from the flip before to this cycle's
 * @cycle_us: from this cycle's begin to its flip
 * @calm_us: of this, waiting for grace periods at leisure
 * @hurried_us: and for hurried ones
 * @cpu_us: CPU time that collecting took in the interval, the mutators' included
 * @share_us: what the heap's share of CPU time came to in it
 * @nr_calm: how many of the first kind
 * @nr_hurried: and of the second
 */
struct kgc_pacer_cycle {
	u64	live;
	u64	charged;
	u64	during;
	u64	in_grace;
	u64	interval_us;
	u64	cycle_us;
	u64	calm_us;
	u64	hurried_us;
	u64	cpu_us;
	u64	share_us;
	u32	nr_calm;
	u32	nr_hurried;
};

/**
 * struct kgc_pacer_limits - what the heap's owner wants
 * @gogc: growth in percent; U64_MAX is off
 * @soft_limit: bytes, 0 is none
 * @most: bytes that the heap may hold: the least of its hard limit, of what the module's
 *	cap leaves to it and of its cgroup's limit; 0 is no limit
 */
struct kgc_pacer_limits {
	u64	gogc;
	u64	soft_limit;
	u64	most;
};

#define KGC_THROTTLE_US		1000	/* most that one refill is slowed down */
#define KGC_THROTTLE_LIMIT_US	10000	/* the same near a hard limit */

void kgc_pacer_update(struct kgc_pacer *p, const struct kgc_pacer_cycle *c,
		      const struct kgc_pacer_limits *limits);
void kgc_pacer_retarget(struct kgc_pacer *p, u64 live,
			const struct kgc_pacer_limits *limits);
unsigned int kgc_pacer_help_us(s64 charged, s64 help);
unsigned int kgc_pacer_throttle_us(s64 charged, s64 room, s64 ceiling);

#endif /* _KGC_PACER_H */
