// SPDX-License-Identifier: GPL-2.0
/*
 * The slow paths behind a CPU's cache: going on to the span's next bitmap word or to
 * another span, large objects, and the flush that empties a cache for a new generation.
 */
#include <linux/preempt.h>
#include <linux/rcupdate.h>

#include "../../uapi/linux/kgc.h"

#include "../compat.h"
#include "cache.h"
#include "trace.h"

/* An allocation that may not sleep sweeps at most this many batches of old spans. */
#define MAX_REAPS	2

/*
 * Return: the tiny block that entry @i (below KGC_NR_TINY) of a CPU's cache keeps open;
 * NULL if there is none, or none with room for one more object. Context: no section is
 * open.
 */
void *kgc_cache_open_block(struct kgc_allocator *a, int cpu, unsigned int i)
{
	return kgc_tiny_open_block(&per_cpu_ptr(a->cpu, cpu)->tiny.open[i]);
}

/* Empty the cache into the central lists. Context: the caller owns the cache. */
static void cache_return_spans(struct kgc_allocator *a, struct kgc_cpu *c)
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
	c->flushes++;
}

/**
 * kgc_cache_flush() - bring a cache to the current generation
 * @a: the allocator
 * @c: this CPU's cache; or any cache, once an RCU grace period has passed since the
 *	generation was advanced
 *
 * Spans of the old generation go to the central lists, to be swept. Several CPUs may
 * try at once: the one that wins the cmpxchg flushes, the others leave the cache alone.
 *
 * Context: preemption disabled, not inside a region.
 * Return: whether the cache is of the current generation now.
 */
bool kgc_cache_flush(struct kgc_allocator *a, struct kgc_cpu *c)
{
	u32 gen = READ_ONCE(a->gen);
	/* a flush by another CPU is seen in full: pairs with the release below */
	u32 owner_gen = smp_load_acquire(&c->owner_gen);

	if (owner_gen == gen)
		return true;
	if (owner_gen == KGC_OWNER_BUSY || owner_gen == KGC_OWNER_FLUSH)
		return false;
	if (cmpxchg(&c->owner_gen, owner_gen, KGC_OWNER_FLUSH) != owner_gen)
		return false;
	cache_return_spans(a, c);
	/* the cache is seen empty: pairs with the load in kgc_region_begin() */
	smp_store_release(&c->owner_gen, gen);
	return true;
}

/*
 * Flush every CPU's cache, an RCU grace period after the generation was advanced. A
 * cache that is BUSY is in a region that saw the new generation, so it has been flushed
 * already. The collector must not wait until no cache is BUSY, because on many CPUs that
 * moment may never come.
 *
 * Return: whether all caches are flushed now.
 */
bool kgc_cache_flush_all(struct kgc_allocator *a)
{
	bool all = true;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct kgc_cpu *c = per_cpu_ptr(a->cpu, cpu);

		scoped_guard(preempt) {
			if (!kgc_cache_flush(a, c) &&
			    /* BUSY: it is flushed, and central locks order its old spans */
			    smp_load_acquire(&c->owner_gen) != KGC_OWNER_BUSY)
				all = false;
		}
		cond_resched();
	}
	return all;
}

/* Whether the span has a free slot; makes the word that has it the current one. */
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
		       const struct kgc_layout *layout, unsigned int spc,
		       size_t size, struct kgc_reserve *r)
{
	struct kgc_span *span = c->span[spc];
	void *obj;

	if (layout->flags & KGC_LAYOUT_TINY) {
		obj = kgc_tiny_join(a, &c->tiny, mode, layout);
		if (obj)
			return obj;
		size = KGC_TINY_BLOCK;
	}
	r->need = KGC_NEED_NOTHING;
	if (!cache_has_slot(span) || !kgc_central_accept(span, layout, r)) {
		if (r->need != KGC_NEED_NOTHING)
			return NULL;
		c->span[spc] = &kgc_empty_span;
		if (spc == KGC_TINY_SPC)
			kgc_tiny_close(&c->tiny);
		kgc_steps_begin(&r->step, KGC_CAUSE_REFILL);
		span = kgc_central_refill(a, node, spc, span, layout, r);
		if (!span)
			return NULL;
		kgc_span_prepare(span);
		trace_kgc_refill(a->id, spc, span->size, span->nfree);
		if (unlikely(!c->listed)) {
			c->listed = true;
			llist_add(&c->used, &a->used);
		}
		c->span[spc] = span;
	}
	obj = kgc_take_any_slot(a, span, __ffs(*span->word), mode, layout, size);
	r->sampled = kgc_sample_hit(a, span, obj);
	if (layout->flags & KGC_LAYOUT_TINY)
		kgc_tiny_open(&c->tiny, layout, obj);
	return obj;
}

/*
 * One attempt: in a region if this CPU's cache is free, otherwise on the central path.
 * Even a hardirq may spin on a central lock: the CPU that holds it has interrupts
 * off, and releases it after a bounded time.
 */
static void *region_try(struct kgc_allocator *a, struct kgc_node *node,
			unsigned int mode, const struct kgc_layout *layout,
			unsigned int spc, size_t size, struct kgc_reserve *r)
{
	struct kgc_cpu *c;
	bool mine;
	void *obj;
	u32 owner_gen;

	preempt_disable();
	c = this_cpu_ptr(a->cpu);
	mine = kgc_region_begin(a, c, &owner_gen);
	if (!mine && owner_gen != KGC_OWNER_BUSY) {
		kgc_steps_begin(&r->step, KGC_CAUSE_FLUSH);
		mine = kgc_cache_flush(a, c) && kgc_region_begin(a, c, &owner_gen);
	}
	if (mine && !(READ_ONCE(a->harden) & KGC_HARDEN_RANDOM)) {
		obj = cache_try(a, node, c, mode, layout, spc, size, r);
		kgc_region_end(c, owner_gen);
	} else {
		if (mine)
			kgc_region_end(c, owner_gen);
		else
			c->nested++;
		/* no cache keeps this block open, so its object gets the whole slot */
		if (layout->flags & KGC_LAYOUT_TINY)
			size = KGC_TINY_BLOCK;
		obj = kgc_central_alloc(a, node, mode, spc, layout, size, r);
	}
	preempt_enable();
	return obj;
}

/* Report pressure to the collector. */
static void report_pressure(struct kgc_allocator *a, enum kgc_pressure why,
			    unsigned int mode, gfp_t gfp, struct kgc_slow_path *step)
{
	u64 ns;

	/* whatever the caller says, a context that must not sleep is not throttled */
	if (!kgc_charge_possible())
		gfp &= ~__GFP_DIRECT_RECLAIM;
	ns = a->pressure(a, why, mode, gfp);
	if (ns)
		kgc_steps_throttled(step, ns);
}

/*
 * Report that an allocation of class @spc got no slot. If the caller may sleep, a limit or
 * the kernel has refused memory. Any other caller has just found no slot that was ready.
 */
static void report_no_slot(struct kgc_allocator *a, struct kgc_node *node,
			   unsigned int spc, unsigned int mode, gfp_t gfp,
			   struct kgc_slow_path *step)
{
	if (kgc_charge_possible() && gfpflags_allow_blocking(gfp)) {
		report_pressure(a, KGC_PRESSURE_LIMIT, mode, gfp, step);
		return;
	}
	kgc_stock_want(node, spc);
	report_pressure(a, KGC_PRESSURE_STARVED, mode, gfp, step);
}

static void report_growth(struct kgc_allocator *a, unsigned int mode, gfp_t gfp,
			  struct kgc_slow_path *step)
{
	if (atomic64_read(&a->charged) >= READ_ONCE(a->allowance))
		report_pressure(a, KGC_PRESSURE_GROWTH, mode, gfp, step);
}

/*
 * Sweep old spans of @node, because the kernel or a limit refused memory. An allocation
 * that may not sleep stops after MAX_REAPS batches, to keep its latency bounded.
 */
static bool reap(struct kgc_allocator *a, struct kgc_node *node,
		 struct kgc_reserve *r, gfp_t gfp)
{
	bool may_sleep = gfpflags_allow_blocking(gfp);

	if (!may_sleep && r->reaps >= MAX_REAPS)
		return false;
	if (may_sleep)
		cond_resched();
	kgc_steps_begin(&r->step, KGC_CAUSE_SWEEP);
	r->reaps++;
	return kgc_central_reap(a, node);
}

/* Once spans were swept, they likely have a free slot: the kernel need not try hard. */
static gfp_t gfp_for(const struct kgc_reserve *r, gfp_t gfp)
{
	return r->reaps ? gfp | __GFP_NORETRY : gfp;
}

static void *node_try(struct kgc_allocator *a, struct kgc_node *node,
		      unsigned int mode, const struct kgc_layout *layout,
		      unsigned int spc, size_t size, struct kgc_reserve *r,
		      gfp_t gfp, bool grow)
{
	void *obj;

	r->unmixed = !kgc_charge_possible();
	for (;;) {
		obj = region_try(a, node, mode, layout, spc, size, r);
		if (obj || r->need == KGC_NEED_NOTHING || !kgc_charge_possible())
			return obj;
		if (r->need == KGC_NEED_PAGES && !grow)
			return NULL;
		if (kgc_reserve_fill(a, node, spc, r, gfp_for(r, gfp)))
			continue;
		/* a sweep helps with metadata, too: make_room() gives freed pages back */
		if (r->need == KGC_NEED_TYPES && !r->unmixed)
			r->unmixed = true;
		else if (!reap(a, node, r, gfp))
			return NULL;
	}
}

/*
 * Try on one node. If an attempt does not find what it needs, fetch that as far as the
 * context allows, and pages only if @grow. Then try again. If the kernel or a limit refuses
 * it, sweep old spans of any class before the next attempt.
 */
static void *node_alloc(struct kgc_allocator *a, struct kgc_node *node,
			unsigned int mode, const struct kgc_layout *layout,
			unsigned int spc, size_t size, struct kgc_reserve *r,
			gfp_t gfp, bool grow)
{
	void *obj = node_try(a, node, mode, layout, spc, size, r, gfp, grow);

	/* interrupts have to do this, too: kgc_reserve_span() takes a spare structure */
	kgc_reserve_release(node, r);
	return obj;
}

/* Take memory of another node rather than fail, but fetch no new pages there. */
static void *other_nodes_alloc(struct kgc_allocator *a, struct kgc_node *not,
			       unsigned int mode, const struct kgc_layout *layout,
			       unsigned int spc, size_t size,
			       struct kgc_reserve *r, gfp_t gfp)
{
	void *obj = NULL;
	int nid;

	for_each_online_node(nid) {
		if (a->node[nid] == not)
			continue;
		obj = node_alloc(a, a->node[nid], mode, layout, spc, size, r,
				 gfp, false);
		if (obj)
			break;
	}
	return obj;
}

/**
 * kgc_cache_alloc() - allocate from a size class: the whole slow path
 * @a: the allocator
 * @mode: kgc_sided_mode() of the section
 * @layout: type
 * @spc: span class
 * @size: bytes of the object, at most the class's
 * @gfp: how hard to try
 *
 * Context: any but NMI; sleeps if @gfp allows. A hardirq takes only a slot that is ready.
 * Return: the object, cleared; NULL without memory or at a limit.
 */
void *kgc_cache_alloc(struct kgc_allocator *a, unsigned int mode,
		      const struct kgc_layout *layout, unsigned int spc,
		      size_t size, gfp_t gfp)
{
	struct kgc_reserve r = { };
	struct kgc_node *node = kgc_node_home(a);
	void *obj;

	obj = node_alloc(a, node, mode, layout, spc, size, &r, gfp, true);
	if (!obj)
		obj = other_nodes_alloc(a, node, mode, layout, spc, size, &r,
					gfp);
	if (!obj)
		report_no_slot(a, node, spc, mode, gfp, &r.step);
	else if (unlikely(r.sampled))
		a->sampled(a, layout, obj, kgc_classes[spc >> 1].size);
	report_growth(a, mode, gfp, &r.step);
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
		scoped_guard(preempt)
			span = kgc_central_large(a, node, spc, size, &r);
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
 * kgc_cache_alloc_large() - allocate an object that has a span of its own
 * @a: the allocator
 * @mode: kgc_sided_mode() of the section
 * @layout: type
 * @size: bytes
 * @gfp: how hard to try
 *
 * The object is cleared with preemption on, before it is put into service.
 *
 * Context: process or softirq, on PREEMPT_RT preemptible; sleeps if @gfp allows.
 * Return: the object, cleared; NULL without memory, at a limit, or in another context.
 */
void *kgc_cache_alloc_large(struct kgc_allocator *a, unsigned int mode,
			    const struct kgc_layout *layout, size_t size, gfp_t gfp)
{
	unsigned int spc = layout->spc & 1;
	struct kgc_node *node = kgc_node_home(a);
	struct kgc_slow_path step = { };
	struct kgc_span *span;
	bool sampled = false;
	void *obj = NULL;
	int nid;

	if (!kgc_charge_possible() || size > KGC_ARENA_MAX_PAGES * KGC_PAGE_SIZE)
		return NULL;
	kgc_steps_begin(&step, KGC_CAUSE_LARGE);
	span = large_span(a, node, spc, size, gfp, true, &step);
	for_each_online_node(nid)
		if (!span && a->node[nid] != node)
			span = large_span(a, a->node[nid], spc, size, gfp,
					  false, &step);
	if (span) {
		obj = (void *)span->base;
		kgc_unpoison_slot(obj, size, span->size);
		if (span->dirty)
			memset(obj, 0, round_up(size, 8));
		kgc_poison_tail(obj, size);
		scoped_guard(preempt)
			sampled = kgc_central_publish_large(a, mode, span, layout);
		if (unlikely(sampled))
			a->sampled(a, layout, obj, span->size);
		trace_kgc_refill(a->id, spc, span->size, 1);
	} else {
		report_pressure(a, KGC_PRESSURE_LIMIT, mode, gfp, &step);
	}
	report_growth(a, mode, gfp, &step);
	kgc_steps_end(&a->steps, &step);
	return obj;
}
