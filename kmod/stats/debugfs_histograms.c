// SPDX-License-Identifier: GPL-2.0
/*
 * kgc/heap<ID>/histograms: how long things take that are not on a fast path, one line
 * each. All are counted where they end, and cost nothing while they do not happen.
 */
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "../alloc/histogram.h"
#include "../alloc/steps.h"
#include "../gc/heap.h"
#include "debugfs.h"

static const char * const cause_names[KGC_NR_CAUSES] = {
	[KGC_CAUSE_REFILL] = "alloc_refill",
	[KGC_CAUSE_FLUSH] = "alloc_flush",
	[KGC_CAUSE_SWEEP] = "alloc_sweep",
	[KGC_CAUSE_GROWTH] = "alloc_growth",
	[KGC_CAUSE_LARGE] = "alloc_large",
	[KGC_CAUSE_THROTTLE] = "alloc_throttle",
	[KGC_CAUSE_RECLAIM] = "alloc_reclaim",
};

static const char * const part_names[KGC_NR_PARTS] = {
	[KGC_PART_ARM] = "cycle_arm",
	[KGC_PART_START] = "cycle_start",
	[KGC_PART_MARK] = "cycle_mark",
	[KGC_PART_SETTLE] = "cycle_settle",
	[KGC_PART_SWEEP] = "cycle_sweep",
};

static void show_headings(struct seq_file *m)
{
	unsigned int i;

	seq_puts(m, "what sum_ns longest_ns");
	for (i = 0; i < KGC_HISTOGRAM_BUCKETS - 1; i++)
		seq_printf(m, " below_%u_ns", 1U << (KGC_HISTOGRAM_SHIFT + i));
	seq_puts(m, " more\n");
}

static void show_line(struct seq_file *m, const char *what, const struct kgc_histogram *h)
{
	unsigned int i;

	seq_printf(m, "%s %lld %lld", what, atomic64_read(&h->sum_ns),
		   atomic64_read(&h->longest_ns));
	for (i = 0; i < KGC_HISTOGRAM_BUCKETS; i++)
		seq_printf(m, " %lld", atomic64_read(&h->nr[i]));
	seq_putc(m, '\n');
}

static int heap_histograms_show(struct seq_file *m, void *v)
{
	struct kgc_heap *heap = m->private;
	unsigned int i;

	show_headings(m);
	for (i = 0; i < KGC_NR_CAUSES; i++)
		show_line(m, cause_names[i], &heap->alloc.steps.took[i]);
	show_line(m, "throttled", &heap->throttle.slept);
	show_line(m, "grace_sections", &heap->grace.took_sections);
	show_line(m, "grace_regions", &heap->grace.took_regions);
	for (i = 0; i < KGC_NR_PARTS; i++)
		show_line(m, part_names[i], &heap->records.took[i]);
	show_line(m, "section", &heap->sections.took);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_histograms);

void kgc_debugfs_histograms_add(struct kgc_heap *heap)
{
	debugfs_create_file("histograms", 0400, heap->dir, heap, &heap_histograms_fops);
}
