// SPDX-License-Identifier: GPL-2.0
/*
 * Charges an allocator to the memory cgroup of the process that loads this module. That
 * process, a kernel thread (which is in the root cgroup) or a tasklet then allocates
 * until it is refused. The memory stays until the module goes.
 */
#include <linux/completion.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

#include "../alloc/sources.h"

#define BYTES	8192
#define BURST	32

static char *from = "process";
module_param(from, charp, 0);
MODULE_PARM_DESC(from, "process, thread or softirq");

static unsigned int most = 64;
module_param(most, uint, 0);
MODULE_PARM_DESC(most, "MiB to be content with");

static struct kgc_allocator allocator;
static struct kgc_allocated allocated;
static struct kgc_layout layout = {
	.id = 1, .bytes = BYTES, .slot = BYTES, .allocated = &allocated,
};

static struct tasklet_struct tasklet;
static DECLARE_COMPLETION(refused);
static u64 got;

static u64 pressure(struct kgc_allocator *a, enum kgc_pressure why,
		    unsigned int mode, gfp_t gfp)
{
	return 0;
}

/* Allocate one object. Return: whether to go on. */
static bool take(gfp_t gfp)
{
	if (got >= (u64)most << 20 ||
	    !kgc_cache_alloc(&allocator, 0, &layout, layout.spc, BYTES, gfp))
		return false;
	got += BYTES;
	return true;
}

static int take_all(void *unused)
{
	while (take(GFP_KERNEL))
		cond_resched();
	complete(&refused);
	return 0;
}

static void take_burst(struct tasklet_struct *t)
{
	unsigned int i;

	for (i = 0; i < BURST; i++) {
		if (!take(GFP_ATOMIC)) {
			complete(&refused);
			return;
		}
	}
	tasklet_schedule(t);
}

static int run(void)
{
	struct task_struct *task;

	if (!strcmp(from, "softirq")) {
		tasklet_setup(&tasklet, take_burst);
		tasklet_schedule(&tasklet);
		wait_for_completion(&refused);
		tasklet_kill(&tasklet);
	} else if (!strcmp(from, "thread")) {
		task = kthread_create(take_all, NULL, "kgc_charged");
		if (IS_ERR(task))
			return PTR_ERR(task);
		get_task_struct(task);
		wake_up_process(task);
		wait_for_completion(&refused);
		kthread_stop(task);
		put_task_struct(task);
	} else {
		take_all(NULL);
	}
	pr_info("kgc_charged: from %s: %llu bytes, held %llu\n", from, got,
		kgc_limit_total_pages());
	return 0;
}

static int __init charged_init(void)
{
	int err = kgc_map_init();

	if (err)
		return err;
	err = kgc_span_cache_init();
	if (err)
		goto err_map;
	layout.spc = kgc_size_to_class(BYTES) << 1 | 1;
	allocator.pressure = pressure;
	err = kgc_allocator_init(&allocator, 0, __GFP_ACCOUNT);
	if (err)
		goto err_span;
	err = run();
	if (!err)
		return 0;
	kgc_allocator_destroy(&allocator);
err_span:
	kgc_span_cache_exit();
err_map:
	kgc_map_exit();
	return err;
}

static void __exit charged_exit(void)
{
	kgc_allocator_destroy(&allocator);
	rcu_barrier();
	kgc_span_cache_exit();
	kgc_map_exit();
}

module_init(charged_init);
module_exit(charged_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: a heap's memory is charged to its owner's cgroup");
