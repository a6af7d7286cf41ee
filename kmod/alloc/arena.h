/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arenas: blocks from the buddy allocator, in a tree by address.
 *
 * An arena is a naturally aligned power-of-two block, from 64 KiB for a small
 * heap up to the largest block the machine grants, at most one region of the
 * map. Each node of the tree knows the longest free run below it, so
 * address-ordered first fit takes one descent: O(log arenas). So does finding
 * what to give back: the highest arena with a run that is worth it, or, in a
 * tree of their own, of those without a page in use.
 *
 * Pages of an arena can be given back while others are in use: they are
 * *gone*, for good, and may become anything, another arena among them. So the
 * address ranges of arenas may overlap, their pages never do.
 */
#ifndef _KGC_ARENA_H
#define _KGC_ARENA_H

#include <linux/list.h>
#include <linux/rbtree.h>

#include "../compat.h"
#include "map.h"

struct kgc_pageheap;

#define KGC_ARENA_MIN_SHIFT	16
#define KGC_ARENA_MAX_PAGES	KGC_LEAF_ENTRIES

/* The largest object: what one arena can hold. */
#define KGC_MAX_OBJECT	(PAGE_SIZE << min_t(unsigned int, MAX_PAGE_ORDER, \
					    KGC_REGION_SHIFT - PAGE_SHIFT))

/**
 * struct kgc_arena - one block from the buddy allocator
 * @node: in kgc_pageheap.arenas, by kgc_arena_key()
 * @empty: in kgc_pageheap.empties, by the same, while no page is in use
 * @link: on a list of arenas that are in no tree any more
 * @subtree_run: largest @max_run of this subtree
 * @max_run: longest run of free heap pages
 * @npages: heap pages
 * @nfree: free heap pages
 * @ngone: heap pages given back
 * @order: order of the block
 * @dirty: heap pages from here on are zero, if the block came zeroed
 * @base: address in the direct map
 * @split: pages are separate for the buddy allocator
 * @used: heap pages in a span, or gone; behind it a bitmap of those gone, and one of
 *	those that have ever been in a span
 *
 * All but @base, @order and @npages are guarded by the page heap's lock.
 */
struct kgc_arena {
	struct rb_node	node;
	union {
		struct rb_node		empty;
		struct list_head	link;
	};
	unsigned int	subtree_run;
	unsigned int	max_run;
	unsigned int	npages;
	unsigned int	nfree;
	unsigned int	ngone;
	unsigned int	order;
	unsigned int	dirty;
	unsigned long	base;
	bool		split;
	unsigned long	used[];
};

/* Heap pages of the arena that were given back. */
static inline unsigned long *kgc_arena_gone(struct kgc_arena *arena)
{
	return arena->used + BITS_TO_LONGS(arena->npages);
}

/* Heap pages of the arena that have been in a span before. */
static inline unsigned long *kgc_arena_held(struct kgc_arena *arena)
{
	return arena->used + 2 * BITS_TO_LONGS(arena->npages);
}

/* Bytes of the arena that are still ours. */
static inline size_t kgc_arena_bytes(const struct kgc_arena *arena)
{
	return (size_t)(arena->npages - arena->ngone) << KGC_PAGE_SHIFT;
}

/* Bytes of the structure of an arena of @npages. */
static inline size_t kgc_arena_meta(unsigned int npages)
{
	return sizeof(struct kgc_arena) +
	       3 * BITS_TO_LONGS(npages) * sizeof(unsigned long);
}

/*
 * The place of an arena in the tree: its address, and of several that begin at
 * one (in what was given back of the one before) the larger first. A page is
 * larger than any order.
 */
static inline unsigned long kgc_arena_key(const struct kgc_arena *arena)
{
	return arena->base + (BITS_PER_LONG - 1 - arena->order);
}

void kgc_arena_insert(struct kgc_pageheap *ph, struct kgc_arena *arena);
void kgc_arena_erase(struct kgc_pageheap *ph, struct kgc_arena *arena);
void kgc_arena_update(struct kgc_pageheap *ph, struct kgc_arena *arena);
struct kgc_arena *kgc_arena_first_fit(struct kgc_pageheap *ph,
				      unsigned int npages);
struct kgc_arena *kgc_arena_last_fit(struct kgc_pageheap *ph, unsigned long below,
				     unsigned int npages);
struct kgc_arena *kgc_arena_last_empty(struct kgc_pageheap *ph);
struct kgc_arena *kgc_arena_below(struct kgc_pageheap *ph, unsigned long below);

typedef void (*kgc_arena_fn)(struct kgc_arena *arena, void *data);

unsigned long kgc_arenas_walk(struct kgc_pageheap *ph, unsigned long below,
			      kgc_arena_fn fn, void *data);
void kgc_arenas_tell(struct kgc_pageheap *ph);

#endif /* _KGC_ARENA_H */
