// SPDX-License-Identifier: GPL-2.0
/*
 * The whole life of an object that becomes garbage. It is allocated and linked with the
 * barrier. One of ten is marked because it is still reachable. It is swept. The figure
 * includes all CPU time, also that of the collector and of grace periods.
 */
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

#define BATCH	64	/* objects in a section */
#define LINGER	10	/* one of so many objects goes into the table */

static int life_loop(struct bench_heap *h, size_t live, u64 n)
{
	u64 seed = 1, i, j;

	for (i = 0; i < n; i += BATCH) {
		struct kgc_section s = kgc_enter(h->heap);
		struct bench_slot *table = kgc_load(s, &h->table);

		for (j = i; j < i + BATCH; j++) {
			struct bench_node *node;

			node = kgc_alloc(s, h->node, GFP_KERNEL);
			if (!node) {
				kgc_exit(s);
				return -ENOMEM;
			}
			kgc_store(s, &h->last, node);
			if (j % LINGER)
				continue;
			kgc_store(s, &table[bench_random(&seed) % live].ref,
				  node);
		}
		kgc_exit(s);
		cond_resched();
	}
	return 0;
}

/*
 * Exactly a tenth lives: between two cycles the loop allocates nine times the live set,
 * and it waits for each cycle.
 */
static int life_rounds(struct bench_heap *h, size_t live, unsigned int rounds)
{
	int err = 0;

	while (rounds-- && !err)
		err = life_loop(h, live, round_up(live * (LINGER - 1), BATCH)) ?:
		      kgc_collect(h->heap, 1);
	return err;
}

static int life_run(void)
{
	size_t live = bench_param("live", 20000);
	unsigned int rounds = bench_param("rounds", 8);
	struct bench_busy busy;
	struct bench_heap h;
	int err;

	err = bench_heap_open(&h, "life");
	if (err)
		return err;
	/* after two rounds all memory is reused */
	err = bench_table_fill(&h, live) ?: life_rounds(&h, live, 2);
	bench_busy_begin(&busy);
	err = err ?: life_rounds(&h, live, rounds);
	if (!err)
		bench_result("kgc", "allocate, link, mark a tenth, sweep", "ns",
			     bench_busy_ns(&busy),
			     round_up(live * (LINGER - 1), BATCH) * rounds);
	bench_heap_close(&h);
	return err;
}

/* The same under the pacer: growth begins the cycles, which run beside the loop. */
static int paced_run(void)
{
	size_t live = bench_param("live", 60000);
	u64 n = round_up(bench_param("n", 4000000), BATCH);
	struct bench_busy busy;
	struct bench_heap h;
	u64 first, last;
	int err;

	err = bench_heap_open(&h, "paced");
	if (err)
		return err;
	kgc_option_set(h.heap, KGC_OPT_GOGC, bench_param("gogc", 900));
	err = bench_table_fill(&h, live) ?: life_loop(&h, live, n / 2);
	first = kgc_collect_start(h.heap, 1);
	err = err ?: kgc_wait(h.heap, first);
	bench_busy_begin(&busy);
	err = err ?: life_loop(&h, live, n);
	/* the figure includes a cycle for what is left */
	last = kgc_collect_start(h.heap, 1);
	err = err ?: kgc_wait(h.heap, last);
	if (!err) {
		bench_result("kgc", "the same, paced", "ns",
			     bench_busy_ns(&busy), n);
		bench_result("kgc", "cycles", "", last - first, 1);
	}
	bench_heap_close(&h);
	return err;
}

const struct bench bench_paced = {
	.name = "paced",
	.about = "the same while the heap paces itself (live, n, gogc)",
	.run = paced_run,
};

const struct bench bench_life = {
	.name = "life",
	.about = "the whole life of garbage, a tenth of it alive (live, rounds)",
	.run = life_run,
};
