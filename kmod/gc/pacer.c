// SPDX-License-Identifier: GPL-2.0
/*
 * The pacer.
 *
 *	goal = live * (1 + GOGC / 100), as in the Go runtime
 *
 * A cycle is to be over when the heap reaches the goal, so it begins earlier
 * by the *runway*: what mutators allocate while it runs. That is predicted
 * from the allocation rate, the time a cycle works, and the time its grace
 * periods take, all measured; a quarter is added because they vary. It is not
 * below what the last cycle saw, nor a 64th of the growth.
 *
 * Grace periods are waited for at leisure as long as that costs no more than a
 * quarter of the growth; beyond that they are hurried, which disturbs every
 * CPU a little, but is shorter by orders of magnitude.
 *
 * The runway takes at most 15/16 of the growth: then cycles follow each other
 * closely, and mutators that pass the goal are slowed down (see pace.c).
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "pacer.h"

#define LEAST_ALLOWANCE	(64 << 10)

static u64 smooth(u64 old, u64 sample)
{
	return old ? (3 * old + sample) / 4 : sample;
}

/* What is allocated while a cycle runs whose grace periods last @grace_us each. */
static u64 predict(const struct kgc_pacer *p, u64 grace_us)
{
	u64 us = p->work_us + KGC_PACER_GRACES * grace_us;

	return div_u64(min(p->rate, 1ULL << 30) * min(us, 1ULL << 32), 800);
}

static u64 pacer_goal(struct kgc_pacer *p, const struct kgc_pacer_limits *l)
{
	u64 goal, least, limit;

	if (l->gogc == U64_MAX) {
		goal = U64_MAX;
	} else {
		u64 percent = 100 + l->gogc;

		least = KGC_PACER_MIN_HEAP / 100 * l->gogc;
		/* no overflow: live is far below 2^56, percent may be large */
		goal = p->live > U64_MAX / percent ? U64_MAX :
			div_u64(p->live * percent, 100);
		goal = max(goal, least);
	}
	limit = l->soft_limit ? max(l->soft_limit, p->live + p->live / 16) :
				U64_MAX;
	p->limited = limit < goal;
	return min(goal, limit);
}

/**
 * kgc_pacer_retarget() - set goal and allowance anew
 * @p: the controller
 * @live: bytes alive
 * @limits: what the owner wants
 */
void kgc_pacer_retarget(struct kgc_pacer *p, u64 live,
			const struct kgc_pacer_limits *limits)
{
	u64 growth, calm, hurried;

	p->live = live;
	p->goal = pacer_goal(p, limits);
	p->hurry = false;
	if (p->goal > S64_MAX) {
		p->runway = 0;
		p->allowance = S64_MAX;
		p->room = S64_MAX;
		return;
	}
	growth = p->goal > live ? p->goal - live : 0;
	calm = predict(p, p->calm_us);
	hurried = predict(p, p->hurried_us);
	p->hurry = calm > growth / 4;
	p->runway = max3(p->hurry ? hurried : calm, p->during, growth / 64);
	p->runway = min(p->runway, growth / 16 * 15);
	p->allowance = max_t(u64, growth - p->runway, LEAST_ALLOWANCE);
	p->room = max_t(s64, growth, p->allowance);
}

/**
 * kgc_pacer_update() - learn from a cycle, and set the next allowance
 * @p: the controller
 * @c: what the cycle measured
 * @limits: what the owner wants
 */
void kgc_pacer_update(struct kgc_pacer *p, const struct kgc_pacer_cycle *c,
		      const struct kgc_pacer_limits *limits)
{
	p->peak = p->live + c->charged;
	p->over = p->peak > p->goal ? p->peak - p->goal : 0;
	p->over_grace = min(p->over, c->in_grace);
	p->rate = div64_u64(c->charged * 1000, max(c->interval_us, 1ULL));
	p->during = c->during;
	p->work_us = smooth(p->work_us, c->cycle_us -
			    min(c->calm_us + c->hurried_us, c->cycle_us));
	if (c->nr_calm)
		p->calm_us = smooth(p->calm_us,
				    div_u64(c->calm_us, c->nr_calm));
	if (c->nr_hurried)
		p->hurried_us = smooth(p->hurried_us,
				       div_u64(c->hurried_us, c->nr_hurried));
	kgc_pacer_retarget(p, c->live, limits);
}

/**
 * kgc_pacer_throttle_us() - how long to keep a mutator that takes a span
 * @charged: bytes allocated since the last cycle flipped
 * @room: bytes that may be, until the goal is passed
 *
 * In proportion to how far the goal is passed, so that who is past it by little
 * is slowed down by little; the most there is from a sixteenth of the room on.
 *
 * Return: microseconds, at most KGC_THROTTLE_US; 0 up to the goal.
 */
unsigned int kgc_pacer_throttle_us(s64 charged, s64 room)
{
	u64 over;

	if (charged <= room)
		return 0;
	over = charged - room;
	if (over >= room / 16)
		return KGC_THROTTLE_US;
	return div64_u64(over * KGC_THROTTLE_US, room / 16);
}

/* A worker that has used nothing yet. */
void kgc_pacer_share_init(struct kgc_share *share, u64 now_ns)
{
	share->at_ns = now_ns;
	share->credit_ns = KGC_SHARE_BURST_NS;
}

/**
 * kgc_pacer_share_spend() - keep a worker to its share of one CPU
 * @share: the worker's account
 * @now_ns: time
 * @used_ns: CPU time it has used since the last call
 * @percent: of one CPU, 1 to 100
 *
 * Credit grows with time, up to KGC_SHARE_BURST_NS, and is used up by work. A
 * worker without credit pauses until there is enough for another burst, so that
 * it does not run in crumbs. Over any stretch of time it gets no more than its
 * share and one burst.
 *
 * Return: how long to pause, in ns; 0 is not at all.
 */
u64 kgc_pacer_share_spend(struct kgc_share *share, u64 now_ns, u64 used_ns,
			  unsigned int percent)
{
	/* beyond this the account is full or even anyway */
	u64 elapsed = min_t(u64, now_ns - share->at_ns, 1ULL << 40);

	share->at_ns = now_ns;
	if (percent >= 100) {
		share->credit_ns = KGC_SHARE_BURST_NS;
		return 0;
	}
	share->credit_ns -= min_t(u64, used_ns, 1ULL << 40);
	share->credit_ns += div_u64(elapsed * percent, 100);
	share->credit_ns = min_t(s64, share->credit_ns, KGC_SHARE_BURST_NS);
	if (share->credit_ns >= 0)
		return 0;
	return div_u64((KGC_SHARE_BURST_NS - share->credit_ns) * 100, percent);
}
