// SPDX-License-Identifier: GPL-2.0
/*
 * Slowing down mutators that outrun their heap's collector.
 *
 * A mutator that refills its cache is kept for a moment, if its gfp lets it sleep:
 *
 *	past the middle of the runway, while the cycle's work item waits for CPU time:
 *		it runs the cycle's steps, for longer the farther it is past, at most
 *		KGC_THROTTLE_US
 *	past the goal, while a cycle runs: it sleeps, at most KGC_THROTTLE_US with
 *		what it has helped, near a hard limit KGC_THROTTLE_LIMIT_US
 *	while the cycle waits for an expedited grace period: it sleeps, at most
 *		YIELD_US
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
#include <linux/module.h>
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
#define LITTLE		16U	/* a cycle that frees no such part of a heap frees little */
#define LEAST_BACKOFF	((unsigned long)HZ / 10)
#define MOST_BACKOFF	((unsigned long)HZ * 10)
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
				   READ_ONCE(heap->pace.pacer.room),
				   READ_ONCE(heap->pace.pacer.ceiling));
	if (READ_ONCE(heap->pace.yield) &&
	    kgc_grace_kind(&heap->grace) != KGC_AWAIT_NOTHING)
		us = max(us, YIELD_US);
	return us;
}

/* How long it may be kept busy with work of the cycle's. */
static unsigned int help_us(struct kgc_heap *heap, unsigned int mode)
{
	if (kgc_request_idle(&heap->request) || is_waited_for(heap, mode))
		return 0;
	return kgc_pacer_help_us(kgc_allocator_charged(&heap->alloc),
				 READ_ONCE(heap->pace.pacer.help));
}

/* Return: for how many ns the caller was kept. */
static u64 throttle(struct kgc_heap *heap, unsigned int mode)
{
	u64 start, begin, ns;

	/* no clock is read when there is nothing to do */
	if (!help_us(heap, mode) && !throttle_us(heap, mode))
		return 0;
	begin = ktime_get_ns();
	start = begin;
	while (start - begin < help_us(heap, mode) * NSEC_PER_USEC &&
	       kgc_request_help(heap, true))
		start = ktime_get_ns();
	ns = throttle_us(heap, mode) * NSEC_PER_USEC;
	if (ns <= start - begin)
		return start - begin;
	wait_event_hrtimeout(heap->throttle.waitq, !throttle_us(heap, mode),
			     ns_to_ktime(ns - (start - begin)));
	ns = ktime_get_ns();
	atomic64_inc(&heap->throttle.nr);
	atomic64_add(ns - start, &heap->throttle.ns);
	return ns - begin;
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

/* ---- at a limit ------------------------------------------------------------- */

/* A cycle begins. What dies from now on it may miss. Context: the state machine. */
void kgc_throttle_cycle_begin(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->throttle.let_go, false);
}

/**
 * kgc_throttle_cycle_over() - learn whether it is worth to collect at a limit
 * @heap: the heap
 * @for_limit: a limit was why the cycle began
 * @freed: bytes it has found dead
 * @live: and alive
 *
 * Context: the state machine.
 */
void kgc_throttle_cycle_over(struct kgc_heap *heap, bool for_limit, u64 freed,
			     u64 live)
{
	struct kgc_throttle *th = &heap->throttle;
	unsigned long backoff;

	if (freed >= (freed + live) / LITTLE) {
		WRITE_ONCE(th->backoff, 0);
	} else if (for_limit) {
		backoff = clamp(2 * th->backoff, LEAST_BACKOFF, MOST_BACKOFF);
		WRITE_ONCE(th->most, kgc_charge_most(&heap->alloc));
		WRITE_ONCE(th->backoff_until, jiffies + backoff);
		WRITE_ONCE(th->backoff, backoff);
	}
}

/* Whether a refused allocation may begin a cycle. Context: any but NMI. */
static bool may_collect(struct kgc_heap *heap)
{
	struct kgc_throttle *th = &heap->throttle;

	return !READ_ONCE(th->backoff) || READ_ONCE(th->let_go) ||
	       time_after(jiffies, READ_ONCE(th->backoff_until)) ||
	       READ_ONCE(th->most) != kgc_charge_most(&heap->alloc);
}

/* An allocation is refused. Context: any but NMI. */
static void refused(struct kgc_heap *heap)
{
	/* one under way will help; one asked for is enough */
	if (!kgc_request_idle(&heap->request) || !may_collect(heap))
		return;
	kgc_request_cycles(heap, 1, KGC_REASON_LIMIT);
}

/**
 * kgc_throttle_relief() - wait for a cycle that may make an allocation possible
 * @heap: the heap, at a limit: an allocation has just been refused
 * @end: 0 at first; then the time at which to give up, KGC_RELIEF_MS later
 *
 * While there is one, the thread does what it can of it.
 *
 * Context: process context, in no section of the heap: the cycle waits for those.
 * Return: whether to try again.
 */
bool kgc_throttle_relief(struct kgc_heap *heap, unsigned long *end)
{
	struct kgc_request *rq = &heap->request;

	if (!*end)
		*end = (jiffies + msecs_to_jiffies(KGC_RELIEF_MS)) ?: 1;
	if (time_after_eq(jiffies, *end) || kgc_request_idle(rq) ||
	    !kgc_charge_near(&heap->alloc, KGC_ARENA_MAX_PAGES * KGC_PAGE_SIZE))
		return false;
	return kgc_request_wait(heap, READ_ONCE(rq->wanted), *end - jiffies);
}

/* ---- without memory at hand ------------------------------------------------- */

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

/* ---- what the allocator calls ------------------------------------------------- */

/*
 * The allocator calls: the allowance is used up, or memory is. @mode is what
 * kgc_sided_mode() says. Context: any but NMI, inside that section; may sleep
 * for a moment if @gfp allows. Return: for how many ns the caller has been throttled.
 */
static u64 throttle_pressure(struct kgc_allocator *a, enum kgc_pressure why,
			     unsigned int mode, gfp_t gfp)
{
	struct kgc_heap *heap = container_of(a, struct kgc_heap, alloc);

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
	return throttle(heap, mode);
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
