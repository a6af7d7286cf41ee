/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Marking, span by span.
 *
 * An object is white when its mark bit is clear, grey when it is set and its
 * scan bit is not, black when both are set (a newborn may be black with its
 * scan bit clear: there is nothing white it could refer to). The grey set
 * needs no memory of its own: a span with grey objects lies on a queue, linked
 * through the span itself, so nothing in marking can run out of memory.
 * After "memory-centric" marking, as in the Go runtime's Green Tea collector
 * (Knyszek, Clements 2025).
 */
#ifndef _KGC_MARK_H
#define _KGC_MARK_H

#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/workqueue.h>

#include "../alloc/map.h"
#include "../alloc/span.h"
#include "type.h"

struct kgc_heap;

#define KGC_MAX_MARKERS	16

/**
 * struct kgc_grey - spans shaded by this CPU's barriers
 * @list: pushed by the CPU, taken whole by markers
 * @shaded: objects shaded
 */
struct kgc_grey {
	struct llist_head	list;
	unsigned long		shaded;
} ____cacheline_aligned;

/**
 * struct kgc_marker - one worker's place in the heap
 * @heap: the heap
 * @quick: kind of types whose objects are scanned in a loop of their own
 * @head: local queue of grey spans, first in first out
 * @tail: where the next one is linked in: @head while there is none
 * @nr: spans on it
 * @cur: span being scanned
 * @obj: object being scanned in chunks
 * @type: its type
 * @at: bytes of it done
 * @end: bytes of it to do
 * @objects: objects scanned in this cycle
 * @bytes: bytes of their slots
 * @spans: spans dequeued in this cycle
 * @work: for the workers beside the cycle's own
 */
struct kgc_marker {
	struct kgc_heap		*heap;
	enum kgc_kind		quick;
	struct llist_node	*head;
	struct llist_node	**tail;
	unsigned int		nr;
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
 * @grey: what barriers shaded, per CPU
 * @shared: spans offered to other workers
 * @active: workers that may hold grey spans, the cycle's own excepted
 * @nr_markers: workers allowed
 * @marker: the workers; 0 is the cycle's own
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
	/* not READ_ONCE(), which keeps gcc from folding the address */
	return data_race(kgc_span_mark(span)[i / BITS_PER_LONG]) >>
	       (i % BITS_PER_LONG) & 1;
}

/*
 * Mark a slot that was seen white. The mark is seen before @queued is read
 * then: either the marker sees the mark, or we see that the span has to be
 * queued again. Two who mark the same object at the same time both go on to
 * the queue, which takes a span once.
 */
static __always_inline void kgc_mark_white(struct kgc_span *span,
					   unsigned int i)
{
	set_bit(i, kgc_span_mark(span));
	/* pairs with the xchg() in marker_next_span() */
	smp_mb__after_atomic();
}

int kgc_marking_init(struct kgc_heap *heap);
void kgc_marking_destroy(struct kgc_heap *heap);
void kgc_mark_begin(struct kgc_heap *heap, unsigned int workers, bool checked);
void kgc_mark_totals(struct kgc_heap *heap, u64 *objects, u64 *bytes);
bool kgc_mark_active(struct kgc_heap *heap);
void kgc_mark_recall(struct kgc_heap *heap);
bool kgc_mark_some(struct kgc_marker *m, unsigned int objects);
void kgc_mark_root(struct kgc_marker *m, void *obj);
u64 kgc_grey_shaded(struct kgc_heap *heap);
bool kgc_grey_pending(struct kgc_heap *heap, u64 shaded);
void kgc_mark_take_barriers(struct kgc_marker *m);
void kgc_shade_white(struct kgc_heap *heap, struct kgc_span *span,
		     unsigned int i);
void kgc_grey_push(struct kgc_marking *mk, struct kgc_span *span);

/*
 * Make an object grey that was seen white, from a barrier.
 *
 * Marking, counting and queueing are one region that neither an interrupt's
 * end nor a migration splits: the collector's clean round waits for an RCU
 * grace period and then finds in the queues whatever such a region has marked.
 */
static __always_inline void kgc_shade_slot(struct kgc_marking *mk,
					   struct kgc_span *span,
					   unsigned int i)
{
	preempt_disable();
	kgc_mark_white(span, i);
	if (!kgc_span_noscan(span)) {
		/* counted before it can be seen in @queued; an interrupt may
		 * come between: see kgc_grey_pending()
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
