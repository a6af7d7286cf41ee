// SPDX-License-Identifier: GPL-2.0
/*
 * Graphs with shared nodes. A program does not know in advance which reference is the
 * last. So without a collector it counts references to each node (kref), and frees a
 * graph reference by reference. Both arms build the same graphs in the same order and
 * drop them from a table at random.
 */
#include <linux/kref.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

#define NODES	256	/* in a graph */
#define GRAPHS	64	/* alive at a time */

/* As large as struct bench_node. */
struct counted {
	struct kref	count;
	struct counted	*left;
	struct counted	*right;
	u64		data[5];
};

static struct counted *dead;	/* nodes without a reference, linked by @left */

static void counted_release(struct kref *count)
{
	struct counted *o = container_of(count, struct counted, count);

	o->data[0] = (unsigned long)o->left;
	o->left = dead;
	dead = o;
}

/*
 * Drop a reference, and the nodes that this frees. A graph may be too deep for recursion.
 */
static void counted_put(struct kmem_cache *cache, struct counted *o)
{
	kref_put(&o->count, counted_release);
	while (dead) {
		struct counted *left;

		o = dead;
		dead = o->left;
		left = (struct counted *)(unsigned long)o->data[0];
		if (left)
			kref_put(&left->count, counted_release);
		if (o->right)
			kref_put(&o->right->count, counted_release);
		kmem_cache_free(cache, o);
	}
}

/* Node i refers to node i - 1 and to another earlier one, so the last node keeps all. */
static struct counted *counted_build(struct kmem_cache *cache,
				     struct counted **made, u64 *seed)
{
	unsigned int i;

	for (i = 0; i < NODES; i++) {
		struct counted *o = kmem_cache_zalloc(cache, GFP_KERNEL);

		if (!o) {
			if (i)
				counted_put(cache, made[i - 1]);
			return NULL;
		}
		kref_init(&o->count);
		made[i] = o;
		if (!i)
			continue;
		/* this field takes over the builder's reference */
		o->left = made[i - 1];
		o->right = made[bench_random(seed) % i];
		kref_get(&o->right->count);
	}
	return made[NODES - 1];
}

static int counted_rounds(struct kmem_cache *cache, struct counted **made,
			  struct counted **table, u64 rounds)
{
	u64 seed = 1;

	while (rounds--) {
		struct counted **slot = &table[bench_random(&seed) % GRAPHS];
		struct counted *old = *slot;

		*slot = counted_build(cache, made, &seed);
		if (old)
			counted_put(cache, old);
		if (!*slot)
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

static int by_hand(u64 rounds, void **made)
{
	struct counted *table[GRAPHS] = { };
	struct kmem_cache *cache;
	struct bench_busy busy;
	unsigned int i;
	int err;

	static_assert(sizeof(struct counted) == sizeof(struct bench_node));
	cache = kmem_cache_create("kgc_bench", sizeof(struct counted), 64, 0,
				  NULL);
	if (!cache)
		return -ENOMEM;
	err = counted_rounds(cache, (struct counted **)made, table, GRAPHS);
	bench_busy_begin(&busy);
	err = err ?: counted_rounds(cache, (struct counted **)made, table,
				    rounds);
	if (!err)
		bench_result("kref", "per node of a graph", "ns",
			     bench_busy_ns(&busy), rounds * NODES);
	for (i = 0; i < GRAPHS; i++)
		if (table[i])
			counted_put(cache, table[i]);
	kmem_cache_destroy(cache);
	return err;
}

static struct bench_node *managed_build(struct bench_heap *h,
					struct kgc_section s,
					struct bench_node **made, u64 *seed)
{
	unsigned int i;

	for (i = 0; i < NODES; i++) {
		struct bench_node *o = kgc_alloc(s, h->node, GFP_KERNEL);

		if (!o)
			return NULL;
		made[i] = o;
		if (!i)
			continue;
		kgc_store(s, &o->left, made[i - 1]);
		kgc_store(s, &o->right, made[bench_random(seed) % i]);
	}
	return made[NODES - 1];
}

static int managed_rounds(struct bench_heap *h, struct bench_node **made,
			  u64 rounds)
{
	u64 seed = 1;

	while (rounds--) {
		struct kgc_section s = kgc_enter(h->heap);
		size_t at = bench_random(&seed) % GRAPHS;
		struct bench_node *top = managed_build(h, s, made, &seed);

		kgc_store(s, &kgc_load(s, &h->table)[at].ref, top);
		kgc_exit(s);
		if (!top)
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/* The pacer begins the cycles. The figure includes a last cycle for what is left. */
static int managed(u64 rounds, void **made)
{
	struct bench_busy busy;
	struct bench_heap h;
	u64 first, last;
	int err;

	err = bench_heap_open(&h, "counted");
	if (err)
		return err;
	kgc_option_set(h.heap, KGC_OPT_GOGC, bench_param("gogc", 100));
	err = bench_table_empty(&h, GRAPHS) ?:
	      managed_rounds(&h, (struct bench_node **)made, GRAPHS);
	first = kgc_collect_start(h.heap, 1);
	err = err ?: kgc_wait(h.heap, first);
	bench_busy_begin(&busy);
	err = err ?: managed_rounds(&h, (struct bench_node **)made, rounds);
	last = kgc_collect_start(h.heap, 1);
	err = err ?: kgc_wait(h.heap, last);
	if (!err) {
		bench_result("kgc", "per node of a graph", "ns",
			     bench_busy_ns(&busy), rounds * NODES);
		bench_result("kgc", "cycles", "", last - first, 1);
	}
	bench_heap_close(&h);
	return err;
}

static int counted_run(void)
{
	u64 rounds = bench_param("n", 1000000) / NODES;
	void **made = kcalloc(NODES, sizeof(*made), GFP_KERNEL);
	int err;

	if (!made)
		return -ENOMEM;
	err = by_hand(rounds, made) ?: managed(rounds, made);
	kfree(made);
	return err;
}

const struct bench bench_counted = {
	.name = "counted",
	.about = "graphs with shared nodes against kref (n, gogc)",
	.run = counted_run,
};
