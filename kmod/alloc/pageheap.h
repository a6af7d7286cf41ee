/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page heap: arenas from the buddy allocator, cut into heap pages that
 * become spans. One page heap per NUMA node of an allocator.
 *
 * An arena is a naturally aligned power-of-two block, from 64 KiB for a small
 * heap up to the largest block the machine grants, at most one region of the
 * map. Arenas lie in a tree by address; each node knows the longest free run
 * below it, so address-ordered first fit takes one descent: O(log arenas).
 *
 * Pages of an arena can be given back while others are in use: they are
 * *gone*, for good, and may become anything, another arena among them. So the
 * address ranges of arenas may overlap, their pages never do.
 */
#ifndef _KGC_PAGEHEAP_H
#define _KGC_PAGEHEAP_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>

#include "span.h"

#define KGC_ARENA_MIN_SHIFT	16
#define KGC_ARENA_MAX_PAGES	KGC_LEAF_ENTRIES

/**
 * struct kgc_arena - one block from the buddy allocator
 * @node: in kgc_pageheap.arenas, by @base
 * @subtree_run: largest @max_run of this subtree
 * @max_run: longest run of free heap pages
 * @npages: heap pages
 * @nfree: free heap pages
 * @ngone: heap pages given back
 * @order: order of the block
 * @dirty: heap pages from here on are zero, if the block came zeroed
 * @base: address in the direct map
 * @link: on a list of arenas on their way out
 * @split: pages are separate for the buddy allocator
 * @used: heap pages in a span, or gone; behind it a bitmap of those gone
 *
 * All but @base, @order and @npages are guarded by the page heap's lock.
 */
struct kgc_arena {
	struct rb_node	node;
	unsigned int	subtree_run;
	unsigned int	max_run;
	unsigned int	npages;
	unsigned int	nfree;
	unsigned int	ngone;
	unsigned int	order;
	unsigned int	dirty;
	unsigned long	base;
	struct list_head link;
	bool		split;
	unsigned long	used[];
};

/* Heap pages of the arena that were given back. */
static inline unsigned long *kgc_arena_gone(struct kgc_arena *arena)
{
	return arena->used + BITS_TO_LONGS(arena->npages);
}

/* Bytes of the arena that are still ours. */
static inline size_t kgc_arena_bytes(const struct kgc_arena *arena)
{
	return (size_t)(arena->npages - arena->ngone) << KGC_PAGE_SHIFT;
}

/* What metadata is there for; its bytes are counted by kind. */
enum kgc_meta {
	KGC_META_SPANS,
	KGC_META_BITMAPS,
	KGC_META_TYPES,		/* a type per slot, where spans are mixed */
	KGC_META_ARENAS,
	KGC_META_CENTRALS,
	KGC_NR_META,
};

/**
 * struct kgc_pageheap - the pages of one node
 * @lock: leaf lock below the central locks
 * @arenas: tree of struct kgc_arena
 * @spare: span structures without pages, by bitmap size
 * @nr_spare: how many of each
 * @nid: NUMA node
 * @nr_arenas: arenas in the tree
 * @sys: bytes in arenas
 * @inuse: bytes in spans
 * @released: bytes given back so far
 * @meta: bytes of metadata by kind
 * @searches: runs of pages looked for
 * @misses: of these, not found
 * @steps: arenas visited by searches
 * @grown: arenas added
 * @smaller: of these, smaller than wanted: no larger block was to be had
 * @denied: requests for an arena that failed, memory or limit
 *
 * All guarded by @lock.
 */
struct kgc_pageheap {
	raw_spinlock_t		lock;
	struct rb_root		arenas;
	struct list_head	spare[KGC_NR_SPAN_SIZES];
	unsigned int		nr_spare[KGC_NR_SPAN_SIZES];
	int			nid;
	unsigned int		nr_arenas;
	u64			sys;
	u64			inuse;
	u64			released;
	u64			meta[KGC_NR_META];
	u64			searches;
	u64			misses;
	u64			steps;
	u64			grown;
	u64			smaller;
	u64			denied;
};

void kgc_pageheap_init(struct kgc_pageheap *ph, int nid);
void kgc_pageheap_destroy(struct kgc_allocator *a, struct kgc_pageheap *ph);
bool kgc_pageheap_take(struct kgc_pageheap *ph, struct kgc_span *span,
		       unsigned int npages);
void kgc_pageheap_put(struct kgc_pageheap *ph, struct kgc_span *span);
struct kgc_span *kgc_pageheap_spare(struct kgc_pageheap *ph,
				    unsigned int nelems);
void kgc_pageheap_keep_spare(struct kgc_pageheap *ph, struct kgc_span *span);
void kgc_pageheap_account(struct kgc_pageheap *ph, enum kgc_meta kind,
			  long bytes);
void kgc_pageheap_account_span(struct kgc_pageheap *ph, unsigned int index,
			       int sign);
int kgc_pageheap_grow(struct kgc_allocator *a, struct kgc_pageheap *ph,
		      unsigned int npages, gfp_t gfp);
size_t kgc_pageheap_release(struct kgc_allocator *a, struct kgc_pageheap *ph,
			    u64 keep);
void kgc_pageheap_trim_spares(struct kgc_pageheap *ph, unsigned int keep);

/* Bytes that no span uses. Without the lock it is about what it was just now. */
static inline u64 kgc_pageheap_idle(const struct kgc_pageheap *ph)
{
	u64 inuse = READ_ONCE(ph->inuse), sys = READ_ONCE(ph->sys);

	return sys > inuse ? sys - inuse : 0;
}

#endif /* _KGC_PAGEHEAP_H */
