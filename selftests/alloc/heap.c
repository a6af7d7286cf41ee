// SPDX-License-Identifier: GPL-2.0
/* See heap.h. */
#include <check.h>
#include <shim.h>

#include "heap.h"
#include "parts.h"

#define RAM_MIB		256

struct kgc_allocator allocator;
struct kgc_layout layouts[NR_LAYOUTS];
struct kgc_allocated allocated_any;
struct object *objects;
unsigned int nr_objects;
unsigned int pressed;

/* What the allocator counted for each of @layouts, and the model. */
static struct kgc_allocated allocated[NR_LAYOUTS];
static u64 expected[NR_LAYOUTS];

static u64 pressure(struct kgc_allocator *a, enum kgc_pressure why,
		    unsigned int mode, gfp_t gfp)
{
	pressed++;
	return 0;
}

struct kgc_pageheap *heap_pages(int nid)
{
	return &allocator.node[nid]->pages;
}

/* ---- layouts ------------------------------------------------------------- */

static void layout_small(struct kgc_layout *layout, unsigned int id, u32 bytes,
			 bool noscan)
{
	unsigned int class = kgc_size_to_class(bytes);

	memset(layout, 0, sizeof(*layout));
	layout->id = id;
	layout->bytes = bytes;
	layout->spc = class << 1 | noscan;
	layout->slot = kgc_classes[class].size;
}

/* Small layouts share classes, so that spans become mixed; the last are of any size. */
static void layouts_choose(void)
{
	unsigned int i;

	for (i = 0; i < NR_LAYOUTS; i++) {
		u32 bytes = i < 16 ? 49 + i : 1 + random() % KGC_MAX_SMALL;

		if (i >= 16 && i < 48)
			bytes = 1 + bytes % 512;
		layout_small(&layouts[i], i + 1, bytes, i % 3 == 2);
		layouts[i].allocated = &allocated[i];
		memset(&allocated[i], 0, sizeof(allocated[i]));
		expected[i] = 0;
	}
}

/* ---- the heap ------------------------------------------------------------ */

void heap_begin(void)
{
	parts_allocator_begin(&allocator);
	allocator.pressure = pressure;
	nr_objects = 0;
	layouts_choose();
}

void heap_end(void)
{
	parts_allocator_end(&allocator);
	check(!atomic64_read(&allocator.limit.pages));
}

struct kgc_span *heap_span_at(const void *at)
{
	struct kgc_span *span = kgc_map_find(at);

	check(span && span->owner == &allocator);
	check((unsigned long)at >= span->base &&
	      (unsigned long)at < span->base + span->npages * KGC_PAGE_SIZE);
	return span;
}

static bool is_marked(const struct object *o)
{
	struct kgc_span *span = heap_span_at(o->at);

	return test_bit(kgc_span_index(span, o->at), kgc_span_mark(span));
}

void heap_filled(const u8 *at, u32 bytes, u8 with)
{
	u32 i;

	for (i = 0; i < bytes; i++)
		check(at[i] == with);
}

/* Check what holds for every object in use, at any time. */
void check_heap_object(const struct object *o)
{
	struct kgc_span *span = heap_span_at(o->at);
	unsigned int i = kgc_span_index(span, o->at);

	check(i < span->nelems && kgc_span_slot(span, i) == o->at);
	check(span->size >= o->bytes);
	check(!kgc_span_is_free(span, i));
	check(span->spc == o->layout->spc);
	if (span->layout)
		check(span->layout == o->layout);
	else
		check(span->types[i] == o->layout->id);
	heap_filled(o->at, o->bytes, o->fill);
}

void heap_allocate(const struct kgc_layout *layout, u32 bytes, unsigned int mode)
{
	struct object *o = &objects[nr_objects];

	if (nr_objects == MAX_OBJECTS)
		return;
	if (layout->spc >> 1)
		o->at = kgc_cache_alloc(&allocator, mode, layout, layout->spc,
					bytes, GFP_KERNEL);
	else
		o->at = kgc_cache_alloc_large(&allocator, mode, layout, bytes,
					      GFP_KERNEL);
	check(o->at);
	heap_filled(o->at, bytes, 0);
	o->bytes = bytes;
	o->layout = layout;
	o->fill = 1 + random() % 255;
	memset(o->at, o->fill, bytes);
	o->marked = is_marked(o);
	check(o->marked == (mode == KGC_ALLOC_BLACK ||
			    (mode == KGC_ALLOC_SETTLE &&
			     heap_span_at(o->at)->gen == allocator.black_gen)));
	nr_objects++;
	if (layout >= layouts && layout < layouts + NR_LAYOUTS)
		expected[layout - layouts]++;
	check_heap_object(o);
}

void heap_allocate_any(unsigned int n, unsigned int mode)
{
	while (n--) {
		const struct kgc_layout *layout = &layouts[random() % NR_LAYOUTS];

		/* three in four are small */
		if (random() % 4)
			layout = &layouts[random() % 16];
		heap_allocate(layout, layout->bytes, mode);
	}
}

/* ---- the collector ------------------------------------------------------- */

/* Mark objects that are to live: those allocated black, and @percent of the others. */
unsigned int heap_mark(unsigned int percent)
{
	unsigned int i, kept = 0;

	for (i = 0; i < nr_objects; i++) {
		struct object *o = &objects[i];
		struct kgc_span *span = heap_span_at(o->at);

		if (!o->marked && random() % 100 >= percent)
			continue;
		set_bit(kgc_span_index(span, o->at), kgc_span_mark(span));
		o->marked = false;
		objects[kept++] = *o;
	}
	return kept;
}

void heap_flush(void)
{
	allocator.gen++;
	synchronize_rcu();
	check(kgc_cache_flush_all(&allocator));
}

void heap_sweep(void)
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

/* All spans must be swept, none cached. Lists, counters and model must agree. */
void check_heap_at_rest(void)
{
	struct sums sums = { };
	u64 inuse = 0, sum = 0;
	unsigned int spc, i;
	int nid;

	for (i = 0; i < nr_objects; i++) {
		trying("object %u of %u", i, nr_objects);
		check_heap_object(&objects[i]);
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
			/* every slot handed out was fresh or used again */
			check(ct->mallocs <= ct->reused + ct->fresh);
			sum += ct->mallocs - ct->frees;
		}
		inuse += heap_pages(nid)->inuse;
	}
	for (i = 0; i < NR_LAYOUTS; i++) {
		trying("layout %u", i);
		check(atomic64_read(&allocated[i].objects) == (s64)expected[i]);
		check(atomic64_read(&allocated[i].bytes) ==
		      (s64)expected[i] * layouts[i].slot);
	}
	check(sum == sums.objects && sum == nr_objects);
	check(inuse == sums.pages * KGC_PAGE_SIZE);
}

int heap_init(void)
{
	objects = calloc(MAX_OBJECTS, sizeof(*objects));
	return objects ? parts_begin(RAM_MIB) : -ENOMEM;
}

void heap_exit(void)
{
	free(objects);
	parts_end();
}
