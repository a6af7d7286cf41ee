/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Slots as KASAN sees them: a free slot is poisoned, and in a slot in use the bytes
 * beyond the object are a redzone. Without CONFIG_KASAN_GENERIC nothing is poisoned.
 *
 * Shadow values of KASAN's generic mode: 0 makes a granule of 8 bytes accessible, and
 * 1..7 make that many bytes of it accessible; other values poison it. KASAN reports an
 * access to 0xFC as out of bounds, and to 0xFB as use after free.
 */
#ifndef _KGC_POISON_H
#define _KGC_POISON_H

#include "../compat.h"
#include "span.h"

#define KGC_POISON_REDZONE	0xFC
#define KGC_POISON_FREED	0xFB

/*
 * Clear @bytes, a multiple of 8. Plain stores rather than memset(), whose "rep
 * stosb" starts slowly for the few hundred bytes that are usual here.
 */
static inline void kgc_clear_words(void *at, size_t bytes)
{
	u64 *p = at, *end = at + bytes;

	for (; p + 8 <= end; p += 8) {
		WRITE_ONCE(p[0], 0);
		WRITE_ONCE(p[1], 0);
		WRITE_ONCE(p[2], 0);
		WRITE_ONCE(p[3], 0);
		WRITE_ONCE(p[4], 0);
		WRITE_ONCE(p[5], 0);
		WRITE_ONCE(p[6], 0);
		WRITE_ONCE(p[7], 0);
	}
	for (; p < end; p++)
		WRITE_ONCE(*p, 0);
}

#ifdef CONFIG_KASAN_GENERIC

/* Unpoison a slot for an object of @bytes, rounded up to 8: words are cleared whole. */
static inline void kgc_unpoison_slot(void *obj, size_t bytes, size_t slot)
{
	size_t whole = round_up(bytes, 8);

	kasan_poison(obj, whole, 0, false);
	if (whole < slot)
		kasan_poison(obj + whole, slot - whole, KGC_POISON_REDZONE,
			     false);
}

/* Poison the bytes behind a cleared object in its last word. */
static inline void kgc_poison_tail(void *obj, size_t bytes)
{
	if (bytes & 7)
		kasan_poison(obj + round_down(bytes, 8), 8, bytes & 7, false);
}

/* Clear free slots, which stay poisoned. */
static inline void kgc_poison_clear(void *slots, size_t bytes)
{
	kasan_poison(slots, bytes, 0, false);
	kgc_clear_words(slots, bytes);
	kasan_poison(slots, bytes, KGC_POISON_FREED, false);
}

/* Poison the slots of bitmap word @w whose bits are set in @dead. */
static inline void kgc_poison_swept(struct kgc_span *span, unsigned int w,
				    unsigned long dead)
{
	unsigned long i;

	for_each_set_bit(i, &dead, BITS_PER_LONG)
		kasan_poison(kgc_span_slot(span, w * BITS_PER_LONG + i),
			     round_down(span->size, 8), KGC_POISON_FREED, false);
}

/* Poison pages from the page allocator, or unpoison them before they go back. */
static inline void kgc_poison_pages(unsigned long base, size_t bytes, bool poison)
{
	kasan_poison((void *)base, bytes, poison ? KGC_POISON_FREED : 0, false);
}

#else

static inline void kgc_unpoison_slot(void *obj, size_t bytes, size_t slot)
{
}

static inline void kgc_poison_tail(void *obj, size_t bytes)
{
}

static inline void kgc_poison_clear(void *slots, size_t bytes)
{
	kgc_clear_words(slots, bytes);
}

static inline void kgc_poison_swept(struct kgc_span *span, unsigned int w,
				    unsigned long dead)
{
}

static inline void kgc_poison_pages(unsigned long base, size_t bytes, bool poison)
{
}

#endif
#endif /* _KGC_POISON_H */
