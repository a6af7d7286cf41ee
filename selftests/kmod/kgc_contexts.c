// SPDX-License-Identifier: GPL-2.0
/*
 * Allocates from hardirq (an hrtimer), softirq (a tasklet) and two threads at once
 * while the heap is collected, each onto its own list. Then the module looks for every
 * object of every list. Loading fails if:
 *  - an object is missing, or is not what was put there;
 *  - hardirqs that find no memory keep span structures for themselves;
 *  - hardirqs that find no slot ready find none later either, or make a cycle begin;
 *  - allocations with preemption off make no cycle begin;
 *  - kgc grants what hardirqs must not do.
 * The heap stays, empty, until the module goes, so that a test can read its counters.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/kgc.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/version.h>

#include "kmod/gc/heap.h"

#define INTERVAL_NS	(50 * NSEC_PER_USEC)
#define BURST		16
#define THREADS		2

static unsigned int msecs = 2000;
module_param(msecs, uint, 0);
MODULE_PARM_DESC(msecs, "how long to allocate");

static unsigned int most = 100000;
module_param(most, uint, 0);
MODULE_PARM_DESC(most, "objects of one context");

static unsigned int garbage;
module_param(garbage, uint, 0);
MODULE_PARM_DESC(garbage, "objects to leave behind, referred to by nothing");

static bool refusals;
module_param(refusals, bool, 0);
MODULE_PARM_DESC(refusals, "try what hardirq may not do; kgc warns of it");

struct node {
	KGC_REF(struct node) next;
	u64 serial;
	const void *lane;
	u64 pad[5];
};

KGC_DEFINE_TYPE(node_desc, struct node, next);

/* A context, and the list that it builds. */
struct lane {
	const char		*name;
	KGC_REF(struct node)	head;
	struct kgc_root		root;
	u64			made;
	u64			refused;
	u64			dirty;
};

static struct lane hardirq = { .name = "hardirq" };
static struct lane softirq = { .name = "softirq" };
static struct lane threads[THREADS] = { { "thread 0" }, { "thread 1" } };

/* kgc refuses both in hardirq: objects over 32 KiB, and those with a finalizer. */
static const struct kgc_type_desc bytes_desc = {
	.name = "bytes", .size = 1, .flags = KGC_DESC_NOSCAN | KGC_DESC_ARRAY,
	.owner = THIS_MODULE,
};

static struct kgc_heap *heap;
static struct kgc_type *type, *bytes, *finalized;
static unsigned int tried, granted;
static struct hrtimer timer;
static struct tasklet_struct tasklet;
static bool stop;
static u64 softirq_ns;		/* time that the last softirq took */

static bool is_clear(const struct node *n)
{
	unsigned int i;
	u64 sum = n->serial | (unsigned long)n->lane;

	for (i = 0; i < ARRAY_SIZE(n->pad); i++)
		sum |= n->pad[i];
	return !sum;
}

static void grow(struct lane *lane, gfp_t gfp)
{
	struct kgc_section s = kgc_enter(heap);
	struct node *n = NULL;
	unsigned int i;

	if (lane->made < most)
		n = kgc_alloc(s, type, gfp);
	if (n) {
		lane->dirty += !is_clear(n);
		n->serial = lane->made++;
		n->lane = lane;
		for (i = 0; i < ARRAY_SIZE(n->pad); i++)
			n->pad[i] = ~0ULL;
		kgc_store(s, &n->next, kgc_load(s, &lane->head));
		kgc_store(s, &lane->head, n);
	} else {
		lane->refused++;
	}
	kgc_exit(s);
}

static void grow_softirq(struct tasklet_struct *unused)
{
	u64 start = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < BURST; i++)
		grow(&softirq, GFP_ATOMIC);
	WRITE_ONCE(softirq_ns, ktime_get_ns() - start);
}

static void never_called(struct kgc_section s, void *obj)
{
	granted++;
}

static void try_what_is_refused(void)
{
	struct kgc_section s = kgc_enter(heap);
	struct node *n = kgc_alloc(s, type, GFP_ATOMIC);

	granted += !!kgc_alloc_array(s, bytes, 40000, GFP_ATOMIC);
	granted += !!kgc_alloc(s, finalized, GFP_ATOMIC);
	if (n)
		granted += kgc_finalize(s, n, never_called, GFP_ATOMIC) !=
			   -EINVAL;
	tried += !!n;
	kgc_exit(s);
}

static enum hrtimer_restart grow_hardirq(struct hrtimer *t)
{
	u64 took, start = ktime_get_ns();
	unsigned int i;

	for (i = 0; i < BURST; i++)
		/* kgc must not sleep here, whatever the flags ask for */
		grow(&hardirq, i & 1 ? GFP_ATOMIC : GFP_KERNEL);
	if (refusals && tried < 100)
		try_what_is_refused();
	tasklet_schedule(&tasklet);
	if (READ_ONCE(stop))
		return HRTIMER_NORESTART;
	/* leave threads most of the CPU, even on a slow kernel: sections must end */
	took = ktime_get_ns() - start + READ_ONCE(softirq_ns);
	hrtimer_forward_now(t, ns_to_ktime(max_t(u64, INTERVAL_NS, 3 * took)));
	return HRTIMER_RESTART;
}

static int grow_thread(void *lane)
{
	while (!kthread_should_stop()) {
		struct kgc_section s = kgc_enter(heap);

		/* make garbage too, so that there is something to sweep */
		kgc_alloc(s, type, GFP_NOWAIT);
		kgc_exit(s);
		grow(lane, GFP_KERNEL);
		cond_resched();
	}
	return 0;
}

static int check(struct lane *lane)
{
	struct kgc_section s = kgc_enter(heap);
	struct node *n = kgc_load(s, &lane->head);
	u64 left = lane->made;

	for (; n && left && n->serial == left - 1 && n->lane == lane; left--)
		n = kgc_load(s, &n->next);
	kgc_exit(s);
	pr_info("kgc_contexts: %s: %llu objects, %llu refused, %llu not clear, %llu lost%s\n",
		lane->name, lane->made, lane->refused, lane->dirty, left,
		n ? ", the list does not end" : "");
	return left || n || lane->dirty || !lane->made ? -EIO : 0;
}

static void timer_begin(enum hrtimer_restart (*fn)(struct hrtimer *))
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	timer.function = fn;
#else
	hrtimer_setup(&timer, fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
#endif
	hrtimer_start(&timer, ns_to_ktime(INTERVAL_NS), HRTIMER_MODE_REL_HARD);
}

static int run(void)
{
	unsigned long end = jiffies + msecs_to_jiffies(msecs);
	struct task_struct *task[THREADS];
	unsigned int i, cycles = 0;
	int err = 0;

	for (i = 0; i < THREADS; i++)
		task[i] = kthread_run(grow_thread, &threads[i], "kgc_contexts");
	tasklet_setup(&tasklet, grow_softirq);
	timer_begin(grow_hardirq);
	while (time_before(jiffies, end)) {
		kgc_collect(heap, 1);
		cycles++;
	}
	WRITE_ONCE(stop, true);
	hrtimer_cancel(&timer);
	tasklet_kill(&tasklet);
	for (i = 0; i < THREADS; i++)
		if (!IS_ERR(task[i]))
			kthread_stop(task[i]);
	kgc_collect(heap, 2);
	pr_info("kgc_contexts: %u cycles meanwhile\n", cycles);
	for (i = 0; i < THREADS; i++)
		err = check(&threads[i]) ?: err;
	pr_info("kgc_contexts: hardirq: tried %u times what it may not, granted %u\n",
		tried, granted);
	if (refusals && (!tried || granted))
		return -EIO;
	return check(&softirq) ?: check(&hardirq) ?: err;
}

static unsigned int starved, fed;

static enum hrtimer_restart starve_hardirq(struct hrtimer *t)
{
	struct kgc_section s = kgc_enter(heap);

	if (kgc_alloc(s, type, GFP_ATOMIC))
		fed++;
	kgc_exit(s);
	if (++starved == 100)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(t, ns_to_ktime(INTERVAL_NS));
	return HRTIMER_RESTART;
}

static unsigned int spares(void)
{
	unsigned int n = 0, i;
	int nid;

	for_each_node(nid)
		for (i = 0; i < KGC_NR_SPAN_SIZES; i++)
			n += heap->alloc.node[nid]->pages.nr_spare[i];
	return n;
}

/* The heap is empty: it has span structures to hand out, but no pages. */
static int starve(void)
{
	unsigned int before, after;

	kgc_option_set(heap, KGC_OPT_SCAVENGE, KGC_SCAVENGE_NOW);
	kgc_collect(heap, 1);
	/* the limit also stops the worker that allocates on behalf of interrupts */
	kgc_option_set(heap, KGC_OPT_HARD_LIMIT, 1);
	before = spares();
	timer_begin(starve_hardirq);
	while (READ_ONCE(starved) < 100)
		msleep(20);
	hrtimer_cancel(&timer);
	after = spares();
	kgc_option_set(heap, KGC_OPT_HARD_LIMIT, 0);
	/* wait for the cycle that the interrupts asked for */
	kgc_collect(heap, 1);
	pr_info("kgc_contexts: %u of %u hardirqs found memory, %u structures before, %u after\n",
		fed, starved, before, after);
	return !before || fed || before != after ? -EIO : 0;
}

#define FEED_NS		NSEC_PER_MSEC
#define FEED_BYTES	4096
#define FEED_ENOUGH	200
#define FEED_TRIES	10000

static unsigned int meals, missed;

static enum hrtimer_restart feed_hardirq(struct hrtimer *t)
{
	struct kgc_section s = kgc_enter(heap);

	if (kgc_alloc_array(s, bytes, FEED_BYTES, GFP_ATOMIC))
		WRITE_ONCE(meals, meals + 1);
	else
		WRITE_ONCE(missed, missed + 1);
	kgc_exit(s);
	if (meals == FEED_ENOUGH || meals + missed == FEED_TRIES)
		return HRTIMER_NORESTART;
	hrtimer_forward_now(t, ns_to_ktime(FEED_NS));
	return HRTIMER_RESTART;
}

static u64 cycles_for(enum kgc_reason reason)
{
	return READ_ONCE(heap->records.sums.by_reason[reason]);
}

/* There is memory, but only hardirqs use the class, and it has no slot ready. */
static int feed(void)
{
	u64 limited;

	kgc_option_set(heap, KGC_OPT_SCAVENGE, KGC_SCAVENGE_NOW);
	kgc_collect(heap, 1);
	kgc_option_set(heap, KGC_OPT_SCAVENGE, KGC_SCAVENGE_LAZY);
	limited = cycles_for(KGC_REASON_LIMIT);
	timer_begin(feed_hardirq);
	while (READ_ONCE(meals) < FEED_ENOUGH &&
	       READ_ONCE(meals) + READ_ONCE(missed) < FEED_TRIES)
		msleep(20);
	hrtimer_cancel(&timer);
	kgc_collect(heap, 1);
	limited = cycles_for(KGC_REASON_LIMIT) - limited;
	pr_info("kgc_contexts: %u of %u hardirqs found no slot ready, %llu cycles for a limit\n",
		missed, meals + missed, limited);
	return meals < FEED_ENOUGH || limited ? -EIO : 0;
}

#define ATOMIC_TRIES	150000
#define ATOMIC_REFUSED	1000

/* A thread, never preempted in a section, causes memory requests and cycles. */
static int feed_atomic(void)
{
	u64 grown = cycles_for(KGC_REASON_GROWTH);
	unsigned int i, refused = 0;
	struct kgc_section s;
	void *obj;

	for (i = 0; i < ATOMIC_TRIES && refused < ATOMIC_REFUSED; i++) {
		preempt_disable();
		s = kgc_enter(heap);
		obj = kgc_alloc(s, type, GFP_ATOMIC);
		kgc_exit(s);
		preempt_enable();
		if (!obj) {
			refused++;
			usleep_range(500, 1000);
		}
		cond_resched();
	}
	kgc_collect(heap, 1);
	grown = cycles_for(KGC_REASON_GROWTH) - grown;
	pr_info("kgc_contexts: %u of %u refused with preemption off, %llu cycles for growth\n",
		refused, i, grown);
	return refused == ATOMIC_REFUSED || !grown ? -EIO : 0;
}

static void litter(void)
{
	unsigned int i;

	for (i = 0; i < garbage; i++) {
		struct kgc_section s = kgc_enter(heap);

		kgc_alloc(s, type, GFP_KERNEL);
		kgc_exit(s);
	}
}

static void lanes_each(void (*what)(struct lane *lane))
{
	unsigned int i;

	what(&hardirq);
	what(&softirq);
	for (i = 0; i < THREADS; i++)
		what(&threads[i]);
}

static void lane_add(struct lane *lane)
{
	kgc_root_add(heap, &lane->root, &lane->head, 1);
}

static void lane_drop(struct lane *lane)
{
	struct kgc_section s = kgc_enter(heap);

	kgc_store(s, &lane->head, NULL);
	kgc_exit(s);
}

static void lane_del(struct lane *lane)
{
	kgc_root_del(heap, &lane->root);
}

static int __init contexts_init(void)
{
	struct kgc_type_desc final_desc = node_desc;
	int err;

	heap = kgc_heap_create("kgc_contexts", THIS_MODULE);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	type = kgc_type_register(heap, &node_desc);
	bytes = kgc_type_register(heap, &bytes_desc);
	final_desc.finalize = never_called;
	finalized = kgc_type_register(heap, &final_desc);
	if (IS_ERR(type) || IS_ERR(bytes) || IS_ERR(finalized)) {
		err = -ENOMEM;
		goto err_heap;
	}
	lanes_each(lane_add);
	err = run();
	lanes_each(lane_drop);
	kgc_collect(heap, 2);
	err = err ?: starve();
	err = feed() ?: err;
	err = feed_atomic() ?: err;
	if (!err) {
		litter();
		return 0;
	}
	lanes_each(lane_del);
err_heap:
	kgc_heap_destroy(heap);
	return err;
}

static void __exit contexts_exit(void)
{
	lanes_each(lane_del);
	kgc_heap_destroy(heap);
}

module_init(contexts_init);
module_exit(contexts_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: allocation from every context at once");
