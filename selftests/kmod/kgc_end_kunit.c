// SPDX-License-Identifier: GPL-2.0
/*
 * The end of a heap whose cycle waits for regions: what RCU will call when they
 * are over has been called before the heap is gone.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kgc.h>
#include <linux/kthread.h>

#include "kmod/heap.h"

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

static void a_heap_outlives_its_callback(struct kunit *test)
{
	struct kgc_heap *heap = kgc_heap_create("end", THIS_MODULE);
	struct region region = { };
	struct task_struct *task;
	unsigned int tries;

	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	init_completion(&region.begun);
	init_completion(&region.waited_for);
	task = kthread_create(long_region, &region, "kgc_region");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	/* not where SRCU's callbacks run, or the cycle does not come that far */
	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current, cpumask_of(0)));
	kthread_bind(task, cpumask_last(cpu_online_mask));
	wake_up_process(task);
	wait_for_completion(&region.begun);
	kgc_collect_start(heap, 1);
	for (tries = 0; tries < 3000 &&
	     READ_ONCE(heap->cycle.waiting) != KGC_AWAIT_REGIONS; tries++)
		usleep_range(1000, 2000);
	complete(&region.waited_for);
	KUNIT_EXPECT_LT(test, tries, 3000U);
	kgc_heap_destroy(heap);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(region.over));
	kthread_stop(task);
	set_cpus_allowed_ptr(current, cpu_possible_mask);
}

static int needs_two_processors(struct kunit *test)
{
	if (!cpumask_last(cpu_online_mask))
		kunit_skip(test, "a region beside needs a processor of its own");
	return 0;
}

static struct kunit_case end_cases[] = {
	KUNIT_CASE(a_heap_outlives_its_callback),
	{}
};

static struct kunit_suite end_suite = {
	.name = "kgc_end",
	.init = needs_two_processors,
	.test_cases = end_cases,
};

kunit_test_suite(end_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: the end of a heap whose cycle is under way");
