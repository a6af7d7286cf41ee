// SPDX-License-Identifier: GPL-2.0
/*
 * Consistency check of an allocator: counts spans, slots and pages anew and compares
 * the results with the lists and counters that the allocator keeps.
 */
#include <linux/nodemask.h>
#include <linux/sched.h>

#include "alloc.h"
#include "audit.h"
#include "pagewalk.h"

#define AUDIT_SPANS	8	/* in one lock hold; a refill sweeps as many spans */

/**
 * struct audit - an audit under way
 * @a: the allocator
 * @report: called for each contradiction
 * @disturbed: returns whether the allocator may have changed
 * @spans: spans seen of the current class and node
 * @used: slots in use in them
 */
struct audit {
	struct kgc_allocator	*a;
	kgc_audit_fn		report;
	kgc_disturbed_fn	disturbed;
	u64			spans;
	u64			used;
};

/*
 * Let interrupts and other tasks run. Return: whether the list is still the same.
 * A section that may change the list sets the disturbed flag before it takes the lock.
 * So an undisturbed list stays as it is until this function drops the lock again.
 */
static bool audit_pause(struct audit *au, struct kgc_central *ct)
	__must_hold(&ct->lock)
{
	raw_spin_unlock_irq(&ct->lock);
	cond_resched();
	raw_spin_lock_irq(&ct->lock);
	return !au->disturbed(au->a);
}

static void audit_list(struct audit *au, struct kgc_central *ct,
		       struct list_head *list, unsigned int spc, bool full)
	__must_hold(&ct->lock)
{
	struct kgc_span *span;
	unsigned int n = 0;

	list_for_each_entry(span, list, link) {
		if (++n % AUDIT_SPANS == 0 && !audit_pause(au, ct))
			return;
		if (span->owner != au->a || span->spc != spc ||
		    span->state != KGC_SPAN_INUSE)
			au->report(au->a, "span on a list of another kind", span);
		if (span->gen != au->a->gen)
			au->report(au->a, "old span on a list", span);
		if (kgc_span_count_free(span) != span->nfree)
			au->report(au->a, "miscounted free slots", span);
		if (full != !span->nfree)
			au->report(au->a, "span on the wrong list", span);
		au->spans++;
		au->used += span->nelems - span->nfree;
	}
}

/* Count the spans of a class that the caches hold. */
static void audit_caches(struct audit *au, int nid, unsigned int spc)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct kgc_cpu *c = per_cpu_ptr(au->a->cpu, cpu);
		struct kgc_span *span = c->span[spc];

		if (span == &kgc_empty_span || span->nid != nid)
			continue;
		au->spans++;
		au->used += span->nelems - span->nfree;
	}
}

static void audit_central(struct audit *au, int nid, unsigned int spc,
			  struct kgc_central *ct)
{
	unsigned int now = au->a->gen & 1;

	au->spans = 0;
	au->used = 0;
	raw_spin_lock_irq(&ct->lock);
	audit_list(au, ct, &ct->partial[now], spc, false);
	audit_list(au, ct, &ct->full[now], spc, true);
	if (!list_empty(&ct->partial[!now]) || !list_empty(&ct->full[!now]))
		au->report(au->a, "spans are left unswept", ct);
	raw_spin_unlock_irq(&ct->lock);
	audit_caches(au, nid, spc);
	/* without the lock: the audit is given up if anything was allocated meanwhile */
	if (au->spans != READ_ONCE(ct->spans))
		au->report(au->a, "spans are lost or double", ct);
	if (au->used != READ_ONCE(ct->mallocs) - READ_ONCE(ct->frees))
		au->report(au->a, "objects are miscounted", ct);
}

static u64 pages_of_spans(struct kgc_allocator *a)
{
	struct kgc_pagewalk walk;
	struct kgc_span *span;
	u64 bytes = 0;

	kgc_pagewalk_begin(&walk);
	while (kgc_pagewalk_next(a, &walk, &span)) {
		if (span)
			bytes += (u64)span->npages * KGC_PAGE_SIZE;
		cond_resched();
	}
	return bytes;
}

/**
 * kgc_audit() - check an allocator's lists and counters against each other
 * @a: the allocator; nothing allocates from it, or @disturbed returns true
 * @report: called for each contradiction
 * @disturbed: returns whether anything may have allocated since the audit began. If so,
 *	the reports mean nothing, and the audit stops walking the list that it is in
 *
 * Context: process context, may sleep.
 */
void kgc_audit(struct kgc_allocator *a, kgc_audit_fn report,
	       kgc_disturbed_fn disturbed)
{
	struct audit au = { .a = a, .report = report, .disturbed = disturbed };
	u64 inuse = 0;
	unsigned int spc;
	int nid;

	for_each_node(nid) {
		struct kgc_node *node = a->node[nid];

		inuse += kgc_pageheap_managed(&node->pages);
		for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++) {
			struct kgc_central *ct = kgc_central_of(node, spc);

			if (ct)
				audit_central(&au, nid, spc, ct);
			cond_resched();
		}
	}
	if (pages_of_spans(a) != inuse)
		report(a, "pages are miscounted", NULL);
}
