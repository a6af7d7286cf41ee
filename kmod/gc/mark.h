/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Marking, span by span.
 *
 * An object is white if its mark bit is clear. It is grey if its mark bit is set and its
 * scan bit is clear. It is black if both are set. A newborn may count as black with its
 * scan bit clear, because it cannot refer to a white object. The grey set needs no memory
 * of its own: a span with grey objects is on a queue, linked through the span itself. So
 * marking cannot run out of memory. The idea of marking by span is from the Go runtime's
 * Green Tea collector (Knyszek, Clements 2025).
 */
#ifndef _KGC_MARK_H
#define _KGC_MARK_H

#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "../alloc/map.h"
#include "../alloc/span.h"
#include "queue.h"
#include "type.h"

struct kgc_heap;

#define KGC_MAX_MARKERS	16

/**
 * struct kgc_grey - spans shaded by this CPU's barriers
 * @list: the CPU pushes spans; the context that runs the cycle takes the whole list
 * @shaded: number of regions on this CPU that shaded an object with pointers; never reset
 */
struct kgc_grey {
	struct llist_head	list;
	unsigned long		shaded;
} ____cacheline_aligned;

/**
 * struct kgc_marker - state of one worker
 * @heap: the heap
 * @quick: kind of the types that scan_word_of() scans; KGC_KIND_NONE if each pointer is
 *	checked
 * @queue: local queue of grey spans
 * @cur: span being scanned
 * @obj: object being scanned in chunks, or NULL
 * @type: type of @obj
 * @at: bytes of @obj scanned so far
 * @end: bytes of @obj to scan in all
 * @objects: objects scanned in this cycle
 * @bytes: size of their slots
 * @spans: spans dequeued in this cycle
 * @work: runs a worker other than the cycle's own
 */
struct kgc_marker {
	struct kgc_heap		*heap;
	enum kgc_kind		quick;
	struct kgc_queue	queue;
	struct kgc_span		*cur;
	char			*obj;
	const struct kgc_type	*type;
	size_t			at;
	size_t			end;
	u64			objects;
	u64			bytes;
	u64			spans;
	struct work_struct	work;
};

/**
 * struct kgc_marking - the mark phase of a heap
 * @grey: spans that barriers shaded, per CPU
 * @shared: spans that a worker offers or leaves to the others
 * @active: number of workers beside the cycle's own that are queued or running
 * @nr_markers: workers that this cycle may use
 * @marker: the workers; number 0 is the cycle's own
 */
struct kgc_marking {
	struct kgc_grey __percpu *grey;
	struct llist_head	shared;
	atomic_t		active;
	unsigned int		nr_markers;
	struct kgc_marker	marker[KGC_MAX_MARKERS];
};

static __always_inline bool kgc_is_marked(struct kgc_span *span, unsigned int i)
{
	/* READ_ONCE() would keep gcc from folding the address */
	return data_race(kgc_span_mark(span)[i / BITS_PER_LONG]) >>
	       (i % BITS_PER_LONG) & 1;
}

/*
 * Mark a slot that was seen white. The caller then reads @queued, after the mark is
 * visible. So either the marker sees the mark, or the caller sees that it has to queue
 * the span again. If two contexts mark one object at the same time, both try to queue its
 * span, and at most one of them succeeds.
 */
static __always_inline void kgc_mark_white(struct kgc_span *span,
					   unsigned int i)
{
	set_bit(i, kgc_span_mark(span));
	/* pairs with kgc_span_clear_queued() in marker_next_span() */
	smp_mb__after_atomic();
}

int kgc_marking_init(struct kgc_heap *heap);
void kgc_marking_destroy(struct kgc_heap *heap);
void kgc_mark_begin(struct kgc_heap *heap, unsigned int workers, bool checked);
void kgc_mark_totals(struct kgc_heap *heap, u64 *objects, u64 *bytes);
bool kgc_mark_active(struct kgc_heap *heap);
void kgc_mark_cancel_queued(struct kgc_heap *heap);
bool kgc_mark_some(struct kgc_marker *m, unsigned int objects);
void kgc_mark_root(struct kgc_marker *m, void *obj);
u64 kgc_grey_shaded(struct kgc_heap *heap);
bool kgc_grey_pending(struct kgc_heap *heap, u64 shaded);
void kgc_mark_take_barriers(struct kgc_marker *m);
void kgc_shade_white(struct kgc_heap *heap, struct kgc_span *span,
		     unsigned int i);
void kgc_grey_push(struct kgc_marking *mk, struct kgc_span *span);

/*
 * Make an object grey that a barrier saw white.
 *
 * Marking, counting and queueing are one region: neither preemption at the end of an
 * interrupt nor a migration splits them. A round of the collector waits for an RCU grace
 * period, so it then finds the object of such a region on the queues.
 */
static __always_inline void kgc_shade_slot(struct kgc_marking *mk,
					   struct kgc_span *span,
					   unsigned int i)
{
	preempt_disable();
	kgc_mark_white(span, i);
	if (!kgc_span_noscan(span)) {
		/* count first: no context may see @queued but not the count, not even an
		 * interrupt; see kgc_grey_pending()
		 */
		this_cpu_inc(mk->grey->shaded);
		if (unlikely(!READ_ONCE(span->queued)))
			kgc_grey_push(mk, span);
	}
	preempt_enable();
}

/* Make an object of the heap grey if it is white. Context: any but NMI. */
static __always_inline void kgc_shade(struct kgc_heap *heap, void *obj)
{
	struct kgc_span *span = kgc_map_span(obj);
	unsigned int i = kgc_span_index(span, obj);

	if (!kgc_is_marked(span, i))
		kgc_shade_white(heap, span, i);
}

#endif /* _KGC_MARK_H */
