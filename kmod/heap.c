// SPDX-License-Identifier: GPL-2.0
/*
 * Making and ending heaps.
 */
#include <linux/cred.h>
#include <linux/ctype.h>
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

/* A word of a table in debugfs: a process may call itself anything. */
static void heap_name_set(struct kgc_heap *heap, const char *name)
{
	char *c;

	strscpy(heap->name, name, sizeof(heap->name));
	for (c = heap->name; *c; c++)
		if (!isascii(*c) || !isgraph(*c))
			*c = '_';
}

/*
 * Bytes of the structure, and of what SRCU allocates per possible CPU. A module has no
 * way to have those charged to a cgroup, so they count against kgc's own limits only.
 */
static size_t heap_bytes(void)
{
	size_t srcu = 0;

#ifdef CONFIG_TREE_SRCU
	srcu = num_possible_cpus() * sizeof(struct srcu_data);
#endif
	return sizeof(struct kgc_heap) + srcu;
}

/* The allocator of the cgroup that the caller is in, found by reclaim there. */
static int heap_allocator_init(struct kgc_heap *heap, gfp_t gfp)
{
	struct kgc_charging charging;
	int err;

	err = kgc_allocator_init(&heap->alloc, gfp);
	if (err)
		return err;
	charging = kgc_charge_begin(&heap->alloc);
	err = kgc_reclaim_prepare(kgc_charge_gfp(&heap->alloc, GFP_KERNEL));
	kgc_charge_end(charging);
	if (err)
		kgc_allocator_destroy(&heap->alloc);
	return err;
}

/*
 * A heap whose pages and tables are asked for with @gfp as well; @opener, or NULL, may
 * see it in the list of heaps.
 */
struct kgc_heap *kgc_heap_new(const char *name, struct module *owner,
			      const struct cred *opener, gfp_t gfp)
{
	struct kgc_heap *heap;
	int err = -ENOMEM;

	heap = kvzalloc(sizeof(*heap), GFP_KERNEL | gfp);
	if (!heap)
		return ERR_PTR(-ENOMEM);
	if (kgc_limit_charge_meta(&heap->alloc, KGC_META_HEAP, heap_bytes()))
		goto err_heap;
	err = kgc_registry_reserve(&heap->id);
	if (err)
		goto err_charge;
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
	heap->opener = get_cred(opener);
	kgc_registry_add(heap);
	kgc_reclaim_add(heap);
	kgc_debugfs_add(heap);
	return heap;

err_alloc:
	kgc_allocator_destroy(&heap->alloc);
err_srcu:
	cleanup_srcu_struct(&heap->front.srcu);
err_id:
	kgc_registry_release(heap->id);
err_charge:
	kgc_limit_uncharge_meta(&heap->alloc, KGC_META_HEAP, heap_bytes());
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
 * Return: the heap, or ERR_PTR(-ENOMEM), also when all heaps together hold what the
 * module's max_bytes allows, ERR_PTR(-ENOSPC) when 2^31 exist.
 */
struct kgc_heap *kgc_heap_create(const char *name, struct module *owner)
{
	return kgc_heap_new(name, owner, NULL, 0);
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
	kgc_registry_hide(heap);
	WRITE_ONCE(heap->dying, true);
	kgc_reclaim_del(heap);
	/* until these have left the heap they may begin to wait for a cycle */
	kgc_registry_drain(heap);
	kgc_request_drain(heap);
	kgc_finals_stop(heap);
	synchronize_srcu(&heap->front.srcu);
	kgc_cycle_stop(heap);
	kgc_tracer_destroy(heap);
	kgc_finals_destroy(heap);
	kgc_handles_destroy(&heap->handles);
	kgc_handles_destroy(&heap->weaks);
	kgc_types_destroy(&heap->types, &heap->alloc);
	kgc_allocator_destroy(&heap->alloc);
	cleanup_srcu_struct(&heap->front.srcu);
	kgc_registry_release(heap->id);
	kgc_limit_uncharge_meta(&heap->alloc, KGC_META_HEAP, heap_bytes());
	/* or it would be missing from max_bytes for ever */
	WARN_ON_ONCE(atomic64_read(&heap->alloc.limit.held));
	put_cred(heap->opener);
	kvfree(heap);
}
EXPORT_SYMBOL_GPL(kgc_heap_destroy);
