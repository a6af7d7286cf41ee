// SPDX-License-Identifier: GPL-2.0
/*
 * The write barrier, for object fields and root slots alike.
 *
 * It is a deletion barrier (Yuasa 1990; Pirinen's "Barrier techniques", ISMM 1998,
 * grey mutator allocating black), with an insertion half in ARM. Before a store
 * changes a slot, it shades, in a section that began in
 *
 *	ARM	the old and the new value
 *	MARK	the old value
 *
 * The store is a compare-and-swap from exactly the value that was shaded. A plain
 * store could overwrite a value that another thread stored after the shading; that
 * value would never be shaded.
 *
 * docs/protocol.md, step 2, says why ARM shades the new value as well.
 */
#include "barrier.h"
#include "gate.h"
#include "heap.h"
#include "lookup.h"
#include "mark.h"

static __always_inline void shade_for(struct kgc_heap *heap, unsigned int mode,
				      void *old, void *value)
{
	/* the old value is shaded in every mode that shades at all */
	if (old)
		kgc_shade(heap, old);
	if (unlikely(mode & KGC_MODE_SHADE_NEW) && value)
		kgc_shade(heap, value);
}

static noinline void *store_shading(struct kgc_heap *heap, unsigned int mode,
				    void **slot, void *value)
{
	void *old = READ_ONCE(*slot);

	do {
		shade_for(heap, mode, old, value);
	} while (!try_cmpxchg(slot, &old, value));
	return old;
}

/* The slow path of __kgc_store(): the overwritten object is white. */
static noinline void store_over_white(struct kgc_heap *heap,
				      struct kgc_span *span, unsigned int i,
				      void **slot, void *old, void *value)
{
	kgc_shade_slot(&heap->marking, span, i);
	if (unlikely(!try_cmpxchg(slot, &old, value)))
		store_shading(heap, KGC_MODE_SHADE_OLD, slot, value);
}

/*
 * kgc_store() in a section that shades. In the common cases there is nothing to shade,
 * or one object. These need no stack frame, because all variables stay in registers.
 */
notrace void __kgc_store(struct kgc_heap *heap, unsigned int mode, void **slot,
			 void *value)
{
	void *old = READ_ONCE(*slot);

	if (unlikely(mode & KGC_MODE_SHADE_NEW)) {
		store_shading(heap, mode, slot, value);
		return;
	}
	if (old) {
		struct kgc_span *span = kgc_map_span(old);
		unsigned int i = kgc_span_index(span, old);

		if (!kgc_is_marked(span, i)) {
			store_over_white(heap, span, i, slot, old, value);
			return;
		}
	}
	if (unlikely(!try_cmpxchg(slot, &old, value)))
		store_shading(heap, KGC_MODE_SHADE_OLD, slot, value);
}
EXPORT_SYMBOL_GPL(__kgc_store);

/* kgc_xchg() in any section. */
void *__kgc_xchg(struct kgc_section s, void **slot, void *value)
{
	if (!__kgc_check(s, slot, value))
		return NULL;
	if (!(s.mode & KGC_MODE_SHADE))
		return xchg(slot, value);
	return store_shading(s.heap, s.mode, slot, value);
}
EXPORT_SYMBOL_GPL(__kgc_xchg);

/* kgc_cmpxchg() in any section. The only value that it can delete is @old. */
void *__kgc_cmpxchg(struct kgc_section s, void **slot, void *old, void *value)
{
	void *found = old;

	if (!__kgc_check(s, slot, value))
		return NULL;
	if (s.mode & KGC_MODE_SHADE) {
		found = READ_ONCE(*slot);
		if (found == old)
			shade_for(s.heap, s.mode, old, value);
	}
	if (found == old)
		found = cmpxchg(slot, old, value);
	/* an acquire, which a failed cmpxchg() is not: pairs with kgc_store_slot() */
	if (found != old)
		smp_acquire__after_ctrl_dep();
	return found;
}
EXPORT_SYMBOL_GPL(__kgc_cmpxchg);

/* kgc_copy_refs(): like memmove(), but each reference goes through the barrier. */
void __kgc_copy(struct kgc_section s, void **dst, void **src, size_t n)
{
	size_t i;

	if (dst <= src) {
		for (i = 0; i < n; i++)
			kgc_store_slot(s, dst + i, kgc_load_slot(s, src + i));
	} else {
		for (i = n; i--; )
			kgc_store_slot(s, dst + i, kgc_load_slot(s, src + i));
	}
}
EXPORT_SYMBOL_GPL(__kgc_copy);

/*
 * Shade the object that @word points into, if any. Userspace wrote the word, so the
 * object may be dead. Under MARK the gate decides: without it, a dead object could be
 * marked after the collector has found that marking is over.
 */
static void shade_word(struct kgc_section s, void *word)
{
	struct kgc_span *span;
	unsigned int i;

	span = kgc_lookup(s.heap, word, &i);
	if (span && s.mode & KGC_MODE_BLACK)
		kgc_gate_strengthen(s, span, word, i);
	else if (span)
		kgc_shade(s.heap, word);
}

/*
 * Replace *@old by @value in a word that may or may not be a pointer, as in a
 * conservative object. Every value that could be a pointer is treated as one.
 *
 * Return: true if the word was replaced; if not, *@old receives its value.
 */
bool kgc_barrier_cmpxchg_word(struct kgc_section s, void **slot, void **old, void *value)
{
	if (s.mode & KGC_MODE_SHADE_OLD)
		shade_word(s, *old);
	if (s.mode & KGC_MODE_SHADE_NEW)
		shade_word(s, value);
	return try_cmpxchg(slot, old, value);
}

/* kgc_barrier_cmpxchg_word() for any old value. Return: the old value. */
void *kgc_barrier_xchg_word(struct kgc_section s, void **slot, void *value)
{
	void *old;

	if (!(s.mode & KGC_MODE_SHADE))
		return xchg(slot, value);
	old = READ_ONCE(*slot);
	while (!kgc_barrier_cmpxchg_word(s, slot, &old, value))
		;
	return old;
}
