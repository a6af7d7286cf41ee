// SPDX-License-Identifier: GPL-2.0
/*
 * The collector keeps to its share of the CPUs even at a limit, so there is no death
 * spiral. Programs of many patterns keep to their goals. A heap at rest costs nothing.
 *
 * kselftest-timeout: 400
 */
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>

#include "chain.h"
#include "debugfs_files.h"
#include "files.h"
#include "heap.h"
#include "random.h"

#define BLOB	1000
#define LIMIT	(4 << 20)
#define SLOTS	8192
#define AT_ONCE	64
#define SECONDS	4

static double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

static __u64 heap_id(int fd)
{
	struct kgc_info info;

	return kgc_info(fd, &info) ? 0 : info.heap_id;
}

static __u64 pace_value(__u64 id, const char *name)
{
	__u64 value = ~0ULL;

	debugfs_value(id, "pace", name, &value);
	return value;
}

/* Share of all CPUs that the collector took since @begin, when its account was @ns. */
static double share_since(int fd, __u64 ns, double begin)
{
	return (stats_of(fd).gc_cpu_ns - ns) / 1e9 / (now() - begin) /
	       sysconf(_SC_NPROCESSORS_ONLN);
}

/*
 * The collector's account is in time, so it includes time that the host takes from this
 * guest. A test passes if the collector keeps to its share in one of these windows.
 */
#define WINDOWS	3
#define MOST	0.06	/* 5 %, and what the share saved up before a window */

static __u64 handles[SLOTS];

/* Allocate blobs until one is refused. Return: how many there are. */
static int fill_up(int fd, int type)
{
	__u32 nr = 0, done;

	do {
		done = 0;
		kgc_alloc_many(fd, type, 0, AT_ONCE, handles + nr, &done);
		nr += done;
	} while (done == AT_ONCE && nr + AT_ONCE <= SLOTS);
	return nr;
}

/* Whether to go on: for SECONDS, or up to 20 times as long if not @enough is done. */
static bool goes_on(double begin, bool enough)
{
	return now() < begin + (enough ? SECONDS : 20 * SECONDS);
}

/*
 * Replace blobs at random for a while, at least @least of them. Count those that were
 * refused. Return: 0, or the first error other than -ENOMEM.
 */
static int go_on(int fd, int type, int nr, unsigned long least,
		 unsigned long *done, unsigned long *refused)
{
	double begin = now();
	__u64 fresh[AT_ONCE], old[AT_ONCE];
	struct random random = random_from(1);
	int err;

	*done = *refused = 0;
	while (goes_on(begin, *done >= least)) {
		__u32 got = 0, i;

		err = kgc_alloc_many(fd, type, 0, AT_ONCE, fresh, &got);
		if (err < 0 && err != -ENOMEM)
			return err;
		for (i = 0; i < got; i++) {
			__u32 at = random_below(&random, nr);

			old[i] = handles[at];
			handles[at] = fresh[i];
		}
		if (got)
			kgc_drop_many(fd, old, got, NULL);
		*done += got;
		*refused += AT_ONCE - got;
	}
	return 0;
}

/*
 * Replace blobs at a limit. Each window must replace at least @least of them, and refuse
 * none unless @may_be_refused. The collector must keep to half of all CPUs in a window.
 */
static void keeps_to_the_share(struct __test_metadata *_metadata, int fd, int type,
			       int nr, unsigned long least, bool may_be_refused)
{
	unsigned long done, refused;
	double begin, share = 1;
	__u64 ns;

	for (int i = 0; i < WINDOWS && share > MOST; i++) {
		ns = stats_of(fd).gc_cpu_ns;
		begin = now();
		ASSERT_EQ(0, go_on(fd, type, nr, least, &done, &refused));
		share = share_since(fd, ns, begin);
		TH_LOG("%lu allocations, %lu refused, in %.1f s, the collector took %.1f %% of all processors",
		       done, refused, now() - begin, 100 * share);
		EXPECT_GE(done, least);
		if (!may_be_refused) {
			EXPECT_EQ(0, refused);
		}
	}
	EXPECT_LE(share, MOST);
}

TEST_F(heap, at_99_percent_of_the_hard_limit_there_is_no_death_spiral)
{
	int type = kgc_type_register(self->fd, "blob", BLOB, KGC_TYPE_NOSCAN,
				     NULL, 0), nr;

	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, LIMIT));
	nr = fill_up(self->fd, type);
	ASSERT_GT(nr, LIMIT / BLOB / 2);
	ASSERT_LT(nr, SLOTS);
	for (int i = 0; i < nr / 100; i++)
		ASSERT_EQ(0, kgc_drop(self->fd, handles[--nr]));
	keeps_to_the_share(_metadata, self->fd, type, nr, 1, true);
	EXPECT_LE(stats_of(self->fd).heap_sys, LIMIT);
	EXPECT_GE(stats_of(self->fd).gc_reason[KGC_REASON_LIMIT], 1);

	/* Once there is room again, no allocation is refused. */
	while (nr > LIMIT / BLOB / 2)
		ASSERT_EQ(0, kgc_drop(self->fd, handles[--nr]));
	ASSERT_EQ(0, collect_all(self->fd));
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &handles[nr++]));
}

TEST_F(heap, beyond_the_soft_limit_the_collector_keeps_to_its_share)
{
	int type = kgc_type_register(self->fd, "blob", BLOB, KGC_TYPE_NOSCAN,
				     NULL, 0), nr = SLOTS;

	ASSERT_GT(type, 0);
	ASSERT_EQ(nr, kgc_alloc_many(self->fd, type, 0, nr, handles, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_SOFT_LIMIT,
				    nr * BLOB * 99LL / 100));
	keeps_to_the_share(_metadata, self->fd, type, nr, nr + 1, false);
	EXPECT_GE(stats_of(self->fd).gc_reason[KGC_REASON_LIMIT], 1);
}

/* Make garbage on @cpu with real-time priority. Return: MiB held at most; 255: error. */
static int outrank(int fd, int type, int cpu)
{
	struct sched_param first = { .sched_priority = 1 };
	__u64 blobs[AT_ONCE], peak = 0, held;
	double begin = now();

	if (!run_on_cpu(cpu) || sched_setscheduler(0, SCHED_FIFO, &first))
		return 255;
	while (now() < begin + SECONDS) {
		if (kgc_alloc_many(fd, type, 0, AT_ONCE, blobs, NULL) != AT_ONCE ||
		    kgc_drop_many(fd, blobs, AT_ONCE, NULL))
			return 255;
		held = stats_of(fd).heap_sys >> 20;
		peak = held > peak ? held : peak;
	}
	return peak < 254 ? peak : 254;
}

/*
 * The collector and its grace periods need threads that are not real-time. kgc throttles
 * the mutators so that these threads get a CPU.
 */
TEST_F(heap, mutators_that_outrank_the_collector_do_not_outrun_it)
{
	static const char * const share = "/proc/sys/kernel/sched_rt_runtime_us";
	int type = kgc_type_register(self->fd, "blob", BLOB, KGC_TYPE_NOSCAN,
				     NULL, 0), nr, status, i;
	long long before = number_in(share);
	char text[32];
	pid_t child[64];

	ASSERT_GT(type, 0);
	nr = sysconf(_SC_NPROCESSORS_ONLN);
	if (nr > 64 || put_file(share, "-1"))
		SKIP(return, "real-time threads cannot have all of a processor");
	for (i = 0; i < nr; i++) {
		child[i] = fork();
		if (!child[i])
			_exit(outrank(self->fd, type, i));
	}
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(child[i], waitpid(child[i], &status, 0));
		EXPECT_TRUE(WIFEXITED(status));
		TH_LOG("at most %d MiB", WEXITSTATUS(status));
		EXPECT_LE(WEXITSTATUS(status), 64);
	}
	snprintf(text, sizeof(text), "%lld", before);
	EXPECT_EQ(0, put_file(share, text));
	EXPECT_GE(stats_of(self->fd).num_gc, 4);
}

/* Ask for cycles back to back, without waiting, of a heap that takes long to mark. */
TEST_F(heap, the_collector_keeps_to_its_percentage)
{
	double begin, share = 1;
	unsigned int cycles;
	__u64 root, ns;

	ASSERT_EQ(0, chain_build(self->fd, self->node, scaled(200000), &root));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_CPU_PERCENT, 3));
	/* includes what a second of rest saved up */
	for (int i = 0; i < WINDOWS && share > 0.04; i++) {
		usleep(200000);
		cycles = stats_of(self->fd).num_gc;
		ns = stats_of(self->fd).gc_cpu_ns;
		for (begin = now(); goes_on(begin, stats_of(self->fd).num_gc > cycles);
		     usleep(1000))
			ASSERT_EQ(0, kgc_collect(self->fd, 1, 0, NULL));
		share = share_since(self->fd, ns, begin);
		cycles = stats_of(self->fd).num_gc - cycles;
		TH_LOG("%u cycles, the collector took %.1f %% of all processors",
		       cycles, 100 * share);
		EXPECT_GE(cycles, 1);
	}
	EXPECT_LE(share, 0.04);
}

/* A heap is at rest once the thread that expedited grace periods for it has ended. */
#define REST_US	1000000

TEST_F(heap, an_idle_heap_has_no_timer_and_no_wakeups)
{
	__u64 id = heap_id(self->fd), before, handle;

	if (pace_value(id, "wakeups") == ~0ULL)
		SKIP(return, "no debugfs");
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_PERIOD_MS, 1000));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &handle));
	EXPECT_EQ(1, pace_value(id, "armed"));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, pace_value(id, "armed"));
	usleep(REST_US);
	before = pace_value(id, "wakeups");
	usleep(1500000);
	EXPECT_EQ(before, pace_value(id, "wakeups"));
	EXPECT_EQ(0, stats_of(self->fd).gc_reason[KGC_REASON_PERIOD]);

	/* One allocation causes exactly one more cycle; then the heap is at rest. */
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &handle));
	EXPECT_EQ(1, pace_value(id, "armed"));
	for (int i = 0; i < 1000; i++) {
		if (stats_of(self->fd).gc_reason[KGC_REASON_PERIOD])
			break;
		usleep(10000);
	}
	EXPECT_EQ(1, stats_of(self->fd).gc_reason[KGC_REASON_PERIOD]);
	usleep(REST_US);
	before = pace_value(id, "wakeups");
	usleep(1500000);
	EXPECT_EQ(before, pace_value(id, "wakeups"));
	EXPECT_EQ(1, stats_of(self->fd).gc_reason[KGC_REASON_PERIOD]);
}

#define HEAPS	1000
#define BUSY	10

static int fds[HEAPS];
static __u64 ids[HEAPS], woken[HEAPS];

static int open_heaps(int nr)
{
	struct rlimit files = { HEAPS + 100, HEAPS + 100 };

	setrlimit(RLIMIT_NOFILE, &files);
	for (int i = 0; i < nr; i++) {
		__u64 handle;

		fds[i] = kgc_open();
		if (fds[i] < 0)
			return fds[i];
		ids[i] = heap_id(fds[i]);
		if (kgc_alloc(fds[i], register_node(fds[i]), 0, &handle) ||
		    kgc_collect(fds[i], 1, 0, NULL))
			return -EIO;
	}
	return 0;
}

/* Wait until each heap has completed a cycle; false if one takes longer than 30 s. */
static bool all_done(int nr)
{
	for (int i = 0; i < nr; i++)
		for (int tries = 0; !stats_of(fds[i]).num_gc; tries++) {
			if (tries == 3000)
				return false;
			usleep(10000);
		}
	return true;
}

TEST(of_1000_heaps_the_idle_ones_cost_no_wakeups)
{
	static __u64 litter[1000];
	unsigned int cycles = 0, idle = 0;
	double begin;

	ASSERT_EQ(0, open_heaps(HEAPS));
	if (pace_value(ids[0], "wakeups") == ~0ULL)
		SKIP(return, "no debugfs");
	ASSERT_TRUE(all_done(HEAPS));
	usleep(REST_US);
	for (int i = 0; i < HEAPS; i++)
		woken[i] = pace_value(ids[i], "wakeups");
	begin = now();
	for (int round = 0; goes_on(begin, round > 3); round++) {
		for (int i = 0; i < BUSY; i++) {
			int n = kgc_alloc_many(fds[i], 1, 0, 1000, litter,
					       NULL);

			ASSERT_EQ(1000, n);
			ASSERT_EQ(0, kgc_drop_many(fds[i], litter, n, NULL));
			ASSERT_EQ(0, kgc_collect(fds[i], 1, 0, NULL));
		}
	}
	for (int i = 0; i < HEAPS; i++) {
		if (i < BUSY)
			cycles += stats_of(fds[i]).num_gc;
		else
			idle += pace_value(ids[i], "wakeups") - woken[i];
	}
	TH_LOG("%u cycles of %d busy heaps, %u wake-ups of %d idle ones",
	       cycles, BUSY, idle, HEAPS - BUSY);
	EXPECT_GT(cycles, 3 * BUSY);
	EXPECT_EQ(0, idle);
	for (int i = 0; i < HEAPS; i++)
		kgc_close(fds[i]);
}

/* ---- goals that are kept ------------------------------------------------- */

#define STEP_AT	(SECONDS / 2.0)
#define ENOUGH	10	/* cycles to judge a program by */

static int batch_full(void) { return AT_ONCE; }
static int batch_any(void) { return 1 + rand() % AT_ONCE; }
static int live_4m(double t) { return 4000; }
static int live_step(double t) { return t < STEP_AT ? 2000 : 6000; }
static int live_wave(double t)
{
	/* a triangle of two seconds, 3000 to 5000 */
	double phase = t / 2 - (int)(t / 2);

	return 3000 + 4000 * (phase < 0.5 ? phase : 1 - phase);
}

/* What a program does: blobs it holds at time t, blobs it replaces in a step, pause. */
static const struct pattern {
	const char	*name;
	int		(*live)(double t);
	int		(*batch)(void);
	int		pause_us;
} patterns[] = {
	{ "steady", live_4m, batch_full, 0 },
	{ "step", live_step, batch_full, 0 },
	{ "oscillating", live_wave, batch_full, 0 },
	{ "jitter", live_4m, batch_any, 500 },
	{ "slow", live_4m, batch_full, 5000 },
};

#define NR_PATTERNS	(sizeof(patterns) / sizeof(patterns[0]))

/* One step of a program: approach the number of blobs to hold, then replace some. */
static int pattern_step(int fd, int type, const struct pattern *p, double t,
			int *nr)
{
	__u64 fresh[AT_ONCE], old[AT_ONCE];
	int want = p->live(t), n, at;

	if (*nr < want) {
		n = want - *nr < AT_ONCE ? want - *nr : AT_ONCE;
		if (kgc_alloc_many(fd, type, 0, n, handles + *nr, NULL) != n)
			return -ENOMEM;
		*nr += n;
	} else if (*nr > want) {
		n = *nr - want < AT_ONCE ? *nr - want : AT_ONCE;
		*nr -= n;
		if (kgc_drop_many(fd, handles + *nr, n, NULL))
			return -EIO;
	}
	n = p->batch();
	if (kgc_alloc_many(fd, type, 0, n, fresh, NULL) != n)
		return -ENOMEM;
	for (int i = 0; i < n; i++) {
		at = rand() % *nr;
		old[i] = handles[at];
		handles[at] = fresh[i];
	}
	if (p->pause_us)
		usleep(p->batch == batch_any ? rand() % p->pause_us :
					       p->pause_us);
	return kgc_drop_many(fd, old, n, NULL);
}

/* Whether a cycle counts: the pacer learns in the first cycles and after a change. */
static bool is_steady(const struct pattern *p, double t, unsigned int cycles,
		      unsigned int before)
{
	return cycles > 4 && cycles > before + 1 &&
	       (p->live != live_step || t < STEP_AT || t > STEP_AT + 1);
}

/* Run program @p. Return: average overshoot as a fraction of the goal, or -1. */
static double keeps_to_its_goal(struct __test_metadata *_metadata, int fd,
				int type, const struct pattern *p)
{
	unsigned int seen = 0, kept = 0, cycles = stats_of(fd).num_gc;
	__u64 id = heap_id(fd), over, grace, goal = 0, next;
	double begin = now(), t, worst = 0, beyond = 0, sum = 0;
	unsigned int before = cycles;
	int nr = 0, err;
	char *text;

	while (t = now() - begin, t < (seen >= ENOUGH ? 1 : 10) * SECONDS) {
		err = pattern_step(fd, type, p, t, &nr);
		EXPECT_EQ(0, err);
		if (err)
			break;
		if (stats_of(fd).num_gc == cycles)
			continue;
		cycles = stats_of(fd).num_gc;
		text = debugfs_text(id, "pace");
		err = debugfs_find(text, "over", &over) ?:
		      debugfs_find(text, "over_in_grace", &grace) ?:
		      debugfs_find(text, "goal", &next);
		free(text);
		EXPECT_EQ(0, err);
		/* the goal of the cycle that is over, or the next one's if lower */
		if (!goal || next < goal)
			goal = next;
		if (is_steady(p, t, cycles, before)) {
			seen++;
			kept += (over - grace) * 10 <= goal;
			sum += (double)over / goal;
			if ((double)over / goal > worst)
				worst = (double)over / goal;
			if ((double)(over - grace) / goal > beyond)
				beyond = (double)(over - grace) / goal;
		}
		goal = next;
	}
	TH_LOG("%-11s %3u of %3u cycles within 10 %% beyond grace periods; past the goal by %.1f %% on average, %.1f %% at most, %.1f %% without grace periods",
	       p->name, kept, seen, 100 * sum / (seen ?: 1), 100 * worst,
	       100 * beyond);
	/* the host may take the processor away at any time */
	EXPECT_GE(kept + (seen > 10 ? seen / 10 : 1), seen);
	EXPECT_EQ(0, kgc_drop_many(fd, handles, nr, NULL));
	return seen ? sum / seen : -1;
}

TEST_F(heap, programs_of_every_pattern_keep_to_their_goals)
{
	int type = kgc_type_register(self->fd, "blob", BLOB, KGC_TYPE_NOSCAN,
				     NULL, 0);
	double sum = 0, over;
	unsigned int seen = 0;

	ASSERT_GT(type, 0);
	if (pace_value(heap_id(self->fd), "over") == ~0ULL)
		SKIP(return, "no debugfs");
	for (unsigned int i = 0; i < NR_PATTERNS; i++) {
		over = keeps_to_its_goal(_metadata, self->fd, type,
					 &patterns[i]);
		if (over >= 0) {
			sum += over;
			seen++;
		}
	}
	EXPECT_EQ(NR_PATTERNS, seen);
	/* kgc can throttle these programs, so the average includes grace periods */
	EXPECT_LE(sum / seen, 0.1);
}

TEST_HARNESS_MAIN
