// SPDX-License-Identifier: GPL-2.0
/*
 * Memory pressure of the machine or of a cgroup. A shrinker gives free pages back, and
 * then asks for collections. An OOM notifier does the same for all heaps, and logs what
 * they hold, because their pages are in no process's RSS.
 *
 * Any allocation in the kernel that reclaims calls these, whatever locks its caller
 * holds. So this file allocates no memory. It gets one heap at a time, takes pages off it
 * under raw spinlocks, and frees them without a lock.
 *
 * Reclaim asks for a cycle but seldom waits for it. A thread waits only if the OOM
 * killer would otherwise kill a process: at the limit of a cgroup, or when the machine is
 * out of memory. That thread may itself block the cycle, because it is inside a section
 * or holds a lock that a section needs. So it stops waiting once a section has blocked
 * the cycle for 100 ms, and after one second in any case, because it reclaims nothing
 * more meanwhile. After a wait that freed nothing, reclaim does not wait for that heap for
 * ten times as long as the wait took. An allocation by a heap, which happens inside a
 * section, never waits.
 *
 * The kernel calls a shrinker for a cgroup only if a list_lru of that shrinker has held
 * an item of that cgroup, so each heap has its nodes (struct kgc_node) on one. When the
 * cgroup is removed, the kernel moves them to the parent, like the charge. A thread that
 * finds a heap on the list counts itself in under the list's lock. A heap that ends
 * takes its nodes off the list, then waits for the threads that are counted.
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

/* Least bytes of garbage for which reclaim asks for a cycle. */
#define MIN_GARBAGE	(64UL << 10)
#define CYCLE_TIMEOUT	HZ
#define CYCLE_POLL	(HZ / 20)	/* between checks */
#define SECTION_TIMEOUT_MS	100
#define WAIT_BACKOFF	10	/* backoff, in lengths of the wait that freed nothing */

/* Why a wait for a cycle ended. */
enum cycle_wait {
	WAIT_OVER,	/* the cycle is over, the heap ends, or the waiter is killed */
	WAIT_STUCK,	/* a section blocks the cycle */
	WAIT_EXPIRED,	/* CYCLE_TIMEOUT has passed */
	NR_WAITS,
};

static atomic64_t waits[NR_WAITS];

static struct shrinker *shrinker;
static struct list_lru nodes;
static bool nodes_ready;

/*
 * Make room on the list for a heap of the cgroup that is charged now. Context: as @gfp
 * says. Return: 0 or -ENOMEM.
 */
int kgc_reclaim_prepare(gfp_t gfp)
{
	return kgc_span_room_in_lru(&nodes, gfp);
}

/* Let reclaim find @heap. Context: process context. */
void kgc_reclaim_add(struct kgc_heap *heap)
{
	int nid;

	heap->reclaim.backoff_until = jiffies;
	for_each_node(nid)
		list_lru_add_obj(&nodes, &heap->alloc.node[nid]->reclaim);
}

/* Let reclaim find @heap no more, and end its waits. Context: @heap is dying. */
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

/* Whether a cycle runs or is about to. */
static bool cycle_runs(struct kgc_heap *heap)
{
	return !kgc_request_idle(&heap->request);
}

/* Upper bound on the bytes that died since the last cycle or are being collected. */
static u64 garbage_max(struct kgc_heap *heap)
{
	s64 charged = atomic64_read(&heap->alloc.charged);

	/* a heap that is set aside or drained has no more cycles */
	if (kgc_request_closed(&heap->request))
		return 0;
	return max_t(s64, charged, cycle_runs(heap) ? MIN_GARBAGE : 0);
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
 * Estimate how many bytes reclaim can get from a node: its free pages, and its part of
 * the heap's garbage. The estimate spreads the garbage over the nodes in proportion to
 * their pages in use. Context: any but NMI.
 */
u64 kgc_reclaim_bytes(struct kgc_node *node)
{
	u64 inuse = READ_ONCE(node->pages.inuse) >> PAGE_SHIFT;
	struct kgc_heap *heap = heap_of(node);
	u64 garbage = kgc_records_dead(&heap->records, garbage_max(heap)) >> PAGE_SHIFT;

	garbage = div64_u64(garbage * inuse, pages_in_use(node->owner) ?: 1);
	return kgc_pageheap_idle(&node->pages) + (min(garbage, inuse) << PAGE_SHIFT);
}

/*
 * Give about @want bytes back: long runs of pages, or any free page if there is no long
 * run. Return: bytes given back.
 */
static u64 node_release(struct kgc_node *node, u64 want)
{
	u64 idle = kgc_pageheap_idle(&node->pages);

	/* if there are many heaps most have no free page: do not search those */
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
 * Ask for a cycle of @heap if its garbage is worth one and no cycle runs already.
 * Return: number of the next cycle to end; 0 if there is none.
 */
static u64 heap_ask(struct kgc_heap *heap)
{
	if (kgc_request_closed(&heap->request))
		return 0;
	if (cycle_runs(heap))
		return READ_ONCE(heap->request.done) + 1;
	if (garbage_max(heap) < MIN_GARBAGE)
		return 0;
	return kgc_request_cycles(heap, 1, KGC_REASON_SHRINK);
}

/**
 * struct cycle_awaited - of the cycles that reclaim asked for, the one to wait for
 * @heap: its heap, counted so that it does not end; or NULL
 * @cycle: number of the cycle
 * @garbage: bytes that the cycle may free at most; the highest of all candidates
 * @joined: the cycle ran before it was asked for, so it may miss what died since it began
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

/*
 * Ask for a cycle of @heap. Keep it in @awaited if it may free more than the one there.
 * Context: @heap cannot end.
 */
static void heap_ask_and_note(struct kgc_heap *heap, struct cycle_awaited *awaited)
{
	bool joined = cycle_runs(heap);
	u64 garbage = joined ? atomic64_read(&heap->alloc.limit.pages) : garbage_max(heap);
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
		if (kgc_sections_stuck(heap, SECTION_TIMEOUT_MS))
			return WAIT_STUCK;
		if (kgc_request_wait(heap, cycle,
				     min_t(unsigned long, end - jiffies, CYCLE_POLL)) ||
		    READ_ONCE(heap->dying) || fatal_signal_pending(current))
			return WAIT_OVER;
	}
	return WAIT_EXPIRED;
}

/* Wait for @heap's cycle until @end, then give pages back. Return: bytes given back. */
static u64 cycle_wait_release(struct kgc_heap *heap, u64 cycle, unsigned long end)
{
	if (cycle && time_before(jiffies, end))
		atomic64_inc(&waits[cycle_wait(heap, cycle, end)]);
	return heap_release(heap);
}

/* Count the waits for cycles so far: all, those ended by a section, and by a timeout. */
void kgc_reclaim_waits(u64 *all, u64 *stuck, u64 *expired)
{
	*stuck = atomic64_read(&waits[WAIT_STUCK]);
	*expired = atomic64_read(&waits[WAIT_EXPIRED]);
	*all = *stuck + *expired + atomic64_read(&waits[WAIT_OVER]);
}

/*
 * Wait for the cycle until @end. Context: may sleep. Return: bytes that the heap gave back,
 * including what concurrent reclaimers got.
 */
static u64 cycle_await(const struct cycle_awaited *awaited, unsigned long end)
{
	struct kgc_heap *heap = awaited->heap;
	s64 held = atomic64_read(&heap->alloc.limit.pages), now;
	unsigned long start = jiffies, until;
	u64 freed;

	freed = cycle_wait_release(heap, awaited->cycle, end);
	if (!freed && awaited->joined)
		freed = cycle_wait_release(heap, heap_ask(heap), end);
	/* count what a concurrent reclaimer took as well */
	now = atomic64_read(&heap->alloc.limit.pages);
	freed = max_t(u64, freed, now < held ? held - now : 0);
	if (freed || fatal_signal_pending(current))
		return freed;
	until = jiffies + WAIT_BACKOFF * (jiffies - start) + 1;
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
 * Take turns: get the first node on the list, which then becomes the last. The caller
 * calls kgc_registry_put() on its heap. Return: NULL if the list is empty.
 */
static struct kgc_node *lru_next(const struct shrink_control *sc)
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
		node = lru_next(sc);
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
		node = lru_next(sc);
		if (!node)
			break;
		heap_ask_and_note(heap_of(node), awaited);
		kgc_registry_put(heap_of(node));
	}
}

/*
 * Whether reclaim may wait: the allocation that reclaims could invoke the OOM killer of a
 * cgroup. An allocation above the costly order fails instead of invoking it.
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
 * Give free pages back, and ask for collections if these are too few. If there is no free
 * page, wait for one of the cycles, or tell the kernel to reclaim elsewhere meanwhile.
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
		freed = cycle_await(&awaited, jiffies + CYCLE_TIMEOUT);
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

/* Log one line for each heap that holds at least 1/32 of @total, and one for the rest. */
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

/* Give free pages of all heaps back, and ask for cycles. Return: bytes given back. */
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
 * The machine is out of memory: log what the heaps hold, and give free pages back. If
 * there are none, wait for one cycle after another, the one with most garbage first.
 */
static int heaps_oom(struct notifier_block *nb, unsigned long unused, void *pages)
{
	/* the kernel retries where it may not kill a task, and each retry calls this */
	static struct ratelimit_state limit =
		RATELIMIT_STATE_INIT_FLAGS(limit, 5 * HZ, 1, RATELIMIT_MSG_ON_RELEASE);
	unsigned long end = jiffies + CYCLE_TIMEOUT, *others = pages;
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
	/* after the registration, which gives the shrinker its id in kernels up to 6.6 */
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
