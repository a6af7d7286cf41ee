// SPDX-License-Identifier: GPL-2.0
/*
 * The verifier.
 *
 * When marking is over and before SETTLE is published, this holds at every
 * moment, whatever mutators do meanwhile:
 *
 *	every root slot, and every field of every marked object, is NULL or
 *	points to a marked object
 *
 * because all that can be reached is marked, newborns are born marked, and
 * only what can be reached can be stored. By induction over paths it means
 * that everything reachable is marked. So the check needs no tracer, no memory
 * and no halt: it walks all spans arena by arena, by another way than the
 * marker came, and looks at every field of every marked slot.
 *
 * Besides it checks that marked slots are in use, scanned ones marked, that no
 * span is of an old generation, and that after the grace period of SETTLE
 * nobody has shaded a white object since marking was declared over: a raw
 * store that hid an object shows in one of the two.
 */
#include <linux/delay.h>
#include <linux/moduleparam.h>

#include "heap.h"
#include "verify.h"

#define VERIFY_PAGES	16	/* heap pages in one step */
#define PATIENCE_US	1000	/* for a region that is about to take a slot */

static bool points_to_marked(struct kgc_heap *heap, void *p)
{
	struct kgc_span *span = kgc_map_find(p);

	return span && span->owner == &heap->alloc &&
	       kgc_is_marked(span, kgc_span_index(span, p));
}

static void verify_field(struct kgc_heap *heap, void **slot)
{
	void *p = smp_load_acquire(slot);	/* pairs with kgc_store_slot() */

	if (p && !points_to_marked(heap, p))
		kgc_violation(heap, "unmarked object is referred to", slot, p);
}

static void verify_words(struct kgc_heap *heap, void **from, void **to)
{
	for (; from < to; from++) {
		void *word = READ_ONCE_NOCHECK(*from);
		struct kgc_span *span;
		unsigned int i;

		/* userspace may write any word: only what the marker saw counts */
		span = kgc_find_object(heap, word, &i);
		if (span && !kgc_is_marked(span, i))
			heap->verify.forged++;
	}
}

static void verify_object(struct kgc_heap *heap, struct kgc_span *span,
			  unsigned int i)
{
	struct kgc_type *type = kgc_type_of_slot(&heap->types, span, i);
	char *obj = kgc_span_slot(span, i);
	size_t at = 0, end = type->array ?
		rounddown(span->size, type->size) : type->size;
	unsigned int f;

	heap->verify.objects++;
	if (type->kind == KGC_KIND_CONSERVATIVE) {
		verify_words(heap, (void **)obj,
			     (void **)(obj + round_down(end, sizeof(void *))));
		return;
	}
	for (; type->nr_fields && at < end; at += type->size)
		for (f = 0; f < type->nr_fields; f++)
			verify_field(heap, (void **)(obj + at +
						     type->fields[f].offset));
}

/* A slot is marked shortly before it reads as in use; give it that time. */
static bool in_use_soon(struct kgc_span *span, unsigned int i)
{
	unsigned int us;

	for (us = 0; us < PATIENCE_US; us += 10) {
		if (!kgc_span_is_free(span, i))
			return true;
		usleep_range(10, 20);
	}
	return false;
}

static void verify_span(struct kgc_heap *heap, struct kgc_span *span)
{
	unsigned int i, w;

	if (span->gen != heap->alloc.gen && !kgc_span_is_free(span, 0))
		kgc_violation(heap, "span of an old generation", span, NULL);
	for (w = 0; w < span->nwords; w++)
		if (READ_ONCE(kgc_span_scan(span)[w]) &
		    ~READ_ONCE(kgc_span_mark(span)[w]))
			kgc_violation(heap, "scanned slot is not marked", span,
				      NULL);
	for (i = 0; i < span->nelems; i++) {
		if (!kgc_is_marked(span, i))
			continue;
		if (!in_use_soon(span, i))
			kgc_violation(heap, "free slot is marked", span,
				      kgc_span_slot(span, i));
		else
			verify_object(heap, span, i);
	}
}

/* ---- the walk over all spans ---------------------------------------------- */

/* The arena before the one with the key *@below. Return: false: there is none. */
static bool next_arena(struct kgc_pageheap *ph, unsigned long *below,
		       struct kgc_stretch *s)
{
	struct kgc_arena *arena;

	raw_spin_lock_irq(&ph->lock);
	arena = kgc_arena_below(ph, *below);
	if (arena) {
		*below = kgc_arena_key(arena);
		s->arena = arena;
		s->at = arena->base;
		s->end = arena->base + (PAGE_SIZE << arena->order);
	}
	raw_spin_unlock_irq(&ph->lock);
	return arena;
}

/* The span that begins at the next heap page of the stretch, if one does. */
static struct kgc_span *next_span(struct kgc_heap *heap, struct kgc_stretch *s)
{
	struct kgc_span *span;

	rcu_read_lock();
	span = kgc_map_find((void *)s->at);
	/* the page may be another's by now */
	if (span && (READ_ONCE(span->owner) != &heap->alloc ||
		     READ_ONCE(span->arena) != s->arena ||
		     span->base != s->at))
		span = NULL;
	rcu_read_unlock();
	s->at += KGC_PAGE_SIZE;
	return span;
}

/* Call @fn for every span. Nobody must be able to allocate. */
void kgc_verify_each_span(struct kgc_heap *heap, kgc_span_fn fn, void *data)
{
	struct kgc_span *span;
	struct kgc_stretch s;
	int nid;

	for_each_online_node(nid) {
		struct kgc_pageheap *ph = &heap->alloc.node[nid]->pages;
		unsigned long below = ULONG_MAX;

		while (next_arena(ph, &below, &s)) {
			while (s.at < s.end) {
				span = next_span(heap, &s);
				if (span)
					fn(heap, span, data);
			}
		}
	}
}

/* ---- lists, counters and pages -------------------------------------------- */

static void verify_list(struct kgc_heap *heap, struct list_head *list,
			unsigned int spc, bool full, u64 *spans, u64 *used)
{
	struct kgc_span *span;

	list_for_each_entry(span, list, link) {
		if (span->owner != &heap->alloc || span->spc != spc)
			kgc_violation(heap, "span on a list of another kind",
				      span, NULL);
		if (span->gen != heap->alloc.gen)
			kgc_violation(heap, "old span on a list", span, NULL);
		if (kgc_span_count_free(span) != span->nfree)
			kgc_violation(heap, "miscounted free slots", span,
				      NULL);
		if (full != !span->nfree)
			kgc_violation(heap, "span on the wrong list", span,
				      NULL);
		(*spans)++;
		*used += span->nelems - span->nfree;
	}
}

/* What the caches hold of a class. Nobody must be able to allocate. */
static void count_cached(struct kgc_heap *heap, int nid, unsigned int spc,
			 u64 *spans, u64 *used)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct kgc_cpu *c = per_cpu_ptr(heap->alloc.cpu, cpu);
		struct kgc_span *span = c->span[spc];

		if (span == &kgc_empty_span || span->nid != nid)
			continue;
		(*spans)++;
		*used += span->nelems - span->nfree;
	}
}

static void verify_central(struct kgc_heap *heap, int nid, unsigned int spc,
			   struct kgc_central *ct)
{
	unsigned int now = heap->alloc.gen & 1;
	u64 spans = 0, used = 0;

	raw_spin_lock_irq(&ct->lock);
	verify_list(heap, &ct->partial[now], spc, false, &spans, &used);
	verify_list(heap, &ct->full[now], spc, true, &spans, &used);
	if (!list_empty(&ct->partial[!now]) || !list_empty(&ct->full[!now]))
		kgc_violation(heap, "spans that nobody has swept", ct, NULL);
	count_cached(heap, nid, spc, &spans, &used);
	if (spans != ct->spans)
		kgc_violation(heap, "spans are lost or double", ct, NULL);
	if (used != ct->mallocs - ct->frees)
		kgc_violation(heap, "objects are miscounted", ct, NULL);
	raw_spin_unlock_irq(&ct->lock);
}

static void count_pages(struct kgc_heap *heap, struct kgc_span *span, void *data)
{
	*(u64 *)data += (u64)span->npages * KGC_PAGE_SIZE;
}

/* Everything that is counted, counted again. Nobody must be able to allocate. */
void kgc_verify_counters(struct kgc_heap *heap)
{
	u64 pages = 0, inuse = 0;
	unsigned int spc;
	int nid;

	kgc_verify_each_span(heap, count_pages, &pages);
	for_each_online_node(nid) {
		struct kgc_node *node = heap->alloc.node[nid];

		inuse += READ_ONCE(node->pages.inuse);
		for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++) {
			struct kgc_central *ct = kgc_central_of(node, spc);

			if (ct)
				verify_central(heap, nid, spc, ct);
			cond_resched();
		}
	}
	if (pages != inuse)
		kgc_violation(heap, "pages are miscounted", NULL, NULL);
}

/* ---- after marking -------------------------------------------------------- */

void kgc_verify_begin(struct kgc_heap *heap)
{
	void *values[32];
	unsigned int i, n;

	heap->verify.nid = first_online_node;
	heap->verify.below = ULONG_MAX;
	heap->verify.left = (struct kgc_stretch){ };
	heap->verify.runs++;
	kgc_handles_for_each(heap, verify_field);
	kgc_roots_scan_begin(&heap->roots);
	do {
		n = kgc_roots_next(&heap->roots, values, ARRAY_SIZE(values));
		for (i = 0; i < n; i++)
			verify_field(heap, &values[i]);
		cond_resched();
	} while (n);
}

/**
 * kgc_verify_some() - check a bounded number of heap pages
 * @heap: the heap, between the end of marking and SETTLE
 *
 * Context: process context.
 * Return: whether any are left.
 */
bool kgc_verify_some(struct kgc_heap *heap)
{
	struct kgc_verify *v = &heap->verify;
	struct kgc_pageheap *ph = &heap->alloc.node[v->nid]->pages;
	struct kgc_span *span;
	unsigned int pages;

	if (v->left.at == v->left.end && !next_arena(ph, &v->below, &v->left)) {
		v->nid = next_node(v->nid, node_possible_map);
		v->below = ULONG_MAX;
		return v->nid < MAX_NUMNODES;
	}
	for (pages = 0; pages < VERIFY_PAGES && v->left.at < v->left.end;
	     pages++) {
		span = next_span(heap, &v->left);
		if (span)
			verify_span(heap, span);
	}
	return true;
}

/* SETTLE's grace period is over: @shaded is from the round that ended marking. */
void kgc_verify_settled(struct kgc_heap *heap, u64 shaded)
{
	if (kgc_mark_pending(heap, shaded))
		kgc_violation(heap, "shaded after marking was over", NULL, NULL);
}
