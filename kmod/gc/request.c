// SPDX-License-Identifier: GPL-2.0
/*
 * Cycles that are asked for, waiting for their end, and the contexts that run them.
 *
 * One context at a time runs the state machine: the heap's work item, which is paid
 * by the collectors' share (share.c), or a thread that waits for the cycle. A thread
 * runs steps only while the work item waits for CPU time. What it does is its own CPU
 * time, charged to its cgroup. So a thread that wants its cycle sooner than the share
 * allows pays for that, and other programs pay no more than the share.
 *
 * kgc_request_run() and kgc_request_rest() hand the state machine on, with what its
 * steps have written. A thread hands it on after every step, and runs the long ones
 * with preemption off (cycle.c). So a thread that cannot run, because its cgroup's
 * bandwidth is used up or a thread of higher priority runs, does not hold up the state
 * machine: the work item goes on as the share allows.
 */
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched/signal.h>
#include <linux/srcu.h>

#include "../alloc/alloc.h"
#include "../compat.h"
#include "heap.h"
#include "request.h"
#include "work.h"

/* Let the state machine look again. Context: any but NMI. */
void kgc_request_kick(struct kgc_heap *heap)
{
	if (!READ_ONCE(heap->dying))
		queue_delayed_work(kgc_wq, &heap->request.work, 0);
}

/* Let the state machine go on after a pause. Context: its own work item. */
void kgc_request_resume_in(struct kgc_heap *heap, u64 ns)
{
	queue_delayed_work(kgc_wq, &heap->request.work,
			   nsecs_to_jiffies(ns) + 1);
}

/*
 * Run the state machine from now on. Context: its own work item. Return: false when a
 * thread runs it, which lets the work item run again when it has ended.
 */
bool kgc_request_run(struct kgc_heap *heap)
{
	struct kgc_request *rq = &heap->request;

	/* full barrier: pairs with kgc_request_rest() */
	if (atomic_inc_return(&rq->runner) > 1)
		return false;
	WRITE_ONCE(rq->paused, false);
	return true;
}

/* Run it no longer. Context: runs it. */
void kgc_request_rest(struct kgc_heap *heap)
{
	struct kgc_request *rq = &heap->request;
	bool paused = rq->paused;

	/* full barrier: pairs with kgc_request_run() and kgc_request_help() */
	if (atomic_xchg(&rq->runner, 0) > 1)
		kgc_request_kick(heap);
	/*
	 * One thread is enough. It counts itself before it looks at @paused, or it
	 * is seen here; the heap is still there, the caller sees to that.
	 */
	if (paused && kgc_request_awaited(rq))
		wake_up(&rq->waitq);
	/* pairs with kgc_request_close_sync() */
	if (kgc_request_closed(rq))
		wake_up_all(&rq->waitq);
}

/*
 * The next step has to wait @ns for CPU time; if it is @helpable a thread may run it
 * before. Context: the work item, running.
 */
void kgc_request_pause(struct kgc_heap *heap, u64 ns, bool helpable)
{
	WRITE_ONCE(heap->request.paused, helpable);
	kgc_request_resume_in(heap, ns);
}

/*
 * A thread has brought the state machine to where it waits for something other than
 * CPU time. The pending end of the pause would keep a kick from having an effect.
 * Context: runs it.
 */
void kgc_request_unpause(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->request.paused, false);
	cancel_delayed_work(&heap->request.work);
}

/* Whether a thread may run a step now. A hint. */
static bool may_help(const struct kgc_heap *heap)
{
	return READ_ONCE(heap->request.paused) && !READ_ONCE(heap->dying) &&
	       !kgc_request_closed(&heap->request) && !atomic_read(&heap->request.runner);
}

/**
 * kgc_request_help() - run a step of the cycle in the current thread
 * @heap: the heap
 * @inside: in a section of it
 *
 * Context: process context, may sleep unless @inside.
 * Return: whether a step was run; false when the work item runs, or waits for
 * something that the thread cannot hasten.
 */
bool kgc_request_help(struct kgc_heap *heap, bool inside)
{
	struct kgc_request *rq = &heap->request;
	bool helped;

	if (!may_help(heap))
		return false;
	/* full barrier: pairs with kgc_request_rest() */
	if (atomic_cmpxchg(&rq->runner, 0, 1))
		return false;
	helped = READ_ONCE(rq->paused) && rq->help(heap, inside);
	kgc_request_rest(heap);
	return helped;
}

/*
 * Ask for @cycles that begin from now on. Context: any but NMI.
 * Return: number of the last one, which never ends in a heap that is closed.
 */
u64 kgc_request_cycles(struct kgc_heap *heap, unsigned int cycles,
		       enum kgc_reason reason)
{
	struct kgc_request *rq = &heap->request;
	unsigned long flags;
	u64 target;

	raw_spin_lock_irqsave(&rq->lock, flags);
	target = rq->begun + cycles;
	WRITE_ONCE(rq->wanted, max(rq->wanted, target));
	rq->reasons |= BIT(reason);
	raw_spin_unlock_irqrestore(&rq->lock, flags);
	if (!kgc_request_closed(rq))
		kgc_request_kick(heap);
	return target;
}

/*
 * Begin the next cycle if one is wanted. @reasons receives why. Context: the state
 * machine. Return: its number; 0 when none is wanted.
 */
u64 kgc_request_take(struct kgc_heap *heap, unsigned long *reasons)
{
	struct kgc_request *rq = &heap->request;
	u64 nr = 0;

	raw_spin_lock_irq(&rq->lock);
	if (rq->begun < rq->wanted) {
		nr = ++rq->begun;
		*reasons = rq->reasons;
		rq->reasons = 0;
	}
	raw_spin_unlock_irq(&rq->lock);
	return nr;
}

/*
 * Have no cycles any more, and stop the one under way after its current step, for
 * good. Mutators go on in the phase that there is. Context: any but NMI.
 */
void kgc_request_close(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->request.closed, true);
	kgc_allocator_leave_unswept(&heap->alloc);
	/* the state machine wakes threads that wait for cycles */
	kgc_request_kick(heap);
}

/* The same, and wait until no step is under way. Context: may sleep. */
void kgc_request_close_sync(struct kgc_heap *heap)
{
	struct kgc_request *rq = &heap->request;

	kgc_request_close(heap);
	/* not cancelled: the state machine wakes threads that wait */
	flush_delayed_work(&rq->work);
	/*
	 * A thread may be in a step, and the work item have left that to it. Full barrier
	 * of the wait: this finds no runner, or kgc_request_rest() finds it closed.
	 */
	wait_event(rq->waitq, !atomic_read(&rq->runner));
}

/* Cycle @nr is over. Context: the state machine. */
void kgc_request_complete(struct kgc_heap *heap, u64 nr)
{
	/* what it found dead is seen by a thread that waits: pairs with is_over() */
	smp_store_release(&heap->request.done, nr);
	wake_up_all(&heap->request.waitq);
}

/**
 * kgc_collect_start() - ask for full cycles
 * @heap: the heap
 * @cycles: how many; they begin after this call. Two free all precisely typed
 *	garbage there is now. More than KGC_COLLECT_MOST count as that many
 *
 * Cycles that have been asked for cannot be called off but by kgc_heap_destroy().
 *
 * Context: any but NMI.
 * Return: number of the last of them, for kgc_wait().
 */
u64 kgc_collect_start(struct kgc_heap *heap, unsigned int cycles)
{
	return kgc_request_cycles(heap, min(cycles, KGC_COLLECT_MOST),
				  KGC_REASON_REQUEST);
}
EXPORT_SYMBOL_GPL(kgc_collect_start);

/*
 * The caller is about to wait for what a section holds up. For lockdep that is to
 * wait for all sections of heaps that were created in the same place. Context: may
 * sleep, outside of sections.
 */
void kgc_request_outside(struct kgc_heap *heap)
{
	RCU_LOCKDEP_WARN(srcu_read_lock_held(&heap->front.srcu),
			 "waiting for a cycle inside a section");
	srcu_lock_sync(&heap->front.srcu.dep_map);
	might_sleep();
}

/* A thread waits no longer. It touches the heap no more. */
static void waiter_end(struct kgc_request *rq)
{
	/* it may have been woken up to help, and does not */
	if (READ_ONCE(rq->paused) && kgc_request_awaited(rq))
		wake_up(&rq->waitq);
	kgc_users_put(&rq->waiters);
}

static bool is_over(const struct kgc_request *rq, u64 cycle)
{
	/* pairs with kgc_request_complete() */
	return smp_load_acquire(&rq->done) >= cycle;
}

/* Whether a waiter for @cycle returns: it is over, or will never be. */
static bool waiter_returns(const struct kgc_heap *heap, u64 cycle)
{
	return is_over(&heap->request, cycle) || kgc_request_closed(&heap->request) ||
	       READ_ONCE(heap->dying);
}

/* Context: the thread is one of @waiters. */
static int request_wait(struct kgc_heap *heap, u64 cycle)
{
	struct kgc_request *rq = &heap->request;

	kgc_request_outside(heap);
	while (!waiter_returns(heap, cycle)) {
		/* exclusive: a pause wakes one thread, the end of a cycle all */
		if (wait_event_interruptible_exclusive(rq->waitq,
						       waiter_returns(heap, cycle) ||
						       may_help(heap)))
			return -EINTR;
		kgc_request_help(heap, false);
		cond_resched();
		/* a thread that helps all the time does not sleep */
		if (signal_pending(current) && !waiter_returns(heap, cycle))
			return -EINTR;
	}
	if (is_over(rq, cycle))
		return 0;
	return READ_ONCE(heap->dying) ? -ECANCELED : -EIO;
}

/**
 * kgc_wait() - wait until a cycle is over, sweep included
 * @heap: the heap
 * @cycle: what kgc_collect_start() returned
 *
 * While the collectors' share of CPU time is used up the thread does the work
 * itself; otherwise it sleeps.
 *
 * Context: process context, not inside a section of @heap: the cycle waits
 * for that section. It may sleep while kgc_heap_destroy() begins, which lets it
 * return; it may not be called from then on.
 * Return: 0; -EINTR when a signal came, the cycle goes on; -ECANCELED when the heap
 * is being destroyed; -EIO when the cycle does not end because the heap has been set
 * aside or drained.
 */
int kgc_wait(struct kgc_heap *heap, u64 cycle)
{
	int err;

	kgc_users_get(&heap->request.waiters);
	err = request_wait(heap, cycle);
	waiter_end(&heap->request);
	return err;
}
EXPORT_SYMBOL_GPL(kgc_wait);

/*
 * kgc_wait() for at most @ticks, for a caller that may itself hold up the cycle.
 * Ends early when the heap dies; the caller keeps the heap from ending. Context:
 * process context. Return: whether the cycle is over.
 */
bool kgc_request_wait(struct kgc_heap *heap, u64 cycle, unsigned long ticks)
{
	struct kgc_request *rq = &heap->request;
	unsigned long end = jiffies + ticks;
	long left = ticks;

	kgc_users_get(&rq->waiters);
	while (!waiter_returns(heap, cycle) && left > 0 && !fatal_signal_pending(current)) {
		if (kgc_request_help(heap, false))
			cond_resched();
		else
			wait_event_killable_timeout(rq->waitq,
						    waiter_returns(heap, cycle) ||
						    may_help(heap), left);
		left = end - jiffies;
	}
	waiter_end(rq);
	return is_over(rq, cycle);
}

/* Let every waiter look again. Context: the heap dies, or is closed. */
void kgc_request_wake(struct kgc_heap *heap)
{
	wake_up_all(&heap->request.waitq);
}

/*
 * Let every waiter return, and wait until it has. From here on no thread may begin to
 * wait. Context: the heap dies; may sleep.
 */
void kgc_request_drain(struct kgc_heap *heap)
{
	kgc_request_wake(heap);
	kgc_users_drain(&heap->request.waiters);
}

/**
 * kgc_collect() - run full cycles and wait for them
 * @heap: the heap
 * @cycles: how many, as for kgc_collect_start()
 *
 * Context: as kgc_wait().
 * Return: 0, -EINTR, -ECANCELED or -EIO, as kgc_wait().
 */
int kgc_collect(struct kgc_heap *heap, unsigned int cycles)
{
	int err;

	/* the cycle that begins finds that a thread waits for it */
	kgc_users_get(&heap->request.waiters);
	err = request_wait(heap, kgc_collect_start(heap, cycles));
	waiter_end(&heap->request);
	return err;
}
EXPORT_SYMBOL_GPL(kgc_collect);

/* @run: the state machine; @help: one step of it. */
void kgc_request_init(struct kgc_heap *heap, work_func_t run, kgc_help_fn help)
{
	struct kgc_request *rq = &heap->request;

	INIT_DELAYED_WORK(&rq->work, run);
	rq->help = help;
	raw_spin_lock_init(&rq->lock);
	init_waitqueue_head(&rq->waitq);
	kgc_users_init(&rq->waiters);
}

/* The state machine does not run, unless it is kicked. Context: may sleep. */
void kgc_request_cancel(struct kgc_heap *heap)
{
	cancel_delayed_work_sync(&heap->request.work);
}
