// SPDX-License-Identifier: GPL-2.0
/*
 * The pace of one heap's collector.
 *
 * The allocator counts bytes when a cache takes a span (kgc_allocator.charged)
 * and reports when they reach the allowance. What that is:
 *
 *	between cycles		the pacer's: here the next cycle begins
 *	while one runs		the room up to the goal: whoever passes it is
 *				slowed down; 0 when the pacer hurries the cycle
 *	after a cycle		0: the first allocation reports itself, which
 *				sets the timer of the period
 *
 * So a heap in which nothing is allocated has no timer and no work.
 *
 * Slowing down. A mutator that refills sleeps for a moment, if its gfp lets it,
 *
 *	past the goal, while a cycle runs: the longer the farther, at most
 *		KGC_THROTTLE_US
 *	while a hurried cycle waits for a grace period: at most YIELD_US
 *
 * and no longer than the phase lasts in which its section began: the next one
 * waits for that section. So the collector gets the CPU, the heap grows by a
 * span of each mutator at most in that time, and nobody ever waits for a cycle.
 *
 * Who is being waited for is not held up. That is a section which an older phase
 * began, and while the cycle waits for sections in a hurry also one on the side of
 * SRCU that was current when it began to: SRCU changes sides, then looks busily
 * until that one is empty. Sections that begin afterwards are on the other side
 * and nobody waits for them. That the side is SRCU's index is a hint: a section
 * that was interrupted as it began may be taken for one of the other side. And it
 * holds for SPARED_US only, so that mutators which never sleep, and before SRCU has
 * got to change sides all are on that one, cannot keep it from doing so.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "../compat.h"
#include "heap.h"
#include "pace.h"
#include "work.h"

#define YIELD_US	200U
#define SPARED_US	2000U
#define PRESSED_PERCENT	50	/* of all CPUs, near a limit or when outrun */

static struct kgc_pacer_limits pace_limits(struct kgc_heap *heap)
{
	return (struct kgc_pacer_limits){
		.gogc = READ_ONCE(heap->opt.gogc),
		.soft_limit = READ_ONCE(heap->alloc.soft_limit),
	};
}

static bool cycle_is_idle(struct kgc_heap *heap)
{
	return READ_ONCE(heap->cycle.done) == READ_ONCE(heap->cycle.wanted);
}

/* ---- when a cycle begins ------------------------------------------------- */

/* Context: @lock is held. */
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

/* Context: @lock is held. */
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

	kgc_pace_woken(heap);
	raw_spin_lock_irq(&pace->lock);
	/* a cycle that ended while this began to run may have set it anew */
	due = pace->armed && time_after_eq(jiffies, pace->deadline);
	if (due)
		pace->armed = false;
	raw_spin_unlock_irq(&pace->lock);
	if (due)
		kgc_cycle_request(heap, 1, KGC_REASON_PERIOD);
}

/* A new period counts from now; pending time runs on with the new length. */
void kgc_pace_period_changed(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	raw_spin_lock_irq(&pace->lock);
	period_disarm(pace);
	if (atomic64_read(&heap->alloc.charged) > 0)
		period_arm(heap, pace);
	raw_spin_unlock_irq(&pace->lock);
}

/* The allowance is used up, or is not the real one yet. */
static void pace_growth(struct kgc_heap *heap, struct kgc_pace *pace)
{
	struct kgc_allocator *a = &heap->alloc;
	enum kgc_reason reason;
	unsigned long flags;
	bool due;

	raw_spin_lock_irqsave(&pace->lock, flags);
	due = atomic64_read(&a->charged) >= pace->pacer.allowance;
	reason = pace->pacer.limited ? KGC_REASON_LIMIT : KGC_REASON_GROWTH;
	WRITE_ONCE(a->allowance, due ? pace->pacer.room :
				       pace->pacer.allowance);
	if (!due)
		period_arm(heap, pace);
	raw_spin_unlock_irqrestore(&pace->lock, flags);
	if (due)
		kgc_cycle_request(heap, 1, reason);
}

/* ---- how mutators are slowed down ---------------------------------------- */

static bool past_the_goal(struct kgc_heap *heap)
{
	return atomic64_read(&heap->alloc.charged) >=
	       READ_ONCE(heap->pace.pacer.room);
}

/* Whether the cycle waits for a section of this mode. */
static bool is_waited_for(struct kgc_heap *heap, unsigned int mode)
{
	struct kgc_pace *pace = &heap->pace;

	if ((READ_ONCE(heap->front.mode) ^ mode) &
	    ~(KGC_MODE_SIDE | KGC_MODE_TRACK))
		return true;
	return READ_ONCE(heap->cycle.waiting) == KGC_AWAIT_SECTIONS &&
	       READ_ONCE(pace->hurried) &&
	       READ_ONCE(heap->cycle.side) == !!(mode & KGC_MODE_SIDE) &&
	       ktime_get_ns() - READ_ONCE(pace->grace_ns) <
	       SPARED_US * NSEC_PER_USEC;
}

/* How long a mutator that refills now may be kept at most; 0 is not at all. */
static unsigned int throttle_us(struct kgc_heap *heap, unsigned int mode)
{
	unsigned int us;

	if (cycle_is_idle(heap) || is_waited_for(heap, mode))
		return 0;
	us = kgc_throttle_us(atomic64_read(&heap->alloc.charged),
			     READ_ONCE(heap->pace.pacer.room));
	if (READ_ONCE(heap->pace.yield) &&
	    READ_ONCE(heap->cycle.waiting) != KGC_AWAIT_NOTHING)
		us = max(us, YIELD_US);
	return us;
}

static void pace_throttle(struct kgc_heap *heap, unsigned int mode,
			  unsigned int us)
{
	struct kgc_pace *pace = &heap->pace;
	u64 start = ktime_get_ns();

	wait_event_hrtimeout(pace->waitq, !throttle_us(heap, mode),
			     ns_to_ktime(us * NSEC_PER_USEC));
	atomic64_inc(&pace->throttled);
	atomic64_add(ktime_get_ns() - start, &pace->throttled_ns);
}

/* A phase or the cycle has ended. */
void kgc_pace_wake(struct kgc_heap *heap)
{
	/* who is missed wakes up by itself soon */
	if (waitqueue_active(&heap->pace.waitq))
		wake_up_all(&heap->pace.waitq);
}

/*
 * The allocator calls: the allowance is used up, or memory is. @mode is what
 * kgc_sided_mode() says. Context: any but NMI, inside that section; may sleep
 * for a moment if @gfp allows.
 */
void kgc_pace_pressure(struct kgc_allocator *a, enum kgc_pressure why,
		       unsigned int mode, gfp_t gfp)
{
	struct kgc_heap *heap = container_of(a, struct kgc_heap, alloc);
	struct kgc_pace *pace = &heap->pace;
	unsigned int us;

	if (why == KGC_PRESSURE_LIMIT) {
		WRITE_ONCE(pace->pressed, true);
		/* one under way will help; one asked for is enough */
		if (cycle_is_idle(heap))
			kgc_cycle_request(heap, 1, KGC_REASON_LIMIT);
		return;
	}
	if (cycle_is_idle(heap))
		pace_growth(heap, pace);
	if (!cycle_is_idle(heap) && past_the_goal(heap))
		WRITE_ONCE(pace->behind, true);
	if (!gfpflags_allow_blocking(gfp) || current->flags & PF_MEMALLOC)
		return;
	us = throttle_us(heap, mode);
	if (us)
		pace_throttle(heap, mode, us);
}

/* ---- how fast a cycle goes ------------------------------------------------ */

/* A cycle begins. Context: the cycle's work item, as for all that follow. */
void kgc_pace_begin(struct kgc_heap *heap, bool pressed)
{
	struct kgc_pace *pace = &heap->pace;

	raw_spin_lock_irq(&pace->lock);
	WRITE_ONCE(pace->behind, false);
	WRITE_ONCE(pace->pressed, pressed || pace->pacer.limited);
	WRITE_ONCE(pace->yield, pace->pacer.hurry);
	WRITE_ONCE(heap->alloc.allowance,
		   pace->pacer.hurry ? 0 : pace->pacer.room);
	raw_spin_unlock_irq(&pace->lock);
	memset(pace->grace_us, 0, sizeof(pace->grace_us));
	memset(pace->nr_graces, 0, sizeof(pace->nr_graces));
	pace->in_grace = 0;
}

/* The cycle begins to wait. Return: whether to hurry. */
bool kgc_pace_grace_begin(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	WRITE_ONCE(pace->grace_ns, ktime_get_ns());
	pace->grace_at = atomic64_read(&heap->alloc.charged);
	WRITE_ONCE(pace->hurried,
		   READ_ONCE(pace->yield) || READ_ONCE(pace->behind) ||
		   atomic_read(&heap->cycle.waiters));
	pace->hurries += pace->hurried;
	return pace->hurried;
}

/* It goes on. Context: as sections_over(). */
void kgc_pace_grace_end(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	pace->grace_us[pace->hurried] +=
		div_u64(ktime_get_ns() - pace->grace_ns, NSEC_PER_USEC);
	pace->nr_graces[pace->hurried]++;
	pace->in_grace += max_t(s64, atomic64_read(&heap->alloc.charged) -
				     pace->grace_at, 0);
}

/* What the heap may use of all CPUs now, in percent. */
unsigned int kgc_pace_percent(struct kgc_heap *heap)
{
	unsigned int percent = READ_ONCE(heap->opt.cpu_percent);

	if (READ_ONCE(heap->pace.pressed))
		return PRESSED_PERCENT;
	if (READ_ONCE(heap->pace.behind) || READ_ONCE(heap->pace.yield))
		return max_t(unsigned int, percent, PRESSED_PERCENT);
	return percent;
}

/*
 * The cycle's own work item has used @ns. Somebody who waits for the cycle gets
 * it at full speed, unless a limit is why.
 *
 * Return: how long to pause, in ns.
 */
u64 kgc_pace_spend(struct kgc_heap *heap, u64 ns)
{
	unsigned int percent = kgc_pace_percent(heap) * num_online_cpus();

	percent -= min(percent, 100 * (heap->marking.nr_markers - 1));
	percent = clamp(percent, 1U, 100U);
	/* a hint, hence no barrier: seen late it costs one pause */
	if (atomic_read(&heap->cycle.waiters) &&
	    !READ_ONCE(heap->pace.pressed))
		percent = 100;
	return kgc_share_spend(&heap->pace.share, ktime_get_ns(), ns, percent);
}

/* ---- what is learnt from it ----------------------------------------------- */

/* Marked by the workers, and born since the cycle began: at most so much lives. */
static u64 live_estimate(struct kgc_heap *heap, u64 during)
{
	u64 bytes = during;
	unsigned int i;

	for (i = 0; i < KGC_MAX_MARKERS; i++)
		bytes += heap->marking.marker[i].bytes;
	return bytes;
}

/*
 * Every cache is flipped: count from 0. How much lives is known exactly when
 * the sweep is over; until then the estimate says who has to be slowed down.
 */
void kgc_pace_flip(struct kgc_heap *heap)
{
	struct kgc_pacer_limits limits;
	struct kgc_cycle *cy = &heap->cycle;
	struct kgc_pace *pace = &heap->pace;
	u64 now = ktime_get_ns();
	s64 charged = atomic64_xchg(&heap->alloc.charged, 0);
	struct kgc_pacer_cycle measured = {
		.charged = max_t(s64, charged, 0),
		.during = max_t(s64, charged - cy->charged_begin, 0),
		.in_grace = pace->in_grace,
		.interval_us = div_u64(now - pace->flip_ns, NSEC_PER_USEC),
		.cycle_us = div_u64(now - cy->begin_ns, NSEC_PER_USEC),
		.calm_us = pace->grace_us[false],
		.hurried_us = pace->grace_us[true],
		.nr_calm = pace->nr_graces[false],
		.nr_hurried = pace->nr_graces[true],
	};

	measured.live = live_estimate(heap, measured.during);
	pace->flip_ns = now;
	raw_spin_lock_irq(&pace->lock);
	limits = pace_limits(heap);
	kgc_pacer_update(&pace->pacer, &measured, &limits);
	WRITE_ONCE(heap->alloc.allowance, pace->pacer.room);
	raw_spin_unlock_irq(&pace->lock);
	cy->now.peak = pace->pacer.peak;
}

/* The sweep is over. */
void kgc_pace_end(struct kgc_heap *heap)
{
	struct kgc_cycle *cy = &heap->cycle;
	struct kgc_pace *pace = &heap->pace;
	struct kgc_pacer_limits limits;

	raw_spin_lock_irq(&pace->lock);
	limits = pace_limits(heap);
	kgc_pacer_retarget(&pace->pacer, cy->now.live_bytes, &limits);
	period_disarm(pace);
	/* what was allocated since the flip has not reported itself */
	if (atomic64_read(&heap->alloc.charged) > 0)
		period_arm(heap, pace);
	WRITE_ONCE(heap->alloc.allowance, 0);
	raw_spin_unlock_irq(&pace->lock);
	cy->now.goal = pace->pacer.goal;
}

/* Bytes that will be allocated within a second, or until the next cycle is due. */
u64 kgc_pace_growth(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;
	u64 bytes;

	raw_spin_lock_irq(&pace->lock);
	bytes = min_t(u64, pace->pacer.room, pace->pacer.rate * MSEC_PER_SEC);
	raw_spin_unlock_irq(&pace->lock);
	return bytes;
}

/* The goal depends on an option that has changed. Context: any but NMI. */
void kgc_pace_repace(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;
	struct kgc_pacer_limits limits;
	unsigned long flags;

	raw_spin_lock_irqsave(&pace->lock, flags);
	limits = pace_limits(heap);
	kgc_pacer_retarget(&pace->pacer, pace->pacer.live, &limits);
	WRITE_ONCE(heap->alloc.allowance,
		   cycle_is_idle(heap) ? 0 : pace->pacer.room);
	raw_spin_unlock_irqrestore(&pace->lock, flags);
}

void kgc_pace_show(struct seq_file *m, struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;
	struct kgc_pacer p;

	raw_spin_lock_irq(&pace->lock);
	p = pace->pacer;
	raw_spin_unlock_irq(&pace->lock);
	seq_printf(m, "live %llu\ngoal %llu\nallowance %lld\nrunway %llu\n",
		   p.live, p.goal, p.allowance, p.runway);
	seq_printf(m, "rate_per_ms %llu\nwork_us %llu\ngrace_us %llu\nhurried_grace_us %llu\n",
		   p.rate, p.work_us, p.calm_us, p.hurried_us);
	seq_printf(m, "over %llu\nover_in_grace %llu\nlimited %u\nhurry %u\npressed %u\n",
		   p.over, p.over_grace, p.limited, p.hurry,
		   READ_ONCE(pace->pressed));
	seq_printf(m, "armed %u\nwakeups %d\nhurries %llu\nthrottled %lld\nthrottled_us %llu\n",
		   READ_ONCE(pace->armed), atomic_read(&pace->wakeups),
		   READ_ONCE(pace->hurries), atomic64_read(&pace->throttled),
		   div_u64(atomic64_read(&pace->throttled_ns), NSEC_PER_USEC));
}

void kgc_pace_init(struct kgc_heap *heap)
{
	struct kgc_pace *pace = &heap->pace;

	raw_spin_lock_init(&pace->lock);
	INIT_DELAYED_WORK(&pace->timer, pace_timer);
	init_waitqueue_head(&pace->waitq);
	pace->flip_ns = ktime_get_ns();
	pace->share.at_ns = pace->flip_ns;
	pace->share.credit_ns = KGC_SHARE_BURST_NS;
	heap->alloc.pressure = kgc_pace_pressure;
	kgc_pace_repace(heap);
}

/* The heap is dying, no section is left. Context: may sleep. */
void kgc_pace_stop(struct kgc_heap *heap)
{
	cancel_delayed_work_sync(&heap->pace.timer);
}
