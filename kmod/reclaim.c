// SPDX-License-Identifier: GPL-2.0
/*
 * Memory pressure: a shrinker that gives free arenas back and then asks for
 * collections, and a report of all heaps when the machine is out of memory,
 * because their pages are in no process's RSS.
 *
 * Both are called in direct reclaim, from whatever an allocation anywhere in
 * the kernel holds. So nothing here allocates or waits: the list of heaps is
 * taken by trylock, arenas are given back under raw spinlocks and outside of
 * them, and a collection is only asked for.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/ratelimit.h>
#include <linux/sched.h>

#include "compat.h"
#include "heap.h"
#include "reclaim.h"

/* Garbage that is worth a cycle. */
#define WORTH_A_CYCLE	(64UL << 10)
#define OOM_PATIENCE	10	/* ticks */

static struct shrinker *shrinker;

static u64 heap_free_bytes(struct kgc_heap *heap)
{
	u64 bytes = 0;
	int nid;

	for_each_node(nid)
		bytes += kgc_pageheap_idle(&heap->alloc.node[nid]->pages);
	return bytes;
}

/* At most this much has died since the last cycle. */
static u64 heap_garbage_bytes(struct kgc_heap *heap)
{
	return max_t(s64, atomic64_read(&heap->alloc.charged), 0);
}

/*
 * Give about @want bytes back: runs that are worth it, and where none are left
 * whatever is free. Return: how many it were.
 */
static u64 heap_release(struct kgc_heap *heap, u64 want)
{
	u64 bytes = 0, idle;
	int nid;

	for_each_node(nid) {
		struct kgc_pageheap *ph = &heap->alloc.node[nid]->pages;

		idle = kgc_pageheap_idle(ph);
		bytes += kgc_pageheap_release(&heap->alloc, ph,
					      idle - min(idle, want)) ?:
			 kgc_pageheap_release(&heap->alloc, ph, 0);
		if (bytes >= want)
			break;
	}
	return bytes;
}

/* Have the garbage of @heap collected, unless a cycle is on its way already. */
static void heap_ask(struct kgc_heap *heap)
{
	struct kgc_cycle *cy = &heap->cycle;

	if (heap_garbage_bytes(heap) >= WORTH_A_CYCLE &&
	    READ_ONCE(cy->done) == READ_ONCE(cy->wanted))
		kgc_cycle_request(heap, 1, KGC_REASON_SHRINK);
}

static unsigned long heaps_count(struct shrinker *s, struct shrink_control *sc)
{
	struct kgc_heap *heap;
	u64 bytes = 0;

	if (!mutex_trylock(&kgc_heaps_lock))
		return 0;
	list_for_each_entry(heap, &kgc_heaps, link)
		bytes += heap_free_bytes(heap) + heap_garbage_bytes(heap);
	mutex_unlock(&kgc_heaps_lock);
	return bytes >> PAGE_SHIFT;
}

/*
 * Free arenas come first. When they are not enough, a collection is on its way
 * and reclaim is told to look elsewhere meanwhile.
 */
static unsigned long heaps_scan(struct shrinker *s, struct shrink_control *sc)
{
	u64 want = (u64)sc->nr_to_scan << PAGE_SHIFT, freed = 0;
	struct kgc_heap *heap;

	if (!mutex_trylock(&kgc_heaps_lock))
		return SHRINK_STOP;
	list_for_each_entry(heap, &kgc_heaps, link) {
		if (freed >= want)
			break;
		freed += heap_release(heap, want - freed);
	}
	if (freed < want)
		list_for_each_entry(heap, &kgc_heaps, link)
			heap_ask(heap);
	mutex_unlock(&kgc_heaps_lock);
	return freed >> PAGE_SHIFT ?: SHRINK_STOP;
}

/* Those that matter, at most 32 of them: which hold that part of it all. */
static void heap_report(struct kgc_heap *heap, u64 total)
{
	struct kgc_stats st = { .size = sizeof(st) };

	if ((u64)atomic64_read(&heap->alloc.sys) < total / 32)
		return;
	kgc_heap_stats(heap, &st);
	pr_info("heap %u %s: held %llu kB, in spans %llu kB, objects %llu in %llu kB, metadata %llu kB, cycles %llu\n",
		heap->id, heap->name, st.heap_sys >> 10, st.heap_inuse >> 10,
		st.heap_objects, st.heap_alloc >> 10, st.meta_sys >> 10,
		st.num_gc);
}

/*
 * For a tick or a few: the shrinker is likely to have the list on another CPU. Who
 * has it may itself be out of memory and wait for us, so not for ever.
 */
static bool heaps_trylock_patiently(void)
{
	unsigned int ticks;

	for (ticks = 0; ticks < OOM_PATIENCE; ticks++) {
		if (mutex_trylock(&kgc_heaps_lock))
			return true;
		schedule_timeout_uninterruptible(1);
	}
	return false;
}

/* The machine is out of memory: say what is ours, and give what is free. */
static int heaps_oom(struct notifier_block *nb, unsigned long unused, void *freed)
{
	/* an allocation that may not kill comes back again and again */
	static DEFINE_RATELIMIT_STATE(limit, 5 * HZ, 1);
	u64 total = kgc_total_bytes();
	unsigned long *pages = freed;
	struct kgc_heap *heap;
	bool report;

	if (!total)
		return NOTIFY_OK;
	ratelimit_set_flags(&limit, RATELIMIT_MSG_ON_RELEASE);
	report = __ratelimit(&limit);
	if (report)
		pr_info("all heaps hold %llu kB\n", total >> 10);
	if (!heaps_trylock_patiently()) {
		if (report)
			pr_info("the list of heaps is in use, none is reported\n");
		return NOTIFY_OK;
	}
	list_for_each_entry(heap, &kgc_heaps, link) {
		if (report)
			heap_report(heap, total);
		*pages += heap_release(heap, U64_MAX) >> PAGE_SHIFT;
		heap_ask(heap);
	}
	mutex_unlock(&kgc_heaps_lock);
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = { .notifier_call = heaps_oom };

/* Context: may sleep. Return: 0 or -ENOMEM. */
int kgc_reclaim_init(void)
{
	int err;

	shrinker = shrinker_alloc(0, "kgc");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = heaps_count;
	shrinker->scan_objects = heaps_scan;
	err = kgc_shrinker_register(shrinker, "kgc");
	if (err)
		goto err_shrinker;
	err = register_oom_notifier(&oom_notifier);
	if (err)
		goto err_registered;
	return 0;

err_registered:
	shrinker_free(shrinker);
	return err;
err_shrinker:
	kgc_shrinker_cancel(shrinker);
	return err;
}

/* No heap is left. Context: may sleep. */
void kgc_reclaim_exit(void)
{
	unregister_oom_notifier(&oom_notifier);
	shrinker_free(shrinker);
}
