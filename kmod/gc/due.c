// SPDX-License-Identifier: GPL-2.0
/*
 * Calls and records that are due because their objects were found dead.
 *
 * A work item calls finalizers and cleanups, one after the other, in the order in which
 * the collector found them. So the number of calls that have returned tells which ones
 * have, and a thread that waits for some calls waits for that number.
 *
 * A call may sleep for any time. So each heap that may have calls has a workqueue of its
 * own: calls that sleep take no worker from those of other heaps, however many they are.
 *
 * Readers take records, and put back a record that they cannot deliver.
 */
#include <linux/ktime.h>
#include <linux/poll.h>
#include <linux/seq_file.h>

#include "../alloc/alloc.h"
#include "../compat.h"
#include "due.h"
#include "handle.h"
#include "heap.h"
#include "report.h"
#include "request.h"
#include "trace.h"
#include "type.h"

/* ---- calls ------------------------------------------------------------------- */

/*
 * Queue the calls in @found: all that kgc_due_expect() has counted since this was called
 * last. Context: may sleep.
 */
void kgc_due_queue_calls(struct kgc_due_queue *due_queue, struct list_head *found)
{
	if (list_empty(found))
		return;
	scoped_guard(kgc_spin_bh, &due_queue->lock) {
		list_splice_tail_init(found, &due_queue->calls);
		WRITE_ONCE(due_queue->nr_calls, due_queue->nr_found);
	}
	queue_work(due_queue->wq, &due_queue->work);
}

static struct kgc_due *due_take(struct kgc_due_queue *due_queue, struct list_head *list)
{
	struct kgc_due *due;

	lockdep_assert_held(&due_queue->lock);
	due = list_first_entry_or_null(list, struct kgc_due, link);
	if (due)
		list_del_init(&due->link);
	return due;
}

static struct kgc_due *due_take_call(struct kgc_due_queue *due_queue)
{
	guard(kgc_spin_bh)(&due_queue->lock);
	return due_take(due_queue, &due_queue->calls);
}

static void due_measure(struct kgc_heap *heap, kgc_cleanup_t fn, u64 wait, u64 ns)
{
	struct kgc_due_queue *due_queue = &heap->due_queue;

	trace_kgc_finalizer(heap->id, fn, wait, ns);
	if (wait > due_queue->longest_wait_ns)
		WRITE_ONCE(due_queue->longest_wait_ns, wait);
	if (ns > due_queue->longest_call_ns)
		WRITE_ONCE(due_queue->longest_call_ns, ns);
	if (ns >= KGC_DUE_SLOW_MS * NSEC_PER_MSEC)
		WRITE_ONCE(due_queue->slow, due_queue->slow + 1);
}

/* Make the call @due. The call may free @due, so it is not touched afterwards. */
static void due_call(struct kgc_heap *heap, struct kgc_due *due)
{
	struct kgc_due_queue *due_queue = &heap->due_queue;
	u64 begin = ktime_get_ns(), wait = begin - due->since_ns;
	struct module *owner = due->owner;
	/* only printed, so it may as well be a finalizer, which is in the same union */
	kgc_cleanup_t fn = due->cleanup;

	WRITE_ONCE(due_queue->calling, fn);
	WRITE_ONCE(due_queue->calling_ns, begin);
	due->run(heap, due);
	module_put(owner);
	WRITE_ONCE(due_queue->calling_ns, 0);
	due_measure(heap, fn, wait, ktime_get_ns() - begin);
	/* a waiter sees what the call did: pairs with are_called() */
	smp_store_release(&due_queue->called, due_queue->called + 1);
	if (wq_has_sleeper(&due_queue->called_waitq))
		wake_up_all(&due_queue->called_waitq);
}

static void due_work(struct work_struct *work)
{
	struct kgc_due_queue *due_queue = container_of(work, struct kgc_due_queue, work);
	struct kgc_heap *heap = container_of(due_queue, struct kgc_heap, due_queue);
	struct kgc_due *due;

	while (!READ_ONCE(heap->dying)) {
		due = due_take_call(due_queue);
		if (!due)
			return;
		due_call(heap, due);
		cond_resched();
	}
}

static bool are_called(const struct kgc_due_queue *due_queue, u64 nr)
{
	/* pairs with due_call() */
	return smp_load_acquire(&due_queue->called) >= nr;
}

/* Whether a waiter returns: the calls have been made, or may never be. */
static bool waiter_returns(const struct kgc_heap *heap, u64 nr)
{
	return are_called(&heap->due_queue, nr) || kgc_request_closed(&heap->request) ||
	       READ_ONCE(heap->dying);
}

static int finalizers_wait(struct kgc_heap *heap, u64 nr)
{
	struct kgc_due_queue *due_queue = &heap->due_queue;
	u64 cycle;

	kgc_request_might_wait(heap);
	/*
	 * The cycle that found the rest may be paused: kgc_wait() runs its steps. Both
	 * reads are hints. Out of order they cost that help, or a wait for one more cycle.
	 */
	cycle = READ_ONCE(heap->request.begun);
	if (READ_ONCE(due_queue->nr_calls) < nr && kgc_wait(heap, cycle) == -EINTR)
		return -EINTR;
	if (wait_event_interruptible(due_queue->called_waitq, waiter_returns(heap, nr)))
		return -EINTR;
	if (are_called(due_queue, nr))
		return 0;
	return READ_ONCE(heap->dying) ? -ECANCELED : -EIO;
}

/**
 * kgc_finalizers_wait() - wait until finalizers and cleanups have been called
 * @heap: the heap
 *
 * Waits for the calls of all objects that have been found dead, and for the end of a
 * cycle under way that has found some. So kgc_collect() with two cycles, and then this
 * function, wait for the calls of all objects that were garbage before. There is one
 * exception. If an object has a finalizer, or if another object with a finalizer refers to
 * it, only a cycle that begins after that finalizer has run finds the object's cleanups.
 * kgc_finalizers_drain() waits for such cleanups, too.
 *
 * Context: process context, not inside a section of @heap, nor in a finalizer or
 * cleanup.
 * Return: 0; -EINTR when a signal came, while the calls go on; -ECANCELED when the heap
 * is being destroyed, as kgc_wait(); -EIO when some calls may never be made because the
 * heap has been set aside or drained; -EDEADLK, with a warning, in a finalizer or
 * cleanup of @heap.
 */
int kgc_finalizers_wait(struct kgc_heap *heap)
{
	struct kgc_due_queue *due_queue = &heap->due_queue;
	u64 nr = READ_ONCE(due_queue->nr_found);
	int err;

	if (kgc_due_calling(heap)) {
		kgc_refuse(heap, "a finalizer waits for finalizers");
		return -EDEADLK;
	}
	kgc_users_get(&due_queue->waiters);
	err = finalizers_wait(heap, nr);
	kgc_users_put(&due_queue->waiters);
	return err;
}
EXPORT_SYMBOL_GPL(kgc_finalizers_wait);

/*
 * Pin the module *@owner for a call. The module that owns the heap needs no reference,
 * since it ends the heap before it exits: for it, set *@owner to NULL. Return: false if
 * *@owner is exiting.
 */
bool kgc_due_owner_get(const struct kgc_heap *heap, struct module **owner)
{
	if (*owner != heap->owner)
		return try_module_get(*owner);
	*owner = NULL;
	return true;
}

/* Whether the caller is a finalizer or cleanup of @heap. Context: any. */
bool kgc_due_calling(const struct kgc_heap *heap)
{
	return in_task() && current_work() == &heap->due_queue.work;
}

/* Let every waiter look again. Context: the heap dies, or is closed. */
void kgc_due_wake(struct kgc_due_queue *due_queue)
{
	wake_up_all(&due_queue->called_waitq);
	wake_up_all(&due_queue->records_waitq);
}

/* Wait until all calls due now have returned. Context: may sleep; ignores signals. */
void kgc_due_wait_called(struct kgc_heap *heap)
{
	struct kgc_due_queue *due_queue = &heap->due_queue;
	u64 nr = READ_ONCE(due_queue->nr_calls);

	wait_event(due_queue->called_waitq, are_called(due_queue, nr));
}

/* ---- records ------------------------------------------------------------------ */

/* Let readers take the @nr records in @found. Context: process context. */
void kgc_due_queue_records(struct kgc_due_queue *due_queue, struct list_head *found, u64 nr)
{
	if (!nr)
		return;
	scoped_guard(kgc_spin_bh, &due_queue->lock) {
		list_splice_tail_init(found, &due_queue->records);
		WRITE_ONCE(due_queue->nr_records, due_queue->nr_records + nr);
	}
	wake_up_interruptible_all(&due_queue->records_waitq);
}

/*
 * Take the next record. kgc_due_record_read() or kgc_due_put_record() must follow. Return:
 * NULL when there is no record.
 */
static struct kgc_due *take_record(struct kgc_due_queue *due_queue)
{
	struct kgc_due *due;

	guard(kgc_spin_bh)(&due_queue->lock);
	due = due_take(due_queue, &due_queue->records);
	if (!due)
		return NULL;
	due_queue->taken++;
	if (due_queue->returned)
		due_queue->returned--;
	return due;
}

/* A record that was taken has been read. */
void kgc_due_record_read(struct kgc_due_queue *due_queue)
{
	scoped_guard(kgc_spin_bh, &due_queue->lock) {
		due_queue->taken--;
		due_queue->read++;
	}
	if (wq_has_sleeper(&due_queue->records_waitq))
		wake_up_interruptible_all(&due_queue->records_waitq);
}

/* Put @due back: it was taken, but could not be delivered. */
void kgc_due_put_record(struct kgc_due_queue *due_queue, struct kgc_due *due)
{
	scoped_guard(kgc_spin_bh, &due_queue->lock) {
		list_add(&due->link, &due_queue->records);
		due_queue->taken--;
		due_queue->returned++;
	}
	wake_up_interruptible_all(&due_queue->records_waitq);
}

/**
 * kgc_due_read_record() - take the next record
 * @heap: the heap
 * @cookie: receives the cookie that was given with the object
 * @handle: receives a new handle to the object
 * @record: receives the record, for kgc_final_delivered() or kgc_due_put_record()
 *
 * Context: process context, may sleep.
 * Return: 0; -EAGAIN when there is no record; -ENOMEM or -ENOSPC as kgc_handle_open().
 */
int kgc_due_read_record(struct kgc_heap *heap, u64 *cookie, u64 *handle,
			struct kgc_due **record)
{
	struct kgc_due *due = take_record(&heap->due_queue);
	struct kgc_section s;
	struct kgc_span *span;
	void *obj;
	int err;

	if (!due)
		return -EAGAIN;
	s = kgc_enter(heap);
	/* a root slot: pairs with kgc_store_slot() */
	obj = smp_load_acquire(&due->obj);
	span = kgc_map_span(obj);
	err = kgc_handle_open(s, obj,
			      kgc_type_of_slot(&heap->types, span,
					       kgc_span_index(span, obj))->layout.id,
			      handle);
	kgc_exit(s);
	if (err) {
		kgc_due_put_record(&heap->due_queue, due);
		return err;
	}
	*cookie = due->cookie;
	*record = due;
	return 0;
}

static bool is_readable(struct kgc_due_queue *due_queue)
{
	return !list_empty_careful(&due_queue->records);
}

/* Whether no record will become due any more, because the heap has no more cycles. */
static bool is_closed(const struct kgc_due_queue *due_queue)
{
	return kgc_request_closed(&container_of_const(due_queue, struct kgc_heap,
						      due_queue)->request);
}

/* Wait for a record. Context: may sleep. Return: 0; -ERESTARTSYS; -EIO if is_closed(). */
int kgc_due_wait_readable(struct kgc_due_queue *due_queue)
{
	int err = wait_event_interruptible(due_queue->records_waitq,
					   is_readable(due_queue) || is_closed(due_queue));

	return err ?: is_readable(due_queue) ? 0 : -EIO;
}

static bool are_read(struct kgc_due_queue *due_queue, u64 nr)
{
	guard(kgc_spin_bh)(&due_queue->lock);
	/* @read may include later records while an earlier one is taken or put back */
	return due_queue->read >= nr && !due_queue->taken && !due_queue->returned;
}

/*
 * Wait until userspace has read the records of all cycles that are over. Context: may
 * sleep. Return: 0; -EINTR; -EIO when the heap has no more cycles.
 */
int kgc_due_wait_read(struct kgc_due_queue *due_queue)
{
	u64 nr = READ_ONCE(due_queue->nr_records);

	if (wait_event_interruptible(due_queue->records_waitq,
				     are_read(due_queue, nr) || is_closed(due_queue)))
		return -EINTR;
	return are_read(due_queue, nr) ? 0 : -EIO;
}

/*
 * The poll of the heap's file. Return: EPOLLIN | EPOLLRDNORM when there is a record;
 * EPOLLERR when none will become due; 0 otherwise.
 */
__poll_t kgc_due_poll(struct kgc_due_queue *due_queue, struct file *file,
		      struct poll_table_struct *wait)
{
	poll_wait(file, &due_queue->records_waitq, wait);
	if (is_readable(due_queue))
		return EPOLLIN | EPOLLRDNORM;
	return is_closed(due_queue) ? EPOLLERR : 0;
}

/* ---- figures, beginning and end ------------------------------------------------- */

/* How long the first call in the queue has been waiting, in ns; 0 when there is none. */
static u64 waiting_ns(struct kgc_due_queue *due_queue)
{
	struct kgc_due *due;
	u64 since = 0;

	scoped_guard(kgc_spin_bh, &due_queue->lock) {
		due = list_first_entry_or_null(&due_queue->calls, struct kgc_due, link);
		if (due)
			since = due->since_ns;
	}
	return since ? ktime_get_ns() - since : 0;
}

static void show_us(struct seq_file *m, const char *name, u64 ns)
{
	seq_printf(m, "%s %llu\n", name, div_u64(ns, NSEC_PER_USEC));
}

void kgc_due_show(struct seq_file *m, struct kgc_due_queue *due_queue)
{
	u64 called = READ_ONCE(due_queue->called), since = READ_ONCE(due_queue->calling_ns);

	seq_printf(m, "CallsFound %llu\nCallsDone %llu\n", READ_ONCE(due_queue->nr_calls), called);
	show_us(m, "WaitingUs", waiting_ns(due_queue));
	show_us(m, "LongestWaitUs", READ_ONCE(due_queue->longest_wait_ns));
	show_us(m, "CallingUs", since ? ktime_get_ns() - since : 0);
	show_us(m, "LongestCallUs", READ_ONCE(due_queue->longest_call_ns));
	seq_printf(m, "SlowCalls %llu\nRecords %llu\nRecordsRead %llu\n",
		   READ_ONCE(due_queue->slow), READ_ONCE(due_queue->nr_records),
		   READ_ONCE(due_queue->read));
	if (since)
		seq_printf(m, "Calling %ps\n", READ_ONCE(due_queue->calling));
}

/*
 * @key is the lockdep class of the work item. Heaps need different classes, since a cleanup
 * may end another heap, and wait for that heap's work item. A heap of the device has
 * records only, and needs no workqueue. Context: may sleep. Return: 0 or -ENOMEM.
 */
int kgc_due_init(struct kgc_heap *heap, struct lock_class_key *key, bool has_calls)
{
	struct kgc_due_queue *due_queue = &heap->due_queue;

	if (has_calls) {
		due_queue->wq = alloc_ordered_workqueue("kgc_finals/%u", WQ_FREEZABLE, heap->id);
		if (!due_queue->wq)
			return -ENOMEM;
	}
	spin_lock_init(&due_queue->lock);
	INIT_LIST_HEAD(&due_queue->calls);
	INIT_LIST_HEAD(&due_queue->records);
	INIT_WORK(&due_queue->work, due_work);
	kgc_work_class(&due_queue->work, "kgc_due_queue", key);
	kgc_users_init(&due_queue->waiters);
	init_waitqueue_head(&due_queue->called_waitq);
	init_waitqueue_head(&due_queue->records_waitq);
	return 0;
}

/* Context: no call is due or under way; may sleep. */
void kgc_due_destroy(struct kgc_due_queue *due_queue)
{
	if (due_queue->wq)
		destroy_workqueue(due_queue->wq);
}

/* The heap is dying: wait for the call under way, make no other. Context: may sleep. */
void kgc_due_stop(struct kgc_due_queue *due_queue)
{
	cancel_work_sync(&due_queue->work);
}

/* Make threads that wait for calls return, and wait until they have. Context: may sleep. */
void kgc_due_drain(struct kgc_due_queue *due_queue)
{
	kgc_due_wake(due_queue);
	kgc_users_drain(&due_queue->waiters);
}

/* Move what is still due to @list. Context: the collector has stopped; may sleep. */
void kgc_due_drop(struct kgc_due_queue *due_queue, struct list_head *list)
{
	cancel_work_sync(&due_queue->work);
	guard(kgc_spin_bh)(&due_queue->lock);
	list_splice_tail_init(&due_queue->calls, list);
	list_splice_tail_init(&due_queue->records, list);
}
