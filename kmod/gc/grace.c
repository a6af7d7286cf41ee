// SPDX-License-Identifier: GPL-2.0
/*
 * The grace periods of a cycle. One is waited for at a time, in one of two ways:
 *
 *	at leisure	by a callback of call_srcu() or call_rcu(); no thread waits
 *	expedited	by a thread of the heap, the expediter
 *
 * Only a thread can wait for an expedited grace period of RCU, and before 6.19 for one
 * of SRCU. synchronize_srcu_expedited() cannot be abandoned. If a section sleeps,
 * its caller is in uninterruptible sleep as long, which a freezable thread or work
 * item must not be: the machine could not be suspended. So
 *
 * - each heap has an expediter of its own, a kernel thread that is not frozen: a
 *   section that is stuck costs no other heap anything;
 * - it leaves the wait to a callback if sections are open and none of them ends for a
 *   while: such a section may sleep. A section that sleeps while others come and go
 *   cannot be told from those, and the expediter waits for it. It is woken from time to
 *   time, because the section's owner may be a process that decides how long it
 *   sleeps: that process must not be able to have the hung task detector report, or
 *   panic the machine, for a thread of ours. section.c reports the section;
 * - it has not begun anything when it leaves a wait to the callback. So each wait is
 *   carried out by one of the two, and ended once. A second end would end the
 *   following wait too early: mutants "no_gp_mark" and "no_gp_settle" of the model.
 *
 * The state machine has published a phase before it leaves the wait to the expediter, and
 * goes on after the expediter has said that the wait is over; both are a release and an
 * acquire, so the grace period orders what the state machine does before and after it as
 * if it had waited itself (grace-expedited.litmus).
 *
 * The expediter is made when the cycle waits and may be in a hurry the next time, and
 * leaves after IDLE_TICKS without work. No wait is left to one that is being made:
 * making a thread takes memory, and a cycle may be what frees it.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "../compat.h"
#include "grace.h"
#include "heap.h"
#include "pace.h"
#include "request.h"
#include "section.h"
#include "share.h"
#include "throttle.h"
#include "work.h"

#define IDLE_TICKS	(HZ / 2)
#define AWAKE_TICKS	(2 * HZ)	/* far below the detector's two minutes */
#define LET_END_US	40	/* between looks whether sections have ended */
#define LET_END_ALONE_NS	(2 * NSEC_PER_MSEC)	/* in all, on one processor */
#define LET_END_BESIDE_NS	(200 * NSEC_PER_USEC)	/* and on several */

static void grace_end(struct kgc_heap *heap)
{
	WARN_ON_ONCE(heap->grace.waiting == KGC_AWAIT_NOTHING);
	if (heap->grace.waiting == KGC_AWAIT_SECTIONS)
		kgc_sections_wait_end(heap);
	kgc_pace_grace_end(heap);
	/* what the grace period ordered is seen: pairs with kgc_grace_pending() */
	smp_store_release(&heap->grace.waiting, KGC_AWAIT_NOTHING);
	kgc_throttle_wake(heap);
	kgc_request_kick(heap);
}

/* ---- at leisure ---------------------------------------------------------- */

static void sections_over(struct rcu_head *rcu)
{
	grace_end(container_of(rcu, struct kgc_heap, grace.rcu));
}

static void regions_over(struct rcu_head *rcu)
{
	struct kgc_heap *heap = container_of(rcu, struct kgc_heap, grace.rcu);

	grace_end(heap);
	/* the heap may be gone now; pairs with kgc_grace_stop() */
	atomic_dec_return_release(&heap->grace.callbacks);
}

static void wait_at_leisure(struct kgc_heap *heap, enum kgc_await await)
{
	kgc_pace_unhurried(heap);
	if (await == KGC_AWAIT_SECTIONS) {
		call_srcu(&heap->front.srcu, &heap->grace.rcu, sections_over);
		return;
	}
	/* the last callback may not have counted itself out yet */
	atomic_inc(&heap->grace.callbacks);
	call_rcu_hurry(&heap->grace.rcu, regions_over);
}

/* ---- expedited ----------------------------------------------------------- */

/*
 * An expedited grace period looks for sections busily, for up to a tick. One that
 * was interrupted on this processor, or sleeps, does not end meanwhile, so leave
 * the processor to it first. Not for long: until the grace period has begun to
 * look, sections that begin are among those that it waits for, and where there
 * are other processors they may never come to an end.
 *
 * Return: false if sections are open and none has ended all the time.
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
	/* where a short sleep takes a tick, a callback is called as soon */
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

/* The expediter waits for a section that sleeps: it goes back to sleep. */
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
	unsigned long ended;
	bool busy;
	u64 start;

	if (await == KGC_AWAIT_REGIONS) {
		synchronize_rcu_expedited();
		return;
	}
	queue_delayed_work(kgc_wq, &grace->awake, AWAKE_TICKS);
	busy = kgc_srcu_busy(&heap->front.srcu, heap->sections.side, &ended);
	start = ktime_get_ns();
	synchronize_srcu_expedited(&heap->front.srcu);
	if (busy)
		kgc_share_expedited(heap, ktime_get_ns() - start);
	cancel_delayed_work_sync(&grace->awake);
}

/* Context: the expediter; the cycle waits for @await. */
static void expedite(struct kgc_heap *heap, enum kgc_await await)
{
	bool sections = await == KGC_AWAIT_SECTIONS;
	bool move = !sections || let_sections_end(heap);
	bool calls = !move || (sections && KGC_CALLS_SRCU_EXPEDITED);

	if (!calls)
		synchronize(heap, await);
	/* before the cycle goes on, since it may want the expediter at once */
	atomic_set_release(&heap->grace.expediter, KGC_EXPEDITER_READY);
	if (!calls)
		grace_end(heap);
	else if (move)
		kgc_call_srcu_expedited(&heap->front.srcu, &heap->grace.rcu,
					sections_over);
	else
		wait_at_leisure(heap, await);
}

/* Nothing to do, for now or for good. Return: whether the thread leaves. */
static bool expediter_rests(struct kgc_heap *heap)
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
		} else if (expediter_rests(heap)) {
			__set_current_state(TASK_RUNNING);
			return 0;
		}
	}
}

/* The last expediter, if any, has left or is told to. Context: may sleep. */
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
	/* a thread that is new would wait for the slices of the mutators */
	sched_set_fifo_low(thread);
	wake_up_process(thread);
	/* @thread comes first: pairs with expediter_take() */
	atomic_set_release(&grace->expediter, KGC_EXPEDITER_READY);
}

/* Have an expediter for the next wait. Context: the state machine. */
static void expediter_prepare(struct kgc_grace *grace)
{
	int none = KGC_EXPEDITER_NONE;

	if (atomic_try_cmpxchg(&grace->expediter, &none, KGC_EXPEDITER_MAKING))
		/* not on kgc_wq, whose rescuer has cycles to run */
		schedule_work(&grace->make);
}

/* Whether there is one for the next wait; it may leave at any time. */
static bool expediter_ready(struct kgc_grace *grace)
{
	return atomic_read(&grace->expediter) == KGC_EXPEDITER_READY;
}

/* Leave a wait to the expediter. Return: false if there is none. */
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

/* Wait for @await, sections or regions; then the state machine goes on. */
void kgc_grace_begin(struct kgc_heap *heap, enum kgc_await await)
{
	bool hurry = kgc_pace_grace_begin(heap);

	if (await == KGC_AWAIT_SECTIONS)
		kgc_sections_wait_begin(heap);
	WRITE_ONCE(heap->grace.waiting, await);
	/* the cycle now waits for some of the sections that are throttled */
	kgc_throttle_wake(heap);
	if (hurry && expediter_ready(&heap->grace) &&
	    kgc_share_expedite(heap, await) && expediter_take(&heap->grace, await))
		return;
	if (hurry || kgc_pace_may_hurry(heap))
		expediter_prepare(&heap->grace);
	wait_at_leisure(heap, await);
}

void kgc_grace_init(struct kgc_heap *heap)
{
	atomic_set(&heap->grace.expediter, KGC_EXPEDITER_NONE);
	INIT_WORK(&heap->grace.make, expediter_make);
	INIT_DELAYED_WORK(&heap->grace.awake, keep_awake);
}

/*
 * Whatever is waited for, nothing of it runs any more. No section is left, and the work
 * that begins grace periods is cancelled. Context: may sleep, also while the machine is
 * being suspended.
 */
void kgc_grace_stop(struct kgc_heap *heap)
{
	cancel_work_sync(&heap->grace.make);
	expediter_reap(&heap->grace);
	/*
	 * A callback touches the heap after it has said that it is over. RCU's
	 * barrier waits for everybody's, so a heap at rest does without.
	 */
	/* pairs with regions_over() */
	if (atomic_read_acquire(&heap->grace.callbacks))
		rcu_barrier();
	kgc_srcu_drain(&heap->front.srcu);
}
