// SPDX-License-Identifier: GPL-2.0
/*
 * A heap returns memory that it no longer needs to the kernel: on KGC_SCAVENGE, after a
 * cycle with the option KGC_SCAVENGE_NOW, and with the lazy option once most of the heap
 * is free or the heap has been idle.
 *
 * kselftest-timeout: 180
 */
#include "chain.h"
#include "heap.h"
#include "pace.h"
#include "share.h"

/* 8 MiB of 4 KiB blobs, one handle each. */
#define BLOBS 2048
#define BLOB 4096

static int fill_with(int heap, __u64 *handles, __u32 nr)
{
	int type = kgc_type_register(heap, "blob", BLOB, KGC_TYPE_NOSCAN, NULL,
				     0);

	if (type < 0)
		return type;
	return kgc_alloc_many(heap, type, 0, nr, handles, NULL) == nr ?
	       0 : -ENOMEM;
}

static int fill(int heap, __u64 *handles)
{
	return fill_with(heap, handles, BLOBS);
}

TEST_F(heap, an_emptied_heap_gives_its_memory_back)
{
	static __u64 handles[BLOBS];
	struct kgc_stats empty = stats_of(self->fd), full, after;
	__u64 released = 0;

	ASSERT_EQ(0, fill(self->fd, handles));
	full = stats_of(self->fd);
	EXPECT_GE(full.heap_sys, BLOBS * BLOB);
	ASSERT_EQ(0, kgc_drop_many(self->fd, handles, BLOBS, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, &released));
	after = stats_of(self->fd);
	EXPECT_EQ(0, after.heap_objects);
	/* A little may stay with the CPUs' caches. */
	EXPECT_LE(after.heap_sys, empty.heap_sys + BLOBS * BLOB / 8);
	EXPECT_GE(after.heap_released, BLOBS * BLOB * 7 / 8);
	EXPECT_GE(after.heap_released, released);
	EXPECT_EQ(full.heap_sys - after.heap_sys,
		  after.heap_released - full.heap_released);
}

TEST_F(heap, what_lives_stays_and_is_unharmed)
{
	static __u64 handles[BLOBS];
	struct kgc_stats full, after;
	__u64 root, released;

	ASSERT_EQ(0, chain_build(self->fd, self->node, 10000, &root));
	ASSERT_EQ(0, fill(self->fd, handles));
	full = stats_of(self->fd);
	ASSERT_EQ(0, kgc_drop_many(self->fd, handles, BLOBS, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, &released));
	after = stats_of(self->fd);
	EXPECT_LT(after.heap_sys, full.heap_sys / 2);
	EXPECT_EQ(10000, after.heap_objects);
	EXPECT_EQ(0, chain_check(self->fd, root, 10000));
	/* The heap can grow again. */
	ASSERT_EQ(0, fill(self->fd, handles));
	EXPECT_EQ(10000 + BLOBS, stats_of(self->fd).heap_objects);
	EXPECT_EQ(0, chain_check(self->fd, root, 10000));
}

TEST_F(heap, a_full_heap_has_nothing_to_give)
{
	static __u64 handles[BLOBS];
	__u64 released = 0, sys;

	ASSERT_EQ(0, fill(self->fd, handles));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, &released));
	sys = stats_of(self->fd).heap_sys;
	EXPECT_GE(sys, BLOBS * BLOB);
	ASSERT_EQ(0, kgc_scavenge(self->fd, &released));
	EXPECT_EQ(0, released);
	EXPECT_EQ(sys, stats_of(self->fd).heap_sys);
}

TEST_F(heap, the_eager_policy_needs_no_asking)
{
	static __u64 handles[BLOBS];

	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_SCAVENGE,
				    KGC_SCAVENGE_NOW));
	ASSERT_EQ(0, fill(self->fd, handles));
	ASSERT_EQ(0, kgc_drop_many(self->fd, handles, BLOBS, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_TRUE(comes_true(stats_of(self->fd).heap_sys < BLOBS * BLOB / 4));
}

/* ---- the lazy option, without KGC_SCAVENGE --------------------------------- */

#define MANY	(2 * BLOBS)
#define GROUP	160		/* blobs; the survivors of a group lie side by side */
#define ARENA	(1 << 20)	/* the largest arena of a heap of that size */

/* Drop all but the first @percent of every group, so that no arena is free as a whole. */
static int drop_all_of(int heap, const __u64 *handles, int many, int percent)
{
	int err = 0;

	for (int i = 0; i < many && !err; i += GROUP) {
		int nr = i + GROUP < many ? GROUP : many - i, live = nr * percent / 100;

		err = kgc_drop_many(heap, handles + i + live, nr - live, NULL);
	}
	return err;
}

/*
 * The same with MANY blobs. With @settled, cycles run first until the heap's rate of
 * allocation counts as nothing.
 */
static int drop_all_but(int heap, const __u64 *handles, int percent, bool settled)
{
	int err = settled ? collect_all(heap) ?: collect_all(heap) : 0;

	return err ?: drop_all_of(heap, handles, MANY, percent);
}

static int collect_once(int heap)
{
	return kgc_collect(heap, 1, KGC_COLLECT_WAIT, NULL);
}

TEST_F(heap, a_heap_that_is_mostly_free_shrinks_by_itself)
{
	static __u64 handles[MANY];
	struct kgc_stats full, after, later;

	ASSERT_TRUE(run_on_cpu(0));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, fill_with(self->fd, handles, MANY));
	ASSERT_EQ(0, drop_all_but(self->fd, handles, 20, true));
	full = stats_of(self->fd);
	ASSERT_GE(full.heap_inuse, MANY * BLOB);
	ASSERT_EQ(0, collect_once(self->fd));
	after = stats_of(self->fd);
	TH_LOG("%llu of %llu kB were free, %llu of %llu stay",
	       (full.heap_sys - after.heap_inuse) >> 10, full.heap_sys >> 10,
	       after.heap_idle >> 10, after.heap_sys >> 10);
	ASSERT_LE(after.heap_inuse, MANY * BLOB / 4);
	/* 40 % free is 2 pages for 3 in use; 64 KiB, because pages go in runs */
	EXPECT_LE(after.heap_idle, after.heap_inuse * 2 / 3 + 65536);
	EXPECT_GE(after.heap_idle, after.heap_inuse * 2 / 3 - ARENA);
	EXPECT_GT(after.heap_idle, 0);
	EXPECT_EQ(full.heap_sys - after.heap_sys,
		  after.heap_released - full.heap_released);
	/* further cycles release nothing more */
	ASSERT_EQ(0, collect_all(self->fd));
	later = stats_of(self->fd);
	EXPECT_EQ(after.heap_released, later.heap_released);
	EXPECT_EQ(after.heap_sys, later.heap_sys);
}

TEST_F(heap, a_heap_that_is_half_free_keeps_its_memory)
{
	static __u64 handles[MANY];
	struct kgc_stats full, after;

	ASSERT_TRUE(run_on_cpu(0));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, fill_with(self->fd, handles, MANY));
	ASSERT_EQ(0, drop_all_but(self->fd, handles, 40, true));
	full = stats_of(self->fd);
	ASSERT_EQ(0, collect_all(self->fd));
	after = stats_of(self->fd);
	EXPECT_EQ(full.heap_released, after.heap_released);
	EXPECT_EQ(full.heap_sys, after.heap_sys);
	/* between the bounds: more than 40 % is free, but no more than 70 % */
	EXPECT_GT(after.heap_idle, after.heap_sys / 2);
	EXPECT_LE(after.heap_idle, after.heap_sys * 7 / 10);
}

TEST_F(heap, what_is_allocated_in_a_second_stays)
{
	static __u64 handles[MANY];
	struct kgc_stats full, after;
	__u64 rate, spare, keep;

	ASSERT_TRUE(run_on_cpu(0));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	/* this cycle begins the measurement of the rate */
	ASSERT_EQ(0, collect_once(self->fd));
	ASSERT_EQ(0, fill_with(self->fd, handles, MANY));
	ASSERT_EQ(0, drop_all_but(self->fd, handles, 10, false));
	full = stats_of(self->fd);
	ASSERT_EQ(0, collect_once(self->fd));
	after = stats_of(self->fd);
	ASSERT_EQ(0, debugfs_value(self->info.heap_id, "pace", "AllocBytesPerMs", &rate));
	spare = full.heap_sys - after.heap_inuse;
	keep = rate * 1000 < spare ? rate * 1000 : spare;
	TH_LOG("%llu kB in a second, %llu of %llu kB stay", rate * 1000 >> 10,
	       after.heap_idle >> 10, spare >> 10);
	ASSERT_GT(spare, full.heap_sys * 7 / 10);
	EXPECT_GE(after.heap_idle + ARENA, keep);
	if (keep == spare)
		EXPECT_EQ(full.heap_released, after.heap_released);
}

/* Whether the lower bound holds: 40 % are free, or 64 KiB more, as pages go in runs. */
static bool holds_40_percent_free(const struct kgc_stats *stats)
{
	return stats->heap_idle <= stats->heap_inuse * 2 / 3 + 65536;
}

/* Take a span of @type, which ends with the next cycle. Return: 0 or -errno. */
static int take_span(int heap, int type)
{
	__u64 handle;

	return kgc_alloc(heap, type, 0, &handle) ?: kgc_drop(heap, handle);
}

#define LARGE	(3 * 4096)	/* blobs: 48 MiB, three pieces */

/*
 * The end of a cycle gives back a piece of 16 MiB. The rest follows, although no other
 * cycle begins and the heap is not idle.
 */
TEST_F(heap, a_large_heap_gives_the_rest_back_after_the_cycle)
{
	int type = kgc_type_register(self->fd, "span", 2 * BLOB, KGC_TYPE_NOSCAN, NULL, 0);
	static __u64 handles[LARGE];
	struct kgc_stats full, after;

	ASSERT_GT(type, 0);
	ASSERT_TRUE(run_on_cpu(0));
	no_cycles(_metadata, self->fd);
	ASSERT_EQ(0, fill_with(self->fd, handles, LARGE));
	/* these cycles make the heap's rate of allocation count as nothing */
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, drop_all_of(self->fd, handles, LARGE, 10));
	ASSERT_EQ(0, collect_once(self->fd));
	full = stats_of(self->fd);
	for (int i = 0; i < HANG_S * 10; i++) {
		after = stats_of(self->fd);
		if (holds_40_percent_free(&after))
			break;
		/* the timer does not find an idle heap */
		ASSERT_EQ(0, take_span(self->fd, type));
		usleep(100000);
	}
	TH_LOG("%llu kB in use, %llu kB free, %llu kB given back after the cycle",
	       after.heap_inuse >> 10, after.heap_idle >> 10,
	       (after.heap_released - full.heap_released) >> 10);
	EXPECT_TRUE(holds_40_percent_free(&after));
	EXPECT_EQ(full.num_gc, after.num_gc);
}

/* ---- a heap that is idle --------------------------------------------------- */

/* Make @heap 60 % free, which a heap in use keeps. Return: 0 or -errno. */
static int mostly_free(int heap, __u64 *handles)
{
	return kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF) ?:
	       kgc_option_set(heap, KGC_OPT_PERIOD_MS, 0) ?:
	       fill_with(heap, handles, MANY) ?:
	       drop_all_but(heap, handles, 40, true) ?: collect_all(heap);
}

/* rests() for the heap @id, while @busy takes a span of @type every 200 ms. */
static bool rests_beside(__u64 id, int busy, int type)
{
	__u64 before;

	for (int i = 0; i < 40; i++) {
		before = pace_value(id, "Wakeups");
		for (int us = 0; us < REST_US; us += 200000) {
			if (take_span(busy, type))
				return false;
			usleep(200000);
		}
		if (pace_value(id, "Wakeups") == before)
			return true;
	}
	return false;
}

/*
 * Wait until @heap has released more than @before bytes, down to the lower bound. If
 * @type is not 0, @busy takes a span of it every 200 ms, so as not to become idle.
 */
static struct kgc_stats wait_for_release(struct __test_metadata *_metadata, int heap,
					 __u64 before, int busy, int type)
{
	struct kgc_stats stats = { 0 };

	for (int i = 0; i < HANG_S * 5; i++) {
		stats = stats_of(heap);
		if (stats.heap_released > before && holds_40_percent_free(&stats))
			break;
		EXPECT_EQ(0, type ? take_span(busy, type) : 0);
		usleep(200000);
	}
	TH_LOG("%llu kB in use, %llu kB free", stats.heap_inuse >> 10,
	       stats.heap_idle >> 10);
	EXPECT_GT(stats.heap_released, before);
	EXPECT_TRUE(holds_40_percent_free(&stats));
	EXPECT_GE(stats.heap_idle, stats.heap_inuse * 2 / 3 - ARENA);
	return stats;
}

#define IDLE_S	10		/* a heap shrinks after that long without an allocation */

/*
 * Two equal heaps: one is idle from the beginning, the other allocates until the first
 * has shrunk. The timer of the idle one runs once, and once more for each second in which
 * the share has no CPU time left.
 */
TEST_F(heap, a_heap_that_is_idle_shrinks_to_40_percent_free_and_then_rests)
{
	__u64 id = self->info.heap_id, woken, rested;
	struct kgc_stats begun, idle, busy, after;
	static __u64 handles[MANY];
	double begin = now(), waited;
	int other = kgc_open(), type;

	ASSERT_GE(other, 0);
	type = kgc_type_register(other, "span", 2 * BLOB, KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(type, 0);
	ASSERT_TRUE(run_on_cpu(0));
	ASSERT_EQ(0, mostly_free(self->fd, handles));
	ASSERT_EQ(0, mostly_free(other, handles));
	begun = stats_of(self->fd);
	busy = stats_of(other);
	ASSERT_GT(begun.heap_idle, begun.heap_sys / 2);
	ASSERT_TRUE(rests_beside(id, other, type));
	woken = pace_value(id, "Wakeups");
	/* on a slow machine the timer may have run meanwhile */
	woken -= stats_of(self->fd).heap_released > begun.heap_released;

	idle = wait_for_release(_metadata, self->fd, begun.heap_released, other, type);
	waited = now() - begin;
	ASSERT_TRUE(rests_beside(id, other, type));
	rested = pace_value(id, "Wakeups");
	EXPECT_GE(rested, woken + 1);
	EXPECT_LE(rested, woken + 1 + (waited > IDLE_S ? waited - IDLE_S : 0));
	EXPECT_EQ(busy.heap_released, stats_of(other).heap_released);

	busy = wait_for_release(_metadata, other, busy.heap_released, -1, 0);
	after = stats_of(self->fd);
	EXPECT_EQ(idle.heap_released, after.heap_released);
	EXPECT_EQ(rested, pace_value(id, "Wakeups"));
	kgc_close(other);
}

TEST_HARNESS_MAIN
