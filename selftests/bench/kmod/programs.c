// SPDX-License-Identifier: GPL-2.0
/*
 * Programs known in the field, written from their published descriptions (see
 * program.h):
 *
 *	ring	a buffer of messages of 1 KiB, the newest replacing the oldest
 *	trees	binary trees of many depths, built and counted, beside a tree
 *		that stays
 *	gcbench	trees built top down and bottom up beside a long-lived tree
 *		and a long-lived array (Ellis, Kovac, Boehm)
 *
 * selftests/bench/rivals/ has them in plain C and in Go. The operation whose latency is
 * reported is one message, or one tree of depth 4.
 */
#include "program.h"

#define MESSAGE		1024
#define MIN_DEPTH	4

/* ---- ring ---------------------------------------------------------------*/

static const struct kgc_type_desc message_desc = {
	.name = "message", .size = MESSAGE, .flags = KGC_DESC_NOSCAN,
	.owner = THIS_MODULE,
};

static int push(struct worker *w, struct kgc_type *type, u64 i, u64 size)
{
	struct kgc_section s = kgc_enter(w->p->h.heap);
	struct bench_slot *slot = &kgc_load(s, &w->p->h.table)[i % size];
	u64 *old, *message = kgc_alloc(s, type, GFP_KERNEL);

	if (message) {
		message[0] = i;
		old = (u64 *)kgc_load(s, &slot->ref);
		if (old)
			w->sum += old[0];
		kgc_store(s, &slot->ref, (struct bench_node *)message);
	}
	kgc_exit(s);
	return message ? 0 : -ENOMEM;
}

static int ring_run(void)
{
	u64 n = bench_param("n", 1000000), size = bench_param("ring", 100000);
	struct kgc_type *type;
	struct program p;
	u64 i, begin;
	int err;

	err = program_open(&p);
	if (err)
		return err;
	type = program_type(&p, &message_desc);
	err = p.worker[0].err ?: bench_table_empty(&p.h, size);
	for (i = 0; i < n && !err; i++) {
		begin = bench_now();
		err = push(&p.worker[0], type, i, size);
		worker_step(&p.worker[0], begin);
		if (i % 1024 == 0)
			program_look(&p);
	}
	return program_close(&p, err);
}

const struct bench bench_ring = {
	.name = "ring",
	.about = "messages of 1 KiB in a ring buffer (n, ring, gogc)",
	.run = ring_run,
};

/* ---- trees --------------------------------------------------------------*/

struct leaf {
	KGC_REF(struct leaf)	left;
	KGC_REF(struct leaf)	right;
	u32			i;
	u32			j;
};

KGC_DEFINE_TYPE(leaf_desc, struct leaf, left, right);

static const struct kgc_type_desc array_desc = {
	.name = "array", .size = sizeof(u64),
	.flags = KGC_DESC_NOSCAN | KGC_DESC_ARRAY, .owner = THIS_MODULE,
};

struct forest {
	struct program		p;
	struct kgc_type		*leaf;
	struct kgc_type		*array;
	KGC_REF(struct leaf)	lasting;
	KGC_REF(u64)		numbers;
	struct kgc_root		root;
};

static int forest_open(struct forest *f)
{
	int err = program_open(&f->p);

	if (err)
		return err;
	f->leaf = program_type(&f->p, &leaf_desc);
	f->array = program_type(&f->p, &array_desc);
	memset(&f->lasting, 0, sizeof(f->lasting));
	memset(&f->numbers, 0, sizeof(f->numbers));
	kgc_root_add(f->p.h.heap, &f->root, &f->lasting, 2);
	return 0;
}

static int forest_close(struct forest *f, int err)
{
	kgc_root_del(f->p.h.heap, &f->root);
	return program_close(&f->p, err);
}

static struct leaf *bottom_up(struct forest *f, struct kgc_section s,
			      unsigned int depth)
{
	struct leaf *node, *left = NULL, *right = NULL;

	if (depth) {
		left = bottom_up(f, s, depth - 1);
		right = bottom_up(f, s, depth - 1);
		if (!left || !right)
			return NULL;
	}
	node = kgc_alloc(s, f->leaf, GFP_KERNEL);
	if (node && depth) {
		kgc_store(s, &node->left, left);
		kgc_store(s, &node->right, right);
	}
	return node;
}

static bool top_down(struct forest *f, struct kgc_section s,
		     struct leaf *node, unsigned int depth)
{
	struct leaf *left, *right;

	if (!depth)
		return true;
	left = kgc_alloc(s, f->leaf, GFP_KERNEL);
	right = kgc_alloc(s, f->leaf, GFP_KERNEL);
	if (!left || !right)
		return false;
	kgc_store(s, &node->left, left);
	kgc_store(s, &node->right, right);
	return top_down(f, s, left, depth - 1) &&
	       top_down(f, s, right, depth - 1);
}

static u64 count(struct kgc_section s, struct leaf *node)
{
	u64 n = 0;

	for (; node; node = kgc_load(s, &node->right))
		n += 1 + count(s, kgc_load(s, &node->left));
	return n;
}

/* Build a tree. Keep it if it @stays, or else count it. */
static int one_tree(struct forest *f, unsigned int depth, bool down, bool keep)
{
	u64 begin = bench_now();
	struct kgc_section s = kgc_enter(f->p.h.heap);
	struct leaf *node;

	if (down) {
		node = kgc_alloc(s, f->leaf, GFP_KERNEL);
		if (node && !top_down(f, s, node, depth))
			node = NULL;
	} else {
		node = bottom_up(f, s, depth);
	}
	if (keep)
		kgc_store(s, &f->lasting, node);
	else
		f->p.worker[0].sum += count(s, node);
	kgc_exit(s);
	if (depth == MIN_DEPTH)
		worker_step(&f->p.worker[0], begin);
	cond_resched();
	return node ? 0 : -ENOMEM;
}

static void count_lasting(struct forest *f)
{
	struct kgc_section s = kgc_enter(f->p.h.heap);

	f->p.worker[0].sum += count(s, kgc_load(s, &f->lasting));
	kgc_exit(s);
}

static int trees_run(void)
{
	unsigned int most = min(bench_param("depth", 14), 20ULL), depth;
	struct forest f;
	u64 i;
	int err;

	err = forest_open(&f);
	if (err)
		return err;
	err = f.p.worker[0].err ?: one_tree(&f, most + 1, false, false) ?:
	      one_tree(&f, most, false, true);
	for (depth = MIN_DEPTH; depth <= most && !err; depth += 2)
		for (i = 0; i < 1ULL << (most - depth + MIN_DEPTH) && !err; i++) {
			err = one_tree(&f, depth, false, false);
			if (i % 64 == 0)
				program_look(&f.p);
		}
	count_lasting(&f);
	return forest_close(&f, err);
}

const struct bench bench_trees = {
	.name = "trees",
	.about = "binary trees (depth, gogc)",
	.run = trees_run,
};

/* ---- gcbench ------------------------------------------------------------*/

static int numbers(struct forest *f, u64 n)
{
	struct kgc_section s = kgc_enter(f->p.h.heap);
	u64 i, *array = kgc_alloc_array(s, f->array, n, GFP_KERNEL);

	for (i = 0; array && i < n / 2; i++)
		array[i] = i + 1;
	kgc_store(s, &f->numbers, array);
	kgc_exit(s);
	return array ? 0 : -ENOMEM;
}

static int gcbench_run(void)
{
	unsigned int most = min(bench_param("depth", 14), 20ULL), depth;
	u64 n = 125000, i, times;
	struct kgc_section s;
	struct forest f;
	int err;

	err = forest_open(&f);
	if (err)
		return err;
	err = f.p.worker[0].err ?: one_tree(&f, most + 2, false, false) ?:
	      one_tree(&f, most, true, true) ?: numbers(&f, n);
	for (depth = MIN_DEPTH; depth <= most && !err; depth += 2) {
		/* each depth has as many nodes in all as two stretch trees */
		times = 2 * ((2ULL << (most + 2)) - 1) / ((2ULL << depth) - 1);
		for (i = 0; i < times && !err; i++) {
			err = one_tree(&f, depth, true, false) ?:
			      one_tree(&f, depth, false, false);
			if (i % 64 == 0)
				program_look(&f.p);
		}
	}
	count_lasting(&f);
	s = kgc_enter(f.p.h.heap);
	if (!err)
		f.p.worker[0].sum += kgc_load(s, &f.numbers)[n / 4];
	kgc_exit(s);
	return forest_close(&f, err);
}

const struct bench bench_gcbench = {
	.name = "gcbench",
	.about = "trees beside a long-lived tree and array (depth, gogc)",
	.run = gcbench_run,
};
