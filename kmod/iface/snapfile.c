// SPDX-License-Identifier: GPL-2.0
/* The descriptor that KGC_SNAPSHOT returns. It keeps the module loaded, but not the heap. */
#include <linux/anon_inodes.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>

#include "../gc/snapshot.h"
#include "snapfile.h"

static ssize_t snapfile_read(struct file *file, char __user *to, size_t bytes, loff_t *pos)
{
	return kgc_snapshot_read(file->private_data, to, bytes, file->f_flags & O_NONBLOCK);
}

static __poll_t snapfile_poll(struct file *file, struct poll_table_struct *wait)
{
	return kgc_snapshot_poll(file->private_data, file, wait);
}

static int snapfile_release(struct inode *inode, struct file *file)
{
	kgc_snapshot_close(file->private_data);
	return 0;
}

static const struct file_operations snapfile_fops = {
	.owner = THIS_MODULE,
	.read = snapfile_read,
	.poll = snapfile_poll,
	.release = snapfile_release,
};

/*
 * Ask for a snapshot of @heap. Context: process context, may sleep. Return: a descriptor; an
 * errno of kgc_snapshot_open(); -EMFILE, -ENFILE, -ENOMEM.
 */
int kgc_snapfile_open(struct kgc_heap *heap)
{
	struct kgc_snapshot_file *snap = kgc_snapshot_open(heap);
	int fd;

	if (IS_ERR(snap))
		return PTR_ERR(snap);
	fd = anon_inode_getfd("[kgc-snapshot]", &snapfile_fops, snap, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		kgc_snapshot_close(snap);
	return fd;
}
