// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of an allocator, summed over its central lists. The fast path counts nothing.
 * A central counts the objects of a span when the span comes back to it. For a span in a
 * cache, the free bitmap shows how many objects were allocated since. The sums are exact
 * while the heap is at rest; otherwise each of them is a snapshot.
 */
#include <linux/nodemask.h>
#include <linux/rcupdate.h>

#include "../compat.h"
#include "alloc.h"
#include "totals.h"

/* All central lists of an allocator that exist. */
#define for_each_central(a, nid, spc, ct)				\
	for_each_node(nid)						\
		for ((spc) = 0; (spc) < KGC_NR_SPAN_CLASSES &&		\
		     ((ct) = kgc_central_of((a)->node[nid], spc), true);	\
		     (spc)++)						\
			if (ct)

/* All caches of an allocator that ever held a span. */
#define for_each_used_cache(a, c)					\
	llist_for_each_entry(c, READ_ONCE((a)->used.first), used)

static void central_add(struct kgc_central *ct, struct kgc_class_stats *st)
{
	guard(raw_spinlock_irq)(&ct->lock);
	st->mallocs += ct->mallocs;
	st->frees += ct->frees;
	st->spans += ct->spans;
	st->refills += ct->refills;
	st->reused += ct->reused;
	st->fresh += ct->fresh;
	st->asked += ct->asked;
	st->swept += ct->swept;
	st->freed_spans += ct->freed_spans;
	st->contended += ct->contended;
	st->wait_ns += ct->wait_ns;
	st->large_bytes += ct->large_bytes;
	st->large_freed += ct->large_freed;
}

/*
 * Objects allocated from a cached span that its central has not counted yet. The span
 * may leave the cache meanwhile. RCU keeps the structure a span, maybe another one, so the
 * result is a snapshot.
 */
static u64 cached_mallocs(const struct kgc_cpu *c, unsigned int spc)
{
	struct kgc_span *span = READ_ONCE(c->span[spc]);
	unsigned int had, nfree;

	if (span == &kgc_empty_span)
		return 0;
	nfree = kgc_span_count_free(span);
	had = READ_ONCE(span->nfree);
	return nfree < had ? had - nfree : 0;
}

static void cached_add(struct kgc_allocator *a, unsigned int spc,
		       struct kgc_class_stats *st)
{
	struct kgc_cpu *c;

	guard(rcu)();
	for_each_used_cache(a, c)
		st->mallocs += cached_mallocs(c, spc);
}

/* Sum the counters of one span class. Context: process context. */
void kgc_totals_class(struct kgc_allocator *a, unsigned int spc,
		      struct kgc_class_stats *st)
{
	struct kgc_central *ct;
	int nid;

	memset(st, 0, sizeof(*st));
	for_each_node(nid) {
		ct = kgc_central_of(a->node[nid], spc);
		if (ct)
			central_add(ct, st);
	}
	cached_add(a, spc, st);
}

/* Add the counts of span class @spc to the sum over all classes. */
static void objects_add(struct kgc_objects *sum, unsigned int spc, u64 mallocs,
			u64 frees)
{
	u32 size = kgc_classes[spc >> 1].size;

	sum->mallocs += mallocs;
	sum->frees += frees;
	sum->bytes += mallocs * size;
	sum->freed_bytes += frees * size;
}

/**
 * kgc_totals_objects() - objects of all span classes together
 * @a: the allocator
 * @sum: receives their numbers
 *
 * Visits only the central lists and caches that were ever used.
 *
 * Context: process context.
 */
void kgc_totals_objects(struct kgc_allocator *a, struct kgc_objects *sum)
{
	struct kgc_central *ct;
	struct kgc_cpu *c;
	unsigned int spc;
	int nid;

	memset(sum, 0, sizeof(*sum));
	for_each_central(a, nid, spc, ct) {
		guard(raw_spinlock_irq)(&ct->lock);
		objects_add(sum, spc, ct->mallocs, ct->frees);
		sum->bytes += ct->large_bytes;
		sum->freed_bytes += ct->large_freed;
	}
	guard(rcu)();
	for_each_used_cache(a, c)
		for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++)
			objects_add(sum, spc, cached_mallocs(c, spc), 0);
}

/* Tiny objects in a block beside its first one. The other counters count blocks. */
u64 kgc_totals_tiny(struct kgc_allocator *a)
{
	struct kgc_cpu *c;
	u64 sum = 0;

	for_each_used_cache(a, c)
		sum += READ_ONCE(c->tiny.joined);
	return sum;
}

/* What sweeps have found dead so far. Context: process context. */
void kgc_totals_frees(struct kgc_allocator *a, u64 *objects, u64 *bytes)
{
	struct kgc_central *ct;
	unsigned int spc;
	int nid;

	*objects = 0;
	*bytes = 0;
	for_each_central(a, nid, spc, ct) {
		guard(raw_spinlock_irq)(&ct->lock);
		*objects += ct->frees;
		*bytes += ct->frees * kgc_classes[spc >> 1].size + ct->large_freed;
	}
}

/* What sweeps found alive since kgc_totals_live_reset(). Context: process context. */
void kgc_totals_live(struct kgc_allocator *a, u64 *objects, u64 *bytes)
{
	struct kgc_central *ct;
	unsigned int spc;
	int nid;

	*objects = 0;
	*bytes = 0;
	for_each_central(a, nid, spc, ct) {
		guard(raw_spinlock_irq)(&ct->lock);
		*objects += ct->live;
		*bytes += ct->live * kgc_classes[spc >> 1].size +
			  ct->large_live;
	}
}

/* Called before a new generation is published. Context: process context. */
void kgc_totals_live_reset(struct kgc_allocator *a)
{
	struct kgc_central *ct;
	unsigned int spc;
	int nid;

	for_each_central(a, nid, spc, ct) {
		guard(raw_spinlock_irq)(&ct->lock);
		ct->live = 0;
		ct->large_live = 0;
	}
}
