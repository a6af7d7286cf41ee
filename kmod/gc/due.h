/* SPDX-License-Identifier: GPL-2.0 */
/* Calls, and records for userspace, that are due because an object was found dead. */
#ifndef _KGC_DUE_H
#define _KGC_DUE_H

#include <linux/kgc.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../compat.h"
#include "users.h"

struct file;
struct lock_class_key;
struct poll_table_struct;
struct seq_file;

#define KGC_DUE_SLOW_MS	100	/* a call that takes this long counts as slow */

/**
 * struct kgc_due_queue - what is due in a heap
 * @lock: guards the members that name it
 * @calls: calls to be made, in the order in which they were found
 * @records: records to be read by userspace, in the same order. Readers look without @lock
 *	whether it is empty
 * @work: makes the calls in @calls
 * @wq: runs @work; NULL in a heap that has no calls
 * @called_waitq: threads that wait for @called to rise
 * @records_waitq: threads that wait for a record, or for @read to rise
 * @waiters: counts the threads that wait for @called
 * @nr_found: calls found so far, including those of the cycle under way
 * @nr_calls: of @nr_found, those that became due because their cycle is over; read without
 *	@lock
 * @called: of @nr_calls, those that have returned
 * @nr_records: records that became due so far; read without @lock
 * @read: of @nr_records, those that have been read; read without @lock for statistics
 * @taken: records that a reader has taken but not finished reading
 * @returned: records at the head of @records that readers took and put back
 * @calling: function of the call under way, or of the last one
 * @calling_ns: when the call under way began; 0 while there is none
 * @slow: calls that took KGC_DUE_SLOW_MS or more
 * @longest_wait_ns: longest time from finding an object dead to its call
 * @longest_call_ns: longest duration of a call
 *
 * The collector writes @nr_found, and once it has stopped, the thread that drains the heap.
 * Only @work writes @called, @calling and the members below it. All of these are read at any
 * time.
 */
struct kgc_due_queue {
	spinlock_t		lock;	/* see above */
	struct list_head	calls __guarded_by(&lock);
	struct list_head	records __guarded_by(&lock);
	struct work_struct	work;
	struct workqueue_struct	*wq;
	wait_queue_head_t	called_waitq;
	wait_queue_head_t	records_waitq;
	struct kgc_users	waiters;
	u64			nr_found;
	u64			nr_calls __guarded_by(&lock);
	u64			called;
	u64			nr_records __guarded_by(&lock);
	u64			read __guarded_by(&lock);
	u64			taken __guarded_by(&lock);
	u64			returned __guarded_by(&lock);
	kgc_cleanup_t		calling;
	u64			calling_ns;
	u64			slow;
	u64			longest_wait_ns;
	u64			longest_call_ns;
};

int kgc_due_init(struct kgc_heap *heap, struct lock_class_key *key, bool has_calls);
void kgc_due_destroy(struct kgc_due_queue *due_queue);
void kgc_due_stop(struct kgc_due_queue *due_queue);
void kgc_due_drain(struct kgc_due_queue *due_queue);
bool kgc_due_calling(const struct kgc_heap *heap);
bool kgc_due_owner_get(const struct kgc_heap *heap, struct module **owner);
void kgc_due_drop(struct kgc_due_queue *due_queue, struct list_head *list);
void kgc_due_queue_calls(struct kgc_due_queue *due_queue, struct list_head *found);
void kgc_due_queue_records(struct kgc_due_queue *due_queue, struct list_head *found, u64 nr);
void kgc_due_wait_called(struct kgc_heap *heap);
void kgc_due_wake(struct kgc_due_queue *due_queue);
int kgc_due_read_record(struct kgc_heap *heap, u64 *cookie, u64 *handle,
			struct kgc_due **record);
void kgc_due_record_read(struct kgc_due_queue *due_queue);
void kgc_due_put_record(struct kgc_due_queue *due_queue, struct kgc_due *due);
int kgc_due_wait_readable(struct kgc_due_queue *due_queue);
int kgc_due_wait_read(struct kgc_due_queue *due_queue);
__poll_t kgc_due_poll(struct kgc_due_queue *due_queue, struct file *file,
		      struct poll_table_struct *wait);
void kgc_due_show(struct seq_file *m, struct kgc_due_queue *due_queue);

/*
 * Count a call that becomes due when the cycle is over. Context: the collector, which holds
 * the lock of the index from which it takes the call.
 */
static inline void kgc_due_expect(struct kgc_due_queue *due_queue)
{
	WRITE_ONCE(due_queue->nr_found, due_queue->nr_found + 1);
}

#endif /* _KGC_DUE_H */
