// SPDX-License-Identifier: GPL-2.0
/*
 * A walk over all heap pages of an allocator: node by node, arenas from the highest
 * address to the lowest. It follows neither references between objects nor lists of
 * spans, so the verifier and the audit can check those. It holds no lock between pages.
 */
#include <linux/nodemask.h>
#include <linux/rcupdate.h>

#include "../compat.h"
#include "alloc.h"
#include "pagewalk.h"

void kgc_pagewalk_begin(struct kgc_pagewalk *walk)
{
	*walk = (struct kgc_pagewalk){
		.nid = first_node(node_possible_map),
		.below = ULONG_MAX,
	};
}

static bool next_arena(struct kgc_pageheap *ph, struct kgc_pagewalk *walk)
{
	struct kgc_arena *arena;

	guard(raw_spinlock_irq)(&ph->lock);
	arena = kgc_arena_below(ph, walk->below);
	if (!arena)
		return false;
	walk->below = kgc_arena_key(arena);
	walk->arena = arena;
	walk->at = arena->base;
	walk->end = arena->base + (PAGE_SIZE << arena->order);
	return true;
}

/* At the end of an arena, go on to the next. Return: false after the last arena. */
static bool find_page(struct kgc_allocator *a, struct kgc_pagewalk *walk)
{
	while (walk->at == walk->end) {
		if (walk->nid >= MAX_NUMNODES)
			return false;
		if (next_arena(&a->node[walk->nid]->pages, walk))
			break;
		walk->nid = next_node(walk->nid, node_possible_map);
		walk->below = ULONG_MAX;
	}
	return true;
}

/*
 * The span that begins at the walk's page, or NULL. Context: RCU read-side section, or
 * nothing sweeps and nothing allocates.
 */
static struct kgc_span *span_here(struct kgc_allocator *a,
				  const struct kgc_pagewalk *walk)
{
	struct kgc_span *span = kgc_map_find((void *)walk->at);

	/* the page may have been given back and belong to another heap or arena */
	if (span && READ_ONCE(span->owner) == a &&
	    READ_ONCE(span->arena) == walk->arena && span->base == walk->at)
		return span;
	return NULL;
}

/**
 * kgc_pagewalk_next() - go on to the next heap page
 * @a: the allocator
 * @walk: the walk
 * @span: receives the span of objects that begins at the page, or NULL
 *
 * The span stays valid as long as nothing sweeps.
 *
 * Context: process context.
 * Return: false when there was no page left.
 */
bool kgc_pagewalk_next(struct kgc_allocator *a, struct kgc_pagewalk *walk,
		       struct kgc_span **span)
{
	struct kgc_span *found;

	if (!find_page(a, walk))
		return false;
	scoped_guard(rcu) {
		found = span_here(a, walk);
		*span = found && READ_ONCE(found->state) == KGC_SPAN_INUSE ? found : NULL;
	}
	walk->at += KGC_PAGE_SIZE;
	return true;
}

static void span_describe(struct kgc_span *span, struct kgc_span_info *info)
{
	unsigned int w, nfree = kgc_span_count_free(span);

	*info = (struct kgc_span_info){
		.id = span,
		.state = READ_ONCE(span->state),
		.spc = READ_ONCE(span->spc),
		.nid = READ_ONCE(span->nid),
		.npages = READ_ONCE(span->npages),
		.size = READ_ONCE(span->size),
		.nelems = READ_ONCE(span->nelems),
		.gen = READ_ONCE(span->gen),
		.reused = READ_ONCE(span->reused),
	};
	if (info->state != KGC_SPAN_INUSE)
		return;
	info->used = info->nelems - min_t(unsigned int, nfree, info->nelems);
	/* a span without objects has no type yet, and is not mixed */
	info->mixed = info->used && !READ_ONCE(span->layout);
	for (w = 0; w < span->nwords; w++)
		info->marked += hweight_long(READ_ONCE(kgc_span_mark(span)[w]));
	/* a span in a cache is on no list; another CPU may put it on one now */
	info->cached = data_race(list_empty(&span->link));
}

/**
 * kgc_pagewalk_describe() - describe the span at the walk's page
 * @a: the allocator
 * @walk: the walk
 * @info: receives what the span that begins at the page looks like; if there is
 *	none, npages is 0
 *
 * The span may change while it is read, so the members may contradict each other.
 *
 * Context: process context.
 * Return: false when there was no page left.
 */
bool kgc_pagewalk_describe(struct kgc_allocator *a, struct kgc_pagewalk *walk,
			   struct kgc_span_info *info)
{
	struct kgc_span *span;

	if (!find_page(a, walk))
		return false;
	scoped_guard(rcu) {
		span = span_here(a, walk);
		if (span)
			span_describe(span, info);
		/* meanwhile the span may have been freed, and its structure reused */
		if (!span || span_here(a, walk) != span)
			info->npages = 0;
	}
	walk->at += KGC_PAGE_SIZE;
	return true;
}
