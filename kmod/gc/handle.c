// SPDX-License-Identifier: GPL-2.0
/*
 * The handle table. Looking a handle up takes no lock: the slot's generation
 * is read before and after the object.
 */
#include <linux/slab.h>

#include "../heap.h"
#include "handle.h"

static struct kgc_handle_slot *slot_of(struct kgc_handles *handles, u32 nr)
{
	struct kgc_handle_slot *chunk;

	chunk = xa_load(&handles->chunks, nr / KGC_HANDLE_CHUNK);
	return chunk ? chunk + nr % KGC_HANDLE_CHUNK : NULL;
}

static struct kgc_handle_slot *slot_of_handle(struct kgc_handles *handles,
					      u64 handle)
{
	u32 nr = (u32)handle - 1;

	if (handle >> 63 || nr >= READ_ONCE(handles->nr_slots))
		return NULL;
	return slot_of(handles, nr);
}

void kgc_handles_init(struct kgc_handles *handles, gfp_t gfp)
{
	spin_lock_init(&handles->lock);
	xa_init(&handles->chunks);
	handles->gfp = gfp;
}

void kgc_handles_destroy(struct kgc_handles *handles)
{
	struct kgc_handle_slot *chunk;
	unsigned long i;

	xa_for_each(&handles->chunks, i, chunk)
		free_page((unsigned long)chunk);
	xa_destroy(&handles->chunks);
}

/* Add a chunk of free slots. Context: may sleep. */
static int handles_grow(struct kgc_handles *handles)
{
	struct kgc_handle_slot *chunk;
	u32 first, i;
	int err = 0;

	chunk = (void *)__get_free_page(GFP_KERNEL | __GFP_ZERO | __GFP_NOWARN |
					handles->gfp);
	if (!chunk)
		return -ENOMEM;
	for (i = 0; i < KGC_HANDLE_CHUNK; i++)
		chunk[i].gen = 1;
	for (;;) {
		first = READ_ONCE(handles->nr_slots);
		if (first + KGC_HANDLE_CHUNK > KGC_MAX_HANDLES)
			err = -ENOSPC;
		else
			err = xa_insert(&handles->chunks,
					first / KGC_HANDLE_CHUNK, chunk,
					GFP_KERNEL | handles->gfp);
		if (err != -EBUSY)
			break;
		/* a rival has added this chunk and is about to count it */
		cond_resched();
	}
	if (err) {
		free_page((unsigned long)chunk);
		return err;
	}
	spin_lock(&handles->lock);
	for (i = KGC_HANDLE_CHUNK; i--; ) {
		chunk[i].next_free = handles->free;
		handles->free = first + i + 1;
	}
	WRITE_ONCE(handles->nr_slots, first + KGC_HANDLE_CHUNK);
	spin_unlock(&handles->lock);
	return 0;
}

/**
 * kgc_handle_open() - make a handle
 * @s: the current section
 * @obj: the object, not NULL
 * @type: id of its type
 * @handle: receives the handle
 *
 * Context: process context, may sleep.
 * Return: 0, -ENOSPC when the table is full, -ENOMEM.
 */
int kgc_handle_open(struct kgc_section s, void *obj, unsigned int type,
		    u64 *handle)
{
	struct kgc_handles *handles = &s.heap->handles;
	struct kgc_handle_slot *slot;
	int err;
	u32 nr;

	spin_lock(&handles->lock);
	while (!handles->free) {
		spin_unlock(&handles->lock);
		err = handles_grow(handles);
		if (err)
			return err;
		spin_lock(&handles->lock);
	}
	nr = handles->free - 1;
	slot = slot_of(handles, nr);
	handles->free = slot->next_free;
	handles->open++;
	WRITE_ONCE(slot->type, type);
	/* the type comes first: pairs with the load in kgc_handle_get() */
	kgc_store_slot(s, &slot->obj, obj);
	*handle = (u64)slot->gen << 32 | (nr + 1);
	spin_unlock(&handles->lock);
	return 0;
}

/**
 * kgc_handle_get() - the object behind a handle
 * @s: the current section
 * @handle: any number
 * @type: receives the id of its type
 *
 * Return: the object, valid in this section, or NULL when there is no such
 * handle.
 */
void *kgc_handle_get(struct kgc_section s, u64 handle, unsigned int *type)
{
	struct kgc_handle_slot *slot = slot_of_handle(&s.heap->handles, handle);
	void *obj;

	if (!slot)
		return NULL;
	obj = smp_load_acquire(&slot->obj);
	*type = READ_ONCE(slot->type);
	/* a slot dropped or used again meanwhile has another generation */
	smp_rmb();	/* pairs with the release in kgc_handle_drop() */
	if (READ_ONCE(slot->gen) != handle >> 32)
		return NULL;
	return obj;
}

/**
 * kgc_handle_drop() - close a handle
 * @s: the current section
 * @handle: any number
 *
 * A slot whose generations are used up is not used again.
 *
 * Context: process context.
 * Return: 0, or -ENOENT when there is no such handle.
 */
int kgc_handle_drop(struct kgc_section s, u64 handle)
{
	struct kgc_handles *handles = &s.heap->handles;
	struct kgc_handle_slot *slot = slot_of_handle(handles, handle);
	int err = -ENOENT;

	if (!slot)
		return err;
	spin_lock(&handles->lock);
	if (slot->obj && slot->gen == handle >> 32) {
		kgc_store_slot(s, &slot->obj, NULL);
		/* pairs with the smp_rmb() in kgc_handle_get() */
		smp_store_release(&slot->gen, slot->gen + 1);
		handles->open--;
		if (slot->gen < KGC_HANDLE_GEN_MAX) {
			smp_wmb();	/* generation before the reused type */
			slot->next_free = handles->free;
			handles->free = (u32)handle;
		}
		err = 0;
	}
	spin_unlock(&handles->lock);
	return err;
}

void kgc_handles_scan_begin(struct kgc_handles *handles)
{
	handles->scan = 0;
}

/* Mark what one chunk of handles holds. Return: whether any are left. */
bool kgc_handles_scan_some(struct kgc_handles *handles, struct kgc_marker *m)
{
	u32 end = READ_ONCE(handles->nr_slots);
	struct kgc_handle_slot *slot;
	unsigned int i;

	if (handles->scan >= end)
		return false;
	slot = slot_of(handles, handles->scan);
	for (i = 0; i < KGC_HANDLE_CHUNK; i++)
		kgc_mark_root(m, smp_load_acquire(&slot[i].obj));
	handles->scan += KGC_HANDLE_CHUNK;
	return true;
}
