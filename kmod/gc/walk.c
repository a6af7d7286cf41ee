// SPDX-License-Identifier: GPL-2.0
/*
 * The walk over marked objects.
 *
 * No walk is ever stuck. A cycle that takes no further step leaves its walk where it is,
 * with no call under way. Then kgc_walk_abort() ends it, called by the work item of a heap
 * that is closed, or by the end of the heap. A walker can leave at any time by
 * kgc_walk_cancel(), which waits for one step at most.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>

#include "handle.h"
#include "heap.h"
#include "request.h"
#include "root.h"
#include "walk.h"

#define WALK_PAGES	16	/* heap pages in one step */
#define WALK_SLOTS	32	/* root slots in one step */

void kgc_walk_init(struct kgc_walk *walk)
{
	mutex_init(&walk->lock);
	INIT_LIST_HEAD(&walk->asked);
	INIT_LIST_HEAD(&walk->walkers);
}

/**
 * kgc_walk_ask() - ask for a walk in a cycle that begins after this call
 * @heap: the heap
 * @walker: stays until @ops->end is called, or until kgc_walk_cancel() returns true
 * @ops: its operations
 *
 * Context: process context, may sleep; not under a lock that an operation takes.
 * Return: number of the cycle, for kgc_wait(). If another cycle than this one walks, its
 * number is higher. 0 if the heap is closed to cycles; then no operation is called.
 */
u64 kgc_walk_ask(struct kgc_heap *heap, struct kgc_walker *walker,
		 const struct kgc_walk_ops *ops)
{
	struct kgc_walk *walk = &heap->walk;

	walker->ops = ops;
	walker->heap = heap;
	walker->again = false;
	guard(mutex)(&walk->lock);
	/*
	 * First the list, then the request: both sides take kgc_request.lock, so the cycle
	 * that kgc_request_take() begins for it finds the list not empty.
	 */
	list_add_tail(&walker->link, &walk->asked);
	walker->cycle = kgc_request_cycles(heap, 1, KGC_REASON_REQUEST);
	if (!kgc_request_closed(&heap->request))
		return walker->cycle;
	/* the call of kgc_walk_abort() may be over, and there is no other */
	list_del_init(&walker->link);
	return 0;
}

/**
 * kgc_walk_cancel() - leave a walk, or stop waiting for one
 * @walker: kgc_walk_ask() was called for it
 *
 * Context: process context, may sleep; not in an operation of a walker.
 * Return: true if no operation is called any more; false if @end has been called.
 */
bool kgc_walk_cancel(struct kgc_walker *walker)
{
	guard(mutex)(&walker->heap->walk.lock);
	if (list_empty(&walker->link))
		return false;
	list_del_init(&walker->link);
	return true;
}

/* Call @ops->end of a walker, the last access to it. Context: lock held. */
static void walker_end(struct kgc_walker *walker, int err)
{
	list_del_init(&walker->link);
	walker->ops->end(walker, err);
}

static void walk_begin(struct kgc_walk *walk, u64 cycle)
{
	struct kgc_walker *walker, *next;
	int err;

	list_for_each_entry_safe(walker, next, &walk->asked, link) {
		if (walker->cycle > cycle)
			continue;
		walker->cycle = cycle;
		list_move_tail(&walker->link, &walk->walkers);
		err = walker->ops->begin(walker);
		if (err)
			walker_end(walker, err);
	}
}

static bool walk_wants_roots(struct kgc_walk *walk)
{
	struct kgc_walker *walker;

	list_for_each_entry(walker, &walk->walkers, link)
		if (walker->ops->root)
			return true;
	return false;
}

static void walk_root(struct kgc_walk *walk, enum kgc_walk_root kind, u64 number,
		      void *obj)
{
	struct kgc_walker *walker, *next;
	int err;

	if (!obj)
		return;
	list_for_each_entry_safe(walker, next, &walk->walkers, link) {
		err = walker->ops->root ? walker->ops->root(walker, kind, number, obj) : 0;
		if (err)
			walker_end(walker, err);
	}
}

/* Visit the handles of one chunk. Return: false if no chunk was left. */
static bool walk_handles(struct kgc_heap *heap)
{
	struct kgc_handle_slot *slot = kgc_handles_scan_next(&heap->handles);
	unsigned int i;
	void *obj;

	if (IS_ERR_OR_NULL(slot))
		return slot;
	for (i = 0; i < KGC_HANDLE_CHUNK; i++) {
		/* pairs with kgc_handle_publish() */
		obj = smp_load_acquire(&slot[i].obj);
		walk_root(&heap->walk, KGC_WALK_HANDLE,
			  kgc_handle_of_slot(&heap->handles, &slot[i]), obj);
	}
	return true;
}

/* Visit some slots of root ranges. Return: false if none was left. */
static bool walk_slots(struct kgc_heap *heap)
{
	void *values[WALK_SLOTS], **slots[WALK_SLOTS];
	unsigned int i, n = kgc_roots_next(&heap->roots, values, slots, WALK_SLOTS);

	for (i = 0; i < n; i++)
		walk_root(&heap->walk, KGC_WALK_SLOT, (unsigned long)slots[i], values[i]);
	return n;
}

/* Show @span to the walkers, or if it is shown again, to those that want to see it again. */
static void walk_span(struct kgc_walk *walk, struct kgc_span *span)
{
	bool again = walk->again;
	struct kgc_walker *walker, *next;
	int err;

	walk->again = NULL;
	list_for_each_entry_safe(walker, next, &walk->walkers, link) {
		if (again && !walker->again)
			continue;
		err = walker->ops->span(walker, span);
		walker->again = err == KGC_WALK_AGAIN;
		if (walker->again)
			walk->again = span;
		else if (err)
			walker_end(walker, err);
	}
}

/* Whether all walkers can take a further part. */
static bool walk_is_ready(struct kgc_walk *walk)
{
	struct kgc_walker *walker, *next;
	bool ready = true;
	int err;

	list_for_each_entry_safe(walker, next, &walk->walkers, link) {
		err = walker->ops->ready ? walker->ops->ready(walker) : 0;
		if (err == KGC_WALK_AGAIN)
			ready = false;
		else if (err)
			walker_end(walker, err);
	}
	return ready;
}

/* Visit the spans of some heap pages. Return: false if no page was left. */
static bool walk_spans(struct kgc_heap *heap)
{
	struct kgc_walk *walk = &heap->walk;
	struct kgc_span *span = walk->again;
	unsigned int pages;

	if (span)
		walk_span(walk, span);
	for (pages = 0; pages < WALK_PAGES && !walk->again; pages++) {
		if (!kgc_pagewalk_next(&heap->alloc, &walk->pages, &span))
			return false;
		if (span)
			walk_span(walk, span);
	}
	return true;
}

static void walk_end(struct kgc_walk *walk, int err)
{
	struct kgc_walker *walker, *next;

	list_for_each_entry_safe(walker, next, &walk->walkers, link)
		walker_end(walker, err);
	walk->stage = KGC_WALK_BEGIN;
	walk->again = NULL;
}

/* Go on to the next stage. Return: false after the last one. */
static bool walk_advance(struct kgc_heap *heap)
{
	struct kgc_walk *walk = &heap->walk;

	switch (walk->stage) {
	case KGC_WALK_BEGIN:
		kgc_handles_scan_begin(&heap->handles);
		kgc_roots_scan_begin(&heap->roots);
		kgc_pagewalk_begin(&walk->pages);
		walk->stage = walk_wants_roots(walk) ? KGC_WALK_HANDLES : KGC_WALK_SPANS;
		return true;
	case KGC_WALK_HANDLES:
		walk->stage = KGC_WALK_SLOTS;
		return true;
	case KGC_WALK_SLOTS:
		walk->stage = KGC_WALK_SPANS;
		return true;
	case KGC_WALK_SPANS:
		break;
	}
	return false;
}

/* Walk a bounded part of the stage. Return: false if the stage is over. */
static bool walk_part(struct kgc_heap *heap, u64 cycle)
{
	switch (heap->walk.stage) {
	case KGC_WALK_BEGIN:
		walk_begin(&heap->walk, cycle);
		return false;
	case KGC_WALK_HANDLES:
		return walk_handles(heap);
	case KGC_WALK_SLOTS:
		return walk_slots(heap);
	case KGC_WALK_SPANS:
		break;
	}
	return walk_spans(heap);
}

/**
 * kgc_walk_some() - walk over a bounded part of the heap
 * @heap: the heap, between the end of marking and SETTLE
 * @cycle: number of the cycle
 *
 * Context: the state machine; process context.
 * Return: whether any part is left that a walker wants to see, and if so, whether the next
 * call has to wait for a tick.
 */
enum kgc_walk_left kgc_walk_some(struct kgc_heap *heap, u64 cycle)
{
	struct kgc_walk *walk = &heap->walk;
	bool more;

	guard(mutex)(&walk->lock);
	if (!walk_is_ready(walk))
		return KGC_WALK_PAUSE;
	more = walk_part(heap, cycle) || walk_advance(heap);
	if (more && !list_empty(&walk->walkers))
		return KGC_WALK_MORE;
	walk_end(walk, 0);
	return KGC_WALK_DONE;
}

/*
 * End the walk under way, and the wait of all walkers for one. Context: process context;
 * no step is under way, and no cycle takes another one.
 */
void kgc_walk_abort(struct kgc_heap *heap, int err)
{
	struct kgc_walk *walk = &heap->walk;

	guard(mutex)(&walk->lock);
	list_splice_tail_init(&walk->asked, &walk->walkers);
	walk_end(walk, err);
}
