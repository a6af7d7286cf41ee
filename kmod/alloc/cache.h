/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fast path of an allocation.
 *
 * A *region* is a stretch of code with preemption off in which a CPU owns its cache:
 * the CPU found the cache's owner generation (kgc_cpu.owner_gen) equal to the
 * allocator's, and replaced it by BUSY. Three others may touch the cache meanwhile:
 *
 * - An interrupt on the same CPU. It finds BUSY and takes the central path. If it
 *   comes between the load of the owner generation and the store of BUSY, it runs a
 *   whole region of its own and leaves the owner generation as it was; or it sees a new
 *   generation and flushes the cache first. In the latter case the end of the interrupted
 *   region stores the old generation again, so the cache is flushed once more, which is
 *   harmless. Interrupts nest, so plain loads and stores suffice.
 * - The collector's flush. It advances the generation, waits for an RCU grace period,
 *   and then takes over, by cmpxchg, each cache whose owner generation is the old one.
 *   After the grace period no region that saw the old generation is left, and a new
 *   region notices the mismatch; see kgc_cache_flush(). So a cache that is BUSY at that
 *   point has been flushed already.
 * - A marker, or a reader of statistics. Markers change mark bits, and they do so
 *   atomically. They change nothing else that a region works on.
 */
#ifndef _KGC_CACHE_H
#define _KGC_CACHE_H

#include "alloc.h"
#include "poison.h"

/*
 * Begin a region on this CPU. Context: preemption is off.
 *
 * Return: false when the cache is in use or of another generation.
 */
static __always_inline bool kgc_region_begin(struct kgc_allocator *a,
					     struct kgc_cpu *c, u32 *owner_gen)
{
	/* another CPU's flush is seen whole: pairs with the release in kgc_cache_flush() */
	*owner_gen = smp_load_acquire(&c->owner_gen);
	/* READ_ONCE() would keep gcc from using a memory operand for the comparison */
	if (unlikely(*owner_gen != data_race(a->gen)))
		return false;
	WRITE_ONCE(c->owner_gen, KGC_OWNER_BUSY);
	barrier();
	return true;
}

static __always_inline void kgc_region_end(struct kgc_cpu *c, u32 owner_gen)
{
	/*
	 * An interrupt on this CPU that loads this value sees all that the region did.
	 * So does a flush by another CPU: an RCU grace period comes before it.
	 */
	barrier();
	WRITE_ONCE(c->owner_gen, owner_gen);
}

/* Mark a newborn that is allocated black. Its slot is clear and typed, not yet in use. */
static __always_inline void kgc_colour_slot(struct kgc_allocator *a,
					    struct kgc_span *span,
					    unsigned int bit, unsigned int mode)
{
	if (!kgc_alloc_marked(a, span, mode))
		return;
	/* a marked slot is clear and typed: pairs with the load in scan_word() */
	smp_mb__before_atomic();
	set_bit(bit, kgc_mark_word(span, span->word));
}

/* Set the type of a newborn, if its span is mixed, and its colour. */
void kgc_slot_init_state(struct kgc_allocator *a, struct kgc_span *span,
			 unsigned int bit, unsigned int mode,
			 const struct kgc_layout *layout);
unsigned int kgc_slot_random(struct kgc_span *span, struct rnd_state *state);

/*
 * Take the lowest free slot of the span's current word. @word points to that word, and @w
 * is its value, not 0. @span->fast is @layout, so the slot is clear already.
 */
static __always_inline void *kgc_take_slot(struct kgc_allocator *a,
					   struct kgc_span *span,
					   unsigned long *word, unsigned long w,
					   unsigned int mode,
					   const struct kgc_layout *layout)
{
	void *obj = span->word_base + (size_t)__ffs(w) * layout->slot;

	kgc_unpoison_slot(obj, layout->bytes, layout->slot);
	kgc_poison_tail(obj, layout->bytes);
	kgc_colour_slot(a, span, __ffs(w), mode);
	/* a slot in use is clear and has its colour: pairs with kgc_span_is_free() */
	smp_store_release(word, w & (w - 1));
	return obj;
}

/*
 * Take up to @n slots of the current word, cleared ahead or not. One store puts all of
 * them in use. @span->layout is @layout. Return: how many were taken.
 */
static __always_inline unsigned int kgc_take_slots(struct kgc_allocator *a,
						   struct kgc_span *span,
						   unsigned int n, void **objs,
						   unsigned int mode,
						   const struct kgc_layout *layout)
{
	const bool clear = span->clear;
	unsigned long w = *span->word;
	unsigned int done;

	for (done = 0; w && done < n; w &= w - 1) {
		void *obj = span->word_base + (size_t)__ffs(w) * layout->slot;

		kgc_unpoison_slot(obj, layout->bytes, layout->slot);
		if (unlikely(clear))
			kgc_clear_words(obj, round_up(layout->bytes, 8));
		kgc_poison_tail(obj, layout->bytes);
		if (unlikely(mode))
			kgc_colour_slot(a, span, __ffs(w), mode);
		objs[done++] = obj;
	}
	/* a slot in use is clear and has its colour: pairs with kgc_span_is_free() */
	smp_store_release(span->word, w);
	return done;
}

/* Take free slot @bit of the current word for @bytes. The span may be mixed or not. */
static __always_inline void *kgc_take_any_slot(struct kgc_allocator *a,
					       struct kgc_span *span,
					       unsigned int bit,
					       unsigned int mode,
					       const struct kgc_layout *layout,
					       size_t bytes)
{
	void *obj = span->word_base + (size_t)bit * span->size;

	kgc_unpoison_slot(obj, bytes, span->size);
	if (span->clear)
		kgc_clear_words(obj, round_up(bytes, 8));
	kgc_poison_tail(obj, bytes);
	kgc_slot_init_state(a, span, bit, mode, layout);
	/* a slot in use is clear, typed and coloured: pairs with kgc_span_is_free() */
	smp_store_release(span->word, *span->word & ~BIT(bit));
	return obj;
}

#endif /* _KGC_CACHE_H */
