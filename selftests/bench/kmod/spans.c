// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of a page heap in the most fragmented state. Each object is a span of one
 * page. Every second object is dropped, swept and allocated again. No run of free pages
 * is longer than a page, and the runs lie all over the heap. The heap stays, so that its
 * counters can be read.
 */
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

#define BATCH	64

struct page_object {
	u64	words[1024];
};

static const struct kgc_type_desc page_desc = {
	.name = "page", .size = sizeof(struct page_object),
	.align = __alignof__(struct page_object), .flags = KGC_DESC_NOSCAN,
	.owner = THIS_MODULE,
};

struct spans {
	struct bench_heap	*h;
	struct kgc_type		*type;
	size_t			n;
};

/* Put an object into every @step-th slot of the table. */
static int spans_fill(struct spans *t, size_t step)
{
	size_t i = 0, end;

	while (i < t->n) {
		struct kgc_section s = kgc_enter(t->h->heap);
		struct bench_slot *table = kgc_load(s, &t->h->table);

		for (end = min(t->n, i + BATCH * step); i < end; i += step) {
			void *page = kgc_alloc(s, t->type, GFP_KERNEL);

			if (!page) {
				kgc_exit(s);
				return -ENOMEM;
			}
			kgc_store(s, &table[i].ref, (struct bench_node *)page);
		}
		kgc_exit(s);
		cond_resched();
	}
	return 0;
}

/* Drop every second object. */
static void spans_drop(struct spans *t)
{
	struct kgc_section s = kgc_enter(t->h->heap);
	struct bench_slot *table = kgc_load(s, &t->h->table);
	size_t i;

	for (i = 0; i < t->n; i += 2)
		kgc_store(s, &table[i].ref, NULL);
	kgc_exit(s);
}

/* The cost of clearing @n new objects, by the stores that the allocator uses. */
static noinline u64 spans_clear(struct page_object *page, size_t n)
{
	struct bench_busy busy;
	u64 *p, *end = page->words + ARRAY_SIZE(page->words);
	size_t i;

	bench_busy_begin(&busy);
	for (i = 0; i < n; i++) {
		for (p = page->words; p + 8 <= end; p += 8) {
			WRITE_ONCE(p[0], 0);
			WRITE_ONCE(p[1], 0);
			WRITE_ONCE(p[2], 0);
			WRITE_ONCE(p[3], 0);
			WRITE_ONCE(p[4], 0);
			WRITE_ONCE(p[5], 0);
			WRITE_ONCE(p[6], 0);
			WRITE_ONCE(p[7], 0);
		}
	}
	return bench_busy_ns(&busy);
}

/*
 * The first cycle finds the garbage, and the second one the same live objects and no
 * garbage. The difference is the cost of sweeping and of giving back.
 */
static int spans_round(struct spans *t, u64 *put, u64 *take)
{
	struct bench_busy busy;
	u64 rest;
	int err;

	spans_drop(t);
	bench_busy_begin(&busy);
	err = kgc_collect(t->h->heap, 1);
	*put = bench_busy_ns(&busy);
	if (err)
		return err;
	bench_busy_begin(&busy);
	err = kgc_collect(t->h->heap, 1);
	rest = bench_busy_ns(&busy);
	*put = max(*put, rest) - rest;
	if (err)
		return err;
	bench_busy_begin(&busy);
	err = spans_fill(t, 2);
	*take = bench_busy_ns(&busy);
	return err;
}

static int spans_measure(struct spans *t, struct page_object *page)
{
	unsigned int rounds = clamp(bench_param("rounds", 51), 1ULL,
				    BENCH_SAMPLES);
	struct bench_samples *take, *put;
	u64 dead = DIV_ROUND_UP(t->n, 2), clear;
	int err = 0;

	take = kcalloc(2, sizeof(*take), GFP_KERNEL);
	if (!take)
		return -ENOMEM;
	put = take + 1;
	for (; take->n < rounds && !err; take->n++, put->n++)
		err = spans_round(t, &put->ns[put->n], &take->ns[take->n]);
	if (!err) {
		clear = spans_clear(page, dead);
		bench_result("kgc", "clearing an object", "ns", clear, dead);
		bench_result("kgc", "per span taken, less clearing", "ns",
			     (s64)(bench_median(take) - clear), dead);
		bench_result("kgc", "per span given back", "ns",
			     bench_median(put), dead);
	}
	kfree(take);
	return err;
}

static int spans_run(void)
{
	struct spans t = { .n = max(bench_param("n", 1000), 2ULL) };
	struct page_object *page;
	int err;

	t.h = bench_hold("spans");
	if (IS_ERR(t.h))
		return PTR_ERR(t.h);
	t.type = kgc_type_register(t.h->heap, &page_desc);
	if (IS_ERR(t.type))
		return PTR_ERR(t.type);
	page = kmalloc(sizeof(*page), GFP_KERNEL);
	if (!page)
		return -ENOMEM;
	err = bench_table_empty(t.h, t.n) ?: spans_fill(&t, 1) ?:
	      kgc_collect(t.h->heap, 1) ?: spans_measure(&t, page);
	kfree(page);
	return err;
}

const struct bench bench_spans = {
	.name = "spans",
	.about = "pages for every second of n spans, taken and given back (n, rounds)",
	.run = spans_run,
};
