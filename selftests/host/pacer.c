// SPDX-License-Identifier: GPL-2.0
/*
 * The pacer under a simulated program: it allocates, most of it dies, cycles
 * take grace periods and then time in proportion to what lives.
 *
 * The promise: when marking is over the heap is past its goal by no more than
 * 10 % of it, what was allocated during grace periods not counted: those cannot
 * be hurried. Cycles in which the program changed its ways are counted apart.
 */
#include <math.h>

#include "check.h"
#include "shim.h"

#include "gc/pacer.h"

#define US_PER_S	1000000ULL

/**
 * struct program - what is simulated
 * @name: of the pattern
 * @live_bytes: held at time @us
 * @rate: bytes allocated per microsecond at time @us
 * @grace_us: one grace period
 * @mark_rate: bytes marked per microsecond
 * @settle: cycles after a change that are counted apart
 */
struct program {
	const char *name;
	u64 (*live_bytes)(u64 us);
	double (*rate)(u64 us);
	unsigned int grace_us;
	unsigned int mark_rate;
	bool (*changing)(u64 us);
};

/**
 * struct outcome - what came of it, in permille of the goal
 * @cycles: run
 * @over: worst overshoot
 * @beyond: worst of it that grace periods do not explain
 * @changed: the same in cycles in which the program changed
 * @early: cycles that ended below half of the growth allowed
 */
struct outcome {
	unsigned int cycles;
	double over, beyond, changed;
	unsigned int early;
};

#define STEP_US		100
#define GRACES		4	/* ARM, MARK, one round, SETTLE: see gc/cycle.c */

static double jitter_now;

static struct outcome simulate(const struct program *prog, u64 gogc)
{
	struct outcome out = { 0 };
	struct kgc_pacer pacer = { 0 };
	struct kgc_pacer_cycle c = {
		.live = 0, .interval_us = 1, .gogc = gogc,
	};
	u64 now = 0, flip = 0, begun = 0, ends = 0, live, graces = 0;
	double charged = 0, at_begin = 0, in_grace = 0;
	bool running = false, changing = false;

	kgc_pacer_update(&pacer, &c);
	live = 0;
	for (; now < 120 * US_PER_S; now += STEP_US) {
		double got = prog->rate(now) * STEP_US;

		charged += got;
		changing |= prog->changing && prog->changing(now);
		if (!running) {
			if (charged < pacer.allowance)
				continue;
			running = true;
			begun = now;
			at_begin = charged;
			in_grace = 0;
			/* a grace period is as long as the machine likes */
			graces = GRACES * prog->grace_us * (75 + random() % 50) / 100;
			ends = now + graces + prog->live_bytes(now) / prog->mark_rate;
			continue;
		}
		if (now - begun <= graces)
			in_grace += got;
		if (now < ends)
			continue;
		/* the flip: what was born since the cycle began lives on */
		double peak = live + charged, over = 0, beyond = 0;

		if (peak > pacer.goal) {
			over = (peak - pacer.goal) / pacer.goal * 1000;
			beyond = max((peak - pacer.goal - in_grace) / pacer.goal * 1000, 0.0);
		}
		c.live = prog->live_bytes(now) + (charged - at_begin);
		c.charged = charged;
		c.during = charged - at_begin;
		c.interval_us = now - flip;
		c.cycle_us = now - begun;
		out.cycles++;
		if (out.cycles > 4) {
			if (changing) {
				out.changed = max(out.changed, beyond);
			} else {
				out.over = max(out.over, over);
				out.beyond = max(out.beyond, beyond);
			}
			if (peak < live + (pacer.goal - live) / 2.0)
				out.early++;
		}
		kgc_pacer_update(&pacer, &c);
		live = c.live;
		check(pacer.goal >= c.live);
		check(pacer.allowance > 0);
		charged = 0;
		flip = now;
		running = changing = false;
		jitter_now = 0.5 + random() % 1000 / 1000.0;
	}
	return out;
}

/* ---- programs ------------------------------------------------------------ */

static u64 live_64m(u64 us) { return 64 << 20; }
static u64 live_2m(u64 us) { return 2 << 20; }
static u64 live_step(u64 us) { return us < 60 * US_PER_S ? 32 << 20 : 128 << 20; }
static u64 live_wave(u64 us) { return (48 << 20) + (16 << 20) * sin(us / 10e6); }
static u64 live_ramp(u64 us) { return (16 << 20) + us; }

static double rate_steady(u64 us) { return 50; }	/* 50 MB/s */
static double rate_fast(u64 us) { return 400; }
static double rate_slow(u64 us) { return 0.5; }
static double rate_step(u64 us) { return us < 60 * US_PER_S ? 20 : 200; }
static double rate_wave(u64 us) { return 100 + 60 * sin(us / 5e6); }
static double rate_square(u64 us) { return us / (5 * US_PER_S) % 2 ? 150 : 30; }
static double rate_jitter(u64 us) { return 80 * jitter_now; }

static bool at_60s(u64 us) { return us >= 60 * US_PER_S && us < 61 * US_PER_S; }
static bool every_5s(u64 us) { return us % (5 * US_PER_S) < US_PER_S / 5; }

static const struct program programs[] = {
	{ "steady", live_64m, rate_steady, 5000, 500, NULL },
	{ "steady, fast", live_64m, rate_fast, 2000, 2000, NULL },
	{ "steady, small heap", live_2m, rate_steady, 5000, 500, NULL },
	{ "step of the rate", live_64m, rate_step, 5000, 500, at_60s },
	{ "step of what lives", live_step, rate_steady, 5000, 500, at_60s },
	{ "oscillating rate", live_64m, rate_wave, 5000, 500, NULL },
	{ "oscillating heap", live_wave, rate_steady, 5000, 500, NULL },
	{ "square wave", live_64m, rate_square, 5000, 500, every_5s },
	{ "jitter", live_64m, rate_jitter, 5000, 500, NULL },
	{ "slow", live_64m, rate_slow, 5000, 500, NULL },
	{ "ramp", live_ramp, rate_steady, 5000, 500, NULL },
	{ "long grace periods", live_64m, rate_steady, 40000, 500, NULL },
};

static const u64 gogcs[] = { 50, 100, 200 };

/* ---- promises ------------------------------------------------------------ */

static void overshoot_is_bounded(void)
{
	unsigned int i, g;

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		for (g = 0; g < ARRAY_SIZE(gogcs); g++) {
			struct outcome out;

			jitter_now = 1;
			out = simulate(&programs[i], gogcs[g]);
			printf("# %-20s GOGC %3llu: %5u cycles, past the goal by %4.1f %% (%4.1f %% beyond grace periods, %4.1f %% in changes), %u early\n",
			       programs[i].name, (unsigned long long)gogcs[g],
			       out.cycles, out.over / 10, out.beyond / 10,
			       out.changed / 10, out.early);
			trying("%s at GOGC %llu", programs[i].name,
			       (unsigned long long)gogcs[g]);
			check(out.cycles > 3 || programs[i].rate == rate_slow);
			check(out.beyond <= 100);
			/* a cycle that comes far too soon is wasted */
			check(out.early <= out.cycles / 10 + 1);
		}
	}
}

static void goal_is_the_formula(void)
{
	u64 live, gogc;

	for (live = 0; live <= 1ULL << 40; live = live * 3 / 2 + 4096) {
		for (gogc = 1; gogc <= 100000; gogc = gogc * 2 + 1) {
			struct kgc_pacer p = { 0 };
			struct kgc_pacer_cycle c = {
				.live = live, .interval_us = 1000, .gogc = gogc,
			};
			u64 want = max((u64)((__uint128_t)live * (100 + gogc) / 100),
				       KGC_PACER_MIN_HEAP / 100 * gogc);

			kgc_pacer_update(&p, &c);
			trying("live %llu, GOGC %llu", (unsigned long long)live,
			       (unsigned long long)gogc);
			check(p.goal == want);
			check(p.allowance > 0 && (u64)p.allowance <= want - min(want, live) + 65536);
		}
	}
}

static void off_is_off(void)
{
	struct kgc_pacer p = { 0 };
	struct kgc_pacer_cycle c = { .live = 1 << 30, .charged = 1 << 30,
		.interval_us = 1, .gogc = U64_MAX };

	kgc_pacer_update(&p, &c);
	check(p.allowance == S64_MAX && p.goal == U64_MAX);
	/* the soft limit counts all the same */
	c.soft_limit = 2UL << 30;
	kgc_pacer_update(&p, &c);
	check(p.goal == 2UL << 30 && p.allowance < 2L << 30);
}

static void soft_limit_lowers(void)
{
	u64 live, limit;

	for (live = 1 << 16; live <= 1ULL << 34; live *= 2) {
		for (limit = 1 << 16; limit <= 1ULL << 34; limit *= 2) {
			struct kgc_pacer p = { 0 };
			struct kgc_pacer_cycle c = { .live = live, .interval_us = 1000,
				.gogc = 100, .soft_limit = limit };

			kgc_pacer_update(&p, &c);
			trying("live %llu, limit %llu", (unsigned long long)live,
			       (unsigned long long)limit);
			if (live < limit)
				check(p.goal <= max(limit, live + live / 16));
			/* no death spiral: there is always some growth */
			check(p.goal >= live && p.allowance >= 65536);
		}
	}
}

/* Whatever was measured: no division by zero, no overflow, some allowance. */
static void any_measurement(void)
{
	static const u64 values[] = { 0, 1, 4095, 1 << 20, 1ULL << 32,
		(1ULL << 40) + 1, 1ULL << 46 };
	static const u64 gogcs[] = { 1, 100, 100000, U64_MAX };
	unsigned int n = ARRAY_SIZE(values), i;

	for (i = 0; i < n * n * n * n * n * 4; i++) {
		unsigned int x = i / 4;
		struct kgc_pacer_cycle c = {
			.live = values[x % n],
			.charged = values[x / n % n],
			.during = values[x / n / n % n],
			.interval_us = values[x / n / n / n % n],
			.cycle_us = min(values[x / n / n / n / n % n], 1ULL << 32),
			.gogc = gogcs[i % 4],
		};
		struct kgc_pacer p = { .live = c.live };

		trying("measurement %u", i);
		kgc_pacer_update(&p, &c);
		check(p.allowance > 0 && p.goal >= c.live);
	}
}

int main(void)
{
	static const struct promise promises[] = {
		{ "the goal is live * (1 + GOGC / 100), for any heap", goal_is_the_formula },
		{ "GOGC off never triggers, the soft limit does", off_is_off },
		{ "the soft limit lowers the goal and leaves room to go on", soft_limit_lowers },
		{ "any measurement yields an allowance", any_measurement },
		{ "the goal is passed by at most 10 %, grace periods apart", overshoot_is_bounded },
	};

	return PROMISES(promises);
}
