// SPDX-License-Identifier: GPL-2.0
/*
 * The counters of a heap, gathered from its parts for a reader.
 */
#include <linux/ktime.h>
#include <linux/math64.h>

#include "../alloc/pageheap.h"
#include "../alloc/span.h"
#include "../alloc/steps.h"
#include "../alloc/totals.h"
#include "../compat.h"
#include "../gc/finalize.h"
#include "../gc/handle.h"
#include "../gc/heap.h"
#include "../gc/phase.h"
#include "../gc/record.h"
#include "stats.h"

static void alloc_stats(struct kgc_heap *heap, struct kgc_stats *st)
{
	struct kgc_objects sum;

	kgc_totals_objects(&heap->alloc, &sum);
	st->mallocs = sum.mallocs;
	st->frees = sum.frees;
	st->heap_objects = sum.mallocs - sum.frees;
	st->total_alloc = sum.bytes;
	st->heap_alloc = sum.bytes - sum.freed_bytes;
}

/**
 * kgc_stats_meta() - bytes of metadata that a heap takes in addition to its pages
 * @heap: the heap
 * @bytes: receives the bytes by kind, enum kgc_meta
 *
 * The counts include neither inner nodes of the index of finalizers, nor bytes that the
 * kernel's allocators add when they round a size up.
 *
 * Context: any.
 * Return: the sum of all kinds.
 */
u64 kgc_stats_meta(struct kgc_heap *heap, u64 bytes[KGC_NR_META])
{
	unsigned int i;
	u64 sum = 0;

	for (i = 0; i < KGC_NR_META; i++) {
		bytes[i] = atomic64_read(&heap->alloc.limit.meta[i]);
		sum += bytes[i];
	}
	return sum;
}

/* Bytes of structures that the page heap keeps for spans to come. */
static u64 spare_bytes(struct kgc_pageheap *ph)
{
	u64 bytes = 0;
	unsigned int i;

	guard(raw_spinlock_irq)(&ph->lock);
	for (i = 0; i < KGC_NR_SPAN_SIZES; i++)
		bytes += (u64)ph->nr_spare[i] *
			 (kgc_span_bytes(i) - kgc_span_bitmap_bytes(i));
	return bytes;
}

/* Group the metadata of a heap as Go's MemStats does. Context: process context. */
void kgc_stats_memory(struct kgc_heap *heap, struct kgc_memory *memory)
{
	u64 meta[KGC_NR_META], sum = kgc_stats_meta(heap, meta), spare = 0;
	int nid;

	for_each_node(nid)
		spare += spare_bytes(&heap->alloc.node[nid]->pages);
	memory->mspan_sys = meta[KGC_META_SPANS];
	/* the counters may change between the two reads */
	memory->mspan_inuse = memory->mspan_sys - min(memory->mspan_sys, spare);
	memory->mcache_sys = meta[KGC_META_CACHES];
	memory->gc_sys = meta[KGC_META_BITMAPS] + meta[KGC_META_GREY];
	memory->other_sys = sum - memory->mspan_sys - memory->mcache_sys - memory->gc_sys;
}

static void refused_stats(const struct kgc_refused *refused, struct kgc_stats *st)
{
	BUILD_BUG_ON(ARRAY_SIZE(st->refused) < KGC_NR_REFUSALS);
	st->refused[KGC_REFUSAL_LIMIT] = atomic64_read(&refused->by_limit);
	st->refused[KGC_REFUSAL_CAP] = atomic64_read(&refused->by_cap);
	st->refused[KGC_REFUSAL_MEMORY] = atomic64_read(&refused->by_memory);
}

static void page_stats(struct kgc_heap *heap, struct kgc_stats *st)
{
	u64 meta[KGC_NR_META];
	int nid;

	for_each_node(nid) {
		struct kgc_pageheap *ph = &heap->alloc.node[nid]->pages;

		guard(raw_spinlock_irq)(&ph->lock);
		st->heap_sys += ph->sys;
		st->heap_inuse += ph->inuse;
		st->heap_released += ph->released;
	}
	st->heap_idle = st->heap_sys - st->heap_inuse;
	st->longest_step_ns = kgc_steps_longest(&heap->alloc.steps);
	st->meta_sys = kgc_stats_meta(heap, meta);
	st->held = atomic64_read(&heap->alloc.limit.held);
}

static void cycle_stats(struct kgc_heap *heap, struct kgc_stats *st)
{
	struct kgc_cycle_record last;
	struct kgc_record_sums sums;
	unsigned int i;
	u64 age;

	BUILD_BUG_ON(ARRAY_SIZE(st->gc_reason) < KGC_NR_REASONS);
	kgc_records_last(&heap->records, &sums, &last);
	st->num_gc = sums.nr;
	for (i = 0; i < KGC_NR_REASONS; i++)
		st->gc_reason[i] = sums.by_reason[i];
	st->num_forced_gc = sums.by_reason[KGC_REASON_REQUEST];
	st->live_bytes = last.live_bytes;
	st->live_objects = last.live_objects;
	st->mark_rounds = sums.rounds;
	st->mark_rounds_max = sums.rounds_max;
	st->mark_ns = last.mark_us * NSEC_PER_USEC;
	st->cycle_ns = (last.arm_us + last.start_us + last.mark_us +
			last.settle_us + last.sweep_us) * NSEC_PER_USEC;
	st->last_gc_ns = sums.nr ? last.at_us * NSEC_PER_USEC + st->cycle_ns : 0;
	st->gc_cpu_ns = atomic64_read(&heap->work.cpu_ns);
	st->gc_waiter_ns = atomic64_read(&heap->work.waiter_ns);
	st->gc_mutator_ns = atomic64_read(&heap->work.mutator_ns);
	st->short_cycles = READ_ONCE(heap->share.short_cycles);
	st->expedited = READ_ONCE(heap->share.expedited);
	st->expedite_refused = READ_ONCE(heap->share.refused);
	age = (ktime_get_ns() - heap->created_ns) * num_online_cpus();
	st->gc_cpu_permille = div64_u64(st->gc_cpu_ns, div_u64(age, 1000) ?: 1);
	st->next_gc = READ_ONCE(heap->pace.pacer.goal);
	st->phase = kgc_phase_now(heap);
}

/* Fill in everything except @stats->size, which is kept. Context: process context. */
void kgc_stats_heap(struct kgc_heap *heap, struct kgc_stats *stats)
{
	u32 size = stats->size;

	memset(stats, 0, sizeof(*stats));
	stats->size = size;
	alloc_stats(heap, stats);
	page_stats(heap, stats);
	refused_stats(&heap->alloc.limit.refused, stats);
	cycle_stats(heap, stats);
	stats->handles = READ_ONCE(heap->handles.open) +
			 READ_ONCE(heap->weaks.open);
	stats->types = READ_ONCE(heap->types.nr);
}

/*
 * Fill in only what a line of kgc/heaps in debugfs needs: objects, their bytes, bytes of
 * pages held, cycles and phase. Context: process context.
 */
void kgc_stats_line(struct kgc_heap *heap, struct kgc_stats *stats)
{
	struct kgc_cycle_record last;
	struct kgc_record_sums sums;

	alloc_stats(heap, stats);
	stats->heap_sys = atomic64_read(&heap->alloc.limit.pages);
	kgc_records_last(&heap->records, &sums, &last);
	stats->num_gc = sums.nr;
	stats->phase = kgc_phase_now(heap);
}

/**
 * kgc_heap_objects() - count objects that are allocated and not yet found dead
 * @heap: the heap
 *
 * The number is exact if no allocation and no cycle runs meanwhile.
 *
 * Context: process context.
 * Return: the number of objects.
 */
u64 kgc_heap_objects(struct kgc_heap *heap)
{
	struct kgc_stats st = { };

	alloc_stats(heap, &st);
	return st.heap_objects;
}
EXPORT_SYMBOL_GPL(kgc_heap_objects);
