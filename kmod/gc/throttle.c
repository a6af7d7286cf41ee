// SPDX-License-Identifier: GPL-2.0
/*
 * Throttling of mutators that outrun their heap's collector.
 *
 * A mutator that refills its cache is delayed for a moment if its gfp allows sleep:
 *
 *	the cycle's work item waits for CPU time, and the heap is past the middle of the
 *	runway, or past its begin if CPU time is scarce:
 *		the mutator helps the cycle, for longer the more the heap has grown, at
 *		most KGC_THROTTLE_US
 *	a cycle runs, and the heap is past the goal:
 *		the mutator sleeps, together with its help at most KGC_THROTTLE_US, or
 *		KGC_THROTTLE_LIMIT_US near a hard limit
 *	a cycle waits for an expedited grace period:
 *		the mutator sleeps, at most YIELD_US
 *
 * The sleep ends with the phase in which the mutator's section began, because the next
 * phase waits for that section. So the collector gets the CPU, and meanwhile the heap
 * grows by at most one span for each mutator. A throttled mutator never waits for the end
 * of a cycle.
 *
 * A section is never throttled if the current grace period waits for it. The grace period
 * waits for each section that began in an older phase. An expedited SRCU grace period also
 * waits for each section on the side of SRCU that was current when the grace period began:
 * SRCU switches sides, then polls until the old side is empty. Sections that begin after
 * the switch are on the new side.
 *
 * The side is a hint, because it comes from SRCU's index: a section that is interrupted
 * while it begins may be on the old side although it began after the switch. The hint
 * counts for SRCU_HINT_US only. Without that bound, mutators that never sleep would all stay
 * on the old side, keep SRCU from switching, and never be throttled.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/seq_file.h>

#include "../alloc/alloc.h"
#include "../alloc/histogram.h"
#include "../compat.h"
#include "grace.h"
#include "heap.h"
#include "pace.h"
#include "request.h"
#include "throttle.h"
#include "trace.h"
#include "work.h"

#define YIELD_US	200U
#define SRCU_HINT_US	2000U
#define MIN_FREED_DIV	64U	/* a cycle that frees less than a 64th frees little */
#define MIN_BACKOFF	((unsigned long)HZ / 10)
#define MAX_BACKOFF	((unsigned long)HZ * 10)
#define STOCK_RETRY_MS	10	/* delay of the next try after one without memory */

/* Whether mutators have allocated past the goal of the current cycle. Context: any. */
bool kgc_throttle_past_goal(struct kgc_heap *heap)
{
	return kgc_allocator_charged(&heap->alloc) >=
	       READ_ONCE(heap->pace.pacer.room);
}

/* Whether the current grace period may wait for a section of @mode. A hint. */
static bool blocks_grace_period(struct kgc_heap *heap, unsigned int mode)
{
	struct kgc_pace *pace = &heap->pace;

	if ((READ_ONCE(heap->front.mode) ^ mode) &
	    ~(KGC_MODE_SIDE | KGC_MODE_TRACK))
		return true;
	return kgc_grace_kind(&heap->grace) == KGC_AWAIT_SECTIONS &&
	       READ_ONCE(pace->expedited) &&
	       READ_ONCE(heap->sections.side) == !!(mode & KGC_MODE_SIDE) &&
	       ktime_get_ns() - READ_ONCE(pace->grace_ns) <
	       SRCU_HINT_US * NSEC_PER_USEC;
}

/* Return: for how many us at most to delay a mutator that refills its cache now. */
static unsigned int throttle_us(struct kgc_heap *heap, unsigned int mode)
{
	unsigned int us;

	if (kgc_request_idle(&heap->request) || blocks_grace_period(heap, mode))
		return 0;
	us = kgc_pacer_throttle_us(kgc_allocator_charged(&heap->alloc),
				   READ_ONCE(heap->pace.pacer.room),
				   READ_ONCE(heap->pace.pacer.ceiling));
	if (READ_ONCE(heap->pace.expedited) &&
	    kgc_grace_kind(&heap->grace) != KGC_AWAIT_NOTHING)
		us = max(us, YIELD_US);
	return us;
}

/* Return: for how many us at most a mutator that refills its cache now helps the cycle. */
static unsigned int help_us(struct kgc_heap *heap, unsigned int mode)
{
	if (kgc_request_idle(&heap->request) || blocks_grace_period(heap, mode))
		return 0;
	return kgc_pacer_help_us(kgc_allocator_charged(&heap->alloc),
				 READ_ONCE(heap->pace.pacer.help));
}

/* Let the caller help the cycle, then sleep. Return: for how many ns it was delayed. */
static u64 throttle(struct kgc_heap *heap, unsigned int mode)
{
	u64 start, begin, end, ns;

	/* most refills are not delayed: do not make them read the clock */
	if (!help_us(heap, mode) && !throttle_us(heap, mode))
		return 0;
	begin = ktime_get_ns();
	start = begin;
	while (start - begin < help_us(heap, mode) * NSEC_PER_USEC &&
	       kgc_request_help(heap, true))
		start = ktime_get_ns();
	end = start;
	ns = throttle_us(heap, mode) * NSEC_PER_USEC;
	if (ns > start - begin) {
		wait_event_hrtimeout(heap->throttle.waitq, !throttle_us(heap, mode),
				     ns_to_ktime(ns - (start - begin)));
		end = ktime_get_ns();
		kgc_histogram_add(&heap->throttle.slept, end - start);
	}
	trace_kgc_throttle(heap->id, start - begin, end - start);
	return end - begin;
}

/*
 * Let throttled mutators look again: a phase, a grace period or the cycle has begun or
 * ended. Context: any but NMI.
 */
void kgc_throttle_wake(struct kgc_heap *heap)
{
	/* no barrier: the timeout wakes a sleeper that this misses */
	if (waitqueue_active(&heap->throttle.waitq))
		wake_up_all(&heap->throttle.waitq);
}

/* ---- at a limit ------------------------------------------------------------- */

/*
 * A cycle begins. It may miss objects that die from now on, so references dropped from
 * now on count for the next cycle. Context: the state machine.
 */
void kgc_throttle_cycle_begin(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->throttle.refs_dropped, false);
}

/**
 * kgc_throttle_cycle_over() - learn whether cycles at a limit are worth their cost
 * @heap: the heap
 * @for_limit: a limit was a reason for the cycle: it had lowered the goal, or refused an
 *	allocation
 * @freed: bytes freed during the cycle
 * @live: bytes that the cycle found alive
 *
 * Context: the state machine.
 */
void kgc_throttle_cycle_over(struct kgc_heap *heap, bool for_limit, u64 freed,
			     u64 live)
{
	struct kgc_throttle *th = &heap->throttle;
	unsigned long backoff;

	if (freed && freed >= (freed + live) / MIN_FREED_DIV) {
		WRITE_ONCE(th->backoff, 0);
	} else if (for_limit) {
		backoff = clamp(2 * th->backoff, MIN_BACKOFF, MAX_BACKOFF);
		WRITE_ONCE(th->limit, kgc_charge_limit(&heap->alloc));
		WRITE_ONCE(th->backoff_until, jiffies + backoff);
		WRITE_ONCE(th->backoff, backoff);
	}
}

/*
 * Whether a refused allocation may request a cycle: the last cycle freed enough, objects
 * may have died since, the backoff is over, or the limit has changed. Context: any but
 * NMI.
 */
static bool may_collect(struct kgc_heap *heap)
{
	struct kgc_throttle *th = &heap->throttle;

	return !READ_ONCE(th->backoff) || READ_ONCE(th->refs_dropped) ||
	       time_after(jiffies, READ_ONCE(th->backoff_until)) ||
	       READ_ONCE(th->limit) != kgc_charge_limit(&heap->alloc);
}

/* A limit or the kernel refused an allocation. Context: any but NMI. */
static void refused(struct kgc_heap *heap)
{
	/* a cycle that runs or has been requested is enough */
	if (!kgc_request_idle(&heap->request) || !may_collect(heap))
		return;
	kgc_request_cycles(heap, 1, KGC_REASON_LIMIT);
}

/**
 * kgc_throttle_relief() - wait for a cycle that may make an allocation possible
 * @heap: the heap, which has just refused an allocation
 * @end: when to give up, in jiffies; 0 before the first call, which sets it to
 *	KGC_RELIEF_MS from now
 *
 * The function does not wait if no cycle is under way, or if the heap is not near a
 * limit. While it waits, the thread helps the cycle.
 *
 * Context: process context, outside of sections of the heap: the cycle waits for those.
 * Return: whether the caller should try again.
 */
bool kgc_throttle_relief(struct kgc_heap *heap, unsigned long *end)
{
	struct kgc_request *rq = &heap->request;

	if (!*end)
		*end = (jiffies + msecs_to_jiffies(KGC_RELIEF_MS)) ?: 1;
	if (time_after_eq(jiffies, *end) || kgc_request_idle(rq) || fatal_signal_pending(current) ||
	    !kgc_charge_would_exceed(&heap->alloc, KGC_ARENA_MAX_PAGES * KGC_PAGE_SIZE))
		return false;
	return kgc_request_wait(heap, READ_ONCE(rq->wanted), *end - jiffies);
}

/* ---- without a slot at hand ------------------------------------------------- */

static void stock_work(struct work_struct *work)
{
	struct kgc_throttle *th = container_of(to_delayed_work(work),
					       struct kgc_throttle, stock);
	struct kgc_heap *heap = container_of(th, struct kgc_heap, throttle);
	struct kgc_section s;

	kgc_work_woken(&heap->work);
	if (READ_ONCE(heap->dying))
		return;
	/* make spans inside a section: the tracer halts sections while it counts spans */
	s = kgc_enter(heap);
	WRITE_ONCE(th->stock_failed, !kgc_stock_fill(&heap->alloc));
	kgc_exit(s);
	if (th->stock_failed)
		refused(heap);
}

/*
 * Have a work item make spans, because the caller may not sleep. Context: any but NMI,
 * inside a section, so that kgc_throttle_stop() comes later.
 */
static void starved(struct kgc_heap *heap)
{
	struct kgc_throttle *th = &heap->throttle;

	/* not on kgc_wq: its rescuer has to run cycles, and this needs memory */
	schedule_delayed_work(&th->stock, READ_ONCE(th->stock_failed) ?
					  msecs_to_jiffies(STOCK_RETRY_MS) : 0);
}

/* ---- what the allocator calls ------------------------------------------------- */

/*
 * The allocator calls because of @why. Context: any but NMI. With KGC_PRESSURE_GROWTH the
 * caller is inside a section, @mode is its kgc_sided_mode(), and the call may sleep for a
 * moment if @gfp allows. With KGC_PRESSURE_LIMIT there may be no section. Return: for how
 * many ns the caller was delayed.
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
	if (!kgc_request_idle(&heap->request) && kgc_throttle_past_goal(heap))
		kgc_pace_behind(heap);
	if (!gfpflags_allow_blocking(gfp) || current->flags & PF_MEMALLOC)
		return 0;
	return throttle(heap, mode);
}

void kgc_throttle_show(struct seq_file *m, struct kgc_heap *heap)
{
	const struct kgc_histogram *slept = &heap->throttle.slept;

	seq_printf(m, "Throttled %llu\nThrottledUs %llu\n", kgc_histogram_nr(slept),
		   div_u64(atomic64_read(&slept->sum_ns), NSEC_PER_USEC));
}

void kgc_throttle_init(struct kgc_heap *heap)
{
	init_waitqueue_head(&heap->throttle.waitq);
	INIT_DELAYED_WORK(&heap->throttle.stock, stock_work);
	kgc_allocator_on_pressure(&heap->alloc, throttle_pressure);
}

/* Context: the heap is dying and no section is open; may sleep. */
void kgc_throttle_stop(struct kgc_heap *heap)
{
	cancel_delayed_work_sync(&heap->throttle.stock);
}
