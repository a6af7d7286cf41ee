// SPDX-License-Identifier: GPL-2.0
/* Cycles that are asked for, and waiting for their end. */
#include <linux/rcupdate.h>
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
			   nsecs_to_jiffies(ns) ?: 1);
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
	kgc_request_close(heap);
	/* not cancelled: the state machine wakes threads that wait */
	flush_delayed_work(&heap->request.work);
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

/* A waiter ends the pause of a cycle. */
static void waiter_hurries(struct kgc_heap *heap, u64 cycle)
{
	struct kgc_request *rq = &heap->request;

	if (READ_ONCE(rq->done) < cycle && !READ_ONCE(heap->dying))
		mod_delayed_work(kgc_wq, &rq->work, 0);
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
	waiter_hurries(heap, cycle);
	if (wait_event_interruptible(rq->waitq, waiter_returns(heap, cycle)))
		return -EINTR;
	if (is_over(rq, cycle))
		return 0;
	return READ_ONCE(heap->dying) ? -ECANCELED : -EIO;
}

/**
 * kgc_wait() - wait until a cycle is over, sweep included
 * @heap: the heap
 * @cycle: what kgc_collect_start() returned
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
	kgc_users_put(&heap->request.waiters);
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

	kgc_users_get(&rq->waiters);
	waiter_hurries(heap, cycle);
	wait_event_killable_timeout(rq->waitq, waiter_returns(heap, cycle), ticks);
	kgc_users_put(&rq->waiters);
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
	kgc_users_put(&heap->request.waiters);
	return err;
}
EXPORT_SYMBOL_GPL(kgc_collect);

/* @run: the state machine. */
void kgc_request_init(struct kgc_heap *heap, work_func_t run)
{
	struct kgc_request *rq = &heap->request;

	INIT_DELAYED_WORK(&rq->work, run);
	raw_spin_lock_init(&rq->lock);
	init_waitqueue_head(&rq->waitq);
	kgc_users_init(&rq->waiters);
}

/* The state machine does not run, unless it is kicked. Context: may sleep. */
void kgc_request_cancel(struct kgc_heap *heap)
{
	cancel_delayed_work_sync(&heap->request.work);
}
