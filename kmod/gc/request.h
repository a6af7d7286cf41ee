/* SPDX-License-Identifier: GPL-2.0 */
/* Requests for cycles, and waits for their end. */
#ifndef _KGC_REQUEST_H
#define _KGC_REQUEST_H

#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../../uapi/linux/kgc.h"
#include "../compat.h"
#include "users.h"

struct kgc_heap;

/* Run a step of the state machine in a thread, which may be @inside a section. */
typedef bool (*kgc_help_fn)(struct kgc_heap *heap, bool inside);

/**
 * struct kgc_request - cycles requested, begun and completed
 * @work: runs the state machine in cycle.c
 * @help: runs a step of the state machine in a thread
 * @runner: 0 while there is no runner, 1 while there is one; above 1 if @work has run
 *	meanwhile and has to run again
 * @paused: @work waits for CPU time, and a thread may run steps instead; written by
 *	the runner
 * @lock: guards the members that name it; leaf, interrupts off
 * @begun: cycles begun; read without @lock as a hint
 * @wanted: number of the last cycle requested; read without @lock as a hint
 * @reasons: BIT(enum kgc_reason) of the requests since the last cycle began; read without
 *	@lock as a hint
 * @done: cycles completed, sweep included; written by the runner, without @lock
 * @waitq: threads that sleep until @done changes, until they may run a step, or until
 *	there is no @runner
 * @waiters: threads that wait for @done, or are about to
 * @closed: no cycle begins any more, and a cycle under way takes no further step; set once,
 *	in any context, without @lock
 */
struct kgc_request {
	struct delayed_work	work;
	kgc_help_fn		help;
	atomic_t		runner;
	bool			paused;
	raw_spinlock_t		lock;
	u64			begun __guarded_by(&lock);
	u64			wanted __guarded_by(&lock);
	unsigned long		reasons __guarded_by(&lock);
	u64			done;
	wait_queue_head_t	waitq;
	struct kgc_users	waiters;
	bool			closed;
};

void kgc_request_init(struct kgc_heap *heap, work_func_t run, kgc_help_fn help);
void kgc_request_cancel(struct kgc_heap *heap);
void kgc_request_kick(struct kgc_heap *heap);
void kgc_request_resume_in(struct kgc_heap *heap, u64 ns);
bool kgc_request_runner_begin(struct kgc_heap *heap);
void kgc_request_runner_end(struct kgc_heap *heap);
void kgc_request_pause(struct kgc_heap *heap, u64 ns, bool helpable);
void kgc_request_unpause(struct kgc_heap *heap);
bool kgc_request_help(struct kgc_heap *heap, bool inside);
u64 kgc_request_cycles(struct kgc_heap *heap, unsigned int cycles,
		       enum kgc_reason reason);
u64 kgc_request_take(struct kgc_heap *heap, unsigned long *reasons);
void kgc_request_complete(struct kgc_heap *heap, u64 nr);
void kgc_request_close(struct kgc_heap *heap);
void kgc_request_close_sync(struct kgc_heap *heap);
void kgc_request_might_wait(struct kgc_heap *heap);
void kgc_request_wake(struct kgc_heap *heap);
void kgc_request_drain(struct kgc_heap *heap);
bool kgc_request_wait(struct kgc_heap *heap, u64 cycle, unsigned long ticks);

/* Whether the heap is closed to cycles; see kgc_request_close(). */
static inline bool kgc_request_closed(const struct kgc_request *rq)
{
	return READ_ONCE(rq->closed);
}

/* Whether a cycle has been requested because memory is short, and has not begun. A hint. */
static inline bool kgc_request_is_short(const struct kgc_request *rq)
{
	return READ_ONCE(rq->reasons) & (BIT(KGC_REASON_LIMIT) | BIT(KGC_REASON_SHRINK));
}

/* Whether no cycle runs or is about to begin. A hint: it may change at any time. */
static inline bool kgc_request_idle(const struct kgc_request *rq)
{
	return READ_ONCE(rq->done) >= READ_ONCE(rq->wanted) || kgc_request_closed(rq);
}

/* Whether a thread waits for a cycle. A hint: a waiter seen late costs one pause. */
static inline bool kgc_request_has_waiters(const struct kgc_request *rq)
{
	return kgc_users_any(&rq->waiters);
}

#endif /* _KGC_REQUEST_H */
