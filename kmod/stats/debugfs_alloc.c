// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics of the allocator in debugfs.
 *
 *	kgc/classes		the size classes, one line each
 *	kgc/heap<ID>/classes	the span classes that one heap has used, one line each
 *	kgc/heap<ID>/meta	its metadata by kind, in bytes
 *	kgc/heap<ID>/pageheap	its page heaps, one line per node
 *	kgc/heap<ID>/pages	arenas and free runs of pages, by size
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "../alloc/survey.h"
#include "../alloc/totals.h"
#include "../compat.h"
#include "../gc/heap.h"
#include "../reclaim.h"
#include "debugfs.h"
#include "stats.h"

/* Bytes of a span that are lost if every object has the smallest size of the class. */
static u32 worst_waste(unsigned int class)
{
	const struct kgc_class *c = &kgc_classes[class];

	return c->npages * KGC_PAGE_SIZE -
	       c->nelems * (kgc_classes[class - 1].size + 1);
}

static int table_show(struct seq_file *m, void *v)
{
	unsigned int class;

	seq_puts(m, "class slot_bytes span_bytes objects_per_span tail_bytes worst_waste_permille\n");
	for (class = 1; class < KGC_NR_CLASSES; class++) {
		const struct kgc_class *c = &kgc_classes[class];
		u32 bytes = c->npages * KGC_PAGE_SIZE;

		seq_printf(m, "%u %u %u %u %u %u\n", class, c->size, bytes,
			   c->nelems, bytes - c->nelems * c->size,
			   worst_waste(class) * 1000 / bytes);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(table);

/*
 * Sum up over all spans of a class. @tail receives the bytes behind the last slots, and
 * @idle the bytes in free slots.
 */
static void class_waste(unsigned int class, const struct kgc_class_stats *st,
			u64 *tail, u64 *idle)
{
	const struct kgc_class *c = &kgc_classes[class];
	u64 slots = st->spans * c->nelems, used = st->mallocs - st->frees;

	*tail = st->spans * (c->npages * KGC_PAGE_SIZE - c->nelems * c->size);
	/* the heap may change the counters meanwhile, so @used may exceed @slots */
	*idle = slots > used ? (slots - used) * c->size : 0;
}

static int heap_classes_show(struct seq_file *m, void *v)
{
	struct kgc_heap *heap = m->private;
	struct kgc_class_stats st;
	unsigned int spc;
	u64 tail, idle;

	seq_puts(m, "class noscan slot_bytes objects_per_span spans mallocs frees refills reused fresh swept freed_spans contended wait_ns asked_bytes tail_bytes idle_bytes\n");
	for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++) {
		const struct kgc_class *class = &kgc_classes[spc >> 1];

		kgc_totals_class(&heap->alloc, spc, &st);
		if (!st.spans && !st.mallocs)
			continue;
		class_waste(spc >> 1, &st, &tail, &idle);
		seq_printf(m, "%u %u %u %u %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n",
			   spc >> 1, spc & 1, class->size, class->nelems,
			   st.spans, st.mallocs, st.frees, st.refills,
			   st.reused, st.fresh, st.swept, st.freed_spans,
			   st.contended, st.wait_ns, st.asked, tail, idle);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_classes);

static const char * const meta_names[KGC_NR_META] = {
	[KGC_META_SPANS] = "SpanBytes",
	[KGC_META_BITMAPS] = "BitmapBytes",
	[KGC_META_TYPES] = "TypeTableBytes",
	[KGC_META_ARENAS] = "ArenaBytes",
	[KGC_META_CENTRALS] = "CentralBytes",
	[KGC_META_MAP] = "MapBytes",
	[KGC_META_CACHES] = "CacheBytes",
	[KGC_META_HEAP] = "HeapStructBytes",
	[KGC_META_DESCRIPTIONS] = "TypeBytes",
	[KGC_META_HANDLES] = "HandleBytes",
	[KGC_META_WEAK] = "WeakHandleBytes",
	[KGC_META_FINALIZERS] = "FinalizerBytes",
	[KGC_META_GREY] = "GreyBytes",
	[KGC_META_PROFILE] = "ProfileBytes",
};

static int heap_meta_show(struct seq_file *m, void *v)
{
	u64 bytes[KGC_NR_META], sum;
	unsigned int i;

	sum = kgc_stats_meta(m->private, bytes);
	for (i = 0; i < KGC_NR_META; i++)
		seq_printf(m, "%s %llu\n", meta_names[i], bytes[i]);
	seq_printf(m, "MetaBytes %llu\n", sum);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_meta);

static unsigned int spare_spans(const struct kgc_pageheap *ph)
{
	unsigned int i, n = 0;

	for (i = 0; i < KGC_NR_SPAN_SIZES; i++)
		n += ph->nr_spare[i];
	return n;
}

static int heap_pageheap_show(struct seq_file *m, void *v)
{
	struct kgc_heap *heap = m->private;
	int nid;

	seq_puts(m, "node arenas sys_bytes inuse_bytes searches misses steps grown smaller denied returned released_bytes spare_spans visits reclaimable_bytes manual_bytes\n");
	for_each_node(nid) {
		struct kgc_pageheap *ph = &heap->alloc.node[nid]->pages, copy;

		scoped_guard(raw_spinlock_irq, &ph->lock)
			copy = *ph;
		seq_printf(m, "%d %u %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %u %llu %llu %llu\n",
			   nid, copy.nr_arenas, copy.sys, copy.inuse,
			   copy.searches, copy.misses, copy.steps, copy.grown,
			   copy.smaller, copy.denied,
			   copy.grown - copy.nr_arenas, copy.released,
			   spare_spans(&copy), copy.visits,
			   kgc_reclaim_bytes(heap->alloc.node[nid]),
			   copy.manual);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_pageheap);

static int heap_pages_show(struct seq_file *m, void *v)
{
	struct kgc_heap *heap = m->private;
	struct kgc_survey sv;
	unsigned int i;
	int nid;

	seq_puts(m, "node pages arenas free_runs free_pages gone_pages\n");
	for_each_node(nid) {
		kgc_survey_pageheap(&heap->alloc.node[nid]->pages, &sv);
		for (i = 0; i < KGC_NR_RUNS; i++)
			seq_printf(m, "%d %u %llu %llu %llu %llu\n", nid,
				   1U << i, sv.arenas[i], sv.runs[i],
				   sv.free[i], sv.gone[i]);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_pages);

void kgc_debugfs_alloc_add(struct kgc_heap *heap)
{
	debugfs_create_file("classes", 0400, heap->dir, heap,
			    &heap_classes_fops);
	debugfs_create_file("meta", 0400, heap->dir, heap, &heap_meta_fops);
	debugfs_create_file("pageheap", 0400, heap->dir, heap,
			    &heap_pageheap_fops);
	debugfs_create_file("pages", 0400, heap->dir, heap, &heap_pages_fops);
}

void kgc_debugfs_alloc_init(struct dentry *root)
{
	debugfs_create_file("classes", 0400, root, NULL, &table_fops);
}
