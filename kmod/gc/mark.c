// SPDX-License-Identifier: GPL-2.0
/*
 * The mark loop.
 *
 * A worker takes a grey span from its queue, clears the span's queued flag,
 * and scans every object of it that is marked and not yet scanned, pass after
 * pass until a pass finds none: objects of the span that become grey meanwhile
 * through the worker's own work need no queueing. Objects that others make
 * grey meanwhile put the span on a queue again, because its flag is clear;
 * then two workers may be in one span, which costs at most a second visit.
 *
 * The loop never recurses, never allocates, and gives up the CPU after a
 * bounded number of objects; what it was at stays in struct kgc_marker. Large
 * arrays are scanned in chunks.
 */
#include <linux/workqueue.h>

#include "../heap.h"
#include "mark.h"

#define CHUNK_BYTES	(64 * 1024)	/* of a large object, in one step */
#define SLICE_OBJECTS	256		/* between looks at the clock */
#define SHARE_SPANS	32		/* queue length from which some are offered */

static noinline void marker_push(struct kgc_marker *m, struct kgc_span *span)
{
	span->grey.next = NULL;
	if (m->tail)
		m->tail->next = &span->grey;
	else
		m->head = &span->grey;
	m->tail = &span->grey;
	m->nr++;
}

static void marker_push_list(struct kgc_marker *m, struct llist_node *list)
{
	struct kgc_span *span, *next;

	llist_for_each_entry_safe(span, next, list, grey)
		marker_push(m, span);
}

static __always_inline void marker_mark(struct kgc_marker *m,
					struct kgc_span *span, unsigned int i)
{
	if (kgc_mark_slot(span, i) && span != m->cur && kgc_mark_queue(span))
		marker_push(m, span);
}

/**
 * kgc_find_object() - the object of this heap that a word points into
 * @heap: the heap
 * @word: any value
 * @index: receives the slot
 *
 * Return: its span, or NULL when the word is no address of a slot in use.
 */
struct kgc_span *kgc_find_object(struct kgc_heap *heap, const void *word,
				 unsigned int *index)
{
	struct kgc_span *span;
	unsigned int i;

	/*
	 * Another heap may free its span at any time; the structure stays one
	 * under RCU (SLAB_TYPESAFE_BY_RCU), and may even become one of ours,
	 * elsewhere: hence the test of the address.
	 */
	rcu_read_lock();
	span = kgc_map_find(word);
	if (span && READ_ONCE(span->owner) == &heap->alloc &&
	    (unsigned long)word - span->base <
	    (unsigned long)span->nelems * span->size) {
		i = kgc_span_index(span, word);
		*index = i;
		if (kgc_span_is_free(span, i))
			span = NULL;
	} else {
		span = NULL;
	}
	rcu_read_unlock();
	return span;
}

static void scan_words(struct kgc_marker *m, void **from, void **to)
{
	for (; from < to; from++) {
		void *word = READ_ONCE_NOCHECK(*from);
		struct kgc_span *span;
		unsigned int i;

		span = kgc_find_object(m->heap, word, &i);
		if (span)
			marker_mark(m, span, i);
	}
}

/* What a loop over fields keeps in registers. */
struct scan {
	struct kgc_leaf		**top;
	unsigned long		base;
	struct kgc_marker	*m;
	struct kgc_span		*cur;
};

static __always_inline struct scan scan_begin(struct kgc_marker *m)
{
	return (struct scan){ kgc_map_top, kgc_map_base, m, m->cur };
}

static __always_inline void scan_fields(struct scan s, char *obj,
					const struct kgc_type *type)
{
	const struct kgc_type_field *f = type->fields;
	const struct kgc_type_field *end = f + type->nr_fields;

	do {
		/* pairs with the release in kgc_store() */
		void *p = smp_load_acquire((void **)(obj + f->offset));
		struct kgc_span *span;

		if (!p)
			continue;
		span = kgc_map_span_at(s.top, s.base, p);
		if (kgc_mark_slot(span, kgc_span_index(span, p)) &&
		    span != s.cur && kgc_mark_queue(span))
			marker_push(s.m, span);
	} while (++f < end);
}

/* Scan the next chunk of m->obj; its end clears m->obj. */
static void scan_chunk(struct kgc_marker *m)
{
	size_t end = min(m->end, m->at + CHUNK_BYTES);

	if (m->type->kind == KGC_KIND_CONSERVATIVE) {
		scan_words(m, (void **)(m->obj + m->at), (void **)(m->obj + end));
		m->at = end;
	} else {
		for (; m->at < end; m->at += m->type->size)
			scan_fields(scan_begin(m), m->obj + m->at, m->type);
	}
	if (m->at >= m->end)
		m->obj = NULL;
}

/* An object that is more than a few fields. Only large ones take several chunks. */
static noinline void scan_body(struct kgc_marker *m, char *obj,
			       const struct kgc_type *type)
{
	if (type->kind == KGC_KIND_NOSCAN)
		return;
	if (type->kind == KGC_KIND_PRECISE) {
		scan_fields(scan_begin(m), obj, type);
		return;
	}
	m->type = type;
	m->obj = obj;
	m->at = 0;
	m->end = type->kind == KGC_KIND_ARRAY ?
		rounddown(m->cur->size, type->size) :
		round_down(type->array ? m->cur->size : type->size,
			   sizeof(void *));
	scan_chunk(m);
}

/* Scan the grey objects of one bitmap word of the current span, until none. */
static unsigned int scan_word(struct kgc_marker *m, unsigned int w)
{
	struct kgc_span *span = m->cur;
	unsigned long *mark = kgc_span_mark(span) + w;
	unsigned long *scan = kgc_span_scan(span) + w;
	size_t size = span->size;
	char *base = kgc_span_slot(span, w * BITS_PER_LONG);
	struct scan s = scan_begin(m);
	unsigned int n = 0;
	unsigned long todo;

	/*
	 * The marks come first: what a newborn was given before it was marked
	 * is seen, above all that the span is no longer of one type. Pairs
	 * with kgc_dress_slot().
	 */
	while ((todo = smp_load_acquire(mark) & ~READ_ONCE(*scan))) {
		const struct kgc_shape *shape = READ_ONCE(span->shape);
		const struct kgc_type *type;

		WRITE_ONCE(*scan, READ_ONCE(*scan) | todo);
		n += hweight_long(todo);
		type = container_of(shape, struct kgc_type, shape);
		if (likely(shape && type->kind == KGC_KIND_PRECISE)) {
			for (; todo; todo &= todo - 1)
				scan_fields(s, base + __ffs(todo) * size, type);
			continue;
		}
		for (; todo; todo &= todo - 1) {
			unsigned int i = w * BITS_PER_LONG + __ffs(todo);

			scan_body(m, kgc_span_slot(span, i),
				  kgc_type_of_slot(&m->heap->types, span, i));
		}
	}
	return n;
}

static bool marker_next_span(struct kgc_marker *m)
{
	struct kgc_span *span;

	if (!m->head) {
		struct llist_node *list;

		list = llist_del_all(&m->heap->marking.shared);
		if (!list)
			return false;
		marker_push_list(m, list);
	}
	span = llist_entry(m->head, struct kgc_span, grey);
	m->head = m->head->next;
	if (!m->head)
		m->tail = NULL;
	m->nr--;
	m->spans++;
	/* a full barrier, before the marks are read: see kgc_mark_slot() */
	xchg(&span->queued, 0);
	m->cur = span;
	return true;
}

/* Scan the current span, pass after pass until a pass finds nothing. */
static unsigned int scan_span(struct kgc_marker *m)
{
	unsigned int words = DIV_ROUND_UP(m->cur->nelems, BITS_PER_LONG);
	unsigned int w, n, total = 0;

	do {
		for (w = 0, n = 0; w < words; w++)
			n += scan_word(m, w);
		total += n;
	} while (n && words > 1);
	return total;
}

/* Offer half of a long queue to workers that have nothing to do. */
static void marker_share(struct kgc_marker *m)
{
	struct kgc_marking *mk = &m->heap->marking;
	unsigned int i, n = m->nr / 2;
	struct llist_node *first = m->head, *last = first;

	if (m->nr < SHARE_SPANS || !llist_empty(&mk->shared) ||
	    READ_ONCE(m->heap->dying))
		return;
	if (atomic_read(&mk->active) + 1 >= mk->nr_markers)
		return;
	for (i = 1; i < n; i++)
		last = last->next;
	m->head = last->next;
	m->nr -= n;
	llist_add_batch(first, last, &mk->shared);
	for (i = 1; i < mk->nr_markers; i++) {
		/* counted before it runs, so that "nobody active" is final */
		atomic_inc(&mk->active);
		if (queue_work(kgc_wq, &mk->marker[i].work))
			return;
		atomic_dec(&mk->active);
	}
}

/**
 * kgc_mark_some() - scan a bounded number of objects
 * @m: the worker
 * @objects: how many, about: a span is scanned to its end
 *
 * Context: process context.
 * Return: false when the worker found nothing more to do.
 */
bool kgc_mark_some(struct kgc_marker *m, unsigned int objects)
{
	unsigned int n, done = 0;

	while (done < objects) {
		if (unlikely(m->obj)) {
			scan_chunk(m);
			done += objects / 4;
			continue;
		}
		if (!marker_next_span(m)) {
			m->cur = NULL;
			return false;
		}
		n = scan_span(m);
		m->objects += n;
		done += n + 1;
	}
	marker_share(m);
	return true;
}

/* A worker beside the cycle's own. */
static void marker_work(struct work_struct *work)
{
	struct kgc_marker *m = container_of(work, struct kgc_marker, work);
	struct kgc_marking *mk = &m->heap->marking;
	u64 start = kgc_local_clock();

	while (kgc_mark_some(m, SLICE_OBJECTS) &&
	       !READ_ONCE(m->heap->dying))
		cond_resched();
	kgc_cycle_charge(m->heap, kgc_local_clock() - start);
	/* full barrier: what this worker marked comes before "not active" */
	if (atomic_dec_and_test(&mk->active))
		kgc_cycle_kick(m->heap);
}

/* Mark what a root slot holds. */
void kgc_mark_root(struct kgc_marker *m, void *obj)
{
	struct kgc_span *span;

	if (!obj)
		return;
	span = kgc_map_span(obj);
	marker_mark(m, span, kgc_span_index(span, obj));
}

/* Take over what the barriers of every CPU shaded, one CPU after another. */
void kgc_mark_take_barriers(struct kgc_marker *m)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		struct kgc_grey *grey = per_cpu_ptr(m->heap->marking.grey, cpu);

		if (!llist_empty(&grey->list))
			marker_push_list(m, llist_del_all(&grey->list));
	}
}

/* Regions that have shaded something, ever; see kgc_mark_pending(). */
u64 kgc_mark_shaded(struct kgc_heap *heap)
{
	u64 sum = 0;
	int cpu;

	for_each_possible_cpu(cpu)
		sum += READ_ONCE(per_cpu_ptr(heap->marking.grey, cpu)->shaded);
	return sum;
}

/**
 * kgc_mark_pending() - whether a round of termination was not clean
 * @heap: the heap
 * @shaded: kgc_mark_shaded() when the workers had become idle, an RCU grace
 *	period ago
 *
 * Empty queues are not enough: a region B that began before the round may find
 * its span's queued flag set by a region A that began after it and has not
 * pushed yet. B then pushes nothing, the grace period does not wait for A, and
 * both objects would be missed. A has counted itself before it set the flag.
 */
bool kgc_mark_pending(struct kgc_heap *heap, u64 shaded)
{
	int cpu;

	if (kgc_mark_shaded(heap) != shaded)
		return true;

	for_each_possible_cpu(cpu)
		if (!llist_empty(&per_cpu_ptr(heap->marking.grey, cpu)->list))
			return true;
	return !llist_empty(&heap->marking.shared);
}

/**
 * kgc_shade_white() - make an object grey, from a barrier
 * @heap: the heap
 * @span: the object's span
 * @i: its slot, which was seen white
 *
 * Marking and queueing are one region that neither an interrupt's end nor a
 * migration splits: the collector's clean round waits for an RCU grace period
 * and then finds in the queues whatever such a region has marked.
 *
 * Context: any but NMI.
 */
noinline void kgc_shade_white(struct kgc_heap *heap, struct kgc_span *span,
			      unsigned int i)
{
	preempt_disable();
	if (kgc_mark_slot(span, i)) {
		/* counted before it can be seen in @queued; an interrupt may
		 * come between: see kgc_mark_pending()
		 */
		this_cpu_inc(heap->marking.grey->shaded);
		if (kgc_mark_queue(span))
			llist_add(&span->grey,
				  &this_cpu_ptr(heap->marking.grey)->list);
	}
	preempt_enable();
}

/* A new mark phase: as many workers as the CPU share allows. */
void kgc_mark_begin(struct kgc_heap *heap)
{
	struct kgc_marking *mk = &heap->marking;
	unsigned int i, n = num_online_cpus() * heap->opt.cpu_percent / 100;

	mk->nr_markers = clamp(n, 1U, (unsigned int)KGC_MAX_MARKERS);
	for (i = 0; i < KGC_MAX_MARKERS; i++) {
		mk->marker[i].objects = 0;
		mk->marker[i].spans = 0;
	}
}

int kgc_marking_init(struct kgc_heap *heap)
{
	struct kgc_marking *mk = &heap->marking;
	unsigned int i;

	mk->grey = alloc_percpu_gfp(struct kgc_grey,
				    GFP_KERNEL | heap->alloc.gfp);
	if (!mk->grey)
		return -ENOMEM;
	init_llist_head(&mk->shared);
	for (i = 0; i < KGC_MAX_MARKERS; i++) {
		mk->marker[i].heap = heap;
		INIT_WORK(&mk->marker[i].work, marker_work);
	}
	return 0;
}

/* The heap is dying: workers end by themselves. Context: may sleep. */
void kgc_marking_destroy(struct kgc_heap *heap)
{
	unsigned int i;

	/* the first round may leave one queued by another before it ended */
	for (i = 0; i < 2 * KGC_MAX_MARKERS; i++)
		cancel_work_sync(&heap->marking.marker[i % KGC_MAX_MARKERS].work);
	free_percpu(heap->marking.grey);
}
