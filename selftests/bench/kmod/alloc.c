// SPDX-License-Identifier: GPL-2.0
/*
 * The cost of single allocations, in kgc and in the kernel's own allocator.
 */
#include <linux/delay.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

#define SAMPLE_OPS	32	/* operations in a sample */
#define BATCH	64	/* objects allocated before the first is freed */

static void *sink;

/* The loop around what sample_pairs() measures. Callers subtract it. */
static noinline u64 empty_loop(void)
{
	struct bench_samples t = { };
	unsigned int i;
	u64 begin;

	while (t.n < BENCH_SAMPLES) {
		begin = bench_now();
		for (i = 0; i < SAMPLE_OPS; i += 2) {
			WRITE_ONCE(sink, &sink);
			WRITE_ONCE(sink, &sink);
		}
		bench_sample(&t, begin);
	}
	return bench_min(&t);
}

/*
 * The least of many short samples is the fast path alone. A sample takes longer if a word
 * of the bitmap runs out in it.
 */
static noinline u64 sample_pairs(struct kgc_section s,
				 struct kgc_type *a, struct kgc_type *b)
{
	struct bench_samples t = { };
	unsigned int i;
	u64 begin;

	while (t.n < BENCH_SAMPLES) {
		begin = bench_now();
		for (i = 0; i < SAMPLE_OPS; i += 2) {
			WRITE_ONCE(sink, kgc_alloc(s, a, GFP_KERNEL));
			WRITE_ONCE(sink, kgc_alloc(s, b, GFP_KERNEL));
		}
		bench_sample(&t, begin);
	}
	return bench_min(&t);
}

/* Leave swept garbage between live objects, so that allocations reuse slots. */
static int make_holes(struct bench_heap *h, unsigned int n)
{
	int err = bench_table_fill(h, n);
	struct bench_slot *table;
	struct kgc_section s;
	unsigned int i, j;

	if (err)
		return err;
	s = kgc_enter(h->heap);
	table = kgc_load(s, &h->table);
	for (i = 0; i < n; i++) {
		for (j = 0; j < BATCH; j++)
			WRITE_ONCE(sink, kgc_alloc(s, h->node, GFP_KERNEL));
		kgc_store(s, &table[i].ref, (struct bench_node *)sink);
	}
	kgc_exit(s);
	return kgc_collect(h->heap, 2);
}

static int alloc_reused(struct bench_heap *h)
{
	u64 empty = empty_loop();
	struct kgc_section s;
	int err;

	err = make_holes(h, 1000);
	if (err)
		return err;
	s = kgc_enter(h->heap);
	bench_result("kgc", "fast path, memory reused", "ns",
		     sample_pairs(s, h->node, h->node) - empty, SAMPLE_OPS);
	kgc_exit(s);
	return 0;
}

static void alloc_fast(struct bench_heap *h)
{
	struct kgc_section s = kgc_enter(h->heap);
	u64 empty = empty_loop();

	bench_result("kgc", "fast path", "ns",
		     sample_pairs(s, h->node, h->node) - empty, SAMPLE_OPS);
	bench_result("kgc", "two types of one class in turn", "ns",
		     sample_pairs(s, h->node, h->pair) - empty, SAMPLE_OPS);
	kgc_exit(s);
}

/* Measure in a section that begins while the collector marks a long list. */
static int alloc_marking(struct bench_heap *h)
{
	u64 empty = empty_loop();
	unsigned int tries;
	bool marking;
	int err;

	err = bench_grow_list(h, 200000) ?: kgc_collect(h->heap, 1);
	if (err)
		return err;
	kgc_collect_start(h->heap, 1);
	for (tries = 0; tries < 10000; tries++) {
		struct kgc_section s = kgc_enter(h->heap);

		marking = s.mode & KGC_MODE_BLACK;
		if (marking)
			bench_result("kgc", "marking", "ns",
				     sample_pairs(s, h->node, h->node) - empty,
				     SAMPLE_OPS);
		kgc_exit(s);
		if (marking)
			break;
		usleep_range(50, 100);
	}
	return 0;
}

/* Allocate from fresh memory in short sections, slow paths included. */
static int alloc_long(struct bench_heap *h, u64 n)
{
	struct bench_busy busy;
	struct kgc_section s;
	unsigned int j;
	u64 i;

	bench_busy_begin(&busy);
	for (i = 0; i < n; i += BATCH) {
		s = kgc_enter(h->heap);
		for (j = 0; j < BATCH; j++)
			WRITE_ONCE(sink, kgc_alloc(s, h->node, GFP_KERNEL));
		kgc_exit(s);
		if (!sink)
			return -ENOMEM;
		cond_resched();
	}
	bench_result("kgc", "fresh memory", "ns", bench_busy_ns(&busy), n);
	return 0;
}

static int alloc_run(void)
{
	u64 n = round_up(bench_param("n", 200000), BATCH);
	struct bench_heap h;
	int err;

	err = bench_heap_open(&h, "alloc");
	if (err)
		return err;
	alloc_fast(&h);
	err = alloc_reused(&h) ?: alloc_long(&h, n) ?: alloc_marking(&h);
	bench_heap_close(&h);
	return err;
}

const struct bench bench_alloc = {
	.name = "alloc",
	.about = "one 64-byte object with pointers, zeroed (n)",
	.run = alloc_run,
};

static int bulk_run(void)
{
	struct bench_samples t = { };
	struct bench_heap h;
	struct kgc_section s;
	static void *objs[SAMPLE_OPS];	/* one benchmark runs at a time */
	u64 begin;
	int err;

	err = bench_heap_open(&h, "bulk");
	if (err)
		return err;
	while (t.n < BENCH_SAMPLES && !err) {
		s = kgc_enter(h.heap);
		begin = bench_now();
		if (kgc_alloc_bulk(s, h.node, GFP_KERNEL, SAMPLE_OPS, objs) <
		    SAMPLE_OPS)
			err = -ENOMEM;
		bench_sample(&t, begin);
		kgc_exit(s);
	}
	if (!err)
		bench_result("kgc", "32 at once", "ns", bench_min(&t), SAMPLE_OPS);
	bench_heap_close(&h);
	return err;
}

const struct bench bench_bulk = {
	.name = "bulk",
	.about = "32 objects of 64 bytes in one call",
	.run = bulk_run,
};

/* The longest sample is an allocation that fetched a span. */
static int refill_run(void)
{
	u64 fast = U64_MAX, slow = 0, total = 0, n = 4096, begin, ns, i;
	struct bench_heap h;
	struct kgc_section s;
	int err;

	err = bench_heap_open(&h, "refill");
	if (err)
		return err;
	s = kgc_enter(h.heap);
	for (i = 0; i < n; i++) {
		begin = bench_now();
		WRITE_ONCE(sink, kgc_alloc(s, h.node, GFP_KERNEL));
		ns = bench_now() - begin;
		fast = min(fast, ns);
		slow = max(slow, ns);
		total += ns;
	}
	kgc_exit(s);
	bench_result("kgc", "slow paths, per object", "ns", total - n * fast, n);
	bench_result("kgc", "longest step", "ns", slow - fast, 1);
	bench_heap_close(&h);
	return 0;
}

const struct bench bench_refill = {
	.name = "refill",
	.about = "what the slow paths of an allocation add",
	.run = refill_run,
};

/* All objects die. The figure includes cycles, mostly their sweep. */
static int harden_turn(unsigned int harden, const char *name, u64 n)
{
	struct bench_busy busy;
	struct bench_heap h;
	struct kgc_section s;
	unsigned int j;
	int err;
	u64 i;

	err = bench_heap_open(&h, "harden");
	if (err)
		return err;
	kgc_option_set(h.heap, KGC_OPT_GOGC, KGC_GOGC_OFF);
	kgc_option_set(h.heap, KGC_OPT_HARDEN, harden);
	bench_busy_begin(&busy);
	for (i = 0; i < n && !err; i += BATCH) {
		s = kgc_enter(h.heap);
		for (j = 0; j < BATCH; j++)
			WRITE_ONCE(sink, kgc_alloc(s, h.node, GFP_KERNEL));
		kgc_exit(s);
		if (!sink)
			err = -ENOMEM;
		else if (i % (64 * BATCH) == 63 * BATCH)
			err = kgc_collect(h.heap, 1);
	}
	if (!err)
		bench_result("kgc", name, "ns", bench_busy_ns(&busy), n);
	bench_heap_close(&h);
	return err;
}

static int harden_run(void)
{
	u64 n = round_up(bench_param("n", 40960), 64 * BATCH);

	return harden_turn(0, "not hardened", n) ?:
	       harden_turn(KGC_HARDEN_POISON, "the dead overwritten", n) ?:
	       harden_turn(KGC_HARDEN_RANDOM, "random order", n) ?:
	       harden_turn(KGC_HARDEN_RANDOM | KGC_HARDEN_POISON, "both", n);
}

const struct bench bench_harden = {
	.name = "harden",
	.about = "what the option harden costs, cycles included (n)",
	.run = harden_run,
};

/* ---- the kernel's allocator ---------------------------------------------*/

static u64 slab_hot(struct kmem_cache *cache, u64 n)
{
	struct bench_busy busy;
	u64 i;

	bench_busy_begin(&busy);
	for (i = 0; i < n; i++) {
		void *obj = kmem_cache_zalloc(cache, GFP_KERNEL);

		WRITE_ONCE(sink, obj);
		kmem_cache_free(cache, obj);
	}
	return bench_busy_ns(&busy);
}

/* Allocate @batch objects, then free them, until @n are done. */
static u64 slab_batch(struct kmem_cache *cache, u64 n, size_t batch,
		      void **objs)
{
	struct bench_busy busy;
	size_t j;
	u64 i;

	bench_busy_begin(&busy);
	for (i = 0; i < n; i += batch) {
		for (j = 0; j < batch; j++)
			objs[j] = kmem_cache_zalloc(cache, GFP_KERNEL);
		for (j = 0; j < batch; j++)
			kmem_cache_free(cache, objs[j]);
		cond_resched();
	}
	return bench_busy_ns(&busy);
}

static u64 slab_bulk(struct kmem_cache *cache, u64 n, void **objs)
{
	struct bench_busy busy;
	u64 i;

	bench_busy_begin(&busy);
	for (i = 0; i < n; i += BATCH) {
		if (kmem_cache_alloc_bulk(cache, GFP_KERNEL | __GFP_ZERO, BATCH,
					  objs))
			kmem_cache_free_bulk(cache, BATCH, objs);
		cond_resched();
	}
	return bench_busy_ns(&busy);
}

static u64 slab_kzalloc(u64 n, void **objs)
{
	struct bench_busy busy;
	size_t j;
	u64 i;

	bench_busy_begin(&busy);
	for (i = 0; i < n; i += BATCH) {
		for (j = 0; j < BATCH; j++)
			objs[j] = kzalloc(64, GFP_KERNEL);
		for (j = 0; j < BATCH; j++)
			kfree(objs[j]);
		cond_resched();
	}
	return bench_busy_ns(&busy);
}

static int slab_run(void)
{
	u64 n = round_up(bench_param("n", 204800), BATCH);
	struct kmem_cache *cache;
	void **objs;

	cache = kmem_cache_create("kgc_bench", 64, 64, 0, NULL);
	objs = kvmalloc_array(n, sizeof(*objs), GFP_KERNEL);
	if (cache && objs) {
		slab_hot(cache, 1000);
		bench_result("slab", "zalloc + free, hot", "ns",
			     slab_hot(cache, n), n);
		bench_result("slab", "zalloc + free, batches of 64", "ns",
			     slab_batch(cache, n, BATCH, objs), n);
		bench_result("slab", "zalloc + free, all then all", "ns",
			     slab_batch(cache, n, n, objs), n);
		bench_result("slab", "bulk calls of 64", "ns",
			     slab_bulk(cache, n, objs), n);
		bench_result("slab", "kzalloc + kfree, batches of 64", "ns",
			     slab_kzalloc(n, objs), n);
	}
	kvfree(objs);
	kmem_cache_destroy(cache);
	return cache && objs ? 0 : -ENOMEM;
}

const struct bench bench_slab = {
	.name = "slab",
	.about = "the kernel's allocator: hot, batches, bulk (n)",
	.run = slab_run,
};

struct rcu_object {
	struct rcu_head	rcu;
	u64		data[6];
};

static int rcu_run(void)
{
	u64 n = round_up(bench_param("n", 204800), BATCH), i;
	struct bench_busy busy;

	static_assert(sizeof(struct rcu_object) == 64);
	bench_busy_begin(&busy);
	for (i = 0; i < n; i++) {
		struct rcu_object *o = kzalloc(sizeof(*o), GFP_KERNEL);

		if (!o)
			return -ENOMEM;
		kfree_rcu(o, rcu);
		if (i % BATCH == BATCH - 1)
			cond_resched();
	}
	rcu_barrier();
	bench_result("kfree_rcu", "kzalloc + kfree_rcu, barrier", "ns",
		     bench_busy_ns(&busy), n);
	return 0;
}

const struct bench bench_rcu = {
	.name = "rcu",
	.about = "kzalloc + kfree_rcu with the final barrier (n)",
	.run = rcu_run,
};
