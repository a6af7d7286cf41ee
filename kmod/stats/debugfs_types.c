// SPDX-License-Identifier: GPL-2.0
/*
 *	kgc/heap<ID>/types	the types of a heap, one line each: what the last census found
 *				alive, and what was ever allocated; write 1: have a cycle
 *				take a census
 *	kgc/heap<ID>/census	the last census: its cycle, and sums over all types
 *
 * A reader of `types` copies the census when it opens the file. So all lines are of one
 * census, however long the reader takes, and the reader holds no memory of the heap.
 */
#include <linux/debugfs.h>
#include <linux/mm.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "../alloc/allocated.h"
#include "../compat.h"
#include "../gc/census.h"
#include "../gc/heap.h"
#include "../gc/type.h"
#include "debugfs.h"

/**
 * struct reader - a reader of the file
 * @heap: the heap; valid while debugfs is in one of the functions below
 * @counted: there was a census; if not, the file says how to ask for one
 * @nr: the types 1 to @nr have rows
 * @row: copy of the rows of the census
 */
struct reader {
	struct kgc_heap		*heap;
	bool			counted;
	unsigned int		nr;
	struct kgc_census_row	*row;
};

/* Position 0 is the line of headings, position i + 1 row i, which is of type i. */
static void *row_at(struct reader *reader, loff_t pos)
{
	if (!pos)
		return SEQ_START_TOKEN;
	return reader->counted && pos <= reader->nr + 1ULL ? &reader->row[pos - 1] : NULL;
}

static void *types_start(struct seq_file *m, loff_t *pos)
{
	return row_at(m->private, *pos);
}

static void *types_next(struct seq_file *m, void *v, loff_t *pos)
{
	return row_at(m->private, ++*pos);
}

static void types_stop(struct seq_file *m, void *v)
{
}

static void show_headings(struct seq_file *m, bool counted)
{
	if (counted)
		seq_puts(m, "type size_bytes live_objects live_bytes roots allocated_objects allocated_bytes name\n");
	else
		seq_puts(m, "no census yet: write 1 to this file, and read it after the next cycle\n");
}

static int types_show(struct seq_file *m, void *v)
{
	struct reader *reader = m->private;
	const struct kgc_census_row *row = v;
	struct kgc_allocated *allocated;
	struct kgc_type *type;

	if (v == SEQ_START_TOKEN) {
		show_headings(m, reader->counted);
		return 0;
	}
	type = kgc_type_find(&reader->heap->types, row - reader->row);
	if (!type) {
		/* row 0: types without a row of their own */
		seq_printf(m, "0 0 %llu %llu %llu 0 0 (later)\n", row->objects, row->bytes,
			   row->roots);
		return 0;
	}
	allocated = type->layout.allocated;
	seq_printf(m, "%u %u %llu %llu %llu %lld %lld ", type->layout.id, type->size,
		   row->objects, row->bytes, row->roots,
		   atomic64_read(&allocated->objects), atomic64_read(&allocated->bytes));
	kgc_debugfs_word(m, type->name);
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations types_ops = {
	.start = types_start,
	.next = types_next,
	.stop = types_stop,
	.show = types_show,
};

/* Copy the last census, if there is one, into @reader. Return: 0 or -ENOMEM. */
static int reader_copy(struct reader *reader)
{
	struct kgc_census_table *table = kgc_census_get(reader->heap);
	size_t bytes;

	if (!table)
		return 0;
	bytes = (table->nr + 1) * sizeof(*table->row);
	reader->row = kvmalloc(bytes, GFP_KERNEL_ACCOUNT);
	if (reader->row) {
		memcpy(reader->row, table->row, bytes);
		reader->nr = table->nr;
		reader->counted = true;
	}
	kgc_census_put(table);
	return reader->row ? 0 : -ENOMEM;
}

static int types_open(struct inode *inode, struct file *file)
{
	struct reader *reader = __seq_open_private(file, &types_ops, sizeof(*reader));
	int err;

	if (!reader)
		return -ENOMEM;
	reader->heap = inode->i_private;
	err = reader_copy(reader);
	if (err)
		seq_release_private(inode, file);
	return err;
}

static int types_release(struct inode *inode, struct file *file)
{
	struct reader *reader = ((struct seq_file *)file->private_data)->private;

	kvfree(reader->row);
	return seq_release_private(inode, file);
}

/* Ask for a census. Does not wait: debugfs_remove() would have to wait for this call. */
static ssize_t types_write(struct file *file, const char __user *from, size_t len,
			   loff_t *pos)
{
	struct kgc_heap *heap = file_inode(file)->i_private;
	unsigned int one;
	u64 cycle;
	int err;

	err = kstrtouint_from_user(from, len, 0, &one);
	if (err)
		return err;
	if (one != 1)
		return -EINVAL;
	err = kgc_census_ask(heap, &cycle);
	/* as for `collect`: a shell's message for EIO would blame a disk */
	return err == -EIO ? -ESHUTDOWN : err ?: len;
}

static const struct file_operations types_fops = {
	.owner = THIS_MODULE,
	.open = types_open,
	.read = seq_read,
	.write = types_write,
	.llseek = seq_lseek,
	.release = types_release,
};

static int census_show(struct seq_file *m, void *v)
{
	struct kgc_heap *heap = m->private;
	struct kgc_census_table *table = kgc_census_get(heap);

	seq_printf(m, "Cycle %llu\nAsked %llu\n", table ? table->walker.cycle : 0,
		   kgc_census_asked(heap));
	if (table)
		seq_printf(m, "LiveObjects %llu\nLiveBytes %llu\nRoots %llu\n"
			   "NewbornObjects %llu\nNewbornBytes %llu\n",
			   table->all.objects, table->all.bytes, table->all.roots,
			   table->newborn.objects, table->newborn.bytes);
	kgc_census_put(table);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(census);

void kgc_debugfs_types_add(struct kgc_heap *heap)
{
	debugfs_create_file("types", 0600, heap->dir, heap, &types_fops);
	debugfs_create_file("census", 0400, heap->dir, heap, &census_fops);
}
