// SPDX-License-Identifier: GPL-2.0
/*
 * kgc/heap<ID>/spans: the spans of a heap, one line each, arenas with the highest
 * addresses first. A heap may have millions of spans, so the file ends after SPANS_SHOWN.
 * A reader holds no lock from one line to the next, so the file is no snapshot of the
 * heap: a line shows what one span looked like.
 */
#include <linux/debugfs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "../alloc/pagewalk.h"
#include "../gc/heap.h"
#include "debugfs.h"

#define SPANS_SHOWN	32768

static const char * const state_names[KGC_NR_SPAN_STATES] = {
	[KGC_SPAN_DEAD] = "dead",
	[KGC_SPAN_INUSE] = "in_use",
	[KGC_SPAN_MANUAL] = "manual",
};

/**
 * struct spans - a reader of the file
 * @heap: the heap
 * @walk: position of the walk over the heap's pages
 * @shown: number of the line that @info is for; 0 is the line of headings
 * @info: the span of that line; its npages is 0 past the last span
 */
struct spans {
	struct kgc_heap		*heap;
	struct kgc_pagewalk	walk;
	loff_t			shown;
	struct kgc_span_info	info;
};

static void *spans_step(struct spans *s)
{
	s->shown++;
	s->info.npages = 0;
	while (s->shown <= SPANS_SHOWN &&
	       kgc_pagewalk_describe(&s->heap->alloc, &s->walk, &s->info)) {
		cond_resched();
		if (s->info.npages)
			return s;
	}
	return NULL;
}

static void *spans_start(struct seq_file *m, loff_t *pos)
{
	struct spans *s = m->private;

	if (*pos && *pos == s->shown)
		return s->info.npages ? s : NULL;
	kgc_pagewalk_begin(&s->walk);
	s->shown = 0;
	while (s->shown < *pos)
		if (!spans_step(s))
			return NULL;
	return *pos ? s : SEQ_START_TOKEN;
}

static void *spans_next(struct seq_file *m, void *v, loff_t *pos)
{
	++*pos;
	return spans_step(m->private);
}

static void spans_stop(struct seq_file *m, void *v)
{
}

static int spans_show(struct seq_file *m, void *v)
{
	const struct spans *s = m->private;
	const struct kgc_span_info *i = &s->info;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "span state class noscan slot_bytes pages elements used marked generation reused cached mixed node\n");
		return 0;
	}
	seq_printf(m, "%p %s %u %u %u %u %u %u %u %u %u %u %u %u\n", i->id,
		   state_names[i->state], i->spc >> 1, i->spc & 1, i->size,
		   i->npages, i->nelems, i->used, i->marked, i->gen, i->reused,
		   i->cached, i->mixed, i->nid);
	return 0;
}

static const struct seq_operations spans_ops = {
	.start = spans_start,
	.next = spans_next,
	.stop = spans_stop,
	.show = spans_show,
};

static int spans_open(struct inode *inode, struct file *file)
{
	struct spans *s = __seq_open_private(file, &spans_ops, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->heap = inode->i_private;
	return 0;
}

static const struct file_operations spans_fops = {
	.owner = THIS_MODULE,
	.open = spans_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

void kgc_debugfs_spans_add(struct kgc_heap *heap)
{
	debugfs_create_file("spans", 0400, heap->dir, heap, &spans_fops);
}
