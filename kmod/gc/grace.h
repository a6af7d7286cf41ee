/* SPDX-License-Identifier: GPL-2.0 */
/* The grace periods of a cycle. */
#ifndef _KGC_GRACE_H
#define _KGC_GRACE_H

#include <linux/atomic.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include "../alloc/histogram.h"

struct kgc_heap;
struct task_struct;

/* What a step waits for before the next one. */
enum kgc_await {
	KGC_AWAIT_NOTHING,
	KGC_AWAIT_SECTIONS,	/* an SRCU grace period */
	KGC_AWAIT_REGIONS,	/* an RCU grace period */
	KGC_AWAIT_KICK,		/* a request, or the last parallel worker */
	KGC_AWAIT_PAUSE,	/* a tick, after which the step is tried again */
};

/* What a grace period waits for: names as in KGC_REASON_NAMES(). */
#define KGC_GRACE_NAMES(row, last)		\
	row(KGC_AWAIT_SECTIONS, "sections")	\
	last(KGC_AWAIT_REGIONS, "regions")

/* State of the expediter, the thread that waits for expedited grace periods. */
enum kgc_expediter {
	KGC_EXPEDITER_NONE,	/* there is none, or it exits and does not touch the heap */
	KGC_EXPEDITER_MAKING,
	KGC_EXPEDITER_READY,
	KGC_EXPEDITER_SECTIONS,	/* it has been handed a wait for sections */
	KGC_EXPEDITER_REGIONS,	/* it has been handed a wait for regions */
};

/**
 * struct kgc_grace - the grace period that the cycle waits for; at most one
 * @waiting: KGC_AWAIT_SECTIONS, KGC_AWAIT_REGIONS, or KGC_AWAIT_NOTHING
 * @rcu: for the callback of SRCU or RCU
 * @callbacks: RCU callbacks that may still touch the heap; SRCU counts its own
 * @expediter: enum kgc_expediter. The state machine changes NONE to MAKING, and READY to
 *	SECTIONS or REGIONS; @make changes MAKING; the thread makes all other changes
 * @polled_ns: when SRCU began to poll for open sections in an expedited grace period; 0 if
 *	none were open. Written by the expediter, and cleared at the end of the grace period
 * @took_sections: lengths of the grace periods for sections
 * @took_regions: lengths of those for regions
 * @make: work item that makes the thread
 * @thread: the last thread made, also after it has exited; written by @make
 * @awake: work item that wakes the thread while it waits for a section that sleeps
 */
struct kgc_grace {
	enum kgc_await		waiting;
	struct rcu_head		rcu;
	atomic_t		callbacks;
	atomic_t		expediter;
	u64			polled_ns;
	struct kgc_histogram	took_sections;
	struct kgc_histogram	took_regions;
	struct work_struct	make;
	struct task_struct	*thread;
	struct delayed_work	awake;
};

/* Which grace period the cycle waits for, read without ordering. */
static inline enum kgc_await kgc_grace_kind(const struct kgc_grace *grace)
{
	return READ_ONCE(grace->waiting);
}

/*
 * Whether the cycle waits for a grace period. If not, the caller sees everything that came
 * before the end of the last grace period.
 */
static inline bool kgc_grace_pending(const struct kgc_grace *grace)
{
	/* pairs with the release in grace_end() */
	return smp_load_acquire(&grace->waiting) != KGC_AWAIT_NOTHING;
}

void kgc_grace_init(struct kgc_heap *heap);
void kgc_grace_begin(struct kgc_heap *heap, enum kgc_await await);
void kgc_grace_stop(struct kgc_heap *heap);

#endif /* _KGC_GRACE_H */
