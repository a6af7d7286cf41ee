// SPDX-License-Identifier: GPL-2.0
/*
 * The handle table. Looking a handle up takes no lock: the slot's generation
 * is read before and after the object.
 */
#include <linux/nospec.h>
#include <linux/slab.h>

#include "../alloc/alloc.h"
#include "../alloc/charge.h"
#include "handle.h"
#include "heap.h"
#include "mark.h"

static struct kgc_handle_slot *slot_of(struct kgc_handles *handles, u32 nr)
{
	struct kgc_handle_slot *chunk;

	chunk = xa_load(&handles->chunks, nr / KGC_HANDLE_CHUNK);
	return chunk ? chunk + nr % KGC_HANDLE_CHUNK : NULL;
}

/* The slot of a handle, open or not; NULL when there is no such number. */
struct kgc_handle_slot *kgc_handle_slot(struct kgc_handles *handles, u64 handle)
{
	u32 nr = (u32)handle - 1;

	if ((handle & KGC_HANDLE_TAGS) != handles->tag || nr >= READ_ONCE(handles->nr_slots))
		return NULL;
	/* the number is the user's, under speculation too */
	return slot_of(handles, array_index_nospec(nr, READ_ONCE(handles->nr_slots)));
}

void kgc_handles_init(struct kgc_handles *handles, u64 tag,
		      struct kgc_allocator *a)
{
	handles->tag = tag;
	spin_lock_init(&handles->lock);
	xa_init_flags(&handles->chunks, XA_FLAGS_LOCK_BH |
		      (a->gfp & __GFP_ACCOUNT ? XA_FLAGS_ACCOUNT : 0));
	handles->a = a;
}

void kgc_handles_destroy(struct kgc_handles *handles)
{
	struct kgc_handle_slot *chunk;
	unsigned long i;

	xa_for_each(&handles->chunks, i, chunk)
		free_page((unsigned long)chunk);
	xa_destroy(&handles->chunks);
}

/*
 * Add a chunk of free slots, unless somebody else does at the same time.
 * Context: as @gfp says.
 */
static int handles_grow_charged(struct kgc_handles *handles, gfp_t gfp)
{
	u32 first = READ_ONCE(handles->nr_slots), i;
	struct kgc_handle_slot *chunk;
	int err;

	if (first + KGC_HANDLE_CHUNK > KGC_MAX_HANDLES)
		return -ENOSPC;
	/* so that the store below needs no memory */
	err = xa_reserve_bh(&handles->chunks, first / KGC_HANDLE_CHUNK, gfp);
	if (err)
		return err;
	chunk = (void *)__get_free_page(gfp | __GFP_ZERO);
	if (!chunk)
		return -ENOMEM;
	for (i = 0; i < KGC_HANDLE_CHUNK; i++) {
		chunk[i].gen = 1;
		chunk[i].next_free = first + i + 2;
	}
	spin_lock_bh(&handles->lock);
	if (handles->nr_slots == first)
		err = xa_err(xa_store(&handles->chunks,
				      first / KGC_HANDLE_CHUNK, chunk,
				      GFP_NOWAIT | __GFP_NOWARN));
	else
		err = -EEXIST;
	if (!err) {
		chunk[KGC_HANDLE_CHUNK - 1].next_free = handles->free;
		handles->free = first + 1;
		/* the chunk comes first: pairs with the scans' acquire */
		smp_store_release(&handles->nr_slots,
				  first + KGC_HANDLE_CHUNK);
	}
	spin_unlock_bh(&handles->lock);
	if (err)
		free_page((unsigned long)chunk);
	return err == -EEXIST ? 0 : err;
}

/* The same at the expense of the heap's owner. */
static int handles_grow(struct kgc_handles *handles, gfp_t gfp)
{
	struct kgc_allocator *a = handles->a;
	struct mem_cgroup *old = kgc_charge_begin(a->memcg);
	int err = handles_grow_charged(handles, kgc_charge_gfp(a, gfp));

	kgc_charge_end(a->memcg, old);
	return err;
}

/*
 * Take a slot off the free list; nobody else looks at it until its type says
 * that it is open.
 */
struct kgc_handle_slot *kgc_handle_slot_take(struct kgc_handles *handles,
					     gfp_t gfp, u64 *handle, int *err)
{
	struct kgc_handle_slot *slot;
	u32 nr;

	for (;;) {
		spin_lock_bh(&handles->lock);
		nr = handles->free;
		if (nr) {
			slot = slot_of(handles, nr - 1);
			handles->free = slot->next_free;
			handles->open++;
		}
		spin_unlock_bh(&handles->lock);
		if (nr)
			break;
		*err = handles_grow(handles, gfp);
		if (*err)
			return NULL;
	}
	*handle = handles->tag | (u64)slot->gen << 32 | nr;
	return slot;
}

/*
 * A handle that is not open yet, so that what has to have one can be fetched
 * when nothing can fail any more. Nobody can use or drop it before
 * kgc_handle_publish(); kgc_handle_cancel() gives it back.
 */
int kgc_handle_reserve(struct kgc_section s, u64 *handle)
{
	int err = 0;

	kgc_handle_slot_take(&s.heap->handles, GFP_KERNEL, handle, &err);
	return err;
}

void kgc_handle_publish(struct kgc_section s, u64 handle, void *obj,
			unsigned int type)
{
	struct kgc_handle_slot *slot = kgc_handle_slot(&s.heap->handles, handle);

	kgc_store_slot(s, &slot->obj, obj);
	/* the object comes before "open": pairs with kgc_handle_slot_get() */
	smp_store_release(&slot->type, type | KGC_SLOT_OPEN);
}

void kgc_handle_cancel(struct kgc_section s, u64 handle)
{
	struct kgc_handles *handles = &s.heap->handles;
	struct kgc_handle_slot *slot = kgc_handle_slot(handles, handle);

	spin_lock_bh(&handles->lock);
	handles->open--;
	slot->next_free = handles->free;
	handles->free = (u32)handle;
	spin_unlock_bh(&handles->lock);
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
	int err = kgc_handle_reserve(s, handle);

	if (!err)
		kgc_handle_publish(s, *handle, obj, type);
	return err;
}

/*
 * Object and type of an open slot.
 *
 * A slot is opened by its object, then its type; it is closed by its type, its
 * generation, then its object. A lookup reads generation, type, object, and the
 * generation again. If the type is open and the generation the same, then both
 * are those of @handle, even of one that is being opened or dropped at this
 * moment; and an object that is NULL was cleared by the collector.
 *
 * Return: false when @handle is not open.
 */
bool kgc_handle_slot_get(const struct kgc_handle_slot *slot, u64 handle,
			 void **obj, unsigned int *type)
{
	/* pairs with the release in kgc_handle_slot_put() */
	if (smp_load_acquire(&slot->gen) != kgc_handle_gen(handle))
		return false;
	/* pairs with kgc_handle_publish(), kgc_weak_open() */
	*type = smp_load_acquire(&slot->type);
	if (!(*type & KGC_SLOT_OPEN))
		return false;
	*type &= ~KGC_SLOT_OPEN;
	/* pairs with kgc_handle_drop(), kgc_weak_drop() and those that open */
	*obj = smp_load_acquire(&slot->obj);
	/* a slot dropped or used again meanwhile has another generation */
	return READ_ONCE(slot->gen) == kgc_handle_gen(handle);
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
	struct kgc_handle_slot *slot = kgc_handle_slot(&s.heap->handles, handle);
	void *obj;

	if (!slot)
		return NULL;
	return kgc_handle_slot_get(slot, handle, &obj, type) ? obj : NULL;
}

/* Close an open slot; the caller clears its object then. The lock is held. */
void kgc_handle_slot_put(struct kgc_handles *handles,
			 struct kgc_handle_slot *slot, u64 handle)
{
	handles->open--;
	/* not open any more */
	WRITE_ONCE(slot->next_free, handles->free);
	/* "not open" comes before the generation: pairs with kgc_handle_slot_get() */
	smp_store_release(&slot->gen, slot->gen + 1);
	/* a slot whose generations are used up is not used again */
	if (slot->gen < KGC_HANDLE_GEN_MAX)
		handles->free = (u32)handle;
}

/**
 * kgc_handle_drop() - close a handle
 * @s: the current section
 * @handle: any number
 *
 * Context: process or softirq.
 * Return: 0, or -ENOENT when there is no such handle.
 */
int kgc_handle_drop(struct kgc_section s, u64 handle)
{
	struct kgc_handles *handles = &s.heap->handles;
	struct kgc_handle_slot *slot = kgc_handle_slot(handles, handle);
	int err = -ENOENT;

	if (!slot)
		return err;
	spin_lock_bh(&handles->lock);
	if (slot->obj && slot->gen == kgc_handle_gen(handle) &&
	    slot->type & KGC_SLOT_OPEN) {
		kgc_handle_slot_put(handles, slot, handle);
		/* a release, after the generation: pairs with kgc_handle_slot_get() */
		kgc_store_slot(s, &slot->obj, NULL);
		err = 0;
	}
	spin_unlock_bh(&handles->lock);
	return err;
}

void kgc_handles_scan_begin(struct kgc_handles *handles)
{
	handles->scan = 0;
}

/* The slots of the next chunk, for the collector; NULL when all were seen. */
struct kgc_handle_slot *kgc_handles_scan_next(struct kgc_handles *handles)
{
	u32 at = handles->scan;

	/* pairs with handles_grow() */
	if (at >= smp_load_acquire(&handles->nr_slots))
		return NULL;
	handles->scan += KGC_HANDLE_CHUNK;
	return slot_of(handles, at);
}

/* Mark what one chunk of handles holds. Return: whether any are left. */
bool kgc_handles_scan_some(struct kgc_handles *handles, struct kgc_marker *m)
{
	struct kgc_handle_slot *slot = kgc_handles_scan_next(handles);
	unsigned int i;

	if (!slot)
		return false;
	for (i = 0; i < KGC_HANDLE_CHUNK; i++)
		/* pairs with kgc_handle_publish() */
		kgc_mark_root(m, smp_load_acquire(&slot[i].obj));
	return true;
}

/* Call @check for every slot, named or not. Context: process context. */
void kgc_handles_for_each(struct kgc_handles *handles,
			  void (*check)(void **slot, void *data), void *data)
{
	struct kgc_handle_slot *chunk;
	unsigned long index;
	unsigned int i;

	xa_for_each(&handles->chunks, index, chunk) {
		for (i = 0; i < KGC_HANDLE_CHUNK; i++)
			check(&chunk[i].obj, data);
		cond_resched();
	}
}

/* Bytes of the table, without its index. */
u64 kgc_handles_bytes(const struct kgc_handles *handles)
{
	return READ_ONCE(handles->nr_slots) * sizeof(struct kgc_handle_slot);
}
