// SPDX-License-Identifier: GPL-2.0
/*
 * The pacer.
 *
 *	goal = live * (1 + GOGC / 100), as in the Go runtime
 *
 * A cycle is to be over when the heap reaches the goal, so it begins earlier
 * by the *runway*: what mutators allocate while it runs. That is predicted
 * from the allocation rate and the length of a cycle (which has a floor of
 * several grace periods), both measured, and not below what the last cycle
 * saw. The runway takes at most 15/16 of the growth: then cycles follow each
 * other closely, and the goal is overshot by what grace periods cost.
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "pacer.h"

static u64 smooth(u64 old, u64 sample)
{
	return old ? (3 * old + sample) / 4 : sample;
}

static u64 pacer_goal(struct kgc_pacer *p, const struct kgc_pacer_cycle *c)
{
	u64 goal, least, limit;

	if (c->gogc == U64_MAX) {
		goal = U64_MAX;
	} else {
		u64 percent = 100 + c->gogc;

		least = KGC_PACER_MIN_HEAP / 100 * c->gogc;
		/* no overflow: live is far below 2^56, percent may be large */
		goal = c->live > U64_MAX / percent ? U64_MAX :
			div_u64(c->live * percent, 100);
		goal = max(goal, least);
	}
	limit = c->soft_limit ? max(c->soft_limit, c->live + c->live / 16) :
				U64_MAX;
	p->limited = limit < goal;
	return min(goal, limit);
}

/**
 * kgc_pacer_update() - set the next allowance after a cycle
 * @p: the controller
 * @c: what the cycle measured
 */
void kgc_pacer_update(struct kgc_pacer *p, const struct kgc_pacer_cycle *c)
{
	u64 growth, predicted;

	p->peak = p->live + c->charged;
	p->live = c->live;
	p->rate = div64_u64(c->charged * 1000, max(c->interval_us, 1ULL));
	p->cycle_us = smooth(p->cycle_us, c->cycle_us);
	p->goal = pacer_goal(p, c);
	if (p->goal > S64_MAX) {
		p->allowance = S64_MAX;
		return;
	}
	growth = p->goal > c->live ? p->goal - c->live : 0;
	predicted = div_u64(p->rate * p->cycle_us, 1000);
	p->runway = min(max(predicted, c->during), growth / 16 * 15);
	p->allowance = max_t(u64, growth - p->runway, 64 << 10);
}
