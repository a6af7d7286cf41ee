// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of kmod/bench/programs.c in C, on the Boehm collector with
 * -DBOEHM, else with malloc() and free() by hand where the program knows what
 * dies: the same objects, live sets and results. Prints a line of JSON per
 * figure; times are processor time (total) and the clock's (worst operation).
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef BOEHM
#include <gc.h>
#define SUBJECT		"boehm"
#define ALLOC(n)	GC_MALLOC(n)
#define ALLOC_PLAIN(n)	zeroed(GC_MALLOC_ATOMIC(n), n)
#define RELEASE(p)	((void)(p))
#define RELEASE_TREE(p)	((void)(p))
#else
#ifndef SUBJECT
#define SUBJECT		"malloc"
#endif
#define ALLOC(n)	calloc(1, n)
#define ALLOC_PLAIN(n)	calloc(1, n)
#define RELEASE(p)	free(p)
#define RELEASE_TREE(p)	release_tree(p)
#endif

#define MESSAGE		1024
#define MIN_DEPTH	4

struct leaf {
	struct leaf *left;
	struct leaf *right;
	uint32_t i;
	uint32_t j;
};

static uint64_t worst, sum;
static struct leaf *lasting;
static uint64_t *numbers;
static uint64_t **buffer;

static uint64_t clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

static void note(uint64_t begin)
{
	uint64_t ns = clock_ns(CLOCK_MONOTONIC) - begin;

	if (ns > worst)
		worst = ns;
}

#ifdef BOEHM
static void *zeroed(void *p, size_t n)
{
	return p ? memset(p, 0, n) : p;
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

static void push(uint64_t i, uint64_t size)
{
	uint64_t *message = ALLOC_PLAIN(MESSAGE), *old = buffer[i % size];

	if (!message)
		exit(1);
	message[0] = i;
	buffer[i % size] = message;
	if (i >= size) {
		sum += old[0];
		RELEASE(old);
	}
}

static void ring(void)
{
	const uint64_t n = 1000000, size = 100000;
	uint64_t i, begin;

	buffer = ALLOC(size * sizeof(*buffer));
	for (i = 0; i < n; i++) {
		begin = clock_ns(CLOCK_MONOTONIC);
		push(i, size);
		note(begin);
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

static uint64_t count(struct leaf *node)
{
	uint64_t n = 0;

	for (; node; node = node->right)
		n += 1 + count(node->left);
	return n;
}

static void one_tree(unsigned int depth, bool down, bool keep)
{
	uint64_t begin = clock_ns(CLOCK_MONOTONIC);
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
		sum += count(node);
		RELEASE_TREE(node);
	}
	if (depth == MIN_DEPTH)
		note(begin);
}

static void trees(void)
{
	const unsigned int most = 14;
	unsigned int depth, i;

	one_tree(most + 1, false, false);
	one_tree(most, false, true);
	for (depth = MIN_DEPTH; depth <= most; depth += 2)
		for (i = 0; i < 1U << (most - depth + MIN_DEPTH); i++)
			one_tree(depth, false, false);
	sum += count(lasting);
}

static void gcbench(void)
{
	const unsigned int most = 14, n = 125000;
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
	sum += count(lasting);
	sum += numbers[n / 4];
}

static uint64_t peak_kib(void)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %llu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

static void show(const char *bench, const char *metric, const char *unit,
		 uint64_t value)
{
	printf("{\"bench\": \"%s\", \"parameters\": \"\", \"subject\": \"%s\", \"metric\": \"%s\", \"unit\": \"%s\", \"value\": %llu}\n",
	       bench, SUBJECT, metric, unit, (unsigned long long)value);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";
	uint64_t begin;

#ifdef BOEHM
	GC_INIT();
	/* collect when as much as lives has been allocated, like the others */
	GC_set_free_space_divisor(1);
#endif
	begin = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	if (!strcmp(name, "ring"))
		ring();
	else if (!strcmp(name, "trees"))
		trees();
	else if (!strcmp(name, "gcbench"))
		gcbench();
	else
		return 1;
	show(name, "total", "ns", clock_ns(CLOCK_PROCESS_CPUTIME_ID) - begin);
	show(name, "worst", "ns", worst);
	show(name, "checksum", "", sum);
	show(name, "peak", "KiB", peak_kib());
	return 0;
}
