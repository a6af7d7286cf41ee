// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps sections open for a while, and finalizers asleep in theirs, beside a heap whose
 * cycles must not notice. Loading fails if its cycles take long, or are no longer
 * expedited, or if a finalizer waits for those of other heaps. The script that loads this
 * checks the reports about the stuck sections.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kgc.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "kmod/gc/heap.h"
#include "uapi/linux/kgc.h"

static unsigned int seconds = 30;
module_param(seconds, uint, 0);
MODULE_PARM_DESC(seconds, "how long they are stuck");

static unsigned int finalizers;
module_param(finalizers, uint, 0);
MODULE_PARM_DESC(finalizers, "heaps with a finalizer that sleeps until the module is unloaded");

static unsigned int track;
module_param(track, uint, 0);
MODULE_PARM_DESC(track, "track the sections");

static unsigned int heaps;
module_param(heaps, uint, 0);
MODULE_PARM_DESC(heaps, "more heaps with such a section, and a thread that waits for a cycle; in every second one sections come and go as well");

/* Lockdep counts each section as a lock, and allows 48 locks in a thread. */
#define CROWD_SECTIONS	32

#define HANG_MS		60000
#define PATIENCE_NS	(5 * NSEC_PER_SEC)	/* limit for a cycle of an empty heap */

struct node {
	KGC_REF(struct node) next;
};

KGC_DEFINE_TYPE(node_desc, struct node, next);

static struct kgc_heap *stuck, *unhurt, **sleepers, **crowd;
static struct task_struct *busy_thread, **crowd_threads, **waiters;
static struct completion crowd_entered;
static struct task_struct *threads[2];	/* threads[0] enters first */
static struct completion entered;
static atomic_t asleep;			/* finalizers */
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

	/* a page that a cycle could free if it finished */
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
	atomic_inc(&asleep);
	while (!READ_ONCE(end))
		msleep(20);
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

/*
 * Wait until all finalizers sleep at the same time: a heap's finalizer is called, however
 * many of other heaps sleep. The bound is only there for a call that never comes.
 */
static int sleepers_sleep(void)
{
	unsigned int i;

	for (i = 0; i < finalizers; i++)
		if (kgc_wait(sleepers[i], 1))
			return -EINTR;
	for (i = 0; i < HANG_MS && atomic_read(&asleep) < finalizers; i += 100)
		msleep(100);
	pr_info("kgc_stuck: %d of %u finalizers sleep\n", atomic_read(&asleep), finalizers);
	return atomic_read(&asleep) < finalizers ? -ETIMEDOUT : 0;
}

/* Stay in sections of up to CROWD_SECTIONS heaps, from @first on, and sleep. */
static int stay_in_crowd(void *first)
{
	unsigned int i, nr = min_t(unsigned int, heaps - (uintptr_t)first, CROWD_SECTIONS);
	struct kgc_heap **inside = crowd + (uintptr_t)first;
	struct kgc_section s[CROWD_SECTIONS];

	/* sparse counts sections and SRCU locks, but cannot count an array of them */
	for (i = 0; i < nr; i++) {
		s[i] = kgc_enter(inside[i]);
		__release(kgc_section);
		__release(&inside[i]->front.srcu);
	}
	complete(&crowd_entered);
	sleep_for(seconds);
	for (i = 0; i < nr; i++) {
		__acquire(&inside[i]->front.srcu);
		__acquire(kgc_section);
		kgc_exit(s[i]);
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* Enter and exit sections in every second heap of the crowd. */
static int come_and_go(void *unused)
{
	unsigned int i;

	while (!kthread_should_stop()) {
		for (i = 0; i < heaps; i += 2)
			kgc_exit(kgc_enter(crowd[i]));
		usleep_range(50, 100);
	}
	return 0;
}

static int wait_for_cycle(void *heap)
{
	kgc_collect(heap, 1);
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

static int crowd_open(void)
{
	unsigned int i;

	if (!heaps)
		return 0;
	for (i = 0; i < heaps; i++) {
		struct kgc_heap *heap = kgc_heap_create("kgc_crowd", THIS_MODULE);

		if (IS_ERR(heap))
			return PTR_ERR(heap);
		crowd[i] = heap;
		/* start each heap's expediter before its section gets stuck */
		if (kgc_collect(heap, 1))
			return -EINTR;
	}
	for (i = 0; i < heaps; i += CROWD_SECTIONS) {
		struct task_struct *thread = kthread_run(stay_in_crowd, (void *)(uintptr_t)i,
							 "kgc_crowd");

		if (IS_ERR(thread))
			return PTR_ERR(thread);
		crowd_threads[i / CROWD_SECTIONS] = thread;
		wait_for_completion(&crowd_entered);
	}
	busy_thread = kthread_run(come_and_go, NULL, "kgc_busy");
	if (IS_ERR(busy_thread))
		return PTR_ERR(busy_thread);
	for (i = 0; i < heaps; i++) {
		waiters[i] = kthread_run(wait_for_cycle, crowd[i], "kgc_waiter");
		if (IS_ERR(waiters[i]))
			return PTR_ERR(waiters[i]);
	}
	/* let their cycles reach the wait for the sections */
	msleep(500);
	return 0;
}

static void crowd_close(void)
{
	unsigned int i;

	if (!IS_ERR_OR_NULL(busy_thread))
		kthread_stop(busy_thread);
	for (i = 0; crowd_threads && crowd_threads[i]; i++)
		kthread_stop(crowd_threads[i]);
	for (i = 0; waiters && i < heaps; i++)
		if (!IS_ERR_OR_NULL(waiters[i]))
			kthread_stop(waiters[i]);
	for (i = 0; crowd && i < heaps; i++)
		if (crowd[i])
			kgc_heap_destroy(crowd[i]);
	kvfree(waiters);
	kvfree(crowd_threads);
	kvfree(crowd);
}

/* Run cycles, for a while, of the heap without stuck sections. */
static int cycles_go_on(void)
{
	u64 nr_expedited = unhurt->share.expedited;
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
	nr_expedited = unhurt->share.expedited - nr_expedited;
	pr_info("kgc_stuck: the longest cycle of the other heap took %llu us, %llu grace periods were expedited\n",
		div_u64(worst, NSEC_PER_USEC), nr_expedited);
	return worst > PATIENCE_NS || !nr_expedited ? -ETIMEDOUT : 0;
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
	crowd_close();
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
	init_completion(&crowd_entered);
	stuck = kgc_heap_create("kgc_stuck", THIS_MODULE);
	unhurt = kgc_heap_create("kgc_unhurt", THIS_MODULE);
	sleepers = kvcalloc(finalizers + 1, sizeof(*sleepers), GFP_KERNEL);
	crowd = kvcalloc(heaps + 1, sizeof(*crowd), GFP_KERNEL);
	crowd_threads = kvcalloc(heaps / CROWD_SECTIONS + 2, sizeof(*crowd_threads), GFP_KERNEL);
	waiters = kvcalloc(heaps + 1, sizeof(*waiters), GFP_KERNEL);
	if (IS_ERR(stuck) || IS_ERR(unhurt) || !sleepers || !crowd ||
	    !crowd_threads || !waiters)
		goto err;
	type = kgc_type_register(stuck, &node_desc);
	if (IS_ERR(type))
		goto err;
	if (track) {
		kgc_option_set(stuck, KGC_OPT_TRACK_SECTIONS, 1);
		/* sections learn of the option in the next phase */
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
	err = err ?: sleepers_sleep() ?: crowd_open() ?: cycles_go_on();
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
