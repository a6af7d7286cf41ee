// SPDX-License-Identifier: GPL-2.0
/*
 * The grace periods of a cycle, waited for without a thread: by a callback, and
 * when it is urgent by one of a small number of threads set aside for that, which
 * wait for an expedited one.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "../compat.h"
#include "grace.h"
#include "heap.h"
#include "pace.h"
#include "request.h"
#include "section.h"
#include "throttle.h"
#include "work.h"

#define EXPEDITED_HEAPS	64	/* at a time, in threads of their own */
#define LET_END_US	40	/* between looks whether sections have ended */
#define LET_END_ALONE_NS	(2 * NSEC_PER_MSEC)	/* in all, on one processor */
#define LET_END_BESIDE_NS	(200 * NSEC_PER_USEC)	/* and on several */

/*
 * Expedited grace periods can only be waited for by a thread. So that a stuck
 * section holds up nobody else, each has a thread or is not hurried.
 */
static struct workqueue_struct *expedite_wq;
static atomic_t expediting;

static void grace_end(struct kgc_heap *heap)
{
	if (heap->grace.waiting == KGC_AWAIT_SECTIONS)
		kgc_sections_wait_end(heap);
	kgc_pace_grace_end(heap);
	/* what the grace period ordered is seen: pairs with kgc_grace_pending() */
	smp_store_release(&heap->grace.waiting, KGC_AWAIT_NOTHING);
	kgc_throttle_wake(heap);
	kgc_request_kick(heap);
}

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

/*
 * A hurried grace period looks for sections busily, for up to a tick. One that
 * was interrupted on this processor, or sleeps, does not end meanwhile, so leave
 * the processor to it first. Not for long: until the grace period has begun to
 * look, sections that begin are among those that it waits for, and where there
 * are other processors they never come to an end.
 */
static void let_sections_end(struct kgc_heap *heap)
{
	u64 ns = num_online_cpus() > 1 ? LET_END_BESIDE_NS : LET_END_ALONE_NS;
	u64 end = ktime_get_ns() + ns;

	/* a sleep that takes ticks is worse than the search */
	if (hrtimer_resolution > LET_END_US * NSEC_PER_USEC)
		return;
	while (kgc_srcu_busy(&heap->front.srcu, heap->sections.side) &&
	       ktime_get_ns() < end)
		usleep_range_state(LET_END_US, LET_END_US + LET_END_US / 4,
				   TASK_IDLE);
}

static void expedite_work(struct work_struct *work)
{
	struct kgc_heap *heap = container_of(work, struct kgc_heap,
					     grace.expedite);

	kgc_work_woken(&heap->work);
	if (heap->grace.waiting == KGC_AWAIT_SECTIONS) {
		let_sections_end(heap);
		synchronize_srcu_expedited(&heap->front.srcu);
	} else {
		synchronize_rcu_expedited();
	}
	atomic_dec(&expediting);
	grace_end(heap);
}

/* Wait for @await, sections or regions; then the state machine goes on. */
void kgc_grace_begin(struct kgc_heap *heap, enum kgc_await await)
{
	struct kgc_grace *grace = &heap->grace;
	bool expedite = kgc_pace_grace_begin(heap);

	if (await == KGC_AWAIT_SECTIONS)
		kgc_sections_wait_begin(heap);
	WRITE_ONCE(grace->waiting, await);
	/* the cycle now waits for some of the sections that are throttled */
	kgc_throttle_wake(heap);
	if (expedite && atomic_add_unless(&expediting, 1, EXPEDITED_HEAPS)) {
		queue_work(expedite_wq, &grace->expedite);
	} else if (await == KGC_AWAIT_SECTIONS) {
		call_srcu(&heap->front.srcu, &grace->rcu, sections_over);
	} else {
		/* the last callback may not have counted itself out yet */
		atomic_inc(&grace->callbacks);
		call_rcu_hurry(&grace->rcu, regions_over);
	}
}

void kgc_grace_init(struct kgc_heap *heap)
{
	INIT_WORK(&heap->grace.expedite, expedite_work);
}

/*
 * Whatever is waited for, nothing of it runs any more. The work that begins grace
 * periods is cancelled. Context: may sleep.
 */
void kgc_grace_stop(struct kgc_heap *heap)
{
	/* it does not run while the machine is suspended, so do not wait for it */
	if (cancel_work_sync(&heap->grace.expedite))
		atomic_dec(&expediting);
	/*
	 * A callback touches the heap after it has said that it is over. RCU's
	 * barrier waits for everybody's, so a heap at rest does without.
	 */
	/* pairs with regions_over() */
	if (atomic_read_acquire(&heap->grace.callbacks))
		rcu_barrier();
	srcu_barrier(&heap->front.srcu);
}

int kgc_graces_init(void)
{
	expedite_wq = alloc_workqueue("kgc_expedite",
				      WQ_UNBOUND | WQ_FREEZABLE | WQ_MEM_RECLAIM,
				      EXPEDITED_HEAPS);
	return expedite_wq ? 0 : -ENOMEM;
}

void kgc_graces_exit(void)
{
	destroy_workqueue(expedite_wq);
}
