/* SPDX-License-Identifier: GPL-2.0 */
/* /sys/kernel/debug/kgc/ */
#ifndef _KGC_DEBUGFS_H
#define _KGC_DEBUGFS_H

#include <linux/ctype.h>
#include <linux/seq_file.h>

struct dentry;
struct kgc_heap;

void kgc_debugfs_init(void);
void kgc_debugfs_exit(void);
void kgc_debugfs_add(struct kgc_heap *heap);
void kgc_debugfs_remove(struct kgc_heap *heap);

/* Show @name as one word of a table. A program may have given any name. */
static inline void kgc_debugfs_word(struct seq_file *m, const char *name)
{
	if (!*name)
		seq_putc(m, '-');
	for (; *name; name++)
		seq_putc(m, isascii(*name) && isgraph(*name) ? *name : '_');
}

/* debugfs_alloc.c */
void kgc_debugfs_alloc_init(struct dentry *root);
void kgc_debugfs_alloc_add(struct kgc_heap *heap);

/* debugfs_histograms.c */
void kgc_debugfs_histograms_add(struct kgc_heap *heap);

/* debugfs_profile.c */
void kgc_debugfs_profile_add(struct kgc_heap *heap);

/* debugfs_snapshot.c */
void kgc_debugfs_snapshot_add(struct kgc_heap *heap);

/* debugfs_spans.c */
void kgc_debugfs_spans_add(struct kgc_heap *heap);

/* debugfs_types.c */
void kgc_debugfs_types_add(struct kgc_heap *heap);

#endif /* _KGC_DEBUGFS_H */
