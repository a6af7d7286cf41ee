/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What collectors may take from programs that have nothing to do with them: one
 * budget for the module, divided among the heaps that run a cycle.
 */
#ifndef _KGC_SHARE_H
#define _KGC_SHARE_H

#include <linux/types.h>

#include "bucket.h"
#include "grace.h"

struct kgc_heap;
struct seq_file;

/**
 * struct kgc_share - what one heap has taken; written by share.c
 * @cpu: CPU time, within the option cpu_percent
 * @left_ns: what is left of the slice that the state machine has in hand; below 0
 *	it has used more than it took. The state machine's, as the members below
 * @ready_ns: when that slice may be used
 * @pauses: times that the state machine had to wait for a slice
 * @pauses_before: of these, until the current cycle began
 * @short_cycles: cycles for which the share was not enough
 * @expedite: what its expedited grace periods cost the other CPUs
 * @expedited: grace periods that were expedited
 * @refused: urgent grace periods that were not: the budget was used up, or the option
 *	forbids it
 * @running: a cycle of the heap is under way
 */
struct kgc_share {
	struct kgc_bucket	cpu;
	s64			left_ns;
	u64			ready_ns;
	u64			pauses;
	u64			pauses_before;
	u64			short_cycles;
	struct kgc_bucket	expedite;
	u64			expedited;
	u64			refused;
	bool			running;
};

void kgc_share_begin(struct kgc_heap *heap);
void kgc_share_end(struct kgc_heap *heap);
unsigned int kgc_share_workers(struct kgc_heap *heap);
u64 kgc_share_ns(struct kgc_heap *heap, u64 ns);
u64 kgc_share_wait(struct kgc_heap *heap, bool brief);
void kgc_share_spend(struct kgc_heap *heap, u64 ns);
bool kgc_share_spare(struct kgc_heap *heap);
bool kgc_share_slice(struct kgc_heap *heap, s64 *left_ns);
void kgc_share_settle(struct kgc_heap *heap, s64 left_ns);
bool kgc_share_judge(struct kgc_heap *heap, bool outrun, u64 *pauses);
bool kgc_share_expedite(struct kgc_heap *heap, enum kgc_await kind);
void kgc_share_expedited(struct kgc_heap *heap, u64 ns);
void kgc_share_show(struct seq_file *m, struct kgc_heap *heap);
void kgc_shares_show(struct seq_file *m);

#endif /* _KGC_SHARE_H */
