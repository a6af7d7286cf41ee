// SPDX-License-Identifier: GPL-2.0
/*
 * The collector keeps to its share of the CPUs even at a limit, so there is no death
 * spiral. Programs of many patterns keep to their goals. A heap at rest costs nothing.
 *
 * No verdict depends on how fast the machine is, or on what else runs on it: see
 * share_of(), goes_slowly() and rests() for what is promised on any load.
 *
 * kselftest-timeout: 600
 */
#include <sys/resource.h>
#include <sys/wait.h>

#include "chain.h"
#include "files.h"
#include "heap.h"
#include "pace.h"
#include "random.h"
#include "share.h"

#define BLOB	1000
#define LIMIT	(4 << 20)
#define SLOTS	8192
#define AT_ONCE	64
#define SECONDS	4
#define PERCENT	5	/* max_cpu_percent */

static bool goes_on(double begin, bool enough)
{
	return goes_on_for(SECONDS, begin, enough);
}

/* CPU time of the collector's work items, in seconds. */
static double cpu_of(int fd)
{
	return stats_of(fd).gc_cpu_ns / 1e9;
}

/*
 * Whether the work items have paid for what they took since @begin, when they had taken
 * @cpu, at @percent.
 */
static bool have_paid(int fd, double percent, double begin, double cpu)
{
	return cpu_of(fd) - cpu <= share_of(percent, now() - begin, 1);
}

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

/*
 * Replace blobs at random for a while, at least @least of them. Count those that were
 * refused. Return: 0, or the first error other than -ENOMEM.
 */
static int go_on(int fd, int type, int nr, unsigned long least,
		 unsigned long *done, unsigned long *refused)
{
	double begin = now(), cpu = cpu_of(fd);
	__u64 fresh[AT_ONCE], old[AT_ONCE];
	struct random random = random_from(1);
	int err;

	*done = *refused = 0;
	while (goes_on(begin, *done >= least && have_paid(fd, PERCENT, begin, cpu))) {
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
 * Replace blobs at a limit, at least @least of them, and have none refused unless
 * @may_be_refused. The collector must keep to its share all the same.
 */
static void keeps_to_the_share(struct __test_metadata *_metadata, int fd, int type,
			       int nr, unsigned long least, bool may_be_refused)
{
	double begin = now(), cpu = cpu_of(fd), allowed;
	unsigned long done, refused;

	ASSERT_EQ(0, go_on(fd, type, nr, least, &done, &refused));
	/* in this order: the time goes on between the two */
	cpu = cpu_of(fd) - cpu;
	allowed = share_of(PERCENT, now() - begin, 1);
	TH_LOG("%lu allocations, %lu refused, in %.1f s; the collector took %.3f s (allowed %.3f)",
	       done, refused, now() - begin, cpu, allowed);
	EXPECT_GE(done, least);
	if (!may_be_refused) {
		EXPECT_EQ(0, refused);
	}
	EXPECT_LE(cpu, allowed);
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

/* ---- mutators that outrank the collector ------------------------------------ */

#define RUNAWAY		(64 << 20)
#define MAX_HELD	(2 * RUNAWAY)
#define MIN_CYCLES	4

/* How far a mutator has followed the heap's cycles. */
struct follower {
	int fd;
	__u64 id, cycles;
	__u64 delayed[2];	/* when the last but one cycle ended, and the last */
	__u64 peak;
};

/*
 * Whether the heap has outrun the collector: it has more in use than RUNAWAY, and did not
 * go slowly there. What is allocated while a cycle marks survives that cycle, so the delay
 * during two cycles counts.
 */
static bool outruns(struct follower *f)
{
	struct kgc_stats stats = stats_of(f->fd);

	if (stats.num_gc != f->cycles) {
		f->cycles = stats.num_gc;
		f->delayed[0] = f->delayed[1];
		f->delayed[1] = delayed_us(f->fd, f->id);
	}
	if (stats.heap_inuse > f->peak)
		f->peak = stats.heap_inuse;
	return stats.heap_inuse > RUNAWAY &&
	       stats.heap_inuse - RUNAWAY >
	       goes_slowly(delayed_us(f->fd, f->id) - f->delayed[0]);
}

/*
 * Make garbage on @cpu with real-time priority, until the heap has had MIN_CYCLES.
 * Return: 0; 1 if the heap has outrun the collector; 2: error.
 */
static int outrank(int fd, int type, int cpu)
{
	struct follower f = { .fd = fd, .id = heap_id(fd), .cycles = stats_of(fd).num_gc };
	struct sched_param first = { .sched_priority = 1 };
	__u64 blobs[AT_ONCE], enough = f.cycles + MIN_CYCLES;
	double begin = now();
	int err, status = 0;

	f.delayed[0] = f.delayed[1] = delayed_us(fd, f.id);
	if (!run_on_cpu(cpu) || sched_setscheduler(0, SCHED_FIFO, &first))
		return 2;
	while (!status && goes_on(begin, f.cycles >= enough)) {
		__u32 got = 0;

		err = kgc_alloc_many(fd, type, 0, AT_ONCE, blobs, &got);
		if ((err < 0 && err != -ENOMEM) ||
		    (got && kgc_drop_many(fd, blobs, got, NULL)))
			return 2;
		status = outruns(&f);
	}
	fprintf(stderr, "# processor %d: %llu cycles, at most %llu MiB in use\n", cpu,
		(unsigned long long)(f.cycles + MIN_CYCLES - enough),
		(unsigned long long)(f.peak >> 20));
	return status;
}

/*
 * The collector and its grace periods need threads that are not real-time. kgc throttles
 * the mutators so that these threads get a CPU: cycles come to their end, and meanwhile
 * the heap grows slowly.
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
	if (pace_value(self->info.heap_id, "ThrottledUs") == ~0ULL)
		SKIP(return, "no debugfs");
	nr = sysconf(_SC_NPROCESSORS_ONLN);
	if (nr > 64 || put_file(share, "-1"))
		SKIP(return, "real-time threads cannot have all of a processor");
	/* a heap that is not throttled takes all memory before it has a cycle */
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, MAX_HELD));
	for (i = 0; i < nr; i++) {
		child[i] = fork();
		if (!child[i])
			_exit(outrank(self->fd, type, i));
	}
	for (i = 0; i < nr; i++) {
		EXPECT_EQ(child[i], waitpid(child[i], &status, 0));
		EXPECT_TRUE(WIFEXITED(status));
		EXPECT_EQ(0, WEXITSTATUS(status));
	}
	snprintf(text, sizeof(text), "%lld", before);
	EXPECT_EQ(0, put_file(share, text));
	EXPECT_GE(stats_of(self->fd).num_gc, MIN_CYCLES);
}

/* Ask for cycles back to back, without waiting, of a heap that takes long to mark. */
TEST_F(heap, the_collector_keeps_to_its_percentage)
{
	double begin, cpu, allowed;
	__u64 root, cycles;

	ASSERT_EQ(0, chain_build(self->fd, self->node, scaled(200000), &root));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_CPU_PERCENT, 3));
	cycles = stats_of(self->fd).num_gc;
	cpu = cpu_of(self->fd);
	for (begin = now(); goes_on(begin, stats_of(self->fd).num_gc > cycles &&
					   have_paid(self->fd, 3, begin, cpu));
	     usleep(1000))
		ASSERT_EQ(0, kgc_collect(self->fd, 1, 0, NULL));
	cpu = cpu_of(self->fd) - cpu;
	allowed = share_of(3, now() - begin, 1);
	cycles = stats_of(self->fd).num_gc - cycles;
	TH_LOG("%llu cycles in %.1f s, the collector took %.3f s (allowed %.3f)",
	       (unsigned long long)cycles, now() - begin, cpu, allowed);
	EXPECT_GE(cycles, 1);
	EXPECT_LE(cpu, allowed);
}

/* ---- heaps at rest ------------------------------------------------------------ */

#define LATER_MS	1000000	/* a period that does not pass during the test */

TEST_F(heap, an_idle_heap_has_no_timer_and_no_wakeups)
{
	__u64 id = heap_id(self->fd), handle;

	if (pace_value(id, "Wakeups") == ~0ULL)
		SKIP(return, "no debugfs");
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_PERIOD_MS, LATER_MS));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &handle));
	EXPECT_EQ(1, pace_value(id, "PeriodArmed"));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, pace_value(id, "PeriodArmed"));
	/* a timer that the option set would wake the heap in each stretch of REST_US */
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_PERIOD_MS, 1000));
	EXPECT_EQ(0, pace_value(id, "PeriodArmed"));
	EXPECT_TRUE(rests(id));
	EXPECT_EQ(0, stats_of(self->fd).gc_reason[KGC_REASON_PERIOD]);

	/* One allocation causes exactly one more cycle; then the heap is at rest. */
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &handle));
	EXPECT_TRUE(comes_true(stats_of(self->fd).gc_reason[KGC_REASON_PERIOD]));
	EXPECT_TRUE(rests(id));
	EXPECT_EQ(0, pace_value(id, "PeriodArmed"));
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

/* Wait until each heap has completed a cycle. Return: false if one does not. */
static bool all_done(int nr)
{
	for (int i = 0; i < nr; i++)
		if (!comes_true(stats_of(fds[i]).num_gc))
			return false;
	return true;
}

/* Note how often each heap was woken. Return: how often since the last call, in sum. */
static __u64 woken_since(int from, int nr)
{
	__u64 sum = 0, value;

	for (int i = from; i < nr; i++) {
		value = pace_value(ids[i], "Wakeups");
		sum += value - woken[i];
		woken[i] = value;
	}
	return sum;
}

/* rests() for many heaps. */
static bool all_rest(int nr)
{
	for (int i = 0; i < 40; i++) {
		woken_since(0, nr);
		usleep(REST_US);
		if (!woken_since(0, nr))
			return true;
	}
	return false;
}

static __u64 cycles_of(int nr)
{
	__u64 sum = 0;

	for (int i = 0; i < nr; i++)
		sum += stats_of(fds[i]).num_gc;
	return sum;
}

/* Have the first BUSY heaps run cycles. Return: how many they had. */
static __u64 keep_busy(struct __test_metadata *_metadata)
{
	static __u64 litter[1000];
	__u64 before = cycles_of(BUSY);
	double begin;

	for (begin = now(); goes_on(begin, cycles_of(BUSY) > before + 3 * BUSY);) {
		for (int i = 0; i < BUSY; i++) {
			int n = kgc_alloc_many(fds[i], 1, 0, 1000, litter,
					       NULL);

			EXPECT_EQ(1000, n);
			EXPECT_EQ(0, kgc_drop_many(fds[i], litter, n, NULL));
			EXPECT_EQ(0, kgc_collect(fds[i], 1, 0, NULL));
		}
	}
	return cycles_of(BUSY) - before;
}

/* Busy heaps wake no idle one. A few tries: an idle heap may have come to rest late. */
TEST(of_1000_heaps_the_idle_ones_cost_no_wakeups)
{
	__u64 cycles, idle = 1;

	ASSERT_EQ(0, open_heaps(HEAPS));
	if (pace_value(ids[0], "Wakeups") == ~0ULL)
		SKIP(return, "no debugfs");
	ASSERT_TRUE(all_done(HEAPS));
	ASSERT_TRUE(all_rest(HEAPS));
	for (int i = 0; i < 3 && idle; i++) {
		cycles = keep_busy(_metadata);
		idle = woken_since(BUSY, HEAPS);
		TH_LOG("%llu cycles of %d busy heaps, %llu wake-ups of %d idle ones",
		       (unsigned long long)cycles, BUSY, (unsigned long long)idle,
		       HEAPS - BUSY);
		EXPECT_GT(cycles, 3 * BUSY);
	}
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

/* What the cycles of a program have shown. */
struct shown {
	unsigned int seen, kept;
	double sum, worst, beyond;	/* fractions of the goal */
};

/*
 * Count a cycle that ended @over bytes past its goal, @grace of them allocated in grace
 * periods, while the program was delayed for @us. What it took at that pace does not
 * count: the collector promises to keep to the goal if it gets a processor, and to let
 * the heap grow slowly as long as it does not.
 */
static void cycle_count(struct shown *s, __u64 goal, __u64 over, __u64 grace, __u64 us)
{
	__u64 slow = goes_slowly(us), past = over > slow ? over - slow : 0;
	double beyond = past > grace ? (double)(past - grace) / goal : 0;
	double all = (double)past / goal;

	s->seen++;
	s->kept += beyond <= 0.1;
	s->sum += all;
	s->worst = all > s->worst ? all : s->worst;
	s->beyond = beyond > s->beyond ? beyond : s->beyond;
}

/* Read the last cycle's figures, and the goal of the next cycle. Return: 0 or -errno. */
static int pace_of(__u64 id, __u64 *over, __u64 *grace, __u64 *goal)
{
	char *text = debugfs_text(id, "pace");
	int err = !text ? -ENOENT : debugfs_find(text, "OvershootBytes", over) ?:
				    debugfs_find(text, "OvershootGraceBytes", grace) ?:
				    debugfs_find(text, "NextGC", goal);

	free(text);
	return err;
}

#define LEARNS	4	/* cycles in which the pacer learns */

/* Run program @p. Return: average overshoot as a fraction of the goal, or -1. */
static double keeps_to_its_goal(struct __test_metadata *_metadata, int fd,
				int type, const struct pattern *p)
{
	__u64 cycles = stats_of(fd).num_gc, learnt = cycles + LEARNS;
	__u64 id = heap_id(fd), over, grace, goal = 0, next;
	__u64 delayed = delayed_us(fd, id), before;
	double begin = now(), t = 0, step = 0;
	struct shown s = { 0 };
	int nr = 0, err = 0;

	while (!err && goes_on(begin, s.seen >= ENOUGH)) {
		/* the pacer learns anew when the program changes, for a second at least */
		if (p->live == live_step && t < STEP_AT && now() - begin >= STEP_AT) {
			learnt = stats_of(fd).num_gc + LEARNS;
			step = STEP_AT + 1;
		}
		t = now() - begin;
		err = pattern_step(fd, type, p, t, &nr);
		if (err || stats_of(fd).num_gc == cycles)
			continue;
		cycles = stats_of(fd).num_gc;
		before = delayed;
		delayed = delayed_us(fd, id);
		err = pace_of(id, &over, &grace, &next);
		/* the goal of the cycle that is over, or the next one's if lower */
		if (!goal || next < goal)
			goal = next;
		if (!err && cycles > learnt && t >= step)
			cycle_count(&s, goal, over, grace, delayed - before);
		goal = next;
	}
	EXPECT_EQ(0, err);
	TH_LOG("%-11s %3u of %3u cycles within 10 %% beyond grace periods; past the goal by %.1f %% on average, %.1f %% at most, %.1f %% without grace periods",
	       p->name, s.kept, s.seen, 100 * s.sum / (s.seen ?: 1), 100 * s.worst,
	       100 * s.beyond);
	/* mutators that a grace period waits for are not delayed */
	EXPECT_GE(s.kept + (s.seen > 10 ? s.seen / 10 : 1), s.seen);
	EXPECT_EQ(0, kgc_drop_many(fd, handles, nr, NULL));
	return s.seen ? s.sum / s.seen : -1;
}

TEST_F(heap, programs_of_every_pattern_keep_to_their_goals)
{
	int type = kgc_type_register(self->fd, "blob", BLOB, KGC_TYPE_NOSCAN,
				     NULL, 0);
	double sum = 0, over;
	unsigned int seen = 0;

	ASSERT_GT(type, 0);
	if (pace_value(heap_id(self->fd), "OvershootBytes") == ~0ULL)
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
