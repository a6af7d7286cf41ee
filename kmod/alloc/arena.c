// SPDX-License-Identifier: GPL-2.0
/*
 * The tree of arenas of one page heap. A search for pages is address-ordered first
 * fit: it keeps the high arenas empty, so that they can be given back. See Wilson et
 * al., "Dynamic Storage Allocation", 1995, and for summaries over bitmaps the Go
 * runtime's mpagealloc.go.
 *
 * Context: the page heap's lock is held, except for kgc_arenas_walk(), which takes it.
 */
#include <linux/mm.h>
#include <linux/rbtree_augmented.h>

#include "../compat.h"
#include "pageheap.h"

#define WALK_BATCH	16	/* arenas shown per hold of the lock */

#define arena_of(rb)	rb_entry_safe(rb, struct kgc_arena, node)
#define arena_run(a)	((a)->max_run)

RB_DECLARE_CALLBACKS_MAX(static, arena_callbacks, struct kgc_arena, node,
			 unsigned int, subtree_run, arena_run)

static unsigned int subtree_run(struct rb_node *rb)
{
	return rb ? arena_of(rb)->subtree_run : 0;
}

/* The longest run of ones in @bits, or @longest if that is more. @bits has a zero. */
static unsigned int longest_within(unsigned long bits, unsigned int longest)
{
	unsigned int have = 1, more;

	/* keep a bit for each place where @have ones begin, up to @longest + 1 ones */
	for (; bits && have <= longest; have += more) {
		more = min(have, longest + 1 - have);
		bits &= bits >> more;
	}
	for (; bits; bits &= bits >> 1)
		longest++;
	return longest;
}

/* Find the longest run word by word: a fragmented arena may have 256 runs, in 8 words. */
static void arena_update_run(struct kgc_arena *arena)
{
	unsigned int w, run = 0, longest = 0;

	for (w = 0; w < BITS_TO_LONGS(arena->npages); w++) {
		unsigned long used = arena->used[w];

		if ((w + 1) * BITS_PER_LONG > arena->npages)
			used |= ~BITMAP_LAST_WORD_MASK(arena->npages);
		if (!used) {
			run += BITS_PER_LONG;
			continue;
		}
		longest = max(longest, run + (unsigned int)__ffs(used));
		longest = longest_within(~used, longest);
		run = BITS_PER_LONG - 1 - __fls(used);
	}
	arena->max_run = max(longest, run);
	arena_callbacks.propagate(&arena->node, NULL);
}

static bool empty_less(struct rb_node *a, const struct rb_node *b)
{
	return kgc_arena_key(rb_entry(a, struct kgc_arena, empty)) <
	       kgc_arena_key(rb_entry(b, struct kgc_arena, empty));
}

static void arena_update_empty(struct kgc_pageheap *ph, struct kgc_arena *arena)
{
	bool empty = arena->nfree + arena->ngone == arena->npages;

	if (empty == !RB_EMPTY_NODE(&arena->empty))
		return;
	if (empty) {
		rb_add(&arena->empty, &ph->empties, empty_less);
	} else {
		rb_erase(&arena->empty, &ph->empties);
		RB_CLEAR_NODE(&arena->empty);
	}
}

/* Bring the trees up to date after pages of @arena were taken, freed or given back. */
void kgc_arena_update(struct kgc_pageheap *ph, struct kgc_arena *arena)
{
	arena_update_run(arena);
	arena_update_empty(ph, arena);
}

/* The arena at the lowest address with a run of @npages, or NULL. */
struct kgc_arena *kgc_arena_first_fit(struct kgc_pageheap *ph,
				      unsigned int npages)
{
	struct rb_node *rb = ph->arenas.rb_node;

	while (rb && subtree_run(rb) >= npages) {
		ph->steps++;
		if (subtree_run(rb->rb_left) >= npages) {
			rb = rb->rb_left;
			continue;
		}
		if (arena_of(rb)->max_run >= npages)
			return arena_of(rb);
		rb = rb->rb_right;
	}
	return NULL;
}

/* Whether the arena @rb, or one in its left subtree, has a run of @npages. */
static bool fits_leftward(struct rb_node *rb, unsigned int npages)
{
	return arena_of(rb)->max_run >= npages || subtree_run(rb->rb_left) >= npages;
}

/* The last arena whose key is below @below and that has a run of @npages, or NULL. */
struct kgc_arena *kgc_arena_last_fit(struct kgc_pageheap *ph, unsigned long below,
				     unsigned int npages)
{
	struct rb_node *rb = ph->arenas.rb_node, *best = NULL;

	while (rb && subtree_run(rb) >= npages) {
		ph->visits++;
		if (kgc_arena_key(arena_of(rb)) >= below) {
			rb = rb->rb_left;
			continue;
		}
		if (fits_leftward(rb, npages))
			best = rb;
		rb = rb->rb_right;
	}
	if (!best || arena_of(best)->max_run >= npages)
		return arena_of(best);
	for (rb = best->rb_left;; ph->visits++) {
		if (subtree_run(rb->rb_right) >= npages) {
			rb = rb->rb_right;
			continue;
		}
		if (arena_of(rb)->max_run >= npages)
			return arena_of(rb);
		rb = rb->rb_left;
	}
}

/* The last arena without a page in use, or NULL. */
struct kgc_arena *kgc_arena_last_empty(struct kgc_pageheap *ph)
{
	ph->visits++;
	return rb_entry_safe(rb_last(&ph->empties), struct kgc_arena, empty);
}

void kgc_arena_insert(struct kgc_pageheap *ph, struct kgc_arena *arena)
{
	struct rb_node **at = &ph->arenas.rb_node, *parent = NULL;

	while (*at) {
		struct kgc_arena *a = arena_of(*at);

		parent = *at;
		a->subtree_run = max(a->subtree_run, arena->max_run);
		at = kgc_arena_key(arena) < kgc_arena_key(a) ?
			&parent->rb_left : &parent->rb_right;
	}
	arena->subtree_run = arena->max_run;
	rb_link_node(&arena->node, parent, at);
	rb_insert_augmented(&arena->node, &ph->arenas, &arena_callbacks);
	RB_CLEAR_NODE(&arena->empty);
	arena_update_empty(ph, arena);
}

void kgc_arena_erase(struct kgc_pageheap *ph, struct kgc_arena *arena)
{
	rb_erase_augmented(&arena->node, &ph->arenas, &arena_callbacks);
	if (!RB_EMPTY_NODE(&arena->empty))
		rb_erase(&arena->empty, &ph->empties);
}

/* The last arena whose key is below @below, or NULL. */
struct kgc_arena *kgc_arena_below(struct kgc_pageheap *ph, unsigned long below)
{
	struct rb_node *rb = ph->arenas.rb_node, *best = NULL;

	while (rb) {
		if (kgc_arena_key(arena_of(rb)) < below) {
			best = rb;
			rb = rb->rb_right;
		} else {
			rb = rb->rb_left;
		}
	}
	return arena_of(best);
}

/**
 * kgc_arenas_walk() - call @fn for some arenas, from high addresses to low ones
 * @ph: the page heap
 * @below: ULONG_MAX for the first call, then what the previous call returned
 * @fn: called with the lock held
 * @data: passed to @fn
 *
 * Between two calls the lock is free, and the tree may change. @fn sees each arena
 * that stays in the tree for the whole walk exactly once: no two arenas in the tree
 * have the same key, since an arena leaves it when its last page is gone.
 *
 * Context: takes the page heap's lock.
 * Return: @below for the next call, or 0 at the end of the walk.
 */
unsigned long kgc_arenas_walk(struct kgc_pageheap *ph, unsigned long below,
			      kgc_arena_fn fn, void *data)
{
	unsigned int n = 0;

	guard(raw_spinlock_irqsave)(&ph->lock);
	for (; below && n < WALK_BATCH; n++) {
		struct kgc_arena *arena = kgc_arena_below(ph, below);

		below = arena ? kgc_arena_key(arena) : 0;
		if (arena)
			fn(arena, data);
	}
	return below;
}

/*
 * Tell the kernel how many pages no span uses. It counts them as reclaimable, in
 * KReclaimable and MemAvailable of /proc/meminfo. Context: the page heap's lock is held.
 */
void kgc_arenas_account(struct kgc_pageheap *ph)
{
	long pages = (ph->sys - ph->inuse) >> PAGE_SHIFT;

	if (pages == ph->reclaimable)
		return;
	__mod_node_page_state(NODE_DATA(ph->nid), NR_KERNEL_MISC_RECLAIMABLE,
			      pages - ph->reclaimable);
	ph->reclaimable = pages;
}
