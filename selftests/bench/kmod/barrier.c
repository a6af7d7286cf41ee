// SPDX-License-Identifier: GPL-2.0
/*
 * Sections and pointer stores.
 */
#include <linux/delay.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/srcu.h>

#include "bench.h"

#define SAMPLE_OPS	64	/* operations in a sample */
#define TARGETS	(SAMPLE_OPS * BENCH_SAMPLES)

DEFINE_STATIC_SRCU(plain_srcu);

/* The median time of SAMPLE_OPS times @OP, which may use the loop counter i. */
#define MEDIAN_OF(OP)							\
({									\
	static struct bench_samples t_; /* one benchmark at a time */	\
	unsigned int i;							\
									\
	t_.n = 0;							\
	while (t_.n < BENCH_SAMPLES) {					\
		u64 begin_ = bench_now();				\
									\
		for (i = 0; i < SAMPLE_OPS; i++) {			\
			OP;						\
			barrier();					\
		}							\
		bench_sample(&t_, begin_);				\
	}								\
	bench_median(&t_);						\
})

static __always_inline void srcu_pair(void)
{
	int idx = srcu_read_lock(&plain_srcu);

	srcu_read_unlock(&plain_srcu, idx);
}

static int section_run(void)
{
	struct bench_heap h;
	u64 empty, kgc, srcu;
	int err;

	err = bench_heap_open(&h, "section");
	if (err)
		return err;
	empty = MEDIAN_OF();
	kgc = MEDIAN_OF(kgc_exit(kgc_enter(h.heap)));
	srcu = MEDIAN_OF(srcu_pair());
	bench_result("kgc", "enter + exit", "ns", kgc - empty, SAMPLE_OPS);
	bench_result("srcu", "read lock + unlock", "ns", srcu - empty, SAMPLE_OPS);
	bench_heap_close(&h);
	return 0;
}

const struct bench bench_section = {
	.name = "section",
	.about = "an empty section",
	.run = section_run,
};

static noinline u64 store_each(struct kgc_section s, struct bench_slot *slots,
			       void *const *values)
{
	struct bench_samples t = { };
	unsigned int n, i;

	for (n = 0; n < TARGETS; n += SAMPLE_OPS) {
		u64 begin = bench_now();

		for (i = n; i < n + SAMPLE_OPS; i++)
			kgc_store(s, &slots[i].ref,
				  (struct bench_node *)values[i]);
		bench_sample(&t, begin);
	}
	return bench_median(&t);
}

static noinline u64 plain_each(struct bench_slot *slots, void *const *values)
{
	struct bench_samples t = { };
	unsigned int n, i;

	for (n = 0; n < TARGETS; n += SAMPLE_OPS) {
		u64 begin = bench_now();

		for (i = n; i < n + SAMPLE_OPS; i++)
			WRITE_ONCE(*(void **)&slots[i], values[i]);
		bench_sample(&t, begin);
	}
	return bench_median(&t);
}

static noinline u64 rcu_each(void __rcu **slots, void *const *values)
{
	struct bench_samples t = { };
	unsigned int n, i;

	for (n = 0; n < TARGETS; n += SAMPLE_OPS) {
		u64 begin = bench_now();

		for (i = n; i < n + SAMPLE_OPS; i++)
			rcu_assign_pointer(slots[i], values[i]);
		bench_sample(&t, begin);
	}
	return bench_median(&t);
}

/*
 * The section keeps the collector in MARK. Overwrite each target once while it is
 * unmarked, then write it back over NULL, then over itself, which is marked by then. The
 * marker does not reach the targets, because the list comes before the table. The table
 * is allocated before marking, and stores go to the heap, not to roots.
 */
static void store_shading(struct bench_heap *h, struct kgc_section s,
			  void **values, void **nulls, u64 plain)
{
	struct bench_slot *slots = kgc_load(s, &h->table);

	preempt_disable();
	bench_result("kgc", "marking, old unmarked", "ns",
		     store_each(s, slots, nulls) - plain, SAMPLE_OPS);
	bench_result("kgc", "marking, old NULL", "ns",
		     store_each(s, slots, values) - plain, SAMPLE_OPS);
	bench_result("kgc", "marking, old marked", "ns",
		     store_each(s, slots, values) - plain, SAMPLE_OPS);
	preempt_enable();
}

/* Wait for a section that begins while the collector marks. */
static void store_marking(struct bench_heap *h, void **values, void **nulls,
			  u64 plain)
{
	unsigned int tries;
	bool marking;

	kgc_collect_start(h->heap, 1);
	for (tries = 0; tries < 10000; tries++) {
		struct kgc_section s = kgc_enter(h->heap);

		marking = s.mode & KGC_MODE_BLACK;
		if (marking)
			store_shading(h, s, values, nulls, plain);
		kgc_exit(s);
		if (marking)
			break;
		usleep_range(50, 100);
	}
}

static void store_all(struct bench_heap *h, void **values, void **nulls)
{
	struct bench_slot *slots;
	struct kgc_section s;
	u64 plain, kgc, rcu;
	unsigned int i;
	void **copy;

	copy = kvcalloc(TARGETS, sizeof(*copy), GFP_KERNEL);
	if (!copy)
		return;
	s = kgc_enter(h->heap);
	slots = kgc_load(s, &h->table);
	for (i = 0; i < TARGETS; i++)
		values[i] = kgc_load(s, &slots[i].ref);
	plain = plain_each((struct bench_slot *)copy, values);
	kgc = store_each(s, slots, values);
	rcu = rcu_each((void __rcu **)copy, values);
	kgc_exit(s);
	bench_result("plain", "store", "ns", plain, SAMPLE_OPS);
	bench_result("kgc", "idle, over a plain store", "ns", kgc - plain,
		     SAMPLE_OPS);
	bench_result("rcu", "rcu_assign_pointer, over a plain store", "ns",
		     rcu - plain, SAMPLE_OPS);
	/* addresses outlive the section because nothing moves or dies here */
	store_marking(h, values, nulls, plain);
	kvfree(copy);
}

static int store_run(void)
{
	void **values = kvcalloc(TARGETS, sizeof(*values), GFP_KERNEL);
	void **nulls = kvcalloc(TARGETS, sizeof(*nulls), GFP_KERNEL);
	struct bench_heap h;
	int err;

	err = values && nulls ? bench_heap_open(&h, "store") : -ENOMEM;
	if (err)
		goto out;
	err = bench_table_fill(&h, TARGETS) ?:
	      bench_grow_list(&h, bench_param("n", 300000));
	if (!err)
		err = kgc_collect(h.heap, 1);
	if (!err)
		store_all(&h, values, nulls);
	bench_heap_close(&h);
out:
	kvfree(values);
	kvfree(nulls);
	return err;
}

const struct bench bench_store = {
	.name = "store",
	.about = "a pointer store: idle, and while marking (n: list behind)",
	.run = store_run,
};
