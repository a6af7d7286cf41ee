// SPDX-License-Identifier: GPL-2.0
/*
 * The verifier.
 *
 * From the end of marking until SETTLE is published, this invariant holds,
 * whatever mutators do meanwhile:
 *
 *	every root slot, and every field of every marked object, is NULL or
 *	points to a marked object
 *
 * It holds because every reachable object is marked, new objects are allocated
 * marked, and mutators can store only what they can reach. By induction over
 * paths it implies that every reachable object is marked. So the check needs
 * no tracer, no memory and no stopped mutators. It walks all spans arena by
 * arena, in another order than the marker, and checks all marked objects.
 *
 * It also checks that every marked slot is in use, every scanned slot is marked,
 * and no span whose first slot is in use has an old generation. After the grace
 * period of SETTLE it checks that no CPU has shaded a white object since marking
 * ended. A raw store that hid an object shows in one of these checks.
 */
#include "handle.h"
#include "heap.h"
#include "lookup.h"
#include "mark.h"
#include "report.h"
#include "root.h"
#include "type.h"
#include "verify.h"

#define VERIFY_PAGES	16	/* heap pages in one step */
#define RESCHED_FIELDS	1024	/* of a large object, between two cond_resched() */

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

		/* no error: userspace may write the address of a dead object here */
		span = kgc_lookup(heap, word, &i);
		if (span && !kgc_is_marked(span, i))
			heap->verify.forged++;
		if ((to - from) % RESCHED_FIELDS == 0)
			cond_resched();
	}
}

static void verify_object(struct kgc_heap *heap, struct kgc_span *span,
			  unsigned int i)
{
	struct kgc_type *type = kgc_type_of_slot(&heap->types, span, i);
	char *obj = kgc_span_slot(span, i);
	size_t at = 0, end = type->array ?
		rounddown(span->size, type->size) : type->size;
	unsigned int f, n = 0;

	heap->verify.objects++;
	if (type->kind == KGC_KIND_CONSERVATIVE) {
		verify_words(heap, (void **)obj,
			     (void **)(obj + round_down(end, sizeof(void *))));
		return;
	}
	for (; type->nr_fields && at < end; at += type->size)
		for (f = 0; f < type->nr_fields; f++) {
			verify_field(heap, (void **)(obj + at +
						     type->fields[f].offset));
			if (++n % RESCHED_FIELDS == 0)
				cond_resched();
		}
}

/*
 * Note a slot that is marked and free. Either an allocation is about to take it, since a
 * newborn is marked first, or something is wrong. The allocation is a region, so it is
 * over after an RCU grace period, even if a hypervisor stops its CPU for a while.
 */
static void suspect(struct kgc_verify *verify, struct kgc_span *span,
		    unsigned int i)
{
	verify->suspect = span;
	__set_bit(i, verify->suspects);
}

/*
 * Check @suspects after the grace period. No span was swept since, so @suspect is still the
 * span that these slots are in.
 */
static void verify_suspects(struct kgc_heap *heap)
{
	struct kgc_verify *verify = &heap->verify;
	struct kgc_span *span = verify->suspect;
	unsigned int i;

	for_each_set_bit(i, verify->suspects, span->nelems) {
		if (kgc_span_is_free(span, i))
			kgc_violation(heap, "free slot is marked", span,
				      kgc_span_slot(span, i));
		else
			verify_object(heap, span, i);
	}
	bitmap_zero(verify->suspects, span->nelems);
	verify->suspect = NULL;
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
		if (kgc_span_is_free(span, i))
			suspect(&heap->verify, span, i);
		else
			verify_object(heap, span, i);
	}
}

/* ---- after marking -------------------------------------------------------- */

static void verify_slot(void **slot, void *heap)
{
	verify_field(heap, slot);
}

void kgc_verify_begin(struct kgc_heap *heap)
{
	void *values[32];
	unsigned int i, n;

	kgc_pagewalk_begin(&heap->verify.walk);
	heap->verify.runs++;
	kgc_handles_for_each(&heap->handles, verify_slot, heap);
	kgc_roots_scan_begin(&heap->roots);
	do {
		n = kgc_roots_next(&heap->roots, values, NULL, ARRAY_SIZE(values));
		for (i = 0; i < n; i++)
			verify_field(heap, &values[i]);
		cond_resched();
	} while (n);
}

/**
 * kgc_verify_some() - check a bounded number of heap pages
 * @heap: the heap, between the end of marking and SETTLE
 *
 * Context: process context; after an RCU grace period if kgc_verify_suspects()
 * asks for one.
 * Return: whether any pages are left.
 */
bool kgc_verify_some(struct kgc_heap *heap)
{
	struct kgc_span *span;
	unsigned int pages;

	if (heap->verify.suspect)
		verify_suspects(heap);
	for (pages = 0; pages < VERIFY_PAGES; pages++) {
		if (!kgc_pagewalk_next(&heap->alloc, &heap->verify.walk, &span))
			return false;
		if (span)
			verify_span(heap, span);
		if (heap->verify.suspect)
			break;
	}
	return true;
}

/* Check for late shading after SETTLE's grace period; @shaded is from the last round. */
void kgc_verify_settled(struct kgc_heap *heap, u64 shaded)
{
	if (kgc_grey_pending(heap, shaded))
		kgc_violation(heap, "shaded after marking was over", NULL, NULL);
}
