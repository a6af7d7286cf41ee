// SPDX-License-Identifier: GPL-2.0
/* Asking for cycles, and waiting for them. */
#include "heap.h"
#include "cycle.h"
#include "work.h"

/* Let the state machine look again. Context: any but NMI. */
void kgc_cycle_kick(struct kgc_heap *heap)
{
	if (!READ_ONCE(heap->dying))
		queue_delayed_work(kgc_wq, &heap->cycle.work, 0);
}

/* Note CPU time spent for the collector. */
void kgc_cycle_charge(struct kgc_heap *heap, u64 ns)
{
	atomic64_add(ns, &heap->cycle.cpu_ns);
}

/* Ask for @cycles that begin from now on. Return: number of the last one. */
u64 kgc_cycle_request(struct kgc_heap *heap, unsigned int cycles,
		      enum kgc_reason reason)
{
	struct kgc_cycle *cy = &heap->cycle;
	unsigned long flags;
	u64 target;

	raw_spin_lock_irqsave(&cy->lock, flags);
	target = cy->begun + cycles;
	cy->wanted = max(cy->wanted, target);
	cy->reasons |= BIT(reason);
	raw_spin_unlock_irqrestore(&cy->lock, flags);
	kgc_cycle_kick(heap);
	return target;
}

/**
 * kgc_collect_start() - ask for full cycles
 * @heap: the heap
 * @cycles: how many; they begin after this call. Two free all precisely typed
 *	garbage there is now
 *
 * Context: any but NMI.
 * Return: number of the last of them, for kgc_wait().
 */
u64 kgc_collect_start(struct kgc_heap *heap, unsigned int cycles)
{
	return kgc_cycle_request(heap, cycles, KGC_REASON_REQUEST);
}
EXPORT_SYMBOL_GPL(kgc_collect_start);

/* A paused cycle hurries when somebody waits; @cy->waiters counts who does. */
static void waiter_begin(struct kgc_heap *heap, u64 cycle)
{
	struct kgc_cycle *cy = &heap->cycle;

	atomic_inc(&cy->waiters);
	if (READ_ONCE(cy->done) < cycle && !READ_ONCE(heap->dying))
		mod_delayed_work(kgc_wq, &cy->work, 0);
}

/**
 * kgc_wait() - wait until a cycle is over, sweep included
 * @heap: the heap
 * @cycle: what kgc_collect_start() returned
 *
 * Context: process context, not inside a section of @heap: the cycle waits
 * for that section.
 * Return: 0; -EINTR when a signal came, the cycle goes on.
 */
int kgc_wait(struct kgc_heap *heap, u64 cycle)
{
	struct kgc_cycle *cy = &heap->cycle;
	int err;

	RCU_LOCKDEP_WARN(srcu_read_lock_held(&heap->front.srcu),
			 "waiting for a cycle inside a section");
	might_sleep();
	waiter_begin(heap, cycle);
	err = wait_event_interruptible(cy->waitq, READ_ONCE(cy->done) >= cycle);
	atomic_dec(&cy->waiters);
	return err ? -EINTR : 0;
}
EXPORT_SYMBOL_GPL(kgc_wait);

/*
 * kgc_wait() for at most @ticks, for those who may themselves be in the cycle's way.
 * A heap that dies is not waited for, but does not end meanwhile either. Context:
 * process context. Return: whether the cycle is over.
 */
bool kgc_cycle_wait(struct kgc_heap *heap, u64 cycle, unsigned long ticks)
{
	struct kgc_cycle *cy = &heap->cycle;

	waiter_begin(heap, cycle);
	wait_event_killable_timeout(cy->waitq, READ_ONCE(cy->done) >= cycle ||
				    READ_ONCE(heap->dying), ticks);
	atomic_dec(&cy->waiters);
	return READ_ONCE(cy->done) >= cycle;
}

/**
 * kgc_collect() - run full cycles and wait for them
 * @heap: the heap
 * @cycles: how many
 *
 * Context: as kgc_wait().
 * Return: 0 or -EINTR.
 */
int kgc_collect(struct kgc_heap *heap, unsigned int cycles)
{
	int err;

	/* the cycle may begin before this gets to wait */
	atomic_inc(&heap->cycle.waiters);
	err = kgc_wait(heap, kgc_collect_start(heap, cycles));
	atomic_dec(&heap->cycle.waiters);
	return err;
}
EXPORT_SYMBOL_GPL(kgc_collect);
