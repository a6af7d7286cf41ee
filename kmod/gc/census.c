// SPDX-License-Identifier: GPL-2.0
/*
 * The census. A walk counts the marked objects of each type, by bitmap words where a span
 * has one type. At the end of the cycle the sweep has counted all objects that it found
 * marked. The difference is the newborns that the walk did not see.
 *
 * All memory is allocated with the request, so counting cannot fail.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/overflow.h>

#include "../alloc/charge.h"
#include "../alloc/map.h"
#include "../compat.h"
#include "census.h"
#include "heap.h"
#include "request.h"
#include "type.h"
#include "walk.h"

static size_t table_bytes(unsigned int nr)
{
	return struct_size((struct kgc_census_table *)NULL, row, nr + 1);
}

/* Drop a reference; @table may be NULL. Context: process context; the heap exists. */
void kgc_census_put(struct kgc_census_table *table)
{
	if (table && refcount_dec_and_test(&table->refs))
		kgc_charge_free(&table->walker.heap->alloc, KGC_META_DESCRIPTIONS, table,
				table_bytes(table->nr));
}

/* Return: a reference to the last complete census, or NULL. Context: process context. */
struct kgc_census_table *kgc_census_get(struct kgc_heap *heap)
{
	struct kgc_census *census = &heap->census;

	guard(spinlock)(&census->lock);
	if (census->last)
		refcount_inc(&census->last->refs);
	return census->last;
}

/* ---- counting ------------------------------------------------------------- */

static struct kgc_census_table *table_of(struct kgc_walker *walker)
{
	return container_of(walker, struct kgc_census_table, walker);
}

static struct kgc_census_row *row_of(struct kgc_census_table *table, unsigned int id)
{
	return &table->row[id <= table->nr ? id : 0];
}

static void count(struct kgc_census_table *table, unsigned int id, unsigned int objects,
		  u32 size)
{
	struct kgc_census_row *row = row_of(table, id);
	u64 bytes = (u64)objects * size;

	row->objects += objects;
	row->bytes += bytes;
	table->all.objects += objects;
	table->all.bytes += bytes;
}

/* Count @live, marked objects of bitmap word @w. Each has a type of its own. */
static void count_mixed(struct kgc_census_table *table, struct kgc_span *span,
			unsigned int w, unsigned long live)
{
	struct kgc_types *types = &table->walker.heap->types;
	unsigned int i;

	for (; live; live &= live - 1) {
		i = w * BITS_PER_LONG + __ffs(live);
		count(table, kgc_type_of_slot(types, span, i)->layout.id, 1, span->size);
	}
}

static int census_begin(struct kgc_walker *walker)
{
	return 0;
}

static int census_root(struct kgc_walker *walker, enum kgc_walk_root kind, u64 handle,
		       void *obj)
{
	struct kgc_census_table *table = table_of(walker);
	struct kgc_span *span = kgc_map_span(obj);
	const struct kgc_type *type = kgc_type_of_slot(&walker->heap->types, span,
						       kgc_span_index(span, obj));

	row_of(table, type->layout.id)->roots++;
	table->all.roots++;
	return 0;
}

static int census_span(struct kgc_walker *walker, struct kgc_span *span)
{
	struct kgc_census_table *table = table_of(walker);
	const struct kgc_layout *layout;
	unsigned long live;
	unsigned int w;

	for (w = 0; w < span->nwords; w++) {
		live = kgc_walk_word(span, w);
		/* pairs with kgc_span_make_mixed(), which may run meanwhile */
		layout = smp_load_acquire(&span->layout);
		if (!layout)
			count_mixed(table, span, w, live);
		else if (live)
			count(table, layout->id, hweight_long(live), span->size);
	}
	return 0;
}

static void census_end(struct kgc_walker *walker, int err)
{
	struct kgc_census_table *table = table_of(walker);

	if (err)
		kgc_census_put(table);
	else
		walker->heap->census.counted = table;
}

static const struct kgc_walk_ops census_ops = {
	.begin = census_begin,
	.root = census_root,
	.span = census_span,
	.end = census_end,
};

/*
 * The sweep is over. It has found @live_objects of @live_bytes marked: those that the walk
 * counted, and newborns. Context: the state machine.
 */
void kgc_census_complete(struct kgc_heap *heap, u64 live_objects, u64 live_bytes)
{
	struct kgc_census *census = &heap->census;
	struct kgc_census_table *table = census->counted, *old;

	if (!table)
		return;
	census->counted = NULL;
	table->newborn.objects = live_objects - table->all.objects;
	table->newborn.bytes = live_bytes - table->all.bytes;
	scoped_guard(spinlock, &census->lock) {
		old = census->last;
		census->last = table;
	}
	kgc_census_put(old);
}

/* ---- requests -------------------------------------------------------------- */

static struct kgc_census_table *table_alloc(struct kgc_heap *heap)
{
	unsigned int nr = READ_ONCE(heap->types.nr);
	struct kgc_census_table *table;

	table = kgc_charge_alloc(&heap->alloc, KGC_META_DESCRIPTIONS, table_bytes(nr),
				 NUMA_NO_NODE, GFP_KERNEL);
	if (!table)
		return NULL;
	refcount_set(&table->refs, 1);
	table->nr = nr;
	return table;
}

/* Whether no cycle has taken the census yet, so that another request can share it. */
static bool is_waiting(struct kgc_heap *heap, const struct kgc_census_table *table)
{
	return table && table->walker.cycle > READ_ONCE(heap->request.begun) &&
	       !kgc_request_closed(&heap->request);
}

/*
 * Request a census unless one is waiting. *@old receives the reference to drop. Context:
 * @asking is held.
 */
static int census_ask(struct kgc_heap *heap, u64 *cycle, struct kgc_census_table **old)
{
	struct kgc_census *census = &heap->census;
	struct kgc_census_table *table = census->asked;

	if (is_waiting(heap, table)) {
		*cycle = table->walker.cycle;
		return 0;
	}
	table = table_alloc(heap);
	if (!table)
		return -ENOMEM;
	/* a reference for the walk, and one for @asked */
	refcount_inc(&table->refs);
	*old = census->asked;
	census->asked = table;
	*cycle = kgc_walk_ask(heap, &table->walker, &census_ops);
	if (*cycle)
		return 0;
	kgc_census_put(table);
	return -EIO;
}

/**
 * kgc_census_ask() - have the next cycle that begins take a census
 * @heap: the heap
 * @cycle: receives the number of the cycle. When it is over, kgc_census_get() returns its
 *	census, or that of a later cycle
 *
 * Context: process context, may sleep.
 * Return: 0; -ENOMEM without memory or at a limit; -EIO if the heap is closed to cycles.
 */
int kgc_census_ask(struct kgc_heap *heap, u64 *cycle)
{
	struct kgc_census_table *old = NULL;
	int err;

	scoped_guard(mutex, &heap->census.asking)
		err = census_ask(heap, cycle, &old);
	kgc_census_put(old);
	return err;
}

/*
 * Number of the cycle that takes, or took, the census asked for last; 0 if none was, or if
 * the heap is closed to cycles.
 */
u64 kgc_census_asked(struct kgc_heap *heap)
{
	struct kgc_census *census = &heap->census;

	guard(mutex)(&census->asking);
	if (!census->asked || kgc_request_closed(&heap->request))
		return 0;
	return census->asked->walker.cycle;
}

void kgc_census_init(struct kgc_heap *heap)
{
	mutex_init(&heap->census.asking);
	spin_lock_init(&heap->census.lock);
}

/* Context: the cycle has stopped, and no thread asks or reads any more. */
void kgc_census_destroy(struct kgc_heap *heap)
{
	struct kgc_census *census = &heap->census;

	kgc_census_put(census->asked);
	kgc_census_put(census->counted);
	kgc_census_put(census->last);
}
