// SPDX-License-Identifier: GPL-2.0
/*
 * Give back the memory that a sweep has left free. If most of a heap is free, the end of
 * the cycle gives memory back. Otherwise a timer does, once the heap has become idle. The
 * timer is pending only while there is something to give back, or while the heap allocates.
 *
 * A large heap may have gigabytes to give back, and as many structures of spans as heap
 * pages. So memory goes back in pieces. The end of a cycle gives one piece back, because
 * threads wait for that end. The timer's work item gives the others back, one each time,
 * while the share has CPU time left.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>

#include "../alloc/alloc.h"
#include "../alloc/pageheap.h"
#include "heap.h"
#include "pace.h"
#include "request.h"
#include "share.h"
#include "trim.h"
#include "work.h"

#define SPARES_KEPT	64
#define IDLE_MS		(10 * MSEC_PER_SEC)
#define PIECE_BYTES	(16UL << 20)
#define PIECE_SPARES	(PIECE_BYTES / KGC_PAGE_SIZE)
#define PAUSE_MS	10	/* between two pieces */
#define RETRY_MS	MSEC_PER_SEC	/* if the share has no CPU time left */

/* Bytes that may stay free: 40 % of the memory kept, so that 60 % of it is in use. */
static u64 trim_reserve(const struct kgc_pageheap *ph)
{
	return div_u64(READ_ONCE(ph->inuse) * 4, 6);
}

/* Whether the free memory exceeds the reserve by at least one run worth giving back. */
static bool trim_worth(const struct kgc_pageheap *ph)
{
	return kgc_pageheap_idle(ph) >= trim_reserve(ph) + KGC_MIN_RUN_BYTES;
}

/*
 * Bytes that stay free after a sweep. While at most 70 % are free, all of them stay.
 * Otherwise 40 % stay; the JVM calls these two bounds of a hysteresis MaxHeapFreeRatio
 * and MinHeapFreeRatio. Once a node has @begun to give back, only the second bound counts.
 * More stays if the heap is likely to allocate more within a second and before the next
 * cycle. With KGC_SCAVENGE_NOW nothing stays.
 */
static u64 trim_keep(struct kgc_heap *heap, struct kgc_pageheap *ph, bool begun)
{
	u64 idle = kgc_pageheap_idle(ph), inuse = READ_ONCE(ph->inuse);

	if (READ_ONCE(heap->opt.scavenge) == KGC_SCAVENGE_NOW)
		return 0;
	if (!begun && idle * 3 <= inuse * 7)
		return U64_MAX;
	return max(trim_reserve(ph), kgc_pace_growth(heap));
}

/*
 * Give back up to @most bytes of node @nid, and some structures of spans. Return: bytes
 * given back; @most or more if more may be left.
 */
static size_t trim_node(struct kgc_heap *heap, int nid, bool idle, size_t most)
{
	struct kgc_pageheap *ph = &heap->alloc.node[nid]->pages;
	nodemask_t *begun = &heap->trim.begun;
	size_t bytes = 0;

	if (!idle)
		bytes = kgc_scavenge_some(&heap->alloc, ph,
					  trim_keep(heap, ph, node_isset(nid, *begun)), most);
	else if (trim_worth(ph))
		bytes = kgc_scavenge_some(&heap->alloc, ph, trim_reserve(ph), most);
	/* the next piece goes on down to the lower of the two bounds */
	if (bytes >= most)
		node_set(nid, *begun);
	else
		node_clear(nid, *begun);
	if (kgc_pageheap_trim_spares(&heap->alloc, ph, SPARES_KEPT, PIECE_SPARES))
		bytes = max(bytes, most);
	return bytes;
}

/* Give one piece back. Return: whether more may be left to give back. */
static bool trim_piece(struct kgc_heap *heap, bool idle)
{
	size_t left = PIECE_BYTES, bytes;
	int nid;

	for_each_node(nid) {
		bytes = trim_node(heap, nid, idle, left);
		if (bytes >= left)
			return true;
		left -= bytes;
	}
	return false;
}

/* Have the timer do @what in @ms. Context: the state machine, or the timer. */
static void trim_arm(struct kgc_heap *heap, enum kgc_trim_timer what, unsigned int ms)
{
	struct kgc_trim *trim = &heap->trim;

	WRITE_ONCE(trim->what, what);
	WRITE_ONCE(trim->charged, kgc_allocator_charged(&heap->alloc));
	if (!READ_ONCE(heap->dying))
		mod_delayed_work(kgc_wq, &trim->timer, msecs_to_jiffies(ms));
}

/* The timer sets itself again, unless the end of a cycle has set it meanwhile. */
static void trim_rearm(struct kgc_heap *heap, enum kgc_trim_timer what, unsigned int ms)
{
	if (!delayed_work_pending(&heap->trim.timer))
		trim_arm(heap, what, ms);
}

/* Set the timer if the heap would give something back once it is idle. */
static void trim_arm_idle(struct kgc_heap *heap)
{
	bool worth = false;
	int nid;

	for_each_node(nid)
		worth |= trim_worth(&heap->alloc.node[nid]->pages);
	if (worth)
		trim_arm(heap, KGC_TRIM_WHEN_IDLE, IDLE_MS);
}

/*
 * Give back a piece of what a sweep has left free. Context: the state machine. Return:
 * whether more may be left.
 */
bool kgc_trim_some(struct kgc_heap *heap)
{
	return trim_piece(heap, false);
}

/*
 * The cycle counts as complete: have the timer give the rest back, if there is @more, or
 * look whether the heap becomes idle. Not earlier, because the timer leaves a heap alone
 * while a cycle is under way. Context: the state machine.
 */
void kgc_trim_later(struct kgc_heap *heap, bool more)
{
	if (more)
		trim_arm(heap, KGC_TRIM_REST, PAUSE_MS);
	else
		trim_arm_idle(heap);
}

/* Give one more piece back if the share has CPU time left, and set the timer again. */
static void trim_go_on(struct kgc_heap *heap, enum kgc_trim_timer what)
{
	struct kgc_lap lap = kgc_work_lap();
	s64 left_ns = 0;
	bool more;
	u64 ns;

	if (!kgc_share_slice(heap, &left_ns)) {
		trim_rearm(heap, what, RETRY_MS);
		return;
	}
	more = trim_piece(heap, what == KGC_TRIM_WHEN_IDLE);
	ns = kgc_work_lap_ns(lap);
	kgc_work_charge(&heap->work, ns);
	left_ns -= ns;
	kgc_share_put_slice(heap, left_ns);
	if (more)
		trim_rearm(heap, what, PAUSE_MS);
	else if (what == KGC_TRIM_REST && !delayed_work_pending(&heap->trim.timer))
		trim_arm_idle(heap);
}

/*
 * The heap is idle if since the timer was set no cache has taken a span and no large
 * object was allocated. Otherwise set the timer again. A cycle that is under way sets
 * the timer itself when it ends, if there is something to give back.
 */
static void trim_timer(struct work_struct *work)
{
	struct kgc_heap *heap = container_of(to_delayed_work(work), struct kgc_heap,
					     trim.timer);
	enum kgc_trim_timer what = READ_ONCE(heap->trim.what);

	kgc_work_woken(&heap->work);
	/* a heap that is set aside may be damaged: pages that seem free may be in use */
	if (!kgc_request_idle(&heap->request) || kgc_request_closed(&heap->request))
		return;
	if (what == KGC_TRIM_REST ||
	    kgc_allocator_charged(&heap->alloc) == READ_ONCE(heap->trim.charged))
		trim_go_on(heap, what);
	else
		trim_rearm(heap, KGC_TRIM_WHEN_IDLE, IDLE_MS);
}

void kgc_trim_init(struct kgc_heap *heap)
{
	INIT_DELAYED_WORK(&heap->trim.timer, trim_timer);
}

/* Context: the heap is dying, and no cycle can end any more; may sleep. */
void kgc_trim_stop(struct kgc_heap *heap)
{
	cancel_delayed_work_sync(&heap->trim.timer);
}

/**
 * kgc_scavenge() - give all free memory of a heap back to the kernel
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

		bytes += kgc_scavenge_pages(&heap->alloc, ph, 0);
		kgc_pageheap_trim_spares(&heap->alloc, ph, 0, UINT_MAX);
	}
	return bytes;
}
EXPORT_SYMBOL_GPL(kgc_scavenge);
