// SPDX-License-Identifier: GPL-2.0
/*
 * The tracer computes reachability anew from the roots, with code of its own, when
 * marking is over and no section is open. It runs with the option verify 2 only, because
 * sections that begin have to wait for it.
 *
 * kgc_enter() holds up new sections, and the cycle waits until the open ones have ended.
 * Pointers are then in root slots and fields only, so the tracer reaches exactly what
 * is reachable. It checks that
 *
 *	everything reachable is marked
 *	floating garbage, which is marked but not reachable, is neither marked nor
 *	reachable one cycle later; a tiny block that a CPU still fills is not garbage
 *	lists, counters and pages agree with each other
 *
 * A section disturbs the tracer if it cannot wait (atomic context). So does a section that
 * begins because it has waited for TRACER_TIMEOUT: an open section may be waiting for its
 * thread. A tracer that was disturbed concludes nothing.
 */
#include <linux/bitmap.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../alloc/alloc.h"
#include "../alloc/audit.h"
#include "../alloc/charge.h"
#include "../alloc/pagewalk.h"
#include "handle.h"
#include "heap.h"
#include "lookup.h"
#include "mark.h"
#include "report.h"
#include "root.h"
#include "section.h"
#include "tracer.h"
#include "type.h"

#define GRANULES	(KGC_PAGE_SIZE / 8)	/* the smallest object is one */
#define CHUNK_OBJECTS	500
#define RESCHED_FIELDS	1024	/* of a large object, between two cond_resched() */

/* Objects that were reached, and whose fields are still to be looked at. */
struct chunk {
	struct chunk	*next;
	unsigned int	n;
	void		*obj[CHUNK_OBJECTS];
};

struct tracer {
	struct kgc_heap	*heap;
	gfp_t		gfp;
	struct xarray	seen;
	struct xarray	*floating;
	struct xarray	*floating_before;
	struct chunk	*stack;
	bool		failed;
	u64		objects;
	u64		floats;
};

/* ---- sets of objects: a bitmap per heap page ----------------------------- */

static unsigned long *set_page(struct xarray *set, const void *obj)
{
	return xa_load(set, kgc_map_offset(obj) >> KGC_PAGE_SHIFT);
}

static unsigned int set_bit_of(const void *obj)
{
	return kgc_map_offset(obj) % KGC_PAGE_SIZE / 8;
}

static bool set_has(struct xarray *set, const void *obj)
{
	unsigned long *page = set_page(set, obj);

	return page && test_bit(set_bit_of(obj), page);
}

/* Return: 0 when @obj was added, 1 when it was in the set already, -ENOMEM. */
static int set_add(struct tracer *t, struct xarray *set, const void *obj)
{
	unsigned long *page = set_page(set, obj);
	int err;

	if (!page) {
		page = bitmap_zalloc(GRANULES, t->gfp);
		if (!page)
			return -ENOMEM;
		err = xa_err(xa_store(set, kgc_map_offset(obj) >> KGC_PAGE_SHIFT,
				      page, t->gfp));
		if (err) {
			bitmap_free(page);
			return err;
		}
	}
	return __test_and_set_bit(set_bit_of(obj), page);
}

static void set_empty(struct xarray *set)
{
	unsigned long *page;
	unsigned long i;

	/* xa_destroy() would free all of the index with interrupts off */
	xa_for_each(set, i, page) {
		xa_erase(set, i);
		bitmap_free(page);
		cond_resched();
	}
	xa_destroy(set);
}

/* ---- tracing -------------------------------------------------------------- */

static void push(struct tracer *t, void *obj)
{
	struct chunk *top = t->stack;

	if (!top || top->n == CHUNK_OBJECTS) {
		top = kmalloc(sizeof(*top), t->gfp);
		if (!top) {
			t->failed = true;
			return;
		}
		top->n = 0;
		top->next = t->stack;
		t->stack = top;
	}
	top->obj[top->n++] = obj;
}

static void *pop(struct tracer *t)
{
	struct chunk *top = t->stack;

	while (top && !top->n) {
		t->stack = top->next;
		kfree(top);
		top = t->stack;
	}
	return top ? top->obj[--top->n] : NULL;
}

static void reach(struct tracer *t, struct kgc_span *span, unsigned int i)
{
	void *obj = kgc_span_slot(span, i);
	int seen = set_add(t, &t->seen, obj);

	if (seen < 0)
		t->failed = true;
	if (seen)
		return;
	t->objects++;
	push(t, obj);
}

static void reach_value(struct tracer *t, const void *where, void *p)
{
	struct kgc_span *span;
	unsigned int i;

	if (!p)
		return;
	span = kgc_lookup(t->heap, p, &i);
	if (!span) {
		kgc_violation(t->heap, "no object is referred to", where, p);
		return;
	}
	if (!kgc_is_marked(span, i))
		kgc_violation(t->heap, "a reachable object is not marked",
			      where, p);
	reach(t, span, i);
}

static void reach_pointer(struct tracer *t, void **slot)
{
	/* pairs with kgc_store_slot() */
	reach_value(t, slot, smp_load_acquire(slot));
}

/* Userspace can write any word, so a conservative one may name a dead object: skip it. */
static void reach_words(struct tracer *t, void **from, void **to)
{
	struct kgc_span *span;
	unsigned int i;

	for (; from < to; from++) {
		if ((to - from) % RESCHED_FIELDS == 0)
			cond_resched();
		span = kgc_lookup(t->heap, READ_ONCE_NOCHECK(*from), &i);
		if (span && kgc_is_marked(span, i))
			reach(t, span, i);
	}
}

static void trace_object(struct tracer *t, char *obj)
{
	struct kgc_span *span = kgc_map_span(obj);
	struct kgc_type *type = kgc_type_of_slot(&t->heap->types, span,
						 kgc_span_index(span, obj));
	size_t at, end = type->array ? rounddown(span->size, type->size) :
				       type->size;
	unsigned int f, n = 0;

	if (type->kind == KGC_KIND_CONSERVATIVE) {
		reach_words(t, (void **)obj,
			    (void **)(obj + round_down(end, sizeof(void *))));
		return;
	}
	for (at = 0; type->nr_fields && at < end; at += type->size)
		for (f = 0; f < type->nr_fields; f++) {
			reach_pointer(t, (void **)(obj + at +
						   type->fields[f].offset));
			if (++n % RESCHED_FIELDS == 0)
				cond_resched();
		}
}

static void trace_handle(void **slot, void *tracer)
{
	reach_pointer(tracer, slot);
}

static void trace_roots(struct tracer *t)
{
	unsigned int i, n;
	void *values[32];

	kgc_handles_for_each(&t->heap->handles, trace_handle, t);
	kgc_roots_scan_begin(&t->heap->roots);
	do {
		n = kgc_roots_next(&t->heap->roots, values, NULL, ARRAY_SIZE(values));
		for (i = 0; i < n; i++)
			reach_value(t, "a root", values[i]);
		cond_resched();
	} while (n);
}

/*
 * An open tiny block counts as reachable. It belongs to a CPU's cache, which may put the
 * next object of the type into it. The flush closes it. A cache has several such blocks.
 */
static void reach_open_blocks(struct tracer *t)
{
	unsigned int i;
	void *block;
	int cpu;

	for_each_possible_cpu(cpu)
		for (i = 0; i < KGC_NR_TINY; i++) {
			block = kgc_cache_open_block(&t->heap->alloc, cpu, i);
			if (block && set_add(t, &t->seen, block) < 0)
				t->failed = true;
		}
}

/* ---- conclusions ---------------------------------------------------------- */

/* Whether a weak reference, finalizer or conservative word can bring an object back. */
static bool can_resurrect(struct kgc_heap *heap)
{
	unsigned int id, nr = READ_ONCE(heap->types.nr);

	if (READ_ONCE(heap->weaks.open) ||
	    atomic_read(&heap->finals.nr_pending))
		return true;
	for (id = 1; id <= nr; id++)
		if (kgc_type_of_id(&heap->types, id)->kind ==
		    KGC_KIND_CONSERVATIVE)
			return true;
	return false;
}

static void check_span(struct tracer *t, struct kgc_span *span)
{
	struct kgc_heap *heap = t->heap;
	unsigned int i;

	for (i = 0; i < span->nelems; i++) {
		void *obj = kgc_span_slot(span, i);

		if (!kgc_is_marked(span, i))
			continue;
		if (set_has(t->floating_before, obj))
			kgc_violation(heap, set_has(&t->seen, obj) ?
				      "floating garbage has come back" :
				      "floating garbage floats again",
				      obj, NULL);
		if (set_has(&t->seen, obj))
			continue;
		t->floats++;
		if (set_add(t, t->floating, obj) < 0)
			t->failed = true;
	}
	cond_resched();
}

static void check_floating(struct tracer *t)
{
	struct kgc_heap *heap = t->heap;
	struct kgc_tracer *tr = &heap->tracer;
	bool may_resurrect = can_resurrect(heap);
	struct kgc_pagewalk walk;
	struct kgc_span *span;

	/* a cycle that was not traced may have freed the slots for other objects */
	if (may_resurrect || tr->cycle + 1 != heap->cycle.now.nr)
		set_empty(t->floating_before);
	tr->cycle = heap->cycle.now.nr;
	kgc_pagewalk_begin(&walk);
	while (kgc_pagewalk_next(&heap->alloc, &walk, &span))
		if (span)
			check_span(t, span);
	set_empty(t->floating_before);
	tr->objects += t->objects;
	tr->floats = t->floats;
	tr->floats_total += t->floats;
	tr->floating_due = 0;
	/* the next cycle can use only a complete set of objects that cannot come back */
	if (t->failed || may_resurrect) {
		set_empty(t->floating);
		return;
	}
	tr->floating_due = t->floats;
	tr->floating_idx = !tr->floating_idx;
}

static void report_audit(struct kgc_allocator *a, const char *what,
			 const void *where)
{
	kgc_violation(container_of(a, struct kgc_heap, alloc), what, where, NULL);
}

static bool disturbed(struct kgc_allocator *a)
{
	return kgc_sections_disturbed(container_of(a, struct kgc_heap, alloc));
}

/**
 * kgc_tracer_run() - trace a heap, check it, and let new sections in
 * @heap: the heap; marking is over, and an SRCU grace period has ended since
 *	kgc_sections_halt()
 *
 * Context: process context.
 */
void kgc_tracer_run(struct kgc_heap *heap)
{
	struct kgc_tracer *tr = &heap->tracer;
	struct tracer t = {
		.heap = heap,
		.gfp = kgc_charge_gfp(&heap->alloc, GFP_KERNEL),
		.floating = &tr->floating[tr->floating_idx],
		.floating_before = &tr->floating[!tr->floating_idx],
	};
	struct kgc_charging charging = kgc_charge_begin(&heap->alloc);
	bool failed;
	char *obj;

	xa_init(&t.seen);
	kgc_violations_hold(heap);
	trace_roots(&t);
	while ((obj = pop(&t))) {
		trace_object(&t, obj);
		cond_resched();
	}
	reach_open_blocks(&t);
	if (!t.failed && !kgc_sections_disturbed(heap)) {
		kgc_audit(&heap->alloc, report_audit, disturbed);
		check_floating(&t);
	}
	failed = t.failed || kgc_sections_disturbed(heap);
	kgc_violations_release(heap, !failed);
	if (failed) {
		tr->skipped++;
		tr->floating_due = 0;
		set_empty(t.floating_before);
		set_empty(t.floating);
	} else {
		tr->runs++;
	}
	set_empty(&t.seen);
	kgc_charge_end(charging);
	kgc_sections_resume(heap);
}

void kgc_tracer_init(struct kgc_heap *heap)
{
	xa_init(&heap->tracer.floating[0]);
	xa_init(&heap->tracer.floating[1]);
}

void kgc_tracer_destroy(struct kgc_heap *heap)
{
	set_empty(&heap->tracer.floating[0]);
	set_empty(&heap->tracer.floating[1]);
}
