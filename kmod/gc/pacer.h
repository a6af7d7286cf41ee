/* SPDX-License-Identifier: GPL-2.0 */
/*
 * When the next cycle begins, whether its grace periods are urgent, and when mutators
 * help it or are throttled. This is pure arithmetic, and compiles in userspace too.
 */
#ifndef _KGC_PACER_H
#define _KGC_PACER_H

#include <linux/types.h>

#define KGC_PACER_GRACES	5	/* grace periods in a cycle of one round */
#define KGC_PACER_MIN_HEAP	(4ULL << 20)	/* least goal with a GOGC of 100 */

/**
 * struct kgc_pacer - the pacer of one heap
 * @live: bytes that the last cycle found alive
 * @goal: heap size at which a cycle should be over
 * @room: bytes that may be allocated before the heap passes the goal
 * @help: bytes that may be allocated before mutators help a paused cycle
 * @ceiling: bytes that may be allocated before the heap reaches a hard limit; S64_MAX
 *	without a limit
 * @allowance: bytes that may be allocated before the next cycle begins
 * @runway: bytes expected to be allocated while a cycle runs
 * @rate: bytes allocated per millisecond between the last two flushes
 * @work_us: length of a cycle until its flush, without its grace periods; smoothed
 * @normal_us: length of a normal grace period; smoothed, 0 until one was measured
 * @expedited_us: length of an expedited grace period; smoothed, 0 until one was measured
 * @during: bytes allocated from the begin of the last cycle until its flush
 * @peak: heap size at the last flush
 * @overshoot: of @peak, bytes beyond the goal of that cycle
 * @overshoot_grace: bytes of @overshoot that may have been allocated during grace periods
 * @limited: a limit sets the goal, not GOGC
 * @expedite: the next cycle's grace periods are urgent
 * @share_short: cycles take more CPU time than the heap's share provides
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
	u64	normal_us;
	u64	expedited_us;
	u64	during;
	u64	peak;
	u64	overshoot;
	u64	overshoot_grace;
	bool	limited;
	bool	expedite;
	bool	share_short;
};

/**
 * struct kgc_pacer_cycle - what one cycle measured
 * @live: bytes that may be alive: marked, or allocated during the cycle
 * @charged: bytes allocated from the previous flush to this cycle's
 * @during: of @charged, bytes allocated since this cycle began
 * @in_grace: of @during, bytes allocated during grace periods
 * @interval_us: time from the previous flush to this cycle's
 * @cycle_us: time from this cycle's begin to its flush
 * @normal_us: of @cycle_us, time in normal grace periods
 * @expedited_us: of @cycle_us, time in expedited grace periods
 * @cpu_us: CPU time of the work items and of mutators that helped, in the interval
 * @share_us: CPU time that the heap's share provided in the interval
 * @nr_normal: number of normal grace periods
 * @nr_expedited: number of expedited grace periods
 */
struct kgc_pacer_cycle {
	u64	live;
	u64	charged;
	u64	during;
	u64	in_grace;
	u64	interval_us;
	u64	cycle_us;
	u64	normal_us;
	u64	expedited_us;
	u64	cpu_us;
	u64	share_us;
	u32	nr_normal;
	u32	nr_expedited;
};

/**
 * struct kgc_pacer_limits - options and limits that the goal depends on
 * @gogc: growth up to the goal, in percent of the live bytes; U64_MAX is off
 * @soft_limit: bytes that the goal should not exceed; 0 is no limit
 * @max_bytes: bytes that the heap may hold: the least of its hard limit, of what the module's
 *	cap leaves to it, and of its cgroup's limit; 0 is no limit
 */
struct kgc_pacer_limits {
	u64	gogc;
	u64	soft_limit;
	u64	max_bytes;
};

#define KGC_THROTTLE_US		1000	/* longest that one refill is throttled */
#define KGC_THROTTLE_LIMIT_US	10000	/* the same near a hard limit */

void kgc_pacer_update(struct kgc_pacer *p, const struct kgc_pacer_cycle *c,
		      const struct kgc_pacer_limits *limits);
void kgc_pacer_retarget(struct kgc_pacer *p, u64 live,
			const struct kgc_pacer_limits *limits);
unsigned int kgc_pacer_help_us(s64 charged, s64 help);
unsigned int kgc_pacer_throttle_us(s64 charged, s64 room, s64 ceiling);

#endif /* _KGC_PACER_H */
