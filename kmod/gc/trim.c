// SPDX-License-Identifier: GPL-2.0
/*
 * Giving back what a sweep has left over: at once where most of a heap is free, and
 * later, by a timer, where the heap has become idle. The timer is pending only while
 * there is something to give back or the heap allocates.
 */
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>

#include "../alloc/alloc.h"
#include "../alloc/pageheap.h"
#include "heap.h"
#include "pace.h"
#include "request.h"
#include "trim.h"
#include "work.h"

#define SPARES_KEPT	64
#define IDLE_MS		(10 * MSEC_PER_SEC)

/* Bytes that may stay free: 40 % of what is left then, of which 60 % are in use. */
static u64 trim_reserve(const struct kgc_pageheap *ph)
{
	return div_u64(READ_ONCE(ph->inuse) * 4, 6);
}

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
	return max(trim_reserve(ph), kgc_pace_growth(heap));
}

/* Whether more than the reserve is free, by one run of pages at least. */
static bool trim_worth(const struct kgc_pageheap *ph)
{
	return kgc_pageheap_idle(ph) >= trim_reserve(ph) + KGC_LEAST_RUN_BYTES;
}

static void trim_arm(struct kgc_heap *heap)
{
	struct kgc_trim *trim = &heap->trim;

	WRITE_ONCE(trim->charged, kgc_allocator_charged(&heap->alloc));
	if (!READ_ONCE(heap->dying))
		mod_delayed_work(kgc_wq, &trim->timer, msecs_to_jiffies(IDLE_MS));
}

/* Give back what a sweep has left over. Context: the state machine. */
void kgc_trim(struct kgc_heap *heap)
{
	bool worth = false;
	int nid;

	for_each_node(nid) {
		struct kgc_pageheap *ph = &heap->alloc.node[nid]->pages;

		kgc_scavenge_pages(&heap->alloc, ph, trim_keep(heap, ph));
		kgc_pageheap_trim_spares(&heap->alloc, ph, SPARES_KEPT);
		worth |= trim_worth(ph);
	}
	if (worth)
		trim_arm(heap);
}

static void trim_idle(struct kgc_heap *heap)
{
	u64 start = ktime_get_mono_fast_ns();
	int nid;

	for_each_node(nid) {
		struct kgc_pageheap *ph = &heap->alloc.node[nid]->pages;

		if (trim_worth(ph))
			kgc_scavenge_pages(&heap->alloc, ph, trim_reserve(ph));
		kgc_pageheap_trim_spares(&heap->alloc, ph, SPARES_KEPT);
	}
	kgc_work_charge(&heap->work, ktime_get_mono_fast_ns() - start);
}

/*
 * The heap is idle if no cache has taken a span since the timer was set; otherwise the
 * timer is set again. A cycle that is under way sets the timer when it ends.
 */
static void trim_timer(struct work_struct *work)
{
	struct kgc_heap *heap = container_of(to_delayed_work(work), struct kgc_heap,
					     trim.timer);

	kgc_work_woken(&heap->work);
	/* in a heap that is set aside a page may be in use that nothing accounts for */
	if (!kgc_request_idle(&heap->request) || kgc_request_closed(&heap->request))
		return;
	if (kgc_allocator_charged(&heap->alloc) != READ_ONCE(heap->trim.charged))
		trim_arm(heap);
	else
		trim_idle(heap);
}

void kgc_trim_init(struct kgc_heap *heap)
{
	INIT_DELAYED_WORK(&heap->trim.timer, trim_timer);
}

/* The heap is dying, and no cycle can reach its end any more. Context: may sleep. */
void kgc_trim_stop(struct kgc_heap *heap)
{
	cancel_delayed_work_sync(&heap->trim.timer);
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

		bytes += kgc_scavenge_pages(&heap->alloc, ph, 0);
		kgc_pageheap_trim_spares(&heap->alloc, ph, 0);
	}
	return bytes;
}
EXPORT_SYMBOL_GPL(kgc_scavenge);
