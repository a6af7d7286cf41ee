// SPDX-License-Identifier: GPL-2.0
/*
 * heap<ID>/snapshot in debugfs: opening it asks for a snapshot of the heap, and read() returns
 * it, as <linux/kgc_snapshot.h> describes.
 *
 * When a heap ends, kgc_snapshots_stop() ends the wait of a reader. Then debugfs_remove(),
 * which waits for readers, returns.
 */
#include <linux/debugfs.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "../gc/heap.h"
#include "../gc/snapshot.h"
#include "debugfs.h"

static int snapshot_open(struct inode *inode, struct file *file)
{
	struct kgc_snapshot_file *snap = kgc_snapshot_open(inode->i_private);

	if (IS_ERR(snap))
		return PTR_ERR(snap);
	file->private_data = snap;
	return nonseekable_open(inode, file);
}

static ssize_t snapshot_read(struct file *file, char __user *to, size_t bytes, loff_t *pos)
{
	return kgc_snapshot_read(file->private_data, to, bytes, file->f_flags & O_NONBLOCK);
}

static __poll_t snapshot_poll(struct file *file, struct poll_table_struct *wait)
{
	return kgc_snapshot_poll(file->private_data, file, wait);
}

static int snapshot_release(struct inode *inode, struct file *file)
{
	kgc_snapshot_close(file->private_data);
	return 0;
}

static const struct file_operations snapshot_fops = {
	.owner = THIS_MODULE,
	.open = snapshot_open,
	.read = snapshot_read,
	.poll = snapshot_poll,
	.release = snapshot_release,
};

void kgc_debugfs_snapshot_add(struct kgc_heap *heap)
{
	debugfs_create_file("snapshot", 0400, heap->dir, heap, &snapshot_fops);
}
