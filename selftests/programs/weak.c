// SPDX-License-Identifier: GPL-2.0
/*
 * A weak handle keeps no object alive. It gives a strong handle as long as the object
 * lives, and 0 for ever once the object is dead.
 *
 * kselftest-timeout: 60
 */
#include "chain.h"
#include "heap.h"
#include "random.h"

TEST_F(heap, a_weak_handle_keeps_nothing_alive)
{
	__u64 object, weak, strong = 1;

	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	ASSERT_EQ(0, kgc_weak_create(self->fd, object, &weak));
	EXPECT_EQ(2, stats_of(self->fd).handles);
	ASSERT_EQ(0, kgc_drop(self->fd, object));
	EXPECT_EQ(1, stats_of(self->fd).handles);
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
	EXPECT_EQ(0, kgc_weak_get(self->fd, weak, &strong));
	EXPECT_EQ(0, strong);
	/* New objects may reuse the slot; the weak handle still reads as dead. */
	for (int i = 0; i < 1000; i++)
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	EXPECT_EQ(0, kgc_weak_get(self->fd, weak, &strong));
	EXPECT_EQ(0, strong);
	EXPECT_EQ(0, kgc_weak_drop(self->fd, weak));
}

TEST_F(heap, a_weak_handle_finds_what_others_keep_alive)
{
	__u64 holder, object, weak, strong, mark = 4711, word = 0;

	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &holder));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	ASSERT_EQ(0, kgc_write(self->fd, object, NODE_WORD, &mark, 8));
	ASSERT_EQ(0, kgc_store(self->fd, holder, NODE_LEFT, object));
	ASSERT_EQ(0, kgc_weak_create(self->fd, object, &weak));
	ASSERT_EQ(0, kgc_drop(self->fd, object));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_weak_get(self->fd, weak, &strong));
	ASSERT_NE(0, strong);
	ASSERT_EQ(0, kgc_read(self->fd, strong, NODE_WORD, &word, 8));
	EXPECT_EQ(mark, word);
	/* Now only the strong handle keeps the object. */
	ASSERT_EQ(0, kgc_store(self->fd, holder, NODE_LEFT, 0));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(2, stats_of(self->fd).heap_objects);
	ASSERT_EQ(0, kgc_drop(self->fd, strong));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(1, stats_of(self->fd).heap_objects);
	EXPECT_EQ(0, kgc_weak_get(self->fd, weak, &strong));
	EXPECT_EQ(0, strong);
}

TEST_F(heap, weak_and_strong_handles_are_not_confused)
{
	__u64 object, weak, out;

	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	ASSERT_EQ(0, kgc_weak_create(self->fd, object, &weak));
	EXPECT_NE(object, weak);
	EXPECT_EQ(-ENOENT, kgc_load(self->fd, weak, NODE_LEFT, &out));
	EXPECT_EQ(-ENOENT, kgc_store(self->fd, object, NODE_LEFT, weak));
	EXPECT_EQ(-ENOENT, kgc_drop(self->fd, weak));
	EXPECT_EQ(-ENOENT, kgc_weak_get(self->fd, object, &out));
	EXPECT_EQ(-ENOENT, kgc_weak_drop(self->fd, object));
	ASSERT_EQ(0, kgc_weak_drop(self->fd, weak));
	EXPECT_EQ(-ENOENT, kgc_weak_get(self->fd, weak, &out));
	EXPECT_EQ(-ENOENT, kgc_weak_drop(self->fd, weak));
	EXPECT_EQ(-ENOENT, kgc_weak_create(self->fd, 0, &out));
}

/* Each node of a dead ring is pointed to, yet all weak handles to them read as dead. */
TEST_F(heap, a_dead_cycle_clears_all_its_weak_handles)
{
	enum { NR = 200 };
	static __u64 nodes[NR], weak[NR];
	__u64 strong;

	for (int i = 0; i < NR; i++) {
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &nodes[i]));
		ASSERT_EQ(0, kgc_weak_create(self->fd, nodes[i], &weak[i]));
	}
	for (int i = 0; i < NR; i++)
		ASSERT_EQ(0, kgc_store(self->fd, nodes[i], NODE_LEFT,
				       nodes[(i + 1) % NR]));
	ASSERT_EQ(0, kgc_drop_many(self->fd, nodes + 1, NR - 1, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	for (int i = 0; i < NR; i++) {
		ASSERT_EQ(0, kgc_weak_get(self->fd, weak[i], &strong));
		ASSERT_NE(0, strong);
		ASSERT_EQ(0, kgc_drop(self->fd, strong));
	}
	ASSERT_EQ(0, kgc_drop(self->fd, nodes[0]));
	ASSERT_EQ(0, collect_all(self->fd));
	for (int i = 0; i < NR; i++) {
		ASSERT_EQ(0, kgc_weak_get(self->fd, weak[i], &strong));
		EXPECT_EQ(0, strong);
	}
}

/* A weak handle is never dead while a strong one is open, nor alive after it was dead. */
TEST_F(heap, no_flicker_while_cycles_run)
{
	enum { NR = 64 };
	struct random random = random_from(random_seed());
	static __u64 strong[NR], weak[NR];
	static bool dead[NR];
	unsigned long deaths = 0, step;

	for (step = 0; step < scaled(20000) || (!deaths && step < 20000); step++) {
		int i = random_below(&random, NR);
		__u64 got = 0;

		if (!weak[i]) {
			ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0,
					       &strong[i]));
			ASSERT_EQ(0, kgc_weak_create(self->fd, strong[i],
						     &weak[i]));
			dead[i] = false;
		} else if (strong[i] && random_below(&random, 2)) {
			ASSERT_EQ(0, kgc_drop(self->fd, strong[i]));
			strong[i] = 0;
		} else {
			ASSERT_EQ(0, kgc_weak_get(self->fd, weak[i], &got));
			ASSERT_TRUE(got || !strong[i]);
			ASSERT_FALSE(got && dead[i]);
			if (!strong[i])
				strong[i] = got;
			else if (kgc_drop(self->fd, got))
				ASSERT_EQ(0, got);
			if (!got && !dead[i]) {
				dead[i] = true;
				deaths++;
			} else if (!got) {
				ASSERT_EQ(0, kgc_weak_drop(self->fd, weak[i]));
				weak[i] = 0;
			}
		}
		/* Mostly go on beside the cycle; now and then wait for it. */
		if (step % 16 == 0)
			ASSERT_EQ(0, kgc_collect(self->fd, 1,
						 step % 2048 ? 0 :
						 KGC_COLLECT_WAIT, NULL));
	}
	EXPECT_GT(deaths, 0);
}

TEST_F(heap, the_batch_knows_weak_handles)
{
	struct kgc_batch_builder batch;
	int object, weak, strong, again;

	ASSERT_EQ(0, kgc_batch_init(&batch, self->fd, 16));
	object = kgc_batch_alloc(&batch, self->node, 0);
	weak = kgc_batch_weak_create(&batch, KGC_RESULT(object));
	strong = kgc_batch_weak_get(&batch, KGC_RESULT(weak));
	kgc_batch_drop(&batch, KGC_RESULT(object));
	kgc_batch_drop(&batch, KGC_RESULT(strong));
	kgc_batch_collect(&batch, 2);
	again = kgc_batch_weak_get(&batch, KGC_RESULT(weak));
	kgc_batch_weak_drop(&batch, KGC_RESULT(weak));
	ASSERT_EQ(0, flush_all(&batch));
	EXPECT_NE(0, kgc_batch_result(&batch, strong));
	EXPECT_EQ(0, kgc_batch_result(&batch, again));
	kgc_batch_destroy(&batch);
}

TEST_HARNESS_MAIN
