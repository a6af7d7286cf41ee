// SPDX-License-Identifier: GPL-2.0
/* Manual spans, see manual.h. */
#include <linux/mm.h>

#include "alloc.h"
#include "manual.h"
#include "poison.h"

/* Make a manual span of free pages and map it; NULL with @r->need set. */
static struct kgc_span *manual_take(struct kgc_allocator *a,
				    struct kgc_node *node, unsigned int npages,
				    struct kgc_reserve *r)
{
	struct kgc_span *span = kgc_reserve_span(node, 1, npages, true, r);

	if (!span)
		return NULL;
	kgc_span_init_manual(span, a, READ_ONCE(a->gen));
	kgc_map_set(span->base, npages, span);
	return span;
}

static struct kgc_span *node_take(struct kgc_allocator *a, struct kgc_node *node,
				  unsigned int npages, gfp_t gfp, bool grow)
{
	struct kgc_reserve r = { };
	struct kgc_span *span;

	do {
		span = manual_take(a, node, npages, &r);
	} while (!span && (grow || r.need == KGC_NEED_SPAN) &&
		 kgc_reserve_fill(a, node, KGC_MANUAL_SPC, &r, gfp));
	kgc_reserve_release(node, &r);
	return span;
}

/**
 * kgc_manual_alloc() - allocate heap pages that the collector leaves alone
 * @a: the allocator
 * @bytes: how many; rounded up to heap pages
 * @gfp: how hard to try
 *
 * The pages are zeroed. They begin at kgc_span.base, and kgc_span.size is their length
 * in bytes. They do not count towards the next cycle, since no cycle frees them.
 *
 * Context: process or softirq; on PREEMPT_RT preemptible. Sleeps if @gfp allows.
 * Return: the span; NULL without memory or at a limit, after a request for a cycle; NULL
 * also when @bytes is 0 or more than KGC_MAX_OBJECT.
 */
struct kgc_span *kgc_manual_alloc(struct kgc_allocator *a, size_t bytes, gfp_t gfp)
{
	struct kgc_node *home = kgc_node_home(a);
	unsigned int npages = DIV_ROUND_UP(bytes, KGC_PAGE_SIZE);
	struct kgc_span *span;
	int nid;

	if (!bytes || bytes > KGC_MAX_OBJECT)
		return NULL;
	span = node_take(a, home, npages, gfp, true);
	for_each_online_node(nid)
		if (!span && a->node[nid] != home)
			span = node_take(a, a->node[nid], npages, gfp, false);
	if (!span) {
		a->pressure(a, KGC_PRESSURE_LIMIT, 0, gfp);
		return NULL;
	}
	kgc_poison_pages(span->base, span->size, false);
	if (span->dirty)
		memset((void *)span->base, 0, span->size);
	return span;
}

/**
 * kgc_manual_free() - give a manual span's pages back to its heap
 * @a: the allocator
 * @span: what kgc_manual_alloc() returned; may be freed only once
 *
 * Context: any but NMI.
 */
void kgc_manual_free(struct kgc_allocator *a, struct kgc_span *span)
{
	struct kgc_pageheap *ph = &a->node[span->nid]->pages;

	if (WARN_ON_ONCE(READ_ONCE(span->state) != KGC_SPAN_MANUAL))
		return;
	kgc_span_wipe_manual(span, kgc_central_wipe_value(a));
	kgc_poison_pages(span->base, span->size, true);
	kgc_pageheap_put(ph, span);
}
