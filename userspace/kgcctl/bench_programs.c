// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl bench: the programs of selftests/bench/kmod/programs.c through the device,
 * and a check of the GOGC option.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"

#define MIN_DEPTH	4
#define MESSAGE		1024
#define LEAF		24

/* ---- gogc ---------------------------------------------------------------*/

#define REPLACED	256	/* objects in a batch */

static int replace(struct bench *b, int type, u64 n, u64 live)
{
	struct worker *w = &b->worker[0];
	struct kgc_batch_builder *batch = &w->batch;
	int err = 0, o;
	u64 i, j;

	for (i = 0; i < n && !err; i += REPLACED) {
		kgc_batch_reset(batch);
		for (j = 0; j < REPLACED; j++) {
			o = kgc_batch_alloc(batch, type, 0);
			kgc_batch_store(batch, b->table,
					8 * (bench_random(&w->seed) % live),
					KGC_RESULT(o));
			kgc_batch_drop(batch, KGC_RESULT(o));
		}
		err = worker_flush(w) ?: kgc_batch_error(batch);
		bench_look(b);
	}
	return err;
}

static int fill(struct bench *b, int type, u64 live)
{
	struct worker *w = &b->worker[0];
	u64 i, j;
	int err, o;

	err = bench_table(b, live);
	for (i = 0; i < live && !err; i += REPLACED) {
		kgc_batch_reset(&w->batch);
		for (j = i; j < live && j < i + REPLACED; j++) {
			o = kgc_batch_alloc(&w->batch, type, 0);
			kgc_batch_store(&w->batch, b->table, 8 * j,
					KGC_RESULT(o));
			kgc_batch_drop(&w->batch, KGC_RESULT(o));
		}
		err = worker_flush(w) ?: kgc_batch_error(&w->batch);
	}
	return err;
}

/*
 * New objects of 1 KiB replace older ones, so that the size of the live set does not
 * change. The peak must be within tolerance percent of live bytes * (1 + GOGC / 100).
 */
int bench_gogc(struct bench *b)
{
	u64 percent = bench_param("gogc", 100), live = bench_param("live", 50000);
	u64 n = bench_param("n", 1000000), begin;
	double tolerance = bench_param("tolerance", 10), rule, found;
	struct kgc_stats before, after;
	int type, err;

	type = bench_type(b, "KiB", 1024, 0);
	if (type < 0)
		return type;
	/* let the pacer adapt before the measurement begins */
	err = kgc_option_set(b->heap, KGC_OPT_GOGC, KGC_GOGC_OFF) ?:
	      fill(b, type, live) ?:
	      kgc_option_set(b->heap, KGC_OPT_GOGC, percent) ?:
	      replace(b, type, 4 * live * (100 + percent) / 100, live) ?:
	      kgc_collect(b->heap, 1, KGC_COLLECT_WAIT, NULL) ?:
	      kgc_stats(b->heap, &before);
	if (err)
		return err;
	b->peak = 0;
	begin = bench_now();
	err = replace(b, type, n, live) ?: kgc_stats(b->heap, &after);
	if (err)
		return err;
	begin = bench_now() - begin;
	found = (double)b->peak / before.live_bytes;
	rule = 1 + percent / 100.0;
	bench_result("time", "ns", begin);
	bench_result("cycles", "", after.num_gc - before.num_gc);
	bench_result("collector", "ns", after.gc_cpu_ns - before.gc_cpu_ns);
	bench_result("longest step", "ns", after.longest_step_ns);
	bench_result("base", "KiB", before.live_bytes / 1024);
	bench_result("peak", "KiB", b->peak / 1024);
	bench_result("peak over base", "", found);
	bench_result("rule", "", rule);
	if (found <= rule * (1 + tolerance / 100) &&
	    found >= rule * (1 - tolerance / 100))
		return 0;
	fprintf(stderr, "gogc=%llu: the peak is %.2f times the base, the rule says %.2f\n",
		(unsigned long long)percent, found, rule);
	return -ERANGE;
}

/* ---- ring ---------------------------------------------------------------*/

static int push(struct worker *w, int type, u64 i, u64 size)
{
	struct kgc_batch_builder *b = &w->batch;
	int new, old, word, err;

	kgc_batch_reset(b);
	new = kgc_batch_alloc(b, type, 0);
	kgc_batch_write_word(b, KGC_RESULT(new), 0, i);
	old = kgc_batch_xchg(b, w->bench->table, 8 * (i % size),
			     KGC_RESULT(new));
	kgc_batch_drop(b, KGC_RESULT(new));
	word = i < size ? -1 : kgc_batch_read_word(b, KGC_RESULT(old), 0);
	if (word >= 0)
		kgc_batch_drop(b, KGC_RESULT(old));
	err = worker_flush(w) ?: kgc_batch_error(b);
	if (word >= 0)
		w->sum += kgc_batch_result(b, word);
	return err;
}

int bench_ring(struct bench *b)
{
	u64 n = bench_param("n", 1000000), size = bench_param("ring", 100000);
	struct worker *w = &b->worker[0];
	int type = bench_type(b, "message", MESSAGE, 0), err;
	u64 i, begin;

	if (type < 0)
		return type;
	err = bench_table(b, size);
	for (i = 0; i < n && !err; i++) {
		begin = worker_begin(w);
		err = push(w, type, i, size);
		worker_step(w, begin);
		if (i % 1024 == 0)
			bench_look(b);
	}
	return err;
}

/* ---- trees --------------------------------------------------------------*/

/* Returns the index of the operation that allocates the root of the tree. */
static int bottom_up(struct kgc_batch_builder *b, int leaf, unsigned int depth)
{
	int left, right, node;

	if (!depth)
		return kgc_batch_alloc(b, leaf, 0);
	left = bottom_up(b, leaf, depth - 1);
	right = bottom_up(b, leaf, depth - 1);
	node = kgc_batch_alloc(b, leaf, 0);
	kgc_batch_store(b, KGC_RESULT(node), 0, KGC_RESULT(left));
	kgc_batch_store(b, KGC_RESULT(node), 8, KGC_RESULT(right));
	kgc_batch_drop(b, KGC_RESULT(left));
	kgc_batch_drop(b, KGC_RESULT(right));
	return node;
}

static void top_down(struct kgc_batch_builder *b, int leaf, int node,
		     unsigned int depth)
{
	int left, right;

	if (!depth)
		return;
	left = kgc_batch_alloc(b, leaf, 0);
	right = kgc_batch_alloc(b, leaf, 0);
	kgc_batch_store(b, KGC_RESULT(node), 0, KGC_RESULT(left));
	kgc_batch_store(b, KGC_RESULT(node), 8, KGC_RESULT(right));
	top_down(b, leaf, left, depth - 1);
	top_down(b, leaf, right, depth - 1);
	kgc_batch_drop(b, KGC_RESULT(left));
	kgc_batch_drop(b, KGC_RESULT(right));
}

/* Add the number of nodes of the tree @top to the checksum, and drop their handles. */
static int count(struct worker *w, u64 top)
{
	struct kgc_batch_builder *b = &w->batch;
	u64 *level = malloc(sizeof(*level)), *next;
	u32 n = 1, m, i;
	int err = 0;

	if (!level)
		return -ENOMEM;
	level[0] = top;
	while (n && !err) {
		kgc_batch_reset(b);
		for (i = 0; i < n; i++) {
			kgc_batch_load(b, level[i], 0);
			kgc_batch_load(b, level[i], 8);
			kgc_batch_drop(b, level[i]);
		}
		w->sum += n;
		err = worker_flush(w) ?: kgc_batch_error(b);
		next = realloc(level, 2 * n * sizeof(*level));
		if (!next) {
			err = -ENOMEM;
			break;
		}
		level = next;
		for (i = 0, m = 0; i < 3 * n; i++)
			if (i % 3 < 2 && kgc_batch_result(b, i))
				level[m++] = kgc_batch_result(b, i);
		n = m;
	}
	free(level);
	return err;
}

/* Build a tree in one batch. @lasting receives its handle; without it, drop the tree. */
static int one_tree(struct worker *w, int leaf, unsigned int depth, bool down,
		    u64 *lasting)
{
	struct kgc_batch_builder *b = &w->batch;
	u64 begin = worker_begin(w);
	int node, err;

	kgc_batch_reset(b);
	if (down) {
		node = kgc_batch_alloc(b, leaf, 0);
		top_down(b, leaf, node, depth);
	} else {
		node = bottom_up(b, leaf, depth);
	}
	if (node < 0)
		return node;
	err = worker_flush(w) ?: kgc_batch_error(b);
	if (err)
		return err;
	if (lasting)
		*lasting = kgc_batch_result(b, node);
	else
		err = count(w, kgc_batch_result(b, node));
	if (depth == MIN_DEPTH)
		worker_step(w, begin);
	return err;
}

/* A tree of this depth fits into a batch, with at most five operations per node. */
#define MAX_DEPTH	11U

int bench_trees(struct bench *b)
{
	unsigned int most = bench_param("depth", 10), depth;
	struct worker *w = &b->worker[0];
	int leaf = bench_type(b, "leaf", LEAF, 2), err;
	u64 i, lasting;

	if (leaf < 0 || most + 1 > MAX_DEPTH)
		return leaf < 0 ? leaf : -EINVAL;
	err = one_tree(w, leaf, most + 1, false, NULL) ?:
	      one_tree(w, leaf, most, false, &lasting);
	for (depth = MIN_DEPTH; depth <= most && !err; depth += 2)
		for (i = 0; i < 1ULL << (most - depth + MIN_DEPTH) && !err; i++) {
			err = one_tree(w, leaf, depth, false, NULL);
			if (i % 64 == 0)
				bench_look(b);
		}
	return err ?: count(w, lasting);
}

int bench_gcbench(struct bench *b)
{
	unsigned int most = bench_param("depth", 8), depth;
	struct worker *w = &b->worker[0];
	int leaf = bench_type(b, "leaf", LEAF, 2), err, words;
	u64 i, times, lasting, array, *word, n = 125000;

	words = kgc_type_register(b->heap, "words", 8,
				  KGC_TYPE_ARRAY | KGC_TYPE_NOSCAN, NULL, 0);
	if (leaf < 0 || words < 0 || most + 2 > MAX_DEPTH)
		return leaf < 0 ? leaf : words < 0 ? words : -EINVAL;
	word = malloc(n / 2 * sizeof(*word));
	if (!word)
		return -ENOMEM;
	for (i = 0; i < n / 2; i++)
		word[i] = i + 1;
	err = one_tree(w, leaf, most + 2, false, NULL) ?:
	      one_tree(w, leaf, most, true, &lasting) ?:
	      kgc_alloc(b->heap, words, n, &array) ?:
	      kgc_write(b->heap, array, 0, word, n / 2 * sizeof(*word));
	free(word);
	for (depth = MIN_DEPTH; depth <= most && !err; depth += 2) {
		times = 2 * ((2ULL << (most + 2)) - 1) / ((2ULL << depth) - 1);
		for (i = 0; i < times && !err; i++) {
			err = one_tree(w, leaf, depth, true, NULL) ?:
			      one_tree(w, leaf, depth, false, NULL);
			if (i % 64 == 0)
				bench_look(b);
		}
	}
	err = err ?: count(w, lasting) ?:
	      kgc_read(b->heap, array, n / 4 * sizeof(i), &i, sizeof(i));
	w->sum += i;
	return err;
}
