// SPDX-License-Identifier: GPL-2.0
/*
 * The slow paths behind a CPU's cache: the next word, the next span, large
 * objects, and the flip that empties a cache for a new generation.
 */
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "../../uapi/linux/kgc.h"

#include "cache.h"

/* Batches of old spans that an allocation sweeps which may not sleep. */
#define MOST_REAPS	2

/*
 * The tiny block that entry @i of a CPU's cache, below KGC_NR_TINY, has room in; NULL
 * if there is none. Context: no section is open.
 */
void *kgc_cache_open_block(struct kgc_allocator *a, int cpu, unsigned int i)
{
	return kgc_tiny_open_block(&per_cpu_ptr(a->cpu, cpu)->tiny.open[i]);
}

/* Empty the cache into the central lists. Its owner is whoever calls. */
static void cache_flush(struct kgc_allocator *a, struct kgc_cpu *c)
{
	unsigned int spc;

	kgc_tiny_close(&c->tiny);
	for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++) {
		struct kgc_span *span = c->span[spc];

		if (span == &kgc_empty_span)
			continue;
		c->span[spc] = &kgc_empty_span;
		kgc_central_return(a, span);
	}
	c->flips++;
}

/**
 * kgc_cache_flip() - bring a cache to the current generation
 * @a: the allocator
 * @c: a cache: this CPU's, or after an RCU grace period since the generation
 *	was advanced, any
 *
 * Spans of the old generation go to the central lists, to be swept. Whoever
 * wins the cmpxchg does it; the loser keeps its hands off the cache.
 *
 * Context: preemption disabled, not inside a region.
 * Return: whether the cache is of the current generation now.
 */
bool kgc_cache_flip(struct kgc_allocator *a, struct kgc_cpu *c)
{
	u32 gen = READ_ONCE(a->gen);
	/* what was flushed comes first: pairs with the release below */
	u32 ticket = smp_load_acquire(&c->ticket);

	if (ticket == gen)
		return true;
	if (ticket == KGC_TICKET_BUSY || ticket == KGC_TICKET_FLIP)
		return false;
	if (cmpxchg(&c->ticket, ticket, KGC_TICKET_FLIP) != ticket)
		return false;
	cache_flush(a, c);
	/* pairs with the load in kgc_region_begin(): an empty cache comes first */
	smp_store_release(&c->ticket, gen);
	return true;
}

/*
 * Flip every CPU's cache, after an RCU grace period since the generation was
 * advanced. A cache that is BUSY is in a region that saw the new generation, so
 * it is flipped; to wait until none of many is BUSY at once could take for ever.
 *
 * Return: whether all of them are flipped now.
 */
bool kgc_cache_flip_all(struct kgc_allocator *a)
{
	bool all = true;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct kgc_cpu *c = per_cpu_ptr(a->cpu, cpu);

		preempt_disable();
		if (!kgc_cache_flip(a, c) &&
		    /* its spans changed hands under their centrals' locks */
		    smp_load_acquire(&c->ticket) != KGC_TICKET_BUSY)
			all = false;
		preempt_enable();
		cond_resched();
	}
	return all;
}

/* Whether the span has a free slot in its current word; moves on to the next. */
static bool cache_has_slot(struct kgc_span *span)
{
	if (*span->word)
		return true;
	if (!kgc_span_next_word(span))
		return false;
	kgc_span_prepare(span);
	return true;
}

/* One attempt inside a region: the cache, then the central list of @node. */
static void *cache_try(struct kgc_allocator *a, struct kgc_node *node,
		       struct kgc_cpu *c, unsigned int mode,
		       const struct kgc_shape *shape, unsigned int spc,
		       size_t size, struct kgc_reserve *r)
{
	struct kgc_span *span = c->span[spc];
	void *obj;

	if (shape->flags & KGC_SHAPE_TINY) {
		obj = kgc_tiny_join(a, &c->tiny, mode, shape);
		if (obj)
			return obj;
		size = KGC_TINY_BLOCK;
	}
	r->need = KGC_NEED_NOTHING;
	if (!cache_has_slot(span) || !kgc_central_accept(span, shape, r)) {
		if (r->need != KGC_NEED_NOTHING)
			return NULL;
		c->span[spc] = &kgc_empty_span;
		if (spc == KGC_TINY_SPC)
			kgc_tiny_close(&c->tiny);
		kgc_steps_begin(&r->step, KGC_CAUSE_REFILL);
		span = kgc_central_refill(a, node, spc, span, shape, r);
		if (!span)
			return NULL;
		kgc_span_prepare(span);
		if (unlikely(!c->listed)) {
			c->listed = true;
			llist_add(&c->used, &a->used);
		}
		c->span[spc] = span;
	}
	obj = kgc_take_any_slot(a, span, __ffs(*span->word), mode, shape, size);
	if (shape->flags & KGC_SHAPE_TINY)
		kgc_tiny_open(&c->tiny, shape, obj);
	return obj;
}

/*
 * Enter a region if the cache can be had, else take the central path. Its
 * locks may be waited for in hardirq too: whoever holds one has interrupts off
 * and lets go soon.
 */
static void *region_try(struct kgc_allocator *a, struct kgc_node *node,
			unsigned int mode, const struct kgc_shape *shape,
			unsigned int spc, size_t size, struct kgc_reserve *r)
{
	struct kgc_cpu *c;
	bool mine;
	void *obj;
	u32 ticket;

	preempt_disable();
	c = this_cpu_ptr(a->cpu);
	mine = kgc_region_begin(a, c, &ticket);
	if (!mine && ticket != KGC_TICKET_BUSY) {
		kgc_steps_begin(&r->step, KGC_CAUSE_FLIP);
		mine = kgc_cache_flip(a, c) && kgc_region_begin(a, c, &ticket);
	}
	if (mine && !(READ_ONCE(a->harden) & KGC_HARDEN_RANDOM)) {
		obj = cache_try(a, node, c, mode, shape, spc, size, r);
		kgc_region_end(c, ticket);
	} else {
		if (mine)
			kgc_region_end(c, ticket);
		else
			c->nested++;
		/* no allocation continues this block, but all of it is one slot */
		if (shape->flags & KGC_SHAPE_TINY)
			size = KGC_TINY_BLOCK;
		obj = kgc_central_alloc(a, node, mode, spc, shape, size, r);
	}
	preempt_enable();
	return obj;
}

/*
 * Whether this context may ask for memory at all, whatever its gfp says. On
 * PREEMPT_RT the page allocator takes sleeping locks.
 */
static bool may_fetch(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible())
		return false;
	return !in_hardirq();
}

/* Tell the collector. */
static void press(struct kgc_allocator *a, enum kgc_pressure why,
		  unsigned int mode, gfp_t gfp, struct kgc_slow_path *step)
{
	u64 ns;

	/* an interrupt is not held up, whatever its caller says */
	if (!may_fetch())
		gfp &= ~__GFP_DIRECT_RECLAIM;
	ns = a->pressure(a, why, mode, gfp);
	if (ns)
		kgc_steps_throttled(step, ns);
}

/* A slot of class @spc could not be had: was there no memory, or was none ready? */
static void press_for_slot(struct kgc_allocator *a, struct kgc_node *node,
			   unsigned int spc, unsigned int mode, gfp_t gfp,
			   struct kgc_slow_path *step)
{
	if (may_fetch() && gfpflags_allow_blocking(gfp)) {
		press(a, KGC_PRESSURE_LIMIT, mode, gfp, step);
		return;
	}
	kgc_stock_want(node, spc);
	press(a, KGC_PRESSURE_STARVED, mode, gfp, step);
}

static void press_if_due(struct kgc_allocator *a, unsigned int mode, gfp_t gfp,
			 struct kgc_slow_path *step)
{
	if (atomic64_read(&a->charged) >= READ_ONCE(a->allowance))
		press(a, KGC_PRESSURE_GROWTH, mode, gfp, step);
}

/*
 * Sweep old spans of @node, since pages are not to be had. Who may not sleep
 * does not sweep the whole heap either.
 */
static bool reap(struct kgc_allocator *a, struct kgc_node *node,
		 struct kgc_reserve *r, gfp_t gfp)
{
	bool may_sleep = gfpflags_allow_blocking(gfp);

	if (!may_sleep && r->reaps >= MOST_REAPS)
		return false;
	if (may_sleep)
		cond_resched();
	kgc_steps_begin(&r->step, KGC_CAUSE_SWEEP);
	r->reaps++;
	return kgc_central_reap(a, node);
}

/* Once spans were swept, what is missing is to come from those first. */
static gfp_t gfp_for(const struct kgc_reserve *r, gfp_t gfp)
{
	return r->reaps ? gfp | __GFP_NORETRY : gfp;
}

static void *node_try(struct kgc_allocator *a, struct kgc_node *node,
		      unsigned int mode, const struct kgc_shape *shape,
		      unsigned int spc, size_t size, struct kgc_reserve *r,
		      gfp_t gfp, bool grow)
{
	void *obj;

	r->unmixed = !may_fetch();
	for (;;) {
		obj = region_try(a, node, mode, shape, spc, size, r);
		if (obj || r->need == KGC_NEED_NOTHING || !may_fetch())
			return obj;
		if (r->need == KGC_NEED_PAGES && !grow)
			return NULL;
		if (kgc_reserve_fill(a, node, spc, r, gfp_for(r, gfp)))
			continue;
		/* what the dead held makes room for metadata, too */
		if (r->need == KGC_NEED_TYPES && !r->unmixed)
			r->unmixed = true;
		else if (!reap(a, node, r, gfp))
			return NULL;
	}
}

/*
 * Try on one node, fetching what is missing as far as the context and @grow allow.
 * What cannot be had is looked for in old spans of any class, by sweeping them.
 */
static void *node_alloc(struct kgc_allocator *a, struct kgc_node *node,
			unsigned int mode, const struct kgc_shape *shape,
			unsigned int spc, size_t size, struct kgc_reserve *r,
			gfp_t gfp, bool grow)
{
	void *obj = node_try(a, node, mode, shape, spc, size, r, gfp, grow);

	/* a structure may have been taken off the spares even by an interrupt */
	kgc_reserve_release(node, r);
	return obj;
}

/* Memory of any node is better than none. */
static void *other_nodes_alloc(struct kgc_allocator *a, struct kgc_node *not,
			       unsigned int mode, const struct kgc_shape *shape,
			       unsigned int spc, size_t size,
			       struct kgc_reserve *r, gfp_t gfp)
{
	void *obj = NULL;
	int nid;

	for_each_online_node(nid) {
		if (a->node[nid] == not)
			continue;
		obj = node_alloc(a, a->node[nid], mode, shape, spc, size, r,
				 gfp, false);
		if (obj)
			break;
	}
	return obj;
}

/**
 * kgc_cache_alloc() - allocate from a size class, any way that works
 * @a: the allocator
 * @mode: kgc_sided_mode() of the section
 * @shape: type
 * @spc: span class
 * @size: bytes of the object, not above the class's
 * @gfp: how hard to try
 *
 * Context: any but NMI; sleeps if @gfp allows. Hardirq takes what is there.
 * Return: the object, cleared; NULL without memory or at the hard limit.
 */
void *kgc_cache_alloc(struct kgc_allocator *a, unsigned int mode,
		      const struct kgc_shape *shape, unsigned int spc,
		      size_t size, gfp_t gfp)
{
	struct kgc_reserve r = { };
	struct kgc_node *node = kgc_node_home(a);
	void *obj;

	obj = node_alloc(a, node, mode, shape, spc, size, &r, gfp, true);
	if (!obj)
		obj = other_nodes_alloc(a, node, mode, shape, spc, size, &r,
					gfp);
	if (!obj)
		press_for_slot(a, node, spc, mode, gfp, &r.step);
	press_if_due(a, mode, gfp, &r.step);
	kgc_steps_end(&a->steps, &r.step);
	return obj;
}

static struct kgc_span *large_span(struct kgc_allocator *a,
				   struct kgc_node *node, unsigned int spc,
				   size_t size, gfp_t gfp, bool grow,
				   struct kgc_slow_path *step)
{
	struct kgc_reserve r = { .step = *step };
	struct kgc_span *span;

	for (;;) {
		preempt_disable();
		span = kgc_central_large(a, node, spc, size, &r);
		preempt_enable();
		if (span || (r.need == KGC_NEED_PAGES && !grow))
			break;
		if (kgc_reserve_fill(a, node, spc, &r, gfp_for(&r, gfp)))
			continue;
		if (!reap(a, node, &r, gfp))
			break;
	}
	kgc_reserve_release(node, &r);
	kgc_steps_carry(step, &r.step);
	return span;
}

/**
 * kgc_cache_alloc_large() - allocate an object of its own span
 * @a: the allocator
 * @mode: kgc_sided_mode() of the section
 * @shape: type
 * @size: bytes
 * @gfp: how hard to try
 *
 * The object is cleared before it is put into service, with preemption on.
 *
 * Context: process or softirq; sleeps if @gfp allows. NULL in hardirq.
 * Return: the object, cleared, or NULL.
 */
void *kgc_cache_alloc_large(struct kgc_allocator *a, unsigned int mode,
			    const struct kgc_shape *shape, size_t size, gfp_t gfp)
{
	unsigned int spc = shape->spc & 1;
	struct kgc_node *node = kgc_node_home(a);
	struct kgc_slow_path step = { };
	struct kgc_span *span;
	void *obj = NULL;
	int nid;

	if (!may_fetch() || size > KGC_ARENA_MAX_PAGES * KGC_PAGE_SIZE)
		return NULL;
	kgc_steps_begin(&step, KGC_CAUSE_LARGE);
	span = large_span(a, node, spc, size, gfp, true, &step);
	for_each_online_node(nid)
		if (!span && a->node[nid] != node)
			span = large_span(a, a->node[nid], spc, size, gfp,
					  false, &step);
	if (span) {
		obj = (void *)span->base;
		kgc_poison_open(obj, size, span->size);
		if (span->dirty)
			memset(obj, 0, round_up(size, 8));
		kgc_poison_tail(obj, size);
		preempt_disable();
		kgc_central_publish_large(a, mode, span, shape);
		preempt_enable();
	} else {
		press(a, KGC_PRESSURE_LIMIT, mode, gfp, &step);
	}
	press_if_due(a, mode, gfp, &step);
	kgc_steps_end(&a->steps, &step);
	return obj;
}
