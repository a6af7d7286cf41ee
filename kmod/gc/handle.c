// SPDX-License-Identifier: GPL-2.0
/*
 * The handle table. A lookup takes no lock: it reads the slot's generation before and
 * after the object.
 *
 * A new handle goes into the chunk with the lowest number that has room, so that the
 * other chunks become empty. The collector scans all chunks. It takes a chunk without
 * open handles out of the table, and frees it after the grace period of SETTLE. Until
 * then a lookup, which runs inside a section, may still read the chunk.
 */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../alloc/alloc.h"
#include "../alloc/charge.h"
#include "../compat.h"
#include "handle.h"
#include "heap.h"
#include "mark.h"
#include "pace.h"
#include "throttle.h"

#define MAX_REMOVED	16		/* chunks, by one call of the scan */
#define MAX_CHUNKS	(U32_MAX / KGC_HANDLE_NUMBERS)

/* Marks of entries: a chunk, a chunk with a free slot, a place for a new chunk. */
#define CHUNK_HERE	XA_MARK_0
#define CHUNK_ROOM	XA_MARK_1
#define CHUNK_GONE	XA_MARK_2

/**
 * struct kgc_handle_chunk - a page of slots; this header takes the place of the first two
 * @next: next chunk that waits for a grace period
 * @index: the chunk's index in the table
 * @open: number of slots that are taken
 * @first: number within the chunk of the first free slot, 0 for none
 * @last: number within the chunk of the last free slot
 *
 * Free slots form a queue, so that their generations are used up evenly.
 *
 * The table's lock guards @open, @first and @last. The collector reads @open without it.
 * @index is constant while the chunk is in the table. Only the state machine uses @next.
 */
struct kgc_handle_chunk {
	struct kgc_handle_chunk	*next;
	u32	index;
	u16	open;
	u16	first;
	u16	last;
};

static_assert(sizeof(struct kgc_handle_chunk) <=
	      KGC_HANDLE_FIRST * sizeof(struct kgc_handle_slot));

static struct kgc_handle_slot *slot_at(struct kgc_handle_chunk *chunk, unsigned int i)
{
	return (struct kgc_handle_slot *)chunk + i;
}

static struct kgc_handle_chunk *chunk_of(struct kgc_handle_slot *slot)
{
	return (struct kgc_handle_chunk *)((unsigned long)slot & PAGE_MASK);
}

/* The number of @slot within its chunk. */
static unsigned int slot_within(struct kgc_handle_chunk *chunk,
				struct kgc_handle_slot *slot)
{
	return slot - slot_at(chunk, 0);
}

/*
 * The slot of a handle, open or not; NULL if the table has no such slot. The number comes
 * from userspace. Each step of the lookup masks it, so the CPU cannot speculate beyond
 * the table.
 */
struct kgc_handle_slot *kgc_handle_slot(struct kgc_handles *handles, u64 handle)
{
	unsigned int i = handle % KGC_HANDLE_NUMBERS;
	void *chunk;

	if ((handle & KGC_HANDLE_TAGS) != handles->tag || i < KGC_HANDLE_FIRST)
		return NULL;
	chunk = xa_load(&handles->chunks, (u32)handle / KGC_HANDLE_NUMBERS);
	return chunk && !xa_is_value(chunk) ? slot_at(chunk, i) : NULL;
}

void kgc_handles_init(struct kgc_handles *handles, u64 tag,
		      struct kgc_allocator *a)
{
	handles->tag = tag;
	handles->kind = tag == KGC_HANDLE_WEAK ? KGC_META_WEAK : KGC_META_HANDLES;
	spin_lock_init(&handles->lock);
	xa_init_flags(&handles->chunks, XA_FLAGS_LOCK_BH |
		      (a->gfp & __GFP_ACCOUNT ? XA_FLAGS_ACCOUNT : 0));
	handles->a = a;
}

/* Bytes that the xarray needs for the indices 0 to @chunks - 1. */
static size_t index_bytes(u32 chunks)
{
	size_t nodes = 0;

	while (chunks > 1) {
		chunks = DIV_ROUND_UP(chunks, XA_CHUNK_SIZE);
		nodes += chunks;
	}
	return nodes * sizeof(struct xa_node);
}

void kgc_handles_destroy(struct kgc_handles *handles)
{
	void *chunk;
	unsigned long i;

	kgc_handles_free_removed(handles);
	xa_for_each_marked(&handles->chunks, i, chunk, CHUNK_HERE)
		kgc_charge_page_free(handles->a, handles->kind, chunk);
	xa_destroy(&handles->chunks);
	kgc_limit_uncharge_meta(handles->a, handles->kind, index_bytes(handles->reserved));
}

/*
 * Reserve an entry of the xarray for one more chunk: storing a chunk under the lock must
 * not need memory. Context: as @gfp says.
 */
static int index_reserve(struct kgc_handles *handles, gfp_t gfp)
{
	u32 nr = READ_ONCE(handles->reserved);
	size_t bytes = index_bytes(nr + 1) - index_bytes(nr);
	struct kgc_charging charging;
	bool mine;
	int err;

	if (nr == MAX_CHUNKS)
		return -ENOSPC;
	if (!kgc_charge_meta(handles->a, handles->kind, bytes, gfp))
		return -ENOMEM;
	charging = kgc_charge_begin(handles->a);
	err = xa_reserve_bh(&handles->chunks, nr, kgc_charge_gfp(handles->a, gfp));
	kgc_charge_end(charging);
	if (err)
		kgc_limit_refused(handles->a, err);
	scoped_guard(kgc_spin_bh, &handles->lock) {
		mine = !err && handles->reserved == nr;
		if (mine)
			WRITE_ONCE(handles->reserved, nr + 1);
	}
	/* failed, or another task was first */
	if (!mine)
		kgc_limit_uncharge_meta(handles->a, handles->kind, bytes);
	return err;
}

/* Make every slot of @chunk free, with generation @gen. */
static void chunk_init(struct kgc_handle_chunk *chunk, u32 index, u32 gen)
{
	unsigned int i;

	chunk->index = index;
	chunk->first = KGC_HANDLE_FIRST;
	chunk->last = KGC_HANDLE_NUMBERS - 1;
	for (i = KGC_HANDLE_FIRST; i < KGC_HANDLE_NUMBERS; i++) {
		slot_at(chunk, i)->gen = gen;
		slot_at(chunk, i)->next_free = i < chunk->last ? i + 1 : 0;
	}
}

/*
 * Put @chunk in the place of a chunk that was removed, or otherwise at a new index.
 * Context: lock held. Return: 0; -EAGAIN if no entry is reserved for a new index.
 */
static int chunk_add(struct kgc_handles *handles, struct kgc_handle_chunk *chunk)
{
	unsigned long index = 0;
	void *gone = xa_find(&handles->chunks, &index, ULONG_MAX, CHUNK_GONE);
	int err;

	if (!gone) {
		if (handles->nr_chunks == handles->reserved)
			return -EAGAIN;
		index = handles->nr_chunks;
	}
	chunk_init(chunk, index, gone ? xa_to_value(gone) : 1);
	/* a lookup that finds the chunk sees its slots initialized: xa_load() */
	err = xa_err(xa_store(&handles->chunks, index, chunk, GFP_NOWAIT | __GFP_NOWARN));
	if (err)
		return err;
	handles->nr_chunks += !gone;
	xa_clear_mark(&handles->chunks, index, CHUNK_GONE);
	xa_set_mark(&handles->chunks, index, CHUNK_HERE);
	xa_set_mark(&handles->chunks, index, CHUNK_ROOM);
	handles->lowest = chunk;
	return 0;
}

/*
 * Take @chunk out of the table if no handle is open in it. The chunk that gets the next
 * new handle stays. Context: the state machine.
 */
static void chunk_remove(struct kgc_handles *handles, struct kgc_handle_chunk *chunk)
{
	u32 index = chunk->index, gen = 0;
	unsigned int i;

	guard(kgc_spin_bh)(&handles->lock);
	if (chunk->open || chunk == handles->lowest)
		return;
	/* a slot's generation is above that of every handle dropped from it */
	for (i = KGC_HANDLE_FIRST; i < KGC_HANDLE_NUMBERS; i++)
		gen = max(gen, slot_at(chunk, i)->gen);
	/* replaces an entry, so it needs no memory */
	xa_store(&handles->chunks, index, xa_mk_value(gen), GFP_NOWAIT | __GFP_NOWARN);
	xa_clear_mark(&handles->chunks, index, CHUNK_HERE);
	xa_clear_mark(&handles->chunks, index, CHUNK_ROOM);
	/* a chunk whose generations are used up never comes back */
	if (gen < KGC_HANDLE_GEN_MAX)
		xa_set_mark(&handles->chunks, index, CHUNK_GONE);
	chunk->next = handles->removed;
	handles->removed = chunk;
}

/*
 * Free the chunks that were removed from the table. A grace period of sections has passed
 * since, so no lookup reads them any more. Context: the state machine.
 */
void kgc_handles_free_removed(struct kgc_handles *handles)
{
	struct kgc_handle_chunk *chunk = handles->removed, *next;

	handles->removed = NULL;
	for (; chunk; chunk = next) {
		next = chunk->next;
		kgc_charge_page_free(handles->a, handles->kind, chunk);
		cond_resched();
	}
}

/* Add a chunk of free slots, unless another task has. Context: as @gfp says. */
static int handles_grow(struct kgc_handles *handles, gfp_t gfp)
{
	struct kgc_handle_chunk *chunk;
	int err;

	chunk = kgc_charge_page(handles->a, handles->kind, gfp);
	if (!chunk)
		return -ENOMEM;
	do {
		scoped_guard(kgc_spin_bh, &handles->lock)
			err = handles->lowest ? -EEXIST : chunk_add(handles, chunk);
	} while (err == -EAGAIN && !(err = index_reserve(handles, gfp)));
	if (err)
		kgc_charge_page_free(handles->a, handles->kind, chunk);
	return err == -EEXIST ? 0 : err;
}

/* Take the first free slot of the lowest chunk, or NULL. Context: lock held. */
static struct kgc_handle_slot *slot_pop(struct kgc_handles *handles)
{
	struct kgc_handle_chunk *chunk = handles->lowest;
	struct kgc_handle_slot *slot;
	unsigned long index;

	if (!chunk)
		return NULL;
	slot = slot_at(chunk, chunk->first);
	chunk->first = slot->next_free;
	WRITE_ONCE(chunk->open, chunk->open + 1);
	WRITE_ONCE(handles->open, handles->open + 1);
	if (!chunk->first) {
		index = chunk->index;
		xa_clear_mark(&handles->chunks, index, CHUNK_ROOM);
		/* no chunk with a lower number has room */
		handles->lowest = xa_find(&handles->chunks, &index, ULONG_MAX, CHUNK_ROOM);
	}
	return slot;
}

/* Append a slot to the free slots of its chunk. Context: lock held. */
static void slot_push(struct kgc_handles *handles, struct kgc_handle_slot *slot)
{
	struct kgc_handle_chunk *chunk = chunk_of(slot);
	unsigned int i = slot_within(chunk, slot);

	WRITE_ONCE(slot->next_free, 0);
	if (chunk->first) {
		WRITE_ONCE(slot_at(chunk, chunk->last)->next_free, i);
	} else {
		chunk->first = i;
		xa_set_mark(&handles->chunks, chunk->index, CHUNK_ROOM);
	}
	chunk->last = i;
	if (!handles->lowest || chunk->index < handles->lowest->index)
		handles->lowest = chunk;
}

/* The handle of an open slot. Without the lock, it may be dropped or reused at any time. */
u64 kgc_handle_of_slot(struct kgc_handles *handles, struct kgc_handle_slot *slot)
{
	struct kgc_handle_chunk *chunk = chunk_of(slot);
	u32 nr = chunk->index * KGC_HANDLE_NUMBERS + slot_within(chunk, slot);

	return handles->tag | (u64)READ_ONCE(slot->gen) << 32 | nr;
}

/* Stop counting a slot as taken. Context: lock held. */
static void slot_return(struct kgc_handles *handles, struct kgc_handle_slot *slot)
{
	struct kgc_handle_chunk *chunk = chunk_of(slot);

	WRITE_ONCE(chunk->open, chunk->open - 1);
	WRITE_ONCE(handles->open, handles->open - 1);
}

/*
 * Take a free slot. Lookups ignore it until KGC_SLOT_OPEN is set in its type.
 */
struct kgc_handle_slot *kgc_handle_slot_take(struct kgc_handles *handles,
					     gfp_t gfp, u64 *handle, int *err)
{
	struct kgc_handle_slot *slot;
	bool full;

	for (;;) {
		scoped_guard(kgc_spin_bh, &handles->lock) {
			full = handles->open == KGC_MAX_HANDLES;
			slot = full ? NULL : slot_pop(handles);
		}
		if (slot)
			break;
		*err = full ? -ENOSPC : handles_grow(handles, gfp);
		if (*err)
			return NULL;
	}
	*handle = kgc_handle_of_slot(handles, slot);
	return slot;
}

/*
 * Reserve a handle before a step that cannot be undone, so that nothing can fail after
 * that step. The handle is not open: no thread can use or drop it before
 * kgc_handle_publish(). kgc_handle_cancel() gives it back.
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

	guard(kgc_spin_bh)(&handles->lock);
	slot_return(handles, slot);
	slot_push(handles, slot);
}

/**
 * kgc_handle_open() - make a handle
 * @s: the current section
 * @obj: the object, not NULL
 * @type: id of its type
 * @handle: receives the handle
 *
 * Context: process context, may sleep.
 * Return: 0; -ENOSPC if the table is full; -ENOMEM without memory or at a limit.
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
 * Read object and type of an open slot.
 *
 * Opening a slot sets the object, then the type. Closing it clears the type, raises the
 * generation, then clears the object. A lookup reads generation, type, object, and the
 * generation again. If the type says open and the generation has not changed, then type
 * and object belong to @handle, even if the handle is being opened or dropped meanwhile.
 * If the object is NULL then, the collector has cleared it.
 *
 * Return: false if @handle is not open.
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
	/* pairs with kgc_handle_drop(), kgc_weak_drop() and the functions that open */
	*obj = smp_load_acquire(&slot->obj);
	/* if the slot was dropped or reused meanwhile, its generation has changed */
	return READ_ONCE(slot->gen) == kgc_handle_gen(handle);
}

/**
 * kgc_handle_get() - the object behind a handle
 * @s: the current section
 * @handle: any number
 * @type: receives the id of its type
 *
 * Return: the object, valid in this section, or NULL if there is no such
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

/* Close an open slot; the caller then clears its object. Context: lock held. */
void kgc_handle_slot_put(struct kgc_handles *handles,
			 struct kgc_handle_slot *slot)
{
	slot_return(handles, slot);
	/* clears @type, which is in a union with it: the slot is not open any more */
	WRITE_ONCE(slot->next_free, 0);
	/* "not open" comes before the generation: pairs with kgc_handle_slot_get() */
	smp_store_release(&slot->gen, slot->gen + 1);
	/* a slot whose generations are used up is not used again */
	if (slot->gen < KGC_HANDLE_GEN_MAX)
		slot_push(handles, slot);
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

	if (!slot)
		return -ENOENT;
	scoped_guard(kgc_spin_bh, &handles->lock) {
		if (!slot->obj || slot->gen != kgc_handle_gen(handle) ||
		    !(slot->type & KGC_SLOT_OPEN))
			return -ENOENT;
		kgc_handle_slot_put(handles, slot);
		/* a release, after the generation: pairs with kgc_handle_slot_get() */
		kgc_store_slot(s, &slot->obj, NULL);
	}
	kgc_pace_dropped(s.heap);
	kgc_throttle_refs_dropped(&s.heap->throttle);
	return 0;
}

/* The first chunk from *@index on, or NULL. *@index receives the index of that chunk. */
static struct kgc_handle_chunk *chunk_next(struct kgc_handles *handles, unsigned long *index)
{
	void *entry;

	/* while a chunk is added, this may see its mark before it sees the chunk */
	while ((entry = xa_find(&handles->chunks, index, ULONG_MAX, CHUNK_HERE)) &&
	       xa_is_value(entry))
		++*index;
	return entry;
}

void kgc_handles_scan_begin(struct kgc_handles *handles)
{
	handles->scan = 0;
}

/*
 * The slots of the next chunk with an open handle, for the collector; NULL after the last
 * one. Chunks without an open handle are removed on the way. ERR_PTR(-EAGAIN) after
 * MAX_REMOVED of them: preemption may be off, so the caller has to look at the clock.
 *
 * The scan may miss a handle that is opened during the phase. That is harmless: a section
 * holds the object, so it gets marked. The scan finds every handle that was open when the
 * phase began, since the grace period makes its count in @open visible.
 */
struct kgc_handle_slot *kgc_handles_scan_next(struct kgc_handles *handles)
{
	struct kgc_handle_chunk *chunk;
	unsigned int removed = 0;

	while ((chunk = chunk_next(handles, &handles->scan))) {
		if (removed++ == MAX_REMOVED)
			return ERR_PTR(-EAGAIN);
		handles->scan++;
		if (READ_ONCE(chunk->open)) {
			WRITE_ONCE(handles->scanned, handles->scanned + 1);
			return slot_at(chunk, KGC_HANDLE_FIRST);
		}
		chunk_remove(handles, chunk);
	}
	return NULL;
}

/* Mark the objects of one chunk of handles. Return: false if no chunk was left. */
bool kgc_handles_scan_some(struct kgc_handles *handles, struct kgc_marker *m)
{
	struct kgc_handle_slot *slot = kgc_handles_scan_next(handles);
	unsigned int i;

	if (IS_ERR_OR_NULL(slot))
		return slot;
	for (i = 0; i < KGC_HANDLE_CHUNK; i++)
		/* pairs with kgc_handle_publish() */
		kgc_mark_root(m, smp_load_acquire(&slot[i].obj));
	return true;
}

/* Call @check for every slot, open or not. Context: process context. */
void kgc_handles_for_each(struct kgc_handles *handles,
			  void (*check)(void **slot, void *data), void *data)
{
	struct kgc_handle_chunk *chunk;
	unsigned long index;
	unsigned int i;

	for (index = 0; (chunk = chunk_next(handles, &index)); index++) {
		for (i = KGC_HANDLE_FIRST; i < KGC_HANDLE_NUMBERS; i++)
			check(&slot_at(chunk, i)->obj, data);
		cond_resched();
	}
}
