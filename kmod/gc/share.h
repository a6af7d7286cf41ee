/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What collectors may take from programs that do not use their heaps. The module has one
 * budget of CPU time and one for expedited grace periods. Tenants that run a cycle divide
 * both.
 */
#ifndef _KGC_SHARE_H
#define _KGC_SHARE_H

#include <linux/types.h>

#include "bucket.h"
#include "grace.h"

struct kgc_heap;
struct seq_file;

/**
 * struct kgc_share - what one heap has taken of the budgets; written by share.c
 * @cpu: CPU time taken, within the option cpu_percent
 * @left_ns: rest of the state machine's slice; negative if it used more than it took.
 *	Only the state machine writes this and the members below
 * @due_ns: CPU time that the heap and its tenant are paying for. Once they have paid, the
 *	module is charged, and this becomes 0
 * @ready_ns: time at which the heap has paid for @due_ns. Once the module is charged, time
 *	at which the slice begins
 * @paid_ns: time of the tenants' clock at which the tenant has paid for @due_ns
 * @early_ns: CPU time used by short steps that did not wait, since the last wait was over
 * @early: the current step is one of these
 * @paused: the state machine waits for its slice
 * @charged: the budget was charged for the last urgent grace period
 * @pauses: times that the state machine had to wait for a slice
 * @pauses_before: @pauses when the last cycle ended
 * @short_cycles: cycles for which the share was not enough
 * @expedited: urgent grace periods that were expedited
 * @refused: urgent grace periods that kgc_share_expedite() did not allow to be expedited
 * @running: the heap counts among those that run a cycle
 */
struct kgc_share {
	struct kgc_bucket	cpu;
	s64			left_ns;
	u64			due_ns;
	u64			ready_ns;
	u64			paid_ns;
	u64			early_ns;
	bool			early;
	bool			paused;
	bool			charged;
	u64			pauses;
	u64			pauses_before;
	u64			short_cycles;
	u64			expedited;
	u64			refused;
	bool			running;
};

void kgc_share_init(struct kgc_heap *heap);
void kgc_share_end(struct kgc_heap *heap);
unsigned int kgc_share_workers(struct kgc_heap *heap);
u64 kgc_share_ns(struct kgc_heap *heap, u64 ns);
u64 kgc_share_wait(struct kgc_heap *heap, bool brief);
void kgc_share_spend(struct kgc_heap *heap, u64 ns);
bool kgc_share_spare(struct kgc_heap *heap);
bool kgc_share_slice(struct kgc_heap *heap, s64 *left_ns);
void kgc_share_put_slice(struct kgc_heap *heap, s64 left_ns);
void kgc_share_check(struct kgc_heap *heap, u64 nr, u64 helped_ns, u64 over);
bool kgc_share_expedite(struct kgc_heap *heap, enum kgc_await kind);
void kgc_share_expedited(struct kgc_heap *heap);
void kgc_share_unexpedited(struct kgc_heap *heap);
void kgc_share_polled(struct kgc_heap *heap, u64 ns);
void kgc_share_show(struct seq_file *m, struct kgc_heap *heap);
void kgc_shares_show(struct seq_file *m);

#endif /* _KGC_SHARE_H */
