// SPDX-License-Identifier: GPL-2.0
/*
 * Throughput lost to collection. A mutator replaces one object of a constant live set
 * after another, and does some work for each. It runs under the pacer at a given multiple
 * of the live set, and then with all cycles between measurements.
 */
#include <linux/sched.h>

#include "bench.h"

#define BATCH	64

struct share {
	struct bench_heap	h;
	size_t			live;
	u64			work;
	u64			seed;
	u64			peak;
};

/* About @n instructions that the compiler cannot omit, three in a turn. */
static __always_inline void toil(u64 n)
{
	u64 x = n;

	for (; n > 3; n -= 3) {
		x += n;
		OPTIMIZER_HIDE_VAR(x);
	}
}

static int share_loop(struct share *t, u64 n)
{
	u64 i, j;

	for (i = 0; i < n; i += BATCH) {
		struct kgc_section s = kgc_enter(t->h.heap);
		struct bench_slot *table = kgc_load(s, &t->h.table);

		for (j = 0; j < BATCH; j++) {
			struct bench_node *node;
			u32 r = bench_random(&t->seed) % t->live;

			node = kgc_alloc(s, t->h.node, GFP_KERNEL);
			if (!node) {
				kgc_exit(s);
				return -ENOMEM;
			}
			kgc_store(s, &table[r].ref, node);
			toil(t->work);
		}
		kgc_exit(s);
		cond_resched();
		if (i % (BATCH * 64) == 0)
			t->peak = max(t->peak, kgc_heap_objects(t->h.heap));
	}
	return 0;
}

/* Run without a cycle beside it. Return: nanoseconds, or 0 on failure. */
static u64 share_base(struct share *t, u64 n)
{
	struct bench_busy busy;
	u64 ns = 0, chunk = round_up(t->live, BATCH), i;

	kgc_option_set(t->h.heap, KGC_OPT_GOGC, KGC_GOGC_OFF);
	for (i = 0; i < n; i += chunk) {
		bench_busy_begin(&busy);
		if (share_loop(t, chunk))
			return 0;
		ns += bench_busy_ns(&busy);
		if (kgc_collect(t->h.heap, 1))
			return 0;
	}
	return div64_u64(ns, i) * n + div64_u64(ns % i * n, i);
}

static int share_run(void)
{
	u64 gogc = bench_param("gogc", 100), n, ns, base, first, last;
	struct bench_busy busy;
	struct share t = {
		.live = bench_param("live", 100000),
		.work = bench_param("work", 2000),
		.seed = 1,
	};
	int err;

	n = round_up(bench_param("n", t.live * gogc / 100 * 6), BATCH);
	err = bench_heap_open(&t.h, "share");
	if (err)
		return err;
	err = bench_table_fill(&t.h, t.live) ?: share_loop(&t, t.live) ?:
	      kgc_collect(t.h.heap, 2);
	if (err)
		goto out;
	base = share_base(&t, n);
	/* until here, the pacer learns the pace */
	kgc_option_set(t.h.heap, KGC_OPT_GOGC, gogc);
	err = share_loop(&t, round_up(t.live * gogc / 100, BATCH));
	t.peak = 0;
	first = kgc_collect_start(t.h.heap, 1);
	err = err ?: kgc_wait(t.h.heap, first);
	bench_busy_begin(&busy);
	err = err ?: share_loop(&t, n);
	ns = bench_busy_ns(&busy);
	last = kgc_collect_start(t.h.heap, 1);
	err = err ?: kgc_wait(t.h.heap, last);
	if (!err && base && ns) {
		bench_result("kgc", "lost", "%", 100 * (s64)(ns - base), ns);
		bench_result("kgc", "per operation", "ns", ns, n);
		bench_result("kgc", "per operation, not collecting", "ns",
			     base, n);
		bench_result("kgc", "cycles", "", last - first - 1, 1);
		bench_result("kgc", "peak over live", "", t.peak, t.live);
	}
out:
	bench_heap_close(&t.h);
	return err;
}

const struct bench bench_share = {
	.name = "share",
	.about = "throughput lost to collection (live, work, gogc, n)",
	.run = share_run,
};
