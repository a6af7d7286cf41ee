// SPDX-License-Identifier: GPL-2.0
/*
 * The gate.
 *
 * A weak reference does not keep its target alive, so under MARK its target
 * may be white although a strong reference is about to be made of it. The new
 * strong reference has to be shaded, and that has to be over before marking
 * is: a *gate*, one word, is counted up by everyone who is about to shade a
 * white target and closed by the collector, which succeeds only if the word is
 * what it was when the last, clean, round of termination began. Once it is
 * closed, a white object is dead for good.
 *
 * Nobody blocks: a strengthening that finds the gate closed has its answer.
 */
#include "../alloc/alloc.h"
#include "gate.h"
#include "heap.h"
#include "mark.h"
#include "pace.h"

#define GATE_CLOSED	1
#define GATE_ONE	2	/* one strengthening */
#define KEEP_ROUND	7	/* of ten: one for what is kept, one for finalizers, one to spare */

/* Under MARK: shade a white object unless the gate is closed. */
static bool shade_through_gate(struct kgc_heap *heap, struct kgc_span *span,
			       unsigned int i)
{
	atomic64_t *gate = &heap->gate.word;
	s64 seen = atomic64_read(gate);

	do {
		if (seen & GATE_CLOSED) {
			/*
			 * The gate is read before the mark: what is alive was
			 * marked before the gate closed. Pairs with the
			 * cmpxchg() in kgc_gate_close().
			 */
			smp_rmb();
			return test_bit(i, kgc_span_mark(span));
		}
	} while (!atomic64_try_cmpxchg(gate, &seen, seen + GATE_ONE));
	kgc_shade(heap, kgc_span_slot(span, i));
	/* when the section is over it may be garbage, and this cycle keeps it */
	kgc_pace_dropped(heap);
	return true;
}

/**
 * kgc_gate_strengthen() - make a strong pointer of one that was not
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
bool kgc_gate_strengthen(struct kgc_section s, struct kgc_span *span,
			 const void *addr, unsigned int i)
{
	bool alive = true;

	preempt_disable();
	if (s.mode & KGC_MODE_BLACK) {
		if (!test_bit(i, kgc_span_mark(span)))
			alive = shade_through_gate(s.heap, span, i);
	} else if (!(s.mode & KGC_MODE_SHADE)) {
		alive = kgc_central_survives(&s.heap->alloc, span, addr, i,
					     s.mode);
	}
	preempt_enable();
	return alive;
}

/* A new cycle: before MARK is published. */
void kgc_gate_open(struct kgc_gate *gate)
{
	atomic64_andnot(GATE_CLOSED, &gate->word);
	gate->closed = false;
	gate->kept_before = gate->kept;
	gate->kept = false;
}

/* A termination round begins. */
void kgc_gate_look(struct kgc_gate *gate)
{
	gate->seen = atomic64_read(&gate->word);
}

/* The round was clean. Return: false when a strengthening came in between. */
bool kgc_gate_close(struct kgc_gate *gate)
{
	s64 seen = gate->seen;

	/* a full barrier, after all marking: pairs with shade_through_gate() */
	gate->closed = atomic64_cmpxchg(&gate->word, seen, seen | GATE_CLOSED) ==
		       seen;
	return gate->closed;
}

/*
 * Round @round was not the last. A program that looks up one white target after
 * another could keep marking from its end for as long as there are any. So at some
 * round that a lookup came into, all targets are marked: then no weak reference has
 * one left to strengthen. Never in two cycles in a row: garbage that is not looked up
 * dies in the other one, which takes at most a round for each weak reference, because
 * a lookup that spoils a round leaves one white target fewer.
 *
 * Return: whether it is time, once a cycle.
 */
bool kgc_gate_give_up(struct kgc_gate *gate, u64 round)
{
	if (gate->closed || gate->kept || gate->kept_before ||
	    round < KEEP_ROUND || atomic64_read(&gate->word) == gate->seen)
		return false;
	gate->kept = true;
	return true;
}
