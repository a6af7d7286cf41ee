// SPDX-License-Identifier: GPL-2.0
/*
 * All heaps, by number. A thread that works on a heap from outside of it, as reclaim
 * and readers of debugfs do, counts itself in; the heap's end waits for that thread,
 * and for nothing else. The lock is held for one lookup, never for a walk.
 */
#include <linux/xarray.h>

#include "gc/heap.h"
#include "gc/users.h"
#include "registry.h"

/* What is reserved, for a heap that is being made or is ending, reads as nothing. */
static DEFINE_XARRAY_ALLOC1(heaps);

/**
 * kgc_registry_reserve() - a number for a new heap
 * @id: receives it
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM; -ENOSPC when 2^31 heaps exist.
 */
int kgc_registry_reserve(u32 *id)
{
	int err = xa_alloc(&heaps, id, NULL, XA_LIMIT(1, INT_MAX), GFP_KERNEL);

	return err == -EBUSY ? -ENOSPC : err;
}

/* The number of a heap that is gone. */
void kgc_registry_release(u32 id)
{
	xa_erase(&heaps, id);
}

/* From now on @heap is found. Context: may sleep. */
void kgc_registry_add(struct kgc_heap *heap)
{
	kgc_users_init(&heap->users);
	/* reserved, so this needs no memory */
	xa_store(&heaps, heap->id, heap, GFP_KERNEL);
}

/* And now it is not any more; its number stays reserved. */
void kgc_registry_hide(struct kgc_heap *heap)
{
	xa_store(&heaps, heap->id, NULL, GFP_KERNEL);
}

/**
 * kgc_registry_drain() - wait until no thread works on a heap from outside
 * @heap: the heap; nothing finds it any more
 *
 * Context: may sleep.
 */
void kgc_registry_drain(struct kgc_heap *heap)
{
	kgc_users_drain(&heap->users);
}

/* Context: the heap cannot end, since it is found where the caller holds a lock, or counted. */
void kgc_registry_get(struct kgc_heap *heap)
{
	kgc_users_get(&heap->users);
}

void kgc_registry_put(struct kgc_heap *heap)
{
	kgc_users_put(&heap->users);
}

/**
 * kgc_registry_from() - the heap with the smallest number from one on
 * @id: that number
 *
 * Context: process context.
 * Return: the heap, for kgc_registry_put() or kgc_registry_after(); NULL when there
 * is none.
 */
struct kgc_heap *kgc_registry_from(u32 id)
{
	XA_STATE(xas, &heaps, id);
	struct kgc_heap *heap;

	xas_lock(&xas);
	do {
		heap = xas_find(&xas, U32_MAX);
	} while (xas_retry(&xas, heap));
	if (heap)
		kgc_registry_get(heap);
	xas_unlock(&xas);
	return heap;
}

/**
 * kgc_registry_step() - look at one heap, and keep it if it is wanted
 * @id: the smallest number to look at; receives that of the heap, 0 when there is none
 * @wanted: whether it is; called with the registry locked, may not sleep
 *
 * So a heap that the caller may not see is not kept from ending by it.
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

/* Done with @heap; the next one, or NULL. */
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
