// SPDX-License-Identifier: GPL-2.0
/*
 * The effect of GOGC: objects of 1 KiB replace each other at random in a live set of
 * constant size. The benchmark reports cycles and the longest step. The peak should be
 * live * (1 + GOGC / 100).
 */
#include <linux/sched.h>

#include "bench.h"

#define KIB	1024

static const struct kgc_type_desc kib_desc = {
	.name = "KiB", .size = KIB, .flags = KGC_DESC_NOSCAN,
	.owner = THIS_MODULE,
};

struct gogc {
	struct bench_heap	h;
	struct kgc_type		*type;
	size_t			live;
	u64			work;
	u64			seed;
	u64			peak;
	u64			longest;
};

static int replace_one(struct gogc *g)
{
	u64 begin = bench_now();
	struct kgc_section s = kgc_enter(g->h.heap);
	struct bench_slot *table = kgc_load(s, &g->h.table);
	void *obj = kgc_alloc(s, g->type, GFP_KERNEL);

	if (obj)
		kgc_store(s, &table[bench_random(&g->seed) % g->live].ref,
			  (struct bench_node *)obj);
	kgc_exit(s);
	g->longest = max(g->longest, bench_now() - begin);
	/* the time that a program spends on an object */
	while (bench_now() - begin < g->work)
		cpu_relax();
	return obj ? 0 : -ENOMEM;
}

static int replace(struct gogc *g, u64 n)
{
	int err = 0;
	u64 i;

	g->peak = 0;
	g->longest = 0;
	for (i = 0; i < n && !err; i++) {
		err = replace_one(g);
		if (i % 256)
			continue;
		g->peak = max(g->peak, kgc_heap_objects(g->h.heap));
		cond_resched();
	}
	return err;
}

static int gogc_run(void)
{
	u64 percent = bench_param("gogc", 100), n = bench_param("n", 400000);
	struct gogc g = {
		.seed = 1, .live = bench_param("live", 20000),
		.work = bench_param("work", 1000),
	};
	u64 first, last;
	int err;

	err = bench_heap_open(&g.h, "gogc");
	if (err)
		return err;
	g.type = kgc_type_register(g.h.heap, &kib_desc);
	err = PTR_ERR_OR_ZERO(g.type) ?: bench_table_fill(&g.h, g.live);
	kgc_option_set(g.h.heap, KGC_OPT_GOGC, percent);
	/* until here the pacer learns the pace, and all live objects get 1 KiB */
	err = err ?: replace(&g, 12 * g.live) ?: kgc_collect(g.h.heap, 1);
	first = kgc_collect_start(g.h.heap, 1);
	err = err ?: kgc_wait(g.h.heap, first) ?: replace(&g, n);
	last = kgc_collect_start(g.h.heap, 1);
	err = err ?: kgc_wait(g.h.heap, last);
	if (!err) {
		bench_result("kgc", "cycles", "", last - first - 1, 1);
		bench_result("kgc", "peak over live", "", g.peak, g.live);
		bench_result("kgc", "rule", "", 100 + percent, 100);
		bench_result("kgc", "longest step", "ns", g.longest, 1);
	}
	bench_heap_close(&g.h);
	return err;
}

const struct bench bench_gogc = {
	.name = "gogc",
	.about = "cycles and peak by GOGC (gogc, n, live, work in ns)",
	.run = gogc_run,
};
