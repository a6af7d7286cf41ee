// SPDX-License-Identifier: GPL-2.0
/*
 * The write barrier, for object fields and root slots alike.
 *
 * Deletion barrier (Yuasa 1990; Pirinen's "Barrier techniques", ISMM 1998,
 * grey mutator allocating black), with an insertion half in ARM. Under a
 * section of mode
 *
 *	ARM	shade the old and the new value
 *	MARK	shade the old value
 *
 * before the slot changes, by a compare-and-swap from exactly the value that
 * was shaded. Reading, shading and then storing plainly would lose the value
 * that a rival stored in between.
 *
 * Why ARM shades the new value as well: see docs/protocol.md, step 2.
 */
#include "barrier.h"
#include "gate.h"
#include "heap.h"
#include "lookup.h"
#include "mark.h"

static __always_inline void shade_for(struct kgc_heap *heap, unsigned int mode,
				      void *old, void *value)
{
	/* a section that shades at all shades the old value */
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

/* The rest of __kgc_store() when what is overwritten is white. */
static noinline void store_over_white(struct kgc_heap *heap,
				      struct kgc_span *span, unsigned int i,
				      void **slot, void *old, void *value)
{
	kgc_shade_slot(&heap->marking, span, i);
	if (unlikely(!try_cmpxchg(slot, &old, value)))
		store_shading(heap, KGC_MODE_SHADE_OLD, slot, value);
}

/*
 * kgc_store() under a section that shades. What is common, nothing to shade or
 * one object, is done without a frame: everything stays in registers.
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

/* kgc_cmpxchg() in any section: only the value expected can be deleted. */
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
	/* one that fails orders nothing; what is found may be used: kgc_store() */
	if (found != old)
		smp_acquire__after_ctrl_dep();
	return found;
}
EXPORT_SYMBOL_GPL(__kgc_cmpxchg);

/* kgc_copy_refs(): like memmove(), each reference through the barrier. */
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
 * A word that may be a pointer, and may name what is dead: userspace wrote it.
 * Under MARK only the gate says which, or the dead would be marked after the last
 * look for marks.
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
 * Overwrite a word that may or may not be a pointer, as in a conservative object,
 * and holds *@old: every value that could be one is treated as one.
 *
 * Return: whether it did; if not, *@old is what it holds.
 */
bool kgc_barrier_cmpxchg_word(struct kgc_section s, void **slot, void **old, void *value)
{
	if (s.mode & KGC_MODE_SHADE_OLD)
		shade_word(s, *old);
	if (s.mode & KGC_MODE_SHADE_NEW)
		shade_word(s, value);
	return try_cmpxchg(slot, old, value);
}

/* The same whatever the word holds. Return: what it held. */
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
