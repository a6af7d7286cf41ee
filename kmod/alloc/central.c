// SPDX-License-Identifier: GPL-2.0
/*
 * Central lists: per span class and node, the spans that no CPU holds.
 *
 * Spans lie on lists by whether they have free slots, and by the low bit of
 * their generation. After a flip the lists of the old generation hold what is
 * still to be swept; the collector goes on to its next cycle only when they
 * are empty, so two generations are all there ever are.
 *
 * A span taken from the old lists is swept under the central lock, so that
 * nobody ever finds one half done.
 */
#include <linux/sched/clock.h>
#include <linux/slab.h>

#include "cache.h"

#define SWEEP_BUDGET	8	/* spans swept for one refill at most */
#define MIXED_BUDGET	4	/* spans of another type looked at */

static unsigned long central_lock(struct kgc_central *ct)
	__acquires(&ct->lock)
{
	unsigned long flags;
	u64 start;

	local_irq_save(flags);
	if (unlikely(!raw_spin_trylock(&ct->lock))) {
		start = local_clock();
		raw_spin_lock(&ct->lock);
		ct->contended++;
		ct->wait_ns += local_clock() - start;
	}
	return flags;
}

static void central_unlock(struct kgc_central *ct, unsigned long flags)
	__releases(&ct->lock)
{
	raw_spin_unlock_irqrestore(&ct->lock, flags);
}

static struct kgc_central *central_create(struct kgc_node *node, gfp_t gfp)
{
	struct kgc_central *ct;
	unsigned int i;

	ct = kzalloc_node(sizeof(*ct), gfp, node->pages.nid);
	if (!ct)
		return NULL;
	raw_spin_lock_init(&ct->lock);
	for (i = 0; i < 2; i++) {
		INIT_LIST_HEAD(&ct->partial[i]);
		INIT_LIST_HEAD(&ct->full[i]);
	}
	return ct;
}

static unsigned int reserve_nelems(unsigned int spc)
{
	return spc >> 1 ? kgc_classes[spc >> 1].nelems : 1;
}

/**
 * kgc_reserve_fill() - fetch what a try inside a region lacked
 * @a: the allocator
 * @node: the node the try was on
 * @spc: span class
 * @r: says what; receives it
 * @gfp: how hard to try
 *
 * Context: as @gfp says; outside of any region, no locks held.
 * Return: whether trying again makes sense.
 */
bool kgc_reserve_fill(struct kgc_allocator *a, struct kgc_node *node,
		      unsigned int spc, struct kgc_reserve *r, gfp_t gfp)
{
	unsigned int nelems = reserve_nelems(spc);
	unsigned int index = kgc_words_index(nelems);
	struct kgc_central *ct;

	gfp = (gfp & ~__GFP_ZERO) | __GFP_NOWARN;
	switch (r->need) {
	case KGC_NEED_CENTRAL:
		ct = central_create(node, gfp);
		if (!ct)
			return false;
		/* complete before it is seen: pairs with central_of() */
		if (cmpxchg(&node->central[spc], NULL, ct))
			kfree(ct);
		else
			kgc_pageheap_account(&node->pages, sizeof(*ct));
		return true;
	case KGC_NEED_SPAN:
		r->span = kgc_span_alloc(nelems, node->pages.nid, gfp);
		if (!r->span)
			return false;
		kgc_pageheap_account(&node->pages,
				     kgc_span_meta_bytes(index, false));
		return true;
	case KGC_NEED_TYPES:
		r->types = kgc_types_alloc(nelems, gfp);
		return r->types;
	case KGC_NEED_PAGES:
		return !kgc_pageheap_grow(a, &node->pages, r->npages,
					  gfp | a->gfp);
	default:
		return false;
	}
}

/* Put back what was not used. Context: no locks held, not hardirq. */
void kgc_reserve_release(struct kgc_node *node, struct kgc_reserve *r)
{
	if (unlikely(r->span))
		kgc_pageheap_keep_spare(&node->pages, r->span);
	if (unlikely(r->types))
		kfree(r->types);
	r->span = NULL;
	r->types = NULL;
}

/* Count what the span gave out since it was last accounted for. */
static void central_account(struct kgc_central *ct, struct kgc_span *span)
{
	unsigned int nfree = kgc_span_count_free(span);

	ct->mallocs += span->nfree - nfree;
	span->nfree = nfree;
}

static void central_file(struct kgc_central *ct, struct kgc_span *span)
{
	struct list_head *lists = span->nfree ? ct->partial : ct->full;

	list_move_tail(&span->link, &lists[span->gen & 1]);
}

static void central_sweep(struct kgc_allocator *a, struct kgc_central *ct,
			  struct kgc_node *node, struct kgc_span *span, u32 gen)
{
	unsigned int used = span->nelems - span->nfree;
	unsigned int live = kgc_span_sweep(span, gen);

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

static void span_attach_types(struct kgc_node *node, struct kgc_span *span,
			      struct kgc_reserve *r)
{
	unsigned int index = ilog2(span->nwords);

	kgc_span_make_mixed(span, r->types);
	r->types = NULL;
	kgc_pageheap_account(&node->pages, kgc_span_meta_bytes(index, true) -
					   kgc_span_meta_bytes(index, false));
}

/* Whether @span, which nobody else uses now, may hold objects of @shape. */
static bool span_accept(struct kgc_node *node, struct kgc_span *span,
			const struct kgc_shape *shape, struct kgc_reserve *r)
{
	if (span->shape == shape || span->types)
		return true;
	if (span->nfree == span->nelems) {
		span->shape = shape;
		return true;
	}
	if (!r->types) {
		r->need = KGC_NEED_TYPES;
		return false;
	}
	span_attach_types(node, span, r);
	return true;
}

/*
 * A span with a free slot: of the current generation, else from sweeping a
 * bounded number of old ones. It is off the lists then.
 */
static struct kgc_span *central_find(struct kgc_allocator *a,
				     struct kgc_central *ct,
				     struct kgc_node *node,
				     const struct kgc_shape *shape,
				     struct kgc_reserve *r)
{
	u32 gen = READ_ONCE(a->gen);
	unsigned int now = gen & 1, old = !now;
	unsigned int budget = SWEEP_BUDGET, tries = MIXED_BUDGET;
	struct kgc_span *span;

	for (;;) {
		list_for_each_entry(span, &ct->partial[now], link) {
			if (span_accept(node, span, shape, r)) {
				list_del_init(&span->link);
				return span;
			}
			if (!--tries)
				return NULL;
		}
		if (!budget--)
			return NULL;
		span = list_first_entry_or_null(&ct->partial[old],
						struct kgc_span, link);
		if (!span)
			span = list_first_entry_or_null(&ct->full[old],
							struct kgc_span, link);
		/* to a region older than the flip these spans are newer */
		if (!span || (s32)(span->gen - gen) >= 0)
			return NULL;
		central_sweep(a, ct, node, span, gen);
	}
}

/* A span with fresh pages, on no list; NULL with @r->need set. */
static struct kgc_span *span_create(struct kgc_allocator *a,
				    struct kgc_node *node, unsigned int spc,
				    unsigned int npages, u32 size,
				    struct kgc_reserve *r)
{
	unsigned int nelems = reserve_nelems(spc);
	struct kgc_span *span = r->span;

	if (!span)
		span = kgc_pageheap_spare(&node->pages, nelems);
	if (!span) {
		r->need = KGC_NEED_SPAN;
		return NULL;
	}
	r->span = span;
	if (!kgc_pageheap_take(&node->pages, span, npages)) {
		r->need = KGC_NEED_PAGES;
		r->npages = npages;
		return NULL;
	}
	r->span = NULL;
	kgc_span_init(span, a, spc, nelems, size);
	span->gen = READ_ONCE(a->gen);
	kgc_map_set(span->base, npages, span);
	return span;
}

static struct kgc_span *span_create_small(struct kgc_allocator *a,
					  struct kgc_central *ct,
					  struct kgc_node *node,
					  unsigned int spc,
					  const struct kgc_shape *shape,
					  struct kgc_reserve *r)
{
	const struct kgc_class *class = &kgc_classes[spc >> 1];
	struct kgc_span *span;

	span = span_create(a, node, spc, class->npages, class->size, r);
	if (!span)
		return NULL;
	if (!span->types)
		span->shape = shape;
	ct->spans++;
	ct->fresh += span->nelems;
	return span;
}

static struct kgc_central *central_of(struct kgc_node *node, unsigned int spc)
{
	/* pairs with the cmpxchg() in kgc_reserve_fill() */
	return smp_load_acquire(&node->central[spc]);
}

/**
 * kgc_central_refill() - exchange a cache's span for one with free slots
 * @a: the allocator
 * @node: where the new span shall come from
 * @spc: span class
 * @old: the span the cache gives back, or kgc_empty_span
 * @shape: type of the object to be allocated
 * @r: what was fetched for this try; says what lacks on failure
 *
 * Context: inside a region.
 * Return: the new span, owned by the cache; NULL with @r->need set, then @old
 * has still been given back.
 */
struct kgc_span *kgc_central_refill(struct kgc_allocator *a,
				    struct kgc_node *node, unsigned int spc,
				    struct kgc_span *old,
				    const struct kgc_shape *shape,
				    struct kgc_reserve *r)
{
	struct kgc_central *ct = central_of(node, spc);
	struct kgc_span *span;
	unsigned long flags;

	if (old != &kgc_empty_span)
		kgc_central_return(a, old);
	if (!ct) {
		r->need = KGC_NEED_CENTRAL;
		return NULL;
	}
	r->need = KGC_NEED_NOTHING;
	flags = central_lock(ct);
	span = central_find(a, ct, node, shape, r);
	if (span)
		ct->reused += span->nfree;
	else if (r->need == KGC_NEED_NOTHING)
		span = span_create_small(a, ct, node, spc, shape, r);
	if (span) {
		ct->refills++;
		kgc_span_next_word(span);
		atomic64_add((u64)span->nfree * span->size, &a->charged);
	}
	central_unlock(ct, flags);
	return span;
}

/* Take back a span from a cache. Context: any but NMI. */
void kgc_central_return(struct kgc_allocator *a, struct kgc_span *span)
{
	struct kgc_central *ct = a->node[span->nid]->central[span->spc];
	unsigned long flags = central_lock(ct);

	central_account(ct, span);
	if (span->nfree)
		atomic64_sub((u64)span->nfree * span->size, &a->charged);
	central_file(ct, span);
	central_unlock(ct, flags);
}

/**
 * kgc_central_alloc() - one slot without a cache
 * @a: the allocator
 * @node: where from
 * @mode: of the section
 * @spc: span class
 * @shape: type
 * @size: bytes asked for
 * @r: what was fetched for this try; says what lacks on failure
 * @try_only: give up if the lock is taken
 *
 * For an interrupt that finds its CPU's cache in use, and for a CPU whose
 * cache is being emptied by the collector.
 *
 * Context: preemption disabled.
 * Return: the slot, cleared and in use, or NULL with @r->need set.
 */
void *kgc_central_alloc(struct kgc_allocator *a, struct kgc_node *node,
			unsigned int mode, unsigned int spc,
			const struct kgc_shape *shape, size_t size,
			struct kgc_reserve *r, bool try_only)
{
	struct kgc_central *ct = central_of(node, spc);
	struct kgc_span *span;
	unsigned long flags;
	unsigned int bit;
	void *obj = NULL;

	r->need = KGC_NEED_NOTHING;
	if (!ct) {
		r->need = KGC_NEED_CENTRAL;
		return NULL;
	}
	if (try_only && raw_spin_is_locked(&ct->lock))
		return NULL;
	flags = central_lock(ct);
	span = central_find(a, ct, node, shape, r);
	if (!span && r->need == KGC_NEED_NOTHING)
		span = span_create_small(a, ct, node, spc, shape, r);
	if (span && kgc_span_next_word(span)) {
		bit = __ffs(*span->word);
		obj = span->word_base + (size_t)bit * span->size;
		kgc_poison_open(obj, size, span->size);
		memset(obj, 0, round_up(size, 8));
		kgc_poison_tail(obj, size);
		kgc_dress_slot(a, span, bit, mode, shape);
		/* clear before in use: pairs with kgc_span_is_free() */
		smp_store_release(span->word, *span->word & ~BIT(bit));
		atomic64_add(span->size, &a->charged);
	}
	if (span) {
		central_account(ct, span);
		central_file(ct, span);
	}
	central_unlock(ct, flags);
	return obj;
}

/**
 * kgc_central_large() - a span for one large object, on no list yet
 * @a: the allocator
 * @node: where from
 * @spc: 0 or 1: with or without pointers
 * @size: bytes
 * @r: what was fetched for this try; says what lacks on failure
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
	if (!central_of(node, spc)) {
		r->need = KGC_NEED_CENTRAL;
		return NULL;
	}
	return span_create(a, node, spc, npages, npages * KGC_PAGE_SIZE, r);
}

/* Put a cleared large object into service. Context: preemption disabled. */
void kgc_central_publish_large(struct kgc_allocator *a, unsigned int mode,
			       struct kgc_span *span,
			       const struct kgc_shape *shape)
{
	struct kgc_central *ct = a->node[span->nid]->central[span->spc];
	unsigned long flags = central_lock(ct);

	span->gen = READ_ONCE(a->gen);
	if (span->types)
		span->types[0] = shape->id;
	else
		span->shape = shape;
	if (kgc_born_black(a, span, mode))
		set_bit(0, kgc_span_mark(span));
	/* clear before in use: pairs with kgc_span_is_free() */
	smp_store_release(span->bits, 0);
	ct->spans++;
	ct->refills++;
	ct->fresh++;
	ct->large_bytes += span->size;
	central_account(ct, span);
	central_file(ct, span);
	central_unlock(ct, flags);
	atomic64_add(span->size, &a->charged);
}

/**
 * kgc_central_sweep_some() - sweep spans of the old generation
 * @a: the allocator
 * @ct: one of its centrals
 * @node: the node of @ct
 * @budget: spans at most
 *
 * Context: process context; the lock is dropped between spans.
 * Return: whether old spans may be left.
 */
bool kgc_central_sweep_some(struct kgc_allocator *a, struct kgc_central *ct,
			    struct kgc_node *node, unsigned int budget)
{
	u32 gen = READ_ONCE(a->gen);
	unsigned int old = !(gen & 1);
	struct kgc_span *span;
	unsigned long flags;

	while (budget--) {
		flags = central_lock(ct);
		span = list_first_entry_or_null(&ct->full[old],
						struct kgc_span, link);
		if (!span)
			span = list_first_entry_or_null(&ct->partial[old],
							struct kgc_span, link);
		if (span)
			central_sweep(a, ct, node, span, gen);
		central_unlock(ct, flags);
		if (!span)
			return false;
	}
	return true;
}
