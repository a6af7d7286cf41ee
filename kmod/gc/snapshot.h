/* SPDX-License-Identifier: GPL-2.0 */
/* Snapshots: the objects, edges and roots of a heap, as <linux/kgc_snapshot.h> has them. */
#ifndef _KGC_SNAPSHOT_H
#define _KGC_SNAPSHOT_H

#include <linux/poll.h>
#include <linux/siphash.h>

struct kgc_heap;
struct kgc_snapshot_file;

/**
 * struct kgc_snapshots - the snapshots of a heap
 * @key: by which addresses of objects become ids
 * @file: the open one, or NULL
 * @stopped: the heap ends, and none is opened any more
 *
 * snapshot.c has the lock of @file and @stopped.
 */
struct kgc_snapshots {
	siphash_key_t			key;
	struct kgc_snapshot_file	*file;
	bool				stopped;
};

void kgc_snapshots_init(struct kgc_heap *heap);
void kgc_snapshots_stop(struct kgc_heap *heap);
struct kgc_snapshot_file *kgc_snapshot_open(struct kgc_heap *heap);
void kgc_snapshot_close(struct kgc_snapshot_file *snap);
ssize_t kgc_snapshot_read(struct kgc_snapshot_file *snap, char __user *to, size_t bytes,
			  bool nonblock);
__poll_t kgc_snapshot_poll(struct kgc_snapshot_file *snap, struct file *file,
			   struct poll_table_struct *wait);

#endif /* _KGC_SNAPSHOT_H */
