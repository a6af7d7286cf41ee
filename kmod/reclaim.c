// SPDX-License-Identifier: GPL-2.0
/*
 * Memory pressure, of the machine or of a cgroup: a shrinker that gives free pages
 * back and then asks for collections, and a report of all heaps when the machine
 * is out of memory, because their pages are in no process's RSS.
 *
 * Both are called in direct reclaim, from whatever an allocation anywhere in
 * the kernel holds. So nothing here allocates, one heap after another is looked up
 * and counted in, and pages are given back under raw spinlocks and outside of them.
 *
 * A collection is asked for. A thread waits for it only where a process would be killed
 * otherwise: for the limit of a cgroup, and when the machine is out of memory. That
 * thread may itself be in the cycle's way, inside a section or with a lock that a
 * section needs. So it waits only while the cycle gets on: not once a section has held
 * the cycle up for 100 ms, and for a second at most, since nothing else is reclaimed
 * meanwhile. After a wait that freed nothing reclaim does not wait for that heap for ten
 * times as long. On behalf of a heap, which asks from inside a section, it never waits.
 *
 * The kernel calls a shrinker for a cgroup only once a list_lru of that shrinker has
 * had something of that cgroup, so each heap has its nodes (struct kgc_node) on
 * one. It moves them to the parent when the cgroup is removed, as the charge is.
 * Who finds a heap there counts himself in, under the list's lock; a heap takes its
 * nodes off before it ends, and waits for those.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/list_lru.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/notifier.h>
#include <linux/oom.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>

#include "alloc/alloc.h"
#include "alloc/charge.h"
#include "compat.h"
#include "gc/heap.h"
#include "gc/record.h"
#include "gc/request.h"
#include "gc/section.h"
#include "reclaim.h"
#include "registry.h"
#include "stats/stats.h"

/* Garbage that is worth a cycle. */
#define WORTH_A_CYCLE	(64UL << 10)
#define CYCLE_PATIENCE	HZ
#define CYCLE_LOOK	(HZ / 20)	/* between looks whether it gets on */
#define SECTION_PATIENCE_MS	100
#define WAITS_APART	10	/* times what a wait without success took */

/* How waits for a cycle have ended. */
enum cycle_wait {
	WAIT_OVER,	/* with the cycle, the heap, or the waiting process */
	WAIT_STUCK,	/* a section held it up */
	WAIT_EXPIRED,	/* after CYCLE_PATIENCE */
	NR_WAITS,
};

static atomic64_t waits[NR_WAITS];

static struct shrinker *shrinker;
static struct list_lru nodes;
static bool nodes_ready;

/*
 * Room on the list for a heap of the cgroup that is charged now. Context: as @gfp.
 * Return: 0 or -ENOMEM.
 */
int kgc_reclaim_prepare(gfp_t gfp)
{
	return kgc_span_room_in_lru(&nodes, gfp);
}

/* Reclaim finds @heap from now on. Context: process context. */
void kgc_reclaim_add(struct kgc_heap *heap)
{
	int nid;

	heap->reclaim.backoff_until = jiffies;
	for_each_node(nid)
		list_lru_add_obj(&nodes, &heap->alloc.node[nid]->reclaim);
}

/* Reclaim finds @heap no more, and ends its waits. Context: @heap is dying. */
void kgc_reclaim_del(struct kgc_heap *heap)
{
	int nid;

	for_each_node(nid)
		list_lru_del_obj(&nodes, &heap->alloc.node[nid]->reclaim);
	kgc_request_wake(heap);
}

static struct kgc_heap *heap_of(struct kgc_node *node)
{
	return container_of(node->owner, struct kgc_heap, alloc);
}

/* Or is about to. */
static bool cycle_runs(struct kgc_heap *heap)
{
	return !kgc_request_idle(&heap->request);
}

/* At most this much has died since the last cycle, or is being collected. */
static u64 garbage_most(struct kgc_heap *heap)
{
	s64 charged = atomic64_read(&heap->alloc.charged);

	/* set aside, or drained: it has no cycles */
	if (kgc_request_closed(&heap->request))
		return 0;
	return max_t(s64, charged, cycle_runs(heap) ? WORTH_A_CYCLE : 0);
}

/* Pages in use on all nodes. */
static u64 pages_in_use(struct kgc_allocator *a)
{
	u64 bytes = 0;
	int nid;

	for_each_node(nid)
		bytes += READ_ONCE(a->node[nid]->pages.inuse);
	return bytes >> PAGE_SHIFT;
}

/*
 * About how much reclaim can have of a node: what no span uses, and of the heap's garbage,
 * which is taken to lie where its pages are, that node's part. Context: any but NMI.
 */
u64 kgc_reclaim_bytes(struct kgc_node *node)
{
	u64 inuse = READ_ONCE(node->pages.inuse) >> PAGE_SHIFT;
	struct kgc_heap *heap = heap_of(node);
	u64 garbage = kgc_records_dead(&heap->records, garbage_most(heap)) >> PAGE_SHIFT;

	garbage = div64_u64(garbage * inuse, pages_in_use(node->owner) ?: 1);
	return kgc_pageheap_idle(&node->pages) + (min(garbage, inuse) << PAGE_SHIFT);
}

/*
 * Give about @want bytes back: runs that are worth it, and where none are left
 * whatever is free. Return: how many it were.
 */
static u64 node_release(struct kgc_node *node, u64 want)
{
	u64 idle = kgc_pageheap_idle(&node->pages);

	/* of many heaps most have nothing, and are not searched for it */
	if (!idle)
		return 0;
	return kgc_scavenge_pages(node->owner, &node->pages,
				    idle - min(idle, want)) ?:
	       kgc_scavenge_pages(node->owner, &node->pages, 0);
}

static u64 heap_release(struct kgc_heap *heap)
{
	u64 bytes = 0;
	int nid;

	for_each_node(nid)
		bytes += node_release(heap->alloc.node[nid], U64_MAX);
	return bytes;
}

/*
 * Have the garbage of @heap collected, unless a cycle is on its way already.
 * Return: the next cycle to end; 0 if none is worth it.
 */
static u64 heap_ask(struct kgc_heap *heap)
{
	if (kgc_request_closed(&heap->request))
		return 0;
	if (cycle_runs(heap))
		return READ_ONCE(heap->request.done) + 1;
	if (garbage_most(heap) < WORTH_A_CYCLE)
		return 0;
	return kgc_request_cycles(heap, 1, KGC_REASON_SHRINK);
}

/**
 * struct cycle_awaited - of the cycles asked for, the one to wait for
 * @heap: its heap, which does not end meanwhile; or NULL
 * @cycle: which
 * @garbage: bytes that it may free at most: no other may free more
 * @joined: it ran when it was asked for, so what died meanwhile is left to the next
 */
struct cycle_awaited {
	struct kgc_heap	*heap;
	u64		cycle;
	u64		garbage;
	bool		joined;
};

static void cycle_awaited_put(struct cycle_awaited *awaited)
{
	if (awaited->heap)
		kgc_registry_put(awaited->heap);
	awaited->heap = NULL;
}

/* Context: @heap cannot end. */
static void heap_ask_and_note(struct kgc_heap *heap, struct cycle_awaited *awaited)
{
	bool joined = cycle_runs(heap);
	u64 garbage = joined ? atomic64_read(&heap->alloc.limit.pages) : garbage_most(heap);
	u64 cycle = heap_ask(heap);

	if (!cycle || garbage <= awaited->garbage ||
	    time_before(jiffies, READ_ONCE(heap->reclaim.backoff_until)))
		return;
	cycle_awaited_put(awaited);
	kgc_registry_get(heap);
	awaited->heap = heap;
	awaited->cycle = cycle;
	awaited->garbage = garbage;
	awaited->joined = joined;
}

static enum cycle_wait cycle_wait(struct kgc_heap *heap, u64 cycle, unsigned long end)
{
	while (time_before(jiffies, end)) {
		if (kgc_sections_stuck(heap, SECTION_PATIENCE_MS))
			return WAIT_STUCK;
		if (kgc_request_wait(heap, cycle,
				     min_t(unsigned long, end - jiffies, CYCLE_LOOK)) ||
		    READ_ONCE(heap->dying) || fatal_signal_pending(current))
			return WAIT_OVER;
	}
	return WAIT_EXPIRED;
}

/* Wait for @heap's cycle until @end. Return: bytes given back after it. */
static u64 cycle_wait_release(struct kgc_heap *heap, u64 cycle, unsigned long end)
{
	if (cycle && time_before(jiffies, end))
		atomic64_inc(&waits[cycle_wait(heap, cycle, end)]);
	return heap_release(heap);
}

/* Waits for cycles so far: all, those that a section and those that time ended. */
void kgc_reclaim_waits(u64 *all, u64 *stuck, u64 *expired)
{
	*stuck = atomic64_read(&waits[WAIT_STUCK]);
	*expired = atomic64_read(&waits[WAIT_EXPIRED]);
	*all = *stuck + *expired + atomic64_read(&waits[WAIT_OVER]);
}

/* Context: may sleep. Return: bytes that the heap has given back, to whomever. */
static u64 cycle_await(const struct cycle_awaited *awaited, unsigned long end)
{
	struct kgc_heap *heap = awaited->heap;
	s64 held = atomic64_read(&heap->alloc.limit.pages), now;
	unsigned long start = jiffies, until;
	u64 freed;

	freed = cycle_wait_release(heap, awaited->cycle, end);
	if (!freed && awaited->joined)
		freed = cycle_wait_release(heap, heap_ask(heap), end);
	/* or a concurrent reclaimer did */
	now = atomic64_read(&heap->alloc.limit.pages);
	freed = max_t(u64, freed, now < held ? held - now : 0);
	if (freed || fatal_signal_pending(current))
		return freed;
	until = jiffies + WAITS_APART * (jiffies - start) + 1;
	if (time_after(until, READ_ONCE(heap->reclaim.backoff_until)))
		WRITE_ONCE(heap->reclaim.backoff_until, until);
	return 0;
}

static enum lru_status node_count(struct list_head *item, struct list_lru_one *list,
				  KGC_LRU_LOCK_ARG void *bytes)
{
	*(u64 *)bytes += kgc_reclaim_bytes(container_of(item, struct kgc_node, reclaim));
	return LRU_SKIP;
}

static unsigned long nodes_count(struct shrinker *s, struct shrink_control *sc)
{
	unsigned long all = ULONG_MAX;
	u64 bytes = 0;

	/* pairs with kgc_reclaim_init() */
	if (!smp_load_acquire(&nodes_ready))
		return 0;
	if (!list_lru_shrink_count(&nodes, sc))
		return SHRINK_EMPTY;
	list_lru_walk_one(&nodes, sc->nid, sc->memcg, node_count, &bytes, &all);
	return bytes >> PAGE_SHIFT;
}

static enum lru_status node_take(struct list_head *item, struct list_lru_one *list,
				 KGC_LRU_LOCK_ARG void *data)
{
	struct kgc_node *node = container_of(item, struct kgc_node, reclaim);

	kgc_registry_get(heap_of(node));
	*(struct kgc_node **)data = node;
	return LRU_ROTATE;
}

/*
 * The one whose turn it is, and last from now on; NULL if there is none.
 * kgc_registry_put() when done with it.
 */
static struct kgc_node *whose_turn(const struct shrink_control *sc)
{
	struct kgc_node *node = NULL;
	unsigned long one = 1;

	list_lru_walk_one(&nodes, sc->nid, sc->memcg, node_take, &node, &one);
	return node;
}

/* Return: bytes given back. */
static u64 nodes_release(const struct shrink_control *sc, u64 want)
{
	unsigned long n = list_lru_count_one(&nodes, sc->nid, sc->memcg);
	struct kgc_node *node;
	u64 freed = 0;

	for (; n && freed < want; n--) {
		node = whose_turn(sc);
		if (!node)
			break;
		freed += node_release(node, want - freed);
		kgc_registry_put(heap_of(node));
	}
	return freed;
}

static void nodes_ask(const struct shrink_control *sc, struct cycle_awaited *awaited)
{
	unsigned long n = list_lru_count_one(&nodes, sc->nid, sc->memcg);
	struct kgc_node *node;

	for (; n; n--) {
		node = whose_turn(sc);
		if (!node)
			break;
		heap_ask_and_note(heap_of(node), awaited);
		kgc_registry_put(heap_of(node));
	}
}

/*
 * Whether the allocation that reclaims could invoke a cgroup's OOM killer, and may wait.
 * Larger orders than the costly one fail instead.
 */
static bool may_wait(const struct shrink_control *sc)
{
	const gfp_t must = __GFP_DIRECT_RECLAIM | __GFP_IO | __GFP_FS;
	const gfp_t may_fail = __GFP_NORETRY | __GFP_RETRY_MAYFAIL;

	return (sc->gfp_mask & (must | may_fail)) == must &&
	       !(current->flags & PF_KTHREAD) && !kgc_charge_active() &&
	       kgc_memcg_full(sc->memcg, 1UL << PAGE_ALLOC_COSTLY_ORDER);
}

/*
 * Free pages come first. When there are none, collections are on their way, and
 * one is waited for or reclaim is told to look elsewhere meanwhile.
 */
static unsigned long nodes_scan(struct shrinker *s, struct shrink_control *sc)
{
	u64 want = (u64)sc->nr_to_scan << PAGE_SHIFT, freed;
	struct cycle_awaited awaited = { };

	/* pairs with kgc_reclaim_init() */
	if (!smp_load_acquire(&nodes_ready))
		return SHRINK_STOP;
	freed = nodes_release(sc, want);
	if (freed < want)
		nodes_ask(sc, &awaited);
	if (!freed && awaited.heap && may_wait(sc))
		freed = cycle_await(&awaited, jiffies + CYCLE_PATIENCE);
	cycle_awaited_put(&awaited);
	return freed >> PAGE_SHIFT ?: SHRINK_STOP;
}

static void heap_report(struct kgc_heap *heap)
{
	struct kgc_stats st = { .size = sizeof(st) };

	kgc_stats_heap(heap, &st);
	pr_info("heap %u %s: held %llu kB, in spans %llu kB, objects %llu in %llu kB, metadata %llu kB, cycles %llu\n",
		heap->id, heap->name, st.heap_sys >> 10, st.heap_inuse >> 10,
		st.heap_objects, st.heap_alloc >> 10, st.meta_sys >> 10,
		st.num_gc);
}

/* A line for each that matters, at most 32 of them: which hold that part of it all. */
static void heaps_report(u64 total)
{
	struct kgc_heap *heap;
	unsigned int few = 0;
	u64 bytes = 0, sys;

	kgc_registry_for_each(heap) {
		sys = atomic64_read(&heap->alloc.limit.pages);
		if (sys >= total / 32) {
			heap_report(heap);
			continue;
		}
		few++;
		bytes += sys;
	}
	if (few)
		pr_info("%u smaller heaps hold %llu kB\n", few, bytes >> 10);
}

/* Give what is free, have garbage collected, and note what to wait for. Return: bytes. */
static u64 heaps_release(struct cycle_awaited *awaited)
{
	struct kgc_heap *heap;
	u64 freed = 0;

	kgc_registry_for_each(heap) {
		freed += heap_release(heap);
		heap_ask_and_note(heap, awaited);
	}
	return freed;
}

/*
 * The machine is out of memory: say what is ours, and give what is free. Where
 * nothing is, cycles are waited for, one after the other, that of most garbage first.
 */
static int heaps_oom(struct notifier_block *nb, unsigned long unused, void *pages)
{
	/* an allocation that may not kill comes back again and again */
	static struct ratelimit_state limit =
		RATELIMIT_STATE_INIT_FLAGS(limit, 5 * HZ, 1, RATELIMIT_MSG_ON_RELEASE);
	unsigned long end = jiffies + CYCLE_PATIENCE, *others = pages;
	u64 total = kgc_limit_total_pages(), freed;

	if (!total)
		return NOTIFY_OK;
	if (__ratelimit(&limit)) {
		pr_info("all heaps hold %llu kB\n", total >> 10);
		heaps_report(total);
	}
	do {
		struct cycle_awaited awaited = { };
		bool wait;

		freed = heaps_release(&awaited);
		wait = !freed && !*others && awaited.heap;
		if (wait)
			freed = cycle_await(&awaited, end);
		cycle_awaited_put(&awaited);
		if (!wait)
			break;
	} while (!freed && time_before(jiffies, end) && !fatal_signal_pending(current));
	if (freed)
		*others += freed >> PAGE_SHIFT;
	return NOTIFY_OK;
}

static struct notifier_block oom_notifier = { .notifier_call = heaps_oom };

/* Context: may sleep. Return: 0 or -ENOMEM. */
int kgc_reclaim_init(void)
{
	int err;

	shrinker = shrinker_alloc(SHRINKER_MEMCG_AWARE | SHRINKER_NUMA_AWARE, "kgc");
	if (!shrinker)
		return -ENOMEM;
	shrinker->count_objects = nodes_count;
	shrinker->scan_objects = nodes_scan;
	err = kgc_shrinker_register(shrinker, "kgc");
	if (err)
		goto err_shrinker;
	/* by its number, which up to 6.6 it has only now */
	err = list_lru_init_memcg(&nodes, shrinker);
	if (err)
		goto err_registered;
	/* pairs with nodes_count() and nodes_scan() */
	smp_store_release(&nodes_ready, true);
	err = register_oom_notifier(&oom_notifier);
	if (err)
		goto err_nodes;
	return 0;

err_nodes:
	shrinker_free(shrinker);
	list_lru_destroy(&nodes);
	return err;
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
	list_lru_destroy(&nodes);
}
