/* SPDX-License-Identifier: GPL-2.0 */
/* The workqueues that collectors run on, and what they take there. */
#ifndef _KGC_WORK_H
#define _KGC_WORK_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

/*
 * Each heap has one cycle, but many markers, which may run for long, and a finalizer may
 * sleep for as long as it likes: so each kind has a queue of its own. A cycle does by
 * itself what its markers find no worker for.
 */
extern struct workqueue_struct *kgc_wq, *kgc_markers_wq, *kgc_finals_wq;

/**
 * struct kgc_work - what collecting one heap has taken
 * @cpu_ns: CPU time of the collector's work items
 * @waiter_ns: CPU time of threads that waited for a cycle, spent on it
 * @mutator_ns: CPU time of mutators that the cycle fell behind, spent on it
 * @wakeups: times that a work item ran; an idle heap has none
 */
struct kgc_work {
	atomic64_t	cpu_ns;
	atomic64_t	waiter_ns;
	atomic64_t	mutator_ns;
	atomic64_t	wakeups;
};

/**
 * struct kgc_lap - CPU time of the current thread, being measured
 * @begin_ns: monotonic time when it began
 * @ran_ns: what the scheduler had counted then
 */
struct kgc_lap {
	u64		begin_ns;
	u64		ran_ns;
};

static inline void kgc_work_woken(struct kgc_work *work)
{
	atomic64_inc(&work->wakeups);
}

static inline void kgc_work_charge(struct kgc_work *work, u64 ns)
{
	atomic64_add(ns, &work->cpu_ns);
}

/* The same for a thread that is no work item of the collector's. */
static inline void kgc_work_charge_thread(struct kgc_work *work, u64 ns, bool mutator)
{
	atomic64_add(ns, mutator ? &work->mutator_ns : &work->waiter_ns);
}

/* cond_resched(), unless a thread runs a step of the cycle that is not preempted. */
static inline void kgc_work_resched(void)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT) || preemptible())
		cond_resched();
}

static inline struct kgc_lap kgc_work_lap(void)
{
	return (struct kgc_lap){
		.begin_ns = ktime_get_mono_fast_ns(),
		.ran_ns = READ_ONCE(current->se.sum_exec_runtime),
	};
}

/*
 * CPU time since. The scheduler counts at each tick and when it switches, so of a
 * longer time that others took from the thread at most a tick is in it.
 */
static inline u64 kgc_work_lap_ns(struct kgc_lap lap)
{
	u64 ns = ktime_get_mono_fast_ns() - lap.begin_ns;
	u64 ran = READ_ONCE(current->se.sum_exec_runtime) - lap.ran_ns;

	return min_t(u64, ns, ran + TICK_NSEC);
}

int kgc_work_init(void);
void kgc_work_exit(void);

#endif /* _KGC_WORK_H */
