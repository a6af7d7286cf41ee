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

/* Clear @bytes, a multiple of 8 and not 0, in a way gcc leaves alone. */
static __always_inline void kgc_clear(void *obj, size_t bytes)
{
	u64 *p = obj, *end = obj + bytes;

	for (; p + 4 <= end; p += 4) {
		WRITE_ONCE(p[0], 0);
		WRITE_ONCE(p[1], 0);
		WRITE_ONCE(p[2], 0);
		WRITE_ONCE(p[3], 0);
	}
	for (; p < end; p++)
		WRITE_ONCE(*p, 0);
}

/*
 * Begin a region on this CPU. Preemption is off already.
 *
 * Return: the cache, its ticket in @ticket; NULL when it is in use or of
 * another generation.
 */
static __always_inline struct kgc_cpu *kgc_region_begin(struct kgc_allocator *a,
							 u32 *ticket)
{
	struct kgc_cpu *c = this_cpu_ptr(a->cpu);

	*ticket = READ_ONCE(c->ticket);
	if (unlikely(*ticket != READ_ONCE(a->gen)))
		return NULL;
	WRITE_ONCE(c->ticket, KGC_TICKET_BUSY);
	barrier();
	return c;
}

static __always_inline void kgc_region_end(struct kgc_cpu *c, u32 ticket)
{
	/* what the region did comes first for a flip by another CPU, which
	 * reads the ticket after an RCU grace period
	 */
	barrier();
	WRITE_ONCE(c->ticket, ticket);
}

/*
 * Take the lowest free slot of the span's current word @w (not 0), clear the
 * object, give it its colour, and only then make it read as in use.
 */
static __always_inline void *kgc_take_slot(struct kgc_allocator *a,
					   struct kgc_span *span,
					   unsigned long w, unsigned int mode,
					   const struct kgc_shape *shape,
					   size_t clear, size_t slot)
{
	unsigned int bit = __ffs(w);
	void *obj = span->word_base + bit * slot;

	kgc_poison_open(obj, clear, slot);
	kgc_clear(obj, clear);
	if (unlikely(mode) && kgc_born_black(a, span, mode))
		set_bit(bit, kgc_mark_word(span, span->word));
	if (unlikely(!span->shape))
		span->types[(span->word - span->bits) * BITS_PER_LONG + bit] =
			shape->id;
	/* clear, marked and typed before in use: pairs with kgc_span_is_free() */
	smp_store_release(span->word, w & (w - 1));
	return obj;
}

#endif /* _KGC_CACHE_H */
