// SPDX-License-Identifier: GPL-2.0
/*
 * Weak references are handles whose slots are not roots. Under MARK a target may be
 * white; the gate then decides whether it is still alive.
 */
#include "../alloc/span.h"
#include "../compat.h"
#include "gate.h"
#include "handle.h"
#include "heap.h"
#include "lookup.h"
#include "report.h"
#include "type.h"
#include "weak.h"

void kgc_weaks_init(struct kgc_heap *heap)
{
	kgc_handles_init(&heap->weaks, KGC_HANDLE_WEAK, &heap->alloc);
}

/* kgc_handle_open() for a weak handle. Its slot is not a root: no barrier is needed. */
int kgc_weak_open(struct kgc_section s, void *obj, unsigned int type,
		  gfp_t gfp, u64 *handle)
{
	struct kgc_handle_slot *slot;
	int err = 0;

	slot = kgc_handle_slot_take(&s.heap->weaks, gfp, handle, &err);
	if (!slot)
		return err;
	/*
	 * If the collector sees the address of a newborn, it must see its mark as well.
	 * Otherwise it would take the newborn for dead. This release therefore
	 * pairs with the load in kgc_weaks_clear_some().
	 */
	smp_store_release(&slot->obj, obj);
	/* publish the object before "open": pairs with kgc_handle_slot_get() */
	smp_store_release(&slot->type, type | KGC_SLOT_OPEN);
	return 0;
}

/**
 * kgc_weak_find() - the object behind a weak handle
 * @s: the current section
 * @handle: any number
 * @obj: receives the object, valid in this section, or NULL when it is dead
 * @type: receives the id of its type
 *
 * In a section of MARK a white target has to pass the gate. In any other section the
 * target is alive, because the collector clears the slots of dead targets before it
 * publishes SETTLE.
 *
 * Return: 0, -ENOENT when there is no such handle.
 */
int kgc_weak_find(struct kgc_section s, u64 handle, void **obj,
		  unsigned int *type)
{
	struct kgc_handle_slot *slot = kgc_handle_slot(&s.heap->weaks, handle);
	struct kgc_span *span;
	bool alive;

	if (!slot)
		return -ENOENT;
	do {
		if (!kgc_handle_slot_get(slot, handle, obj, type))
			return -ENOENT;
		if (!*obj || !(s.mode & KGC_MODE_BLACK))
			return 0;
		span = kgc_map_span(*obj);
		alive = kgc_gate_strengthen(s, span, *obj,
					    kgc_span_index(span, *obj));
		/*
		 * Read the mark before the slot: the collector clears the slot of a
		 * dead object before it marks the object for a finalizer.
		 * Pairs with the cmpxchg() in kgc_weaks_clear_some().
		 */
		smp_rmb();
		/* if the slot was cleared or reused meanwhile, look again */
	} while (READ_ONCE(slot->obj) != *obj);
	if (!alive)
		*obj = NULL;
	return 0;
}

/* kgc_handle_drop() for a weak handle; its object may be alive or dead. */
int kgc_weak_drop(struct kgc_section s, u64 handle)
{
	struct kgc_handles *weak = &s.heap->weaks;
	struct kgc_handle_slot *slot = kgc_handle_slot(weak, handle);

	if (!slot)
		return -ENOENT;
	guard(kgc_spin_bh)(&weak->lock);
	if (slot->gen != kgc_handle_gen(handle) || !(slot->type & KGC_SLOT_OPEN))
		return -ENOENT;
	kgc_handle_slot_put(weak, slot);
	/* after the generation: pairs with kgc_handle_slot_get() */
	smp_store_release(&slot->obj, NULL);
	return 0;
}

/*
 * Clear the weak slots of dead objects in one chunk. The gate is closed, so a white
 * object stays white until the collector marks for finalizers.
 *
 * Return: false when there was no chunk left.
 */
bool kgc_weaks_clear_some(struct kgc_handles *weak)
{
	struct kgc_handle_slot *slot = kgc_handles_scan_next(weak);
	unsigned int i;

	if (IS_ERR_OR_NULL(slot))
		return slot;
	for (i = 0; i < KGC_HANDLE_CHUNK; i++) {
		/* pairs with kgc_weak_open(); the cmpxchg() below fails if it changes */
		void *obj = smp_load_acquire(&slot[i].obj);
		struct kgc_span *span;

		if (!obj)
			continue;
		span = kgc_map_span(obj);
		if (test_bit(kgc_span_index(span, obj), kgc_span_mark(span)))
			continue;
		/*
		 * This fails when the slot was dropped or reused meanwhile. It is
		 * a full barrier, so the slot is clear before a dead object is
		 * marked for a finalizer: pairs with the smp_rmb() in kgc_weak_find().
		 */
		cmpxchg(&slot[i].obj, obj, NULL);
	}
	return true;
}

/* Whether the table's lock may be taken: spin_unlock_bh() needs interrupts on. */
static bool weak_context(struct kgc_heap *heap)
{
	if (!in_hardirq() && !irqs_disabled())
		return true;
	kgc_refuse(heap, "a weak reference with interrupts off");
	return false;
}

/**
 * kgc_weak_create() - make a weak reference
 * @s: the current section
 * @obj: the object that it refers to
 * @gfp: how to get memory for the reference
 * @weak: receives the reference, a number, not 0
 *
 * The reference does not keep @obj alive. Tiny objects (up to 8 bytes without
 * pointers) share blocks and die with their block.
 *
 * Context: process or softirq, inside a section; sleeps if @gfp allows.
 * Return: 0; -ENOMEM; -ENOSPC when the heap has 2^20 weak references; -EINVAL, with a
 * warning, when @obj is no object of the heap or interrupts are off.
 */
int kgc_weak_create(struct kgc_section s, void *obj, gfp_t gfp, u64 *weak)
{
	struct kgc_span *span;
	struct kgc_type *type;
	unsigned int i;

	if (!weak_context(s.heap))
		return -EINVAL;
	span = kgc_lookup(s.heap, obj, &i);
	if (!span) {
		kgc_misuse(s.heap, "a weak reference to no object of the heap", obj);
		return -EINVAL;
	}
	type = kgc_type_of_slot(&s.heap->types, span, i);
	return kgc_weak_open(s, obj, type->layout.id, gfp, weak);
}
EXPORT_SYMBOL_GPL(kgc_weak_create);

/**
 * kgc_weak_get() - the object a weak reference refers to
 * @s: the current section
 * @weak: the reference
 *
 * Never blocks. Once it has returned NULL for @weak, it always returns NULL.
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
 * Context: process or softirq, inside a section. With interrupts off it only warns, and
 * the reference stays.
 */
void kgc_weak_free(struct kgc_section s, u64 weak)
{
	if (weak_context(s.heap))
		WARN_ON_ONCE(kgc_weak_drop(s, weak));
}
EXPORT_SYMBOL_GPL(kgc_weak_free);
