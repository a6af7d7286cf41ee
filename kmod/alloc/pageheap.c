// SPDX-License-Identifier: GPL-2.0
/*
 * The page heap gives spans their pages and takes them back; kgc_pageheap_grow() adds
 * an arena. Its lock is a leaf and covers bitmap and tree work only. No memory is
 * allocated under it.
 */
#include <linux/err.h>
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "../compat.h"
#include "alloc.h"
#include "pageheap.h"
#include "poison.h"
#include "trace.h"

void kgc_pageheap_init(struct kgc_pageheap *ph, int nid)
{
	unsigned int i;

	raw_spin_lock_init(&ph->lock);
	ph->arenas = RB_ROOT;
	ph->empties = RB_ROOT;
	ph->nid = nid;
	for (i = 0; i < KGC_NR_SPAN_SIZES; i++)
		INIT_LIST_HEAD(&ph->spare[i]);
}

/* Record that a span holds these pages. Return: whether spans held all of them before. */
static bool pages_note_use(struct kgc_arena *arena, unsigned int at,
			   unsigned int npages)
{
	unsigned long *held = kgc_arena_used_before(arena);
	bool all = true;

	for (; npages; npages--)
		all &= __test_and_set_bit(at++, held);
	return all;
}

/**
 * kgc_pageheap_take() - give a span its pages
 * @ph: the page heap
 * @span: a structure without pages
 * @npages: heap pages wanted
 * @manual: the span is manual. The lock covers both counts (inuse and manual), so an
 *	audit never sees one without the other
 *
 * Sets the span's base, length, arena and node. Sets its dirty flag if any page may not
 * be zero, and its reused flag if spans have held all of the pages before. The caller
 * sets the map once the span is complete.
 *
 * Context: any but NMI; takes the page heap's lock.
 * Return: true; false when no arena has a free run of @npages.
 */
bool kgc_pageheap_take(struct kgc_pageheap *ph, struct kgc_span *span,
		       unsigned int npages, bool manual)
{
	struct kgc_arena *arena;
	unsigned long flags;
	unsigned int at;

	raw_spin_lock_irqsave(&ph->lock, flags);
	ph->searches++;
	arena = kgc_arena_first_fit(ph, npages);
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
	if (manual)
		ph->manual += npages * KGC_PAGE_SIZE;
	kgc_arena_update(ph, arena);
	kgc_arenas_account(ph);
	span->arena = arena;
	span->base = arena->base + at * KGC_PAGE_SIZE;
	span->npages = npages;
	span->nid = ph->nid;
	span->dirty = at < arena->dirty;
	span->reused = pages_note_use(arena, at, npages);
	arena->dirty = max(arena->dirty, at + npages);
	raw_spin_unlock_irqrestore(&ph->lock, flags);
	return true;
}

/**
 * kgc_pageheap_put() - take a span's pages back and keep its structure
 * @ph: the page heap of the span's node
 * @span: has no object in use, and nothing refers to it
 *
 * Free pages need no merging: adjacent ones are one run in the bitmap.
 *
 * Context: any but NMI; takes the page heap's lock.
 */
void kgc_pageheap_put(struct kgc_pageheap *ph, struct kgc_span *span)
{
	struct kgc_arena *arena = span->arena;
	unsigned int index = ilog2(span->nwords);
	unsigned int at = (span->base - arena->base) >> KGC_PAGE_SHIFT;
	bool manual = span->state == KGC_SPAN_MANUAL;
	unsigned long flags;

	/*
	 * Clear the map before the structure can become another span. That happens in
	 * kgc_pageheap_take(), after it has taken the lock that is released below:
	 * pairs with the smp_rmb() in kgc_lookup().
	 */
	kgc_map_set(span->base, span->npages, NULL);
	span->state = KGC_SPAN_DEAD;
	raw_spin_lock_irqsave(&ph->lock, flags);
	bitmap_clear(arena->used, at, span->npages);
	if (!span->dirty && arena->dirty == at + span->npages)
		arena->dirty = at;
	arena->nfree += span->npages;
	ph->inuse -= span->npages * KGC_PAGE_SIZE;
	if (manual)
		ph->manual -= span->npages * KGC_PAGE_SIZE;
	kgc_arena_update(ph, arena);
	kgc_arenas_account(ph);
	list_add(&span->link, &ph->spare[index]);
	ph->nr_spare[index]++;
	raw_spin_unlock_irqrestore(&ph->lock, flags);
}

/* Take a spare structure with bitmaps for @nelems slots. Return: NULL if none is left. */
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

/* Bytes in spans that are not manual. Context: any. */
u64 kgc_pageheap_managed(struct kgc_pageheap *ph)
{
	guard(raw_spinlock_irqsave)(&ph->lock);
	return ph->inuse - ph->manual;
}

/*
 * Free up to @most spare structures, but keep @keep of each size. Context: may sleep.
 * Return: whether more of them may be left to free.
 */
bool kgc_pageheap_trim_spares(struct kgc_allocator *a, struct kgc_pageheap *ph,
			      unsigned int keep, unsigned int most)
{
	unsigned int i;

	for (i = 0; i < KGC_NR_SPAN_SIZES; i++) {
		while (READ_ONCE(ph->nr_spare[i]) > keep) {
			struct kgc_span *span;

			if (!most--)
				return true;
			span = kgc_pageheap_spare(ph, BITS_PER_LONG << i);
			if (!span)
				break;
			kgc_span_discard(a, span);
			cond_resched();
		}
	}
	return false;
}

/*
 * Order of the next arena: an eighth of the page heap, so that a small heap stays small.
 * The least is 64 KiB.
 */
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
 * Allocate a block of @order and charge it against the limits. If @gfp allows reclaim,
 * @step records KGC_CAUSE_RECLAIM. Return: the block; ERR_PTR() of an error that
 * kgc_limit_charge_pages() returned; or ERR_PTR(-ENOMEM).
 */
static struct page *block_alloc(struct kgc_allocator *a,
				struct kgc_pageheap *ph, unsigned int order,
				gfp_t gfp, struct kgc_slow_path *step)
{
	int err = kgc_limit_charge_pages(a, PAGE_SIZE << order);
	struct page *page;

	if (err)
		return ERR_PTR(err);
	if (gfpflags_allow_blocking(gfp))
		kgc_steps_begin(step, KGC_CAUSE_RECLAIM);
	page = alloc_pages_node(ph->nid, gfp, order);
	if (page)
		return page;
	kgc_limit_uncharge_pages(a, PAGE_SIZE << order);
	return ERR_PTR(-ENOMEM);
}

/*
 * Take the largest free block up to the wanted order, without reclaim or memory reserves.
 * Try this node first, then any node. If neither has a block even of order @least,
 * allocate one of that order as @gfp says. Return: as block_alloc() for order @least.
 */
static struct page *arena_pages(struct kgc_allocator *a,
				struct kgc_pageheap *ph, unsigned int least,
				unsigned int *order, gfp_t gfp,
				struct kgc_slow_path *step)
{
	gfp_t no_reclaim = (gfp & ~(__GFP_RECLAIM | __GFP_HIGH)) | __GFP_NORETRY |
			__GFP_NOMEMALLOC;
	gfp_t node = __GFP_THISNODE;
	struct page *page;

	for (;; node = 0) {
		for (*order = arena_wanted_order(ph, least); *order > least;
		     --*order) {
			page = block_alloc(a, ph, *order, no_reclaim | node, step);
			if (!IS_ERR(page))
				return page;
		}
		page = block_alloc(a, ph, least, no_reclaim | node, step);
		if (!IS_ERR(page))
			return page;
		if (!node || num_online_nodes() == 1)
			return block_alloc(a, ph, least, gfp, step);
	}
}

static struct kgc_arena *arena_create(struct kgc_allocator *a,
				      struct kgc_pageheap *ph,
				      struct page *page, unsigned int order,
				      gfp_t gfp)
{
	unsigned int npages = (PAGE_SIZE << order) >> KGC_PAGE_SHIFT;
	struct kgc_arena *arena;

	arena = kgc_charge_alloc(a, KGC_META_ARENAS, kgc_arena_meta(npages), ph->nid, gfp);
	if (!arena)
		return NULL;
	/* the map is indexed by addresses without KASAN's tag */
	arena->base = (unsigned long)kasan_reset_tag(page_address(page));
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
 * @npages: contiguous heap pages that the arena must have
 * @gfp: how hard to try
 * @step: slow path of the allocation that needs the arena
 *
 * Context: as @gfp says; no locks held.
 * Return: 0; -ENOMEM without memory for the block or its metadata, at the heap's hard
 * limit, or at the cap on all heaps.
 */
int kgc_pageheap_grow(struct kgc_allocator *a, struct kgc_pageheap *ph,
		      unsigned int npages, gfp_t gfp, struct kgc_slow_path *step)
{
	unsigned int least = get_order(npages * KGC_PAGE_SIZE);
	struct kgc_arena *arena;
	unsigned long flags;
	struct page *page;
	unsigned int order;

	gfp = (gfp & ~(__GFP_ZERO | __GFP_COMP)) | __GFP_NOWARN;
	/* kmemleak scans arenas: stale words in them would look like references */
	if (IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		gfp |= __GFP_ZERO;
	if (least > MAX_PAGE_ORDER || npages > KGC_ARENA_MAX_PAGES)
		return -ENOMEM;
	page = arena_pages(a, ph, least, &order, gfp, step);
	if (IS_ERR(page)) {
		kgc_limit_refused(a, PTR_ERR(page));
		goto err;
	}
	arena = arena_create(a, ph, page, order, gfp);
	if (!arena)
		goto err_pages;
	if (kgc_map_reserve(arena->base, PAGE_SIZE << order, gfp)) {
		kgc_limit_refused(a, -ENOMEM);
		goto err_arena;
	}
	kgc_poison_pages(arena->base, PAGE_SIZE << order, true);
	/* min_count 0: kmemleak scans the arena and never reports it as a leak */
	kmemleak_alloc((void *)arena->base, PAGE_SIZE << order, 0, gfp);

	raw_spin_lock_irqsave(&ph->lock, flags);
	ph->grown++;
	ph->smaller += order < arena_wanted_order(ph, least);
	ph->nr_arenas++;
	ph->sys += PAGE_SIZE << order;
	kgc_arena_insert(ph, arena);
	kgc_arenas_account(ph);
	raw_spin_unlock_irqrestore(&ph->lock, flags);
	trace_kgc_pages_grow(a->id, ph->nid, PAGE_SIZE << order);
	return 0;

err_arena:
	kgc_charge_free(a, KGC_META_ARENAS, arena, kgc_arena_meta(arena->npages));
err_pages:
	__free_pages(page, order);
	kgc_limit_uncharge_pages(a, PAGE_SIZE << order);
err:
	raw_spin_lock_irqsave(&ph->lock, flags);
	ph->denied++;
	raw_spin_unlock_irqrestore(&ph->lock, flags);
	return -ENOMEM;
}
