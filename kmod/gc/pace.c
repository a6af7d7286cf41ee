// SPDX-License-Identifier: GPL-2.0
/*
 * The pace of one heap's collector.
 *
 * The allocator counts the bytes of spans that caches take, and of large objects
 * (kgc_allocator.charged). It calls the collector once they reach the allowance:
 *
 *	between cycles		the pacer's allowance: the next cycle begins
 *	during a cycle		the bytes until mutators help the cycle; 0 if the
 *				pacer decided that its grace periods are urgent
 *	after a cycle		0: the first allocation calls the collector, which
 *				sets the timer of the period
 *
 * Other events set the timer too, because they may leave garbage: a handle or root is
 * dropped, a finalizer has run, the device stores a reference, a lookup of a weak
 * reference keeps its target. Without allocations and such events the timer is not set.
 */
#include <linux/ktime.h>
#include <linux/seq_file.h>

#include "../alloc/alloc.h"
#include "../compat.h"
#include "heap.h"
#include "mark.h"
#include "pace.h"
#include "request.h"
#include "share.h"
#include "work.h"

#define EXPEDITED_ROUND	3	/* first termination round that is urgent */

static struct kgc_pacer_limits pace_limits(struct kgc_heap *heap)
{
	return (struct kgc_pacer_limits){
		.gogc = READ_ONCE(heap->opt.gogc),
		.soft_limit = READ_ONCE(heap->opt.soft_limit),
		.max_bytes = kgc_charge_max_bytes(&heap->alloc),
	};
}

/* ---- when a cycle begins ------------------------------------------------- */

/* Set the timer unless it is set. Context: @lock is held. */
static void period_arm(struct kgc_heap *heap, struct kgc_pace *pace)
{
	unsigned long period = READ_ONCE(heap->opt.period_ms);

	lockdep_assert_held(&pace->lock);
	if (!period || pace->armed || READ_ONCE(heap->dying))
		return;
	pace->armed = true;
	pace->deadline = jiffies + msecs_to_jiffies(period);
	mod_delayed_work(kgc_wq, &pace->timer, msecs_to_jiffies(period));
}

/* Cancel the timer. Its work item may run all the same. Context: @lock is held. */
static void period_disarm(struct kgc_pace *pace)
{
	lockdep_assert_held(&pace->lock);
	if (!pace->armed)
		return;
	pace->armed = false;
	cancel_delayed_work(&pace->timer);
}

static void pace_timer(struct work_struct *work)
{
	struct kgc_pace *pace = container_of(to_delayed_work(work),
					     struct kgc_pace, timer);
	struct kgc_heap *heap = container_of(pace, struct kgc_heap, pace);
	bool due;

	kgc_work_woken(&heap->work);
	scoped_guard(raw_spinlock_irq, &pace->lock) {
		/* a cycle that ended meanwhile may have set a later deadline */
		due = pace->armed && time_after_eq(jiffies, pace->deadline);
		if (due)
			pace->armed = false;
	}
	if (due)
		kgc_request_cycles(heap, 1, KGC_REASON_PERIOD);
}

/* The option has changed. If the timer was needed, a full new period begins now. */
void kgc_pace_period_changed(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	guard(raw_spinlock_irq)(&pace->lock);
	period_disarm(pace);
	if (pace->dropped || kgc_allocator_charged(&heap->alloc) > 0)
		period_arm(heap, pace);
}

/*
 * An object may have become garbage without an allocation: have a cycle begin within the
 * period. Only the first call since the last cycle began takes the lock.
 *
 * A section that finds the flag set relies on the cycle that clears the flag. The cycle
 * clears it before it publishes ARM. Either the grace period after ARM waits for the
 * section, and the cycle scans roots after the reference is gone. Or the section began
 * later, and finds the flag cleared. See dropped-arm.litmus.
 *
 * Context: any but NMI, inside the section that dropped the reference; or the state
 * machine.
 */
void kgc_pace_dropped(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	if (READ_ONCE(pace->dropped))
		return;
	guard(raw_spinlock_irqsave)(&pace->lock);
	WRITE_ONCE(pace->dropped, true);
	period_arm(heap, pace);
}

/*
 * The allowance is used up, or is still the 0 that the last cycle left. Context: any but
 * NMI; the caller has seen that no cycle runs.
 */
void kgc_pace_due(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;
	struct kgc_allocator *a = &heap->alloc;
	enum kgc_reason reason;
	bool due;

	scoped_guard(raw_spinlock_irqsave, &pace->lock) {
		due = kgc_allocator_charged(a) >= pace->pacer.allowance;
		reason = pace->pacer.limited ? KGC_REASON_LIMIT : KGC_REASON_GROWTH;
		kgc_allocator_allow(a, due ? pace->pacer.help : pace->pacer.allowance);
		if (!due)
			period_arm(heap, pace);
	}
	if (due)
		kgc_request_cycles(heap, 1, reason);
}

/* A mutator found the heap past its goal during a cycle. Context: any but NMI. */
void kgc_pace_behind(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->pace.behind, true);
}

/* ---- which grace periods are urgent ---------------------------------------- */

/* A cycle begins. Context: the state machine; also below, unless noted otherwise. */
void kgc_pace_begin(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	scoped_guard(raw_spinlock_irq, &pace->lock) {
		WRITE_ONCE(pace->behind, false);
		/* before ARM is published: see kgc_pace_dropped() */
		WRITE_ONCE(pace->dropped, false);
		WRITE_ONCE(pace->yield, pace->pacer.expedite);
		kgc_allocator_allow(&heap->alloc,
				    pace->pacer.expedite ? 0 : pace->pacer.help);
	}
	memset(pace->grace_us, 0, sizeof(pace->grace_us));
	memset(pace->nr_graces, 0, sizeof(pace->nr_graces));
	pace->in_grace = 0;
}

/*
 * Whether the next grace period is urgent: the cycle is late, a thread waits for it, or
 * lookups of weak references have spoiled several rounds. The shorter a round is, the
 * less likely a lookup spoils it.
 */
static bool pace_urgent(struct kgc_heap *heap)
{
	if (READ_ONCE(heap->pace.yield) || READ_ONCE(heap->pace.behind) ||
	    kgc_request_has_waiters(&heap->request))
		return true;
	return heap->cycle.step == KGC_STEP_ROUND &&
	       heap->cycle.now.rounds >= EXPEDITED_ROUND;
}

/* The cycle begins to wait for a grace period. Return: whether that is urgent. */
bool kgc_pace_grace_begin(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	WRITE_ONCE(pace->grace_ns, ktime_get_ns());
	pace->grace_at = kgc_allocator_charged(&heap->alloc);
	WRITE_ONCE(pace->expedited, pace_urgent(heap));
	return pace->expedited;
}

/* Whether later grace periods of this cycle may be urgent, because mutators allocate. */
bool kgc_pace_may_expedite(struct kgc_heap *heap)
{
	return heap->cycle.now.reason == KGC_REASON_GROWTH ||
	       heap->cycle.now.reason == KGC_REASON_LIMIT;
}

/*
 * The grace period is normal, even if kgc_pace_grace_begin() said it is urgent.
 * Context: the state machine or the expediter.
 */
void kgc_pace_unexpedited(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	pace->nr_unexpedited += pace->expedited;
	WRITE_ONCE(pace->expedited, false);
}

/*
 * The grace period is over. Context: as grace_end(), a callback or the expediter.
 * Return: how long it was, in ns.
 */
u64 kgc_pace_grace_end(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;
	u64 ns = ktime_get_ns() - pace->grace_ns;

	pace->grace_us[pace->expedited] += div_u64(ns, NSEC_PER_USEC);
	pace->nr_graces[pace->expedited]++;
	pace->in_grace += max_t(s64, kgc_allocator_charged(&heap->alloc) -
				     pace->grace_at, 0);
	return ns;
}

/* ---- what the pacer learns from a cycle ------------------------------------- */

/*
 * Every cache is flushed: count allocations from 0 again. Only the end of the sweep tells
 * exactly how many bytes are alive. Until then mutators are throttled by an estimate.
 *
 * @begin_ns: when the cycle began
 * @charged_begin: bytes charged at @begin_ns
 * Return: heap size at the flush, in bytes.
 */
u64 kgc_pace_flushed(struct kgc_heap *heap, u64 begin_ns, s64 charged_begin)
{
	struct kgc_pacer_limits limits;
	struct kgc_pace *pace = &heap->pace;
	u64 now = ktime_get_ns(), objects, bytes;
	s64 charged = kgc_allocator_charged_reset(&heap->alloc);
	u64 cpu = atomic64_read(&heap->work.cpu_ns) +
		  atomic64_read(&heap->work.mutator_ns);
	struct kgc_pacer_cycle measured = {
		.charged = max_t(s64, charged, 0),
		.during = max_t(s64, charged - charged_begin, 0),
		.in_grace = pace->in_grace,
		.interval_us = div_u64(now - pace->flush_ns, NSEC_PER_USEC),
		.cycle_us = div_u64(now - begin_ns, NSEC_PER_USEC),
		.normal_us = pace->grace_us[false],
		.expedited_us = pace->grace_us[true],
		.cpu_us = div_u64(cpu - pace->cpu_ns, NSEC_PER_USEC),
		.share_us = div_u64(kgc_share_ns(heap, now - pace->flush_ns),
				    NSEC_PER_USEC),
		.nr_normal = pace->nr_graces[false],
		.nr_expedited = pace->nr_graces[true],
	};

	/* an upper bound: objects marked, or allocated since the cycle began */
	kgc_mark_totals(heap, &objects, &bytes);
	measured.live = bytes + measured.during;
	pace->flush_ns = now;
	pace->cpu_ns = cpu;
	guard(raw_spinlock_irq)(&pace->lock);
	limits = pace_limits(heap);
	kgc_pacer_update(&pace->pacer, &measured, &limits);
	kgc_allocator_allow(&heap->alloc, pace->pacer.help);
	return pace->pacer.peak;
}

/* The sweep found @live bytes alive. Return: the goal of the next cycle. */
u64 kgc_pace_end(struct kgc_heap *heap, u64 live)
{
	struct kgc_pace *pace = &heap->pace;
	struct kgc_pacer_limits limits;

	guard(raw_spinlock_irq)(&pace->lock);
	limits = pace_limits(heap);
	kgc_pacer_retarget(&pace->pacer, live, &limits);
	period_disarm(pace);
	/* allocations since the flush have not set the timer: a cycle was running */
	if (pace->dropped || kgc_allocator_charged(&heap->alloc) > 0)
		period_arm(heap, pace);
	kgc_allocator_allow(&heap->alloc, 0);
	return pace->pacer.goal;
}

/*
 * The cycle now counts as complete. Allocations between kgc_pace_end() and this moment have
 * found a cycle under way, and have not set the timer. Context: the state machine.
 */
void kgc_pace_rearm(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	/*
	 * A refill whose charge is not seen here sees that the cycle is complete: pairs
	 * with kgc_allocator_charge().
	 */
	smp_mb();
	guard(raw_spinlock_irq)(&pace->lock);
	if (kgc_allocator_charged(&heap->alloc) > 0)
		period_arm(heap, pace);
}

/*
 * How far mutators had passed the goal at the last flush, without what they allocated
 * during grace periods. Context: the state machine. Return: bytes.
 */
u64 kgc_pace_overshoot(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	guard(raw_spinlock_irq)(&pace->lock);
	return pace->pacer.overshoot - pace->pacer.overshoot_grace;
}

/* Bytes that mutators are likely to allocate within a second, but not past the goal. */
u64 kgc_pace_growth(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	guard(raw_spinlock_irq)(&pace->lock);
	return min_t(u64, pace->pacer.room, pace->pacer.rate * MSEC_PER_SEC);
}

/* An option that the goal depends on has changed. Context: any but NMI. */
void kgc_pace_repace(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;
	struct kgc_pacer_limits limits;

	guard(raw_spinlock_irqsave)(&pace->lock);
	limits = pace_limits(heap);
	kgc_pacer_retarget(&pace->pacer, pace->pacer.live, &limits);
	/* the next refill calls the collector, which checks whether a cycle is due */
	kgc_allocator_allow(&heap->alloc, 0);
}

void kgc_pace_show(struct seq_file *m, struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;
	struct kgc_pacer p;

	scoped_guard(raw_spinlock_irq, &pace->lock)
		p = pace->pacer;
	seq_printf(m, "LiveEstimateBytes %llu\nNextGC %llu\nAllowanceBytes %lld\nRunwayBytes %llu\n",
		   p.live, p.goal, p.allowance, p.runway);
	seq_printf(m, "AllocBytesPerMs %llu\nWorkUs %llu\nNormalGraceUs %llu\nExpeditedGraceUs %llu\n",
		   p.rate, p.work_us, p.normal_us, p.expedited_us);
	seq_printf(m, "OvershootBytes %llu\nOvershootGraceBytes %llu\nLimited %u\nExpediteNext %u\nShareShort %u\n",
		   p.overshoot, p.overshoot_grace, p.limited, p.expedite, p.share_short);
	seq_printf(m, "PeriodArmed %u\nWakeups %lld\nUnexpedited %llu\n",
		   READ_ONCE(pace->armed), atomic64_read(&heap->work.wakeups),
		   READ_ONCE(pace->nr_unexpedited));
}

void kgc_pace_init(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	raw_spin_lock_init(&pace->lock);
	INIT_DELAYED_WORK(&pace->timer, pace_timer);
	pace->flush_ns = ktime_get_ns();
	kgc_pace_repace(heap);
}

/* The heap is dying, and no section is left. Context: may sleep. */
void kgc_pace_stop(struct kgc_heap *heap)
{
	cancel_delayed_work_sync(&heap->pace.timer);
}
