// SPDX-License-Identifier: GPL-2.0
/*
 * Making and ending heaps.
 */
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/slab.h>

#include "alloc/alloc.h"
#include "alloc/charge.h"
#include "compat.h"
#include "gc/census.h"
#include "gc/cycle.h"
#include "gc/due.h"
#include "gc/finalize.h"
#include "gc/handle.h"
#include "gc/heap.h"
#include "gc/mark.h"
#include "gc/profile.h"
#include "gc/report.h"
#include "gc/request.h"
#include "gc/root.h"
#include "gc/section.h"
#include "gc/snapshot.h"
#include "gc/tenant.h"
#include "gc/tracer.h"
#include "gc/type.h"
#include "gc/weak.h"
#include "heap.h"
#include "options.h"
#include "reclaim.h"
#include "registry.h"
#include "stats/debugfs.h"

/* debugfs shows the name as one word of a table, but a process may have any name. */
static void heap_name_set(struct kgc_heap *heap, const char *name)
{
	char *c;

	strscpy(heap->name, name, sizeof(heap->name));
	for (c = heap->name; *c; c++)
		if (!isascii(*c) || !isgraph(*c))
			*c = '_';
}

/*
 * Bytes of the structure, and of the memory that SRCU allocates per possible CPU. A
 * module cannot have the latter charged to a cgroup, so it counts against kgc's own
 * limits only.
 */
static size_t heap_bytes(void)
{
	return sizeof(struct kgc_heap) + num_possible_cpus() * kgc_srcu_bytes();
}

/* Make an allocator that is charged to the caller's cgroup, where reclaim can find it. */
static int heap_allocator_init(struct kgc_heap *heap, gfp_t gfp)
{
	struct kgc_charging charging;
	int err;

	err = kgc_allocator_init(&heap->alloc, heap->id, gfp);
	if (err)
		return err;
	charging = kgc_charge_begin(&heap->alloc);
	err = kgc_reclaim_prepare(kgc_charge_gfp(&heap->alloc, GFP_KERNEL));
	kgc_charge_end(charging);
	if (err)
		kgc_allocator_destroy(&heap->alloc);
	return err;
}

/* Initialise the parts that need no memory. */
static void heap_parts_init(struct kgc_heap *heap)
{
	kgc_types_init(&heap->types);
	kgc_roots_init(&heap->roots);
	kgc_handles_init(&heap->handles, 0, &heap->alloc);
	kgc_weaks_init(heap);
	kgc_finals_init(heap);
	kgc_sections_init(heap);
	kgc_tracer_init(heap);
	kgc_census_init(heap);
	kgc_snapshots_init(heap);
	kgc_profile_init(heap);
	kgc_cycle_init(heap);
}

/*
 * Make a heap. @gfp is added to the flags with which it allocates pages and tables.
 * @opener, if not NULL, may see the heap in the list of heaps. The heap counts for the
 * tenant of @opener, or for that of the kernel's modules if @opener is NULL. lockdep treats
 * the sections of all heaps with the same @keys as one lock.
 */
struct kgc_heap *kgc_heap_new(const char *name, struct module *owner,
			      const struct cred *opener, struct lock_class_key keys[2],
			      gfp_t gfp)
{
	struct kgc_tenant *tenant;
	struct kgc_heap *heap;
	int err = -ENOMEM;

	tenant = opener ? kgc_tenant_get(opener->uid) : kgc_tenant_kernel();
	if (IS_ERR(tenant))
		return ERR_CAST(tenant);
	heap = kvzalloc(sizeof(*heap), GFP_KERNEL | gfp);
	if (!heap)
		goto err_tenant;
	heap->tenant = tenant;
	if (kgc_limit_charge_meta(&heap->alloc, KGC_META_HEAP, heap_bytes()))
		goto err_heap;
	err = kgc_registry_reserve(&heap->id);
	if (err)
		goto err_charge;
	heap->owner = owner;
	heap->created_ns = ktime_get_ns();
	heap_name_set(heap, name);
	kgc_options_init(heap);
	kgc_report_init(&heap->report);
	err = kgc_srcu_init(&heap->front.srcu, "kgc_section", &keys[0]);
	if (err)
		goto err_id;
	err = heap_allocator_init(heap, gfp);
	if (err)
		goto err_srcu;
	err = kgc_marking_init(heap);
	if (err)
		goto err_alloc;
	err = kgc_due_init(heap, &keys[1], !opener);
	if (err)
		goto err_marking;
	heap_parts_init(heap);
	heap->opener = get_cred(opener);
	heap->opener_pid = opener ? get_pid(task_tgid(current)) : NULL;
	kgc_registry_add(heap);
	kgc_reclaim_add(heap);
	kgc_debugfs_add(heap);
	return heap;

err_marking:
	kgc_marking_destroy(heap);
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
err_tenant:
	kgc_tenant_put(tenant);
	return ERR_PTR(err);
}

/* kgc_heap_create() */
struct kgc_heap *__kgc_heap_create(const char *name, struct module *owner,
				   struct lock_class_key keys[2])
{
	return kgc_heap_new(name, owner, NULL, keys, 0);
}
EXPORT_SYMBOL_GPL(__kgc_heap_create);

/**
 * kgc_heap_destroy() - end a heap and everything in it
 * @heap: the heap. No thread or interrupt may enter it any more, or begin to wait for
 *	one of its cycles. The caller has deleted all its roots
 *
 * The function waits for open sections, and for a finalizer or cleanup that is running.
 * It stops a cycle in any phase. It makes kgc_wait(), kgc_collect() and
 * kgc_finalizers_wait() return -ECANCELED, and waits until their callers are out. Then it
 * frees every page. It drops finalizers and cleanups that have not been called. If these
 * release anything outside the heap, call kgc_finalizers_drain() first.
 *
 * Context: process context, may sleep; not inside a section of @heap. In a finalizer or
 * cleanup of @heap the function only warns.
 */
void kgc_heap_destroy(struct kgc_heap *heap)
{
	if (kgc_due_calling(heap)) {
		kgc_refuse(heap, "a finalizer or cleanup ends its heap");
		return;
	}
	/* debugfs waits for readers, and a reader may wait for a snapshot */
	kgc_snapshots_stop(heap);
	kgc_debugfs_remove(heap);
	kgc_registry_hide(heap);
	WRITE_ONCE(heap->dying, true);
	kgc_reclaim_del(heap);
	kgc_due_wake(&heap->due_queue);
	/* a running cleanup may begin to wait for a cycle: it ends before the drains */
	kgc_due_stop(&heap->due_queue);
	/* reclaim may begin to wait for a cycle until it has left the heap */
	kgc_registry_drain(heap);
	/* a thread that waits for calls may begin to wait for their cycle: it goes first */
	kgc_due_drain(&heap->due_queue);
	kgc_request_drain(heap);
	synchronize_srcu(&heap->front.srcu);
	kgc_cycle_stop(heap);
	kgc_census_destroy(heap);
	kgc_tracer_destroy(heap);
	kgc_profile_destroy(heap);
	kgc_finals_destroy(heap);
	kgc_due_destroy(&heap->due_queue);
	kgc_roots_end(heap);
	kgc_handles_destroy(&heap->handles);
	kgc_handles_destroy(&heap->weaks);
	kgc_types_destroy(&heap->types, &heap->alloc);
	kgc_allocator_destroy(&heap->alloc);
	cleanup_srcu_struct(&heap->front.srcu);
	kgc_registry_release(heap->id);
	kgc_limit_uncharge_meta(&heap->alloc, KGC_META_HEAP, heap_bytes());
	/* bytes left over would count against max_bytes for ever */
	WARN_ON_ONCE(atomic64_read(&heap->alloc.limit.held));
	put_cred(heap->opener);
	put_pid(heap->opener_pid);
	kgc_tenant_put(heap->tenant);
	kvfree(heap);
}
EXPORT_SYMBOL_GPL(kgc_heap_destroy);
