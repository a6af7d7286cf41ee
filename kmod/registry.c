// SPDX-License-Identifier: GPL-2.0
/*
 * All heaps, by number. A thread that works on a heap from outside of its sections, such
 * as reclaim or a reader of debugfs, counts itself in. The heap's end waits for the
 * threads that are counted in that heap, and for no others. A thread holds the registry
 * lock for one lookup, never for a walk.
 */
#include <linux/xarray.h>

#include "gc/heap.h"
#include "gc/users.h"
#include "registry.h"

/* The number of a heap that is being made or destroyed is reserved, and reads as NULL. */
static DEFINE_XARRAY_ALLOC1(heaps);

/**
 * kgc_registry_reserve() - reserve a number for a new heap
 * @id: receives the number
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; -ENOSPC when 2^31 - 1 heaps exist.
 */
int kgc_registry_reserve(u32 *id)
{
	int err = xa_alloc(&heaps, id, NULL, XA_LIMIT(1, INT_MAX), GFP_KERNEL);

	return err == -EBUSY ? -ENOSPC : err;
}

/* Release the number of a heap that is gone. */
void kgc_registry_release(u32 id)
{
	xa_erase(&heaps, id);
}

/* Let lookups find @heap. Context: may sleep. */
void kgc_registry_add(struct kgc_heap *heap)
{
	kgc_users_init(&heap->users);
	/* cannot fail: the entry is reserved, so this needs no memory */
	xa_store(&heaps, heap->id, heap, GFP_KERNEL);
}

/* Let lookups find @heap no more. Its number stays reserved. */
void kgc_registry_hide(struct kgc_heap *heap)
{
	xa_store(&heaps, heap->id, NULL, GFP_KERNEL);
}

/**
 * kgc_registry_drain() - wait until no thread works on a heap from outside
 * @heap: the heap; kgc_registry_hide() has been called
 *
 * Context: may sleep.
 */
void kgc_registry_drain(struct kgc_heap *heap)
{
	kgc_users_drain(&heap->users);
}

/* Context: the caller is counted, or found the heap under a lock that it still holds. */
void kgc_registry_get(struct kgc_heap *heap)
{
	kgc_users_get(&heap->users);
}

void kgc_registry_put(struct kgc_heap *heap)
{
	kgc_users_put(&heap->users);
}

/**
 * kgc_registry_step() - look at one heap, and get it if it is wanted
 * @id: the lowest number to look at; receives the heap's number, 0 when there is none
 * @wanted: tells whether the heap is wanted; called with the registry locked, so it must
 *	not sleep
 *
 * Only a heap that is wanted is counted. So a caller never delays the end of a heap that it
 * may not see.
 *
 * Context: process context.
 * Return: the heap, for kgc_registry_put(); NULL when it is not wanted.
 */
struct kgc_heap *kgc_registry_step(u32 *id, bool (*wanted)(const struct kgc_heap *heap))
{
	XA_STATE(xas, &heaps, *id);
	struct kgc_heap *heap;

	xas_lock(&xas);
	do {
		heap = xas_find(&xas, U32_MAX);
	} while (xas_retry(&xas, heap));
	*id = heap ? heap->id : 0;
	if (heap && wanted(heap))
		kgc_registry_get(heap);
	else
		heap = NULL;
	xas_unlock(&xas);
	return heap;
}

static bool is_any(const struct kgc_heap *heap)
{
	return true;
}

/**
 * kgc_registry_from() - find the heap with the smallest number that is not below @id
 * @id: the lowest number to look at
 *
 * Context: process context.
 * Return: the heap, for kgc_registry_put() or kgc_registry_after(); NULL when there
 * is none.
 */
struct kgc_heap *kgc_registry_from(u32 id)
{
	return kgc_registry_step(&id, is_any);
}

/* Put @heap and get the next one. Return: NULL when @heap was the last. */
struct kgc_heap *kgc_registry_after(struct kgc_heap *heap)
{
	u32 id = heap->id;

	kgc_registry_put(heap);
	return kgc_registry_from(id + 1);
}

/* No heap is left. */
void kgc_registry_exit(void)
{
	WARN_ON(!xa_empty(&heaps));
	xa_destroy(&heaps);
}
