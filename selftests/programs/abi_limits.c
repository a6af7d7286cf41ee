// SPDX-License-Identifier: GPL-2.0
/*
 * A full table is ENOSPC, a full heap is ENOMEM, and a wait that a signal ends is EINTR.
 * The heap still works after each of them.
 *
 * kselftest-timeout: 120
 */
#include <signal.h>
#include <sys/time.h>

#include "chain.h"
#include "heap.h"

TEST_F(heap, a_full_type_table_is_enospc)
{
	struct kgc_stats stats = stats_of(self->fd);
	__u64 handle;
	int last = 0;

	ASSERT_LE(self->info.max_types, 1 << 16);
	if (self->info.max_types > scaled(1U << 17))
		SKIP(return, "%u types take too long to register here",
		     self->info.max_types);
	for (__u32 types = stats.types; types < self->info.max_types; types++) {
		last = kgc_type_register(self->fd, NULL, 8, 0, NULL, 0);
		ASSERT_GT(last, 0) {
			TH_LOG("type %u of %u", types, self->info.max_types);
		}
	}
	EXPECT_EQ(-ENOSPC, kgc_type_register(self->fd, NULL, 8, 0, NULL, 0));
	EXPECT_EQ(self->info.max_types, stats_of(self->fd).types);
	/* What is registered can still be used. */
	EXPECT_EQ(0, kgc_alloc(self->fd, last, 0, &handle));
}

/* Open handles to @object until the table is full. Return: how many were opened. */
static __u32 fill_handles(int heap, __u64 object, __u32 most, __u64 *handles)
{
	struct kgc_batch_builder batch;
	__u32 nr = 0, i;

	if (kgc_batch_init(&batch, heap, 4096))
		return 0;
	do {
		kgc_batch_reset(&batch);
		while (kgc_batch_room(&batch))
			kgc_batch_dup(&batch, object);
		flush_all(&batch);
		for (i = 0; i < batch.nr && nr < most; i++)
			if (!batch.ops[i].error)
				handles[nr++] = batch.ops[i].result;
	} while (!batch.failed && nr < most);
	kgc_batch_destroy(&batch);
	return nr;
}

TEST_F(heap, a_full_handle_table_is_enospc)
{
	__u32 max = self->info.max_handles, open, done;
	struct kgc_final_record record;
	__u64 object, one, *handles;

	if (max > scaled(2U << 20))
		SKIP(return, "%u handles take too long to open here", max);
	handles = malloc(max * sizeof(*handles));
	ASSERT_NE(NULL, handles);
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	ASSERT_EQ(0, kgc_store(self->fd, object, NODE_LEFT, object));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &one));
	ASSERT_EQ(0, kgc_finalize(self->fd, one, 42));
	ASSERT_EQ(0, kgc_drop(self->fd, one));
	ASSERT_EQ(0, collect_all(self->fd));
	open = fill_handles(self->fd, object, max, handles);
	EXPECT_EQ(max, open + 1);
	EXPECT_EQ(-ENOSPC, kgc_dup(self->fd, object, &one));
	EXPECT_EQ(-ENOSPC, kgc_alloc(self->fd, self->node, 0, &one));
	EXPECT_EQ(-ENOSPC, kgc_load(self->fd, object, NODE_LEFT, &one));
	/* The exchange does not happen if the old value gets no handle. */
	EXPECT_EQ(-ENOSPC, kgc_xchg(self->fd, object, NODE_LEFT, 0, &one));
	/* A record whose object gets no handle stays for the next reader. */
	EXPECT_EQ(-ENOSPC, kgc_final_read(self->fd, &record, 1));

	ASSERT_EQ(0, kgc_drop(self->fd, handles[0]));
	EXPECT_EQ(1, kgc_final_read(self->fd, &record, 1));
	EXPECT_EQ(42, record.cookie);
	ASSERT_EQ(0, kgc_drop(self->fd, record.handle));
	EXPECT_EQ(0, kgc_load(self->fd, object, NODE_LEFT, &one));
	EXPECT_NE(0, one);
	ASSERT_EQ(0, kgc_drop_many(self->fd, handles + 1, open - 1, &done));
	EXPECT_EQ(open - 1, done);
	EXPECT_EQ(2, stats_of(self->fd).handles);
	free(handles);
}

TEST_F(heap, the_hard_limit_is_enomem_and_tells_what_stands)
{
	int blob = kgc_type_register(self->fd, "blob", 1000, KGC_TYPE_NOSCAN,
				     NULL, 0);
	enum { LIMIT = 4 << 20, NR = 8192 };
	static __u64 handles[NR];
	struct kgc_stats stats;
	__u32 done = 0;

	ASSERT_GT(blob, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, LIMIT));
	ASSERT_EQ(-ENOMEM, kgc_alloc_many(self->fd, blob, 0, NR, handles,
					  &done));
	EXPECT_GT(done, LIMIT / 1000 / 2);
	EXPECT_LT(done, NR);
	stats = stats_of(self->fd);
	EXPECT_EQ(done, stats.handles);
	EXPECT_EQ(done, stats.heap_objects);
	EXPECT_LE(stats.heap_sys, LIMIT);
	for (__u32 i = 0; i < done; i++)
		ASSERT_EQ(0, kgc_object_info(self->fd, handles[i], NULL, NULL));

	/* Dropping and collecting makes room again. */
	ASSERT_EQ(0, kgc_drop_many(self->fd, handles, done, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(1000, kgc_alloc_many(self->fd, blob, 0, 1000, handles, &done));
}

TEST_F(heap, the_hard_limit_holds_for_large_objects)
{
	int blob = kgc_type_register(self->fd, "blob", 1,
				     KGC_TYPE_NOSCAN | KGC_TYPE_ARRAY, NULL, 0);
	__u64 handle, count = 2 << 20;
	int nr = 0, err;

	ASSERT_GT(blob, 0);
	if (count > self->info.max_object)
		count = self->info.max_object;
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, 4 * count));
	while (!(err = kgc_alloc(self->fd, blob, count, &handle)) && nr < 5)
		nr++;
	EXPECT_EQ(-ENOMEM, err);
	EXPECT_GE(nr, 1);
	EXPECT_LE(nr, 4);
}

/* Neither sums with such a limit nor goals may overflow. */
TEST_F(heap, a_limit_beyond_all_memory_is_none)
{
	int blob = kgc_type_register(self->fd, "blob", 1000, KGC_TYPE_NOSCAN,
				     NULL, 0);
	static const __u64 limits[] = { ~0ULL, 1ULL << 63, ~0ULL >> 1 };
	static __u64 handles[8192];
	struct kgc_stats stats;
	__u64 goal;

	ASSERT_GT(blob, 0);
	ASSERT_EQ(0, collect_all(self->fd));
	goal = stats_of(self->fd).next_gc;
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_SOFT_LIMIT, limits[i]));
		ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, limits[i]));
		EXPECT_EQ(goal, stats_of(self->fd).next_gc);
		ASSERT_EQ(8192, kgc_alloc_many(self->fd, blob, 0, 8192, handles,
					       NULL));
		ASSERT_EQ(0, kgc_drop_many(self->fd, handles, 8192, NULL));
		ASSERT_EQ(0, collect_all(self->fd));
		stats = stats_of(self->fd);
		EXPECT_EQ(0, stats.heap_objects);
		EXPECT_EQ(goal, stats.next_gc);
		EXPECT_EQ(0, stats.gc_reason[KGC_REASON_LIMIT]);
	}
	/* with GOGC off, such a limit still makes no goal */
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_SOFT_LIMIT, ~0ULL));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	EXPECT_EQ(~0ULL, stats_of(self->fd).next_gc);
	EXPECT_EQ(8192, kgc_alloc_many(self->fd, blob, 0, 8192, handles, NULL));
}

static void nothing(int signal)
{
}

/* Raise one SIGALRM after @microseconds, without SA_RESTART; 0 cancels it. */
static void alarm_in(int microseconds)
{
	struct itimerval timer = { .it_value = { 0, microseconds } };
	struct sigaction action = { .sa_handler = nothing };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

TEST_F(heap, an_interrupted_wait_is_eintr_and_the_cycle_goes_on)
{
	unsigned long length = scaled(100000);
	struct kgc_stats before, after;
	__u64 root;
	int err = 0;

	/* Marking a chain that long takes longer than the first alarms. */
	ASSERT_EQ(0, chain_build(self->fd, self->node, length, &root));
	for (int attempt = 0; attempt < 200 && err != -EINTR; attempt++) {
		before = stats_of(self->fd);
		alarm_in(300 + 200 * attempt);
		err = kgc_collect(self->fd, 2, KGC_COLLECT_WAIT, NULL);
		alarm_in(0);
		ASSERT_TRUE(err == 0 || err == -EINTR);
	}
	ASSERT_EQ(-EINTR, err);
	/* Both cycles complete although the interrupted caller does not ask again. */
	EXPECT_TRUE(comes_true((after = stats_of(self->fd), after.num_gc >= before.num_gc + 2)));
	EXPECT_EQ(length, after.heap_objects);
}

TEST_F(heap, a_batch_ended_by_a_signal_can_be_continued)
{
	struct kgc_batch_builder batch;
	int interrupted = 0;
	__u64 root;

	ASSERT_EQ(0, chain_build(self->fd, self->node, scaled(20000), &root));
	ASSERT_EQ(0, kgc_batch_init(&batch, self->fd, 4096));
	for (int round = 0; round < 200 && interrupted < 3; round++) {
		int first = kgc_batch_alloc(&batch, self->node, 0), err;

		/* The batch waits here, so the alarm probably interrupts it. */
		kgc_batch_collect(&batch, 1);
		while (kgc_batch_room(&batch) >= 2) {
			int next = kgc_batch_alloc(&batch, self->node, 0);

			kgc_batch_store(&batch, KGC_RESULT(first), NODE_LEFT,
					KGC_RESULT(next));
			first = next;
		}
		alarm_in(300 + 200 * round);
		while ((err = kgc_batch_flush(&batch, 0)) == -EINTR)
			interrupted++;
		alarm_in(0);
		ASSERT_EQ(0, err);
		ASSERT_EQ(batch.nr, batch.done);
		for (__u32 i = 0; i < batch.nr; i++) {
			/* A signal may interrupt only this kind of operation. */
			if (batch.ops[i].op == KGC_OP_COLLECT)
				continue;
			ASSERT_EQ(0, batch.ops[i].error) {
				TH_LOG("operation %u", i);
			}
			if (batch.ops[i].op == KGC_OP_ALLOC)
				ASSERT_EQ(0, kgc_drop(self->fd,
						      batch.ops[i].result));
		}
		kgc_batch_reset(&batch);
	}
	EXPECT_GT(interrupted, 0);
	kgc_batch_destroy(&batch);
}

TEST_HARNESS_MAIN
