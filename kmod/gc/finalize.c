// SPDX-License-Identifier: GPL-2.0
/*
 * Finalizers and cleanups.
 *
 * When marking is complete and dead weak references are cleared, an object with a
 * pending finalizer that is still white is dead. The collector makes it a root, marks
 * all that it reaches, and completes marking once more. So nothing that the object
 * reaches is freed before the finalizer has run. A weak reference to it stays cleared.
 * The collector finds all such objects of a cycle before it marks for any of them, so
 * it does not matter whether one refers to another.
 *
 * After that the collector looks for cleanups. This cycle frees every object that is
 * white now. A cleanup does not get the object, so the collector marks nothing for it.
 *
 * Then due.c calls each of them once: a finalizer inside a section, a cleanup outside.
 */
#include <linux/ktime.h>
#include <linux/slab.h>

#include "../alloc/alloc.h"
#include "../alloc/charge.h"
#include "due.h"
#include "finalize.h"
#include "heap.h"
#include "index.h"
#include "lookup.h"
#include "mark.h"
#include "report.h"
#include "request.h"
#include "root.h"
#include "type.h"

#define SCAN_ENTRIES	64	/* looked at before the lock is dropped */
#define CLEANUP_PENDING	0x6b67632d636c6e75UL

/**
 * struct kgc_final - a finalizer of one object, or a record for userspace
 * @due: the call; a record if @due.run is NULL. @due.obj is the object. It is a root
 *	slot from when the object is found dead until the finalizer has run or the
 *	record was read, but not while @due is pending
 * @root: registers @due.obj as a root slot
 */
struct kgc_final {
	struct kgc_due		due;
	struct kgc_root		root;
};

static unsigned long due_index(const void *obj)
{
	return kgc_map_offset(obj) / 8;
}

static struct kgc_final *final_of(struct kgc_due *due)
{
	return container_of(due, struct kgc_final, due);
}

static struct kgc_cleanup *cleanup_of(struct kgc_due *due)
{
	return container_of(due, struct kgc_cleanup, due);
}

/* ---- adding and cancelling ------------------------------------------------ */

/* Return: 0 when @obj can have a finalizer or cleanup, otherwise an errno. */
static int due_check(struct kgc_heap *heap, void *obj)
{
	struct kgc_span *span;
	struct kgc_type *type;
	unsigned int i;

	/* spin_unlock_bh() of the index's lock needs interrupts on */
	if (in_hardirq() || irqs_disabled()) {
		kgc_refuse(heap, "a finalizer with interrupts off");
		return -EINVAL;
	}
	if (READ_ONCE(heap->finals.closed))
		return -ESHUTDOWN;
	span = kgc_lookup(heap, obj, &i);
	if (!span) {
		kgc_misuse(heap, "a finalizer for no object of the heap", obj);
		return -EINVAL;
	}
	type = kgc_type_of_slot(&heap->types, span, i);
	if (type->layout.flags & KGC_LAYOUT_TINY || kgc_span_slot(span, i) != obj)
		return -EINVAL;
	return 0;
}

static void final_run(struct kgc_heap *heap, struct kgc_due *due);
static void cleanup_run(struct kgc_heap *heap, struct kgc_due *due);

static void final_free(struct kgc_heap *heap, struct kgc_final *f)
{
	kgc_charge_free(&heap->alloc, KGC_META_FINALIZERS, f, sizeof(*f));
}

static int final_insert(struct kgc_heap *heap, struct kgc_final *f, gfp_t gfp)
{
	struct xarray *pending = &heap->finals.pending;
	unsigned long index = due_index(f->due.obj);
	struct kgc_charging charging;
	bool fresh;
	int err;

	if (!kgc_index_charge(heap, gfp))
		return -ENOMEM;
	charging = kgc_charge_begin(&heap->alloc);
	xa_lock_bh(pending);
	err = __xa_insert(pending, index, &f->due, kgc_charge_gfp(&heap->alloc, gfp));
	fresh = !err && kgc_index_entries(pending, index) == 1;
	xa_unlock_bh(pending);
	kgc_charge_end(charging);
	if (err == -ENOMEM)
		kgc_limit_refused(&heap->alloc, err);
	if (!fresh)
		kgc_index_uncharge(heap);
	if (err)
		return err == -EBUSY ? -EEXIST : err;
	atomic_inc(&heap->finals.nr_pending);
	return 0;
}

/*
 * Add a finalizer; if @fn is NULL, add a record for userspace.
 *
 * Context: process or softirq; sleeps if @gfp allows.
 * Return: as kgc_finalize().
 */
int kgc_final_add(struct kgc_section s, void *obj, kgc_finalizer_t fn,
		  struct module *owner, u64 cookie, gfp_t gfp)
{
	struct kgc_allocator *a = &s.heap->alloc;
	int err = due_check(s.heap, obj);
	struct kgc_final *f;

	if (err)
		return err;
	if (!kgc_due_owner_get(s.heap, &owner))
		return -ENODEV;
	f = kgc_charge_alloc(a, KGC_META_FINALIZERS, sizeof(*f), NUMA_NO_NODE, gfp);
	if (f) {
		f->due.obj = obj;
		INIT_LIST_HEAD(&f->due.link);
		f->due.owner = owner;
		if (fn) {
			f->due.run = final_run;
			f->due.finalizer = fn;
		} else {
			f->due.cookie = cookie;
		}
		err = final_insert(s.heap, f, gfp);
		if (err)
			final_free(s.heap, f);
	} else {
		err = -ENOMEM;
	}
	if (err)
		module_put(owner);
	return err;
}

/* Implements kgc_finalize(). */
int __kgc_finalize(struct kgc_section s, void *obj, kgc_finalizer_t fn,
		   struct module *owner, gfp_t gfp)
{
	return kgc_final_add(s, obj, fn, owner, 0, gfp);
}
EXPORT_SYMBOL_GPL(__kgc_finalize);

/*
 * Cancel a pending finalizer or record. @cookie receives the cookie of a record.
 *
 * Context: process or softirq, inside a section that holds @obj.
 * Return: 0, -ENOENT when there is none.
 */
int kgc_final_cancel(struct kgc_section s, void *obj, u64 *cookie)
{
	struct kgc_finals *finals = &s.heap->finals;
	unsigned long index = due_index(obj);
	struct kgc_due *due;

	xa_lock_bh(&finals->pending);
	due = __xa_erase(&finals->pending, index);
	if (due && !kgc_index_entries(&finals->pending, index))
		kgc_index_uncharge(s.heap);
	xa_unlock_bh(&finals->pending);
	if (!due)
		return -ENOENT;
	atomic_dec(&finals->nr_pending);
	atomic64_inc(&finals->cancelled);
	*cookie = due->cookie;
	module_put(due->owner);
	final_free(s.heap, final_of(due));
	return 0;
}

/**
 * kgc_finalize_cancel() - cancel the finalizer of an object
 * @s: the current section
 * @obj: the object
 *
 * This also cancels a finalizer that came with the object's type. The object may be
 * given another one afterwards.
 *
 * Context: process or softirq, inside a section.
 * Return: 0; -ENOENT when the object has no finalizer, or was found dead, so that the
 * call was made or will be; -EINVAL, with a warning, when interrupts are off.
 */
int kgc_finalize_cancel(struct kgc_section s, void *obj)
{
	u64 cookie;

	if (in_hardirq() || irqs_disabled()) {
		kgc_refuse(s.heap, "a finalizer is cancelled with interrupts off");
		return -EINVAL;
	}
	return kgc_final_cancel(s, obj, &cookie);
}
EXPORT_SYMBOL_GPL(kgc_finalize_cancel);

/* Make @due its object's first cleanup, or add it to the ring. Sleeps as @gfp allows. */
static int cleanup_insert(struct kgc_heap *heap, struct kgc_due *due, gfp_t gfp)
{
	struct xarray *cleanups = &heap->finals.cleanups;
	unsigned long index = due_index(due->obj);
	struct kgc_charging charging;
	struct kgc_due *first;
	bool fresh;
	int err;

	if (!kgc_index_charge(heap, gfp))
		return -ENOMEM;
	charging = kgc_charge_begin(&heap->alloc);
	xa_lock_bh(cleanups);
	do {
		err = 0;
		first = xa_load(cleanups, index);
		if (first)
			list_add_tail(&due->link, &first->link);
		else	/* the lock is dropped if this needs memory */
			err = __xa_insert(cleanups, index, due,
					  kgc_charge_gfp(&heap->alloc, gfp));
	} while (err == -EBUSY);
	fresh = !err && !first && kgc_index_entries(cleanups, index) == 1;
	if (!err)
		atomic_inc(&heap->finals.nr_cleanups);
	xa_unlock_bh(cleanups);
	kgc_charge_end(charging);
	if (err == -ENOMEM)
		kgc_limit_refused(&heap->alloc, err);
	if (!fresh)
		kgc_index_uncharge(heap);
	return err;
}

/* The token of @c while it is pending. New memory does not hold this value by chance. */
static unsigned long cleanup_token(const struct kgc_heap *heap, const struct kgc_cleanup *c)
{
	return (unsigned long)heap ^ (unsigned long)c ^ CLEANUP_PENDING;
}

/* Implements kgc_cleanup_add(). */
int __kgc_cleanup_add(struct kgc_section s, void *obj, struct kgc_cleanup *c,
		      kgc_cleanup_t fn, void *arg, struct module *owner, gfp_t gfp)
{
	int err = due_check(s.heap, obj);

	if (READ_ONCE(c->token) == cleanup_token(s.heap, c)) {
		kgc_misuse(s.heap, "a cleanup is added twice", c);
		return -EEXIST;
	}
	c->due.obj = NULL;
	if (err)
		return err;
	if (!kgc_due_owner_get(s.heap, &owner))
		return -ENODEV;
	c->due.obj = obj;
	c->due.run = cleanup_run;
	INIT_LIST_HEAD(&c->due.link);
	c->due.cleanup = fn;
	c->due.owner = owner;
	c->arg = arg;
	WRITE_ONCE(c->token, cleanup_token(s.heap, c));
	err = cleanup_insert(s.heap, &c->due, gfp);
	if (err) {
		WRITE_ONCE(c->token, 0);
		c->due.obj = NULL;
		module_put(owner);
	}
	return err;
}
EXPORT_SYMBOL_GPL(__kgc_cleanup_add);

/* The cleanup that replaces @due in the index: the next of its ring, or NULL. */
static struct kgc_due *ring_next(struct kgc_due *due)
{
	return list_empty(&due->link) ? NULL : list_next_entry(due, link);
}

/**
 * kgc_cleanup_cancel() - cancel a cleanup
 * @heap: the heap
 * @c: as given to kgc_cleanup_add()
 *
 * Context: process or softirq, inside a section or not.
 * Return: true when @c was pending, and now will not be called. False when its object
 * was found dead: the call was made or will be, and kgc_finalizers_wait() waits for it.
 * Also false when kgc_cleanup_add() failed, when @c was cancelled before, and, with a
 * warning, when interrupts are off.
 */
bool kgc_cleanup_cancel(struct kgc_heap *heap, struct kgc_cleanup *c)
{
	struct xarray *cleanups = &heap->finals.cleanups;
	struct kgc_due *due = &c->due;
	unsigned long index;
	bool pending;

	if (in_hardirq() || irqs_disabled()) {
		kgc_refuse(heap, "a cleanup is cancelled with interrupts off");
		return false;
	}
	xa_lock_bh(cleanups);
	pending = due->obj;
	if (pending) {
		index = due_index(due->obj);
		if (xa_load(cleanups, index) == due) {
			/* needs no memory: the entry exists, and is replaced or erased */
			__xa_store(cleanups, index, ring_next(due), GFP_NOWAIT);
			if (!kgc_index_entries(cleanups, index))
				kgc_index_uncharge(heap);
		}
		list_del_init(&due->link);
		due->obj = NULL;
		WRITE_ONCE(c->token, 0);
		atomic_dec(&heap->finals.nr_cleanups);
	}
	xa_unlock_bh(cleanups);
	if (pending) {
		atomic64_inc(&heap->finals.cancelled);
		module_put(due->owner);
	}
	return pending;
}
EXPORT_SYMBOL_GPL(kgc_cleanup_cancel);

/* ---- what the collector finds --------------------------------------------- */

/*
 * Move @due from the index to the list of those found. Context: the index is locked.
 * Return: the object's next cleanup, or NULL.
 */
static struct kgc_due *due_find(struct kgc_heap *heap, struct xa_state *xas,
				struct kgc_due *due, u64 now)
{
	struct kgc_finals *finals = &heap->finals;
	struct kgc_due *next = ring_next(due);

	xas_store(xas, next);
	if (!next && !kgc_index_entries(xas->xa, xas->xa_index))
		kgc_index_uncharge(heap);
	list_del(&due->link);
	due->since_ns = now;
	if (due->run == cleanup_run) {
		due->obj = NULL;
		WRITE_ONCE(cleanup_of(due)->token, 0);
		atomic_dec(&finals->nr_cleanups);
	} else {
		atomic_dec(&finals->nr_pending);
	}
	if (due->run) {
		list_add_tail(&due->link, &finals->found);
		kgc_due_expect(&heap->due_queue);
	} else {
		list_add_tail(&due->link, &finals->found_records);
		finals->nr_found_records++;
	}
	return next;
}

static bool is_white(const void *obj)
{
	struct kgc_span *span = kgc_map_span(obj);

	return !test_bit(kgc_span_index(span, obj), kgc_span_mark(span));
}

/*
 * Look at a bounded number of entries of @xa. Find the entries of white objects, or with
 * @all every entry. Return: whether any may be left to look at.
 */
static bool finals_find_some(struct kgc_heap *heap, struct xarray *xa, bool all)
{
	struct kgc_finals *finals = &heap->finals;
	XA_STATE(xas, xa, finals->at);
	unsigned int budget = SCAN_ENTRIES;
	u64 now = ktime_get_ns();
	struct kgc_due *due;

	xas_lock_bh(&xas);
	xas_for_each(&xas, due, ULONG_MAX) {
		if (!all && !is_white(due->obj)) {
			budget--;
			due = NULL;
		}
		for (; due && budget; budget--)
			due = due_find(heap, &xas, due, now);
		if (!budget)
			break;
	}
	finals->at = xas.xa_index;
	xas_unlock_bh(&xas);
	return !budget;
}

void kgc_finals_scan_begin(struct kgc_heap *heap)
{
	struct kgc_finals *finals = &heap->finals;

	finals->at = 0;
	finals->marking = false;
	finals->marked = &finals->found;
	finals->marked_record = &finals->found_records;
}

/*
 * Make the slots of objects on @found roots, and mark the objects. Go on after @last.
 * Return: whether any may be left.
 */
static bool found_mark_some(struct kgc_heap *heap, struct list_head *found,
			    struct list_head **last, struct kgc_marker *m)
{
	unsigned int budget = SCAN_ENTRIES;
	struct kgc_due *due;

	while (!list_is_last(*last, found) && budget--) {
		due = list_entry((*last)->next, struct kgc_due, link);
		kgc_root_insert(heap, &final_of(due)->root, &due->obj, 1);
		kgc_mark_root(m, due->obj);
		*last = &due->link;
	}
	return !list_is_last(*last, found);
}

/*
 * Look at a bounded number of pending finalizers, and find those of white objects. Mark
 * nothing before all have been looked at: marking for one could reach another, which
 * would no longer look dead. Then mark a bounded number of objects. Return: whether any
 * may be left to look at or to mark.
 */
bool kgc_finals_scan_some(struct kgc_heap *heap, struct kgc_marker *m)
{
	struct kgc_finals *finals = &heap->finals;

	if (!finals->marking && finals_find_some(heap, &finals->pending, false))
		return true;
	finals->marking = true;
	return found_mark_some(heap, &finals->found, &finals->marked, m) ||
	       found_mark_some(heap, &finals->found_records, &finals->marked_record, m);
}

/* Whether this cycle has found a finalizer or record. */
bool kgc_finals_found(struct kgc_heap *heap)
{
	return !list_empty(&heap->finals.found) ||
	       !list_empty(&heap->finals.found_records);
}

/*
 * Look at a bounded number of cleanups, after kgc_finals_scan_begin(). Marking is over,
 * so this cycle frees what is white. Return: whether any may be left to look at.
 */
bool kgc_finals_scan_cleanups(struct kgc_heap *heap)
{
	return finals_find_some(heap, &heap->finals.cleanups, false);
}

/* ---- calls and records that are due ------------------------------------------- */

/* The cycle is over: what it found becomes due. */
void kgc_finals_publish(struct kgc_heap *heap)
{
	struct kgc_finals *finals = &heap->finals;

	kgc_due_queue_calls(&heap->due_queue, &finals->found);
	kgc_due_queue_records(&heap->due_queue, &finals->found_records, finals->nr_found_records);
	finals->nr_found_records = 0;
}

/* Free @f, whose object need not be a root any more. */
static void final_done(struct kgc_heap *heap, struct kgc_final *f)
{
	/* what kgc_finalizers_drain() finds is not made a root */
	if (f->root.slots)
		kgc_root_del(heap, &f->root);
	final_free(heap, f);
}

static void final_run(struct kgc_heap *heap, struct kgc_due *due)
{
	struct kgc_section s = kgc_enter(heap);

	/* a root slot: pairs with kgc_store_slot() */
	due->finalizer(s, smp_load_acquire(&due->obj));
	kgc_exit(s);
	final_done(heap, final_of(due));
}

/* The call may free its struct kgc_cleanup, so this does not touch @due afterwards. */
static void cleanup_run(struct kgc_heap *heap, struct kgc_due *due)
{
	due->cleanup(cleanup_of(due)->arg);
}

/* A reader has received @record. */
void kgc_final_delivered(struct kgc_heap *heap, struct kgc_due *record)
{
	final_done(heap, final_of(record));
	kgc_due_record_read(&heap->due_queue);
}

/* Add all that is pending to what an interrupted cycle has found. */
static void finals_find_all(struct kgc_heap *heap)
{
	heap->finals.at = 0;
	while (finals_find_some(heap, &heap->finals.pending, true))
		cond_resched();
	heap->finals.at = 0;
	while (finals_find_some(heap, &heap->finals.cleanups, true))
		cond_resched();
}

/**
 * kgc_finalizers_drain() - call all finalizers and cleanups, before a heap ends
 * @heap: the heap; only its finalizers and cleanups enter it from now on
 *
 * Calls them whether or not their objects are dead: first what cycles have found, then
 * all pending finalizers in no particular order, then all pending cleanups. After this
 * kgc_heap_destroy() has none to drop. From here on the heap has no cycles, kgc_wait()
 * fails with -EIO, and no finalizer or cleanup can be added.
 *
 * Context: process context, may sleep; not inside a section of @heap. In a finalizer or
 * cleanup of @heap it does nothing but warn. While the machine is suspended it waits.
 */
void kgc_finalizers_drain(struct kgc_heap *heap)
{
	struct kgc_finals *finals = &heap->finals;

	if (kgc_due_calling(heap)) {
		kgc_refuse(heap, "a finalizer waits for all finalizers");
		return;
	}
	kgc_request_might_wait(heap);
	WRITE_ONCE(finals->closed, true);
	/* nothing is swept any more, so the objects that finalizers get still exist */
	kgc_request_close_sync(heap);
	do {
		finals_find_all(heap);
		kgc_finals_publish(heap);
		kgc_due_wait_called(heap);
		/* a call that was running when this began may have added another */
	} while (!xa_empty(&finals->pending) || !xa_empty(&finals->cleanups));
}
EXPORT_SYMBOL_GPL(kgc_finalizers_drain);

void kgc_finals_init(struct kgc_heap *heap)
{
	struct kgc_finals *finals = &heap->finals;
	gfp_t flags = XA_FLAGS_LOCK_BH |
		      (heap->alloc.gfp & __GFP_ACCOUNT ? XA_FLAGS_ACCOUNT : 0);

	xa_init_flags(&finals->pending, flags);
	xa_init_flags(&finals->cleanups, flags);
	INIT_LIST_HEAD(&finals->found);
	INIT_LIST_HEAD(&finals->found_records);
}

/* Drop what is left, without a call. Context: the collector has stopped; may sleep. */
void kgc_finals_destroy(struct kgc_heap *heap)
{
	struct kgc_finals *finals = &heap->finals;
	struct kgc_due *due, *next;

	kgc_due_drop(&heap->due_queue, &finals->found);
	finals_find_all(heap);
	list_splice_tail_init(&finals->found_records, &finals->found);
	list_for_each_entry_safe(due, next, &finals->found, link) {
		module_put(due->owner);
		if (due->run != cleanup_run) {
			if (final_of(due)->root.slots)
				kgc_root_forget(heap, &final_of(due)->root);
			final_free(heap, final_of(due));
		}
		cond_resched();
	}
	xa_destroy(&finals->pending);
	xa_destroy(&finals->cleanups);
}
