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
 * and no halt: it walks all spans in address order, by another way than the
 * marker came, and looks at every field of every marked slot.
 *
 * Besides it checks that marked slots are in use, scanned ones marked, that no
 * span is of an old generation, and that after the grace period of SETTLE
 * nobody has shaded a white object since marking was declared over: a raw
 * store that hid an object shows in one of the two.
 */
#include <linux/delay.h>

#include "../heap.h"
#include "verify.h"

#define VERIFY_PAGES	16	/* heap pages in one step */
#define PATIENCE_US	1000	/* for a region that is about to take a slot */

static void violation(struct kgc_heap *heap, const char *what,
		      const void *where, const void *to)
{
	heap->verify.errors++;
	WARN_ONCE(1, "kgc: heap %u, cycle %llu: %s: %p -> %p\n", heap->id,
		  heap->cycle.begun, what, where, to);
}

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
		violation(heap, "unmarked object is referred to", slot, p);
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
		violation(heap, "span of an old generation", span, NULL);
	for (w = 0; w < span->nwords; w++)
		if (READ_ONCE(kgc_span_scan(span)[w]) &
		    ~READ_ONCE(kgc_span_mark(span)[w]))
			violation(heap, "scanned slot is not marked", span,
				  NULL);
	for (i = 0; i < span->nelems; i++) {
		if (!kgc_is_marked(span, i))
			continue;
		if (!in_use_soon(span, i))
			violation(heap, "free slot is marked", span,
				  kgc_span_slot(span, i));
		else
			verify_object(heap, span, i);
	}
}

/* The first arena that ends behind @at. Return: false when there is none. */
static bool next_arena(struct kgc_pageheap *ph, unsigned long at,
		       unsigned long *base, unsigned long *end)
{
	struct kgc_arena *arena, *best = NULL;
	struct rb_node *rb;

	raw_spin_lock_irq(&ph->lock);
	rb = ph->arenas.rb_node;
	while (rb) {
		arena = rb_entry(rb, struct kgc_arena, node);
		if (arena->base + (PAGE_SIZE << arena->order) > at) {
			best = arena;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	if (best) {
		*base = best->base;
		*end = best->base + (PAGE_SIZE << best->order);
	}
	raw_spin_unlock_irq(&ph->lock);
	return best;
}

void kgc_verify_begin(struct kgc_heap *heap)
{
	struct kgc_root *root;
	size_t i;

	heap->verify.nid = first_online_node;
	heap->verify.at = 0;
	heap->verify.runs++;
	kgc_handles_for_each(heap, verify_field);
	raw_spin_lock_irq(&heap->roots.lock);
	list_for_each_entry(root, &heap->roots.list, link)
		for (i = 0; i < root->nr; i++)
			verify_field(heap, root->slots + i);
	raw_spin_unlock_irq(&heap->roots.lock);
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
	unsigned long base, end;
	unsigned int pages;

	if (!next_arena(ph, v->at, &base, &end)) {
		v->nid = next_node(v->nid, node_possible_map);
		v->at = 0;
		return v->nid < MAX_NUMNODES;
	}
	v->at = max(v->at, base);
	for (pages = 0; pages < VERIFY_PAGES && v->at < end; pages++) {
		struct kgc_span *span;
		bool ours;

		/* a page that was given back may be another heap's */
		rcu_read_lock();
		span = kgc_map_find((void *)v->at);
		ours = span && READ_ONCE(span->owner) == &heap->alloc &&
		       span->base == v->at;
		rcu_read_unlock();
		if (ours)
			verify_span(heap, span);
		v->at += KGC_PAGE_SIZE;
	}
	return true;
}

/* SETTLE's grace period is over: @shaded is from the round that ended marking. */
void kgc_verify_settled(struct kgc_heap *heap, u64 shaded)
{
	if (kgc_mark_pending(heap, shaded))
		violation(heap, "shaded after marking was over", NULL, NULL);
}
