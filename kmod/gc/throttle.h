/* SPDX-License-Identifier: GPL-2.0 */
/* Throttling of mutators that outrun their heap's collector. */
#ifndef _KGC_THROTTLE_H
#define _KGC_THROTTLE_H

#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../alloc/histogram.h"

struct kgc_heap;
struct seq_file;

#define KGC_RELIEF_MS	1000	/* longest wait of a refused allocation */

/**
 * struct kgc_throttle - throttled mutators of a heap, and its refused allocations
 * @waitq: where throttled mutators sleep
 * @slept: lengths of the sleeps of throttled mutators, without the mutators' help
 * @backoff: ticks for which refused allocations request no cycle, because a cycle that a
 *	limit began freed little; 0 if the last cycle freed enough. Only the state
 *	machine writes this member and the next two
 * @backoff_until: end of the backoff, in jiffies
 * @limit: the least of the limits when the backoff began, in bytes; a change ends it
 * @refs_dropped: references were dropped since the last cycle began, so objects may have
 *	died; see kgc_throttle_refs_dropped()
 * @stock: makes spans for contexts that may not sleep
 * @stock_failed: the last run of @stock got no memory for a class; only @stock writes it
 */
struct kgc_throttle {
	wait_queue_head_t	waitq;
	struct kgc_histogram	slept;
	unsigned long		backoff;
	unsigned long		backoff_until;
	u64			limit;
	bool			refs_dropped;
	struct delayed_work	stock;
	bool			stock_failed;
};

/*
 * References were dropped, so objects may have died: let a refused allocation
 * request a cycle again. The device calls this, and so does the code that drops a handle
 * or deletes a root. kgc_store() does not. Context: any.
 */
static inline void kgc_throttle_refs_dropped(struct kgc_throttle *th)
{
	if (!READ_ONCE(th->refs_dropped))
		WRITE_ONCE(th->refs_dropped, true);
}

bool kgc_throttle_past_goal(struct kgc_heap *heap);
void kgc_throttle_init(struct kgc_heap *heap);
void kgc_throttle_stop(struct kgc_heap *heap);
void kgc_throttle_wake(struct kgc_heap *heap);
void kgc_throttle_cycle_begin(struct kgc_heap *heap);
void kgc_throttle_cycle_over(struct kgc_heap *heap, bool for_limit, u64 freed, u64 live);
bool kgc_throttle_relief(struct kgc_heap *heap, unsigned long *end);
void kgc_throttle_show(struct seq_file *m, struct kgc_heap *heap);

#endif /* _KGC_THROTTLE_H */
