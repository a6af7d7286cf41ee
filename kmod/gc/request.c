// SPDX-License-Identifier: GPL-2.0
/*
 * Requests for cycles, waits for their end, and the contexts that run them.
 *
 * One context at a time runs the state machine: the heap's work item, whose CPU time
 * comes out of the collectors' share (share.c), or a thread. The thread waits for the
 * cycle, or is a mutator that has outrun it. A thread runs steps only while the work item
 * waits for CPU time. The steps take the thread's own CPU time, charged to its cgroup. So
 * a thread that needs its cycle sooner than the share allows pays for that, and other
 * programs pay no more than the share.
 *
 * kgc_request_runner_begin() and kgc_request_runner_end() order what one runner has
 * written before the steps of the next. A thread stops being the runner after every step.
 * A thread may be kept from the CPU for a long time, because its cgroup's bandwidth is used
 * up or a thread of higher priority runs. Between two steps that delays no other thread. In
 * the middle of a step it holds up the state machine. So a thread runs long steps with
 * preemption off, except on PREEMPT_RT (cycle.c).
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

/* Have the state machine check whether it can go on. Context: any but NMI. */
void kgc_request_kick(struct kgc_heap *heap)
{
	if (!READ_ONCE(heap->dying))
		queue_delayed_work(kgc_wq, &heap->request.work, 0);
}

/* Let the state machine go on after @ns. Context: the runner. */
void kgc_request_resume_in(struct kgc_heap *heap, u64 ns)
{
	queue_delayed_work(kgc_wq, &heap->request.work,
			   nsecs_to_jiffies(ns) + 1);
}

/*
 * Become the runner. Context: the heap's work item. Return: false if a thread is the
 * runner; when that thread stops being it, it queues the work item again.
 */
bool kgc_request_runner_begin(struct kgc_heap *heap)
{
	struct kgc_request *rq = &heap->request;

	/* full barrier: pairs with kgc_request_runner_end() */
	if (atomic_inc_return(&rq->runner) > 1)
		return false;
	WRITE_ONCE(rq->paused, false);
	return true;
}

/* Stop being the runner. Context: the runner. */
void kgc_request_runner_end(struct kgc_heap *heap)
{
	struct kgc_request *rq = &heap->request;
	bool paused = rq->paused;

	/* full barrier: pairs with kgc_request_runner_begin() and kgc_request_help() */
	if (atomic_xchg(&rq->runner, 0) > 1)
		kgc_request_kick(heap);
	/*
	 * Wake one thread, since only one can run a step. A thread counts itself before
	 * it reads @paused and @runner, so either this sees the thread, or the thread
	 * need not sleep. The caller keeps the heap from ending.
	 */
	if (paused && kgc_request_has_waiters(rq))
		wake_up(&rq->waitq);
	/* pairs with kgc_request_close_sync() */
	if (kgc_request_closed(rq))
		wake_up_all(&rq->waitq);
}

/*
 * Pause the cycle: its next step has to wait @ns for CPU time. If it is @helpable, a
 * thread may run it earlier. Context: the work item, as the runner.
 */
void kgc_request_pause(struct kgc_heap *heap, u64 ns, bool helpable)
{
	WRITE_ONCE(heap->request.paused, helpable);
	kgc_request_resume_in(heap, ns);
}

/*
 * End the pause: the next step no longer waits for CPU time. Cancel the work item, since
 * a kick has no effect while the work item is pending for the end of the pause.
 * Context: a thread, as the runner.
 */
void kgc_request_unpause(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->request.paused, false);
	cancel_delayed_work(&heap->request.work);
}

/* Whether a thread may run a step now. A hint: this may change at any time. */
static bool may_help(const struct kgc_heap *heap)
{
	return READ_ONCE(heap->request.paused) && !READ_ONCE(heap->dying) &&
	       !kgc_request_closed(&heap->request) && !atomic_read(&heap->request.runner);
}

/**
 * kgc_request_help() - run a step of the cycle in the current thread
 * @heap: the heap
 * @inside: the thread is in a section of @heap
 *
 * Context: process context; may sleep unless @inside.
 * Return: true if a step was run; false if another context is the runner, or if this
 * thread may not run the next step.
 */
bool kgc_request_help(struct kgc_heap *heap, bool inside)
{
	struct kgc_request *rq = &heap->request;
	bool helped;

	if (!may_help(heap))
		return false;
	/* full barrier: pairs with kgc_request_runner_end() */
	if (atomic_cmpxchg(&rq->runner, 0, 1))
		return false;
	helped = READ_ONCE(rq->paused) && rq->help(heap, inside);
	kgc_request_runner_end(heap);
	return helped;
}

/*
 * Request @cycles cycles that begin after this call. Context: any but NMI. Return: number
 * of the last of them. If the heap is closed, that cycle never ends.
 */
u64 kgc_request_cycles(struct kgc_heap *heap, unsigned int cycles,
		       enum kgc_reason reason)
{
	struct kgc_request *rq = &heap->request;
	u64 target;

	scoped_guard(raw_spinlock_irqsave, &rq->lock) {
		target = rq->begun + cycles;
		WRITE_ONCE(rq->wanted, max(rq->wanted, target));
		WRITE_ONCE(rq->reasons, rq->reasons | BIT(reason));
	}
	if (!kgc_request_closed(rq))
		kgc_request_kick(heap);
	return target;
}

/*
 * Begin the next cycle if one is wanted. @reasons receives the reasons of all requests
 * since the last cycle began. Context: the state machine. Return: number of the cycle; 0
 * if none is wanted.
 */
u64 kgc_request_take(struct kgc_heap *heap, unsigned long *reasons)
{
	struct kgc_request *rq = &heap->request;

	guard(raw_spinlock_irq)(&rq->lock);
	if (rq->begun >= rq->wanted)
		return 0;
	*reasons = rq->reasons;
	WRITE_ONCE(rq->reasons, 0);
	WRITE_ONCE(rq->begun, rq->begun + 1);
	return rq->begun;
}

/*
 * Close the heap to cycles, for good: no cycle begins, and a cycle under way stops after
 * its current step. Mutators go on in the current phase. Context: any but NMI.
 */
void kgc_request_close(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->request.closed, true);
	kgc_allocator_stop_sweep(&heap->alloc);
	/* the work item wakes the threads that wait, and a pause must not delay that */
	if (!READ_ONCE(heap->dying))
		mod_delayed_work(kgc_wq, &heap->request.work, 0);
}

/* Close the heap to cycles, and wait until no step is under way. Context: may sleep. */
void kgc_request_close_sync(struct kgc_heap *heap)
{
	struct kgc_request *rq = &heap->request;

	kgc_request_close(heap);
	/* flush, do not cancel: the work item has to wake the threads that wait */
	flush_delayed_work(&rq->work);
	/*
	 * The work item returns at once if a thread is the runner, so wait for the
	 * thread too. wait_event() has a full barrier before it sleeps: either this finds
	 * no runner, or kgc_request_runner_end() finds the heap closed.
	 */
	wait_event(rq->waitq, !atomic_read_acquire(&rq->runner));
}

/* Note that cycle @nr is over, and wake its waiters. Context: the state machine. */
void kgc_request_complete(struct kgc_heap *heap, u64 nr)
{
	/* a waiter sees what the cycle has found dead: pairs with is_over() */
	smp_store_release(&heap->request.done, nr);
	wake_up_all(&heap->request.waitq);
}

/**
 * kgc_collect_start() - request full cycles
 * @heap: the heap
 * @cycles: number of cycles, KGC_COLLECT_MOST at most. They begin after this call. Two
 *	cycles free all precisely typed garbage that exists now
 *
 * Only kgc_heap_destroy(), kgc_finalizers_drain(), or an error that a check finds cancels
 * a request.
 *
 * Context: any but NMI.
 * Return: number of the last of these cycles, for kgc_wait().
 */
u64 kgc_collect_start(struct kgc_heap *heap, unsigned int cycles)
{
	return kgc_request_cycles(heap, min(cycles, KGC_COLLECT_MOST),
				  KGC_REASON_REQUEST);
}
EXPORT_SYMBOL_GPL(kgc_collect_start);

/*
 * Check that the caller may wait for a cycle, which open sections hold up. Tell lockdep
 * that the caller waits for the sections of all heaps that were created at the same line
 * of code. Context: may sleep; not inside a section of @heap.
 */
void kgc_request_might_wait(struct kgc_heap *heap)
{
	RCU_LOCKDEP_WARN(srcu_read_lock_held(&heap->front.srcu),
			 "waiting for a cycle inside a section");
	srcu_lock_sync(&heap->front.srcu.dep_map);
	might_sleep();
}

/* End a wait: the thread's last access to the heap. */
static void waiter_end(struct kgc_request *rq)
{
	/* the wakeup of a pause may have gone to this thread, which runs no step now */
	if (READ_ONCE(rq->paused) && kgc_request_has_waiters(rq))
		wake_up(&rq->waitq);
	kgc_users_put(&rq->waiters);
}

static bool is_over(const struct kgc_request *rq, u64 cycle)
{
	/* pairs with kgc_request_complete() */
	return smp_load_acquire(&rq->done) >= cycle;
}

/* Whether a waiter returns: @cycle is over, or will never be. */
static bool waiter_returns(const struct kgc_heap *heap, u64 cycle)
{
	return is_over(&heap->request, cycle) || kgc_request_closed(&heap->request) ||
	       READ_ONCE(heap->dying);
}

/* Wait for @cycle as kgc_wait() does. Context: the thread is counted in @waiters. */
static int request_wait(struct kgc_heap *heap, u64 cycle)
{
	struct kgc_request *rq = &heap->request;

	kgc_request_might_wait(heap);
	while (!waiter_returns(heap, cycle)) {
		/* exclusive: a pause wakes one thread, the end of a cycle wakes all */
		if (wait_event_interruptible_exclusive(rq->waitq,
						       waiter_returns(heap, cycle) ||
						       may_help(heap)))
			return -EINTR;
		kgc_request_help(heap, false);
		cond_resched();
		/* while there are steps to run, the wait above does not look for signals */
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
 * @cycle: number that kgc_collect_start() returned
 *
 * While the cycle is paused because the collectors' share of CPU time is used up, the
 * thread runs its steps. Otherwise the thread sleeps.
 *
 * Context: process context, not inside a section of @heap, because the cycle waits for
 * that section. kgc_heap_destroy() makes waits under way return. No wait may begin after
 * kgc_heap_destroy() has begun.
 * Return: 0; -EINTR if a signal came, while the cycle goes on; -ECANCELED if the heap
 * is being destroyed; -EIO if the cycle never ends because the heap has been set aside
 * or drained.
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
 * Wait for @cycle for @ticks at most, in a caller that may hold up the cycle itself.
 * The wait ends early if the heap is dying or closed, or on a fatal signal. Context:
 * process context; the caller keeps the heap from ending. Return: whether @cycle is over.
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

/* Have every waiter check whether it returns. Context: the heap is dying or closed. */
void kgc_request_wake(struct kgc_heap *heap)
{
	wake_up_all(&heap->request.waitq);
}

/*
 * Make all waiters return, and wait until they have. No thread may begin to wait from
 * here on. Context: the heap is dying; may sleep.
 */
void kgc_request_drain(struct kgc_heap *heap)
{
	kgc_request_wake(heap);
	kgc_users_drain(&heap->request.waiters);
}

/**
 * kgc_collect() - run full cycles and wait for them
 * @heap: the heap
 * @cycles: number of cycles, as for kgc_collect_start()
 *
 * Context: as kgc_wait().
 * Return: 0, -EINTR, -ECANCELED or -EIO, as kgc_wait().
 */
int kgc_collect(struct kgc_heap *heap, unsigned int cycles)
{
	int err;

	/* count the thread first: a cycle with a waiter expedites its grace periods */
	kgc_users_get(&heap->request.waiters);
	err = request_wait(heap, kgc_collect_start(heap, cycles));
	waiter_end(&heap->request);
	return err;
}
EXPORT_SYMBOL_GPL(kgc_collect);

/* @run: the work item, which runs the state machine; @help: runs a step in a thread. */
void kgc_request_init(struct kgc_heap *heap, work_func_t run, kgc_help_fn help)
{
	struct kgc_request *rq = &heap->request;

	INIT_DELAYED_WORK(&rq->work, run);
	rq->help = help;
	raw_spin_lock_init(&rq->lock);
	init_waitqueue_head(&rq->waitq);
	kgc_users_init(&rq->waiters);
}

/* Stop the work item until the next kick. Context: may sleep. */
void kgc_request_cancel(struct kgc_heap *heap)
{
	cancel_delayed_work_sync(&heap->request.work);
}
