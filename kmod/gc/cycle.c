// SPDX-License-Identifier: GPL-2.0
/*
 * The cycle: its steps, and what the cycle waits for after each of them.
 *
 *	step		does			then waits for
 *	IDLE		publish ARM		sections that began before
 *	ARMED		publish MARK		sections that began before
 *	ROOTS		mark root slots		-
 *	DRAIN		mark grey objects	parallel workers, then regions
 *						that began before
 *	ROUND		close the gate if the	-
 *			round was clean,
 *			otherwise DRAIN again
 *	KEEP		if rounds do not end:	-
 *			mark the targets of
 *			weak references, DRAIN
 *	WEAK		clear dead references	-
 *	FINAL		mark the objects that	-
 *			finalizers need; if
 *			any, DRAIN once more
 *	CLEANUP		find the cleanups of	-
 *			dead objects
 *	WALK		on request: show the	-
 *			marked objects to
 *			walkers
 *	VERIFY		option: check the marks	regions that began before, if
 *						a marked slot is free
 *			with the tracer: make	sections that began before
 *			new sections wait
 *	TRACE		run the tracer, let	-
 *			new sections begin
 *	SETTLE		publish SETTLE		sections that began before
 *	SETTLED		new generation		regions that began before
 *	FLUSH		empty every cache,	-
 *			publish IDLE
 *	SWEEP		sweep the other spans	-
 *	TRIM		option: scavenge all	-
 *	END		count, give pages back	-
 *
 * The cycle waits for sections by a grace period of SRCU, and for regions (stretches
 * with preemption off) by one of RCU. The end of the grace period queues the work item
 * again, so a section that is stuck holds up its own heap only. See grace.c.
 *
 * A section reads the mode after it has entered its SRCU read-side section. So the grace
 * period after a phase is published waits for every section that has an older mode.
 */
#include <linux/ktime.h>
#include <linux/rcupdate.h>

#include "../alloc/alloc.h"
#include "../alloc/totals.h"
#include "census.h"
#include "cycle.h"
#include "due.h"
#include "finalize.h"
#include "gate.h"
#include "grace.h"
#include "handle.h"
#include "heap.h"
#include "mark.h"
#include "pace.h"
#include "phase.h"
#include "profile.h"
#include "record.h"
#include "request.h"
#include "root.h"
#include "section.h"
#include "share.h"
#include "sweep.h"
#include "throttle.h"
#include "trace.h"
#include "tracer.h"
#include "trim.h"
#include "verify.h"
#include "walk.h"
#include "weak.h"
#include "work.h"

#define MARK_BATCH	512	/* objects between looks at the clock */
#define SWEEP_BATCH	64	/* spans between looks at the clock */
#define HELP_BATCH	128	/* objects of one part, with preemption off */
#define HELP_SWEEP	8	/* spans of one part, with preemption off */
#define HELP_PARTS	4	/* parts before preemption is enabled again, at most */

/* Return: microseconds since the last call. */
static u64 cycle_lap(struct kgc_cycle *cy)
{
	u64 now = ktime_get_ns(), us = div_u64(now - cy->lap_ns, NSEC_PER_USEC);

	cy->lap_ns = now;
	return us;
}

/* ---- the steps ---------------------------------------------------------- */

static enum kgc_await step_idle(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	unsigned long reasons;
	u64 nr = kgc_request_take(heap, &reasons);

	if (!nr) {
		/* the request was cancelled: put back what kgc_share_wait() took for it */
		kgc_share_end(heap);
		return KGC_AWAIT_KICK;
	}
	memset(&cy->now, 0, sizeof(cy->now));
	cy->now.nr = nr;
	cy->for_limit = reasons & BIT(KGC_REASON_LIMIT);
	cy->now.reason = reasons ? __ffs(reasons) : KGC_REASON_REQUEST;
	cy->begin_ns = ktime_get_ns();
	cy->lap_ns = cy->begin_ns;
	cy->now.at_us = div_u64(cy->lap_ns, NSEC_PER_USEC);
	cy->trimmed = false;
	cy->cpu_before = atomic64_read(&heap->work.cpu_ns);
	cy->charged_begin = kgc_allocator_charged(&heap->alloc);
	kgc_totals_frees(&heap->alloc, &cy->freed_before, &cy->bytes_before);
	cy->mutator_before = atomic64_read(&heap->work.mutator_ns);
	kgc_throttle_cycle_begin(heap);
	kgc_pace_begin(heap);
	/* with KGC_DEBUG=1 both mark loops check, so cycles use them in turn */
	kgc_mark_begin(heap, kgc_share_workers(heap), READ_ONCE(heap->opt.verify) &&
		       !(IS_ENABLED(CONFIG_KGC_DEBUG) && nr % 2));
	cy->tracing = READ_ONCE(heap->opt.verify) > 1;
	kgc_phase_publish(heap, KGC_PHASE_ARM);
	cy->step = KGC_STEP_ARMED;
	return KGC_AWAIT_SECTIONS;
}

/* Every open section now shades the values that it overwrites and stores. */
static enum kgc_await step_armed(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	cy->now.arm_us = cycle_lap(cy);
	kgc_gate_open(&heap->gate);
	kgc_phase_publish(heap, KGC_PHASE_MARK);
	kgc_roots_scan_begin(&heap->roots);
	kgc_handles_scan_begin(&heap->handles);
	cy->step = KGC_STEP_ROOTS;
	return KGC_AWAIT_SECTIONS;
}

/* Every open section began when all sections already shaded what they overwrote. */
static enum kgc_await step_roots(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	struct kgc_marker *m = &heap->marking.marker[0];

	if (!cy->now.start_us)
		cy->now.start_us = cycle_lap(cy) ?: 1;
	if (kgc_roots_scan_some(&heap->roots, m) ||
	    kgc_handles_scan_some(&heap->handles, m))
		return KGC_AWAIT_NOTHING;
	cy->step = KGC_STEP_DRAIN;
	return KGC_AWAIT_NOTHING;
}

static enum kgc_await step_drain(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	struct kgc_marker *m = &heap->marking.marker[0];

	kgc_mark_take_barriers(m);
	if (kgc_mark_some(m, cy->helped ? HELP_BATCH : MARK_BATCH))
		return KGC_AWAIT_NOTHING;
	/* a workqueue full of other heaps' markers must not hold up this heap */
	if (kgc_mark_active(heap))
		kgc_mark_cancel_queued(heap);
	if (kgc_mark_active(heap))
		return KGC_AWAIT_KICK;
	cy->shaded = kgc_grey_shaded(heap);
	kgc_gate_snapshot(&heap->gate);
	if (kgc_grey_pending(heap, cy->shaded))
		return KGC_AWAIT_NOTHING;
	cy->now.rounds++;
	cy->step = KGC_STEP_ROUND;
	return KGC_AWAIT_REGIONS;
}

static void marking_is_over(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	kgc_finals_scan_begin(heap);
	cy->step = KGC_STEP_CLEANUP;
}

static enum kgc_await step_round(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	bool clean = !kgc_grey_pending(heap, cy->shaded);

	trace_kgc_round(heap->id, &cy->now, clean);
	if (clean && heap->gate.closed) {
		marking_is_over(heap, cy);
	} else if (clean && kgc_gate_close(&heap->gate)) {
		kgc_handles_scan_begin(&heap->weaks);
		cy->step = KGC_STEP_WEAK;
	} else if (kgc_gate_keep_targets(&heap->gate, cy->now.rounds)) {
		kgc_handles_scan_begin(&heap->weaks);
		cy->step = KGC_STEP_KEEP;
	} else {
		cy->step = KGC_STEP_DRAIN;
	}
	return KGC_AWAIT_NOTHING;
}

/* In this cycle weak references keep their targets alive, like roots. */
static enum kgc_await step_keep(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	if (kgc_handles_scan_some(&heap->weaks, &heap->marking.marker[0]))
		return KGC_AWAIT_NOTHING;
	/* the kept targets may be garbage, which the next cycle frees */
	kgc_pace_dropped(heap);
	cy->step = KGC_STEP_DRAIN;
	return KGC_AWAIT_NOTHING;
}

/* The gate is closed: white objects are dead, so no weak reference may return one. */
static enum kgc_await step_weak(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	if (kgc_weaks_clear_some(&heap->weaks))
		return KGC_AWAIT_NOTHING;
	kgc_finals_scan_begin(heap);
	cy->step = KGC_STEP_FINAL;
	return KGC_AWAIT_NOTHING;
}

/* A finalizer gets its dead object, so keep the object and all that it reaches. */
static enum kgc_await step_final(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	if (kgc_finals_scan_some(heap, &heap->marking.marker[0]))
		return KGC_AWAIT_NOTHING;
	if (!kgc_finals_found(heap))
		marking_is_over(heap, cy);
	else
		cy->step = KGC_STEP_DRAIN;
	return KGC_AWAIT_NOTHING;
}

static void check_marks(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	cy->verifying = READ_ONCE(heap->opt.verify) || cy->tracing;
	if (cy->verifying)
		kgc_verify_begin(heap);
	cy->step = cy->verifying ? KGC_STEP_VERIFY : KGC_STEP_SETTLE;
}

/* Marking is over: this cycle frees every white object. */
static enum kgc_await step_cleanup(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	if (kgc_profile_scan_some(heap, cy->now.nr) || kgc_finals_scan_cleanups(heap))
		return KGC_AWAIT_NOTHING;
	if (kgc_walk_wanted(&heap->walk))
		cy->step = KGC_STEP_WALK;
	else
		check_marks(heap, cy);
	return KGC_AWAIT_NOTHING;
}

/* Walkers see the marked objects before the tracer may make new sections wait. */
static enum kgc_await step_walk(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	enum kgc_walk_left left = kgc_walk_some(heap, cy->now.nr);

	if (left == KGC_WALK_DONE)
		check_marks(heap, cy);
	return left == KGC_WALK_PAUSE ? KGC_AWAIT_PAUSE : KGC_AWAIT_NOTHING;
}

static enum kgc_await step_verify(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	bool more = kgc_verify_some(heap);

	if (kgc_verify_suspects(&heap->verify))
		return KGC_AWAIT_REGIONS;
	if (more)
		return KGC_AWAIT_NOTHING;
	cy->step = KGC_STEP_SETTLE;
	if (!cy->tracing)
		return KGC_AWAIT_NOTHING;
	kgc_sections_halt(heap);
	cy->step = KGC_STEP_TRACE;
	return KGC_AWAIT_SECTIONS;
}

/* The only open sections are some that could not wait, and the tracer notices them. */
static enum kgc_await step_trace(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	kgc_tracer_run(heap);
	cy->step = KGC_STEP_SETTLE;
	return KGC_AWAIT_NOTHING;
}

/* Every object that was reachable when marking began is marked. */
static enum kgc_await step_settle(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	u64 bytes;

	cy->now.mark_us = cycle_lap(cy);
	kgc_mark_totals(heap, &cy->now.scanned, &bytes);
	kgc_allocator_settle(&heap->alloc);
	kgc_phase_publish(heap, KGC_PHASE_SETTLE);
	cy->step = KGC_STEP_SETTLED;
	return KGC_AWAIT_SECTIONS;
}

/* No open section shades or allocates black because of an older mode. */
static enum kgc_await step_settled(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	if (cy->verifying)
		kgc_verify_settled(heap, cy->shaded);
	/* the check above may have set the heap aside: then publish nothing to sweep */
	if (kgc_request_closed(&heap->request))
		return KGC_AWAIT_NOTHING;
	/* every open section began after these chunks had been removed from the tables */
	kgc_handles_free_removed(&heap->handles);
	kgc_handles_free_removed(&heap->weaks);
	kgc_sweep_begin(heap);
	kgc_allocator_next_gen(&heap->alloc);
	cy->step = KGC_STEP_FLUSH;
	return KGC_AWAIT_REGIONS;
}

/* No region that saw the old generation is left. */
static enum kgc_await step_flush(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	/* a CPU may just be flushing or leaving its own cache: try again after a tick */
	if (!kgc_cache_flush_all(&heap->alloc))
		return KGC_AWAIT_PAUSE;
	cy->now.peak = kgc_pace_flushed(heap, cy->begin_ns, cy->charged_begin);
	kgc_phase_publish(heap, KGC_PHASE_IDLE);
	cy->now.settle_us = cycle_lap(cy);
	cy->step = KGC_STEP_SWEEP;
	return KGC_AWAIT_NOTHING;
}

static enum kgc_await step_sweep(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	if (!kgc_sweep_some(heap, cy->helped ? HELP_SWEEP : SWEEP_BATCH))
		cy->step = READ_ONCE(heap->opt.scavenge) == KGC_SCAVENGE_NOW ?
			   KGC_STEP_TRIM : KGC_STEP_END;
	return KGC_AWAIT_NOTHING;
}

/* Give every free page back. That may take long, so each piece waits for CPU time. */
static enum kgc_await step_trim(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	cy->trimmed = !kgc_trim_some(heap);
	/* past the goal the next cycle is due: the timer gives the rest back */
	if (cy->trimmed || kgc_throttle_past_goal(heap))
		cy->step = KGC_STEP_END;
	return KGC_AWAIT_NOTHING;
}

static enum kgc_await step_end(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	struct kgc_cycle_record *now = &cy->now;
	bool more = false;
	u64 freed, bytes;

	kgc_totals_live(&heap->alloc, &now->live_objects, &now->live_bytes);
	kgc_totals_frees(&heap->alloc, &freed, &bytes);
	now->freed = freed - cy->freed_before;
	kgc_census_complete(heap, now->live_objects, now->live_bytes);
	now->goal = kgc_pace_end(heap, now->live_bytes);
	if (!cy->trimmed)
		more = kgc_trim_some(heap);
	now->sweep_us = cycle_lap(cy);
	now->cpu_us = div_u64(atomic64_read(&heap->work.cpu_ns) - cy->cpu_before,
			      NSEC_PER_USEC);
	trace_kgc_cycle(heap->id, now);
	kgc_share_check(heap, now->nr, atomic64_read(&heap->work.mutator_ns) -
			cy->mutator_before, kgc_pace_overshoot(heap));
	/* first, so that calls and records are due when the cycle's waiters return */
	kgc_finals_publish(heap);
	kgc_records_add(&heap->records, now);
	kgc_share_end(heap);
	/* before a waiter finds the cycle complete, and its allocation is refused again */
	kgc_throttle_cycle_over(heap, cy->for_limit, bytes - cy->bytes_before,
				now->live_bytes);
	kgc_request_complete(heap, now->nr);
	kgc_trim_later(heap, more);
	kgc_pace_rearm(heap);
	kgc_throttle_wake(heap);
	cy->step = KGC_STEP_IDLE;
	return KGC_AWAIT_NOTHING;
}

/*
 * Whether a step waits for CPU time, and which threads may run it instead of the work item:
 * waiters, which wait for the cycle, or mutators, which have outrun it. A brief step waits
 * as little as possible, because a wait would prolong marking. No thread runs the step that
 * allocates, because a waiter may be in reclaim.
 */
enum step_kind {
	STEP_FIRST,	/* waits; waiters and mutators may run it */
	STEP_BRIEF,	/* waits only if a slice is owed; waiters may run it */
	STEP_LONG,	/* as STEP_FIRST, in parts that do not sleep */
	STEP_OTHER,	/* waits; waiters may run it */
	STEP_OWN,	/* never waits; no thread may run it */
};

static const struct step {
	enum kgc_await	(*run)(struct kgc_heap *heap, struct kgc_cycle *cy);
	enum step_kind	kind;
} steps[] = {
	[KGC_STEP_IDLE]		= { step_idle,		STEP_FIRST },
	[KGC_STEP_ARMED]	= { step_armed,		STEP_BRIEF },
	[KGC_STEP_ROOTS]	= { step_roots,		STEP_LONG },
	[KGC_STEP_DRAIN]	= { step_drain,		STEP_LONG },
	[KGC_STEP_ROUND]	= { step_round,		STEP_BRIEF },
	[KGC_STEP_KEEP]		= { step_keep,		STEP_LONG },
	[KGC_STEP_WEAK]		= { step_weak,		STEP_LONG },
	[KGC_STEP_FINAL]	= { step_final,		STEP_OTHER },
	[KGC_STEP_CLEANUP]	= { step_cleanup,	STEP_OTHER },
	[KGC_STEP_WALK]		= { step_walk,		STEP_OTHER },
	[KGC_STEP_VERIFY]	= { step_verify,	STEP_OTHER },
	[KGC_STEP_TRACE]	= { step_trace,		STEP_OWN },
	[KGC_STEP_SETTLE]	= { step_settle,	STEP_BRIEF },
	[KGC_STEP_SETTLED]	= { step_settled,	STEP_BRIEF },
	[KGC_STEP_FLUSH]	= { step_flush,		STEP_BRIEF },
	[KGC_STEP_SWEEP]	= { step_sweep,		STEP_LONG },
	[KGC_STEP_TRIM]		= { step_trim,		STEP_OTHER },
	[KGC_STEP_END]		= { step_end,		STEP_BRIEF },
};

/* Sweeping a large object that has to be wiped takes too long with preemption off. */
static enum step_kind kind_of(struct kgc_heap *heap, const struct kgc_cycle *cy)
{
	if (cy->step == KGC_STEP_SWEEP && kgc_sweep_large(heap) &&
	    kgc_central_wipe_value(&heap->alloc) != KGC_WIPE_NONE)
		return STEP_OTHER;
	return steps[cy->step].kind;
}

/* Whether a thread may run the next step; a mutator if it is @inside a section. */
static bool may_help(struct kgc_heap *heap, const struct kgc_cycle *cy, bool inside)
{
	enum step_kind kind = kind_of(heap, cy);

	return inside ? kind == STEP_FIRST || kind == STEP_LONG : kind != STEP_OWN;
}

/* ---- running the steps ---------------------------------------------------- */

static void cycle_await(struct kgc_heap *heap, enum kgc_await await)
{
	switch (await) {
	case KGC_AWAIT_SECTIONS:
	case KGC_AWAIT_REGIONS:
		kgc_grace_begin(heap, await);
		break;
	case KGC_AWAIT_PAUSE:
		kgc_request_resume_in(heap, 0);
		break;
	case KGC_AWAIT_NOTHING:
	case KGC_AWAIT_KICK:
		break;
	}
}

/* How long the next step has to wait for CPU time, in ns. */
static u64 cycle_pause_ns(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	/* new sections wait for the tracer, so run it now and pay for it afterwards */
	if (cy->step == KGC_STEP_TRACE)
		return 0;
	return kgc_share_wait(heap, steps[cy->step].kind == STEP_BRIEF);
}

/* Run steps until the cycle has to wait. Context: the work item, as the runner. */
static void cycle_run(struct kgc_heap *heap, struct kgc_cycle *cy)
{
	enum kgc_await await = KGC_AWAIT_NOTHING;
	struct kgc_lap lap;
	u64 pause, ns;

	cy->helped = false;
	while (await == KGC_AWAIT_NOTHING) {
		/* kgc_request_close() kicks the work item again, to wake waiters */
		if (READ_ONCE(heap->dying) || kgc_request_closed(&heap->request) ||
		    (cy->step == KGC_STEP_IDLE && kgc_request_idle(&heap->request)))
			return;
		pause = cycle_pause_ns(heap, cy);
		if (pause) {
			kgc_request_pause(heap, pause, may_help(heap, cy, false));
			return;
		}
		lap = kgc_work_lap();
		await = steps[cy->step].run(heap, cy);
		ns = kgc_work_lap_ns(lap);
		kgc_work_charge(&heap->work, ns);
		kgc_share_spend(heap, ns);
		cond_resched();
	}
	cycle_await(heap, await);
}

static void cycle_work(struct work_struct *work)
{
	struct kgc_heap *heap = container_of(to_delayed_work(work), struct kgc_heap,
					     request.work);

	kgc_work_woken(&heap->work);
	if (!kgc_request_runner_begin(heap))
		return;
	if (kgc_request_closed(&heap->request)) {
		kgc_sections_resume(heap);
		kgc_walk_abort(heap, -EIO);
		kgc_request_wake(heap);
		kgc_due_wake(&heap->due_queue);
		kgc_share_end(heap);
	} else if (!kgc_grace_pending(&heap->grace)) {
		/* during a grace period a kick has no effect: its end kicks again */
		cycle_run(heap, &heap->cycle);
	}
	kgc_request_runner_end(heap);
}

/*
 * Run a few parts of a long step. A runner that is preempted holds up the cycle, so the
 * thread disables preemption, and returns as soon as another task needs the CPU.
 */
static enum kgc_await step_parts(struct kgc_heap *heap, struct kgc_cycle *cy,
				 const struct step *step)
{
	unsigned int parts = HELP_PARTS;
	enum kgc_await await;

	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_disable();
	do {
		await = step->run(heap, cy);
	} while (await == KGC_AWAIT_NOTHING && step == &steps[cy->step] &&
		 kind_of(heap, cy) == STEP_LONG && --parts && !need_resched());
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		preempt_enable();
	return await;
}

/*
 * Run a step in a thread. @inside a section the thread is a mutator that has outrun the
 * cycle, otherwise it waits for the cycle. Context: the runner, while the work item waits
 * for CPU time. Return: false if the thread may not run this step.
 */
static bool cycle_help(struct kgc_heap *heap, bool inside)
{
	struct kgc_cycle *cy = &heap->cycle;
	const struct step *step = &steps[cy->step];
	struct kgc_lap lap = kgc_work_lap();
	enum kgc_await await;

	if (READ_ONCE(heap->dying) || kgc_request_closed(&heap->request) ||
	    !may_help(heap, cy, inside))
		return false;
	cy->helped = true;
	if (kind_of(heap, cy) == STEP_LONG)
		await = step_parts(heap, cy, step);
	else
		await = step->run(heap, cy);
	kgc_work_charge_thread(&heap->work, kgc_work_lap_ns(lap), inside);
	/* in IDLE the work item has to go on: its kgc_share_wait() counts the next cycle */
	if (await == KGC_AWAIT_NOTHING && steps[cy->step].kind != STEP_BRIEF &&
	    cy->step != KGC_STEP_IDLE)
		return true;
	kgc_request_unpause(heap);
	cycle_await(heap, await);
	/* kicks during the pause were lost; an active marker has yet to send its own */
	if (await == KGC_AWAIT_NOTHING || kgc_request_closed(&heap->request) ||
	    (await == KGC_AWAIT_KICK &&
	     (cy->step != KGC_STEP_DRAIN || !kgc_mark_active(heap))))
		kgc_request_kick(heap);
	return true;
}

void kgc_cycle_init(struct kgc_heap *heap)
{
	kgc_request_init(heap, cycle_work, cycle_help);
	kgc_share_init(heap);
	kgc_records_init(&heap->records);
	kgc_grace_init(heap);
	kgc_pace_init(heap);
	kgc_trim_init(heap);
	kgc_throttle_init(heap);
	kgc_walk_init(&heap->walk);
}

/*
 * Stop the cycle, whatever its step. A kick that began before @dying was set may queue
 * the work item once more after the first cancel, so cancel it again at the end.
 * Context: the heap is dying, and no section is left; may sleep.
 */
void kgc_cycle_stop(struct kgc_heap *heap)
{
	kgc_throttle_stop(heap);
	kgc_request_cancel(heap);
	/* a cycle that has just ended may have set the timers */
	kgc_pace_stop(heap);
	kgc_trim_stop(heap);
	kgc_grace_stop(heap);
	kgc_marking_destroy(heap);
	kgc_request_cancel(heap);
	kgc_walk_abort(heap, -ECANCELED);
	kgc_share_end(heap);
	kgc_sections_stop(heap);
}
