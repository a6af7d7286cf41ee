// SPDX-License-Identifier: GPL-2.0
/*
 * The pacer under a simulated program. The program allocates, and most objects die.
 * Cycles take grace periods, then time in proportion to the live bytes.
 *
 * The pacer makes two promises about the heap size when marking is over. A program that
 * can be throttled (see gc/throttle.c) exceeds its goal by no more than 10 % in
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
 * @grace_us: microseconds of a normal grace period; an expedited one takes a
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
 * @expedited: cycles with expedited grace periods
 * @over: worst overshoot
 * @beyond: worst overshoot without the bytes allocated in grace periods
 * @changed: the same in cycles in which the program changed
 * @early: cycles that ended below half of the growth allowed
 * @peak: most bytes that the heap reached
 * @marked: bytes marked
 * @helped: bytes of @marked that the program marked itself
 * @helping: part of the program's time that it spent on @helped
 */
struct outcome {
	unsigned int cycles, expedited;
	double over, beyond, changed;
	unsigned int early;
	double peak, marked, helped, helping;
};

/**
 * struct manner - conditions of a simulation
 * @obedient: the program can be throttled
 * @share: part of one processor that the collector may use; 0 is all of it
 * @most: bytes that the heap may hold; 0 is no limit
 */
struct manner {
	bool obedient;
	double share;
	u64 most;
};

#define STEP_US		100
#define SPAN		8192.0	/* bytes allocated at a time */
#define YIELD_US	200	/* see gc/throttle.c */
#define SAVED_US	1000000	/* see gc/share.c */

/* Stages of a cycle, in order; all but MARKING are grace periods. See gc/cycle.c. */
enum stage { ARM, MARK, MARKING, ROUND, SETTLE, FLUSH, NR_STAGES };

struct simulation {
	const struct program *prog;
	struct kgc_pacer pacer;
	struct kgc_pacer_cycle c;
	struct kgc_pacer_limits limits;
	const struct manner *manner;
	bool running, behind, changing;
	enum stage stage;
	u64 now, flush, begun, stage_begun, stage_ends;
	double live, charged, at_begin, in_grace, to_mark, credit;
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
		s->to_mark = s->prog->live_bytes(s->now);
	if (s->pacer.expedite || s->behind)
		us /= 20;
	s->stage_ends = s->now + us;
}

static void stage_end(struct simulation *s)
{
	u64 us = s->now - s->stage_begun;

	if (s->stage == MARKING)
		return;
	if (s->pacer.expedite || s->behind) {
		s->c.expedited_us += us;
		s->c.nr_expedited++;
	} else {
		s->c.normal_us += us;
		s->c.nr_normal++;
	}
}

/* Simulate a step of program and collector. Return: bytes that the program allocates. */
static double allocates(struct simulation *s, struct outcome *out)
{
	double us = SPAN / s->prog->rate(s->now), slowed = 0, helps = 0;
	double share = s->manner->share ?: 1, marked = 0, runs = 0;

	/* the collector spends saved share at full speed */
	s->credit = min(s->credit + share * STEP_US, max(share * SAVED_US, STEP_US));
	if (s->running && s->stage == MARKING)
		runs = min(s->credit, STEP_US) / STEP_US;
	s->credit -= runs * STEP_US;

	if (s->manner->obedient && s->running) {
		slowed = kgc_pacer_throttle_us(s->charged, s->pacer.room,
					       s->pacer.ceiling);
		if (s->pacer.expedite && in_grace(s))
			slowed = max(slowed, (double)YIELD_US);
		if (s->stage == MARKING && runs < 1)
			helps = kgc_pacer_help_us(s->charged, s->pacer.help);
	}
	slowed = max(slowed, helps);
	helps /= us + slowed;
	if (s->running && s->stage == MARKING) {
		marked = min(s->to_mark, (runs + helps) * s->prog->mark_rate * STEP_US);
		s->to_mark -= marked;
	}
	/* leave out the first cycles: the pacer has measured nothing yet */
	if (marked && out->cycles > 1) {
		out->marked += marked;
		out->helped += marked * helps / (runs + helps);
		out->helping += helps / (120 * US_PER_S / STEP_US);
	}
	return SPAN / (us + slowed) * STEP_US;
}

static bool stage_over(const struct simulation *s)
{
	return s->stage == MARKING ? s->to_mark < 1 : s->now >= s->stage_ends;
}

/* The flush: objects allocated since the cycle began stay alive. */
static void flushed(struct simulation *s, struct outcome *out)
{
	double peak = s->live + s->charged, over = 0, beyond = 0;
	double goal = s->pacer.goal;

	out->peak = max(out->peak, peak);
	if (peak > goal) {
		over = (peak - goal) / goal * 1000;
		beyond = max((peak - goal - s->in_grace) / goal * 1000, 0.0);
	}
	s->c.live = s->prog->live_bytes(s->now) + (s->charged - s->at_begin);
	s->c.charged = s->charged;
	s->c.during = s->charged - s->at_begin;
	s->c.in_grace = s->in_grace;
	s->c.interval_us = s->now - s->flush;
	s->c.cycle_us = s->now - s->begun;
	s->c.cpu_us = s->c.live / s->prog->mark_rate;
	s->c.share_us = s->c.interval_us * (s->manner->share ?: 1);
	out->cycles++;
	out->expedited += s->c.nr_expedited > 0;
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
	check(s->pacer.overshoot_grace <= s->pacer.overshoot);
	check(s->pacer.goal >= s->c.live);
	check(s->pacer.allowance > 0 && s->pacer.room >= s->pacer.allowance);
	s->live = s->c.live;
	s->charged = 0;
	s->flush = s->now;
	s->running = s->changing = s->behind = false;
	jitter_now = 0.5 + random() % 1000 / 1000.0;
}

static struct outcome simulate(const struct program *prog, u64 gogc,
			       const struct manner *manner)
{
	struct outcome out = { 0 };
	struct simulation s = {
		.prog = prog, .manner = manner, .limits.gogc = gogc,
		.limits.max_bytes = manner->most,
	};

	kgc_pacer_retarget(&s.pacer, 0, &s.limits);
	for (; s.now < 120 * US_PER_S; s.now += STEP_US) {
		double got = allocates(&s, &out);

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
		if (!stage_over(&s))
			continue;
		stage_end(&s);
		if (s.stage + 1 < NR_STAGES)
			stage_begin(&s, s.stage + 1);
		else
			flushed(&s, &out);
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
	{ "slow, small heap", live_2m, rate_slow, 5000, 500, NULL },
	{ "ramp", live_ramp, rate_steady, 5000, 500, NULL },
	{ "long grace periods", live_64m, rate_steady, 40000, 500, NULL },
};

static const u64 gogcs[] = { 50, 100, 200 };

/* ---- promises ------------------------------------------------------------ */

static void try_all_programs(bool obedient)
{
	unsigned int i, g;
	struct manner manner = { .obedient = obedient };

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		for (g = 0; g < ARRAY_SIZE(gogcs); g++) {
			struct outcome out;

			jitter_now = 1;
			out = simulate(&programs[i], gogcs[g], &manner);
			printf("# %-20s GOGC %3llu: %5u cycles (%5u expedited), past the goal by %4.1f %% (%4.1f %% beyond grace periods, %4.1f %% in changes), %u early\n",
			       programs[i].name, (unsigned long long)gogcs[g],
			       out.cycles, out.expedited, out.over / 10,
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
			check(out.expedited <= 1 || programs[i].rate != rate_slow);
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
	check(p.allowance == S64_MAX && p.goal == U64_MAX && !p.expedite);
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
			.normal_us = values[x % n],
			.expedited_us = values[x / n % n],
			.cpu_us = values[x / n % n],
			.share_us = values[x % n],
			.nr_normal = x % 3,
			.nr_expedited = x / 3 % 3,
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
		.normal_us = 40000, .nr_normal = 5 };

	kgc_pacer_update(&p, &c, &limits);
	before = p;
	limits.gogc = 200;
	kgc_pacer_retarget(&p, p.live, &limits);
	check(p.goal == 3 * p.live);
	check(p.rate == before.rate && p.work_us == before.work_us);
	check(p.normal_us == before.normal_us && p.runway == before.runway);
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
			us = kgc_pacer_throttle_us(charged, room, S64_MAX);
			check(us >= before && us <= KGC_THROTTLE_US);
			check(!us || charged > room);
			before = us;
			us = kgc_pacer_help_us(charged, room / 2);
			check(us <= KGC_THROTTLE_US && (!us || charged > room / 2));
		}
		check(kgc_pacer_throttle_us(room + room / 16 + 1, room, S64_MAX) ==
		      KGC_THROTTLE_US);
		check(room < 1 << 20 ||
		      kgc_pacer_throttle_us(room + room / 160, room, S64_MAX) <=
		      KGC_THROTTLE_US / 10);
	}
	check(!kgc_pacer_throttle_us(S64_MAX, S64_MAX, S64_MAX));
	check(!kgc_pacer_help_us(S64_MAX, S64_MAX));
}

/* A limit never shortens the throttle, and at the limit the throttle is longest. */
static void limits_slow_down(void)
{
	s64 room, ceiling, charged;
	unsigned int us, before;

	for (room = 1 << 16; room <= 1LL << 40; room = room * 3 + 1) {
		for (ceiling = 0; ceiling <= 4 * room; ceiling += room / 3) {
			before = 0;
			for (charged = 0; charged <= 5 * room; charged += room / 32) {
				trying("charged %lld, room %lld, ceiling %lld",
				       (long long)charged, (long long)room,
				       (long long)ceiling);
				us = kgc_pacer_throttle_us(charged, room, ceiling);
				check(us >= before && us <= KGC_THROTTLE_LIMIT_US);
				check(us >= kgc_pacer_throttle_us(charged, room, S64_MAX));
				check(!us || charged > room);
				check(charged <= room || charged < ceiling ||
				      us == KGC_THROTTLE_LIMIT_US);
				before = us;
			}
		}
	}
}

/* ---- with little CPU time, and at a limit --------------------------------------- */

/* If the share is too small, mutators mark the rest before the heap grows too far. */
static void small_shares_are_made_up_for(void)
{
	static const double shares[] = { 0.05, 0.02, 0.005 };
	static const struct manner ample = { .obedient = true };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		struct outcome full;

		jitter_now = 1;
		full = simulate(&programs[i], 100, &ample);
		for (k = 0; k < ARRAY_SIZE(shares); k++) {
			struct manner manner = { .obedient = true, .share = shares[k] };
			struct outcome out;

			jitter_now = 1;
			out = simulate(&programs[i], 100, &manner);
			printf("# %-20s share %4.1f %%: %5u cycles, past the goal by %4.1f %%, mutators did %4.1f %% of the marking, %2.0f %% of the time\n",
			       programs[i].name, 100 * shares[k], out.cycles,
			       out.over / 10, 100 * out.helped / (out.marked ?: 1),
			       100 * out.helping);
			trying("%s with %g of a processor", programs[i].name, shares[k]);
			check(out.cycles > 3 || programs[i].rate == rate_slow);
			check(out.over <= 100);
			/* they mark instead of sleeping, so cycles do not get rarer */
			check(out.cycles * 10 >= full.cycles * 7);
			/* if the share is enough, the program hardly helps */
			check(shares[k] < 0.05 || programs[i].rate != rate_slow ||
			      out.helped <= out.marked / 20);
		}
	}
}

/* If a quarter of the limit is free, the heap does not exceed the limit. */
static void hard_limits_are_not_reached(void)
{
	static const double shares[] = { 1, 0.05 };
	unsigned int i, k;

	for (i = 0; i < ARRAY_SIZE(programs); i++) {
		for (k = 0; k < ARRAY_SIZE(shares); k++) {
			struct manner manner = { .obedient = true, .share = shares[k] };
			struct outcome out;
			u64 us, live = 0;

			for (us = 0; us < 120 * US_PER_S; us += US_PER_S)
				live = max(live, programs[i].live_bytes(us));
			manner.most = live / 3 * 4;
			jitter_now = 1;
			out = simulate(&programs[i], 100, &manner);
			trying("%s with a share of %g", programs[i].name, shares[k]);
			printf("# %-20s of %llu MiB, %3.0f %% alive: %5u cycles, at most %3.0f %% reached\n",
			       programs[i].name, (unsigned long long)manner.most >> 20,
			       75.0, out.cycles, 100.0 * out.peak / manner.most);
			check(out.peak <= manner.most);
		}
	}
}

/* The goal is at most 85 % of the limit, unless more than 80 % is alive. */
static void goal_is_below_the_limit(void)
{
	u64 live, most;

	for (live = 0; live <= 1ULL << 40; live = live * 3 / 2 + 4096) {
		for (most = 1 << 16; most <= 1ULL << 41; most *= 2) {
			struct kgc_pacer_limits limits = { .gogc = 400, .max_bytes = most };
			struct kgc_pacer p = { 0 };

			kgc_pacer_retarget(&p, live, &limits);
			trying("live %llu, limit %llu", (unsigned long long)live,
			       (unsigned long long)most);
			check(p.goal >= live && p.allowance >= 65536);
			check(p.goal <= max(most, live));
			if (live < most / 100 * 80)
				check(p.goal <= most / 100 * 85);
			check(p.limited ==
			      (p.goal < max(5 * live, KGC_PACER_MIN_HEAP / 100 * 400)));
			check(p.ceiling == (s64)(most - min(most, live)));
		}
	}
}

int main(void)
{
	static const struct promise promises[] = {
		{ "the goal is live * (1 + GOGC / 100), for any heap", goal_is_the_formula },
		{ "GOGC off never triggers, the soft limit does", off_is_off },
		{ "the soft limit lowers the goal and leaves room to go on", soft_limit_lowers },
		{ "any measurement yields an allowance", any_measurement },
		{ "a new option forgets nothing that was measured", what_is_known_stays },
		{ "a program that can be throttled passes the goal by at most 10 %", overshoot_is_bounded },
		{ "a program that must not sleep passes the goal by at most 10 %, grace periods apart", overshoot_is_explained },
		{ "a program is throttled in proportion to how far it is past the goal", slowing_is_in_proportion },
		{ "near a hard limit it is kept longer and longer", limits_slow_down },
		{ "what the share cannot do mutators do in time", small_shares_are_made_up_for },
		{ "the goal is 85 % of what may be held at most", goal_is_below_the_limit },
		{ "a hard limit that leaves a quarter free is not reached", hard_limits_are_not_reached },
	};

	return PROMISES(promises);
}
