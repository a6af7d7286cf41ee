// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a heap whose cycle waits for regions: what RCU will call when they
 * are over has been called before the heap is gone. One at rest waits for nobody.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kgc.h>
#include <linux/kthread.h>

#include "kmod/gc/heap.h"

#define REGION_MS	300	/* many times what the end of a heap takes */

struct region {
	struct completion begun, waited_for;
	bool over;
};

/* Preemption is off until the heap has been waiting for REGION_MS. */
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

/* Whether @heap comes to wait for regions, with a callback. */
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
	/* not where SRCU's callbacks run, or the cycle does not come that far */
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

/* Then its end has no use for RCU's barrier. */
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
	/* the last callback began the rest of the cycle before it counted itself out */
	fsleep(20 * USEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&heap->grace.callbacks));
	kgc_heap_destroy(heap);
}

static struct kunit_case end_cases[] = {
	KUNIT_CASE(a_heap_outlives_its_callback),
	KUNIT_CASE(a_heap_at_rest_has_no_callback),
	{}
};

static struct kunit_suite end_suite = {
	.name = "kgc_end",
	.test_cases = end_cases,
};

kunit_test_suite(end_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: the end of a heap whose cycle is under way");
