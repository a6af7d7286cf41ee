// SPDX-License-Identifier: GPL-2.0
/*
 * The life of spans, from page heap to cache to central lists to sweep and
 * back, against a list of the objects that should be there. The test stands in
 * for the collector: it marks what shall live, flips and sweeps.
 */
#include <check.h>
#include <shim.h>

#include "alloc/cache.h"
#include "../uapi/linux/kgc.h"
#include "parts.h"

#define RAM_MIB		256
#define NR_SHAPES	64
#define MOST_OBJECTS	4000

/* An object as the model knows it. */
struct object {
	u8			*at;
	u32			bytes;
	u8			fill;
	bool			marked;		/* born black */
	const struct kgc_shape	*shape;
};

static struct kgc_allocator allocator;
static struct kgc_shape shapes[NR_SHAPES];
static struct object *objects;
static unsigned int nr_objects;
static unsigned int pressed;

static u64 pressure(struct kgc_allocator *a, enum kgc_pressure why,
		    unsigned int mode, gfp_t gfp)
{
	pressed++;
	return 0;
}

static struct kgc_pageheap *pages(int nid)
{
	return &allocator.node[nid]->pages;
}

/* ---- shapes -------------------------------------------------------------- */

static void shape_small(struct kgc_shape *shape, unsigned int id, u32 bytes,
			bool noscan)
{
	unsigned int class = kgc_size_to_class(bytes);

	memset(shape, 0, sizeof(*shape));
	shape->id = id;
	shape->bytes = bytes;
	shape->spc = class << 1 | noscan;
	shape->slot = kgc_classes[class].size;
}

/* A few that share classes, for spans of several types, and one of any size. */
static void shapes_choose(void)
{
	unsigned int i;

	for (i = 0; i < NR_SHAPES; i++) {
		u32 bytes = i < 16 ? 49 + i : 1 + random() % KGC_MAX_SMALL;

		if (i >= 16 && i < 48)
			bytes = 1 + bytes % 512;
		shape_small(&shapes[i], i + 1, bytes, i % 3 == 2);
	}
}

/* ---- the heap ------------------------------------------------------------ */

static void begin(void)
{
	memset(&allocator, 0, sizeof(allocator));
	check(!kgc_allocator_init(&allocator, 0));
	allocator.pressure = pressure;
	nr_objects = 0;
	shapes_choose();
}

static void end(void)
{
	kgc_allocator_destroy(&allocator);
	check(!atomic64_read(&allocator.limit.pages));
	check(!shim_ram_used());
}

static struct kgc_span *span_at(const void *at)
{
	struct kgc_span *span = kgc_map_find(at);

	check(span && span->owner == &allocator);
	check((unsigned long)at >= span->base &&
	      (unsigned long)at < span->base + span->npages * KGC_PAGE_SIZE);
	return span;
}

static bool is_marked(const struct object *o)
{
	struct kgc_span *span = span_at(o->at);

	return test_bit(kgc_span_index(span, o->at), kgc_span_mark(span));
}

static void filled(const u8 *at, u32 bytes, u8 with)
{
	u32 i;

	for (i = 0; i < bytes; i++)
		check(at[i] == with);
}

/* What holds of every object in use, for as long as it is. */
static void check_object(const struct object *o)
{
	struct kgc_span *span = span_at(o->at);
	unsigned int i = kgc_span_index(span, o->at);

	check(i < span->nelems && kgc_span_slot(span, i) == o->at);
	check(span->size >= o->bytes);
	check(!kgc_span_is_free(span, i));
	check(span->spc == o->shape->spc);
	if (span->shape)
		check(span->shape == o->shape);
	else
		check(span->types[i] == o->shape->id);
	filled(o->at, o->bytes, o->fill);
}

static void allocate(const struct kgc_shape *shape, u32 bytes, unsigned int mode)
{
	struct object *o = &objects[nr_objects];

	if (nr_objects == MOST_OBJECTS)
		return;
	if (shape->spc >> 1)
		o->at = kgc_cache_alloc(&allocator, mode, shape, shape->spc,
					bytes, GFP_KERNEL);
	else
		o->at = kgc_cache_alloc_large(&allocator, mode, shape, bytes,
					GFP_KERNEL);
	check(o->at);
	filled(o->at, bytes, 0);
	o->bytes = bytes;
	o->shape = shape;
	o->fill = 1 + random() % 255;
	memset(o->at, o->fill, bytes);
	o->marked = is_marked(o);
	check(o->marked == (mode == KGC_BORN_BLACK || (mode == KGC_BORN_SETTLING &&
	      span_at(o->at)->gen == allocator.black_gen)));
	nr_objects++;
	check_object(o);
}

static void allocate_any(unsigned int n, unsigned int mode)
{
	while (n--) {
		const struct kgc_shape *shape = &shapes[random() % NR_SHAPES];

		/* most of them small */
		if (random() % 4)
			shape = &shapes[random() % 16];
		allocate(shape, shape->bytes, mode);
	}
}

/* ---- the collector ------------------------------------------------------- */

/* Mark what shall live, @percent of it and what was born black. */
static unsigned int mark(unsigned int percent)
{
	unsigned int i, kept = 0;

	for (i = 0; i < nr_objects; i++) {
		struct object *o = &objects[i];
		struct kgc_span *span = span_at(o->at);

		if (!o->marked && random() % 100 >= percent)
			continue;
		set_bit(kgc_span_index(span, o->at), kgc_span_mark(span));
		o->marked = false;
		objects[kept++] = *o;
	}
	return kept;
}

static void flip(void)
{
	allocator.gen++;
	synchronize_rcu();
	check(kgc_cache_flip_all(&allocator));
}

static void sweep(void)
{
	unsigned int spc;
	int nid;

	for_each_node(nid) {
		struct kgc_node *node = allocator.node[nid];

		for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++)
			while (node->central[spc] &&
			       kgc_central_sweep_some(&allocator,
						      node->central[spc], node, 8))
				;
	}
}

/* One cycle, with allocations in every phase of it. */
static void cycle(unsigned int percent, unsigned int births)
{
	unsigned int dead;

	allocate_any(births, KGC_BORN_BLACK);
	dead = mark(percent);
	nr_objects = dead;
	allocator.black_gen = allocator.gen;
	allocate_any(births, KGC_BORN_SETTLING);
	allocator.gen++;
	synchronize_rcu();
	/* of the new generation, whatever spans the cache held */
	allocate_any(births, KGC_BORN_SETTLING);
	check(kgc_cache_flip_all(&allocator));
	/* half of it from spans that are swept for the purpose */
	allocate_any(births, 0);
	sweep();
	for (dead = 0; dead < nr_objects; dead++)
		objects[dead].marked = false;
}

/* ---- comparing ----------------------------------------------------------- */

struct sums {
	u64 objects;
	u64 pages;
};

static void check_list(struct kgc_central *ct, struct list_head *list,
		       bool full, u64 *spans, struct sums *sums)
{
	struct kgc_span *span;

	list_for_each_entry(span, list, link) {
		unsigned int nfree = kgc_span_count_free(span);

		check(span->nfree == nfree && !nfree == full);
		check(span->gen == allocator.gen);
		check(nfree < span->nelems);
		check(kgc_map_find((void *)span->base) == span);
		sums->objects += span->nelems - nfree;
		sums->pages += span->npages;
		++*spans;
	}
}

/* Everything swept, nothing cached: lists, counters and model agree. */
static void check_at_rest(void)
{
	struct sums sums = { };
	u64 inuse = 0, sum = 0;
	unsigned int spc, i;
	int nid;

	for (i = 0; i < nr_objects; i++) {
		trying("object %u of %u", i, nr_objects);
		check_object(&objects[i]);
	}
	for_each_node(nid) {
		for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++) {
			struct kgc_central *ct = allocator.node[nid]->central[spc];
			u64 spans = 0;

			if (!ct)
				continue;
			trying("span class %u", spc);
			for (i = 0; i < 2; i++) {
				check_list(ct, &ct->partial[i], false, &spans, &sums);
				check_list(ct, &ct->full[i], true, &spans, &sums);
			}
			check(ct->spans == spans);
			check(ct->mallocs >= ct->frees);
			check(ct->fresh <= (spans + ct->freed_spans) * kgc_nelems(spc));
			check(ct->fresh % kgc_nelems(spc) == 0);
			/* every slot handed out was one or the other */
			check(ct->mallocs <= ct->reused + ct->fresh);
			sum += ct->mallocs - ct->frees;
		}
		inuse += pages(nid)->inuse;
	}
	check(sum == sums.objects && sum == nr_objects);
	check(inuse == sums.pages * KGC_PAGE_SIZE);
}

/* ---- promises ------------------------------------------------------------ */

static void lives_and_dies(void)
{
	unsigned int round;

	begin();
	for (round = 0; round < 30; round++) {
		allocate_any(200, 0);
		cycle(round % 5 * 25, 40);
		/* what is cached now is not on a list */
		allocator.black_gen = 0;
		mark(100);
		flip();
		sweep();
		check_at_rest();
	}
	note("%u objects at the end, told of pressure %u times", nr_objects,
	     pressed);
	end();
}

/* The same with every way a dead object may be overwritten. */
static void hardened(void)
{
	unsigned int harden, round;

	for (harden = 0; harden < 4; harden++) {
		begin();
		allocator.harden = harden;
		for (round = 0; round < 6; round++) {
			allocate_any(200, 0);
			mark(100);
			cycle(50, 20);
			allocator.black_gen = 0;
			mark(100);
			flip();
			sweep();
			check_at_rest();
		}
		end();
	}
}

/* What a dead object is filled with, as heap and machine have it. */
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
		begin();
		allocator.harden = harden;
		for (i = 0; i < ARRAY_SIZE(dead); i++) {
			allocate(&shapes[1], shapes[1].bytes, 0);
			dead[i] = objects[i].at;
			fills[i] = objects[i].fill;
		}
		/* one lives on in each span, so that the pages stay a span */
		for (i = 0, n = 0; i < ARRAY_SIZE(dead); i++) {
			span = span_at(dead[i]);
			if (find_first_bit(kgc_span_mark(span), span->nelems) ==
			    span->nelems) {
				set_bit(kgc_span_index(span, dead[i]),
					kgc_span_mark(span));
			} else {
				fills[n] = fills[i];
				dead[n++] = dead[i];
			}
		}
		flip();
		sweep();
		check(n > 50);
		for (i = 0; i < n; i++) {
			trying("harden %u, object %u", harden, i);
			span = span_at(dead[i]);
			check(kgc_span_is_free(span, kgc_span_index(span, dead[i])));
			shim_open((char *)dead[i], span->size);
			filled(dead[i], shapes[1].bytes,
			       fill_of_the_dead(fills[i]));
		}
		end();
	}
}

/* The next object is anywhere in the span, not behind the last. */
static void random_order_is_random(void)
{
	unsigned int i, ascending = 0, neighbours = 0;

	begin();
	allocator.harden = KGC_HARDEN_RANDOM;
	for (i = 0; i < 1000; i++) {
		allocate(&shapes[1], shapes[1].bytes, 0);
		if (!i)
			continue;
		ascending += objects[i].at > objects[i - 1].at;
		neighbours += objects[i].at == objects[i - 1].at +
			      span_at(objects[i].at)->size;
	}
	note("of 999 objects %u lie above the last, %u right behind it", ascending,
	     neighbours);
	check(ascending > 350 && ascending < 650);
	check(neighbours < 100);
	end();
	begin();
	for (i = 1, ascending = 0; i < 1000; i++) {
		allocate(&shapes[1], shapes[1].bytes, 0);
		ascending += i > 1 && objects[i - 1].at > objects[i - 2].at;
	}
	check(ascending > 950);
	end();
}

static void empty_means_empty(void)
{
	unsigned int round;
	int nid;

	begin();
	for (round = 0; round < 3; round++) {
		allocate_any(MOST_OBJECTS, 0);
		nr_objects = mark(0);
		check(!nr_objects);
		flip();
		sweep();
		check_at_rest();
		for_each_node(nid) {
			check(!pages(nid)->inuse);
			kgc_scavenge_pages(&allocator, pages(nid), 0);
			check(!pages(nid)->sys && !pages(nid)->nr_arenas);
			kgc_pageheap_trim_spares(&allocator, pages(nid), 0);
			check(!atomic64_read(&allocator.limit.meta[KGC_META_SPANS]));
			check(!atomic64_read(&allocator.limit.meta[KGC_META_BITMAPS]));
			check(!atomic64_read(&allocator.limit.meta[KGC_META_TYPES]));
			check(!atomic64_read(&allocator.limit.meta[KGC_META_ARENAS]));
		}
		check(!atomic64_read(&allocator.limit.pages));
	}
	end();
}

/* Tiny objects share a block, which lives as long as one of them. */
static void tiny_share_and_die_together(void)
{
	static struct kgc_shape tiny;
	unsigned int i, n;
	u8 *first, *at;

	for (n = 1; n <= KGC_TINY_MAX; n *= 2) {
		begin();
		memset(&tiny, 0, sizeof(tiny));
		tiny.id = 1;
		tiny.bytes = n;
		tiny.slot = KGC_TINY_BLOCK;
		tiny.spc = KGC_TINY_SPC;
		tiny.flags = KGC_SHAPE_TINY;
		trying("%u bytes", n);
		first = kgc_cache_alloc(&allocator, 0, &tiny, tiny.spc, n,
					GFP_KERNEL);
		check(first && !((unsigned long)first % KGC_TINY_BLOCK));
		for (i = 1; i < KGC_TINY_BLOCK / n; i++) {
			at = kgc_cache_alloc(&allocator, 0, &tiny, tiny.spc, n,
					     GFP_KERNEL);
			check(at == first + i * n);
			filled(at, n, 0);
		}
		at = kgc_cache_alloc(&allocator, 0, &tiny, tiny.spc, n,
				     GFP_KERNEL);
		check(at &&
		      (at < first || at >= first + KGC_TINY_BLOCK));
		/* the last of the first block keeps it */
		at = first + KGC_TINY_BLOCK - n;
		set_bit(kgc_span_index(span_at(at), at), kgc_span_mark(span_at(at)));
		flip();
		sweep();
		check(kgc_span_count_free(span_at(first)) ==
		      span_at(first)->nelems - 1);
		check(!kgc_span_is_free(span_at(first),
					kgc_span_index(span_at(first), first)));
		flip();
		sweep();
		check(!kgc_map_find(first));
		/* the block that was open went with its span */
		at = kgc_cache_alloc(&allocator, 0, &tiny, tiny.spc, n,
				     GFP_KERNEL);
		check(at && !kgc_span_is_free(span_at(at),
					      kgc_span_index(span_at(at), at)));
		end();
	}
}

static void large_are_whole_pages(void)
{
	static const u32 sizes[] = {
		KGC_MAX_SMALL + 1, 40960, 65536, 65537, 1 << 20, (1 << 20) + 8,
	};
	static struct kgc_shape large = { .id = 1, .spc = 1 };
	unsigned int i;
	int nid;

	begin();
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		trying("%u bytes", sizes[i]);
		allocate(&large, sizes[i], i % 2 ? KGC_BORN_BLACK : 0);
		check(span_at(objects[i].at)->npages ==
		      DIV_ROUND_UP(sizes[i], KGC_PAGE_SIZE));
	}
	nr_objects = mark(0);
	check(nr_objects == ARRAY_SIZE(sizes) / 2);
	flip();
	sweep();
	check_at_rest();
	nr_objects = mark(0);
	flip();
	sweep();
	for_each_node(nid)
		check(!pages(nid)->inuse);
	end();
}

static void who_owns_a_cache_flips_it(void)
{
	struct kgc_cpu *c;
	u32 before;

	begin();
	allocate_any(100, 0);
	before = allocator.gen;
	flip();
	c = per_cpu_ptr(allocator.cpu, 0);
	check(c->ticket == allocator.gen);
	/* in a region, which saw the generation there is now */
	c->ticket = KGC_TICKET_BUSY;
	check(kgc_cache_flip_all(&allocator));
	check(c->ticket == KGC_TICKET_BUSY);
	/* about to be emptied by its own CPU */
	c->ticket = KGC_TICKET_FLIP;
	check(!kgc_cache_flip_all(&allocator));
	c->ticket = before;
	check(kgc_cache_flip_all(&allocator));
	check(c->ticket == allocator.gen);
	sweep();
	end();
}

static int begin_all(void)
{
	objects = calloc(MOST_OBJECTS, sizeof(*objects));
	return objects ? parts_begin(RAM_MIB) : -ENOMEM;
}

static void end_all(void)
{
	free(objects);
	parts_end();
}

#define ALL_PROMISES(PROMISE) \
	PROMISE(lives_and_dies, "what is marked lives unchanged, what is not is gone, every counter agrees") \
	PROMISE(hardened, "the same in random order and with the dead overwritten") \
	PROMISE(dead_are_overwritten, "the dead are overwritten as the heap and the machine have it") \
	PROMISE(random_order_is_random, "in random order objects come from anywhere") \
	PROMISE(empty_means_empty, "an empty heap gives every page and all its metadata back") \
	PROMISE(tiny_share_and_die_together, "tiny objects share a block and live as long as one of them") \
	PROMISE(who_owns_a_cache_flips_it, "the flip waits for no region, only for who empties a cache") \
	PROMISE(large_are_whole_pages, "a large object has a span of its own, no larger than it needs")

PROGRAM("kgc_span", begin_all, end_all);
