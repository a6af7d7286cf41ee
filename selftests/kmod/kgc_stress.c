// SPDX-License-Identifier: GPL-2.0
/*
 * Long stress: in each of several heaps two threads change a graph, while cycles run
 * back to back with the verifier on. Every object holds its own address, so an object
 * freed early shows as soon as its slot is cleared for another. Before that the
 * verifier finds the pointer to it. At the end, with nothing referred to, two cycles
 * must leave no object.
 *
 * insmod kgc_stress.ko ops=100000000; loading fails if anything was wrong. The log has
 * counters for each heap.
 */
#include <linux/completion.h>
#include <linux/kgc.h>
#include <linux/kthread.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include "kmod/gc/heap.h"

#define NR_HEAPS	3
#define NR_THREADS	2	/* per heap */
#define ROOTS		64
#define BATCH		64
#define MAGIC		0x6b67635f6c697665ULL

static unsigned long ops = 1000000;
module_param(ops, ulong, 0);
MODULE_PARM_DESC(ops, "operations of all mutators together");

static unsigned int trace_every = 8;
module_param(trace_every, uint, 0);
MODULE_PARM_DESC(trace_every, "one cycle in so many is traced, with sections waiting");

struct node {
	KGC_REF(struct node)	left;
	KGC_REF(struct node)	right;
	u64			magic;
	const struct node	*self;
	u64			pad[4];
};

KGC_DEFINE_TYPE(node_desc, struct node, left, right);

struct stress_heap {
	struct kgc_heap	*heap;
	struct kgc_type	*type;
	struct kgc_root	root;
	KGC_REF(struct node) slots[ROOTS];
	atomic64_t	left;
	atomic64_t	wrong;
	atomic_t	working;
	u64		cycles;
};

static struct stress_heap *heaps;
static atomic_t threads;
static DECLARE_COMPLETION(all_done);

static int thread_done(void)
{
	if (atomic_dec_and_test(&threads))
		complete(&all_done);
	return 0;
}

/* Return: @n. Counts an error if the node is not the one it should be. */
static struct node *sound(struct stress_heap *h, struct node *n)
{
	if (n && (n->magic != MAGIC || n->self != n))
		atomic64_inc(&h->wrong);
	return n;
}

/* Walk a random number of steps from a random root. */
static struct node *wander(struct stress_heap *h, struct kgc_section s,
			   struct rnd_state *random)
{
	u32 r = prandom_u32_state(random), steps = r >> 28;
	struct node *n = sound(h, kgc_load(s, &h->slots[r % ROOTS])), *next;

	for (r >>= 8; n && steps--; r >>= 1) {
		next = r & 1 ? kgc_load(s, &n->left) : kgc_load(s, &n->right);
		if (!sound(h, next))
			break;
		n = next;
	}
	return n;
}

static bool operate(struct stress_heap *h, struct kgc_section s, struct rnd_state *random)
{
	u32 r = prandom_u32_state(random);
	typeof(h->slots[0]) *slot = &h->slots[r % ROOTS];
	struct node *n, *m;

	switch (r >> 29) {
	case 0:
	case 1:
	case 2:
		n = kgc_alloc(s, h->type, GFP_KERNEL);
		if (!n)
			return false;
		n->magic = MAGIC;
		n->self = n;
		kgc_store(s, &n->left, kgc_load(s, slot));
		kgc_store(s, slot, n);
		break;
	case 3:
		kgc_store(s, slot, NULL);
		break;
	case 4:
		n = wander(h, s, random);
		m = wander(h, s, random);
		if (n && r & BIT(12))
			kgc_store(s, &n->left, m);
		else if (n)
			kgc_store(s, &n->right, m);
		break;
	case 5:
		n = wander(h, s, random);
		kgc_store(s, slot, n);
		break;
	case 6:
		n = wander(h, s, random);
		if (n)
			kgc_cmpxchg(s, &n->right, kgc_load(s, &n->right), n);
		break;
	default:
		n = kgc_xchg(s, slot, NULL);
		kgc_store(s, &h->slots[prandom_u32_state(random) % ROOTS], sound(h, n));
	}
	return true;
}

struct mutator {
	struct stress_heap	*h;
	struct rnd_state	random;
};

static int mutate(void *data)
{
	struct mutator *m = data;
	struct stress_heap *h = m->h;
	unsigned int i;

	while (atomic64_sub_return(BATCH, &h->left) > -BATCH) {
		struct kgc_section s = kgc_enter(h->heap);

		for (i = 0; i < BATCH; i++)
			if (!operate(h, s, &m->random))
				break;
		kgc_exit(s);
		cond_resched();
	}
	atomic_dec(&h->working);
	return thread_done();
}

/* Run cycles back to back while mutators work. The last two must free all. */
static int collect(void *data)
{
	struct stress_heap *h = data;
	struct kgc_section s;
	unsigned int i;

	while (atomic_read(&h->working)) {
		kgc_option_set(h->heap, KGC_OPT_VERIFY,
			       h->cycles++ % trace_every ? 1 : 2);
		kgc_collect(h->heap, 1);
	}
	s = kgc_enter(h->heap);
	for (i = 0; i < ROOTS; i++)
		kgc_store(s, &h->slots[i], NULL);
	kgc_exit(s);
	kgc_collect(h->heap, 2);
	return thread_done();
}

static int report(struct stress_heap *h, unsigned int i, u64 ms)
{
	u64 left = kgc_heap_objects(h->heap);
	u64 wrong = atomic64_read(&h->wrong);

	pr_info("kgc_stress: heap %u: %lu operations in %llu ms, %llu cycles of %llu rounds, at most %llu, %llu traced, %llu not, %llu floated, %llu early frees, %llu violations, %u misuses, %llu left\n",
		i, ops / NR_HEAPS, ms, h->cycles, h->heap->records.sums.rounds,
		h->heap->records.sums.rounds_max, h->heap->tracer.runs,
		h->heap->tracer.skipped, h->heap->tracer.floats_total, wrong,
		h->heap->report.errors, kgc_misused(&h->heap->report),
		left);
	return wrong || left || h->heap->report.errors ||
	       kgc_misused(&h->heap->report) ? -EIO : 0;
}

static int stress_open(struct stress_heap *h)
{
	h->heap = kgc_heap_create("kgc_stress", THIS_MODULE);
	if (IS_ERR(h->heap))
		return PTR_ERR(h->heap);
	h->type = kgc_type_register(h->heap, &node_desc);
	if (IS_ERR(h->type)) {
		kgc_heap_destroy(h->heap);
		return PTR_ERR(h->type);
	}
	kgc_option_set(h->heap, KGC_OPT_HARD_LIMIT, 64 << 20);
	kgc_root_add(h->heap, &h->root, h->slots, ROOTS);
	atomic64_set(&h->left, ops / NR_HEAPS);
	return 0;
}

static void stress_close(struct stress_heap *h)
{
	kgc_root_del(h->heap, &h->root);
	kgc_heap_destroy(h->heap);
}

/* Log progress each minute. A longer wait would trigger the hung task detector. */
static void wait_for_all(unsigned int nr)
{
	unsigned int i;
	s64 left;

	while (!wait_for_completion_timeout(&all_done, 60 * HZ)) {
		for (left = 0, i = 0; i < nr; i++)
			left += max_t(s64, atomic64_read(&heaps[i].left), 0);
		pr_info("kgc_stress: %lld of %lu operations to go\n", left, ops);
	}
}

static int stress_run(unsigned int nr)
{
	struct mutator mutator[NR_HEAPS * NR_THREADS];
	struct task_struct *task[NR_HEAPS * (NR_THREADS + 1)];
	u64 start = ktime_get_ns();
	unsigned int i, n = 0;
	int err = 0;

	for (i = 0; i < nr * NR_THREADS; i++) {
		mutator[i].h = &heaps[i / NR_THREADS];
		prandom_seed_state(&mutator[i].random, i + 1);
		atomic_inc(&mutator[i].h->working);
		task[n] = kthread_create(mutate, &mutator[i], "kgc_stress/%u", i);
		if (IS_ERR(task[n])) {
			atomic_dec(&mutator[i].h->working);
			err = -ENOMEM;
		} else {
			get_task_struct(task[n++]);
		}
	}
	for (i = 0; i < nr; i++) {
		task[n] = kthread_create(collect, &heaps[i], "kgc_collect/%u", i);
		if (IS_ERR(task[n]))
			err = -ENOMEM;
		else
			get_task_struct(task[n++]);
	}
	atomic_set(&threads, n);
	for (i = 0; i < n; i++)
		wake_up_process(task[i]);
	if (n)
		wait_for_all(nr);
	/* a thread stopped before it began would never run, so all have been woken */
	for (i = 0; i < n; i++) {
		kthread_stop(task[i]);
		put_task_struct(task[i]);
	}
	for (i = 0; i < nr; i++)
		err = report(&heaps[i], i, div_u64(ktime_get_ns() - start,
						   NSEC_PER_MSEC)) ?: err;
	return err;
}

static int __init stress_init(void)
{
	unsigned int nr;
	int err = 0;

	heaps = kcalloc(NR_HEAPS, sizeof(*heaps), GFP_KERNEL);
	if (!heaps)
		return -ENOMEM;
	for (nr = 0; nr < NR_HEAPS && !err; nr++)
		err = stress_open(&heaps[nr]);
	if (err)
		nr--;
	else
		err = stress_run(nr);
	while (nr--)
		stress_close(&heaps[nr]);
	kfree(heaps);
	return err;
}

static void __exit stress_exit(void)
{
}

module_init(stress_init);
module_exit(stress_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: several heaps, cycles back to back, the verifier on");
