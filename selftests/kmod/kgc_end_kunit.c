// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a heap. RCU has called all callbacks of its cycle before the heap is
 * freed, and threads that wait for a cycle have returned. A heap at rest waits for no
 * callback. The number of cycles that a caller can ask for is bounded.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kgc.h>
#include <linux/kthread.h>

#include "kmod/gc/heap.h"

#define REGION_MS	300	/* many times as long as the end of a heap takes */

struct region {
	struct completion begun, waited_for;
	bool over;
};

/* Keep preemption off until the heap has waited for REGION_MS. */
static int long_region(void *data)
{
	struct region *region = data;

	preempt_disable();
	complete(&region->begun);
	while (!completion_done(&region->waited_for))
		cpu_relax();
	mdelay(REGION_MS);
	WRITE_ONCE(region->over, true);
	preempt_enable();
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* Whether @heap gets to the point where it waits for regions, with a callback. */
static bool comes_to_wait(struct kgc_heap *heap)
{
	unsigned int tries;

	for (tries = 0; tries < 3000; tries++) {
		if (READ_ONCE(heap->grace.waiting) == KGC_AWAIT_REGIONS &&
		    atomic_read(&heap->grace.callbacks))
			return true;
		usleep_range(1000, 2000);
	}
	return false;
}

static void a_heap_outlives_its_callback(struct kunit *test)
{
	struct region region = { };
	struct task_struct *task;
	struct kgc_heap *heap;

	if (!cpumask_last(cpu_online_mask))
		kunit_skip(test, "a region beside needs a processor of its own");
	init_completion(&region.begun);
	init_completion(&region.waited_for);
	heap = kgc_heap_create("end", THIS_MODULE);
	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	task = kthread_create(long_region, &region, "kgc_region");
	if (IS_ERR(task)) {
		KUNIT_FAIL(test, "no thread: %ld", PTR_ERR(task));
		kgc_heap_destroy(heap);
		return;
	}
	/* start the cycle on CPU 0: the region must not block SRCU's callbacks */
	KUNIT_EXPECT_EQ(test, 0, set_cpus_allowed_ptr(current, cpumask_of(0)));
	kthread_bind(task, cpumask_last(cpu_online_mask));
	wake_up_process(task);
	wait_for_completion(&region.begun);
	kgc_collect_start(heap, 1);
	KUNIT_EXPECT_TRUE(test, comes_to_wait(heap));
	complete(&region.waited_for);
	kgc_heap_destroy(heap);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(region.over));
	kthread_stop(task);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

/* A heap without callbacks does not need rcu_barrier() at its end. */
static void a_heap_at_rest_has_no_callback(struct kunit *test)
{
	struct kgc_heap *heap = kgc_heap_create("rest", THIS_MODULE);
	bool waited;
	u64 cycle;

	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	cycle = kgc_collect_start(heap, 1);
	waited = comes_to_wait(heap);
	KUNIT_EXPECT_TRUE(test, waited);
	KUNIT_EXPECT_EQ(test, 0, kgc_wait(heap, cycle));
	/* the last callback starts the rest of the cycle, then drops the count */
	fsleep(20 * USEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&heap->grace.callbacks));
	kgc_heap_destroy(heap);
}

#define NR_WAITERS	3

struct waiter {
	struct kgc_heap		*heap;
	struct completion	begun, returned;
	int			err;
};

/* Wait for a cycle that no caller asks for. */
static int wait_for_ever(void *data)
{
	struct waiter *w = data;

	complete(&w->begun);
	w->err = kgc_wait(w->heap, U64_MAX);
	complete(&w->returned);
	return 0;
}

/* A thread in kgc_wait() returns, and no longer uses the heap, before kgc frees it. */
static void waiters_return_before_the_heap_is_gone(struct kunit *test)
{
	static struct waiter waiters[NR_WAITERS];
	struct kgc_heap *heap = kgc_heap_create("waiters", THIS_MODULE);
	unsigned int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	for (i = 0; i < NR_WAITERS; i++) {
		struct waiter *w = &waiters[i];

		w->heap = heap;
		init_completion(&w->begun);
		init_completion(&w->returned);
		KUNIT_ASSERT_FALSE(test, IS_ERR(kthread_run(wait_for_ever, w,
							    "kgc_waiter")));
		wait_for_completion(&w->begun);
	}
	/* let all of them go to sleep */
	msleep(100);
	kgc_heap_destroy(heap);
	for (i = 0; i < NR_WAITERS; i++) {
		KUNIT_ASSERT_NE(test, 0UL,
				wait_for_completion_timeout(&waiters[i].returned,
							    10 * HZ));
		KUNIT_EXPECT_EQ(test, -ECANCELED, waiters[i].err);
	}
}

static void requests_are_bounded(struct kunit *test)
{
	struct kgc_heap *heap = kgc_heap_create("requests", THIS_MODULE);
	u64 last;

	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	last = kgc_collect_start(heap, UINT_MAX);
	KUNIT_EXPECT_LE(test, last, (u64)KGC_COLLECT_MOST);
	if (last <= KGC_COLLECT_MOST) {
		KUNIT_EXPECT_EQ(test, 0, kgc_wait(heap, last));
		KUNIT_EXPECT_EQ(test, last, READ_ONCE(heap->request.begun));
	}
	kgc_heap_destroy(heap);
}

static struct kunit_case end_cases[] = {
	KUNIT_CASE(a_heap_outlives_its_callback),
	KUNIT_CASE(a_heap_at_rest_has_no_callback),
	KUNIT_CASE(requests_are_bounded),
	KUNIT_CASE(waiters_return_before_the_heap_is_gone),
	{}
};

static struct kunit_suite end_suite = {
	.name = "kgc_end",
	.test_cases = end_cases,
};

kunit_test_suite(end_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: the end of a heap whose cycle is under way");
