/* SPDX-License-Identifier: GPL-2.0 */
/* The workqueues that collectors run on, and what they take there. */
#ifndef _KGC_WORK_H
#define _KGC_WORK_H

#include <linux/atomic.h>
#include <linux/workqueue.h>

/*
 * Each heap has one cycle, but many markers, which may run for long, and a finalizer may
 * sleep for as long as it likes: so each kind has a queue of its own. A cycle does by
 * itself what its markers find no worker for.
 */
extern struct workqueue_struct *kgc_wq, *kgc_markers_wq, *kgc_finals_wq;

/**
 * struct kgc_work - what the work items of one heap's collector have taken
 * @cpu_ns: CPU time
 * @wakeups: times that one of them ran; an idle heap has none
 */
struct kgc_work {
	atomic64_t	cpu_ns;
	atomic64_t	wakeups;
};

static inline void kgc_work_woken(struct kgc_work *work)
{
	atomic64_inc(&work->wakeups);
}

static inline void kgc_work_charge(struct kgc_work *work, u64 ns)
{
	atomic64_add(ns, &work->cpu_ns);
}

int kgc_work_init(void);
void kgc_work_exit(void);

#endif /* _KGC_WORK_H */
