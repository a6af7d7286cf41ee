// SPDX-License-Identifier: GPL-2.0
/*
 * The grace periods of a cycle. A cycle waits for one at a time, in one of two ways:
 *
 *	normal		call_srcu() or call_rcu() runs a callback; no thread waits
 *	expedited	a thread of the heap, the expediter, waits; or, for sections since
 *			6.19, it calls call_srcu() and expedites that grace period
 *
 * RCU has expedited grace periods only for a thread that waits, and so has SRCU before
 * 6.19. synchronize_srcu_expedited() cannot be interrupted: while a section sleeps, the
 * caller is in uninterruptible sleep. A freezable thread or work item must not sleep like
 * that, because the machine could then not be suspended. This leads to three rules:
 *
 * - Each heap has its own expediter, a kernel thread that the freezer ignores. A section
 *   that is stuck holds up its own heap only.
 * - The expediter leaves the wait to a callback if sections are open and none of them
 *   ends for a while: such a section may be asleep. If other sections come and go
 *   meanwhile, the expediter cannot notice a section that sleeps, and waits for it.
 *   A work item then wakes the expediter from time to time. Otherwise a process that
 *   decides how long its section sleeps could trigger the hung task detector, which
 *   may panic the machine. section.c reports the section.
 * - Either the expediter waits for a grace period and ends the wait, or a callback does,
 *   never both. A second end would end the next wait too early: see mutants "no_gp_mark"
 *   and "no_gp_settle" of the model.
 *
 * The state machine hands a wait to the expediter by a release, after it has published a
 * phase. The expediter ends the wait by a release, which the state machine reads with
 * an acquire. So the grace period orders what the state machine does before and after,
 * as if the state machine had waited itself (grace-expedited.litmus).
 *
 * A work item makes the expediter when a wait is urgent, or a later one may be. The
 * expediter exits after IDLE_TICKS without work. No wait depends on an expediter that is
 * still being made: making a thread needs memory, which this cycle may have to free.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "../alloc/histogram.h"
#include "../compat.h"
#include "grace.h"
#include "heap.h"
#include "pace.h"
#include "request.h"
#include "section.h"
#include "share.h"
#include "throttle.h"
#include "trace.h"
#include "work.h"

#define IDLE_TICKS	(HZ / 2)
#define AWAKE_TICKS	(2 * HZ)	/* far below the detector's two minutes */
#define LET_END_US	40	/* between two looks at the open sections */
#define LET_END_ALONE_NS	(2 * NSEC_PER_MSEC)	/* if none ended, or on one CPU */
#define LET_END_BESIDE_NS	(200 * NSEC_PER_USEC)	/* if one ended, on several CPUs */

static void grace_end(struct kgc_heap *heap)
{
	bool sections = heap->grace.waiting == KGC_AWAIT_SECTIONS;
	u64 ns;

	WARN_ON_ONCE(heap->grace.waiting == KGC_AWAIT_NOTHING);
	if (sections)
		kgc_sections_wait_end(heap);
	if (heap->grace.polled_ns)
		kgc_share_polled(heap, ktime_get_ns() - heap->grace.polled_ns);
	heap->grace.polled_ns = 0;
	ns = kgc_pace_grace_end(heap);
	kgc_histogram_add(sections ? &heap->grace.took_sections : &heap->grace.took_regions, ns);
	trace_kgc_grace_end(heap->id, heap->grace.waiting, heap->pace.expedited, ns);
	/* publishes what the grace period ordered: pairs with kgc_grace_pending() */
	smp_store_release(&heap->grace.waiting, KGC_AWAIT_NOTHING);
	kgc_throttle_wake(heap);
	kgc_request_kick(heap);
}

/* ---- normal -------------------------------------------------------------- */

static void sections_over(struct rcu_head *rcu)
{
	grace_end(container_of(rcu, struct kgc_heap, grace.rcu));
}

static void regions_over(struct rcu_head *rcu)
{
	struct kgc_heap *heap = container_of(rcu, struct kgc_heap, grace.rcu);

	grace_end(heap);
	/* the last access to the heap; pairs with kgc_grace_stop() */
	atomic_dec_return_release(&heap->grace.callbacks);
}

static void wait_normal(struct kgc_heap *heap, enum kgc_await await)
{
	kgc_pace_unexpedited(heap);
	if (await == KGC_AWAIT_SECTIONS) {
		call_srcu(&heap->front.srcu, &heap->grace.rcu, sections_over);
		return;
	}
	/* a count, since the previous callback may not have counted itself out yet */
	atomic_inc(&heap->grace.callbacks);
	call_rcu_hurry(&heap->grace.rcu, regions_over);
}

/* ---- expedited ----------------------------------------------------------- */

/*
 * Give open sections some time to end before the grace period begins. An expedited
 * grace period polls for open sections, for up to a tick. A section that was interrupted
 * on this processor, or that sleeps, cannot end meanwhile, so leave the processor to it.
 * The time is short, because the grace period also waits for sections that begin before
 * it starts to poll. On several processors some section may be open at any time.
 *
 * Return: false if sections are open and none was seen to end.
 */
static bool let_sections_end(struct kgc_heap *heap)
{
	const struct srcu_struct *srcu = &heap->front.srcu;
	unsigned int side = heap->sections.side;
	unsigned long first, ended;
	u64 begin = ktime_get_ns(), ns = 0;
	u64 enough = num_online_cpus() > 1 ? LET_END_BESIDE_NS :
					     LET_END_ALONE_NS;

	if (!kgc_srcu_busy(srcu, side, &first))
		return true;
	ended = first;
	/* if a short sleep takes a tick, an ordinary grace period is as fast */
	while (hrtimer_resolution <= LET_END_US * NSEC_PER_USEC &&
	       ns < (ended == first ? LET_END_ALONE_NS : enough)) {
		usleep_range_state(LET_END_US, LET_END_US + LET_END_US / 4,
				   TASK_IDLE);
		if (!kgc_srcu_busy(srcu, side, &ended))
			return true;
		ns = ktime_get_ns() - begin;
	}
	return ended != first;
}

/* Wake the expediter for the hung task detector; it goes on waiting for the section. */
static void keep_awake(struct work_struct *work)
{
	struct kgc_grace *grace = container_of(to_delayed_work(work),
					       struct kgc_grace, awake);
	struct kgc_heap *heap = container_of(grace, struct kgc_heap, grace);

	kgc_work_woken(&heap->work);
	wake_up_process(grace->thread);
	queue_delayed_work(kgc_wq, &grace->awake, AWAKE_TICKS);
}

static void synchronize(struct kgc_heap *heap, enum kgc_await await)
{
	struct kgc_grace *grace = &heap->grace;

	if (await == KGC_AWAIT_REGIONS) {
		synchronize_rcu_expedited();
		return;
	}
	queue_delayed_work(kgc_wq, &grace->awake, AWAKE_TICKS);
	synchronize_srcu_expedited(&heap->front.srcu);
	cancel_delayed_work_sync(&grace->awake);
}

/* Context: the expediter; the cycle waits for @await. */
static void expedite(struct kgc_heap *heap, enum kgc_await await)
{
	bool sections = await == KGC_AWAIT_SECTIONS;
	bool move = !sections || let_sections_end(heap);
	bool calls = !move || (sections && KGC_CALLS_SRCU_EXPEDITED);
	unsigned long ended;

	if (move)
		kgc_share_expedited(heap);
	else
		kgc_share_unexpedited(heap);
	if (move && sections && kgc_srcu_busy(&heap->front.srcu, heap->sections.side, &ended))
		heap->grace.polled_ns = ktime_get_ns();
	if (!calls)
		synchronize(heap, await);
	/* READY before the end of the wait: the cycle may need the expediter at once */
	atomic_set_release(&heap->grace.expediter, KGC_EXPEDITER_READY);
	if (!calls)
		grace_end(heap);
	else if (move)
		kgc_call_srcu_expedited(&heap->front.srcu, &heap->grace.rcu,
					sections_over);
	else
		wait_normal(heap, await);
}

/* Sleep until there is work, for IDLE_TICKS at most. Return: whether the thread exits. */
static bool expediter_sleep(struct kgc_heap *heap)
{
	int ready = KGC_EXPEDITER_READY;

	if (kthread_should_stop())
		return true;
	if (schedule_timeout(IDLE_TICKS))
		return false;
	kgc_work_woken(&heap->work);
	return atomic_try_cmpxchg(&heap->grace.expediter, &ready,
				  KGC_EXPEDITER_NONE);
}

static int expediter_run(void *data)
{
	struct kgc_heap *heap = data;
	enum kgc_expediter state;

	for (;;) {
		set_current_state(TASK_IDLE);
		/* pairs with expediter_take() */
		state = atomic_read_acquire(&heap->grace.expediter);
		if (state == KGC_EXPEDITER_SECTIONS ||
		    state == KGC_EXPEDITER_REGIONS) {
			__set_current_state(TASK_RUNNING);
			kgc_work_woken(&heap->work);
			expedite(heap, state == KGC_EXPEDITER_SECTIONS ?
				       KGC_AWAIT_SECTIONS : KGC_AWAIT_REGIONS);
		} else if (expediter_sleep(heap)) {
			__set_current_state(TASK_RUNNING);
			return 0;
		}
	}
}

/* Stop the last expediter, if any, and wait until it has exited. Context: may sleep. */
static void expediter_reap(struct kgc_grace *grace)
{
	if (!grace->thread)
		return;
	kthread_stop(grace->thread);
	put_task_struct(grace->thread);
	grace->thread = NULL;
}

static void expediter_make(struct work_struct *work)
{
	struct kgc_heap *heap = container_of(work, struct kgc_heap, grace.make);
	struct kgc_grace *grace = &heap->grace;
	struct task_struct *thread;

	expediter_reap(grace);
	thread = kthread_create(expediter_run, heap, "kgc_grace/%u", heap->id);
	if (IS_ERR(thread)) {
		atomic_set(&grace->expediter, KGC_EXPEDITER_NONE);
		return;
	}
	grace->thread = get_task_struct(thread);
	/* a normal thread would have to wait while mutators use up their time slices */
	sched_set_fifo_low(thread);
	wake_up_process(thread);
	/* READY makes @thread visible: pairs with expediter_take() */
	atomic_set_release(&grace->expediter, KGC_EXPEDITER_READY);
}

/* Have an expediter made for the next wait. Context: the state machine. */
static void expediter_prepare(struct kgc_grace *grace)
{
	int none = KGC_EXPEDITER_NONE;

	if (atomic_try_cmpxchg(&grace->expediter, &none, KGC_EXPEDITER_MAKING))
		/* not on kgc_wq: its rescuer has to run cycles, and this needs memory */
		schedule_work(&grace->make);
}

/* Whether an expediter is ready for the next wait. It may leave at any time. */
static bool expediter_ready(struct kgc_grace *grace)
{
	return atomic_read(&grace->expediter) == KGC_EXPEDITER_READY;
}

/* Hand a wait to the expediter. Return: false if none is ready. */
static bool expediter_take(struct kgc_grace *grace, enum kgc_await await)
{
	int ready = KGC_EXPEDITER_READY;

	/* pairs with expediter_make() and expedite() */
	if (!atomic_try_cmpxchg(&grace->expediter, &ready,
				await == KGC_AWAIT_SECTIONS ?
				KGC_EXPEDITER_SECTIONS : KGC_EXPEDITER_REGIONS))
		return false;
	wake_up_process(grace->thread);
	return true;
}

/* ---- either -------------------------------------------------------------- */

/* Begin to wait for @await, sections or regions. The state machine goes on at the end. */
void kgc_grace_begin(struct kgc_heap *heap, enum kgc_await await)
{
	bool urgent = kgc_pace_grace_begin(heap);

	if (await == KGC_AWAIT_SECTIONS)
		kgc_sections_wait_begin(heap);
	WRITE_ONCE(heap->grace.waiting, await);
	trace_kgc_grace_begin(heap->id, await, urgent);
	/* the cycle may now wait for a section that is throttled */
	kgc_throttle_wake(heap);
	if (urgent && expediter_ready(&heap->grace) && kgc_share_expedite(heap, await)) {
		if (expediter_take(&heap->grace, await))
			return;
		kgc_share_unexpedited(heap);
	}
	if (urgent || kgc_pace_may_expedite(heap))
		expediter_prepare(&heap->grace);
	wait_normal(heap, await);
}

void kgc_grace_init(struct kgc_heap *heap)
{
	atomic_set(&heap->grace.expediter, KGC_EXPEDITER_NONE);
	INIT_WORK(&heap->grace.make, expediter_make);
	INIT_DELAYED_WORK(&heap->grace.awake, keep_awake);
}

/*
 * Wait until no callback, expediter or work item of a grace period is left. The caller
 * has waited for all sections, and has cancelled the work item that begins grace periods.
 * Context: may sleep, also while the machine is being suspended.
 */
void kgc_grace_stop(struct kgc_heap *heap)
{
	cancel_work_sync(&heap->grace.make);
	expediter_reap(&heap->grace);
	/*
	 * A callback still touches the heap after grace_end(). rcu_barrier() waits for
	 * the callbacks of the whole machine, so skip it if this heap has none.
	 */
	/* pairs with regions_over() */
	if (atomic_read_acquire(&heap->grace.callbacks))
		rcu_barrier();
	kgc_srcu_drain(&heap->front.srcu);
}
