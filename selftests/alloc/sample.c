// SPDX-License-Identifier: GPL-2.0
/*
 * Which objects are sampled: each with the same probability, whatever its type, its place in
 * a span, the path that allocates it, and what becomes of its span. The test counts samples,
 * and accepts what is no more than five standard deviations off. Seeds are fixed.
 */
#include <check.h>
#include <shim.h>

#include "heap.h"
#include "../uapi/linux/kgc.h"

#define RATE		512
#define BYTES		64
#define PER_MILLION	117503		/* 1 - exp(-BYTES / RATE) */
#ifdef __KERNEL__
#define OBJECTS		10000		/* what is more is judged in userspace */
#else
#define OBJECTS		100000
#endif
#define IN_SPAN		(KGC_PAGE_SIZE / BYTES)
#define GROUPS		8		/* of neighbouring slots */

static struct kgc_layout pair[2];
static struct kgc_allocated pair_allocated[2];
static u64 sampled[2], sampled_group[GROUPS], fast;

static void count(struct kgc_allocator *a, const struct kgc_layout *layout, void *obj,
		  size_t bytes)
{
	struct kgc_span *span = heap_span_at(obj);

	check(bytes == span->size);
	sampled[layout - pair]++;
	if (bytes == BYTES)
		sampled_group[kgc_span_index(span, obj) * GROUPS / IN_SPAN]++;
}

static void pair_begin(u64 rate)
{
	unsigned int i;

	heap_begin();
	allocator.sampled = count;
	kgc_allocator_sample(&allocator, rate);
	for (i = 0; i < 2; i++) {
		pair[i] = (struct kgc_layout){
			.id = i + 1,
			.bytes = BYTES,
			.slot = BYTES,
			.spc = kgc_size_to_class(BYTES) << 1,
			.allocated = &pair_allocated[i],
		};
		sampled[i] = 0;
	}
	memset(sampled_group, 0, sizeof(sampled_group));
	fast = 0;
}

/* Give the generators that have been made meanwhile the same state in every run. */
static void fix_seeds(void)
{
	unsigned int spc;
	int nid;

	for_each_node(nid)
		for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++)
			if (allocator.node[nid]->central[spc])
				allocator.node[nid]->central[spc]->random =
					(struct rnd_state){ 1000, 2000, 3000, 4000 };
}

/* Allocate as kgc_alloc() does: on the fast path where the span allows that. */
static void *allocate(const struct kgc_layout *layout)
{
	struct kgc_span *span;
	void *obj = NULL;

	preempt_disable();
	span = this_cpu_ptr(allocator.cpu)->span[layout->spc];
	if (*span->word && span->fast == layout) {
		obj = kgc_take_slot(&allocator, span, span->word, *span->word, 0, layout);
		fast++;
	}
	preempt_enable();
	return obj ?: kgc_cache_alloc(&allocator, 0, layout, layout->spc, layout->bytes,
				      GFP_KERNEL);
}

static void collect(void)
{
	heap_flush();
	heap_sweep();
}

/* @got is no further from what is expected of @tries than five standard deviations. */
static void check_share(u64 got, u64 tries, u64 per_million)
{
	s64 expected = div_u64(tries * per_million, 1000000);
	s64 off = (s64)got - expected;

	trying("%llu samples, %lld expected", (unsigned long long)got, (long long)expected);
	check(off * off <= 25 * div_u64(expected * (1000000 - per_million), 1000000));
}

static void one_to_nine(void)
{
	u64 made[2] = { };
	unsigned int i, which;

	pair_begin(RATE);
	check(allocate(&pair[0]));
	fix_seeds();
	sampled[0] = 0;
	for (i = 0; i < OBJECTS; i++) {
		which = random() % 10 != 0;
		made[which]++;
		check(allocate(&pair[which]));
		if (i % 5000 == 0)
			collect();
	}
	check_share(sampled[0], made[0], PER_MILLION);
	check_share(sampled[1], made[1], PER_MILLION);
	collect();
	heap_end();
}

static void every_place(void)
{
	unsigned int i;

	pair_begin(RATE);
	check(allocate(&pair[0]));
	fix_seeds();
	sampled[0] = 0;
	for (i = 0; i < OBJECTS; i++) {
		check(allocate(&pair[0]));
		if (i % 8192 == 0)
			collect();
	}
	check_share(sampled[0], OBJECTS, PER_MILLION);
	for (i = 0; i < GROUPS; i++)
		check_share(sampled_group[i], OBJECTS / GROUPS, PER_MILLION);
	/* the samples did not close the fast path to other words */
	check(fast > OBJECTS / 100);
	collect();
	heap_end();
}

/* Of a word with a sampled slot no slot is taken on the fast path, of others most are. */
static void other_words_stay_fast(void)
{
	unsigned int i;

	pair_begin(64 * RATE);
	check(allocate(&pair[0]));
	fix_seeds();
	sampled[0] = 0;
	for (i = 0; i < OBJECTS; i++) {
		check(allocate(&pair[0]));
		if (i % 8192 == 0)
			collect();
	}
	check_share(sampled[0], OBJECTS, 1951);
	/* a word has 64 slots, one of which is taken on the slow path in any case */
	check(OBJECTS - fast <= OBJECTS / 64 + 64 * sampled[0] + 1000);
	check(OBJECTS - fast >= OBJECTS / 64 + sampled[0]);
	collect();
	heap_end();
}

static void returned_early(void)
{
	unsigned int i;

	pair_begin(RATE);
	check(allocate(&pair[0]));
	fix_seeds();
	sampled[0] = 0;
	for (i = 0; i < OBJECTS; i++) {
		check(allocate(&pair[0]));
		if (random() % 20 == 0)
			collect();
	}
	check_share(sampled[0], OBJECTS, PER_MILLION);
	collect();
	heap_end();
}

static void without_a_cache(void)
{
	unsigned int i;

	pair_begin(RATE);
	kgc_allocator_harden(&allocator, KGC_HARDEN_RANDOM);
	check(allocate(&pair[0]));
	fix_seeds();
	sampled[0] = 0;
	for (i = 0; i < OBJECTS / 4; i++) {
		check(allocate(&pair[0]));
		if (i % 5000 == 0)
			collect();
	}
	check_share(sampled[0], OBJECTS / 4, PER_MILLION);
	collect();
	heap_end();
}

static void large_objects(void)
{
	const u32 bytes = 5 * KGC_PAGE_SIZE;
	unsigned int i;

	pair_begin(2 * bytes);
	pair[0].spc = 0;
	pair[0].bytes = bytes;
	for (i = 0; i <= OBJECTS / 20; i++) {
		check(kgc_cache_alloc_large(&allocator, 0, &pair[0], bytes, GFP_KERNEL));
		if (i == 0) {
			fix_seeds();
			sampled[0] = 0;
		}
		if (i % 100 == 0)
			collect();
	}
	check_share(sampled[0], OBJECTS / 20, 393469);
	collect();
	heap_end();
}

static void rate_can_change(void)
{
	unsigned int i;

	pair_begin(0);
	for (i = 0; i < 10000; i++)
		check(allocate(&pair[0]));
	check(!sampled[0]);
	collect();
	kgc_allocator_sample(&allocator, 1);
	for (i = 0; i < 10000; i++)
		check(allocate(&pair[0]));
	check(sampled[0] == 10000);
	/* samples that caches have in store are dropped */
	kgc_allocator_sample(&allocator, 0);
	for (i = 0; i < 10000; i++)
		check(allocate(&pair[0]));
	check(sampled[0] == 10000);
	collect();
	heap_end();
}

#define ALL_PROMISES(PROMISE) \
	PROMISE(one_to_nine, "two types of one class are sampled as often as they allocate") \
	PROMISE(every_place, "each place in a span is sampled alike") \
	PROMISE(other_words_stay_fast, "the fast path skips words with a sample, and no others") \
	PROMISE(returned_early, "spans that go back before they are full distort nothing") \
	PROMISE(without_a_cache, "an object that no cache hands out is sampled as often") \
	PROMISE(large_objects, "a large object is sampled by its size") \
	PROMISE(rate_can_change, "the rate can change, and nothing is sampled without one")

PROGRAM("kgc_sample", heap_init, heap_exit);
