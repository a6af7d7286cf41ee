// SPDX-License-Identifier: GPL-2.0
/*
 * An attempt inside a region allocates no memory. If it needs a central, a span structure,
 * a side table or pages and finds none, it fails and sets kgc_reserve.need. The functions
 * in this file fetch what is needed outside of the region, as the caller's gfp says, and
 * charge the heap's cgroup.
 */
#include <linux/random.h>
#include <linux/slab.h>

#include "alloc.h"
#include "charge.h"

static struct kgc_central *central_create(struct kgc_allocator *a,
					  struct kgc_node *node, gfp_t gfp)
{
	struct kgc_central *ct;
	unsigned int i;

	ct = kgc_charge_alloc(a, KGC_META_CENTRALS, sizeof(*ct), node->pages.nid, gfp);
	if (!ct)
		return NULL;
	raw_spin_lock_init(&ct->lock);
	/* prandom_seed_state() would reduce the seed to 32 bits */
	ct->random.s1 = get_random_u32() | 128;
	ct->random.s2 = get_random_u32() | 128;
	ct->random.s3 = get_random_u32() | 128;
	ct->random.s4 = get_random_u32() | 128;
	for (i = 0; i < 2; i++) {
		INIT_LIST_HEAD(&ct->partial[i]);
		INIT_LIST_HEAD(&ct->full[i]);
	}
	return ct;
}

/* Fetch pages. kgc_pageheap_grow() charges no cgroup for them, so this function does. */
static bool pages_fill(struct kgc_allocator *a, struct kgc_node *node,
		       struct kgc_reserve *r, gfp_t gfp)
{
	struct kgc_charging charging = kgc_charge_begin(a);
	int err = kgc_pageheap_grow(a, &node->pages, r->npages, kgc_charge_gfp(a, gfp),
				    &r->step);

	kgc_charge_end(charging);
	return !err;
}

/**
 * kgc_reserve_fill() - fetch what an attempt inside a region did not find
 * @a: the allocator
 * @node: the node of that attempt
 * @spc: span class
 * @r: @r->need says what to fetch; receives what was fetched
 * @gfp: how hard to try
 *
 * Context: as @gfp says; outside of any region, no locks held.
 * Return: whether another attempt makes sense.
 */
bool kgc_reserve_fill(struct kgc_allocator *a, struct kgc_node *node,
		      unsigned int spc, struct kgc_reserve *r, gfp_t gfp)
{
	unsigned int nelems = kgc_nelems(spc);
	struct kgc_central *ct;

	kgc_steps_begin(&r->step, KGC_CAUSE_GROWTH);
	switch (r->need) {
	case KGC_NEED_CENTRAL:
		ct = central_create(a, node, gfp);
		if (!ct)
			return false;
		/* complete before it is visible: pairs with kgc_central_of() */
		if (cmpxchg(&node->central[spc], NULL, ct))
			kgc_charge_free(a, KGC_META_CENTRALS, ct, sizeof(*ct));
		return true;
	case KGC_NEED_SPAN:
		r->span = kgc_charge_span(a, nelems, node->pages.nid, gfp);
		return r->span;
	case KGC_NEED_TYPES:
		r->types_bytes = kgc_span_types_bytes(kgc_words_index(nelems));
		r->types = kgc_charge_alloc(a, KGC_META_TYPES, r->types_bytes,
					    NUMA_NO_NODE, gfp);
		return r->types;
	case KGC_NEED_PAGES:
		return pages_fill(a, node, r, gfp);
	default:
		return false;
	}
}

/*
 * Take a structure for a span of @nelems slots and give it @npages, counted as manual if
 * @manual. The caller puts the span in service. Context: any but NMI.
 * Return: the span; NULL with @r->need set.
 */
struct kgc_span *kgc_reserve_span(struct kgc_node *node, unsigned int nelems,
				  unsigned int npages, bool manual,
				  struct kgc_reserve *r)
{
	struct kgc_span *span = r->span;

	if (!span)
		span = kgc_pageheap_spare(&node->pages, nelems);
	if (!span) {
		r->need = KGC_NEED_SPAN;
		return NULL;
	}
	r->span = span;
	if (!kgc_pageheap_take(&node->pages, span, npages, manual)) {
		r->need = KGC_NEED_PAGES;
		r->npages = npages;
		return NULL;
	}
	r->span = NULL;
	return span;
}

/*
 * Give back what was not used. Context: no locks held; not in hardirq if @r has a side
 * table.
 */
void kgc_reserve_release(struct kgc_node *node, struct kgc_reserve *r)
{
	if (unlikely(r->span))
		kgc_pageheap_keep_spare(&node->pages, r->span);
	if (unlikely(r->types))
		kgc_charge_free(node->owner, KGC_META_TYPES, r->types, r->types_bytes);
	r->span = NULL;
	r->types = NULL;
}
