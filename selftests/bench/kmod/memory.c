// SPDX-License-Identifier: GPL-2.0
/*
 * The memory of a heap. The heaps stay, so that their counters in debugfs can be read;
 * "release" ends them.
 */
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

#define BATCH	64

static int meta_run(void)
{
	u64 n = round_up(bench_param("n", 500000), BATCH), i;
	struct bench_heap *h = bench_hold("meta");
	struct bench_node *node = NULL, *last;
	unsigned int types = clamp(bench_param("types", 1), 1ULL, 16ULL);
	struct kgc_type *type[16];
	struct kgc_section s;
	unsigned int j;

	if (IS_ERR(h))
		return PTR_ERR(h);
	type[0] = h->node;
	for (j = 1; j < types; j++) {
		type[j] = bench_type_pair(h->heap);
		if (IS_ERR(type[j]))
			return PTR_ERR(type[j]);
	}
	for (i = 0; i < n; i += BATCH) {
		s = kgc_enter(h->heap);
		last = kgc_load(s, &h->spare);
		for (j = 0; j < BATCH; j++) {
			node = kgc_alloc(s, type[j % types], GFP_KERNEL);
			if (!node)
				break;
			kgc_store(s, &node->left, last);
			last = node;
		}
		kgc_store(s, &h->spare, last);
		kgc_exit(s);
		if (!node)
			return -ENOMEM;
		cond_resched();
	}
	bench_result("live", "bytes asked for", "B", 64 * n, 1);
	return 0;
}

const struct bench bench_meta = {
	.name = "meta",
	.about = "n objects of 64 bytes, of up to 16 types (n, types)",
	.run = meta_run,
};

static const u16 sizes[] = {
	16, 24, 32, 40, 64, 72, 96, 128, 200, 256, 400, 512, 1000, 2048,
};

struct churn {
	struct bench_heap	*h;
	struct kgc_type		*type[ARRAY_SIZE(sizes)];
	size_t			live;
	u64			seed;
	u16			*size;
};

static int churn_types(struct churn *c)
{
	struct kgc_type_desc desc = {
		.name = "bytes", .align = 8, .flags = KGC_DESC_NOSCAN,
		.owner = THIS_MODULE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		desc.size = sizes[i];
		c->type[i] = kgc_type_register(c->h->heap, &desc);
		if (IS_ERR(c->type[i]))
			return PTR_ERR(c->type[i]);
	}
	return 0;
}

/* Replace @n random objects by objects of any size. */
static int churn_loop(struct churn *c, u64 n)
{
	u64 i, j;

	for (i = 0; i < n; i += BATCH) {
		struct kgc_section s = kgc_enter(c->h->heap);
		struct bench_slot *table = kgc_load(s, &c->h->table);

		for (j = 0; j < BATCH; j++) {
			u32 kind = bench_random(&c->seed) % ARRAY_SIZE(sizes);
			u32 slot = bench_random(&c->seed) % c->live;
			void *obj = kgc_alloc(s, c->type[kind], GFP_KERNEL);

			if (!obj) {
				kgc_exit(s);
				return -ENOMEM;
			}
			kgc_store(s, &table[slot].ref, (struct bench_node *)obj);
			c->size[slot] = sizes[kind];
		}
		kgc_exit(s);
		cond_resched();
	}
	return 0;
}

static int churn_run(void)
{
	u64 n = bench_param("n", 10000000), bytes = 0;
	struct bench_heap *h = bench_hold("churn");
	struct churn c = {
		.h = h, .seed = 1, .live = bench_param("live", 50000),
	};
	size_t i;
	int err;

	if (IS_ERR(h))
		return PTR_ERR(h);
	c.size = kvcalloc(c.live, sizeof(*c.size), GFP_KERNEL);
	if (!c.size)
		return -ENOMEM;
	kgc_option_set(h->heap, KGC_OPT_GOGC, bench_param("gogc", 100));
	err = churn_types(&c) ?: bench_table_fill(h, c.live) ?:
	      churn_loop(&c, n) ?: kgc_collect(h->heap, 2);
	if (!err)
		kgc_scavenge(h->heap);
	for (i = 0; i < c.live; i++)
		bytes += c.size[i] ?: 64;
	bench_result("live", "bytes asked for", "B",
		     bytes + c.live * sizeof(struct bench_slot), 1);
	kvfree(c.size);
	return err;
}

const struct bench bench_churn = {
	.name = "churn",
	.about = "n replacements of mixed sizes at a constant live set (n, live, gogc)",
	.run = churn_run,
};

/* Of many objects few survive, spread over all of the memory. */
static int sparse_run(void)
{
	u64 n = round_up(bench_param("n", 1000000), BATCH), i;
	u64 keep = bench_param("keep", 100), seed = 1, at = 0;
	struct bench_heap *h = bench_hold("sparse");
	struct bench_slot *table;
	struct bench_node *node = NULL;
	struct kgc_section s;
	unsigned int j;
	int err;

	if (IS_ERR(h))
		return PTR_ERR(h);
	err = bench_table_fill(h, n / keep);
	for (i = 0; i < n && !err; i += BATCH) {
		s = kgc_enter(h->heap);
		table = kgc_load(s, &h->table);
		for (j = 0; j < BATCH; j++) {
			node = kgc_alloc(s, h->node, GFP_KERNEL);
			if (!node)
				break;
			if (bench_random(&seed) % keep || at == n / keep)
				continue;
			kgc_store(s, &table[at++].ref, node);
		}
		kgc_exit(s);
		err = node ? 0 : -ENOMEM;
		cond_resched();
	}
	err = err ?: kgc_collect(h->heap, 2);
	if (!err)
		kgc_scavenge(h->heap);
	bench_result("live", "bytes asked for", "B", n / keep * (64 + 8), 1);
	return err;
}

const struct bench bench_sparse = {
	.name = "sparse",
	.about = "n objects of which one in so many survives (n, keep)",
	.run = sparse_run,
};
