// SPDX-License-Identifier: GPL-2.0
/*
 * The page heap.
 *
 * The lock is a leaf and is held for bitmap and tree work only; memory is
 * asked for and given back without it. A search is address-ordered first fit,
 * which keeps the high arenas empty so that they can be returned (Wilson et
 * al., "Dynamic Storage Allocation", 1995; the Go runtime's mpagealloc.go for
 * summaries over bitmaps).
 */
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/rbtree_augmented.h>
#include <linux/slab.h>

#include "../compat.h"
#include "alloc.h"
#include "pageheap.h"
#include "poison.h"

#define RELEASE_BATCH	64	/* arenas looked at under the lock */
#define RUN_BATCH	16	/* runs of pages given back at a time */
#define LEAST_RUN	8	/* heap pages worth it, when not all are asked for */

/* What the buddy allocator deals in, in heap pages. */
#define UNIT		max_t(unsigned int, PAGE_SIZE >> KGC_PAGE_SHIFT, 1)

#define arena_of(rb)	rb_entry_safe(rb, struct kgc_arena, node)
#define arena_run(a)	((a)->max_run)

RB_DECLARE_CALLBACKS_MAX(static, arena_callbacks, struct kgc_arena, node,
			 unsigned int, subtree_run, arena_run)

static unsigned int subtree_run(struct rb_node *rb)
{
	return rb ? rb_entry(rb, struct kgc_arena, node)->subtree_run : 0;
}

static void arena_update_run(struct kgc_arena *arena)
{
	unsigned int start = 0, end, longest = 0;

	while (start < arena->npages) {
		start = find_next_zero_bit(arena->used, arena->npages, start);
		end = find_next_bit(arena->used, arena->npages, start);
		longest = max(longest, end - start);
		start = end;
	}
	arena->max_run = longest;
	arena_callbacks.propagate(&arena->node, NULL);
}

/* The arena at the lowest address with a run of @npages. */
static struct kgc_arena *arena_first_fit(struct kgc_pageheap *ph,
					 unsigned int npages)
{
	struct rb_node *rb = ph->arenas.rb_node;

	while (rb && subtree_run(rb) >= npages) {
		ph->steps++;
		if (subtree_run(rb->rb_left) >= npages) {
			rb = rb->rb_left;
			continue;
		}
		if (rb_entry(rb, struct kgc_arena, node)->max_run >= npages)
			return rb_entry(rb, struct kgc_arena, node);
		rb = rb->rb_right;
	}
	return NULL;
}

static void arena_insert(struct kgc_pageheap *ph, struct kgc_arena *arena)
{
	struct rb_node **at = &ph->arenas.rb_node, *parent = NULL;

	while (*at) {
		struct kgc_arena *a = rb_entry(*at, struct kgc_arena, node);

		parent = *at;
		a->subtree_run = max(a->subtree_run, arena->max_run);
		at = arena->base < a->base ? &parent->rb_left :
					     &parent->rb_right;
	}
	arena->subtree_run = arena->max_run;
	rb_link_node(&arena->node, parent, at);
	rb_insert_augmented(&arena->node, &ph->arenas, &arena_callbacks);
}

void kgc_pageheap_init(struct kgc_pageheap *ph, int nid)
{
	unsigned int i;

	raw_spin_lock_init(&ph->lock);
	ph->arenas = RB_ROOT;
	ph->nid = nid;
	for (i = 0; i < KGC_NR_SPAN_SIZES; i++)
		INIT_LIST_HEAD(&ph->spare[i]);
}

/**
 * kgc_pageheap_take() - give a span its pages
 * @ph: the page heap
 * @span: a structure without pages
 * @npages: heap pages wanted
 *
 * Sets the span's base, arena and node, and @dirty if any of the pages may not
 * be zero. The map is set by the caller, once the span is complete.
 *
 * Context: any but NMI; takes the page heap's lock.
 * Return: false when no arena has such a run.
 */
bool kgc_pageheap_take(struct kgc_pageheap *ph, struct kgc_span *span,
		       unsigned int npages)
{
	struct kgc_arena *arena;
	unsigned long flags;
	unsigned int at;

	raw_spin_lock_irqsave(&ph->lock, flags);
	ph->searches++;
	arena = arena_first_fit(ph, npages);
	if (!arena) {
		ph->misses++;
		raw_spin_unlock_irqrestore(&ph->lock, flags);
		return false;
	}
	at = bitmap_find_next_zero_area(arena->used, arena->npages, 0, npages,
					0);
	bitmap_set(arena->used, at, npages);
	arena->nfree -= npages;
	ph->inuse += npages * KGC_PAGE_SIZE;
	arena_update_run(arena);
	span->arena = arena;
	span->base = arena->base + at * KGC_PAGE_SIZE;
	span->npages = npages;
	span->nid = ph->nid;
	span->dirty = at < arena->dirty;
	arena->dirty = max(arena->dirty, at + npages);
	raw_spin_unlock_irqrestore(&ph->lock, flags);
	return true;
}

/**
 * kgc_pageheap_put() - take a span's pages back and keep its structure
 * @ph: the page heap of the span's node
 * @span: no object in it is in use, and nothing refers to it
 *
 * Free neighbours coalesce by lying beside each other in the bitmap.
 *
 * Context: any but NMI; takes the page heap's lock.
 */
void kgc_pageheap_put(struct kgc_pageheap *ph, struct kgc_span *span)
{
	struct kgc_arena *arena = span->arena;
	unsigned int index = ilog2(span->nwords);
	unsigned int at = (span->base - arena->base) >> KGC_PAGE_SHIFT;
	unsigned long flags;

	kgc_map_set(span->base, span->npages, NULL);
	raw_spin_lock_irqsave(&ph->lock, flags);
	bitmap_clear(arena->used, at, span->npages);
	if (!span->dirty && arena->dirty == at + span->npages)
		arena->dirty = at;
	arena->nfree += span->npages;
	ph->inuse -= span->npages * KGC_PAGE_SIZE;
	arena_update_run(arena);
	list_add(&span->link, &ph->spare[index]);
	ph->nr_spare[index]++;
	raw_spin_unlock_irqrestore(&ph->lock, flags);
}

/* A structure kept from an earlier span, or NULL. */
struct kgc_span *kgc_pageheap_spare(struct kgc_pageheap *ph,
				    unsigned int nelems)
{
	unsigned int index = kgc_words_index(nelems);
	struct kgc_span *span;
	unsigned long flags;

	raw_spin_lock_irqsave(&ph->lock, flags);
	span = list_first_entry_or_null(&ph->spare[index], struct kgc_span,
					link);
	if (span) {
		list_del(&span->link);
		ph->nr_spare[index]--;
	}
	raw_spin_unlock_irqrestore(&ph->lock, flags);
	return span;
}

void kgc_pageheap_keep_spare(struct kgc_pageheap *ph, struct kgc_span *span)
{
	unsigned int index = ilog2(span->nwords);
	unsigned long flags;

	raw_spin_lock_irqsave(&ph->lock, flags);
	list_add(&span->link, &ph->spare[index]);
	ph->nr_spare[index]++;
	raw_spin_unlock_irqrestore(&ph->lock, flags);
}

/* Note @bytes more of metadata. */
void kgc_pageheap_account(struct kgc_pageheap *ph, enum kgc_meta kind,
			  long bytes)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&ph->lock, flags);
	ph->meta[kind] += bytes;
	raw_spin_unlock_irqrestore(&ph->lock, flags);
}

/* Note one span structure more or less (@sign 1 or -1), side table excepted. */
void kgc_pageheap_account_span(struct kgc_pageheap *ph, unsigned int index,
			       int sign)
{
	kgc_pageheap_account(ph, KGC_META_SPANS,
			     sign * (long)sizeof(struct kgc_span));
	kgc_pageheap_account(ph, KGC_META_BITMAPS,
			     sign * (long)kgc_span_bitmap_bytes(index));
}

/* Give back structures beyond @keep of each size. Context: may sleep. */
void kgc_pageheap_trim_spares(struct kgc_pageheap *ph, unsigned int keep)
{
	unsigned int i;

	for (i = 0; i < KGC_NR_SPAN_SIZES; i++) {
		while (READ_ONCE(ph->nr_spare[i]) > keep) {
			struct kgc_span *span;

			span = kgc_pageheap_spare(ph, BITS_PER_LONG << i);
			if (!span)
				break;
			kgc_pageheap_account_span(ph, i, -1);
			if (span->types)
				kgc_pageheap_account(ph, KGC_META_TYPES,
						     -(long)kgc_types_bytes(i));
			kgc_span_free_struct(span);
			cond_resched();
		}
	}
}

static size_t arena_meta(unsigned int npages)
{
	return sizeof(struct kgc_arena) +
	       2 * BITS_TO_LONGS(npages) * sizeof(unsigned long);
}

/* Order of the next arena: an eighth of the heap, so that a small one stays small. */
static unsigned int arena_wanted_order(struct kgc_pageheap *ph,
				       unsigned int least)
{
	unsigned long bytes = READ_ONCE(ph->sys) / 8;
	unsigned int order = KGC_ARENA_MIN_SHIFT - PAGE_SHIFT;
	unsigned int most = min_t(unsigned int, MAX_PAGE_ORDER,
				  KGC_REGION_SHIFT - PAGE_SHIFT);

	if (bytes > PAGE_SIZE << order)
		order = ilog2(bytes) - PAGE_SHIFT;
	return clamp(order, least, max(most, least));
}

/*
 * A block as large as is there for the asking, on this node and without the
 * reserves; only for the smallest that would do, try as hard as @gfp says.
 */
static struct page *arena_pages(struct kgc_allocator *a,
				struct kgc_pageheap *ph, unsigned int least,
				unsigned int *order, gfp_t gfp)
{
	gfp_t lightly = (gfp & ~(__GFP_RECLAIM | __GFP_HIGH)) | __GFP_NORETRY |
			__GFP_NOMEMALLOC | __GFP_THISNODE;
	struct page *page;

	for (*order = arena_wanted_order(ph, least); ; --*order) {
		gfp_t flags = *order > least ? lightly : gfp;

		if (kgc_allocator_charge(a, PAGE_SIZE << *order)) {
			page = alloc_pages_node(ph->nid, flags, *order);
			if (page)
				return page;
			kgc_allocator_uncharge(a, PAGE_SIZE << *order);
		}
		if (*order <= least)
			return NULL;
	}
}

static struct kgc_arena *arena_create(struct kgc_pageheap *ph,
				      struct page *page, unsigned int order,
				      gfp_t gfp)
{
	unsigned int npages = (PAGE_SIZE << order) >> KGC_PAGE_SHIFT;
	struct kgc_arena *arena;

	arena = kzalloc_node(arena_meta(npages), gfp, ph->nid);
	if (!arena)
		return NULL;
	arena->base = (unsigned long)page_address(page);
	arena->order = order;
	arena->npages = npages;
	arena->nfree = npages;
	arena->max_run = npages;
	arena->dirty = want_init_on_alloc(gfp) || want_init_on_free() ?
		       0 : npages;
	return arena;
}

/**
 * kgc_pageheap_grow() - add an arena
 * @a: the allocator, for its limits
 * @ph: the page heap
 * @npages: heap pages it must hold beside each other
 * @gfp: how hard to try
 *
 * Context: as @gfp says; no locks held.
 * Return: 0; -ENOMEM when there is no block of that size, or the hard limit
 * forbids it.
 */
int kgc_pageheap_grow(struct kgc_allocator *a, struct kgc_pageheap *ph,
		      unsigned int npages, gfp_t gfp)
{
	unsigned int least = get_order(npages * KGC_PAGE_SIZE);
	struct kgc_arena *arena;
	unsigned long flags;
	struct page *page;
	unsigned int order;

	gfp = (gfp & ~(__GFP_ZERO | __GFP_COMP)) | __GFP_NOWARN;
	if (least > MAX_PAGE_ORDER || npages > KGC_ARENA_MAX_PAGES)
		return -ENOMEM;
	page = arena_pages(a, ph, least, &order, gfp);
	if (!page)
		goto err;
	arena = arena_create(ph, page, order, gfp);
	if (!arena)
		goto err_pages;
	if (kgc_map_reserve(arena->base, PAGE_SIZE << order, gfp))
		goto err_arena;
	kgc_poison_pages(arena->base, PAGE_SIZE << order, true);
	/* scanned, never itself a leak */
	kmemleak_alloc((void *)arena->base, PAGE_SIZE << order, 0, gfp);

	raw_spin_lock_irqsave(&ph->lock, flags);
	ph->grown++;
	ph->smaller += order < arena_wanted_order(ph, least);
	ph->nr_arenas++;
	ph->sys += PAGE_SIZE << order;
	ph->meta[KGC_META_ARENAS] += arena_meta(arena->npages);
	arena_insert(ph, arena);
	raw_spin_unlock_irqrestore(&ph->lock, flags);
	return 0;

err_arena:
	kfree(arena);
err_pages:
	__free_pages(page, order);
	kgc_allocator_uncharge(a, PAGE_SIZE << order);
err:
	raw_spin_lock_irqsave(&ph->lock, flags);
	ph->denied++;
	raw_spin_unlock_irqrestore(&ph->lock, flags);
	return -ENOMEM;
}

/* Part of a split arena. Context: process or softirq, no locks. */
static void run_free(struct kgc_allocator *a, unsigned long base, size_t bytes)
{
	size_t at;

	kmemleak_free_part((void *)base, bytes);
	kgc_poison_pages(base, bytes, false);
	for (at = 0; at < bytes; at += PAGE_SIZE)
		__free_pages(virt_to_page((void *)(base + at)), 0);
	kgc_allocator_uncharge(a, bytes);
}

static void arena_free_split(struct kgc_allocator *a, struct kgc_arena *arena)
{
	unsigned long *gone = kgc_arena_gone(arena);
	unsigned int start = 0, end;

	for (;;) {
		start = find_next_zero_bit(gone, arena->npages, start);
		if (start == arena->npages)
			return;
		end = find_next_bit(gone, arena->npages, start);
		run_free(a, arena->base + start * KGC_PAGE_SIZE,
			 (end - start) * KGC_PAGE_SIZE);
		start = end;
	}
}

/* @arena is in no tree any more. Context: process or softirq, no locks. */
static void arena_free(struct kgc_allocator *a, struct kgc_arena *arena)
{
	size_t bytes = PAGE_SIZE << arena->order;

	if (arena->split) {
		arena_free_split(a, arena);
	} else {
		kmemleak_free((void *)arena->base);
		kgc_poison_pages(arena->base, bytes, false);
		__free_pages(virt_to_page((void *)arena->base), arena->order);
		kgc_allocator_uncharge(a, bytes);
	}
	kfree(arena);
}

/* The arena at the highest address below @below, or NULL. */
static struct rb_node *arena_before(struct kgc_pageheap *ph,
				    unsigned long below)
{
	struct rb_node *rb = ph->arenas.rb_node, *best = NULL;

	while (rb) {
		if (arena_of(rb)->base < below) {
			best = rb;
			rb = rb->rb_right;
		} else {
			rb = rb->rb_left;
		}
	}
	return best;
}

static void arena_detach(struct kgc_pageheap *ph, struct kgc_arena *arena)
{
	rb_erase_augmented(&arena->node, &ph->arenas, &arena_callbacks);
	ph->nr_arenas--;
	ph->sys -= kgc_arena_bytes(arena);
	ph->released += kgc_arena_bytes(arena);
	ph->meta[KGC_META_ARENAS] -= arena_meta(arena->npages);
}

/*
 * Of the next RELEASE_BATCH arenas below @below, move empty ones to @gone while
 * more than @keep bytes are free.
 *
 * Return: where to go on, or 0 when there is nothing more to do.
 */
static unsigned long arenas_detach_some(struct kgc_pageheap *ph, u64 keep,
					unsigned long below,
					struct list_head *gone)
{
	unsigned int budget = RELEASE_BATCH;
	struct kgc_arena *arena;
	struct rb_node *rb;
	unsigned long flags;

	raw_spin_lock_irqsave(&ph->lock, flags);
	rb = arena_before(ph, below);
	for (below = 0; rb && ph->sys - ph->inuse > keep; ) {
		arena = arena_of(rb);
		below = arena->base;
		rb = rb_prev(rb);
		if (arena->nfree + arena->ngone == arena->npages) {
			arena_detach(ph, arena);
			list_add(&arena->link, gone);
		}
		if (!--budget)
			break;
		if (!rb)
			below = 0;
	}
	if (ph->sys - ph->inuse <= keep)
		below = 0;
	raw_spin_unlock_irqrestore(&ph->lock, flags);
	return below;
}

/**
 * struct run - heap pages on their way out
 * @base: address
 * @bytes: length
 */
struct run {
	unsigned long	base;
	size_t		bytes;
};

/*
 * The next free run of @arena of at least @least heap pages, from page *@at on;
 * *@at is behind it then.
 */
static unsigned int arena_next_run(struct kgc_arena *arena, unsigned int *at,
				   unsigned int least)
{
	unsigned int start, end;

	while (*at < arena->npages) {
		start = find_next_zero_bit(arena->used, arena->npages, *at);
		end = find_next_bit(arena->used, arena->npages, start);
		*at = end;
		start = round_up(start, UNIT);
		end = round_down(end, UNIT);
		if (start + least <= end) {
			*at = end;
			return end - start;
		}
	}
	return 0;
}

/*
 * Take free runs out of @arena, until more than @keep bytes are not free any
 * more or *@nr is RUN_BATCH. Context: the lock is held.
 */
static void arena_take_runs(struct kgc_pageheap *ph, struct kgc_arena *arena,
			    u64 keep, struct run *runs, unsigned int *nr)
{
	unsigned int at = 0, n, least = keep ? LEAST_RUN : UNIT;
	bool any = false;

	while (*nr < RUN_BATCH && ph->sys - ph->inuse > keep) {
		n = arena_next_run(arena, &at, least);
		if (!n)
			break;
		any = true;
		bitmap_set(arena->used, at - n, n);
		bitmap_set(kgc_arena_gone(arena), at - n, n);
		arena->nfree -= n;
		arena->ngone += n;
		ph->sys -= n * KGC_PAGE_SIZE;
		ph->released += n * KGC_PAGE_SIZE;
		runs[*nr].base = arena->base + (at - n) * KGC_PAGE_SIZE;
		runs[(*nr)++].bytes = n * KGC_PAGE_SIZE;
	}
	if (!any)
		return;
	arena_update_run(arena);
	if (arena->split)
		return;
	arena->split = true;
	split_page(virt_to_page((void *)arena->base), arena->order);
}

/*
 * Take free runs out of the next RELEASE_BATCH arenas below @below.
 *
 * Return: where to go on, or 0 when there is nothing more to do.
 */
static unsigned long arenas_take_runs(struct kgc_pageheap *ph, u64 keep,
				      unsigned long below, struct run *runs,
				      unsigned int *nr)
{
	unsigned int budget = RELEASE_BATCH;
	struct kgc_arena *arena;
	struct rb_node *rb;
	unsigned long flags;

	raw_spin_lock_irqsave(&ph->lock, flags);
	rb = arena_before(ph, below);
	for (below = 0; rb && ph->sys - ph->inuse > keep; ) {
		arena = arena_of(rb);
		arena_take_runs(ph, arena, keep, runs, nr);
		if (*nr == RUN_BATCH) {
			/* this one may have more */
			below = arena->base + 1;
			break;
		}
		rb = rb_prev(rb);
		below = rb ? arena->base : 0;
		if (!--budget)
			break;
	}
	raw_spin_unlock_irqrestore(&ph->lock, flags);
	return below;
}

static size_t release_runs(struct kgc_allocator *a, struct kgc_pageheap *ph,
			   u64 keep)
{
	unsigned long below = ULONG_MAX;
	size_t bytes = 0;

	while (below) {
		struct run runs[RUN_BATCH];
		unsigned int nr = 0;

		below = arenas_take_runs(ph, keep, below, runs, &nr);
		while (nr--) {
			bytes += runs[nr].bytes;
			run_free(a, runs[nr].base, runs[nr].bytes);
		}
		cond_resched();
	}
	return bytes;
}

/**
 * kgc_pageheap_release() - give free pages back, highest addresses first
 * @a: the allocator
 * @ph: the page heap
 * @keep: stop when no more than this many bytes are free
 *
 * Empty arenas first, then free runs in others: each page if nothing is to be
 * kept, else runs that are worth it. An arena with nothing in it but pages that
 * are gone goes itself.
 *
 * Context: process context; direct reclaim too: nothing is allocated or waited
 * for.
 * Return: bytes given back.
 */
size_t kgc_pageheap_release(struct kgc_allocator *a, struct kgc_pageheap *ph,
			    u64 keep)
{
	struct kgc_arena *arena, *next;
	unsigned long below = ULONG_MAX;
	size_t bytes = 0;

	while (below) {
		LIST_HEAD(gone);

		below = arenas_detach_some(ph, keep, below, &gone);
		list_for_each_entry_safe(arena, next, &gone, link) {
			bytes += kgc_arena_bytes(arena);
			arena_free(a, arena);
		}
		cond_resched();
	}
	return bytes + release_runs(a, ph, keep);
}

/* Give everything back. Nothing uses the heap any more. */
void kgc_pageheap_destroy(struct kgc_allocator *a, struct kgc_pageheap *ph)
{
	struct kgc_arena *arena, *next;

	rbtree_postorder_for_each_entry_safe(arena, next, &ph->arenas, node) {
		unsigned long end = arena->base + (PAGE_SIZE << arena->order);
		unsigned long base = arena->base;

		while (base < end) {
			struct kgc_span *span;

			if (test_bit((base - arena->base) >> KGC_PAGE_SHIFT,
				     kgc_arena_gone(arena))) {
				base += KGC_PAGE_SIZE;
				continue;
			}
			span = kgc_map_find((void *)base);
			kgc_map_set(base, 1, NULL);
			base += KGC_PAGE_SIZE;
			if (span && span->base + KGC_PAGE_SIZE == base)
				list_add(&span->link, &ph->spare[0]);
		}
		arena_free(a, arena);
		cond_resched();
	}
	ph->arenas = RB_ROOT;
	for (unsigned int i = 0; i < KGC_NR_SPAN_SIZES; i++) {
		struct kgc_span *span, *tmp;

		list_for_each_entry_safe(span, tmp, &ph->spare[i], link)
			kgc_span_free_struct(span);
	}
}
