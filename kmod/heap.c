// SPDX-License-Identifier: GPL-2.0
/*
 * Making, configuring and ending heaps.
 */
#include <linux/ctype.h>
#include <linux/idr.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/slab.h>

#include "alloc/charge.h"
#include "compat.h"
#include "gc/grace.h"
#include "heap.h"
#include "iface/debugfs.h"
#include "reclaim.h"

#define SPARES_KEPT	64	/* span structures of each size, after a cycle */

LIST_HEAD(kgc_heaps);
DEFINE_MUTEX(kgc_heaps_lock);	/* guards kgc_heaps */

struct workqueue_struct *kgc_wq;
struct workqueue_struct *kgc_finals_wq;

static DEFINE_IDA(heap_ids);

static void heap_options_init(struct kgc_heap *heap)
{
	heap->opt.gogc = 100;
	heap->opt.period_ms = 2 * 60 * MSEC_PER_SEC;
	heap->opt.cpu_percent = 25;
	heap->opt.verify = IS_ENABLED(CONFIG_KGC_DEBUG);
}

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
		err = kgc_allocator_init(&heap->alloc, gfp);
	kgc_charge_end(memcg, old);
	if (err)
		mem_cgroup_put(memcg);
	else
		heap->alloc.memcg = memcg;
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
	heap_options_init(heap);
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
	kgc_trace_init(heap);
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
 * @heap: the heap; nobody enters it any more
 *
 * Waits for sections still open, stops a cycle wherever it is, drops pending
 * finalizers without running them, and gives every page back.
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
	kgc_finals_stop(heap);
	synchronize_srcu(&heap->front.srcu);
	kgc_cycle_stop(heap);
	kgc_trace_destroy(heap);
	kgc_finals_destroy(heap);
	kgc_handles_destroy(&heap->handles);
	kgc_handles_destroy(&heap->weaks.handles);
	kgc_types_destroy(&heap->types);
	kgc_allocator_destroy(&heap->alloc);
	mem_cgroup_put(heap->alloc.memcg);
	cleanup_srcu_struct(&heap->front.srcu);
	ida_free(&heap_ids, heap->id);
	kvfree(heap);
}
EXPORT_SYMBOL_GPL(kgc_heap_destroy);

/*
 * After a sweep: keep some free memory for the next allocations, unless more
 * than 70 % is free; then return down to 40 % (the bounds of hysteresis that
 * the JVM calls MaxHeapFreeRatio and MinHeapFreeRatio). What will be allocated
 * before the next cycle stays, if that is within a second.
 */
static u64 trim_keep(struct kgc_heap *heap, struct kgc_pageheap *ph)
{
	u64 idle = kgc_pageheap_idle(ph), inuse = READ_ONCE(ph->inuse);

	if (READ_ONCE(heap->opt.scavenge) == KGC_SCAVENGE_NOW)
		return 0;
	if (idle * 3 <= inuse * 7)
		return U64_MAX;
	/* free = 40 % of what is left: inuse is 60 % */
	return max(div_u64(inuse * 4, 6), kgc_pace_growth(heap));
}

/* Give back what a sweep has left over. Context: process context. */
void kgc_heap_trim(struct kgc_heap *heap)
{
	int nid;

	for_each_node(nid) {
		struct kgc_pageheap *ph = &heap->alloc.node[nid]->pages;

		kgc_pageheap_release(&heap->alloc, ph, trim_keep(heap, ph));
		kgc_pageheap_trim_spares(ph, SPARES_KEPT);
	}
}

/**
 * kgc_scavenge() - give all free memory back
 * @heap: the heap
 *
 * Context: process context, may sleep.
 * Return: bytes given back.
 */
size_t kgc_scavenge(struct kgc_heap *heap)
{
	size_t bytes = 0;
	int nid;

	for_each_node(nid) {
		struct kgc_pageheap *ph = &heap->alloc.node[nid]->pages;

		bytes += kgc_pageheap_release(&heap->alloc, ph, 0);
		kgc_pageheap_trim_spares(ph, 0);
	}
	return bytes;
}
EXPORT_SYMBOL_GPL(kgc_scavenge);

/**
 * kgc_option_set() - change an option of a heap
 * @heap: the heap
 * @option: enum kgc_option_id
 * @value: its value, see there
 *
 * Context: process context, may sleep.
 * Return: 0; -EOPNOTSUPP for an unknown option; -EINVAL out of range.
 */
int kgc_option_set(struct kgc_heap *heap, unsigned int option, u64 value)
{
	struct kgc_heap_options *opt = &heap->opt;

	switch (option) {
	case KGC_OPT_GOGC:
		if (value != KGC_GOGC_OFF && (!value || value > 100000))
			return -EINVAL;
		opt->gogc = value;
		kgc_pace_repace(heap);
		return 0;
	case KGC_OPT_PERIOD_MS:
		if (value > 24 * 60 * 60 * MSEC_PER_SEC)
			return -EINVAL;
		WRITE_ONCE(opt->period_ms, value);
		kgc_pace_period_changed(heap);
		return 0;
	case KGC_OPT_SOFT_LIMIT:
		WRITE_ONCE(heap->alloc.soft_limit, value);
		kgc_pace_repace(heap);
		return 0;
	case KGC_OPT_HARD_LIMIT:
		WRITE_ONCE(heap->alloc.hard_limit, value);
		return 0;
	case KGC_OPT_CPU_PERCENT:
		if (!value || value > 100)
			return -EINVAL;
		WRITE_ONCE(opt->cpu_percent, value);
		return 0;
	case KGC_OPT_TRACK_SECTIONS:
		if (value > 1)
			return -EINVAL;
		/* sections learn of it with the next phase */
		WRITE_ONCE(opt->track_sections, value);
		return 0;
	case KGC_OPT_VERIFY:
		if (value > 2)
			return -EINVAL;
		WRITE_ONCE(opt->verify, value);
		return 0;
	case KGC_OPT_SCAVENGE:
		if (value > KGC_SCAVENGE_NOW)
			return -EINVAL;
		WRITE_ONCE(opt->scavenge, value);
		return 0;
	case KGC_OPT_HARDEN:
		if (value & ~(u64)(KGC_HARDEN_RANDOM | KGC_HARDEN_POISON))
			return -EINVAL;
		/* for what is allocated from a new span, or swept, from now on */
		WRITE_ONCE(heap->alloc.harden, value);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
EXPORT_SYMBOL_GPL(kgc_option_set);

/**
 * kgc_option_get() - read an option of a heap
 * @heap: the heap
 * @option: enum kgc_option_id
 * @value: receives it
 *
 * Context: any.
 * Return: 0; -EOPNOTSUPP for an unknown option.
 */
int kgc_option_get(struct kgc_heap *heap, unsigned int option, u64 *value)
{
	switch (option) {
	case KGC_OPT_GOGC:
		*value = heap->opt.gogc;
		return 0;
	case KGC_OPT_PERIOD_MS:
		*value = heap->opt.period_ms;
		return 0;
	case KGC_OPT_SOFT_LIMIT:
		*value = heap->alloc.soft_limit;
		return 0;
	case KGC_OPT_HARD_LIMIT:
		*value = heap->alloc.hard_limit;
		return 0;
	case KGC_OPT_CPU_PERCENT:
		*value = heap->opt.cpu_percent;
		return 0;
	case KGC_OPT_TRACK_SECTIONS:
		*value = heap->opt.track_sections;
		return 0;
	case KGC_OPT_VERIFY:
		*value = heap->opt.verify;
		return 0;
	case KGC_OPT_SCAVENGE:
		*value = heap->opt.scavenge;
		return 0;
	case KGC_OPT_HARDEN:
		*value = heap->alloc.harden;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
EXPORT_SYMBOL_GPL(kgc_option_get);

int kgc_heaps_init(void)
{
	/* a cycle may be what frees the memory that others wait for */
	kgc_wq = alloc_workqueue("kgc", WQ_UNBOUND | WQ_FREEZABLE |
				 WQ_MEM_RECLAIM, 0);
	if (!kgc_wq)
		return -ENOMEM;
	kgc_finals_wq = alloc_workqueue("kgc_finals", WQ_UNBOUND | WQ_FREEZABLE,
					0);
	if (!kgc_finals_wq)
		goto err_wq;
	if (kgc_graces_init())
		goto err_finals;
	return 0;

err_finals:
	destroy_workqueue(kgc_finals_wq);
err_wq:
	destroy_workqueue(kgc_wq);
	return -ENOMEM;
}

void kgc_heaps_exit(void)
{
	WARN_ON(!list_empty(&kgc_heaps));
	kgc_graces_exit();
	destroy_workqueue(kgc_finals_wq);
	destroy_workqueue(kgc_wq);
	ida_destroy(&heap_ids);
}
