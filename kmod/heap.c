// SPDX-License-Identifier: GPL-2.0
/*
 * Making and ending heaps.
 */
#include <linux/ctype.h>
#include <linux/idr.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "alloc/alloc.h"
#include "alloc/charge.h"
#include "gc/cycle.h"
#include "gc/finalize.h"
#include "gc/handle.h"
#include "gc/heap.h"
#include "gc/mark.h"
#include "gc/request.h"
#include "gc/root.h"
#include "gc/section.h"
#include "gc/tracer.h"
#include "gc/type.h"
#include "gc/weak.h"
#include "heap.h"
#include "options.h"
#include "reclaim.h"
#include "registry.h"
#include "stats/debugfs.h"

static DEFINE_IDA(heap_ids);

/* A word of a table in debugfs: a process may call itself anything. */
static void heap_name_set(struct kgc_heap *heap, const char *name)
{
	char *c;

	strscpy(heap->name, name, sizeof(heap->name));
	for (c = heap->name; *c; c++)
		if (!isascii(*c) || !isgraph(*c))
			*c = '_';
}

/* The allocator of the cgroup that the caller is in, found by reclaim there. */
static int heap_allocator_init(struct kgc_heap *heap, gfp_t gfp)
{
	struct mem_cgroup *memcg = kgc_charge_owner(gfp);
	struct mem_cgroup *old = kgc_charge_begin(memcg);
	int err;

	err = kgc_reclaim_prepare(GFP_KERNEL | gfp);
	if (!err)
		err = kgc_allocator_init(&heap->alloc, memcg, gfp);
	kgc_charge_end(memcg, old);
	if (err)
		mem_cgroup_put(memcg);
	return err;
}

/* A heap whose pages and tables are asked for with @gfp as well. */
struct kgc_heap *kgc_heap_new(const char *name, struct module *owner,
			      gfp_t gfp)
{
	struct kgc_heap *heap;
	int err = -ENOMEM, id;

	heap = kvzalloc(sizeof(*heap), GFP_KERNEL | gfp);
	if (!heap)
		return ERR_PTR(-ENOMEM);
	id = ida_alloc_min(&heap_ids, 1, GFP_KERNEL);
	if (id < 0) {
		err = id;
		goto err_heap;
	}
	heap->id = id;
	heap->owner = owner;
	heap->created_ns = ktime_get_ns();
	heap_name_set(heap, name);
	kgc_options_init(heap);
	err = init_srcu_struct(&heap->front.srcu);
	if (err)
		goto err_id;
	err = heap_allocator_init(heap, gfp);
	if (err)
		goto err_srcu;
	err = kgc_marking_init(heap);
	if (err)
		goto err_alloc;
	kgc_types_init(&heap->types);
	kgc_roots_init(&heap->roots);
	kgc_handles_init(&heap->handles, 0, &heap->alloc);
	kgc_weaks_init(heap);
	kgc_finals_init(heap);
	kgc_sections_init(heap);
	kgc_tracer_init(heap);
	kgc_cycle_init(heap);
	mutex_lock(&kgc_heaps_lock);
	list_add_tail(&heap->link, &kgc_heaps);
	mutex_unlock(&kgc_heaps_lock);
	kgc_reclaim_add(heap);
	kgc_debugfs_add(heap);
	return heap;

err_alloc:
	kgc_allocator_destroy(&heap->alloc);
	mem_cgroup_put(heap->alloc.memcg);
err_srcu:
	cleanup_srcu_struct(&heap->front.srcu);
err_id:
	ida_free(&heap_ids, id);
err_heap:
	kvfree(heap);
	return ERR_PTR(err);
}

/**
 * kgc_heap_create() - make a heap
 * @name: for statistics
 * @owner: THIS_MODULE of the creator, who ends the heap before it goes
 *
 * Context: process context, may sleep.
 * Return: the heap, or ERR_PTR(-ENOMEM), ERR_PTR(-ENOSPC) when 2^31 exist.
 */
struct kgc_heap *kgc_heap_create(const char *name, struct module *owner)
{
	return kgc_heap_new(name, owner, 0);
}
EXPORT_SYMBOL_GPL(kgc_heap_create);

/**
 * kgc_heap_destroy() - end a heap and everything in it
 * @heap: the heap; no thread or interrupt enters it any more, or begins to wait for
 *	one of its cycles
 *
 * Waits for sections still open, stops a cycle wherever it is, lets threads in
 * kgc_wait() and kgc_collect() return with -ECANCELED and waits until they have,
 * drops pending finalizers without running them, and gives every page back.
 *
 * Context: process context, may sleep; not inside a section of @heap.
 */
void kgc_heap_destroy(struct kgc_heap *heap)
{
	kgc_debugfs_remove(heap);
	mutex_lock(&kgc_heaps_lock);
	list_del(&heap->link);
	mutex_unlock(&kgc_heaps_lock);

	WRITE_ONCE(heap->dying, true);
	kgc_reclaim_del(heap);
	kgc_request_drain(heap);
	kgc_finals_stop(heap);
	synchronize_srcu(&heap->front.srcu);
	kgc_cycle_stop(heap);
	kgc_tracer_destroy(heap);
	kgc_finals_destroy(heap);
	kgc_handles_destroy(&heap->handles);
	kgc_handles_destroy(&heap->weaks);
	kgc_types_destroy(&heap->types);
	kgc_allocator_destroy(&heap->alloc);
	mem_cgroup_put(heap->alloc.memcg);
	cleanup_srcu_struct(&heap->front.srcu);
	ida_free(&heap_ids, heap->id);
	kvfree(heap);
}
EXPORT_SYMBOL_GPL(kgc_heap_destroy);

void kgc_heaps_exit(void)
{
	WARN_ON(!list_empty(&kgc_heaps));
	ida_destroy(&heap_ids);
}
