/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finalizers: being told that an object was found dead, before it goes.
 */
#ifndef _KGC_FINALIZE_H
#define _KGC_FINALIZE_H

#include <linux/kgc.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include "../compat.h"

struct file;
struct kgc_marker;
struct poll_table_struct;

/**
 * struct kgc_final - a finalizer of one object
 * @obj: the object. While the finalizer is pending not a root; from when the
 *	object was found dead until the finalizer has run, a root
 * @root: makes it one
 * @fn: called, or NULL: a record for userspace
 * @cookie: for the record
 * @link: on kgc_finals.found, .found_records, .due or .records
 */
struct kgc_final {
	void			*obj;
	struct kgc_root		root;
	kgc_finalizer_t		fn;
	u64			cookie;
	struct list_head	link;
};

/**
 * struct kgc_finals - the finalizers of a heap
 * @pending: struct kgc_final by address of the object / 8
 * @nr_pending: entries in @pending
 * @at: address from which the collector's scan goes on
 * @found: finalizers of objects found dead in the current cycle; the collector's own
 * @found_records: the same for userspace
 * @lock: guards @due and @records
 * @due: finalizers to be called
 * @records: finalizers to be read by userspace
 * @work: calls them
 * @waitq: for readers of records
 */
struct kgc_finals {
	struct xarray		pending;
	atomic_t		nr_pending;
	unsigned long		at;
	struct list_head	found;
	struct list_head	found_records;
	spinlock_t		lock;	/* of both lists below */
	struct list_head	due __guarded_by(&lock);
	struct list_head	records __guarded_by(&lock);
	struct work_struct	work;
	wait_queue_head_t	waitq;
};

void kgc_finals_init(struct kgc_heap *heap);
void kgc_finals_stop(struct kgc_heap *heap);
void kgc_finals_destroy(struct kgc_heap *heap);
int kgc_final_add(struct kgc_section s, void *obj, kgc_finalizer_t fn,
		  u64 cookie, gfp_t gfp);
void kgc_finals_scan_begin(struct kgc_heap *heap);
bool kgc_finals_scan_some(struct kgc_heap *heap, struct kgc_marker *m);
bool kgc_finals_found(struct kgc_heap *heap);
void kgc_finals_publish(struct kgc_heap *heap);
int kgc_final_read(struct kgc_heap *heap, u64 *cookie, u64 *handle,
		   struct kgc_final **taken);
void kgc_final_done(struct kgc_heap *heap, struct kgc_final *f);
void kgc_final_unread(struct kgc_heap *heap, struct kgc_final *f);
int kgc_finals_wait_readable(struct kgc_heap *heap);
__poll_t kgc_finals_poll(struct kgc_heap *heap, struct file *file,
			 struct poll_table_struct *wait);

#endif /* _KGC_FINALIZE_H */
