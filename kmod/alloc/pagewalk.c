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

/**
 * kgc_pagewalk_next() - go on to the next heap page
 * @a: the allocator
 * @walk: the walk
 * @span: receives the span that begins at the page, or NULL
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

	while (walk->at == walk->end) {
		if (walk->nid >= MAX_NUMNODES)
			return false;
		if (next_arena(&a->node[walk->nid]->pages, walk))
			break;
		walk->nid = next_node(walk->nid, node_possible_map);
		walk->below = ULONG_MAX;
	}
	rcu_read_lock();
	found = kgc_map_find((void *)walk->at);
	/* the page may be another's by now */
	if (found && (READ_ONCE(found->owner) != a ||
		      READ_ONCE(found->arena) != walk->arena ||
		      found->base != walk->at))
		found = NULL;
	rcu_read_unlock();
	walk->at += KGC_PAGE_SIZE;
	*span = found;
	return true;
}
