// SPDX-License-Identifier: GPL-2.0
/*
 * The pacer under a simulated program. The program allocates, and most objects die.
 * Cycles take grace periods, then time in proportion to the live bytes.
 *
 * The pacer makes two promises about the heap size when marking is over. A program that
 * lets itself be slowed down (see gc/pace.c) exceeds its goal by no more than 10 % in
 * all. One that must not sleep exceeds it by no more than 10 % without the bytes that
 * it allocated during grace periods, which the pacer cannot avoid. The test counts
 * cycles in which the program changed its behaviour separately.
 */
#include <math.h>

#include "check.h"
#include "shim.h"

#include "gc/pacer.h"

#define US_PER_S	1000000ULL

/**
 * struct program - a program to simulate
 * @name: name of the pattern
 * @live_bytes: bytes held at time @us
 * @rate: bytes allocated per microsecond at time @us
 * @grace_us: microseconds of a normal grace period; a hurried one takes a
 *	twentieth
 * @mark_rate: bytes marked per microsecond
 * @changing: whether the program changes its behaviour at time @us
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
 * struct outcome - result of a simulation; sizes in permille of the goal
 * @cycles: cycles run
 * @hurried: cycles with hurried grace periods
 * @over: worst overshoot
 * @beyond: worst overshoot without the bytes allocated in grace periods
 * @changed: the same in cycles in which the program changed
 * @early: cycles that ended below half of the growth allowed
 */
struct outcome {
	unsigned int cycles, hurried;
	double over, beyond, changed;
	unsigned int early;
};

#define STEP_US		100
#define SPAN		8192.0	/* bytes allocated at a time */
#define YIELD_US	200	/* see gc/pace.c */

/* Stages of a cycle, in order; all but MARKING are grace periods. See gc/cycle.c. */
enum stage { ARM, MARK, MARKING, ROUND, SETTLE, FLIP, NR_STAGES };

struct simulation {
	const struct program *prog;
	struct kgc_pacer pacer;
	struct kgc_pacer_cycle c;
	struct kgc_pacer_limits limits;
	bool obedient, running, behind, changing;
	enum stage stage;
	u64 now, flip, begun, stage_begun, stage_ends;
	double live, charged, at_begin, in_grace;
};

static double jitter_now;

static bool in_grace(const struct simulation *s)
{
	return s->running && s->stage != MARKING;
}

static void stage_begin(struct simulation *s, enum stage stage)
{
	u64 us = s->prog->grace_us * (75 + random() % 50) / 100;

	s->stage = stage;
	s->stage_begun = s->now;
	if (stage == MARKING)
		us = s->prog->live_bytes(s->now) / s->prog->mark_rate;
	else if (s->pacer.hurry || s->behind)
		us /= 20;
	s->stage_ends = s->now + us;
}

static void stage_end(struct simulation *s)
{
	u64 us = s->now - s->stage_begun;

	if (s->stage == MARKING)
		return;
	if (s->pacer.hurry || s->behind) {
		s->c.hurried_us += us;
		s->c.nr_hurried++;
	} else {
		s->c.calm_us += us;
		s->c.nr_calm++;
	}
}

/* Return: bytes that the program allocates in this step. */
static double allocates(const struct simulation *s)
{
	double us = SPAN / s->prog->rate(s->now), slowed = 0;

	if (s->obedient && s->running) {
		slowed = kgc_pacer_throttle_us(s->charged, s->pacer.room);
		if (s->pacer.hurry && in_grace(s))
			slowed = max(slowed, (double)YIELD_US);
	}
	return SPAN / (us + slowed) * STEP_US;
}

/* The flip: objects born since the cycle began stay alive. */
static void flips(struct simulation *s, struct outcome *out)
{
	double peak = s->live + s->charged, over = 0, beyond = 0;
	double goal = s->pacer.goal;

	if (peak > goal) {
		over = (peak - goal) / goal * 1000;
		beyond = max((peak - goal - s->in_grace) / goal * 1000, 0.0);
	}
	s->c.live = s->prog->live_bytes(s->now) + (s->charged - s->at_begin);
	s->c.charged = s->charged;
	s->c.during = s->charged - s->at_begin;
	s->c.in_grace = s->in_grace;
	s->c.interval_us = s->now - s->flip;
	s->c.cycle_us = s->now - s->begun;
	out->cycles++;
	out->hurried += s->c.nr_hurried > 0;
	if (out->cycles > 4) {
		if (s->changing) {
			out->changed = max(out->changed, beyond);
		} else {
			out->over = max(out->over, over);
			out->beyond = max(out->beyond, beyond);
		}
		if (peak < s->live + (goal - s->live) / 2.0)
			out->early++;
	}
	kgc_pacer_update(&s->pacer, &s->c, &s->limits);
	check(s->pacer.peak <= (u64)peak + 1);
	check(s->pacer.over_grace <= s->pacer.over);
	check(s->pacer.goal >= s->c.live);
	check(s->pacer.allowance > 0 && s->pacer.room >= s->pacer.allowance);
	s->live = s->c.live;
	s->charged = 0;
	s->flip = s->now;
	s->running = s->changing = s->behind = false;
	jitter_now = 0.5 + random() % 1000 / 1000.0;
}

static struct outcome simulate(const struct program *prog, u64 gogc,
			       bool obedient)
{
	struct outcome out = { 0 };
	struct simulation s = {
		.prog = prog, .obedient = obedient, .limits.gogc = gogc,
	};

	kgc_pacer_retarget(&s.pacer, 0, &s.limits);
	for (; s.now < 120 * US_PER_S; s.now += STEP_US) {
		double got = allocates(&s);

		s.charged += got;
		if (in_grace(&s))
			s.in_grace += got;
		s.changing |= prog->changing && prog->changing(s.now);
		if (!s.running) {
			if (s.charged < s.pacer.allowance)
				continue;
			memset(&s.c, 0, sizeof(s.c));
			s.running = true;
			s.begun = s.now;
			s.at_begin = s.charged;
			s.in_grace = 0;
			stage_begin(&s, ARM);
			continue;
		}
		s.behind |= s.charged >= s.pacer.room;
		if (s.now < s.stage_ends)
			continue;
		stage_end(&s);
		if (s.stage + 1 < NR_STAGES)
			stage_begin(&s, s.stage + 1);
		else
			flips(&s, &out);
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

static void try_all_programs(bool obedient)
{
	unsigned int i, g;

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		for (g = 0; g < ARRAY_SIZE(gogcs); g++) {
			struct outcome out;

			jitter_now = 1;
			out = simulate(&programs[i], gogcs[g], obedient);
			printf("# %-20s GOGC %3llu: %5u cycles (%5u hurried), past the goal by %4.1f %% (%4.1f %% beyond grace periods, %4.1f %% in changes), %u early\n",
			       programs[i].name, (unsigned long long)gogcs[g],
			       out.cycles, out.hurried, out.over / 10,
			       out.beyond / 10, out.changed / 10, out.early);
			trying("%s at GOGC %llu", programs[i].name,
			       (unsigned long long)gogcs[g]);
			check(out.cycles > 3 || programs[i].rate == rate_slow);
			check((obedient ? out.over : out.beyond) <= 100);
			/* a cycle that comes far too soon is wasted */
			check(out.early <= out.cycles / 10 + 1);
			/*
			 * the pacer disturbs no CPU for a slow program, except in the
			 * first cycle, when it knows nothing yet
			 */
			check(out.hurried <= 1 || programs[i].rate != rate_slow);
		}
	}
}

static void overshoot_is_bounded(void)
{
	try_all_programs(true);
}

static void overshoot_is_explained(void)
{
	try_all_programs(false);
}

static void goal_is_the_formula(void)
{
	u64 live, gogc;

	for (live = 0; live <= 1ULL << 40; live = live * 3 / 2 + 4096) {
		for (gogc = 1; gogc <= 100000; gogc = gogc * 2 + 1) {
			struct kgc_pacer p = { 0 };
			struct kgc_pacer_limits limits = { .gogc = gogc };
			u64 want = max((u64)((__uint128_t)live * (100 + gogc) / 100),
				       KGC_PACER_MIN_HEAP / 100 * gogc);

			kgc_pacer_retarget(&p, live, &limits);
			trying("live %llu, GOGC %llu", (unsigned long long)live,
			       (unsigned long long)gogc);
			check(p.goal == want);
			check(p.allowance > 0 &&
			      (u64)p.allowance <= want - min(want, live) + 65536);
		}
	}
}

static void off_is_off(void)
{
	struct kgc_pacer p = { 0 };
	struct kgc_pacer_cycle c = { .live = 1 << 30, .charged = 1 << 30,
		.interval_us = 1 };
	struct kgc_pacer_limits limits = { .gogc = U64_MAX };

	kgc_pacer_update(&p, &c, &limits);
	check(p.allowance == S64_MAX && p.goal == U64_MAX && !p.hurry);
	check(p.room == S64_MAX);
	/* the soft limit counts all the same */
	limits.soft_limit = 2UL << 30;
	kgc_pacer_update(&p, &c, &limits);
	check(p.goal == 2UL << 30 && p.allowance < 2L << 30);
}

static void soft_limit_lowers(void)
{
	u64 live, limit;

	for (live = 1 << 16; live <= 1ULL << 34; live *= 2) {
		for (limit = 1 << 16; limit <= 1ULL << 34; limit *= 2) {
			struct kgc_pacer p = { 0 };
			struct kgc_pacer_limits limits = { .gogc = 100,
				.soft_limit = limit };

			kgc_pacer_retarget(&p, live, &limits);
			trying("live %llu, limit %llu", (unsigned long long)live,
			       (unsigned long long)limit);
			if (live < limit)
				check(p.goal <= max(limit, live + live / 16));
			/* no death spiral: there is always some growth */
			check(p.goal >= live && p.allowance >= 65536);
		}
	}
}

/* Any measurement gives some allowance, without division by zero or overflow. */
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
			.calm_us = values[x % n],
			.hurried_us = values[x / n % n],
			.nr_calm = x % 3,
			.nr_hurried = x / 3 % 3,
		};
		struct kgc_pacer_limits limits = { .gogc = gogcs[i % 4] };
		struct kgc_pacer p = { .live = c.live };

		trying("measurement %u", i);
		kgc_pacer_update(&p, &c, &limits);
		check(p.allowance > 0 && p.goal >= c.live);
		check(p.room >= p.allowance);
	}
}

/* A changed option does not change what the pacer knows of the program. */
static void what_is_known_stays(void)
{
	struct kgc_pacer p = { 0 }, before;
	struct kgc_pacer_limits limits = { .gogc = 100 };
	struct kgc_pacer_cycle c = { .live = 64 << 20, .charged = 64 << 20,
		.during = 8 << 20, .interval_us = 1000000, .cycle_us = 50000,
		.calm_us = 40000, .nr_calm = 5 };

	kgc_pacer_update(&p, &c, &limits);
	before = p;
	limits.gogc = 200;
	kgc_pacer_retarget(&p, p.live, &limits);
	check(p.goal == 3 * p.live);
	check(p.rate == before.rate && p.work_us == before.work_us);
	check(p.calm_us == before.calm_us && p.runway == before.runway);
	limits.gogc = 100;
	kgc_pacer_retarget(&p, p.live, &limits);
	check(!memcmp(&p, &before, sizeof(p)));
}

/* The throttle grows with the distance past the goal, up to a maximum. */
static void slowing_is_in_proportion(void)
{
	s64 room, charged, step;
	unsigned int us, before;

	for (room = 0; room <= 1LL << 40; room = room * 3 + 1) {
		step = room / 64 + 1;
		before = 0;
		for (charged = 0; charged <= 2 * room; charged += step) {
			trying("charged %lld, room %lld", (long long)charged,
			       (long long)room);
			us = kgc_pacer_throttle_us(charged, room);
			check(us >= before && us <= KGC_THROTTLE_US);
			check(!us || charged > room);
			before = us;
		}
		check(kgc_pacer_throttle_us(room + room / 16 + 1, room) ==
		      KGC_THROTTLE_US);
		check(room < 1 << 20 ||
		      kgc_pacer_throttle_us(room + room / 160, room) <=
		      KGC_THROTTLE_US / 10);
	}
	check(!kgc_pacer_throttle_us(S64_MAX, S64_MAX));
}

/* ---- the share of a CPU ---------------------------------------------------- */

/*
 * A worker always has work, in pieces of @piece_ns, and its pauses take up to @late_ns
 * longer than asked for. Check its share of each second.
 */
static void works(unsigned int percent, u64 piece_ns, u64 late_ns)
{
	struct kgc_share share = { .credit_ns = KGC_SHARE_BURST_NS };
	u64 now = 0, busy = 0, from = 0, pause, total = 0, began = 0;

	while (now < 20000000000ULL) {
		now += piece_ns;
		busy += piece_ns;
		total += piece_ns;
		pause = kgc_pacer_share_spend(&share, now, piece_ns, percent);
		check(pause == 0 || percent < 100);
		if (pause)
			now += pause + random() % (late_ns + 1);
		if (now - from >= 1000000000ULL) {
			trying("%u %% in pieces of %llu us", percent,
			       (unsigned long long)piece_ns / 1000);
			check(busy <= (now - from) / 100 * percent +
				      2 * KGC_SHARE_BURST_NS + 2 * piece_ns);
			from = now;
			busy = 0;
		}
	}
	/* the worker gets its whole share if pauses are as long as asked for */
	if (!late_ns)
		check(total * 100 / (now - began) + 1 >= percent);
}

static void share_is_kept(void)
{
	unsigned int percent;

	for (percent = 1; percent <= 100; percent += percent < 10 ? 1 : 9) {
		works(percent, 20000, 0);
		works(percent, 20000, 4000000);
		works(percent, 3000000, 0);
		works(percent, 20000000, 10000000);
	}
}

/* A rest earns one burst at most, however long it was. */
static void rest_is_not_saved_up(void)
{
	struct kgc_share share = { 0 };

	check(!kgc_pacer_share_spend(&share, 3600 * 1000000000ULL, 0, 50));
	check(share.credit_ns == KGC_SHARE_BURST_NS);
	check(!kgc_pacer_share_spend(&share, share.at_ns, KGC_SHARE_BURST_NS, 50));
	check(kgc_pacer_share_spend(&share, share.at_ns, 1000, 50) ==
	      2 * (KGC_SHARE_BURST_NS + 1000));
	/* time stamps centuries apart */
	check(!kgc_pacer_share_spend(&share, U64_MAX, U64_MAX, 100));
	kgc_pacer_share_spend(&share, U64_MAX, U64_MAX, 1);
}

int main(void)
{
	static const struct promise promises[] = {
		{ "the goal is live * (1 + GOGC / 100), for any heap", goal_is_the_formula },
		{ "GOGC off never triggers, the soft limit does", off_is_off },
		{ "the soft limit lowers the goal and leaves room to go on", soft_limit_lowers },
		{ "any measurement yields an allowance", any_measurement },
		{ "a new option forgets nothing that was measured", what_is_known_stays },
		{ "the goal is passed by at most 10 % by who can be slowed down", overshoot_is_bounded },
		{ "the goal is passed by at most 10 %, grace periods apart, by who cannot", overshoot_is_explained },
		{ "who passes the goal is slowed down in proportion", slowing_is_in_proportion },
		{ "a worker keeps to its share of a CPU, and gets it", share_is_kept },
		{ "a worker's rest is worth one burst", rest_is_not_saved_up },
	};

	return PROMISES(promises);
}
