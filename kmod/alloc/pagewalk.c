// SPDX-License-Identifier: GPL-2.0
/*
 * A walk over all heap pages of an allocator, arena by arena in the order of their
 * addresses, highest first: another way than the one by which objects refer to
 * each other, or by which spans lie on lists. No lock is held between two pages.
 */
#include <linux/nodemask.h>
#include <linux/rcupdate.h>

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

	raw_spin_lock_irq(&ph->lock);
	arena = kgc_arena_below(ph, walk->below);
	if (arena) {
		walk->below = kgc_arena_key(arena);
		walk->arena = arena;
		walk->at = arena->base;
		walk->end = arena->base + (PAGE_SIZE << arena->order);
	}
	raw_spin_unlock_irq(&ph->lock);
	return arena;
}

/* Go on to an arena that has a page left. Return: false when none has. */
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
 * The span that begins at the walk's page, or NULL. Context: RCU read side, or
 * nothing sweeps and nothing allocates.
 */
static struct kgc_span *span_here(struct kgc_allocator *a,
				  const struct kgc_pagewalk *walk)
{
	struct kgc_span *span = kgc_map_find((void *)walk->at);

	/* the page may be another's by now */
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
 * The span is the caller's to look at as long as nothing sweeps.
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
	rcu_read_lock();
	found = span_here(a, walk);
	*span = found && READ_ONCE(found->state) == KGC_SPAN_INUSE ? found : NULL;
	rcu_read_unlock();
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
	/* one without objects has no type yet */
	info->mixed = info->used && !READ_ONCE(span->shape);
	for (w = 0; w < span->nwords; w++)
		info->marked += hweight_long(READ_ONCE(kgc_span_mark(span)[w]));
	/* whether it is on a list; another CPU may put it there */
	info->cached = data_race(list_empty(&span->link));
}

/**
 * kgc_pagewalk_describe() - describe the span at the walk's page
 * @a: the allocator
 * @walk: the walk
 * @info: receives what the span that begins at the page looks like; if there is
 *	none, npages is 0
 *
 * A moment's picture: the members need not fit each other.
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
	rcu_read_lock();
	span = span_here(a, walk);
	if (span)
		span_describe(span, info);
	/* it may have gone while it was looked at, and be another's */
	if (!span || span_here(a, walk) != span)
		info->npages = 0;
	rcu_read_unlock();
	walk->at += KGC_PAGE_SIZE;
	return true;
}
