// SPDX-License-Identifier: GPL-2.0
/*
 * Allocation of typed objects: the public functions on top of the allocator.
 */
#include <linux/overflow.h>
#include <linux/preempt.h>
#include <linux/sched/mm.h>

#include "alloc/cache.h"
#include "gc/finalize.h"
#include "gc/heap.h"
#include "gc/report.h"

static_assert(KGC_ALLOC_BLACK == KGC_MODE_BLACK);
static_assert(KGC_ALLOC_SETTLE == KGC_MODE_SETTLE);

static noinline void *refuse_nmi(struct kgc_heap *heap)
{
	return kgc_refuse(heap, "an allocation in NMI");
}

/*
 * Have the kernel warn if @gfp allows sleeping in a context that does not. Hardirq
 * context is exempt: there the allocator never sleeps, whatever @gfp says.
 */
static __always_inline void check_gfp(gfp_t gfp)
{
	if (!in_hardirq())
		might_alloc(gfp);
}

/* Give a new object its type's finalizer. Return: the object; NULL if that failed. */
static void *with_finalizer(struct kgc_section s, struct kgc_type *type,
			    void *obj, gfp_t gfp)
{
	if (obj && type->finalize &&
	    kgc_final_add(s, obj, type->finalize, s.heap->owner, 0, gfp))
		return NULL;
	return obj;
}

/*
 * The path between the fast and the slow one. It takes a slot of the current word that
 * the fast path skips: the slot is not clear yet, its span is mixed and the slot needs a
 * type, or a slot of that word is to be sampled. For a tiny object it takes room in an
 * open block.
 */
static void *alloc_current_word(struct kgc_section s, const struct kgc_layout *layout)
{
	struct kgc_allocator *a = &s.heap->alloc;
	struct kgc_span *span;
	struct kgc_cpu *c;
	bool sampled = false;
	unsigned long w;
	void *obj = NULL;
	u32 owner_gen;

	preempt_disable();
	c = this_cpu_ptr(a->cpu);
	if (kgc_region_begin(a, c, &owner_gen)) {
		span = c->span[layout->fast_spc];
		w = *span->word;
		if (w && (span->layout == layout || !span->layout)) {
			obj = kgc_take_any_slot(a, span, __ffs(w), s.mode,
						layout, layout->bytes);
			sampled = kgc_sample_hit(a, span, obj);
		} else if (layout->flags & KGC_LAYOUT_TINY) {
			obj = kgc_tiny_join(a, &c->tiny, s.mode, layout);
		}
		kgc_region_end(c, owner_gen);
	}
	preempt_enable();
	if (unlikely(sampled))
		a->sampled(a, layout, obj, layout->slot);
	return obj;
}

/* Context: preemption is off, and the function enables it. */
static noinline void *alloc_slow(struct kgc_heap *heap, unsigned int mode,
				 struct kgc_type *type, gfp_t gfp, int srcu)
{
	struct kgc_section s = { .heap = heap, .mode = mode, .srcu = srcu };
	const struct kgc_layout *layout = &type->layout;
	void *obj;

	preempt_enable();
	if (type->heap != heap)
		return kgc_refuse(heap, "a type of another heap");
	if (type->array)
		return kgc_refuse(heap, "an object of an array type");
	obj = alloc_current_word(s, layout);
	if (obj)
		return obj;
	check_gfp(gfp);
	if (layout->spc >> 1)
		obj = kgc_cache_alloc(&s.heap->alloc, kgc_sided_mode(s), layout,
				      layout->spc, type->size, gfp);
	else
		obj = kgc_cache_alloc_large(&s.heap->alloc, kgc_sided_mode(s), layout,
					    type->size, gfp);
	return with_finalizer(s, type, obj, gfp);
}

/*
 * preempt_enable() and return @obj. gcc sets up a stack frame in a function that may
 * call the scheduler, so the fast path leaves that call to resched().
 */
#ifdef CONFIG_PREEMPTION
static noinline void *resched(void *obj)
{
	__preempt_schedule();
	return obj;
}

static __always_inline void *preempt_enable_return(void *obj)
{
	barrier();
	return unlikely(preempt_count_dec_and_test()) ? resched(obj) : obj;
}
#else
static __always_inline void *preempt_enable_return(void *obj)
{
	preempt_enable();
	return obj;
}
#endif

/*
 * @known_mode: @mode, or the constant 0 if the caller knows that @mode is 0.
 *
 * The only calls are tail calls of two functions, so that gcc saves no registers.
 *
 * The function need not check that @type belongs to @heap. kgc_span.fast of a cached
 * span is the layout of a type for which alloc_slow() took that span, and alloc_slow()
 * refuses a type of another heap.
 */
static __always_inline void *alloc_fast(struct kgc_heap *heap, unsigned int mode,
					unsigned int known_mode, struct kgc_type *type,
					gfp_t gfp, int srcu)
{
	const struct kgc_layout *layout = &type->layout;
	struct kgc_allocator *a = &heap->alloc;
	unsigned long *word, w;
	struct kgc_span *span;
	struct kgc_cpu *c;
	void *obj;
	u32 owner_gen;

	preempt_disable();
	c = this_cpu_ptr(a->cpu);
	if (unlikely(!kgc_region_begin(a, c, &owner_gen)))
		goto slow;
	span = c->span[layout->fast_spc];
	word = span->word;
	w = *word;
	if (unlikely(!w || span->fast != layout))
		goto slow_region;
	obj = kgc_take_slot(a, span, word, w, known_mode, layout);
	kgc_region_end(c, owner_gen);
	return preempt_enable_return(obj);

slow_region:
	kgc_region_end(c, owner_gen);
slow:
	return alloc_slow(heap, mode, type, gfp, srcu);
}

/* noinline: only an object allocated during a cycle may need a colour. */
static noinline void *alloc_in_cycle(struct kgc_heap *heap, unsigned int mode,
				     struct kgc_type *type, gfp_t gfp, int srcu)
{
	return alloc_fast(heap, mode, mode, type, gfp, srcu);
}

/*
 * kgc_alloc(). It takes the members of the section one by one, because gcc sets up a
 * frame for a struct. In this order of arguments gcc need not save a register.
 */
void *__kgc_alloc(struct kgc_heap *heap, unsigned int mode, struct kgc_type *type,
		  gfp_t gfp, int srcu)
{
	if (unlikely(in_nmi()))
		return refuse_nmi(heap);
	if (IS_ENABLED(CONFIG_KGC_DEBUG))
		check_gfp(gfp);
	if (unlikely(mode))
		return alloc_in_cycle(heap, mode, type, gfp, srcu);
	return alloc_fast(heap, mode, 0, type, gfp, srcu);
}
EXPORT_SYMBOL_GPL(__kgc_alloc);

/**
 * kgc_alloc_array() - allocate an array
 * @s: the current section
 * @type: an array type
 * @n: number of elements
 * @gfp: as for kgc_alloc()
 *
 * Context: as for kgc_alloc(). In hardirq context arrays over 32 KiB always fail.
 * Return: the array, zeroed to the end of its slot; NULL as for kgc_alloc(), and when @n
 * is 0 or the array is larger than the largest object.
 */
void *kgc_alloc_array(struct kgc_section s, struct kgc_type *type, size_t n,
		      gfp_t gfp)
{
	const struct kgc_layout *layout = &type->layout;
	unsigned int class;
	size_t bytes;
	void *obj;

	if (in_nmi())
		return refuse_nmi(s.heap);
	if (type->array_heap != s.heap)
		return kgc_refuse(s.heap, type->heap == s.heap ?
			      "an array of a type that is none" :
			      "a type of another heap");
	if (!n || check_mul_overflow(n, (size_t)type->size, &bytes) ||
	    bytes > KGC_MAX_OBJECT)
		return NULL;
	check_gfp(gfp);
	class = kgc_size_to_class_aligned(bytes, type->align);
	if (class)
		obj = kgc_cache_alloc(&s.heap->alloc, kgc_sided_mode(s), layout,
				      class << 1 |
				      (type->kind == KGC_KIND_NOSCAN),
				      kgc_classes[class].size, gfp);
	else
		obj = kgc_cache_alloc_large(&s.heap->alloc, kgc_sided_mode(s), layout,
					    round_up(bytes, KGC_PAGE_SIZE), gfp);
	return with_finalizer(s, type, obj, gfp);
}
EXPORT_SYMBOL_GPL(kgc_alloc_array);

/*
 * Take up to @n slots of the current word of @type's span; none if one of that word is to
 * be sampled. Return: slots taken.
 */
static unsigned int bulk_region(struct kgc_section s, struct kgc_type *type,
				unsigned int n, void **objs)
{
	const struct kgc_layout *layout = &type->layout;
	struct kgc_allocator *a = &s.heap->alloc;
	struct kgc_span *span;
	unsigned int done = 0;
	struct kgc_cpu *c;
	u32 owner_gen;

	preempt_disable();
	c = this_cpu_ptr(a->cpu);
	if (kgc_region_begin(a, c, &owner_gen)) {
		span = c->span[layout->fast_spc];
		if (span->fast == layout ||
		    (span->layout == layout && !kgc_span_has_sample(span)))
			done = kgc_take_slots(a, span, n, objs, s.mode, layout);
		kgc_region_end(c, owner_gen);
	}
	preempt_enable();
	return done;
}

/**
 * kgc_alloc_bulk() - allocate several objects of one type
 * @s: the current section
 * @type: their type, not an array type
 * @gfp: as for kgc_alloc()
 * @n: number of objects
 * @objs: receives the objects
 *
 * Context: as for kgc_alloc().
 * Return: number of objects allocated; fewer than @n if kgc_alloc() would return NULL.
 */
unsigned int kgc_alloc_bulk(struct kgc_section s, struct kgc_type *type,
			    gfp_t gfp, unsigned int n, void **objs)
{
	unsigned int done = 0;

	if (n && in_nmi()) {
		refuse_nmi(s.heap);
		return 0;
	}
	while (done < n) {
		done += bulk_region(s, type, n - done, objs + done);
		if (done == n)
			break;
		objs[done] = kgc_alloc(s, type, gfp);
		if (!objs[done])
			break;
		done++;
	}
	return done;
}
EXPORT_SYMBOL_GPL(kgc_alloc_bulk);
