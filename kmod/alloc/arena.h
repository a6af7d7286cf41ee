/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Arenas: blocks from the buddy allocator, in a tree by address.
 *
 * An arena is a naturally aligned block of a power-of-two size. A small heap asks for
 * 64 KiB, a large heap for up to 4 MiB, the size of a map region. Where memory is
 * fragmented, an arena may be as small as the span it is made for.
 *
 * Each node of the tree knows the longest free run in its subtree, so address-ordered
 * first fit takes one descent: O(log arenas). The search for memory to give back costs as
 * little. It finds the highest arena with a run of the wanted length in the same tree. It
 * finds the highest arena without a page in use in a second tree, of such arenas only.
 *
 * Pages of an arena can be given back while others are in use. Such pages are *gone*,
 * for good: the kernel may use them for anything, even for another arena. So the
 * address ranges of arenas may overlap; the pages they own never do.
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

/* Bytes in the largest object, which has to fit into one arena. */
#define KGC_MAX_OBJECT	(PAGE_SIZE << min_t(unsigned int, MAX_PAGE_ORDER, \
					    KGC_REGION_SHIFT - PAGE_SHIFT))

/**
 * struct kgc_arena - one block from the buddy allocator
 * @node: in kgc_pageheap.arenas, by kgc_arena_key()
 * @empty: in kgc_pageheap.empties, by kgc_arena_key(), while no page is in use
 * @link: on a list of arenas to be freed, once the arena is in no tree any more
 * @subtree_run: largest @max_run of this subtree
 * @max_run: longest run of free heap pages
 * @npages: heap pages
 * @nfree: free heap pages
 * @ngone: heap pages given back
 * @order: order of the block
 * @dirty: heap pages from this index on are zero; @npages if the kernel did not clear the
 *	block
 * @base: address in the direct map
 * @split: split_page() was called, so single pages can be freed
 * @used: bitmap of heap pages in a span, or gone. Two more bitmaps follow it: pages
 *	that are gone, and pages that have ever been in a span
 *
 * The page heap's lock guards all members except @base, @order and @npages, which are
 * constant. An arena that has left the trees belongs to the thread that frees it.
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
static inline unsigned long *kgc_arena_used_before(struct kgc_arena *arena)
{
	return arena->used + 2 * BITS_TO_LONGS(arena->npages);
}

/* Bytes of the arena that have not been given back. */
static inline size_t kgc_arena_bytes(const struct kgc_arena *arena)
{
	return (size_t)(arena->npages - arena->ngone) << KGC_PAGE_SHIFT;
}

/* Bytes of struct kgc_arena with its bitmaps, for @npages heap pages. */
static inline size_t kgc_arena_meta(unsigned int npages)
{
	return sizeof(struct kgc_arena) +
	       3 * BITS_TO_LONGS(npages) * sizeof(unsigned long);
}

/*
 * The key of an arena in the trees: its address, then larger blocks first. Several
 * arenas may begin at one address, if a smaller one was made of pages that a larger
 * one had given back. Blocks are page-aligned, so the low bits have room for the order.
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
void kgc_arenas_account(struct kgc_pageheap *ph);

#endif /* _KGC_ARENA_H */
