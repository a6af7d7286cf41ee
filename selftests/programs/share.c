// SPDX-License-Identifier: GPL-2.0
/*
 * Collectors take a bounded part of the machine from programs that have nothing to do
 * with their heaps. The bound holds for the whole module, no matter which programs
 * request cycles, and how often.
 *
 * These tests use the CPU time that the collectors count themselves, never wall time.
 * They compute the bound on it from the guest's own clock; share.h says why that holds on
 * a busy machine.
 *
 * kselftest-timeout: 300
 */
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "chain.h"
#include "debugfs_files.h"
#include "files.h"
#include "heap.h"
#include "pace.h"
#include "share.h"
#include "trace.h"

#define PARAMETERS	"/sys/module/kgc/parameters/"
#define CGROUPS		"/sys/fs/cgroup"
#define POOR		CGROUPS "/kgc-poor"
#define SECONDS		2
#define NR_HEAPS	8
#define SOME_USER	60001
#define BLOB		1000
#define LIMIT		(8 << 20)

static double cpu_of_process(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

/* Return: the most CPU time that collectors may take in @seconds. */
static double allowed(double seconds, int heaps)
{
	return share_of(number_in(PARAMETERS "max_cpu_percent"), seconds, heaps);
}

struct span {
	double begin, cpu, waiters, process;
	struct kgc_stats stats;
};

static struct span span_begin(int fd)
{
	struct span span = { .stats = stats_of(fd) };

	span.process = cpu_of_process();
	span.begin = now();
	return span;
}

/* Replace the values at the begin by the differences until now, in seconds. */
static void span_end(struct span *span, int fd)
{
	/* the clocks are read last: what they show covers what the counters show */
	struct kgc_stats stats = stats_of(fd);

	span->process = cpu_of_process() - span->process;
	span->begin = now() - span->begin;
	span->cpu = (stats.gc_cpu_ns - span->stats.gc_cpu_ns) / 1e9;
	span->waiters = (stats.gc_waiter_ns - span->stats.gc_waiter_ns) / 1e9;
}

static bool goes_on(double begin, bool enough)
{
	return goes_on_for(SECONDS, begin, enough);
}

/* Whether the collector has paid for what it took since the begin of @span. */
static bool has_paid(int fd, const struct span *span)
{
	return (stats_of(fd).gc_cpu_ns - span->stats.gc_cpu_ns) / 1e9 <=
	       allowed(now() - span->begin, 1);
}

/* ---- CPU time --------------------------------------------------------------- */

TEST_F(heap, a_thread_that_waits_for_cycles_pays_for_them_itself)
{
	long long percent = number_in(PARAMETERS "max_cpu_percent");
	struct span span;
	unsigned int cycles = 0;
	double most;
	__u64 root;

	ASSERT_EQ(0, chain_build(self->fd, self->node, scaled(100000), &root));
	ASSERT_EQ(0, collect_all(self->fd));
	/* so little that no machine gets by with the share that was saved up */
	ASSERT_EQ(0, put_number(PARAMETERS "max_cpu_percent", 1));
	span = span_begin(self->fd);
	while (goes_on(span.begin, cycles > 3 && has_paid(self->fd, &span))) {
		EXPECT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
		cycles++;
	}
	span_end(&span, self->fd);
	most = allowed(span.begin, 1);
	EXPECT_EQ(0, put_number(PARAMETERS "max_cpu_percent", percent));
	TH_LOG("%u cycles in %.1f s: %.3f s of the collector's (allowed %.3f), %.3f s of the waiter's, which ran for %.3f s",
	       cycles, span.begin, span.cpu, most, span.waiters, span.process);
	EXPECT_LE(span.cpu, most);
	/* the thread runs steps instead of waiting for the share */
	EXPECT_GE(span.waiters, span.cpu / 2);
	EXPECT_GE(span.process, span.waiters * 0.9 - 0.02);
	EXPECT_EQ(0, chain_check(self->fd, root, scaled(100000)));
}

/* Run cycles in a child that is in POOR, until the parent kills it. */
static pid_t poor_loop(int fd)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	if (put_file(POOR "/cgroup.procs", "0"))
		_exit(1);
	for (;;)
		kgc_collect(fd, 1, KGC_COLLECT_WAIT, NULL);
}

static long long poor_usage_us(void)
{
	char text[256] = "";
	long long us = -1;
	FILE *file = fopen(POOR "/cpu.stat", "r");

	while (file && fgets(text, sizeof(text), file))
		if (sscanf(text, "usage_usec %lld", &us) == 1)
			break;
	if (file)
		fclose(file);
	return us;
}

TEST_F(heap, a_cgroup_with_two_percent_of_a_cpu_gets_no_more_by_asking_for_cycles)
{
	long long percent = number_in(PARAMETERS "max_cpu_percent");
	unsigned int cycles;
	double most;
	struct span span;
	long long usage;
	__u64 root;
	pid_t pid;

	rmdir(POOR);
	if (put_file(CGROUPS "/cgroup.subtree_control", "+cpu") || mkdir(POOR, 0755))
		SKIP(return, "no cgroups (v2) for CPU time in this kernel");
	if (put_file(POOR "/cpu.max", "2000 100000")) {
		rmdir(POOR);
		SKIP(return, "no bandwidth of cgroups in this kernel");
	}
	ASSERT_EQ(0, chain_build(self->fd, self->node, scaled(100000), &root));
	ASSERT_EQ(0, collect_all(self->fd));
	/* so little that the process has to run steps itself */
	ASSERT_EQ(0, put_number(PARAMETERS "max_cpu_percent", 1));
	pid = poor_loop(self->fd);
	ASSERT_GT(pid, 0);
	sleep(1);
	cycles = stats_of(self->fd).num_gc;
	usage = poor_usage_us();
	span = span_begin(self->fd);
	while (goes_on(span.begin, stats_of(self->fd).num_gc > cycles + 1 &&
				   has_paid(self->fd, &span)))
		usleep(100000);
	span_end(&span, self->fd);
	usage = poor_usage_us() - usage;
	cycles = stats_of(self->fd).num_gc - cycles;
	/* a thread that its cgroup throttles can still be killed */
	EXPECT_EQ(0, kill(pid, SIGKILL));
	EXPECT_EQ(pid, waitpid(pid, NULL, 0));
	EXPECT_EQ(0, rmdir(POOR));
	most = allowed(span.begin, 1);
	EXPECT_EQ(0, put_number(PARAMETERS "max_cpu_percent", percent));
	TH_LOG("%u cycles in %.1f s: %.3f s of the collector's (allowed %.3f), %.3f s of the waiter's; its cgroup used %.3f s",
	       cycles, span.begin, span.cpu, most, span.waiters,
	       usage / 1e6);
	EXPECT_GE(cycles, 1);
	EXPECT_LE(span.cpu, most);
	EXPECT_GT(span.waiters, 0);
	EXPECT_GE(usage / 1e6, span.waiters * 0.9 - 0.02);
}

/* Open NR_HEAPS heaps, the first as root and the others as the user @uid. */
static void open_heaps(struct __test_metadata *_metadata, int fd[NR_HEAPS], uid_t uid)
{
	__u64 root;

	for (int i = 0; i < NR_HEAPS; i++) {
		/* the file belongs to the real user; the effective one may open the device */
		ASSERT_EQ(0, setresuid(i ? uid : 0, -1, -1));
		fd[i] = kgc_open();
		ASSERT_EQ(0, setresuid(0, -1, -1));
		ASSERT_GE(fd[i], 0);
		/* the first heap is a tenant alone: its cycles are long, so it always has work */
		ASSERT_EQ(0, chain_build(fd[i], register_node(fd[i]),
					 scaled(i || !uid ? 50000 : 200000), &root));
		ASSERT_EQ(0, collect_all(fd[i]));
	}
}

/* Run cycles in all heaps, and close them. @each receives CPU time, in seconds. */
static void contend(struct __test_metadata *_metadata, int fd[NR_HEAPS], double each[NR_HEAPS])
{
	double begin, took = 0, most = 0, all = 0;
	__u64 before[NR_HEAPS];
	bool enough = false;
	int i;

	for (i = 0; i < NR_HEAPS; i++)
		before[i] = stats_of(fd[i]).gc_cpu_ns;
	/* a step may overdraw the share, and is paid for afterwards: the last round judges */
	for (begin = now(); goes_on(begin, enough); usleep(1000)) {
		enough = true;
		all = 0;
		for (i = 0; i < NR_HEAPS; i++) {
			each[i] = (stats_of(fd[i]).gc_cpu_ns - before[i]) / 1e9;
			enough = enough && each[i] >= 0.02;
			all += each[i];
		}
		took = now() - begin;
		most = allowed(took, NR_HEAPS);
		enough = enough && all <= most;
		/* no thread waits, so work items do all of the work, and have more to do */
		for (i = 0; i < NR_HEAPS; i++)
			ASSERT_EQ(0, kgc_collect(fd[i], 2, 0, NULL));
	}
	for (i = 0; i < NR_HEAPS; i++)
		kgc_close(fd[i]);
	TH_LOG("%d heaps took %.3f s in %.1f s (allowed %.3f), the first %.3f s", NR_HEAPS,
	       all, took, most, each[0]);
	EXPECT_LE(all, most);
}

TEST(heaps_divide_one_share)
{
	double each[NR_HEAPS], all = 0, least = 1e9;
	int fd[NR_HEAPS];

	open_heaps(_metadata, fd, 0);
	contend(_metadata, fd, each);
	for (int i = 0; i < NR_HEAPS; i++) {
		all += each[i];
		least = each[i] < least ? each[i] : least;
	}
	/* not equal parts: heaps also wait for grace periods, some longer than others */
	EXPECT_GE(least, all / NR_HEAPS / 4);
}

TEST(users_divide_the_share_however_many_heaps_they_have)
{
	double each[NR_HEAPS], others = 0;
	int fd[NR_HEAPS];

	open_heaps(_metadata, fd, SOME_USER);
	contend(_metadata, fd, each);
	for (int i = 1; i < NR_HEAPS; i++)
		others += each[i];
	/* a half; if heaps divided the share, a (NR_HEAPS - 1)th of what the others get */
	EXPECT_GE(each[0], others / 3);
}

static __u64 blobs[65536];

/* Replace @nr of @live blobs, one by one. Return: number of refused allocations. */
static unsigned long litter(int fd, int type, unsigned long nr, unsigned int live)
{
	unsigned long refused = 0;
	unsigned int at;

	for (unsigned long i = 0; i < nr; i++) {
		at = (i * 7919) % live;
		if (kgc_drop(fd, blobs[at]))
			abort();
		while (kgc_alloc(fd, type, 0, &blobs[at])) {
			if (++refused > nr)
				return refused;
		}
	}
	return refused;
}

TEST_F(heap, what_the_share_cannot_do_is_done_by_mutators_and_counted)
{
	int blob = kgc_type_register(self->fd, "blob", 64, KGC_TYPE_NOSCAN, NULL, 0);
	long long percent = number_in(PARAMETERS "max_cpu_percent");
	struct kgc_stats before, after = { 0 };
	__u64 shown = 0, all = 0;
	bool traces;
	double begin;
	__u64 root;

	traces = trace_begin("kgc_share_short");
	ASSERT_GT(blob, 0);
	ASSERT_EQ(0, chain_build(self->fd, self->node, scaled(50000), &root));
	ASSERT_EQ(1000, kgc_alloc_many(self->fd, blob, 0, 1000, blobs, NULL));
	ASSERT_EQ(0, collect_all(self->fd));

	/* The share is enough for a program that allocates little. */
	before = stats_of(self->fd);
	ASSERT_EQ(0, litter(self->fd, blob, 1000, 1000));
	EXPECT_EQ(before.short_cycles, stats_of(self->fd).short_cycles);
	EXPECT_EQ(before.gc_mutator_ns, stats_of(self->fd).gc_mutator_ns);

	ASSERT_EQ(0, put_number(PARAMETERS "max_cpu_percent", 1));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, 10));
	for (begin = now(); now() < begin + 20 * SECONDS;) {
		if (litter(self->fd, blob, 10000, 1000))
			break;
		after = stats_of(self->fd);
		if (after.short_cycles > before.short_cycles + 2)
			break;
	}
	debugfs_value(self->info.heap_id, "stats", "ShortCycles", &shown);
	debugfs_value(MODULE_WIDE, "stats", "ShortCycles", &all);
	EXPECT_EQ(0, put_number(PARAMETERS "max_cpu_percent", percent));
	TH_LOG("%llu of %llu cycles were short of CPU time, mutators did %.3f s of their work, the collector %.3f s",
	       after.short_cycles - before.short_cycles, after.num_gc - before.num_gc,
	       (after.gc_mutator_ns - before.gc_mutator_ns) / 1e9,
	       (after.gc_cpu_ns - before.gc_cpu_ns) / 1e9);
	if (traces) {
		EXPECT_GE(traced(self->info.heap_id, "kgc_share_short", "", NULL, NULL),
			  (long long)(after.short_cycles - before.short_cycles));
		put_trace_point("kgc_share_short", 0);
	} else {
		TH_LOG("this kernel has no trace points of kgc");
	}
	EXPECT_GT(after.short_cycles, before.short_cycles);
	EXPECT_GT(after.gc_mutator_ns, before.gc_mutator_ns);
	EXPECT_GE(shown, after.short_cycles);
	EXPECT_GE(all, shown);
	EXPECT_EQ(0, chain_check(self->fd, root, scaled(50000)));
}

/* ---- at a limit ---------------------------------------------------------------- */

/* Allocate blobs until the heap refuses one. Return: how many it got. */
static unsigned int fill_up(int fd, int type)
{
	__u32 nr = 0, done = 0;

	while (nr < 65536 - 64 && kgc_alloc_many(fd, type, 0, 64, blobs + nr, &done) == 64)
		nr += done;
	return nr + (done < 64 ? done : 0);
}

/*
 * Return: most cycles that refusals begin in @seconds. The backoff between two of them
 * begins at a tenth of a second, and doubles up to 10 s.
 */
static unsigned int backed_off(double seconds)
{
	double wait = 0.1, sum = 0;
	unsigned int cycles = 2;	/* one at each end of the time */

	for (; sum < seconds; cycles++) {
		sum += wait;
		wait = wait < 5 ? 2 * wait : 10;
	}
	return cycles;
}

TEST_F(heap, at_the_hard_limit_with_everything_alive_refusals_begin_few_cycles)
{
	int blob = kgc_type_register(self->fd, "blob", BLOB, KGC_TYPE_NOSCAN, NULL, 0);
	unsigned long refused = 0;
	unsigned int nr, cycles;
	struct span span;
	bool calm = false;
	__u64 handle;

	ASSERT_GT(blob, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, LIMIT));
	nr = fill_up(self->fd, blob);
	ASSERT_GT(nr, LIMIT / BLOB / 2);
	/* the cycle that a refusal began may have made room for some more */
	for (int i = 0; i < 1000 && !kgc_alloc(self->fd, blob, 0, &handle); i++)
		;
	span = span_begin(self->fd);
	for (; goes_on_for(2 * SECONDS, span.begin, has_paid(self->fd, &span)); usleep(2000)) {
		ASSERT_EQ(-ENOMEM, kgc_alloc(self->fd, blob, 0, &handle));
		refused++;
	}
	cycles = stats_of(self->fd).num_gc - span.stats.num_gc;
	span_end(&span, self->fd);
	TH_LOG("%lu refused in %.1f s began %u cycles, which took %.3f s (allowed %.3f)",
	       refused, span.begin, cycles, span.cpu, allowed(span.begin, 1));
	EXPECT_LE(cycles, backed_off(span.begin));
	EXPECT_LE(span.cpu, allowed(span.begin, 1));

	/* Dropped handles end the backoff: the next refusal begins a cycle. */
	ASSERT_EQ(0, kgc_drop_many(self->fd, blobs, nr / 2, NULL));
	cycles = stats_of(self->fd).num_gc;
	if (kgc_alloc(self->fd, blob, 0, &handle)) {
		/* on a slow machine that cycle takes longer than an allocation waits */
		EXPECT_TRUE(comes_true(stats_of(self->fd).num_gc > cycles));
		EXPECT_EQ(0, kgc_alloc(self->fd, blob, 0, &handle));
	}

	/* So does a change of the limit. */
	nr = fill_up(self->fd, blob);
	/* on a slow machine a short backoff may be over before the second refusal */
	for (int i = 0; i < 1000 && !calm; i++) {
		cycles = stats_of(self->fd).num_gc;
		calm = kgc_alloc(self->fd, blob, 0, &handle) == -ENOMEM &&
		       kgc_alloc(self->fd, blob, 0, &handle) == -ENOMEM &&
		       stats_of(self->fd).num_gc == cycles;
	}
	EXPECT_TRUE(calm);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, LIMIT - 4096));
	ASSERT_EQ(-ENOMEM, kgc_alloc(self->fd, blob, 0, &handle));
	EXPECT_TRUE(comes_true(stats_of(self->fd).num_gc > cycles));
}

TEST_F(heap, six_mebibytes_alive_below_eight_are_no_reason_to_refuse)
{
	int blob = kgc_type_register(self->fd, "blob", BLOB, KGC_TYPE_NOSCAN, NULL, 0);
	unsigned int live = (6 << 20) / 1024;
	struct kgc_stats stats;
	double begin;

	ASSERT_GT(blob, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, LIMIT));
	ASSERT_EQ(live, kgc_alloc_many(self->fd, blob, 0, live, blobs, NULL));
	begin = now();
	EXPECT_EQ(0, litter(self->fd, blob, scaled(50000), live));
	stats = stats_of(self->fd);
	TH_LOG("%llu cycles in %.1f s, goal %llu", stats.num_gc, now() - begin,
	       stats.next_gc);
	EXPECT_LE(stats.heap_sys, LIMIT);
	/* floating garbage counts as alive, and the goal always allows some growth */
	EXPECT_LE(stats.next_gc, LIMIT - LIMIT / 32);
}

TEST_F(heap, the_goal_stays_below_the_cap_of_the_module)
{
	int blob = kgc_type_register(self->fd, "blob", BLOB, KGC_TYPE_NOSCAN, NULL, 0);
	__u64 cap, held = 0;

	ASSERT_GT(blob, 0);
	ASSERT_EQ(4096, kgc_alloc_many(self->fd, blob, 0, 4096, blobs, NULL));
	debugfs_value(MODULE_WIDE, "stats", "Sys", &held);
	cap = 6 << 20;
	ASSERT_EQ(0, put_max_bytes(held - stats_of(self->fd).held + cap));
	EXPECT_EQ(0, collect_all(self->fd));
	EXPECT_LE(stats_of(self->fd).next_gc, cap / 100 * 85 + 1024);
	EXPECT_EQ(0, put_max_bytes(0));
	EXPECT_EQ(0, collect_all(self->fd));
	EXPECT_GE(stats_of(self->fd).next_gc, 2 * 4096 * BLOB);
}

TEST(the_goal_stays_below_the_limit_of_the_cgroup)
{
	int fd, blob;

	rmdir(POOR);
	if (put_file(CGROUPS "/cgroup.subtree_control", "+memory") || mkdir(POOR, 0755))
		SKIP(return, "no memory cgroups (v2) in this kernel");
	ASSERT_EQ(0, put_file(POOR "/cgroup.procs", "0"));
	fd = kgc_open();
	ASSERT_EQ(0, put_file(CGROUPS "/cgroup.procs", "0"));
	ASSERT_GE(fd, 0);
	blob = kgc_type_register(fd, "blob", BLOB, KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(blob, 0);
	ASSERT_EQ(6144, kgc_alloc_many(fd, blob, 0, 6144, blobs, NULL));
	ASSERT_EQ(0, put_file(POOR "/memory.max", "10485760"));
	EXPECT_EQ(0, collect_all(fd));
	EXPECT_LE(stats_of(fd).next_gc, 10485760 / 100 * 85 + 1024);
	EXPECT_GT(stats_of(fd).next_gc, 6144 * BLOB);
	EXPECT_EQ(0, litter(fd, blob, scaled(20000), 6144));
	kgc_close(fd);
	for (int i = 0; i < 100 && rmdir(POOR); i++)
		usleep(50000);
}

/* ---- expedited grace periods ----------------------------------------------------- */

TEST_F(heap, expedited_grace_periods_have_a_budget)
{
	int cpus = sysconf(_SC_NPROCESSORS_ONLN);
	struct kgc_stats before, after;
	long long us = number_in(PARAMETERS "max_expedite_us");
	double begin, most;
	__u64 unexpedited;

	if (cpus == 1)
		SKIP(return, "there is no other processor to disturb");
	/* the slowest machine uses this up, too: each grace period costs 20 us or more */
	ASSERT_EQ(10000, us);
	ASSERT_EQ(0, put_number(PARAMETERS "max_expedite_us", 100));
	before = stats_of(self->fd);
	begin = now();
	for (int i = 0; i < 20; i++)
		ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	begin = now() - begin;
	after = stats_of(self->fd);
	/* the budget of one second can be saved up */
	most = (begin + 1) * 100 / 20;
	TH_LOG("%llu grace periods expedited in %.1f s (%.0f are allowed), %llu not",
	       after.expedited - before.expedited, begin, most,
	       after.expedite_refused - before.expedite_refused);
	EXPECT_GT(after.expedited, before.expedited);
	EXPECT_LE(after.expedited - before.expedited, most + 1);
	EXPECT_GT(after.expedite_refused, before.expedite_refused);

	/* The option exempts the heap, or forbids it to expedite. */
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_EXPEDITE, KGC_EXPEDITE_ALWAYS));
	before = stats_of(self->fd);
	unexpedited = pace_value(self->info.heap_id, "Unexpedited");
	for (int i = 0; i < 50; i++)
		ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	after = stats_of(self->fd);
	EXPECT_EQ(before.expedite_refused, after.expedite_refused);
	/* five or more a cycle, with those for which there was no thread or a section open */
	EXPECT_GT(after.expedited, before.expedited);
	EXPECT_GE(after.expedited + pace_value(self->info.heap_id, "Unexpedited"),
		  before.expedited + unexpedited + 200);
	EXPECT_EQ(0, put_number(PARAMETERS "max_expedite_us", us));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_EXPEDITE, KGC_EXPEDITE_NEVER));
	before = stats_of(self->fd);
	ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	after = stats_of(self->fd);
	EXPECT_EQ(before.expedited, after.expedited);
	EXPECT_GT(after.expedite_refused, before.expedite_refused);
}

/* Set the option without privilege, through a descriptor that root opened. */
static int without_privilege(int fd, __u64 value)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(setresuid(65534, 65534, 65534) ? 255 :
		      -kgc_option_set(fd, KGC_OPT_EXPEDITE, value));
	return pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status) ?
	       255 : WEXITSTATUS(status);
}

TEST_F(heap, the_budget_is_lifted_by_the_privileged_only)
{
	__u64 value;

	EXPECT_EQ(EPERM, without_privilege(self->fd, KGC_EXPEDITE_ALWAYS));
	EXPECT_EQ(EPERM, without_privilege(self->fd, KGC_EXPEDITE_NEVER));
	EXPECT_EQ(0, kgc_option_get(self->fd, KGC_OPT_EXPEDITE, &value));
	EXPECT_EQ(KGC_EXPEDITE_BUDGET, value);
	EXPECT_EQ(0, kgc_option_set(self->fd, KGC_OPT_EXPEDITE, KGC_EXPEDITE_ALWAYS));
	EXPECT_EQ(EPERM, without_privilege(self->fd, KGC_EXPEDITE_BUDGET));
}

TEST_HARNESS_MAIN
