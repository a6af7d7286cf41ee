// SPDX-License-Identifier: GPL-2.0
/*
 * Central lists: per span class and node, the spans that no CPU holds.
 *
 * A central has four lists: of spans with and without free slots, and both for even and
 * odd generations. After a flush the lists of the old generation hold the spans
 * that are still to be swept. The collector starts its next cycle only when they are
 * empty, so there are never more than two generations.
 *
 * Spans are swept under the central lock, so no CPU finds one that is half swept.
 */
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/poison.h>

#include "../../uapi/linux/kgc.h"

#include "../compat.h"
#include "allocated.h"
#include "cache.h"

#define SWEEP_BUDGET	8	/* spans that one refill sweeps at most */
#define REAP_BUDGET	64	/* spans that one kgc_central_reap() sweeps at most */
#define MIXED_BUDGET	4	/* spans of another type that one search looks at */

/* Take the lock. @step records that the allocation had to wait; it may be NULL. */
static unsigned long central_lock(struct kgc_central *ct, struct kgc_slow_path *step)
	__acquires(&ct->lock)
{
	unsigned long flags;
	u64 start;

	local_irq_save(flags);
	if (unlikely(!raw_spin_trylock(&ct->lock))) {
		if (step)
			kgc_steps_begin(step, KGC_CAUSE_REFILL);
		start = ktime_get_mono_fast_ns();
		raw_spin_lock(&ct->lock);
		ct->contended++;
		ct->wait_ns += ktime_get_mono_fast_ns() - start;
	}
	return flags;
}

static void central_unlock(struct kgc_central *ct, unsigned long flags)
	__releases(&ct->lock)
{
	raw_spin_unlock_irqrestore(&ct->lock, flags);
}

/* Bytes that callers asked for per object; the whole slot if @span does not know them. */
static u32 span_asked(const struct kgc_span *span)
{
	const struct kgc_layout *layout = span->layout;

	/* arrays differ in size, and a tiny block fills up with several objects */
	if (!layout || layout->spc != span->spc || kgc_span_large(span) ||
	    layout->flags & KGC_LAYOUT_TINY)
		return span->size;
	return layout->bytes;
}

/* Count the slots taken from the span since it was last accounted for; @nfree are left. */
static void central_account(struct kgc_central *ct, struct kgc_span *span,
			    unsigned int nfree)
{
	unsigned int taken = span->nfree - nfree;

	ct->mallocs += taken;
	ct->asked += (u64)taken * span_asked(span);
	span->nfree = nfree;
}

static void central_file(struct kgc_central *ct, struct kgc_span *span)
{
	struct list_head *lists = span->nfree ? ct->partial : ct->full;

	list_move_tail(&span->link, &lists[span->gen & 1]);
}

/*
 * The value that a sweep fills dead objects with: a pattern if the heap asks for it,
 * otherwise what the kernel does on free. kmemleak scans free slots, too, where a stale
 * pointer would hide a leak; so with kmemleak they are zeroed.
 */
int kgc_central_wipe_value(const struct kgc_allocator *a)
{
	if (READ_ONCE(a->harden) & KGC_HARDEN_POISON)
		return POISON_FREE;
	if (want_init_on_free() || IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		return KGC_WIPE_ZERO;
	return KGC_WIPE_NONE;
}

static void central_sweep(struct kgc_allocator *a, struct kgc_central *ct,
			  struct kgc_node *node, struct kgc_span *span, u32 gen,
			  int wipe)
{
	unsigned int used = span->nelems - span->nfree;
	unsigned int live = kgc_span_sweep(span, gen, wipe);

	ct->swept++;
	ct->frees += used - live;
	ct->live += live;
	if (kgc_span_large(span)) {
		if (live)
			ct->large_live += span->size;
		else
			ct->large_freed += span->size;
	}
	if (live) {
		central_file(ct, span);
		return;
	}
	list_del_init(&span->link);
	ct->spans--;
	ct->freed_spans++;
	kgc_pageheap_put(&node->pages, span);
}

/**
 * kgc_central_accept() - make a span take objects of a type
 * @span: a span from which only the caller takes slots, or kgc_empty_span
 * @layout: the type
 * @r: may hold a side table; @r->need says if one has to be fetched
 *
 * A span of another type becomes mixed, which takes a side table. It stays mixed until
 * it is empty: central_find() gives an empty span a type anew.
 *
 * Return: false if a side table is missing; then @r->need is set, unless @r->unmixed.
 */
bool kgc_central_accept(struct kgc_span *span, const struct kgc_layout *layout,
			struct kgc_reserve *r)
{
	if (span->layout == layout || !span->layout)
		return true;
	if (!span->types && !r->types) {
		if (!r->unmixed)
			r->need = KGC_NEED_TYPES;
		return false;
	}
	kgc_allocated_span(span, kgc_span_count_free(span));
	if (span->types) {
		kgc_span_make_mixed(span, span->types);
		return true;
	}
	kgc_span_make_mixed(span, r->types);
	r->types = NULL;
	return true;
}

/*
 * A span of the old generation from list @first, or from @then if @first has none; NULL
 * when there is nothing to sweep. Context: central lock held.
 */
static struct kgc_span *central_old(const struct kgc_allocator *a, u32 gen,
				    struct list_head *first, struct list_head *then)
{
	unsigned int old = !(gen & 1);
	struct kgc_span *span;

	if (READ_ONCE(a->unswept))
		return NULL;
	span = list_first_entry_or_null(&first[old], struct kgc_span, link);
	if (!span)
		span = list_first_entry_or_null(&then[old], struct kgc_span,
						link);
	/* a caller that read @gen before the flush finds newer spans on these lists */
	return span && (s32)(span->gen - gen) < 0 ? span : NULL;
}

/*
 * A span with a free slot, taken off its list: of the current generation, or obtained
 * by sweeping up to SWEEP_BUDGET old ones. NULL otherwise; @r->need may be set then.
 */
static struct kgc_span *central_find(struct kgc_allocator *a,
				     struct kgc_central *ct,
				     struct kgc_node *node,
				     const struct kgc_layout *layout,
				     struct kgc_reserve *r)
{
	u32 gen = READ_ONCE(a->gen);
	unsigned int now = gen & 1;
	unsigned int budget = SWEEP_BUDGET, tries = MIXED_BUDGET;
	struct kgc_span *span;

	for (;;) {
		list_for_each_entry(span, &ct->partial[now], link) {
			if (span->nfree == span->nelems)
				span->layout = layout;
			if (kgc_central_accept(span, layout, r)) {
				list_del_init(&span->link);
				return span;
			}
			if (!--tries)
				return NULL;
		}
		if (!budget--)
			return NULL;
		span = central_old(a, gen, ct->partial, ct->full);
		if (!span)
			return NULL;
		kgc_steps_begin(&r->step, KGC_CAUSE_SWEEP);
		central_sweep(a, ct, node, span, gen, kgc_central_wipe_value(a));
	}
}

/* A new span made of free heap pages, on no list; NULL with @r->need set. */
static struct kgc_span *span_create(struct kgc_allocator *a,
				    struct kgc_node *node, unsigned int spc,
				    unsigned int npages, u32 size,
				    struct kgc_reserve *r)
{
	unsigned int nelems = kgc_nelems(spc);
	struct kgc_span *span = kgc_reserve_span(node, nelems, npages, false, r);

	if (!span)
		return NULL;
	kgc_span_init(span, a, spc, nelems, size);
	span->gen = READ_ONCE(a->gen);
	kgc_map_set(span->base, npages, span);
	return span;
}

static struct kgc_span *span_create_small(struct kgc_allocator *a,
					  struct kgc_central *ct,
					  struct kgc_node *node,
					  unsigned int spc,
					  const struct kgc_layout *layout,
					  struct kgc_reserve *r)
{
	const struct kgc_class *class = &kgc_classes[spc >> 1];
	struct kgc_span *span;

	span = span_create(a, node, spc, class->npages, class->size, r);
	if (!span)
		return NULL;
	span->layout = layout;
	ct->spans++;
	if (!span->reused)
		ct->fresh += span->nelems;
	return span;
}

/* An existing span with a free slot, or a new span; NULL with @r->need set. */
static struct kgc_span *central_take(struct kgc_allocator *a,
				     struct kgc_central *ct,
				     struct kgc_node *node, unsigned int spc,
				     const struct kgc_layout *layout,
				     struct kgc_reserve *r)
{
	struct kgc_span *span;

	r->need = KGC_NEED_NOTHING;
	span = central_find(a, ct, node, layout, r);
	if (span || r->need != KGC_NEED_NOTHING)
		return span;
	return span_create_small(a, ct, node, spc, layout, r);
}

/**
 * kgc_central_stock() - make a span that any type can use, for the next allocations
 * @a: the allocator
 * @node: node to take pages from
 * @spc: span class
 * @r: what was fetched for this attempt; on failure @r->need says what to fetch
 *
 * The span goes to the head of its list. Behind spans of other types an interrupt would
 * not find it: a search gives up after MIXED_BUDGET of those.
 *
 * Context: process context.
 * Return: false with @r->need set.
 */
bool kgc_central_stock(struct kgc_allocator *a, struct kgc_node *node,
		       unsigned int spc, struct kgc_reserve *r)
{
	struct kgc_central *ct = kgc_central_of(node, spc);
	struct kgc_span *span;
	unsigned long flags;

	if (!ct) {
		r->need = KGC_NEED_CENTRAL;
		return false;
	}
	flags = central_lock(ct, &r->step);
	span = span_create_small(a, ct, node, spc, NULL, r);
	if (span)
		list_move(&span->link, &ct->partial[span->gen & 1]);
	central_unlock(ct, flags);
	return span;
}

/**
 * kgc_central_refill() - exchange a cache's span for one with free slots
 * @a: the allocator
 * @node: node to take the new span from
 * @spc: span class
 * @old: the span the cache gives back, or kgc_empty_span
 * @layout: type of the object to be allocated
 * @r: what was fetched for this attempt; on failure @r->need says what to fetch
 *
 * Context: inside a region.
 * Return: the new span, owned by the cache; NULL with @r->need set. @old has been given
 * back in both cases.
 */
struct kgc_span *kgc_central_refill(struct kgc_allocator *a,
				    struct kgc_node *node, unsigned int spc,
				    struct kgc_span *old,
				    const struct kgc_layout *layout,
				    struct kgc_reserve *r)
{
	struct kgc_central *ct = kgc_central_of(node, spc);
	struct kgc_span *span;
	unsigned long flags;

	if (old != &kgc_empty_span)
		kgc_central_return(a, old);
	if (!ct) {
		r->need = KGC_NEED_CENTRAL;
		return NULL;
	}
	flags = central_lock(ct, &r->step);
	span = central_take(a, ct, node, spc, layout, r);
	if (span) {
		ct->refills++;
		ct->reused += span->reused ? span->nfree : 0;
		kgc_span_next_word(span);
		kgc_sample_place(a, ct, span);
		kgc_allocator_charge(a, (s64)span->nfree * span->size);
	}
	central_unlock(ct, flags);
	return span;
}

/* Take back a span from a cache. Context: any but NMI. */
void kgc_central_return(struct kgc_allocator *a, struct kgc_span *span)
{
	struct kgc_central *ct = a->node[span->nid]->central[span->spc];
	unsigned int nfree = kgc_span_count_free(span);
	unsigned long flags;

	kgc_allocated_span(span, nfree);
	flags = central_lock(ct, NULL);
	central_account(ct, span, nfree);
	if (span->nfree)
		kgc_allocator_charge(a, -(s64)span->nfree * span->size);
	if (span->reused)
		ct->reused -= span->nfree;
	central_file(ct, span);
	central_unlock(ct, flags);
}

/**
 * kgc_central_alloc() - allocate one slot without a cache
 * @a: the allocator
 * @node: node to take the slot from
 * @mode: of the section
 * @spc: span class
 * @layout: type
 * @size: bytes asked for
 * @r: what was fetched for this attempt; on failure @r->need says what to fetch
 *
 * Used by an interrupt that finds its CPU's cache in use, by a CPU whose cache the
 * collector is flushing, and for heaps with KGC_HARDEN_RANDOM.
 *
 * Context: preemption disabled.
 * Return: the slot, cleared and in use, or NULL with @r->need set.
 */
void *kgc_central_alloc(struct kgc_allocator *a, struct kgc_node *node,
			unsigned int mode, unsigned int spc,
			const struct kgc_layout *layout, size_t size,
			struct kgc_reserve *r)
{
	struct kgc_central *ct = kgc_central_of(node, spc);
	struct kgc_span *span;
	unsigned long flags;
	bool mixed = false;
	unsigned int bit;
	void *obj = NULL;

	if (!ct) {
		r->need = KGC_NEED_CENTRAL;
		return NULL;
	}
	flags = central_lock(ct, &r->step);
	span = central_take(a, ct, node, spc, layout, r);
	if (span && kgc_span_next_word(span)) {
		bit = READ_ONCE(a->harden) & KGC_HARDEN_RANDOM ?
			kgc_slot_random(span, &ct->random) : __ffs(*span->word);
		span->clear = span->dirty;
		obj = kgc_take_any_slot(a, span, bit, mode, layout, size);
		r->sampled = kgc_sample_one(a, ct, span->size);
		kgc_allocator_charge(a, span->size);
		ct->reused += span->reused;
	}
	if (span) {
		central_account(ct, span, kgc_span_count_free(span));
		central_file(ct, span);
		mixed = !span->layout;
	}
	central_unlock(ct, flags);
	if (obj && !mixed)
		kgc_allocated_add(layout, 1, kgc_classes[spc >> 1].size);
	return obj;
}

/**
 * kgc_central_large() - make a span for one large object, on no list yet
 * @a: the allocator
 * @node: node to take pages from
 * @spc: 0 for an object with pointers, 1 for one without
 * @size: bytes in the object
 * @r: what was fetched for this attempt; on failure @r->need says what to fetch
 *
 * Context: preemption disabled.
 * Return: the span, its slot still free; NULL with @r->need set.
 */
struct kgc_span *kgc_central_large(struct kgc_allocator *a,
				   struct kgc_node *node, unsigned int spc,
				   size_t size, struct kgc_reserve *r)
{
	unsigned int npages = DIV_ROUND_UP(size, KGC_PAGE_SIZE);

	r->need = KGC_NEED_NOTHING;
	if (!kgc_central_of(node, spc)) {
		r->need = KGC_NEED_CENTRAL;
		return NULL;
	}
	return span_create(a, node, spc, npages, npages * KGC_PAGE_SIZE, r);
}

/*
 * Put a cleared large object into service. Context: preemption disabled. Return: whether it
 * is to be sampled.
 */
bool kgc_central_publish_large(struct kgc_allocator *a, unsigned int mode,
			       struct kgc_span *span,
			       const struct kgc_layout *layout)
{
	struct kgc_central *ct = a->node[span->nid]->central[span->spc];
	unsigned long flags = central_lock(ct, NULL);
	bool sampled = kgc_sample_one(a, ct, span->size);

	span->gen = READ_ONCE(a->gen);
	span->layout = layout;
	if (kgc_alloc_marked(a, span, mode))
		set_bit(0, kgc_span_mark(span));
	/* an object in use is clear: pairs with kgc_span_is_free() */
	smp_store_release(kgc_span_free(span), 0);
	ct->spans++;
	ct->refills++;
	if (span->reused)
		ct->reused++;
	else
		ct->fresh++;
	ct->large_bytes += span->size;
	central_account(ct, span, 0);
	central_file(ct, span);
	central_unlock(ct, flags);
	kgc_allocated_add(layout, 1, span->size);
	kgc_allocator_charge(a, span->size);
	return sampled;
}

/*
 * Overwrite a dead large object. This may take long, so it drops the lock; the span is
 * on no list meanwhile. Only for the collector, which begins no cycle before it returns.
 */
static void wipe_large(struct kgc_central *ct, struct kgc_span *span, int wipe,
		       unsigned long *flags)
{
	if (wipe == KGC_WIPE_NONE || test_bit(0, kgc_span_mark(span)) ||
	    kgc_span_is_free(span, 0))
		return;
	list_del_init(&span->link);
	central_unlock(ct, *flags);
	kgc_unpoison_slot((void *)span->base, span->size, span->size);
	memset((void *)span->base, wipe, span->size);
	*flags = central_lock(ct, NULL);
}

/* kgc_central_sweep_some() with a given @wipe, which is as for kgc_span_sweep(). */
static bool sweep_some(struct kgc_allocator *a, struct kgc_central *ct,
		       struct kgc_node *node, unsigned int budget, int wipe)
{
	struct kgc_span *span;
	unsigned long flags;
	u32 gen;

	while (budget--) {
		flags = central_lock(ct, NULL);
		gen = READ_ONCE(a->gen);
		/* full spans first: allocations sweep spans with free slots first */
		span = central_old(a, gen, ct->full, ct->partial);
		if (span && kgc_span_large(span)) {
			wipe_large(ct, span, wipe, &flags);
			central_sweep(a, ct, node, span, gen, KGC_WIPE_NONE);
		} else if (span) {
			central_sweep(a, ct, node, span, gen, wipe);
		}
		central_unlock(ct, flags);
		if (!span)
			return false;
	}
	return true;
}

/**
 * kgc_central_sweep_some() - sweep spans of the old generation
 * @a: the allocator
 * @ct: one of its centrals
 * @node: the node of @ct
 * @budget: spans at most
 *
 * Context: the collector's work item; the lock is dropped between spans.
 * Return: whether old spans may be left.
 */
bool kgc_central_sweep_some(struct kgc_allocator *a, struct kgc_central *ct,
			    struct kgc_node *node, unsigned int budget)
{
	return sweep_some(a, ct, node, budget, kgc_central_wipe_value(a));
}

/**
 * kgc_central_reap() - sweep a bounded number of old spans, whatever their class
 * @a: the allocator
 * @node: one of its nodes
 *
 * For an allocation that found no memory: between a flush and the end of the sweep, dead
 * objects may still occupy the pages that it needs.
 *
 * Context: any but NMI.
 * Return: whether any span was swept.
 */
bool kgc_central_reap(struct kgc_allocator *a, struct kgc_node *node)
{
	unsigned int spc, budget = REAP_BUDGET;
	int wipe = kgc_central_wipe_value(a);
	struct kgc_central *ct;
	bool swept = false;

	/* leave large objects to the collector if they have to be overwritten */
	spc = wipe == KGC_WIPE_NONE ? 0 : 2;
	for (; spc < KGC_NR_SPAN_CLASSES && budget; spc++) {
		ct = kgc_central_of(node, spc);
		while (ct && budget && sweep_some(a, ct, node, 1, wipe)) {
			budget--;
			swept = true;
		}
	}
	return swept;
}

/**
 * kgc_central_survives() - check in SETTLE or IDLE that the sweep keeps an object
 * @a: the allocator
 * @span: the span that the map had for @addr
 * @addr: an address of the object
 * @i: its slot
 * @mode: of the section
 *
 * The span may have been swept, given back and used again since the caller found it. So
 * this function reads the map again under the central lock, without which no CPU sweeps
 * the span or gives it back.
 *
 * Context: any but NMI.
 * Return: false if the object was found dead, or its slot is not in use any more.
 */
bool kgc_central_survives(struct kgc_allocator *a, struct kgc_span *span,
			  const void *addr, unsigned int i, unsigned int mode)
{
	unsigned int spc = READ_ONCE(span->spc);
	struct kgc_central *ct;

	ct = kgc_central_of(a->node[READ_ONCE(span->nid)], spc);
	if (!ct)
		return false;
	guard(raw_spinlock_irqsave)(&ct->lock);
	if (kgc_map_find(addr) != span || span->owner != a ||
	    span->spc != spc || kgc_span_index(span, addr) != i ||
	    kgc_span_is_free(span, i))
		return false;
	if (span->gen != READ_ONCE(a->gen) ||
	    (mode & KGC_ALLOC_SETTLE &&
	     span->gen == READ_ONCE(a->black_gen)))
		return test_bit(i, kgc_span_mark(span));
	return true;
}
