// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of an allocator, summed over its central lists. Nothing on a fast path
 * counts: objects are counted when a span changes hands, and for spans in caches
 * from their bitmaps. So the sums are exact when the heap is at rest, and each is a
 * moment's when it is not.
 */
#include <linux/nodemask.h>
#include <linux/rcupdate.h>

#include "alloc.h"
#include "totals.h"

/* All central lists of an allocator that exist. */
#define for_each_central(a, nid, spc, ct)				\
	for_each_node(nid)						\
		for ((spc) = 0; (spc) < KGC_NR_SPAN_CLASSES &&		\
		     ((ct) = kgc_central_of((a)->node[nid], spc), true);	\
		     (spc)++)						\
			if (ct)

static void central_add(struct kgc_central *ct, struct kgc_class_stats *st)
{
	raw_spin_lock_irq(&ct->lock);
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
	raw_spin_unlock_irq(&ct->lock);
}

/*
 * Objects taken from spans that are in caches now. A span may leave its cache
 * while we look; it stays a span, so this is only a moment's number.
 */
static void cached_add(struct kgc_allocator *a, unsigned int spc,
		       struct kgc_class_stats *st)
{
	int cpu;

	rcu_read_lock();
	for_each_possible_cpu(cpu) {
		struct kgc_cpu *c = per_cpu_ptr(a->cpu, cpu);
		struct kgc_span *span = READ_ONCE(c->span[spc]);
		unsigned int nfree;

		if (span == &kgc_empty_span)
			continue;
		nfree = kgc_span_count_free(span);
		if (nfree < READ_ONCE(span->nfree))
			st->mallocs += READ_ONCE(span->nfree) - nfree;
	}
	rcu_read_unlock();
}

/* The counters of one span class. Context: process context. */
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

/* Objects found dead so far. Context: process context. */
u64 kgc_totals_frees(struct kgc_allocator *a)
{
	struct kgc_central *ct;
	unsigned int spc;
	u64 frees = 0;
	int nid;

	for_each_central(a, nid, spc, ct) {
		raw_spin_lock_irq(&ct->lock);
		frees += ct->frees;
		raw_spin_unlock_irq(&ct->lock);
	}
	return frees;
}

/* What the sweeps since kgc_totals_live_reset() found alive. Context: as above. */
void kgc_totals_live(struct kgc_allocator *a, u64 *objects, u64 *bytes)
{
	struct kgc_central *ct;
	unsigned int spc;
	int nid;

	*objects = 0;
	*bytes = 0;
	for_each_central(a, nid, spc, ct) {
		raw_spin_lock_irq(&ct->lock);
		*objects += ct->live;
		*bytes += ct->live * kgc_classes[spc >> 1].size +
			  ct->large_live;
		raw_spin_unlock_irq(&ct->lock);
	}
}

/* Before a new generation is published. Context: process context. */
void kgc_totals_live_reset(struct kgc_allocator *a)
{
	struct kgc_central *ct;
	unsigned int spc;
	int nid;

	for_each_central(a, nid, spc, ct) {
		raw_spin_lock_irq(&ct->lock);
		ct->live = 0;
		ct->large_live = 0;
		raw_spin_unlock_irq(&ct->lock);
	}
}
