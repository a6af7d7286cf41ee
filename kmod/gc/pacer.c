// SPDX-License-Identifier: GPL-2.0
/*
 * The pacer.
 *
 *	goal = live * (1 + GOGC / 100), as in the Go runtime
 *
 * A cycle should be over when the heap reaches the goal. So it begins earlier by the
 * *runway*: the bytes that mutators allocate while it runs. The pacer predicts them from
 * three measurements: the allocation rate, the time that a cycle works, and the time that
 * its grace periods take. It adds a quarter, because these vary. The runway is no shorter
 * than the bytes allocated during the last cycle, and no shorter than a 64th of the
 * growth.
 *
 * Grace periods are normal if a quarter of the growth is enough for the runway of such
 * a cycle. Otherwise they are expedited. This disturbs every CPU a little, but makes them
 * shorter by orders of magnitude.
 *
 * The runway takes at most 15/16 of the growth. At this bound cycles follow each other
 * closely, and mutators that pass the goal are throttled (see throttle.c).
 *
 * The collectors' share of CPU time (share.c) may be used up in the middle of a cycle. If
 * the share is enough in the long run, mutators help from the middle of the runway on,
 * and have the other half left to do so. If it is not, they have to do a part of every
 * cycle anyway, and help from its begin. A cycle does not free objects that die while it
 * marks, so a cycle that waits for CPU time costs memory, and costs the next cycle work.
 * The pacer measures cycles with the mutators' help, so runways become no longer than
 * needed.
 *
 * The goal stays 15 % below what the heap may hold, because pages are never full of
 * objects, and cycles take time. It is higher if the live bytes leave no such room.
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "pacer.h"

#define MIN_ALLOWANCE	(64 << 10)
#define LIMIT_PERCENT	85	/* of what the heap may hold */

static u64 smooth(u64 old, u64 sample)
{
	return old ? (3 * old + sample) / 4 : sample;
}

/* Bytes allocated during a cycle with grace periods of @grace_us each, plus a quarter. */
static u64 predict(const struct kgc_pacer *p, u64 grace_us)
{
	u64 us = p->work_us + KGC_PACER_GRACES * grace_us;

	return div_u64(min(p->rate, 1ULL << 30) * min(us, 1ULL << 32), 800);
}

/*
 * Goal of a heap that may hold @most bytes: LIMIT_PERCENT of @most. If @live is near that
 * or above, the goal is a sixteenth above @live, but at most half of the way to @most.
 */
static u64 goal_below(u64 live, u64 most)
{
	u64 growth = min(live / 16, (most - min(most, live)) / 2);

	return max(most / 100 * LIMIT_PERCENT, live + growth);
}

static u64 pacer_goal(struct kgc_pacer *p, const struct kgc_pacer_limits *l)
{
	u64 goal, least, limit;

	if (l->gogc == U64_MAX) {
		goal = U64_MAX;
	} else {
		u64 percent = 100 + l->gogc;

		least = KGC_PACER_MIN_HEAP / 100 * l->gogc;
		/* a product beyond 64 bits is a goal that no heap reaches */
		goal = p->live > U64_MAX / percent ? U64_MAX :
			div_u64(p->live * percent, 100);
		goal = max(goal, least);
	}
	limit = l->soft_limit ? max(l->soft_limit, p->live + p->live / 16) :
				U64_MAX;
	if (l->max_bytes)
		limit = min(limit, goal_below(p->live, l->max_bytes));
	p->limited = limit < goal;
	return min(goal, limit);
}

/**
 * kgc_pacer_retarget() - compute goal, runway and allowance
 * @p: the pacer
 * @live: bytes alive
 * @limits: options and limits that the goal depends on
 */
void kgc_pacer_retarget(struct kgc_pacer *p, u64 live,
			const struct kgc_pacer_limits *limits)
{
	u64 growth, normal, expedited;

	p->live = live;
	p->goal = pacer_goal(p, limits);
	p->expedite = false;
	p->ceiling = S64_MAX;
	if (limits->max_bytes)
		p->ceiling = min_t(u64, limits->max_bytes - min(limits->max_bytes, live), S64_MAX);
	if (p->goal > S64_MAX) {
		p->runway = 0;
		p->allowance = S64_MAX;
		p->help = S64_MAX;
		p->room = S64_MAX;
		return;
	}
	growth = p->goal > live ? p->goal - live : 0;
	normal = predict(p, p->normal_us);
	expedited = predict(p, p->expedited_us);
	p->expedite = normal > growth / 4;
	p->runway = max3(p->expedite ? expedited : normal, p->during, growth / 64);
	p->runway = min(p->runway, growth / 16 * 15);
	p->allowance = max_t(u64, growth - p->runway, MIN_ALLOWANCE);
	p->room = max_t(s64, growth, p->allowance);
	p->help = p->share_short ? p->allowance :
		  p->allowance + (p->room - p->allowance) / 2;
}

/**
 * kgc_pacer_update() - learn from a cycle, and compute the next allowance
 * @p: the pacer
 * @c: what the cycle measured
 * @limits: options and limits that the goal depends on
 */
void kgc_pacer_update(struct kgc_pacer *p, const struct kgc_pacer_cycle *c,
		      const struct kgc_pacer_limits *limits)
{
	p->peak = p->live + c->charged;
	p->overshoot = p->peak > p->goal ? p->peak - p->goal : 0;
	p->overshoot_grace = min(p->overshoot, c->in_grace);
	p->rate = div64_u64(c->charged * 1000, max(c->interval_us, 1ULL));
	p->during = c->during;
	p->share_short = c->cpu_us > c->share_us;
	p->work_us = smooth(p->work_us, c->cycle_us -
			    min(c->normal_us + c->expedited_us, c->cycle_us));
	if (c->nr_normal)
		p->normal_us = smooth(p->normal_us,
				      div_u64(c->normal_us, c->nr_normal));
	if (c->nr_expedited)
		p->expedited_us = smooth(p->expedited_us,
					 div_u64(c->expedited_us, c->nr_expedited));
	kgc_pacer_retarget(p, c->live, limits);
}

/*
 * Return: microseconds. 0 up to @from, then in proportion to the bytes past @from, and
 * @most from a sixteenth past @from on.
 */
static unsigned int past_us(s64 charged, s64 from, unsigned int most)
{
	u64 overshoot;

	if (charged <= from)
		return 0;
	overshoot = charged - from;
	if (overshoot >= from / 16)
		return most;
	return div64_u64(overshoot * most, from / 16);
}

/**
 * kgc_pacer_help_us() - compute how long a mutator that refills helps the cycle
 * @charged: bytes allocated since the last flush
 * @help: kgc_pacer.help
 *
 * Return: microseconds, at most KGC_THROTTLE_US.
 */
unsigned int kgc_pacer_help_us(s64 charged, s64 help)
{
	return past_us(charged, help, KGC_THROTTLE_US);
}

/**
 * kgc_pacer_throttle_us() - compute how long to throttle a mutator that refills
 * @charged: bytes allocated since the last flush
 * @room: kgc_pacer.room
 * @ceiling: kgc_pacer.ceiling
 *
 * Allocations fail beyond a hard limit. So the time grows further once mutators have
 * allocated half of the bytes between the goal and the limit. The caller passes the
 * members by value, because another CPU may change them meanwhile.
 *
 * Return: microseconds: 0 up to the goal, then at most KGC_THROTTLE_US, near a hard
 * limit at most KGC_THROTTLE_LIMIT_US.
 */
unsigned int kgc_pacer_throttle_us(s64 charged, s64 room, s64 ceiling)
{
	unsigned int us = past_us(charged, room, KGC_THROTTLE_US);
	s64 half = room + (ceiling - min(ceiling, room)) / 2;

	if (!us || charged < half || ceiling == S64_MAX)
		return us;
	if (charged >= ceiling)
		return KGC_THROTTLE_LIMIT_US;
	return us + div64_u64((u64)(charged - half) * (KGC_THROTTLE_LIMIT_US - us),
			      ceiling - half);
}
