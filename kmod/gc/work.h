/* SPDX-License-Identifier: GPL-2.0 */
/* The workqueues of the collectors, and the CPU time that collecting takes. */
#ifndef _KGC_WORK_H
#define _KGC_WORK_H

#include <linux/atomic.h>
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/timekeeping.h>
#include <linux/workqueue.h>

/*
 * Cycles and markers have a workqueue each, so that markers do not delay cycles: a heap
 * has many markers, which may run for long. If they get no kworker, the cycle's own work
 * item marks alone. Finalizers have a workqueue for each heap, see due.c.
 */
extern struct workqueue_struct *kgc_wq, *kgc_markers_wq;

/**
 * struct kgc_work - CPU time and wakeups that one heap's collector has taken
 * @cpu_ns: CPU time of the collector's work items
 * @waiter_ns: CPU time that threads waiting for a cycle have spent on its steps
 * @mutator_ns: CPU time that mutators which outran a cycle have spent on its steps
 * @wakeups: runs of work items and of the expediter, finalizers excepted; an idle heap
 *	adds none
 */
struct kgc_work {
	atomic64_t	cpu_ns;
	atomic64_t	waiter_ns;
	atomic64_t	mutator_ns;
	atomic64_t	wakeups;
};

/**
 * struct kgc_lap - start of a measurement of the current thread's CPU time
 * @begin_ns: monotonic time at the start
 * @ran_ns: the thread's CPU time at the start, as counted by the scheduler
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

/* Count the CPU time of a thread that has run a step: a mutator, or a waiter. */
static inline void kgc_work_charge_thread(struct kgc_work *work, u64 ns, bool mutator)
{
	atomic64_add(ns, mutator ? &work->mutator_ns : &work->waiter_ns);
}

static inline struct kgc_lap kgc_work_lap(void)
{
	return (struct kgc_lap){
		.begin_ns = ktime_get_mono_fast_ns(),
		.ran_ns = READ_ONCE(current->se.sum_exec_runtime),
	};
}

/*
 * Return: CPU time that the current thread has used since @lap. The scheduler counts only
 * at each tick and context switch. So the result may include time for which the thread
 * was preempted, but no more than a tick of it.
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
