// SPDX-License-Identifier: GPL-2.0
/*
 *	kgc/heap<ID>/profile	the allocation profile: counters, an empty line, a line of
 *				headings, and for each site a line, which the lines of its
 *				stack follow, each after a tab
 *
 * The counters of each site are read when its line is shown.
 */
#include <linux/capability.h>
#include <linux/debugfs.h>
#include <linux/seq_file.h>

#include "../compat.h"
#include "../gc/heap.h"
#include "../gc/profile.h"
#include "../gc/type.h"
#include "debugfs.h"

#define VERSION		1	/* of the file's format */

/**
 * struct reader - a reader of the file
 * @heap: the heap; valid while debugfs is in one of the functions below
 * @raw: show addresses
 * @pos: position of @site, from 1 on
 * @site: the last site that was shown
 */
struct reader {
	struct kgc_heap		*heap;
	bool			raw;
	loff_t			pos;
	const struct kgc_site	*site;
};

/* Position 0 is what comes before the sites. */
static void *site_at(struct reader *reader, loff_t pos)
{
	if (!pos)
		return SEQ_START_TOKEN;
	if (pos < reader->pos || !reader->site) {
		reader->pos = 1;
		reader->site = kgc_profile_next(reader->heap, NULL);
	}
	while (reader->site && reader->pos < pos) {
		reader->site = kgc_profile_next(reader->heap, reader->site);
		reader->pos++;
	}
	return (void *)reader->site;
}

static void *profile_start(struct seq_file *m, loff_t *pos)
{
	return site_at(m->private, *pos);
}

static void *profile_next(struct seq_file *m, void *v, loff_t *pos)
{
	return site_at(m->private, ++*pos);
}

static void profile_stop(struct seq_file *m, void *v)
{
}

static void show_sums(struct seq_file *m, struct kgc_heap *heap)
{
	struct kgc_profile_sums sums;

	kgc_profile_sums(heap, &sums);
	seq_printf(m, "ProfileVersion %u\nRateBytes %llu\nSites %llu\nLiveSamples %llu\n"
		   "Samples %llu\nSkipped %llu\nDropped %llu\n\n"
		   "allocated_samples live_samples slot_bytes rate_bytes pid type comm type_name\n",
		   VERSION, READ_ONCE(heap->opt.profile_bytes), sums.sites, sums.live,
		   sums.samples, sums.skipped, sums.dropped);
}

static int profile_show(struct seq_file *m, void *v)
{
	struct reader *reader = m->private;
	const struct kgc_site *site = v;
	struct kgc_type *type;
	u64 allocated, live;
	unsigned int i;

	if (v == SEQ_START_TOKEN) {
		show_sums(m, reader->heap);
		return 0;
	}
	kgc_profile_read(reader->heap, site, &allocated, &live);
	type = kgc_type_find(&reader->heap->types, site->key.type);
	seq_printf(m, "%llu %llu %u %u %d %u ", allocated, live, site->key.bytes,
		   site->key.rate, site->key.pid, site->key.type);
	kgc_debugfs_word(m, site->comm);
	seq_putc(m, ' ');
	kgc_debugfs_word(m, type ? type->name : "");
	seq_putc(m, '\n');
	for (i = 0; i < site->key.depth; i++)
		seq_printf(m, "\t%lx %pS\n", reader->raw ? site->stack[i] : 0,
			   (void *)site->stack[i]);
	return 0;
}

static const struct seq_operations profile_ops = {
	.start = profile_start,
	.next = profile_next,
	.stop = profile_stop,
	.show = profile_show,
};

static int profile_open(struct inode *inode, struct file *file)
{
	struct reader *reader = __seq_open_private(file, &profile_ops, sizeof(*reader));

	if (!reader)
		return -ENOMEM;
	reader->heap = inode->i_private;
	reader->raw = capable(CAP_SYSLOG);
	return 0;
}

static const struct file_operations profile_fops = {
	.owner = THIS_MODULE,
	.open = profile_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

void kgc_debugfs_profile_add(struct kgc_heap *heap)
{
	debugfs_create_file("profile", 0400, heap->dir, heap, &profile_fops);
}
