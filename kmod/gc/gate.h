/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The gate: decides between a mutator that makes a strong pointer of a weak reference
 * or a conservative word, and the collector that ends marking.
 */
#ifndef _KGC_GATE_H
#define _KGC_GATE_H

#include <linux/atomic.h>
#include <linux/kgc.h>

struct kgc_span;

/**
 * struct kgc_gate - the gate of a heap
 * @word: number of strengthenings of white objects << 1 | closed
 * @seen: @word when the current termination round began
 * @closed: the collector has closed the gate in this cycle
 * @kept: the collector marks all targets of weak references in this cycle
 * @kept_before: it did so in the previous cycle
 *
 * Mutators and the state machine write @word; only the state machine uses the rest.
 */
struct kgc_gate {
	atomic64_t	word;
	s64		seen;
	bool		closed;
	bool		kept;
	bool		kept_before;
};

bool kgc_gate_strengthen(struct kgc_section s, struct kgc_span *span,
			 const void *addr, unsigned int i);
void kgc_gate_open(struct kgc_gate *gate);
void kgc_gate_snapshot(struct kgc_gate *gate);
bool kgc_gate_close(struct kgc_gate *gate);
bool kgc_gate_keep_targets(struct kgc_gate *gate, u64 round);

#endif /* _KGC_GATE_H */
