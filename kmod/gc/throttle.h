/* SPDX-License-Identifier: GPL-2.0 */
/* Slowing down mutators that outrun their heap's collector. */
#ifndef _KGC_THROTTLE_H
#define _KGC_THROTTLE_H

#include <linux/atomic.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct kgc_heap;
struct seq_file;

#define KGC_RELIEF_MS	1000	/* most that a refused allocation waits */

/**
 * struct kgc_throttle - mutators of a heap that are slowed down
 * @waitq: they sleep here
 * @nr: times one was slowed down
 * @ns: for how long, in all
 * @backoff: ticks for which refused allocations begin no cycle, since one that they
 *	began freed little; 0 if it freed enough. Written by the state machine, as the
 *	two below
 * @backoff_until: when that is over
 * @most: what the heap could hold then
 * @let_go: references have been given up since a cycle began last, so that something
 *	may have died
 * @stock: makes spans for contexts that may not sleep
 * @unstocked: for want of memory it could not, the last time; its own
 */
struct kgc_throttle {
	wait_queue_head_t	waitq;
	atomic64_t		nr;
	atomic64_t		ns;
	unsigned long		backoff;
	unsigned long		backoff_until;
	u64			most;
	bool			let_go;
	struct delayed_work	stock;
	bool			unstocked;
};

/*
 * References are given up, so that something may have died: a refused allocation may
 * begin a cycle again. Context: any.
 */
static inline void kgc_throttle_let_go(struct kgc_throttle *th)
{
	if (!READ_ONCE(th->let_go))
		WRITE_ONCE(th->let_go, true);
}

void kgc_throttle_init(struct kgc_heap *heap);
void kgc_throttle_stop(struct kgc_heap *heap);
void kgc_throttle_wake(struct kgc_heap *heap);
void kgc_throttle_cycle_begin(struct kgc_heap *heap);
void kgc_throttle_cycle_over(struct kgc_heap *heap, bool for_limit, u64 freed, u64 live);
bool kgc_throttle_relief(struct kgc_heap *heap, unsigned long *end);
void kgc_throttle_show(struct seq_file *m, struct kgc_heap *heap);

#endif /* _KGC_THROTTLE_H */
