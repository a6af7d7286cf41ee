// SPDX-License-Identifier: GPL-2.0
/*
 * Slowing down mutators that outrun their heap's collector.
 *
 * A mutator that refills its cache sleeps for a moment, if its gfp lets it:
 *
 *	past the goal, while a cycle runs: the longer the farther, at most
 *		KGC_THROTTLE_US
 *	while the cycle waits for an expedited grace period: at most YIELD_US
 *
 * It sleeps no longer than the phase lasts in which its section began, because the
 * next phase waits for that section. So the collector gets the CPU, and the heap
 * grows by at most one span of each mutator in that time. No mutator ever waits for
 * a cycle.
 *
 * A section that the current grace period waits for is never throttled. That is any
 * section which began in an older phase. While an expedited SRCU grace period is
 * under way, it is also any section on the side of SRCU that was current when the
 * grace period was asked for: SRCU switches sides, then polls until the old side is
 * empty. Sections that begin afterwards are on the new side.
 *
 * The side is a hint, taken from SRCU's index: a section that was interrupted while
 * it began may be taken for one of the other side. The hint holds for SPARED_US.
 * Without that bound, mutators that never sleep would all be on the old side, keep
 * SRCU from switching, and never be throttled.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "../alloc/alloc.h"
#include "../compat.h"
#include "grace.h"
#include "heap.h"
#include "pace.h"
#include "request.h"
#include "throttle.h"
#include "work.h"

#define YIELD_US	200U
#define SPARED_US	2000U
#define UNSTOCKED_MS	10	/* until the next try when there was no memory */

static bool past_the_goal(struct kgc_heap *heap)
{
	return kgc_allocator_charged(&heap->alloc) >=
	       READ_ONCE(heap->pace.pacer.room);
}

/* Whether the cycle waits for a section of this mode. */
static bool is_waited_for(struct kgc_heap *heap, unsigned int mode)
{
	struct kgc_pace *pace = &heap->pace;

	if ((READ_ONCE(heap->front.mode) ^ mode) &
	    ~(KGC_MODE_SIDE | KGC_MODE_TRACK))
		return true;
	return kgc_grace_kind(&heap->grace) == KGC_AWAIT_SECTIONS &&
	       READ_ONCE(pace->hurried) &&
	       READ_ONCE(heap->sections.side) == !!(mode & KGC_MODE_SIDE) &&
	       ktime_get_ns() - READ_ONCE(pace->grace_ns) <
	       SPARED_US * NSEC_PER_USEC;
}

/* How long a mutator that refills now may be kept at most; 0 is not at all. */
static unsigned int throttle_us(struct kgc_heap *heap, unsigned int mode)
{
	unsigned int us;

	if (kgc_request_idle(&heap->request) || is_waited_for(heap, mode))
		return 0;
	us = kgc_pacer_throttle_us(kgc_allocator_charged(&heap->alloc),
				   READ_ONCE(heap->pace.pacer.room));
	if (READ_ONCE(heap->pace.yield) &&
	    kgc_grace_kind(&heap->grace) != KGC_AWAIT_NOTHING)
		us = max(us, YIELD_US);
	return us;
}

/* Return: for how many ns. */
static u64 throttle(struct kgc_heap *heap, unsigned int mode, unsigned int us)
{
	struct kgc_throttle *th = &heap->throttle;
	u64 ns = ktime_get_ns();

	wait_event_hrtimeout(th->waitq, !throttle_us(heap, mode),
			     ns_to_ktime(us * NSEC_PER_USEC));
	atomic64_inc(&th->nr);
	ns = ktime_get_ns() - ns;
	atomic64_add(ns, &th->ns);
	return ns;
}

/*
 * A phase, a grace period or the cycle has begun or ended. Context: any but NMI.
 */
void kgc_throttle_wake(struct kgc_heap *heap)
{
	/* a sleeper that is missed wakes up by its timeout */
	if (waitqueue_active(&heap->throttle.waitq))
		wake_up_all(&heap->throttle.waitq);
}

/* An allocation is refused for want of memory. Context: any but NMI. */
static void refused(struct kgc_heap *heap)
{
	kgc_pace_pressed(heap);
	/* one under way will help; one asked for is enough */
	if (kgc_request_idle(&heap->request))
		kgc_request_cycles(heap, 1, KGC_REASON_LIMIT);
}

static void stock_work(struct work_struct *work)
{
	struct kgc_throttle *th = container_of(to_delayed_work(work),
					       struct kgc_throttle, stock);
	struct kgc_heap *heap = container_of(th, struct kgc_heap, throttle);
	struct kgc_section s;

	kgc_work_woken(&heap->work);
	if (READ_ONCE(heap->dying))
		return;
	/* spans are made in sections only: the tracer counts them while none is open */
	s = kgc_enter(heap);
	WRITE_ONCE(th->unstocked, !kgc_stock_fill(&heap->alloc));
	kgc_exit(s);
	if (th->unstocked)
		refused(heap);
}

/* Have spans made where that may sleep. Context: any but NMI, inside a section. */
static void starved(struct kgc_heap *heap)
{
	struct kgc_throttle *th = &heap->throttle;

	/* not on kgc_wq, whose rescuer has cycles to run */
	schedule_delayed_work(&th->stock, READ_ONCE(th->unstocked) ?
					  msecs_to_jiffies(UNSTOCKED_MS) : 0);
}

/*
 * The allocator calls: the allowance is used up, or memory is. @mode is what
 * kgc_sided_mode() says. Context: any but NMI, inside that section; may sleep
 * for a moment if @gfp allows. Return: for how many ns the caller has been throttled.
 */
static u64 throttle_pressure(struct kgc_allocator *a, enum kgc_pressure why,
			     unsigned int mode, gfp_t gfp)
{
	struct kgc_heap *heap = container_of(a, struct kgc_heap, alloc);
	unsigned int us;

	if (why == KGC_PRESSURE_STARVED) {
		starved(heap);
		return 0;
	}
	if (why == KGC_PRESSURE_LIMIT) {
		refused(heap);
		return 0;
	}
	if (kgc_request_idle(&heap->request))
		kgc_pace_due(heap);
	if (!kgc_request_idle(&heap->request) && past_the_goal(heap))
		kgc_pace_behind(heap);
	if (!gfpflags_allow_blocking(gfp) || current->flags & PF_MEMALLOC)
		return 0;
	us = throttle_us(heap, mode);
	return us ? throttle(heap, mode, us) : 0;
}

void kgc_throttle_show(struct seq_file *m, struct kgc_heap *heap)
{
	struct kgc_throttle *th = &heap->throttle;

	seq_printf(m, "throttled %lld\nthrottled_us %llu\n",
		   atomic64_read(&th->nr),
		   div_u64(atomic64_read(&th->ns), NSEC_PER_USEC));
}

void kgc_throttle_init(struct kgc_heap *heap)
{
	init_waitqueue_head(&heap->throttle.waitq);
	INIT_DELAYED_WORK(&heap->throttle.stock, stock_work);
	kgc_allocator_on_pressure(&heap->alloc, throttle_pressure);
}

/* The heap is dying, no section is left. Context: may sleep. */
void kgc_throttle_stop(struct kgc_heap *heap)
{
	cancel_delayed_work_sync(&heap->throttle.stock);
}
