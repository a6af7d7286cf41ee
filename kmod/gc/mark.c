// SPDX-License-Identifier: GPL-2.0
/*
 * The mark loop.
 *
 * A worker takes a grey span from its queue and clears the span's queued flag. It scans
 * every object of the span that is marked and not yet scanned, pass after pass until a
 * pass finds none. So an object of this span that the worker itself makes grey needs no
 * queue. If another worker or a barrier makes an object of the span grey, it queues the
 * span again, because the flag is clear. Two workers may then scan one span at the same
 * time. That costs at most a second scan of its objects.
 *
 * The loop never recurses and never allocates. It returns after a bounded number of
 * objects, and keeps its position in struct kgc_marker. It scans large arrays in chunks.
 */
#include <linux/workqueue.h>

#include "../alloc/charge.h"
#include "heap.h"
#include "lookup.h"
#include "mark.h"
#include "queue.h"
#include "report.h"
#include "request.h"
#include "share.h"
#include "type.h"
#include "work.h"

#define CHUNK_BYTES	(32 * 1024)	/* of a large object, scanned at a time */
#define SLICE_OBJECTS	256		/* between looks at the clock */
#define SHARE_SPANS	32		/* queue length from which to offer spans */
#define SHARE_MOST	4096		/* spans offered at a time, in one walk */
#define TAKE_MOST	512		/* spans appended at a time, in one walk */

/* Make slot @i of @span grey if it is white. @cur is being scanned and needs no queue. */
static __always_inline void marker_mark(struct kgc_marker *m,
					struct kgc_span *cur,
					struct kgc_span *span, unsigned int i)
{
	if (kgc_is_marked(span, i))
		return;
	kgc_mark_white(span, i);
	/* no call here, so that a loop around this keeps its state in registers */
	if (span != cur && !kgc_span_noscan(span) &&
	    !READ_ONCE(span->queued) && kgc_span_set_queued(span))
		kgc_queue_push(&m->queue, &span->grey);
}

static void scan_words(struct kgc_marker *m, void **from, void **to)
{
	for (; from < to; from++) {
		void *word = READ_ONCE_NOCHECK(*from);
		struct kgc_span *span;
		unsigned int i;

		span = kgc_lookup(m->heap, word, &i);
		if (span)
			marker_mark(m, m->cur, span, i);
	}
}

/* The state that a loop over fields keeps in registers. */
struct scan {
	unsigned long		map;
	struct kgc_marker	*m;
	struct kgc_span		*cur;
};

static __always_inline struct scan scan_begin(struct kgc_marker *m)
{
	return (struct scan){ kgc_map_from_zero, m, m->cur };
}

/* The span of object @p, which @where refers to; NULL and a report if @p is no object. */
static struct kgc_span *span_of_object(struct kgc_heap *heap, const void *where,
				       const void *p, unsigned int *i)
{
	struct kgc_span *span = kgc_lookup(heap, p, i);

	if (!span)
		kgc_misuse(heap, "no object is referred to", where);
	return span;
}

static __always_inline void scan_field(struct scan s, char *obj,
				       unsigned long offset)
{
	/* pairs with the release in kgc_store() */
	void *p = smp_load_acquire((void **)(obj + offset));
	struct kgc_span *span;
	unsigned int i;

	if (!p)
		return;
	if (IS_ENABLED(CONFIG_KGC_DEBUG) &&
	    !span_of_object(s.m->heap, obj + offset, p, &i))
		return;
	span = kgc_map_span_at(s.map, p);
	marker_mark(s.m, s.cur, span, kgc_span_index(span, p));
}

static __always_inline void scan_fields(struct scan s, char *obj,
					const struct kgc_type_field *f,
					const struct kgc_type_field *end)
{
	do {
		scan_field(s, obj, f->offset);
	} while (++f < end);
}

/*
 * Scan a field of a heap that is checked. Do not follow a pointer that names no object:
 * its span may belong to another heap, or not exist.
 */
static void scan_field_checked(struct kgc_marker *m, void **slot)
{
	/* pairs with the release in kgc_store() */
	void *p = smp_load_acquire(slot);
	struct kgc_span *span;
	unsigned int i;

	if (!p)
		return;
	span = span_of_object(m->heap, slot, p, &i);
	if (span)
		marker_mark(m, m->cur, span, i);
}

/* Scan the elements of m->obj up to @end, in a heap that is checked. */
static void scan_checked(struct kgc_marker *m, size_t end)
{
	const struct kgc_type *type = m->type;
	unsigned int i;

	for (; m->at < end; m->at += type->size)
		for (i = 0; i < type->nr_fields; i++)
			scan_field_checked(m, (void **)(m->obj + m->at +
							type->fields[i].offset));
}

static void scan_elements(struct kgc_marker *m, size_t end)
{
	const struct kgc_type_field *f = m->type->fields;
	const struct kgc_type_field *f_end = f + m->type->nr_fields;
	char *at = m->obj + m->at, *stop = m->obj + end;
	size_t step = m->type->size;
	struct scan s = scan_begin(m);

	for (; at < stop; at += step)
		scan_fields(s, at, f, f_end);
	m->at = at - m->obj;
}

/* Scan the next chunk of m->obj. After the last chunk, clear m->obj. */
static void scan_chunk(struct kgc_marker *m)
{
	size_t end = min(m->end, m->at + CHUNK_BYTES);

	if (m->type->kind == KGC_KIND_CONSERVATIVE) {
		scan_words(m, (void **)(m->obj + m->at), (void **)(m->obj + end));
		m->at = end;
	} else if (m->quick == KGC_KIND_NONE) {
		scan_checked(m, end);
	} else {
		scan_elements(m, end);
	}
	if (m->at >= m->end)
		m->obj = NULL;
}

/*
 * Scan an object that scan_word_of() has not scanned. Only an object that is alone in its
 * span takes several chunks: any other has at most KGC_MAX_SMALL bytes. A chunk is
 * CHUNK_BYTES, or more if an element ends later. An element has at most KGC_MAX_FIELDS.
 */
static_assert(CHUNK_BYTES >= KGC_MAX_SMALL);

static noinline void scan_body(struct kgc_marker *m, char *obj,
			       const struct kgc_type *type)
{
	if (type->kind == KGC_KIND_NOSCAN)
		return;
	m->type = type;
	m->obj = obj;
	m->at = 0;
	if (type->kind == KGC_KIND_CONSERVATIVE)
		m->end = round_down(type->array ? m->cur->size : type->size,
				    sizeof(void *));
	else
		m->end = type->array ? rounddown(m->cur->size, type->size) :
				       type->size;
	scan_chunk(m);
}

/*
 * Scan the grey objects of bitmap word @w of the current span, all of @type. Read the
 * marks again until no object is grey, so as to follow a chain of objects in this word to
 * its end. If the span turns out to have a second type, end early. With @two each object
 * has one or two fields, so no loop over fields is needed.
 *
 * @left has the bits of objects not scanned yet. Return: the bits that remain of it.
 */
static __always_inline unsigned long
scan_word_of(struct kgc_marker *m, const struct kgc_type *type, unsigned int w,
	     unsigned long left, bool two)
{
	struct scan s = scan_begin(m);
	const struct kgc_type_field *fields = type->fields;
	const struct kgc_type_field *end = fields + type->nr_fields;
	unsigned long first = fields[0].offset, last = end[-1].offset, todo;
	unsigned long *mark = kgc_span_mark(s.cur) + w;
	char *base = kgc_span_slot(s.cur, w * BITS_PER_LONG);
	size_t size = s.cur->size;

	/*
	 * Read the marks before the layout and the fields. A marked newborn is then
	 * complete, and a span with a second type shows that it is mixed. Pairs with
	 * kgc_slot_init_state().
	 */
	while ((todo = smp_load_acquire(mark) & left)) {
		if (unlikely(READ_ONCE(s.cur->layout) != &type->layout))
			break;
		left &= ~todo;
		do {
			char *obj = base + __ffs(todo) * size;

			/* keep the address; do not compute it for each field */
			OPTIMIZER_HIDE_VAR(obj);
			if (!two) {
				scan_fields(s, obj, fields, end);
				continue;
			}
			scan_field(s, obj, first);
			if (last != first)
				scan_field(s, obj, last);
		} while (todo &= todo - 1);
	}
	return left;
}

static noinline unsigned long scan_word_two(struct kgc_marker *m,
					    const struct kgc_type *type,
					    unsigned int w, unsigned long left)
{
	return scan_word_of(m, type, w, left, true);
}

static noinline unsigned long scan_word_few(struct kgc_marker *m,
					    const struct kgc_type *type,
					    unsigned int w, unsigned long left)
{
	return scan_word_of(m, type, w, left, false);
}

static unsigned long scan_word_uniform(struct kgc_marker *m, unsigned int w,
				       unsigned long left)
{
	const struct kgc_layout *layout = READ_ONCE(m->cur->layout);
	const struct kgc_type *type = container_of(layout, struct kgc_type,
						   layout);

	if (!layout || type->kind != m->quick)
		return left;
	return type->nr_fields <= 2 ? scan_word_two(m, type, w, left) :
				      scan_word_few(m, type, w, left);
}

/* Like scan_word_of(), for objects of any type. */
static unsigned long scan_word_any(struct kgc_marker *m, unsigned int w,
				   unsigned long left)
{
	unsigned long *mark = kgc_span_mark(m->cur) + w;
	unsigned long todo;

	/* as in scan_word_of(): pairs with kgc_slot_init_state() */
	while ((todo = smp_load_acquire(mark) & left)) {
		unsigned int i = w * BITS_PER_LONG + __ffs(todo);

		left &= ~(todo & -todo);
		scan_body(m, kgc_span_slot(m->cur, i),
			  kgc_type_of_slot(&m->heap->types, m->cur, i));
	}
	return left;
}

/* Scan the objects of bitmap word @w until none is grey. Return: number scanned. */
static __always_inline unsigned int scan_word(struct kgc_marker *m,
					      unsigned int w)
{
	unsigned long *scan = kgc_span_scan(m->cur) + w;
	unsigned long before = ~READ_ONCE(*scan), left = before;

	if (!(READ_ONCE(kgc_span_mark(m->cur)[w]) & left))
		return 0;
	left = scan_word_uniform(m, w, left);
	left = scan_word_any(m, w, left);
	WRITE_ONCE(*scan, READ_ONCE(*scan) | ~left);
	return hweight_long(before & ~left);
}

static bool marker_next_span(struct kgc_marker *m)
{
	struct kgc_queue *q = &m->queue;
	struct kgc_span *span;

	if (!q->head) {
		if (!q->rest)
			kgc_queue_take(q, llist_del_all(&m->heap->marking.shared));
		if (!kgc_queue_refill(q, TAKE_MOST))
			return false;
	}
	span = llist_entry(kgc_queue_pop(q), struct kgc_span, grey);
	m->spans++;
	/* full barrier: clear the flag before reading the marks; see kgc_mark_white() */
	kgc_span_clear_queued(span);
	m->cur = span;
	return true;
}

/* Scan the current span until a pass finds no grey object. Return: number scanned. */
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

/* Offer up to half of a long queue to the other workers, and queue one of them. */
static void marker_share(struct kgc_marker *m)
{
	struct kgc_marking *mk = &m->heap->marking;
	unsigned int i, nr = m->queue.nr;
	struct llist_node *first, *last;

	if (nr < SHARE_SPANS || !llist_empty(&mk->shared) ||
	    READ_ONCE(m->heap->dying))
		return;
	if (atomic_read(&mk->active) + 1 >= mk->nr_markers ||
	    !kgc_share_spare(m->heap))
		return;
	first = kgc_queue_cut(&m->queue, min(nr / 2, SHARE_MOST), &last);
	llist_add_batch(first, last, &mk->shared);
	/* an idle worker first: a worker that runs would only be queued to run again */
	for (i = 1; i < 2 * mk->nr_markers; i++) {
		struct work_struct *work = &mk->marker[i % mk->nr_markers].work;

		if (i % mk->nr_markers == 0 || (i < mk->nr_markers && work_busy(work)))
			continue;
		/* count it before it runs: while @active is 0, no other worker has spans */
		atomic_inc(&mk->active);
		if (queue_work(kgc_markers_wq, work))
			return;
		atomic_dec(&mk->active);
	}
}

/**
 * kgc_mark_some() - scan a bounded number of objects
 * @m: the worker
 * @objects: approximate bound; the function scans the last span to its end
 *
 * Context: process context.
 * Return: false if neither the worker's queue nor the shared one has a span left.
 */
bool kgc_mark_some(struct kgc_marker *m, unsigned int objects)
{
	unsigned int n, done = 0;

	while (done < objects) {
		if (unlikely(m->obj)) {
			scan_chunk(m);
			done += objects;
			continue;
		}
		if (!marker_next_span(m)) {
			m->cur = NULL;
			return false;
		}
		n = scan_span(m);
		m->objects += n;
		m->bytes += (u64)n * m->cur->size;
		done += n + 1;
	}
	marker_share(m);
	return true;
}

/* Leave the whole queue to other workers. Context: @m->obj is NULL. */
static void marker_leave(struct kgc_marker *m)
{
	struct llist_node *first, *last;

	/* the end of a list that was taken over is not known yet */
	while (kgc_queue_refill(&m->queue, TAKE_MOST))
		cond_resched();
	first = kgc_queue_empty(&m->queue, &last);
	if (first)
		llist_add_batch(first, last, &m->heap->marking.shared);
}

/*
 * A worker beside the cycle's own. When the share of CPU time is used up, it finishes the
 * object that it is scanning. Then it leaves its queue to the cycle's own worker, which
 * waits for CPU time.
 */
static void marker_work(struct work_struct *work)
{
	struct kgc_marker *m = container_of(work, struct kgc_marker, work);
	struct kgc_marking *mk = &m->heap->marking;
	bool more = true;
	s64 left_ns = 0;

	kgc_work_woken(&m->heap->work);
	while (more && !READ_ONCE(m->heap->dying) &&
	       !kgc_request_closed(&m->heap->request)) {
		struct kgc_lap lap = kgc_work_lap();
		u64 ns;

		if (!kgc_share_slice(m->heap, &left_ns) && !m->obj) {
			marker_leave(m);
			more = false;
		} else {
			more = kgc_mark_some(m, SLICE_OBJECTS);
		}
		ns = kgc_work_lap_ns(lap);
		kgc_work_charge(&m->heap->work, ns);
		left_ns -= ns;
		cond_resched();
	}
	kgc_share_put_slice(m->heap, left_ns);
	/* full barrier: all marking of this worker comes before it is inactive */
	if (atomic_dec_and_test(&mk->active))
		kgc_request_kick(m->heap);
}

/* Mark @obj, the value of a root slot, which may be NULL. */
void kgc_mark_root(struct kgc_marker *m, void *obj)
{
	struct kgc_span *span;
	unsigned int i;

	if (!obj)
		return;
	if ((IS_ENABLED(CONFIG_KGC_DEBUG) || m->quick == KGC_KIND_NONE) &&
	    !span_of_object(m->heap, obj, obj, &i))
		return;
	span = kgc_map_span(obj);
	marker_mark(m, NULL, span, kgc_span_index(span, obj));
}

/*
 * Take over spans that barriers shaded, one CPU's after another's. One call takes over a
 * bounded number of them. If it leaves any, kgc_grey_pending() finds them.
 */
void kgc_mark_take_barriers(struct kgc_marker *m)
{
	unsigned int left = TAKE_MOST;
	int cpu;

	for_each_possible_cpu(cpu) {
		struct kgc_grey *grey = per_cpu_ptr(m->heap->marking.grey, cpu);

		left -= kgc_queue_refill(&m->queue, left);
		if (!left)
			return;
		if (!llist_empty(&grey->list))
			kgc_queue_take(&m->queue, llist_del_all(&grey->list));
	}
	kgc_queue_refill(&m->queue, left);
}

/*
 * Begin a mark phase with @workers, but at most KGC_MAX_MARKERS. With @checked they
 * report each pointer that names no object, and do not follow it.
 */
void kgc_mark_begin(struct kgc_heap *heap, unsigned int workers, bool checked)
{
	struct kgc_marking *mk = &heap->marking;
	unsigned int i;

	mk->nr_markers = min_t(unsigned int, workers, KGC_MAX_MARKERS);
	for (i = 0; i < KGC_MAX_MARKERS; i++) {
		mk->marker[i].quick = checked ? KGC_KIND_NONE : KGC_KIND_PRECISE;
		mk->marker[i].objects = 0;
		mk->marker[i].bytes = 0;
		mk->marker[i].spans = 0;
	}
}

/* Sum up what the workers have scanned in this cycle. Context: no other is active. */
void kgc_mark_totals(struct kgc_heap *heap, u64 *objects, u64 *bytes)
{
	const struct kgc_marker *m = heap->marking.marker;
	unsigned int i;

	*objects = 0;
	*bytes = 0;
	for (i = 0; i < KGC_MAX_MARKERS; i++) {
		*objects += m[i].objects;
		*bytes += m[i].bytes;
	}
}

/* Whether a worker beside the cycle's own may still hold grey spans. */
bool kgc_mark_active(struct kgc_heap *heap)
{
	/* if none does, the caller sees all of their marks: pairs with marker_work() */
	return atomic_read_acquire(&heap->marking.active);
}

/*
 * Cancel markers that are queued but do not run yet. No span is left for them to take,
 * and they hold none before they run. Context: the state machine, after it has found no
 * grey span.
 */
void kgc_mark_cancel_queued(struct kgc_heap *heap)
{
	struct kgc_marking *mk = &heap->marking;
	unsigned int i;

	for (i = 1; i < mk->nr_markers; i++)
		if (cancel_work(&mk->marker[i].work))
			atomic_dec(&mk->active);
}

int kgc_marking_init(struct kgc_heap *heap)
{
	struct kgc_marking *mk = &heap->marking;
	unsigned int i;

	mk->grey = kgc_charge_percpu(&heap->alloc, KGC_META_GREY, sizeof(*mk->grey),
				     __alignof__(*mk->grey));
	if (!mk->grey)
		return -ENOMEM;
	init_llist_head(&mk->shared);
	for (i = 0; i < KGC_MAX_MARKERS; i++) {
		mk->marker[i].heap = heap;
		kgc_queue_init(&mk->marker[i].queue);
		INIT_WORK(&mk->marker[i].work, marker_work);
	}
	return 0;
}

/* Context: the heap is dying, so a running worker ends soon; may sleep. */
void kgc_marking_destroy(struct kgc_heap *heap)
{
	unsigned int i;

	/* twice: a worker cancelled late may have queued one cancelled before */
	for (i = 0; i < 2 * KGC_MAX_MARKERS; i++)
		cancel_work_sync(&heap->marking.marker[i % KGC_MAX_MARKERS].work);
	kgc_charge_percpu_free(&heap->alloc, KGC_META_GREY, heap->marking.grey,
			       sizeof(*heap->marking.grey));
}
