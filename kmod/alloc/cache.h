/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fast path of an allocation.
 *
 * A *region* is a stretch of code with preemption off in which a CPU owns its
 * cache: it found the ticket equal to the allocator's generation and replaced
 * it by BUSY. Three things can come across it:
 *
 * - an interrupt on the same CPU. It finds BUSY and takes the central path.
 *   If it comes before the store of BUSY, it runs a whole region and leaves
 *   the ticket as it was, or flips the cache first: then the ticket goes back
 *   to the old generation with the end of the region that was interrupted, and
 *   the cache is flipped once more, which its spans do not mind. Interrupts
 *   nest, so plain loads and stores do.
 * - the collector's flip. It advances the generation, waits for an RCU grace
 *   period, and only then takes over caches whose ticket is still the old one,
 *   by cmpxchg. By then no region that saw the old generation is left, and a
 *   new one sees the mismatch; see kgc_cache_flip(). So a cache that is BUSY
 *   by then has been flipped already.
 * - a marker, or a reader of statistics. They only read bitmaps.
 */
#ifndef _KGC_CACHE_H
#define _KGC_CACHE_H

#include "alloc.h"
#include "poison.h"

/*
 * Begin a region on this CPU. Preemption is off already.
 *
 * Return: false when it is in use or of another generation.
 */
static __always_inline bool kgc_region_begin(struct kgc_allocator *a,
					     struct kgc_cpu *c, u32 *ticket)
{
	/* if another CPU has flipped this cache, then what it left there is
	 * seen: pairs with the release in kgc_cache_flip()
	 */
	*ticket = smp_load_acquire(&c->ticket);
	/* not READ_ONCE(), which keeps gcc from comparing with memory */
	if (unlikely(*ticket != data_race(a->gen)))
		return false;
	WRITE_ONCE(c->ticket, KGC_TICKET_BUSY);
	barrier();
	return true;
}

static __always_inline void kgc_region_end(struct kgc_cpu *c, u32 ticket)
{
	/* what the region did comes first for a flip by another CPU, which
	 * reads the ticket after an RCU grace period
	 */
	barrier();
	WRITE_ONCE(c->ticket, ticket);
}

/* The newborn's colour. It is clear and typed, and not in use yet. */
static __always_inline void kgc_colour_slot(struct kgc_allocator *a,
					    struct kgc_span *span,
					    unsigned int bit, unsigned int mode)
{
	if (!kgc_born_black(a, span, mode))
		return;
	/* clear and typed before marked: pairs with the load in scan_word() */
	smp_mb__before_atomic();
	set_bit(bit, kgc_mark_word(span, span->word));
}

/* What a newborn needs besides being clear: its type in a mixed span, its colour. */
void kgc_slot_init_state(struct kgc_allocator *a, struct kgc_span *span,
			 unsigned int bit, unsigned int mode,
			 const struct kgc_shape *shape);

/*
 * Take the lowest free slot of @w (not 0), which is @word, the span's current one.
 * For a span that is @fast for @shape.
 */
static __always_inline void *kgc_take_slot(struct kgc_allocator *a,
					   struct kgc_span *span,
					   unsigned long *word, unsigned long w,
					   unsigned int mode,
					   const struct kgc_shape *shape)
{
	void *obj = span->word_base + (size_t)__ffs(w) * shape->slot;

	kgc_poison_open(obj, shape->bytes, shape->slot);
	kgc_poison_tail(obj, shape->bytes);
	kgc_colour_slot(a, span, __ffs(w), mode);
	/* cleared and marked before in use: pairs with kgc_span_is_free() */
	smp_store_release(word, w & (w - 1));
	return obj;
}

/*
 * The same for up to @n slots, cleared ahead or not, all of which are in use at once.
 * Return: how many.
 */
static __always_inline unsigned int kgc_take_slots(struct kgc_allocator *a,
						   struct kgc_span *span,
						   unsigned int n, void **objs,
						   unsigned int mode,
						   const struct kgc_shape *shape)
{
	const bool clear = span->clear;
	unsigned long w = *span->word;
	unsigned int done;

	for (done = 0; w && done < n; w &= w - 1) {
		void *obj = span->word_base + (size_t)__ffs(w) * shape->slot;

		kgc_poison_open(obj, shape->bytes, shape->slot);
		if (unlikely(clear))
			kgc_clear_words(obj, round_up(shape->bytes, 8));
		kgc_poison_tail(obj, shape->bytes);
		if (unlikely(mode))
			kgc_colour_slot(a, span, __ffs(w), mode);
		objs[done++] = obj;
	}
	/* cleared and marked before in use: pairs with kgc_span_is_free() */
	smp_store_release(span->word, w);
	return done;
}

/* The same for any free slot of the word, any section, any span and @bytes. */
static __always_inline void *kgc_take_any_slot(struct kgc_allocator *a,
					       struct kgc_span *span,
					       unsigned int bit,
					       unsigned int mode,
					       const struct kgc_shape *shape,
					       size_t bytes)
{
	void *obj = span->word_base + (size_t)bit * span->size;

	kgc_poison_open(obj, bytes, span->size);
	if (span->clear)
		kgc_clear_words(obj, round_up(bytes, 8));
	kgc_poison_tail(obj, bytes);
	kgc_slot_init_state(a, span, bit, mode, shape);
	/* clear, typed and marked before in use: pairs with kgc_span_is_free() */
	smp_store_release(span->word, *span->word & ~BIT(bit));
	return obj;
}

#endif /* _KGC_CACHE_H */
