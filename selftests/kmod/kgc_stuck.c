// SPDX-License-Identifier: GPL-2.0
/*
 * Sections that do not end for a while, and finalizers that sleep in theirs,
 * beside a heap whose cycles must not notice. Loading fails when they do. What
 * is said of those that are stuck is for the script that loads this.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kgc.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "uapi/linux/kgc.h"

static unsigned int seconds = 30;
module_param(seconds, uint, 0);
MODULE_PARM_DESC(seconds, "how long they are stuck");

static unsigned int finalizers;
module_param(finalizers, uint, 0);
MODULE_PARM_DESC(finalizers, "heaps with a finalizer that sleeps as long");

static unsigned int track;
module_param(track, uint, 0);
MODULE_PARM_DESC(track, "who is inside is remembered");

#define PATIENCE_NS	(5 * NSEC_PER_SEC)	/* of a cycle of an empty heap */

struct node {
	KGC_REF(struct node) next;
};

KGC_DEFINE_TYPE(node_desc, struct node, next);

static struct kgc_heap *stuck, *unhurt, **sleepers;
static struct task_struct *threads[2];	/* the first enters first */
static struct completion entered;
static bool end;

static void sleep_for(unsigned int s)
{
	unsigned long until = jiffies + s * HZ;

	while (time_before(jiffies, until) && !READ_ONCE(end))
		msleep(20);
}

static int stay(void *type)
{
	struct kgc_section s = kgc_enter(stuck);

	/* a page that a collection might free, if it came to its end */
	if (!kgc_alloc(s, type, GFP_KERNEL))
		pr_info("kgc_stuck: no memory\n");
	complete(&entered);
	sleep_for(seconds);
	kgc_exit(s);
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static void sleeping(struct kgc_section s, void *obj)
{
	sleep_for(seconds);
}

static int sleeper_open(struct kgc_heap **heap)
{
	struct kgc_section s;
	struct kgc_type *type;
	void *obj;
	int err;

	*heap = kgc_heap_create("kgc_sleeper", THIS_MODULE);
	if (IS_ERR(*heap)) {
		err = PTR_ERR(*heap);
		*heap = NULL;
		return err;
	}
	type = kgc_type_register(*heap, &node_desc);
	if (IS_ERR(type))
		return PTR_ERR(type);
	s = kgc_enter(*heap);
	obj = kgc_alloc(s, type, GFP_KERNEL);
	err = obj ? kgc_finalize(s, obj, sleeping, GFP_KERNEL) : -ENOMEM;
	kgc_exit(s);
	kgc_collect_start(*heap, 1);
	return err;
}

/* Cycles of the heap that nobody is stuck in, for a while. */
static int cycles_go_on(void)
{
	u64 start, ns, worst = 0;
	unsigned int i;

	for (i = 0; i < 20; i++) {
		start = ktime_get_ns();
		if (kgc_collect(unhurt, 1))
			return -EINTR;
		ns = ktime_get_ns() - start;
		worst = max(worst, ns);
		msleep(100);
	}
	pr_info("kgc_stuck: the longest cycle of the other heap took %llu us\n",
		div_u64(worst, NSEC_PER_USEC));
	return worst > PATIENCE_NS ? -ETIMEDOUT : 0;
}

static void finish(void)
{
	unsigned int i;

	WRITE_ONCE(end, true);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		if (!IS_ERR_OR_NULL(threads[i]))
			kthread_stop(threads[i]);
	for (i = 0; sleepers && i < finalizers; i++)
		if (sleepers[i])
			kgc_heap_destroy(sleepers[i]);
	kvfree(sleepers);
	if (!IS_ERR_OR_NULL(unhurt))
		kgc_heap_destroy(unhurt);
	if (!IS_ERR_OR_NULL(stuck))
		kgc_heap_destroy(stuck);
}

static int __init stuck_init(void)
{
	struct kgc_type *type;
	unsigned int i;
	int err = -ENOMEM;

	init_completion(&entered);
	stuck = kgc_heap_create("kgc_stuck", THIS_MODULE);
	unhurt = kgc_heap_create("kgc_unhurt", THIS_MODULE);
	sleepers = kvcalloc(finalizers + 1, sizeof(*sleepers), GFP_KERNEL);
	if (IS_ERR(stuck) || IS_ERR(unhurt) || !sleepers)
		goto err;
	type = kgc_type_register(stuck, &node_desc);
	if (IS_ERR(type))
		goto err;
	if (track) {
		kgc_option_set(stuck, KGC_OPT_TRACK_SECTIONS, 1);
		/* sections learn of it with the next phase */
		kgc_collect(stuck, 1);
	}
	for (i = 0; i < ARRAY_SIZE(threads); i++) {
		threads[i] = kthread_run(stay, type, "kgc_stuck_%u", i);
		if (IS_ERR(threads[i])) {
			err = PTR_ERR(threads[i]);
			goto err;
		}
		wait_for_completion(&entered);
		msleep(20);
	}
	kgc_collect_start(stuck, 1);
	for (i = 0, err = 0; i < finalizers && !err; i++)
		err = sleeper_open(&sleepers[i]);
	err = err ?: cycles_go_on();
	if (!err)
		return 0;
err:
	finish();
	return err;
}

static void __exit stuck_exit(void)
{
	finish();
}

module_init(stuck_init);
module_exit(stuck_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Test: sections that do not end");
