// SPDX-License-Identifier: GPL-2.0
/*
 * Give back the memory that a sweep has left free: at once where most of a heap is
 * free, otherwise by a timer once the heap has become idle. The timer is pending only
 * while there is something to give back, or while the heap allocates.
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

/* Bytes that may stay free: 40 % of the memory kept, so that 60 % of it is in use. */
static u64 trim_reserve(const struct kgc_pageheap *ph)
{
	return div_u64(READ_ONCE(ph->inuse) * 4, 6);
}

/*
 * Bytes that stay free after a sweep. While at most 70 % are free, all of them stay.
 * Otherwise 40 % stay; the JVM calls these two bounds of a hysteresis MaxHeapFreeRatio
 * and MinHeapFreeRatio. More stays if the heap is likely to allocate more within a
 * second and before the next cycle. With KGC_SCAVENGE_NOW nothing stays.
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

/* Whether the free memory exceeds the reserve by at least one run worth giving back. */
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

/* Give back what a sweep has left free. Context: the state machine. */
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
 * The heap is idle if since the timer was set no cache has taken a span and no large
 * object was allocated. Otherwise set the timer again. A cycle that is under way sets
 * the timer itself when it ends, if there is something to give back.
 */
static void trim_timer(struct work_struct *work)
{
	struct kgc_heap *heap = container_of(to_delayed_work(work), struct kgc_heap,
					     trim.timer);

	kgc_work_woken(&heap->work);
	/* a heap that is set aside may be damaged: pages that seem free may be in use */
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
		kgc_pageheap_trim_spares(&heap->alloc, ph, 0);
	}
	return bytes;
}
EXPORT_SYMBOL_GPL(kgc_scavenge);
