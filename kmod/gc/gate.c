// SPDX-License-Identifier: GPL-2.0
/* The gate: strengthening of white objects against the end of marking. */
#include "heap.h"
#include "weak.h"

#define MOST_REFUSED	8

/*
 * Whether slot @i, found at @addr, will survive a cycle that has settled. The
 * span may have been swept, given back and used again since it was found; under
 * the central lock of its class in this heap it is what the map says.
 */
static bool survives(struct kgc_section s, struct kgc_span *span,
		     const void *addr, unsigned int i)
{
	struct kgc_allocator *a = &s.heap->alloc;
	unsigned int spc = READ_ONCE(span->spc);
	struct kgc_central *ct;
	unsigned long flags;
	bool alive = true;

	/* pairs with the cmpxchg() in kgc_reserve_fill() */
	ct = smp_load_acquire(&a->node[READ_ONCE(span->nid)]->central[spc]);
	if (!ct)
		return false;
	raw_spin_lock_irqsave(&ct->lock, flags);
	if (kgc_map_find(addr) != span || span->owner != a ||
	    span->spc != spc || kgc_span_index(span, addr) != i ||
	    kgc_span_is_free(span, i))
		alive = false;
	else if (span->gen != READ_ONCE(a->gen) ||
		 (s.mode & KGC_MODE_SETTLE &&
		  span->gen == READ_ONCE(a->black_gen)))
		alive = kgc_is_marked(span, i);
	raw_spin_unlock_irqrestore(&ct->lock, flags);
	return alive;
}

/* Under MARK: shade a white object unless the gate is closed. */
static bool shade_through_gate(struct kgc_heap *heap, struct kgc_span *span,
			       unsigned int i)
{
	atomic64_t *gate = &heap->weaks.gate;
	s64 seen = atomic64_read(gate);

	do {
		if (seen & KGC_WEAK_CLOSED)
			return test_bit(i, kgc_span_mark(span));
	} while (!atomic64_try_cmpxchg(gate, &seen, seen + KGC_WEAK_ONE));
	kgc_shade(heap, kgc_span_slot(span, i));
	return true;
}

/**
 * kgc_strengthen() - make a strong pointer of one that was not
 * @s: the current section
 * @span: the span found for it
 * @addr: an address of the object
 * @i: its slot, found in use in this section
 *
 * One region, so that the collector's RCU grace period after the begin of a
 * termination round finds both the count and the shading, or neither.
 *
 * Context: any but NMI; under rcu_read_lock() since the span was found, unless
 * the mode shades: then no span is swept.
 * Return: true when the object is alive and stays so for this section.
 */
bool kgc_strengthen(struct kgc_section s, struct kgc_span *span,
		    const void *addr, unsigned int i)
{
	bool alive = true;

	preempt_disable();
	if (s.mode & KGC_MODE_BLACK) {
		if (!test_bit(i, kgc_span_mark(span)))
			alive = shade_through_gate(s.heap, span, i);
	} else if (!(s.mode & KGC_MODE_SHADE)) {
		alive = survives(s, span, addr, i);
	}
	preempt_enable();
	return alive;
}

/* A new cycle: before MARK is published. */
void kgc_weaks_open(struct kgc_heap *heap)
{
	atomic64_andnot(KGC_WEAK_CLOSED, &heap->weaks.gate);
	heap->weaks.closed = false;
	heap->weaks.kept_before = heap->weaks.kept;
	heap->weaks.kept = false;
	heap->weaks.refused = 0;
}

/* A termination round begins. */
void kgc_weaks_look(struct kgc_heap *heap)
{
	heap->weaks.seen = atomic64_read(&heap->weaks.gate);
}

/* The round was clean. Return: false when a strengthening came in between. */
bool kgc_weaks_close(struct kgc_heap *heap)
{
	s64 seen = heap->weaks.seen;

	heap->weaks.closed = atomic64_cmpxchg(&heap->weaks.gate, seen,
					      seen | KGC_WEAK_CLOSED) == seen;
	return heap->weaks.closed;
}

/*
 * The round was not the last. Who looks up one white target after another could
 * keep marking from its end for as long as there are any, so after a few rounds
 * with a lookup in each all targets are marked: then no weak reference has one
 * left to strengthen. Never in two cycles in a row: what nobody looks up dies in
 * the other one, however long that takes.
 *
 * Return: whether it is time, once a cycle.
 */
bool kgc_weaks_give_up(struct kgc_heap *heap)
{
	struct kgc_weaks *weaks = &heap->weaks;

	if (weaks->kept || weaks->kept_before || atomic64_read(&weaks->gate) == weaks->seen ||
	    ++weaks->refused < MOST_REFUSED)
		return false;
	weaks->kept = true;
	return true;
}
