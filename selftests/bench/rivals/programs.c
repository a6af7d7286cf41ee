// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of selftests/bench/kmod/programs.c in plain C, without the checks and
 * arguments that the kernel needs. T12 compares kgc with them.
 */
#include "program.h"

#ifdef BOEHM
#define ALLOC(n)	GC_MALLOC(n)
#define ALLOC_PLAIN(n)	zeroed(GC_MALLOC_ATOMIC(n), n)
#define RELEASE(m)	((void)(m))
#define RELEASE_TREE(m)	((void)(m))
#else
#define ALLOC(n)	calloc(1, n)
#define ALLOC_PLAIN(n)	calloc(1, n)
#define RELEASE(m)	free(m)
#define RELEASE_TREE(m)	release_tree(m)
#endif

#define MESSAGE		1024
#define MIN_DEPTH	4

struct leaf {
	struct leaf *left;
	struct leaf *right;
	u32 i;
	u32 j;
};

static struct program p;
static struct leaf *lasting;
static u64 *numbers;
static u64 **buffer;

#ifdef BOEHM
static void *zeroed(void *m, size_t n)
{
	return m ? memset(m, 0, n) : m;
}
#else
static void release_tree(struct leaf *node)
{
	if (!node)
		return;
	release_tree(node->left);
	release_tree(node->right);
	free(node);
}
#endif

static void push(u64 i, u64 size)
{
	u64 *message = ALLOC_PLAIN(MESSAGE), *old = buffer[i % size];

	if (!message)
		exit(1);
	message[0] = i;
	buffer[i % size] = message;
	if (i >= size) {
		p.worker[0].sum += old[0];
		RELEASE(old);
	}
}

static void ring(void)
{
	const u64 n = bench_param("n", 1000000);
	const u64 size = bench_param("ring", 100000);
	u64 i, begin;

	buffer = ALLOC(size * sizeof(*buffer));
	for (i = 0; i < n; i++) {
		begin = bench_now();
		push(i, size);
		worker_step(&p.worker[0], begin);
	}
}

static struct leaf *leaf(void)
{
	struct leaf *node = ALLOC(sizeof(*node));

	if (!node)
		exit(1);
	return node;
}

static struct leaf *bottom_up(unsigned int depth)
{
	struct leaf *left, *right, *node;

	if (!depth)
		return leaf();
	left = bottom_up(depth - 1);
	right = bottom_up(depth - 1);
	node = leaf();
	node->left = left;
	node->right = right;
	return node;
}

static void top_down(struct leaf *node, unsigned int depth)
{
	if (!depth)
		return;
	node->left = leaf();
	node->right = leaf();
	top_down(node->left, depth - 1);
	top_down(node->right, depth - 1);
}

static u64 count(struct leaf *node)
{
	u64 n = 0;

	for (; node; node = node->right)
		n += 1 + count(node->left);
	return n;
}

static void one_tree(unsigned int depth, bool down, bool keep)
{
	u64 begin = bench_now();
	struct leaf *node;

	if (down) {
		node = leaf();
		top_down(node, depth);
	} else {
		node = bottom_up(depth);
	}
	if (keep) {
		lasting = node;
	} else {
		p.worker[0].sum += count(node);
		RELEASE_TREE(node);
	}
	if (depth == MIN_DEPTH)
		worker_step(&p.worker[0], begin);
}

static void trees(void)
{
	const unsigned int most = bench_param("depth", 14);
	unsigned int depth, i;

	one_tree(most + 1, false, false);
	one_tree(most, false, true);
	for (depth = MIN_DEPTH; depth <= most; depth += 2)
		for (i = 0; i < 1U << (most - depth + MIN_DEPTH); i++)
			one_tree(depth, false, false);
	p.worker[0].sum += count(lasting);
}

static void gcbench(void)
{
	const unsigned int most = bench_param("depth", 14), n = 125000;
	unsigned int depth, i, times;

	one_tree(most + 2, false, false);
	one_tree(most, true, true);
	numbers = ALLOC_PLAIN(n * sizeof(*numbers));
	for (i = 0; i < n / 2; i++)
		numbers[i] = i + 1;
	for (depth = MIN_DEPTH; depth <= most; depth += 2) {
		times = 2 * ((2U << (most + 2)) - 1) / ((2U << depth) - 1);
		for (i = 0; i < times; i++) {
			one_tree(depth, true, false);
			one_tree(depth, false, false);
		}
	}
	p.worker[0].sum += count(lasting);
	p.worker[0].sum += numbers[n / 4];
}

static int run(void (*program)(void))
{
	int err = program_open(&p);

	if (err)
		return err;
	program();
	return program_close(&p, 0);
}

static int ring_run(void)
{
	return run(ring);
}

static int trees_run(void)
{
	return run(trees);
}

static int gcbench_run(void)
{
	return run(gcbench);
}

const struct bench bench_ring = { .name = "ring", .run = ring_run };
const struct bench bench_trees = { .name = "trees", .run = trees_run };
const struct bench bench_gcbench = { .name = "gcbench", .run = gcbench_run };
