/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The pace of one heap's collector: when cycles begin, and which of their grace periods
 * are urgent. The arithmetic is in pacer.c.
 */
#ifndef _KGC_PACE_H
#define _KGC_PACE_H

#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../compat.h"
#include "grace.h"
#include "pacer.h"

struct kgc_heap;
struct seq_file;

/**
 * struct kgc_pace - the pace of one heap
 * @lock: guards the members that name it, the setting of @timer, and writes of
 *	kgc_allocator.allowance; leaf
 * @pacer: the pacer. Its goal, room, help and ceiling are read without @lock as hints
 * @timer: requests a cycle at the end of the period
 * @armed: whether @timer is set; read without @lock for statistics
 * @dropped: since the last cycle began, an object may have become garbage without an
 *	allocation; read without @lock
 * @deadline: when @timer expires, in jiffies
 * @behind: mutators have passed the goal during the current cycle. They set it without @lock
 * @yield: all grace periods of the current cycle are urgent: mutators that refill leave
 *	the CPU to the cycle while it waits for one
 * @expedited: the current grace period is expedited
 * @grace_ns: time when the current grace period began
 * @grace_at: bytes charged at @grace_ns
 * @grace_us: total length of the current cycle's grace periods, normal and
 *	expedited; index is @expedited
 * @nr_graces: number of these grace periods, with the same index
 * @in_grace: bytes allocated during these grace periods
 * @flush_ns: time of the last flush
 * @cpu_ns: CPU time that collecting had taken at the last flush
 * @nr_unexpedited: urgent grace periods that were normal because a section was open for
 *	long, the heap had no expediter ready, or kgc_share_expedite() refused
 *
 * The state machine writes @yield and the members below it. While it waits for a grace
 * period, the context that ends the wait writes them: the expediter or a callback.
 */
struct kgc_pace {
	raw_spinlock_t		lock;
	struct kgc_pacer	pacer __guarded_by(&lock);
	struct delayed_work	timer;
	bool			armed __guarded_by(&lock);
	bool			dropped __guarded_by(&lock);
	unsigned long		deadline __guarded_by(&lock);
	bool			behind;
	bool			yield;
	bool			expedited;
	u64			grace_ns;
	s64			grace_at;
	u64			grace_us[2];
	u32			nr_graces[2];
	u64			in_grace;
	u64			flush_ns;
	u64			cpu_ns;
	u64			nr_unexpedited;
};

void kgc_pace_init(struct kgc_heap *heap);
void kgc_pace_stop(struct kgc_heap *heap);
void kgc_pace_begin(struct kgc_heap *heap);
bool kgc_pace_grace_begin(struct kgc_heap *heap);
bool kgc_pace_may_expedite(struct kgc_heap *heap);
void kgc_pace_unexpedited(struct kgc_heap *heap);
u64 kgc_pace_grace_end(struct kgc_heap *heap);
u64 kgc_pace_flushed(struct kgc_heap *heap, u64 begin_ns, s64 charged_begin);
u64 kgc_pace_end(struct kgc_heap *heap, u64 live);
void kgc_pace_due(struct kgc_heap *heap);
void kgc_pace_dropped(struct kgc_heap *heap);
void kgc_pace_behind(struct kgc_heap *heap);
u64 kgc_pace_growth(struct kgc_heap *heap);
u64 kgc_pace_overshoot(struct kgc_heap *heap);
void kgc_pace_rearm(struct kgc_heap *heap);
void kgc_pace_repace(struct kgc_heap *heap);
void kgc_pace_period_changed(struct kgc_heap *heap);
void kgc_pace_show(struct seq_file *m, struct kgc_heap *heap);
#endif /* _KGC_PACE_H */
