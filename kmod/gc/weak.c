// SPDX-License-Identifier: GPL-2.0
/*
 * Weak references.
 *
 * A weak reference does not keep its target alive, so under MARK its target
 * may be white although a strong reference is about to be made of it. The new
 * strong reference has to be shaded, and that has to be over before marking
 * is: a *gate*, one word, is counted up by everyone who is about to shade a
 * white target and closed by the collector, which succeeds only if the word is
 * what it was when the last, clean, round of termination began. Once it is
 * closed, a white object is dead for good.
 *
 * Nobody blocks: a strengthening that finds the gate closed has its answer.
 */
#include "heap.h"
#include "weak.h"

#define MOST_REFUSED	8	/* rounds that a lookup came into */

void kgc_weaks_init(struct kgc_heap *heap)
{
	kgc_handles_init(&heap->weaks.handles, KGC_HANDLE_WEAK,
			 &heap->alloc);
}

/**
 * kgc_weak_create() - make a weak reference
 * @s: the current section
 * @obj: the object it shall refer to
 * @gfp: how to get memory for it
 * @weak: receives the reference, a number, not 0
 *
 * The reference does not keep @obj alive. Tiny objects (up to 8 bytes without
 * pointers) share blocks and die with their block.
 *
 * Context: process or softirq, inside a section; sleeps if @gfp allows.
 * Return: 0, -ENOMEM, -ENOSPC when the heap has 2^20 of them.
 */
int kgc_weak_create(struct kgc_section s, void *obj, gfp_t gfp, u64 *weak)
{
	struct kgc_span *span = kgc_map_span(obj);
	struct kgc_type *type;

	type = kgc_type_of_slot(&s.heap->types, span,
				kgc_span_index(span, obj));
	return kgc_weak_open(s, obj, type->shape.id, gfp, weak);
}
EXPORT_SYMBOL_GPL(kgc_weak_create);

/**
 * kgc_weak_get() - the object a weak reference refers to
 * @s: the current section
 * @weak: the reference
 *
 * Never blocks. Once it has returned NULL it always will.
 *
 * Context: any but NMI, inside a section.
 * Return: the object, valid until kgc_exit() unless stored; NULL when it is
 * dead.
 */
void *kgc_weak_get(struct kgc_section s, u64 weak)
{
	unsigned int type;
	void *obj;

	if (WARN_ON_ONCE(kgc_weak_find(s, weak, &obj, &type)))
		return NULL;
	return obj;
}
EXPORT_SYMBOL_GPL(kgc_weak_get);

/**
 * kgc_weak_free() - give up a weak reference
 * @s: the current section
 * @weak: the reference
 *
 * Context: process or softirq, inside a section.
 */
void kgc_weak_free(struct kgc_section s, u64 weak)
{
	WARN_ON_ONCE(kgc_weak_drop(s, weak));
}
EXPORT_SYMBOL_GPL(kgc_weak_free);
