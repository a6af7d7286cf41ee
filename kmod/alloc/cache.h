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
 *   the ticket as it was; interrupts nest, so plain loads and stores do.
 * - the collector's flip. It advances the generation, waits for an RCU grace
 *   period, and only then takes over caches whose ticket is still the old one,
 *   by cmpxchg. By then no region that saw the old generation is left, and a
 *   new one sees the mismatch; see kgc_cache_flip().
 * - a marker, or a reader of statistics. They only read bitmaps.
 */
#ifndef _KGC_CACHE_H
#define _KGC_CACHE_H

#include "alloc.h"
#include "poison.h"

/*
 * Clear @blocks times 64 bytes and then @words of 8. Counted separately, and
 * stored one by one, so that the common sizes take few instructions and gcc
 * does not turn the loops into calls.
 */
static __always_inline void kgc_clear(void *obj, unsigned int blocks,
				      unsigned int words)
{
	u64 *p = obj;

	for (; blocks; blocks--, p += 8) {
		/* count down, rather than compare with an end to be computed */
		OPTIMIZER_HIDE_VAR(blocks);
		WRITE_ONCE(p[0], 0);
		WRITE_ONCE(p[1], 0);
		WRITE_ONCE(p[2], 0);
		WRITE_ONCE(p[3], 0);
		WRITE_ONCE(p[4], 0);
		WRITE_ONCE(p[5], 0);
		WRITE_ONCE(p[6], 0);
		WRITE_ONCE(p[7], 0);
	}
	for (; words; words--, p++)
		WRITE_ONCE(*p, 0);
}

/*
 * Begin a region on this CPU. Preemption is off already.
 *
 * Return: false when it is in use or of another generation.
 */
static __always_inline bool kgc_region_begin(struct kgc_allocator *a,
					     struct kgc_cpu *c, u32 *ticket)
{
	*ticket = READ_ONCE(c->ticket);
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

/* What a newborn needs besides being clear: its type in a mixed span, its colour. */
void kgc_dress_slot(struct kgc_allocator *a, struct kgc_span *span,
		    unsigned int bit, unsigned int mode,
		    const struct kgc_shape *shape);

/*
 * Take the lowest free slot of the span's current word @w (not 0), clear the
 * object, and only then make it read as in use. For sections without a mode,
 * and a span that holds objects of @shape only: nothing else to be done.
 */
static __always_inline void *kgc_take_slot(struct kgc_span *span,
					   unsigned long w,
					   const struct kgc_shape *shape)
{
	void *obj = span->word_base + (size_t)__ffs(w) * shape->slot;

	kgc_poison_open(obj, shape->bytes, shape->slot);
	kgc_clear(obj, shape->blocks, shape->words);
	kgc_poison_tail(obj, shape->bytes);
	/* clear before in use: pairs with kgc_span_is_free() */
	smp_store_release(span->word, w & (w - 1));
	return obj;
}

/* The same for any section, any span and @bytes of a slot. */
static __always_inline void *kgc_take_any_slot(struct kgc_allocator *a,
					       struct kgc_span *span,
					       unsigned int mode,
					       const struct kgc_shape *shape,
					       size_t bytes)
{
	unsigned long w = *span->word;
	unsigned int bit = __ffs(w);
	void *obj = span->word_base + (size_t)bit * span->size;

	kgc_poison_open(obj, bytes, span->size);
	kgc_clear(obj, 0, DIV_ROUND_UP(bytes, 8));
	kgc_poison_tail(obj, bytes);
	kgc_dress_slot(a, span, bit, mode, shape);
	/* clear, typed and marked before in use: pairs with kgc_span_is_free() */
	smp_store_release(span->word, w & (w - 1));
	return obj;
}

#endif /* _KGC_CACHE_H */
