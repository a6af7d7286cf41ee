// SPDX-License-Identifier: GPL-2.0
/*
 * The gate.
 *
 * A weak reference does not keep its target alive. Under MARK a mutator may
 * look up a weak reference whose target is still white. It then has to shade
 * the target, and it has to do so before the collector ends marking. The gate
 * is one word that decides between the two. A mutator counts the word up
 * before it shades a white target. The collector closes the gate after a clean
 * termination round, but only if the word has not changed since that round
 * began. After the gate is closed, a white object is dead for good.
 *
 * Neither side blocks: a mutator that finds the gate closed knows the answer.
 */
#include "../alloc/alloc.h"
#include "gate.h"
#include "heap.h"
#include "mark.h"
#include "pace.h"

#define GATE_CLOSED	1
#define GATE_ONE	2	/* one strengthening */
#define KEEP_ROUND	7	/* of 10; 3 are left: kept targets, finalizers, a spare */

/* Under MARK: shade a white object unless the gate is closed. */
static bool shade_through_gate(struct kgc_heap *heap, struct kgc_span *span,
			       unsigned int i)
{
	atomic64_t *gate = &heap->gate.word;
	s64 seen = atomic64_read(gate);

	do {
		if (seen & GATE_CLOSED) {
			/*
			 * The collector marked every live object before it
			 * closed the gate, so read the gate before the mark.
			 * Pairs with the cmpxchg() in kgc_gate_close().
			 */
			smp_rmb();
			return test_bit(i, kgc_span_mark(span));
		}
	} while (!atomic64_try_cmpxchg(gate, &seen, seen + GATE_ONE));
	kgc_shade(heap, kgc_span_slot(span, i));
	/* this cycle keeps it, but it may be garbage when the section ends */
	kgc_pace_dropped(heap);
	return true;
}

/**
 * kgc_gate_strengthen() - make a strong pointer of a weak reference or a word
 * @s: the current section
 * @span: the span that the map has for @addr
 * @addr: an address in the object
 * @i: the object's slot; this section has found it in use
 *
 * The function is one region. If the collector sees the count when a termination
 * round begins, the RCU grace period of that round waits for the shading as well.
 *
 * Context: any but NMI. Under rcu_read_lock() since the caller found the span,
 * unless the mode shades: no span is swept then.
 * Return: true if the object is alive; it then stays alive for this section.
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

/* Open the gate for a new cycle. Context: the state machine, before it publishes MARK. */
void kgc_gate_open(struct kgc_gate *gate)
{
	atomic64_andnot(GATE_CLOSED, &gate->word);
	gate->closed = false;
	gate->kept_before = gate->kept;
	gate->kept = false;
}

/* Note the gate's word at the begin of a termination round. */
void kgc_gate_snapshot(struct kgc_gate *gate)
{
	gate->seen = atomic64_read(&gate->word);
}

/* Close the gate after a clean round. Return: false if the round had a strengthening. */
bool kgc_gate_close(struct kgc_gate *gate)
{
	s64 seen = gate->seen;

	/* a full barrier: all marking comes first; pairs with shade_through_gate() */
	gate->closed = atomic64_cmpxchg(&gate->word, seen, seen | GATE_CLOSED) ==
		       seen;
	return gate->closed;
}

/*
 * Decide after round @round, which was not the last, whether the collector marks the
 * targets of all weak references. A program that looks up one white target after
 * another spoils round after round, until no white target is left. So from round
 * KEEP_ROUND on, a spoiled round makes the collector mark all targets.
 *
 * It never does so in two cycles in a row: the other cycle frees garbage that is not
 * looked up. That cycle takes at most one round for each weak reference, because a
 * lookup that spoils a round leaves one white target fewer.
 *
 * Return: true if the collector has to mark them now, at most once in a cycle.
 */
bool kgc_gate_keep_targets(struct kgc_gate *gate, u64 round)
{
	if (gate->closed || gate->kept || gate->kept_before ||
	    round < KEEP_ROUND || atomic64_read(&gate->word) == gate->seen)
		return false;
	gate->kept = true;
	return true;
}
