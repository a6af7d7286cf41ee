// SPDX-License-Identifier: GPL-2.0
/*
 * Programs known in the field, written for the kernel interface from their
 * published descriptions. selftests/bench/rivals/ has the same in Go and in C;
 * sizes, live sets and results are the same, and the results are compared.
 *
 *	ring	a buffer of messages of 1 KiB, the newest replacing the oldest
 *	trees	binary trees of many depths, built and counted, beside one
 *		that lives on
 *	gcbench	trees built top down and bottom up beside a long-lived tree
 *		and a long-lived array (Ellis, Kovac, Boehm)
 *
 * The worst operation is one message, or one tree of depth 4.
 */
#include <linux/sched.h>

#include "bench.h"

#define MESSAGE		1024
#define MIN_DEPTH	4

struct leaf {
	KGC_REF(struct leaf)	left;
	KGC_REF(struct leaf)	right;
	u32			i;
	u32			j;
};

KGC_DEFINE_TYPE(leaf_desc, struct leaf, left, right);

static const struct kgc_type_desc message_desc = {
	.name = "message", .size = MESSAGE, .flags = KGC_DESC_NOSCAN,
	.owner = THIS_MODULE,
};

static const struct kgc_type_desc array_desc = {
	.name = "array", .size = sizeof(u64),
	.flags = KGC_DESC_NOSCAN | KGC_DESC_ARRAY, .owner = THIS_MODULE,
};

struct program {
	struct bench_heap	h;
	struct kgc_type		*leaf;
	struct kgc_type		*message;
	struct kgc_type		*array;
	KGC_REF(struct leaf)	lasting;
	KGC_REF(u64)		numbers;
	struct kgc_root		root;
	struct bench_busy	busy;
	u64			worst;
	u64			peak;
	u64			sum;
};

static int program_open(struct program *p, const char *name)
{
	int err;

	memset(p, 0, sizeof(*p));
	err = bench_heap_open(&p->h, name);
	if (err)
		return err;
	p->leaf = kgc_type_register(p->h.heap, &leaf_desc);
	p->message = kgc_type_register(p->h.heap, &message_desc);
	p->array = kgc_type_register(p->h.heap, &array_desc);
	if (IS_ERR(p->leaf) || IS_ERR(p->message) || IS_ERR(p->array)) {
		bench_heap_close(&p->h);
		return -ENOMEM;
	}
	kgc_root_add(p->h.heap, &p->root, &p->lasting, 2);
	kgc_option_set(p->h.heap, KGC_OPT_GOGC, bench_param("gogc", 100));
	bench_busy_begin(&p->busy);
	return 0;
}

static void program_close(struct program *p, int err)
{
	if (!err) {
		bench_result("kgc", "total", "ns", bench_busy_ns(&p->busy), 1);
		bench_result("kgc", "worst", "ns", p->worst, 1);
		bench_result("kgc", "checksum", "", p->sum, 1);
		bench_result("kgc", "peak objects", "", p->peak, 1);
	}
	kgc_root_del(p->h.heap, &p->root);
	bench_heap_close(&p->h);
}

static void note(struct program *p, u64 begin)
{
	p->worst = max(p->worst, bench_now() - begin);
}

static void look(struct program *p)
{
	p->peak = max(p->peak, kgc_heap_objects(p->h.heap));
	cond_resched();
}

/* ---- ring ---------------------------------------------------------------*/

static int push(struct program *p, u64 i, u64 size)
{
	struct kgc_section s = kgc_enter(p->h.heap);
	struct bench_slot *ring = kgc_load(s, &p->h.table);
	u64 *old, *message = kgc_alloc(s, p->message, GFP_KERNEL);

	if (message) {
		message[0] = i;
		old = (u64 *)kgc_load(s, &ring[i % size].ref);
		if (i >= size)
			p->sum += old[0];
		kgc_store(s, &ring[i % size].ref, (struct bench_node *)message);
	}
	kgc_exit(s);
	return message ? 0 : -ENOMEM;
}

static int ring_run(void)
{
	u64 n = bench_param("n", 1000000), size = bench_param("ring", 100000);
	struct program p;
	u64 i, begin;
	int err;

	err = program_open(&p, "ring");
	if (err)
		return err;
	err = bench_table_fill(&p.h, size);
	for (i = 0; i < n && !err; i++) {
		begin = bench_now();
		err = push(&p, i, size);
		note(&p, begin);
		if (i % 1024 == 0)
			look(&p);
	}
	program_close(&p, err);
	return err;
}

const struct bench bench_ring = {
	.name = "ring",
	.about = "messages of 1 KiB in a ring buffer (n, ring, gogc)",
	.run = ring_run,
};

/* ---- trees --------------------------------------------------------------*/

static struct leaf *bottom_up(struct program *p, struct kgc_section s,
			      unsigned int depth)
{
	struct leaf *node, *left = NULL, *right = NULL;

	if (depth) {
		left = bottom_up(p, s, depth - 1);
		right = bottom_up(p, s, depth - 1);
		if (!left || !right)
			return NULL;
	}
	node = kgc_alloc(s, p->leaf, GFP_KERNEL);
	if (node && depth) {
		kgc_store(s, &node->left, left);
		kgc_store(s, &node->right, right);
	}
	return node;
}

static bool top_down(struct program *p, struct kgc_section s,
		     struct leaf *node, unsigned int depth)
{
	struct leaf *left, *right;

	if (!depth)
		return true;
	left = kgc_alloc(s, p->leaf, GFP_KERNEL);
	right = kgc_alloc(s, p->leaf, GFP_KERNEL);
	if (!left || !right)
		return false;
	kgc_store(s, &node->left, left);
	kgc_store(s, &node->right, right);
	return top_down(p, s, left, depth - 1) &&
	       top_down(p, s, right, depth - 1);
}

static u64 count(struct kgc_section s, struct leaf *node)
{
	u64 n = 0;

	for (; node; node = kgc_load(s, &node->right))
		n += 1 + count(s, kgc_load(s, &node->left));
	return n;
}

/* Build a tree, count it unless it stays, and keep it if it does. */
static int one_tree(struct program *p, unsigned int depth, bool down, bool keep)
{
	u64 begin = bench_now();
	struct kgc_section s = kgc_enter(p->h.heap);
	struct leaf *node;

	if (down) {
		node = kgc_alloc(s, p->leaf, GFP_KERNEL);
		if (node && !top_down(p, s, node, depth))
			node = NULL;
	} else {
		node = bottom_up(p, s, depth);
	}
	if (keep)
		kgc_store(s, &p->lasting, node);
	else
		p->sum += count(s, node);
	kgc_exit(s);
	if (depth == MIN_DEPTH)
		note(p, begin);
	cond_resched();
	return node ? 0 : -ENOMEM;
}

static void count_lasting(struct program *p)
{
	struct kgc_section s = kgc_enter(p->h.heap);

	p->sum += count(s, kgc_load(s, &p->lasting));
	kgc_exit(s);
}

static int trees_run(void)
{
	unsigned int most = min(bench_param("depth", 14), 20ULL), depth;
	struct program p;
	u64 i;
	int err;

	err = program_open(&p, "trees");
	if (err)
		return err;
	err = one_tree(&p, most + 1, false, false) ?:
	      one_tree(&p, most, false, true);
	for (depth = MIN_DEPTH; depth <= most && !err; depth += 2) {
		for (i = 0; i < 1ULL << (most - depth + MIN_DEPTH) && !err; i++)
			err = one_tree(&p, depth, false, false);
		look(&p);
	}
	count_lasting(&p);
	program_close(&p, err);
	return err;
}

const struct bench bench_trees = {
	.name = "trees",
	.about = "binary trees (depth, gogc)",
	.run = trees_run,
};

/* ---- gcbench ------------------------------------------------------------*/

static int numbers(struct program *p, u64 n)
{
	struct kgc_section s = kgc_enter(p->h.heap);
	u64 i, *array = kgc_alloc_array(s, p->array, n, GFP_KERNEL);

	for (i = 0; array && i < n / 2; i++)
		array[i] = i + 1;
	kgc_store(s, &p->numbers, array);
	kgc_exit(s);
	return array ? 0 : -ENOMEM;
}

static int gcbench_run(void)
{
	unsigned int most = min(bench_param("depth", 14), 20ULL), depth;
	u64 n = 125000, i, times;
	struct kgc_section s;
	struct program p;
	int err;

	err = program_open(&p, "gcbench");
	if (err)
		return err;
	err = one_tree(&p, most + 2, false, false) ?:
	      one_tree(&p, most, true, true) ?: numbers(&p, n);
	for (depth = MIN_DEPTH; depth <= most && !err; depth += 2) {
		/* as many nodes at each depth as two stretch trees have */
		times = 2 * ((2ULL << (most + 2)) - 1) / ((2ULL << depth) - 1);
		for (i = 0; i < times && !err; i++)
			err = one_tree(&p, depth, true, false) ?:
			      one_tree(&p, depth, false, false);
		look(&p);
	}
	count_lasting(&p);
	s = kgc_enter(p.h.heap);
	if (!err)
		p.sum += kgc_load(s, &p.numbers)[n / 4];
	kgc_exit(s);
	program_close(&p, err);
	return err;
}

const struct bench bench_gcbench = {
	.name = "gcbench",
	.about = "trees beside a long-lived tree and array (depth, gogc)",
	.run = gcbench_run,
};
