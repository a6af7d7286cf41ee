// SPDX-License-Identifier: GPL-2.0
/*
 * Finalizers.
 *
 * When marking is complete and dead weak references are cleared, every object
 * with a pending finalizer that is still white is dead: it is made a root, its
 * reach is marked, and marking is brought to an end once more. So nothing it
 * refers to is freed before the finalizer has run, and weak references to it
 * never flicker back. All objects found white in one cycle are found at once,
 * whether or not one refers to the other.
 *
 * Finalizers are called after the cycle, once, from a workqueue, in a section.
 */
#include <linux/poll.h>
#include <linux/slab.h>

#include "../alloc/alloc.h"
#include "../alloc/charge.h"
#include "finalize.h"
#include "handle.h"
#include "heap.h"
#include "mark.h"
#include "report.h"
#include "root.h"
#include "type.h"
#include "work.h"

#define SCAN_ENTRIES	256

static unsigned long final_index(const void *obj)
{
	return kgc_map_offset(obj) / 8;
}

static void final_free(struct kgc_heap *heap, struct kgc_final *f)
{
	kgc_charge_free(&heap->alloc, KGC_META_FINALIZERS, f, sizeof(*f));
}

/* How many entries are in the node of the index that has @index, up to two. */
static unsigned int node_entries(struct kgc_finals *finals, unsigned long index)
{
	unsigned long at = index & ~XA_CHUNK_MASK, last = index | XA_CHUNK_MASK;

	if (!xa_find(&finals->pending, &at, last, XA_PRESENT))
		return 0;
	return xa_find_after(&finals->pending, &at, last, XA_PRESENT) ? 2 : 1;
}

/*
 * A node of the index counts while it has an entry. It is counted before it is known
 * whether the index needs a new one. Context: as @gfp says.
 */
static int final_insert(struct kgc_heap *heap, struct kgc_final *f, gfp_t gfp)
{
	struct kgc_finals *finals = &heap->finals;
	struct kgc_allocator *a = &heap->alloc;
	unsigned long index = final_index(f->obj);
	struct kgc_charging charging;
	bool fresh;
	int err;

	if (!kgc_charge_meta(a, KGC_META_FINALIZERS, sizeof(struct xa_node), gfp))
		return -ENOMEM;
	charging = kgc_charge_begin(a);
	xa_lock_bh(&finals->pending);
	err = __xa_insert(&finals->pending, index, f, kgc_charge_gfp(a, gfp));
	fresh = !err && node_entries(finals, index) == 1;
	xa_unlock_bh(&finals->pending);
	kgc_charge_end(charging);
	if (!fresh)
		kgc_limit_uncharge_meta(a, KGC_META_FINALIZERS, sizeof(struct xa_node));
	if (err)
		return err == -EBUSY ? -EEXIST : err;
	atomic_inc(&finals->nr_pending);
	return 0;
}

static void final_erase(struct kgc_heap *heap, unsigned long index)
{
	struct kgc_finals *finals = &heap->finals;

	xa_lock_bh(&finals->pending);
	__xa_erase(&finals->pending, index);
	if (!node_entries(finals, index))
		kgc_limit_uncharge_meta(&heap->alloc, KGC_META_FINALIZERS,
					sizeof(struct xa_node));
	xa_unlock_bh(&finals->pending);
	atomic_dec(&finals->nr_pending);
}

/*
 * Add a finalizer.
 *
 * Context: process or softirq; sleeps if @gfp allows.
 * Return: 0, -EEXIST when the object has one, -ENOMEM, -EINVAL for an object
 * that shares its block with others, or with interrupts off.
 */
int kgc_final_add(struct kgc_section s, void *obj, kgc_finalizer_t fn,
		  u64 cookie, gfp_t gfp)
{
	struct kgc_allocator *a = &s.heap->alloc;
	struct kgc_span *span = kgc_map_span(obj);
	struct kgc_type *type;
	struct kgc_final *f;
	int err;

	type = kgc_type_of_slot(&s.heap->types, span,
				kgc_span_index(span, obj));
	if (type->shape.flags & KGC_SHAPE_TINY)
		return -EINVAL;
	/* the table's lock is one for softirqs */
	if (in_hardirq() || irqs_disabled()) {
		WARN_ON_ONCE(kgc_warn);
		return -EINVAL;
	}
	f = kgc_charge_alloc(a, KGC_META_FINALIZERS, sizeof(*f), NUMA_NO_NODE, gfp);
	if (!f)
		return -ENOMEM;
	f->obj = obj;
	f->fn = fn;
	f->cookie = cookie;
	INIT_LIST_HEAD(&f->link);
	err = final_insert(s.heap, f, gfp);
	if (err)
		final_free(s.heap, f);
	return err;
}

/**
 * kgc_finalize() - have a function called when an object is found dead
 * @s: the current section
 * @obj: the object
 * @fn: the function; its module must outlive the heap
 * @gfp: how to get memory for the note
 *
 * Called once. Whatever @obj refers to is still there then; weak references
 * to it are cleared already. Ending the heap drops what is pending without
 * calling it.
 *
 * Context: process or softirq, inside a section; sleeps if @gfp allows.
 * Return: 0, -EEXIST when the object has a finalizer, -ENOMEM, -EINVAL for
 * objects of up to 8 bytes without pointers, and with a warning when
 * interrupts are off.
 */
int kgc_finalize(struct kgc_section s, void *obj, kgc_finalizer_t fn, gfp_t gfp)
{
	return kgc_final_add(s, obj, fn, 0, gfp);
}
EXPORT_SYMBOL_GPL(kgc_finalize);

void kgc_finals_scan_begin(struct kgc_heap *heap)
{
	heap->finals.at = 0;
}

/* What was found is a root from now on. */
static void found_mark(struct kgc_heap *heap, struct list_head *found,
		       struct kgc_marker *m)
{
	struct kgc_final *f;

	list_for_each_entry(f, found, link) {
		kgc_root_add_slots(heap, &f->root, &f->obj, 1);
		kgc_mark_root(m, f->obj);
		cond_resched();
	}
}

/*
 * Look at a bounded number of pending finalizers; those of white objects are
 * found. Return: whether any are left to look at.
 */
bool kgc_finals_scan_some(struct kgc_heap *heap, struct kgc_marker *m)
{
	struct kgc_finals *finals = &heap->finals;
	unsigned int budget = SCAN_ENTRIES;
	struct kgc_final *f;
	unsigned long index = finals->at;

	xa_for_each_start(&finals->pending, index, f, index) {
		struct kgc_span *span = kgc_map_span(f->obj);
		unsigned int i = kgc_span_index(span, f->obj);

		if (!budget--) {
			finals->at = index;
			return true;
		}
		/* nothing is marked until all have been asked */
		if (test_bit(i, kgc_span_mark(span)))
			continue;
		final_erase(heap, index);
		list_add_tail(&f->link, f->fn ? &finals->found :
						&finals->found_records);
	}
	found_mark(heap, &finals->found, m);
	found_mark(heap, &finals->found_records, m);
	return false;
}

/* Whether this cycle has found any. */
bool kgc_finals_found(struct kgc_heap *heap)
{
	return !list_empty(&heap->finals.found) ||
	       !list_empty(&heap->finals.found_records);
}

/* The cycle is over: call what was found. */
void kgc_finals_publish(struct kgc_heap *heap)
{
	struct kgc_finals *finals = &heap->finals;
	bool due = !list_empty(&finals->found);
	bool records = !list_empty(&finals->found_records);

	spin_lock_bh(&finals->lock);
	list_splice_tail_init(&finals->found, &finals->due);
	list_splice_tail_init(&finals->found_records, &finals->records);
	spin_unlock_bh(&finals->lock);
	if (due)
		queue_work(kgc_finals_wq, &finals->work);
	if (records)
		wake_up_interruptible_all(&finals->waitq);
}

static struct kgc_final *final_take(struct kgc_finals *finals,
				    struct list_head *list)
{
	struct kgc_final *f;

	spin_lock_bh(&finals->lock);
	f = list_first_entry_or_null(list, struct kgc_final, link);
	if (f)
		list_del_init(&f->link);
	spin_unlock_bh(&finals->lock);
	return f;
}

/* The finalizer has run: its object is no root any more. */
void kgc_final_done(struct kgc_heap *heap, struct kgc_final *f)
{
	kgc_root_del(heap, &f->root);
	final_free(heap, f);
}

static void finals_work(struct work_struct *work)
{
	struct kgc_finals *finals = container_of(work, struct kgc_finals, work);
	struct kgc_heap *heap = container_of(finals, struct kgc_heap, finals);
	struct kgc_section s;
	struct kgc_final *f;

	while (!READ_ONCE(heap->dying)) {
		f = final_take(finals, &finals->due);
		if (!f)
			return;
		s = kgc_enter(heap);
		/* a root slot: pairs with kgc_store_slot() */
		f->fn(s, smp_load_acquire(&f->obj));
		kgc_exit(s);
		kgc_final_done(heap, f);
		cond_resched();
	}
}

/**
 * kgc_final_read() - take the next record
 * @heap: the heap
 * @cookie: receives the cookie
 * @handle: receives a new handle to the object
 * @taken: receives the record, for kgc_final_done() or kgc_final_unread()
 *
 * Return: 0, -EAGAIN when there is none, -ENOMEM or -ENOSPC for the handle.
 */
int kgc_final_read(struct kgc_heap *heap, u64 *cookie, u64 *handle,
		   struct kgc_final **taken)
{
	struct kgc_final *f = final_take(&heap->finals, &heap->finals.records);
	struct kgc_section s;
	struct kgc_span *span;
	void *obj;
	int err;

	if (!f)
		return -EAGAIN;
	s = kgc_enter(heap);
	/* a root slot: pairs with kgc_store_slot() */
	obj = smp_load_acquire(&f->obj);
	span = kgc_map_span(obj);
	err = kgc_handle_open(s, obj,
			      kgc_type_of_slot(&heap->types, span,
					       kgc_span_index(span, obj))->shape.id,
			      handle);
	kgc_exit(s);
	if (err) {
		kgc_final_unread(heap, f);
		return err;
	}
	*cookie = f->cookie;
	*taken = f;
	return 0;
}

/* Put a record back that could not be delivered. */
void kgc_final_unread(struct kgc_heap *heap, struct kgc_final *f)
{
	struct kgc_finals *finals = &heap->finals;

	spin_lock_bh(&finals->lock);
	list_add(&f->link, &finals->records);
	spin_unlock_bh(&finals->lock);
	wake_up_interruptible_all(&finals->waitq);
}

static bool finals_readable(struct kgc_heap *heap)
{
	return !list_empty_careful(&heap->finals.records);
}

/* Wait for a record. Context: may sleep. Return: 0 or -ERESTARTSYS. */
int kgc_finals_wait_readable(struct kgc_heap *heap)
{
	return wait_event_interruptible(heap->finals.waitq,
					finals_readable(heap));
}

/* As a file's poll. Return: EPOLLIN and the like when there is a record. */
__poll_t kgc_finals_poll(struct kgc_heap *heap, struct file *file,
			 struct poll_table_struct *wait)
{
	poll_wait(file, &heap->finals.waitq, wait);
	return finals_readable(heap) ? EPOLLIN | EPOLLRDNORM : 0;
}

void kgc_finals_init(struct kgc_heap *heap)
{
	struct kgc_finals *finals = &heap->finals;

	xa_init_flags(&finals->pending, XA_FLAGS_LOCK_BH |
		      (heap->alloc.gfp & __GFP_ACCOUNT ? XA_FLAGS_ACCOUNT : 0));
	INIT_LIST_HEAD(&finals->found);
	INIT_LIST_HEAD(&finals->found_records);
	INIT_LIST_HEAD(&finals->due);
	INIT_LIST_HEAD(&finals->records);
	spin_lock_init(&finals->lock);
	INIT_WORK(&finals->work, finals_work);
	init_waitqueue_head(&finals->waitq);
}

/* The heap is dying: let a running finalizer end, call no other. */
void kgc_finals_stop(struct kgc_heap *heap)
{
	cancel_work_sync(&heap->finals.work);
}

static void list_drop(struct kgc_heap *heap, struct list_head *list)
{
	struct kgc_final *f, *next;

	list_for_each_entry_safe(f, next, list, link) {
		final_free(heap, f);
		cond_resched();
	}
}

/* Drop what is left without calling it; the collector has stopped. */
void kgc_finals_destroy(struct kgc_heap *heap)
{
	struct kgc_finals *finals = &heap->finals;
	struct kgc_final *f;
	unsigned long index;

	cancel_work_sync(&finals->work);
	xa_for_each(&finals->pending, index, f) {
		final_erase(heap, index);
		final_free(heap, f);
		cond_resched();
	}
	xa_destroy(&finals->pending);
	list_drop(heap, &finals->found);
	list_drop(heap, &finals->found_records);
	list_drop(heap, &finals->due);
	list_drop(heap, &finals->records);
}
