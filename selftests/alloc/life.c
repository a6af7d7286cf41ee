// SPDX-License-Identifier: GPL-2.0
/*
 * The life of spans: page heap, cache, central lists, sweep, and back to the page heap.
 * The test checks it against a list of the objects that should exist.
 */
#include <check.h>
#include <shim.h>

#include "heap.h"
#include "../uapi/linux/kgc.h"

/* One cycle, with allocations in every phase of it. */
static void cycle(unsigned int percent, unsigned int births)
{
	unsigned int dead;

	heap_allocate_any(births, KGC_ALLOC_BLACK);
	dead = heap_mark(percent);
	nr_objects = dead;
	allocator.black_gen = allocator.gen;
	heap_allocate_any(births, KGC_ALLOC_SETTLE);
	allocator.gen++;
	synchronize_rcu();
	/* these belong to the new generation, whichever spans the cache held */
	heap_allocate_any(births, KGC_ALLOC_SETTLE);
	check(kgc_cache_flush_all(&allocator));
	/* the allocator sweeps spans to serve some of these */
	heap_allocate_any(births, 0);
	heap_sweep();
	for (dead = 0; dead < nr_objects; dead++)
		objects[dead].marked = false;
}

/* ---- promises ------------------------------------------------------------ */

static void lives_and_dies(void)
{
	unsigned int round;

	heap_begin();
	for (round = 0; round < 30; round++) {
		heap_allocate_any(200, 0);
		cycle(round % 5 * 25, 40);
		/* spans that caches hold now are on no list */
		allocator.black_gen = 0;
		heap_mark(100);
		heap_flush();
		heap_sweep();
		check_heap_at_rest();
	}
	note("%u objects at the end, pressure reported %u times", nr_objects,
	     pressed);
	heap_end();
}

/* The same as above, with each way to overwrite dead objects. */
static void hardened(void)
{
	unsigned int harden, round;

	for (harden = 0; harden < 4; harden++) {
		heap_begin();
		allocator.harden = harden;
		for (round = 0; round < 6; round++) {
			heap_allocate_any(200, 0);
			heap_mark(100);
			cycle(50, 20);
			allocator.black_gen = 0;
			heap_mark(100);
			heap_flush();
			heap_sweep();
			check_heap_at_rest();
		}
		heap_end();
	}
}

/* The byte that fills a dead object, as the heap and the kernel are set up. */
static int fill_of_the_dead(u8 was)
{
	if (allocator.harden & KGC_HARDEN_POISON)
		return 0x6b;
	return want_init_on_free() || IS_ENABLED(CONFIG_DEBUG_KMEMLEAK) ? 0 : was;
}

static void dead_are_overwritten(void)
{
	unsigned int harden, i, n;
	struct kgc_span *span;
	u8 *dead[100], fills[100];

	for (harden = 0; harden < 4; harden++) {
		heap_begin();
		allocator.harden = harden;
		for (i = 0; i < ARRAY_SIZE(dead); i++) {
			heap_allocate(&layouts[1], layouts[1].bytes, 0);
			dead[i] = objects[i].at;
			fills[i] = objects[i].fill;
		}
		/* keep one object in each span alive, so that the span keeps its pages */
		for (i = 0, n = 0; i < ARRAY_SIZE(dead); i++) {
			span = heap_span_at(dead[i]);
			if (find_first_bit(kgc_span_mark(span), span->nelems) ==
			    span->nelems) {
				set_bit(kgc_span_index(span, dead[i]),
					kgc_span_mark(span));
			} else {
				fills[n] = fills[i];
				dead[n++] = dead[i];
			}
		}
		heap_flush();
		heap_sweep();
		check(n > 50);
		for (i = 0; i < n; i++) {
			trying("harden %u, object %u", harden, i);
			span = heap_span_at(dead[i]);
			check(kgc_span_is_free(span, kgc_span_index(span, dead[i])));
			shim_open((char *)dead[i], span->size);
			heap_filled(dead[i], layouts[1].bytes,
				    fill_of_the_dead(fills[i]));
		}
		heap_end();
	}
}

/* Each object comes from anywhere in the span, not from behind the last one. */
static void random_order_is_random(void)
{
	unsigned int i, ascending = 0, neighbours = 0;

	heap_begin();
	allocator.harden = KGC_HARDEN_RANDOM;
	for (i = 0; i < 1000; i++) {
		heap_allocate(&layouts[1], layouts[1].bytes, 0);
		if (!i)
			continue;
		ascending += objects[i].at > objects[i - 1].at;
		neighbours += objects[i].at == objects[i - 1].at +
			      heap_span_at(objects[i].at)->size;
	}
	note("of 999 objects %u lie above the last, %u right behind it", ascending,
	     neighbours);
	check(ascending > 350 && ascending < 650);
	check(neighbours < 100);
	heap_end();
	heap_begin();
	for (i = 1, ascending = 0; i < 1000; i++) {
		heap_allocate(&layouts[1], layouts[1].bytes, 0);
		ascending += i > 1 && objects[i - 1].at > objects[i - 2].at;
	}
	check(ascending > 950);
	heap_end();
}

static void empty_means_empty(void)
{
	unsigned int round;
	int nid;

	heap_begin();
	for (round = 0; round < 3; round++) {
		heap_allocate_any(MAX_OBJECTS, 0);
		nr_objects = heap_mark(0);
		check(!nr_objects);
		heap_flush();
		heap_sweep();
		check_heap_at_rest();
		for_each_node(nid) {
			check(!heap_pages(nid)->inuse);
			kgc_scavenge_pages(&allocator, heap_pages(nid), 0);
			check(!heap_pages(nid)->sys && !heap_pages(nid)->nr_arenas);
			kgc_pageheap_trim_spares(&allocator, heap_pages(nid), 0,
						 UINT_MAX);
			check(!atomic64_read(&allocator.limit.meta[KGC_META_SPANS]));
			check(!atomic64_read(&allocator.limit.meta[KGC_META_BITMAPS]));
			check(!atomic64_read(&allocator.limit.meta[KGC_META_TYPES]));
			check(!atomic64_read(&allocator.limit.meta[KGC_META_ARENAS]));
		}
		check(!atomic64_read(&allocator.limit.pages));
	}
	heap_end();
}

static void large_are_whole_pages(void)
{
	static const u32 sizes[] = {
		KGC_MAX_SMALL + 1, 40960, 65536, 65537, 1 << 20, (1 << 20) + 8,
	};
	static struct kgc_layout large = { .id = 1, .spc = 1, .allocated = &allocated_any };
	unsigned int i;
	int nid;

	heap_begin();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		trying("%u bytes", sizes[i]);
		heap_allocate(&large, sizes[i], i % 2 ? KGC_ALLOC_BLACK : 0);
		check(heap_span_at(objects[i].at)->npages ==
		      DIV_ROUND_UP(sizes[i], KGC_PAGE_SIZE));
	}
	nr_objects = heap_mark(0);
	check(nr_objects == ARRAY_SIZE(sizes) / 2);
	heap_flush();
	heap_sweep();
	check_heap_at_rest();
	nr_objects = heap_mark(0);
	heap_flush();
	heap_sweep();
	for_each_node(nid)
		check(!heap_pages(nid)->inuse);
	heap_end();
}

static void who_owns_a_cache_flushes_it(void)
{
	struct kgc_cpu *c;
	u32 before;

	heap_begin();
	heap_allocate_any(100, 0);
	before = allocator.gen;
	heap_flush();
	c = per_cpu_ptr(allocator.cpu, 0);
	check(c->owner_gen == allocator.gen);
	/* a region holds the cache, and has seen the current generation */
	c->owner_gen = KGC_OWNER_BUSY;
	check(kgc_cache_flush_all(&allocator));
	check(c->owner_gen == KGC_OWNER_BUSY);
	/* the CPU itself is about to empty the cache */
	c->owner_gen = KGC_OWNER_FLUSH;
	check(!kgc_cache_flush_all(&allocator));
	c->owner_gen = before;
	check(kgc_cache_flush_all(&allocator));
	check(c->owner_gen == allocator.gen);
	heap_sweep();
	heap_end();
}

/* Garbage in spans that are left unswept is neither handed out again nor overwritten. */
static void what_is_left_unswept_stays(void)
{
	unsigned int i;

	heap_begin();
	kgc_allocator_harden(&allocator, KGC_HARDEN_POISON);
	heap_allocate_any(1000, 0);
	heap_flush();
	kgc_allocator_stop_sweep(&allocator);
	heap_allocate_any(1000, 0);
	heap_sweep();
	heap_flush();
	heap_allocate_any(1000, 0);
	for (i = 0; i < nr_objects; i++) {
		trying("object %u of %u", i, nr_objects);
		check_heap_object(&objects[i]);
	}
	heap_end();
}

#define ALL_PROMISES(PROMISE) \
	PROMISE(lives_and_dies, "what is marked lives unchanged, what is not is gone, every counter agrees") \
	PROMISE(hardened, "the same in random order and with the dead overwritten") \
	PROMISE(dead_are_overwritten, "the dead are overwritten as the heap and the machine have it") \
	PROMISE(random_order_is_random, "in random order objects come from anywhere") \
	PROMISE(empty_means_empty, "an empty heap gives every page and all its metadata back") \
	PROMISE(what_is_left_unswept_stays, "what is left unswept is not freed, whatever is allocated") \
	PROMISE(who_owns_a_cache_flushes_it, "the flush waits for no region, only for the CPU that empties a cache") \
	PROMISE(large_are_whole_pages, "a large object has a span of its own, no larger than it needs")

PROGRAM("kgc_span", heap_init, heap_exit);
