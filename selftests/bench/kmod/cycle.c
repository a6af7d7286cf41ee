// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of a cycle: per live object, per dead object, and of an empty heap.
 */
#include <linux/sched.h>

#include "bench.h"

/* The median of some cycles over a heap that does not change. */
static int cycle_cost(struct bench_heap *h, u64 *ns)
{
	unsigned int cycles = clamp(bench_param("cycles", 5), 1ULL,
				    BENCH_SAMPLES);
	struct bench_samples t = { };
	struct bench_busy busy;
	int err = 0;

	while (t.n < cycles && !err) {
		bench_busy_begin(&busy);
		err = kgc_collect(h->heap, 1);
		t.ns[t.n++] = bench_busy_ns(&busy);
	}
	*ns = bench_median(&t);
	return err;
}

static const struct shape {
	const char	*name;
	int		(*grow)(struct bench_heap *h, size_t n);
	size_t		most;
} shapes[] = {
	{ "tree", bench_grow_tree, SIZE_MAX },
	{ "list", bench_grow_list, SIZE_MAX },
	/* a table is one object */
	{ "graph", bench_grow_graph, 500000 },
};

static int cycle_shape(const struct shape *shape, u64 n)
{
	struct bench_heap h;
	char metric[40];
	u64 empty, full;
	int err;

	err = bench_heap_open(&h, "cycle");
	if (err)
		return err;
	err = bench_table_fill(&h, 64) ?: kgc_collect(h.heap, 1) ?:
	      cycle_cost(&h, &empty) ?: shape->grow(&h, n) ?:
	      kgc_collect(h.heap, 1) ?: cycle_cost(&h, &full);
	if (!err) {
		if (shape == shapes)
			bench_result("kgc", "cycle over an empty heap", "ns",
				     empty, 1);
		snprintf(metric, sizeof(metric), "cycle, %s", shape->name);
		bench_result("kgc", metric, "ns", full, 1);
		snprintf(metric, sizeof(metric), "per live object, %s",
			 shape->name);
		bench_result("kgc", metric, "ns", full - empty, n);
	}
	bench_heap_close(&h);
	return err;
}

static int cycle_run(void)
{
	u64 n = bench_param("n", 100000);
	unsigned int i;
	int err = 0;

	for (i = 0; i < ARRAY_SIZE(shapes) && !err; i++)
		if (n <= shapes[i].most)
			err = cycle_shape(&shapes[i], n);
	return err;
}

const struct bench bench_cycle = {
	.name = "cycle",
	.about = "a full cycle over n live objects of two pointers",
	.run = cycle_run,
};

/* Make garbage, with one of @keep objects alive, or none if @keep is 0. */
static int litter(struct bench_heap *h, u64 n, unsigned int keep)
{
	u64 i, j, at = 0;

	for (i = 0; i < n; i += 64) {
		struct kgc_section s = kgc_enter(h->heap);
		struct bench_slot *table = kgc_load(s, &h->table);

		for (j = i; j < i + 64; j++) {
			struct bench_node *node;

			node = kgc_alloc(s, h->node, GFP_KERNEL);
			if (!node) {
				kgc_exit(s);
				return -ENOMEM;
			}
			if (keep && j % keep == 0)
				kgc_store(s, &table[at++].ref, node);
		}
		kgc_exit(s);
		cond_resched();
	}
	return 0;
}

static int sweep_one(u64 n, unsigned int keep, const char *metric)
{
	struct bench_busy busy;
	struct bench_heap h;
	u64 rest, ns;
	int err;

	err = bench_heap_open(&h, "sweep");
	if (err)
		return err;
	err = bench_table_fill(&h, keep ? n / keep + 1 : 1) ?:
	      kgc_collect(h.heap, 2);
	if (!err)
		err = litter(&h, n, keep);
	if (err)
		goto out;
	bench_busy_begin(&busy);
	err = kgc_collect(h.heap, 1);
	ns = bench_busy_ns(&busy);
	/* the next cycle finds the same live objects and no garbage */
	err = err ?: kgc_collect(h.heap, 1) ?: cycle_cost(&h, &rest);
	if (!err)
		bench_result("kgc", metric, "ns", (s64)(ns - rest), n);
out:
	bench_heap_close(&h);
	return err;
}

static int sweep_run(void)
{
	u64 n = round_up(bench_param("n", 200000), 64);

	return sweep_one(n, 0, "per dead object, all dead") ?:
	       sweep_one(n, 10, "per object, one in ten alive");
}

const struct bench bench_sweep = {
	.name = "sweep",
	.about = "what garbage adds to a cycle (n)",
	.run = sweep_run,
};

/* Leave a heap alone, so that the guest can count wake-ups; "release" ends it. */
static int idle_run(void)
{
	struct bench_heap *h = bench_hold("idle");
	int err;

	if (IS_ERR(h))
		return PTR_ERR(h);
	kgc_option_set(h->heap, KGC_OPT_GOGC, 100);
	kgc_option_set(h->heap, KGC_OPT_PERIOD_MS, 2000);
	err = bench_grow_list(h, bench_param("n", 10000)) ?:
	      kgc_collect(h->heap, 2);
	if (err)
		bench_release();
	return err;
}

const struct bench bench_idle = {
	.name = "idle",
	.about = "a heap left alone after a cycle (n), until release",
	.run = idle_run,
};
