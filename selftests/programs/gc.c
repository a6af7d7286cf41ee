// SPDX-License-Identifier: GPL-2.0
/*
 * Cycles begin for the documented reasons, free all garbage and obey the heap's options.
 *
 * kselftest-timeout: 180
 */
#include <time.h>

#include "chain.h"
#include "heap.h"

static __u64 monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Wait until @heap has completed @num_gc cycles; false if the time is over before. */
static bool reaches(int heap, __u64 num_gc, int milliseconds)
{
	for (; milliseconds >= 0; milliseconds -= 5) {
		if (stats_of(heap).num_gc >= num_gc)
			return true;
		usleep(5000);
	}
	return false;
}

/* Allocate @nr objects and drop them at once. */
static int litter(int heap, int type, unsigned long nr)
{
	static __u64 handles[4096];
	int err = 0;

	while (nr && err >= 0) {
		__u32 some = nr < 4096 ? nr : 4096;

		err = kgc_alloc_many(heap, type, 0, some, handles, NULL);
		if (err > 0)
			err = kgc_drop_many(heap, handles, some, NULL);
		nr -= some;
	}
	return err;
}

#define BLOB	512U	/* few large objects fill a heap sooner than many small ones */

static int register_blob(int heap)
{
	return kgc_type_register(heap, "blob", BLOB, KGC_TYPE_NOSCAN, NULL, 0);
}

TEST_F(heap, garbage_dies_within_two_cycles)
{
	unsigned long garbage = scaled(30000);
	struct kgc_stats before, after;
	__u64 root;

	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 1000, &root));
	ASSERT_EQ(0, litter(self->fd, self->node, garbage));
	before = stats_of(self->fd);
	EXPECT_EQ(0, before.frees);
	EXPECT_EQ(garbage + 1000, before.heap_objects);
	ASSERT_EQ(0, collect_all(self->fd));
	after = stats_of(self->fd);
	EXPECT_EQ(garbage, after.frees);
	EXPECT_EQ(1000, after.heap_objects);
	EXPECT_EQ(before.num_gc + 2, after.num_gc);
	EXPECT_EQ(0, chain_check(self->fd, root, 1000));
}

TEST_F(heap, one_cycle_frees_what_was_garbage_when_nothing_else_runs)
{
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, litter(self->fd, self->node, 1000));
	ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	EXPECT_EQ(1, stats_of(self->fd).num_gc);
	EXPECT_EQ(0, stats_of(self->fd).live_objects);
	ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	EXPECT_EQ(2, stats_of(self->fd).num_gc);
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
}

TEST_F(heap, the_promised_cycle_is_reached)
{
	__u64 cycle = 0;

	for (int cycles = 1; cycles <= 2; cycles++) {
		__u64 before = stats_of(self->fd).num_gc;

		ASSERT_EQ(0, kgc_collect(self->fd, cycles, 0, &cycle));
		EXPECT_GE(cycle, before + cycles);
		EXPECT_TRUE(reaches(self->fd, cycle, 20000));
		before = stats_of(self->fd).num_gc;
		ASSERT_EQ(0, kgc_collect(self->fd, cycles, KGC_COLLECT_WAIT,
					 &cycle));
		EXPECT_GE(cycle, before + cycles);
		EXPECT_GE(stats_of(self->fd).num_gc, cycle);
	}
	EXPECT_EQ(stats_of(self->fd).num_gc, stats_of(self->fd).num_forced_gc);
}

TEST_F(heap, growth_begins_cycles_by_itself)
{
	int blob = register_blob(self->fd);
	struct kgc_stats stats;

	ASSERT_GT(blob, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, 50));
	for (int i = 0; i < 100; i++) {
		/* The heap doubles many times over 100 such steps. */
		ASSERT_EQ(0, litter(self->fd, blob, 1000));
		stats = stats_of(self->fd);
		if (stats.gc_reason[KGC_REASON_GROWTH] >= 2 && stats.frees)
			break;
	}
	EXPECT_GE(stats.gc_reason[KGC_REASON_GROWTH], 2);
	EXPECT_GT(stats.frees, 0);
	EXPECT_EQ(0, stats.num_forced_gc);
	EXPECT_GT(stats.next_gc, 0);
}

TEST_F(heap, growth_begins_none_when_it_is_off)
{
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_PERIOD_MS, 0));
	ASSERT_EQ(0, litter(self->fd, self->node, scaled(300000)));
	usleep(200000);
	EXPECT_EQ(0, stats_of(self->fd).num_gc);
	EXPECT_EQ(scaled(300000), stats_of(self->fd).heap_objects);
}

TEST_F(heap, a_larger_gogc_means_fewer_cycles)
{
	static __u64 held[4096];
	static const __u64 gogc[2] = { 50, 400 };
	int blob = register_blob(self->fd);
	__u64 cycles[2], root;

	ASSERT_GT(blob, 0);
	ASSERT_EQ(0, chain_build(self->fd, self->node, 1000, &root));
	ASSERT_EQ(4096, kgc_alloc_many(self->fd, blob, 0, 4096, held, NULL));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, gogc[i]));
		ASSERT_EQ(0, collect_all(self->fd));
		cycles[i] = stats_of(self->fd).num_gc;
		for (int j = 0; j < 30; j++)
			ASSERT_EQ(0, litter(self->fd, blob, 1000));
		cycles[i] = stats_of(self->fd).num_gc - cycles[i];
	}
	EXPECT_GT(cycles[0], cycles[1]);
	EXPECT_EQ(0, chain_check(self->fd, root, 1000));
}

TEST_F(heap, time_begins_a_cycle_when_something_was_allocated)
{
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, litter(self->fd, self->node, 1000));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_PERIOD_MS, 200));
	EXPECT_TRUE(reaches(self->fd, 1, 20000));
	EXPECT_GE(stats_of(self->fd).gc_reason[KGC_REASON_PERIOD], 1);
	EXPECT_EQ(0, stats_of(self->fd).num_forced_gc);
}

TEST_F(heap, the_soft_limit_begins_cycles_that_growth_would_not)
{
	int blob = register_blob(self->fd);
	struct kgc_stats stats;

	ASSERT_GT(blob, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_SOFT_LIMIT, 2 << 20));
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, litter(self->fd, blob, 1000));
		stats = stats_of(self->fd);
		if (stats.gc_reason[KGC_REASON_LIMIT] && stats.frees)
			break;
	}
	EXPECT_GE(stats.gc_reason[KGC_REASON_LIMIT], 1);
	EXPECT_GT(stats.frees, 0);
	EXPECT_EQ(0, stats.gc_reason[KGC_REASON_GROWTH]);
}

TEST_F(heap, garbage_is_collected_before_the_hard_limit_is_hit)
{
	/* Many times what fits, but all of it is garbage: no allocation fails. */
	unsigned long nr = (1 + scaled(9)) * (8 << 20) / BLOB;
	int blob = register_blob(self->fd);

	ASSERT_GT(blob, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, 8 << 20));
	for (unsigned long i = 0; i < nr; i += 256)
		ASSERT_EQ(0, litter(self->fd, blob, 256));
	EXPECT_LE(stats_of(self->fd).heap_sys, 8 << 20);
}

TEST_F(heap, the_verifier_agrees_with_the_marker)
{
	__u64 root;

	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_VERIFY, 1));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 5000, &root));
	ASSERT_EQ(0, litter(self->fd, self->node, 5000));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(5000, stats_of(self->fd).heap_objects);
	EXPECT_EQ(0, chain_check(self->fd, root, 5000));
}

TEST_F(heap, mutators_are_never_paused)
{
	__u64 root, begin = monotonic_ns();
	struct kgc_stats stats;

	ASSERT_EQ(0, chain_build(self->fd, self->node, 50000, &root));
	ASSERT_EQ(0, collect_all(self->fd));
	stats = stats_of(self->fd);
	EXPECT_EQ(0, stats.pause_total_ns);
	EXPECT_GT(stats.longest_step_ns, 0);
	EXPECT_LT(stats.longest_step_ns, monotonic_ns() - begin);
	EXPECT_GT(stats.cycle_ns, 0);
	EXPECT_LE(stats.mark_ns, stats.cycle_ns);
	EXPECT_GE(stats.last_gc_ns, begin);
	EXPECT_LE(stats.last_gc_ns, monotonic_ns());
	EXPECT_GT(stats.gc_cpu_ns, 0);
	EXPECT_GE(stats.mark_rounds, stats.num_gc);
	EXPECT_GE(stats.mark_rounds_max, 1);
	EXPECT_LE(stats.mark_rounds_max, stats.mark_rounds);
}

TEST_HARNESS_MAIN
