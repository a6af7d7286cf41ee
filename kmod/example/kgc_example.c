// SPDX-License-Identifier: GPL-2.0
/*
 * An example client of kgc: kernel threads that concurrently change a cyclic graph
 * and never free a node.
 *
 * Rings of nodes hang from a table of roots. In each step a thread builds a ring and
 * swaps it into the table, links a node of one ring to a node of another, removes such
 * a link, or follows the links and checks every node on the way. The check detects a
 * node that was freed too early, because reuse of its slot overwrites the check word.
 *
 *	insmod kgc_example.ko threads=4
 *	cat /sys/module/kgc_example/parameters/{steps,errors}
 *	rmmod kgc_example
 *
 * On unload the module deletes the roots, runs two cycles, and logs an error if an
 * object is left. With leave=1 it destroys the heap with all objects still in it, which
 * is just as safe.
 */
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/slab.h>

#include <linux/kgc.h>

#include "../../uapi/linux/kgc.h"

#define HEAP_LIMIT	(64UL << 20)	/* hard limit, if collection is too slow */
#define NR_ROOTS	64
#define RING		8	/* nodes */
#define WALK		16	/* nodes visited in one walk */
#define BATCH		32	/* steps in one section */
#define CHECK		0x6b67632d6e6f6465ULL

static unsigned int threads = 2;
module_param(threads, uint, 0444);
MODULE_PARM_DESC(threads, "Mutator threads");

static bool leave;
module_param(leave, bool, 0644);
MODULE_PARM_DESC(leave, "End the heap on unload with objects in it, uncollected");

static unsigned long steps;
module_param(steps, ulong, 0444);
MODULE_PARM_DESC(steps, "Steps made so far");

static unsigned long errors;
module_param(errors, ulong, 0444);
MODULE_PARM_DESC(errors, "Nodes found damaged");

/* A node: two managed pointers, and a check word that is valid while it is allocated. */
struct node {
	KGC_REF(struct node)	next;
	KGC_REF(struct node)	other;
	u64			id;
	u64			check;
};

KGC_DEFINE_TYPE(node_desc, struct node, next, other);

typedef KGC_REF(struct node) node_ref;

static struct kgc_heap *heap;
static struct kgc_type *node_type;
static struct kgc_root root;
static node_ref table[NR_ROOTS];
static struct task_struct **tasks;

static bool node_ok(const struct node *n)
{
	if (READ_ONCE(n->check) == (READ_ONCE(n->id) ^ CHECK))
		return true;
	WRITE_ONCE(errors, errors + 1);
	return false;
}

/* Build a ring of new nodes. Return: NULL without memory; the part built is garbage. */
static struct node *ring_build(struct kgc_section s, u32 id)
{
	struct node *first = NULL, *last = NULL, *n;
	unsigned int i;

	for (i = 0; i < RING; i++) {
		n = kgc_alloc(s, node_type, GFP_KERNEL);
		if (!n)
			return NULL;
		n->id = id + i;
		n->check = n->id ^ CHECK;
		if (last)
			kgc_store(s, &last->next, n);
		else
			first = n;
		last = n;
	}
	kgc_store(s, &last->next, first);
	return first;
}

static void walk(struct kgc_section s, struct node *n, u32 turns)
{
	unsigned int i;

	for (i = 0; n && i < WALK; i++, turns >>= 1) {
		if (!node_ok(n))
			return;
		n = turns & 1 ? kgc_load(s, &n->other) : kgc_load(s, &n->next);
	}
}

static void step(struct kgc_section s, struct rnd_state *rnd)
{
	u32 dice = prandom_u32_state(rnd);
	node_ref *a = &table[dice % NR_ROOTS];
	node_ref *b = &table[(dice >> 8) % NR_ROOTS];
	struct node *from, *to;

	switch (dice >> 30) {
	case 0:
		to = ring_build(s, dice);
		if (to)
			(void)kgc_xchg(s, a, to);
		break;
	case 1:
		from = kgc_load(s, a);
		to = kgc_load(s, b);
		if (from)
			kgc_store(s, &from->other, to);
		break;
	case 2:
		from = kgc_load(s, a);
		if (from)
			kgc_cmpxchg(s, &from->other, kgc_load(s, &from->other),
				    (struct node *)NULL);
		break;
	default:
		walk(s, kgc_load(s, a), dice);
	}
}

static int mutate(void *seed)
{
	struct rnd_state rnd;

	prandom_seed_state(&rnd, (unsigned long)seed);
	while (!kthread_should_stop()) {
		struct kgc_section s = kgc_enter(heap);
		unsigned int i;

		for (i = 0; i < BATCH; i++)
			step(s, &rnd);
		kgc_exit(s);
		WRITE_ONCE(steps, steps + BATCH);
		cond_resched();
	}
	return 0;
}

static void stop_threads(unsigned int n)
{
	while (n--)
		kthread_stop(tasks[n]);
	kfree(tasks);
}

static int start_threads(void)
{
	unsigned int i;

	tasks = kcalloc(threads, sizeof(*tasks), GFP_KERNEL);
	if (!tasks)
		return -ENOMEM;
	for (i = 0; i < threads; i++) {
		tasks[i] = kthread_run(mutate, (void *)(i + 1UL),
				       "kgc_example/%u", i);
		if (IS_ERR(tasks[i])) {
			int err = PTR_ERR(tasks[i]);

			stop_threads(i);
			return err;
		}
	}
	return 0;
}

static int __init example_init(void)
{
	int err;

	heap = kgc_heap_create("example", THIS_MODULE);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	kgc_option_set(heap, KGC_OPT_HARD_LIMIT, HEAP_LIMIT);
	node_type = kgc_type_register(heap, &node_desc);
	err = PTR_ERR_OR_ZERO(node_type);
	if (err)
		goto err_heap;
	kgc_root_add(heap, &root, table, NR_ROOTS);
	err = start_threads();
	if (err)
		goto err_root;
	return 0;

err_root:
	kgc_root_del(heap, &root);
err_heap:
	kgc_heap_destroy(heap);
	return err;
}

static void __exit example_exit(void)
{
	u64 left;

	stop_threads(threads);
	kgc_root_del(heap, &root);
	if (!leave) {
		/* if a signal ended the wait early, the count would mean nothing */
		left = kgc_collect(heap, 2) ? 0 : kgc_heap_objects(heap);
		if (left)
			pr_err("%llu objects left after two cycles\n", left);
	}
	if (errors)
		pr_err("%lu damaged nodes\n", errors);
	pr_info("%lu steps, %lu errors\n", steps, errors);
	kgc_heap_destroy(heap);
}

module_init(example_init);
module_exit(example_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Example client of kgc: a cyclic graph changed by several threads");
