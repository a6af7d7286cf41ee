// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/kgc. Each open file has one heap. All processes that share the file (threads,
 * forked children, receivers of the descriptor) share the heap. The heap ends with the
 * last reference to the file.
 *
 * Each command is a row of a table, as in iommufd: the size of its argument structure, the
 * size of that structure's first version, and the command's function.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/poll.h>
#include <linux/seq_file.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "../gc/due.h"
#include "../gc/finalize.h"
#include "../gc/handle.h"
#include "../gc/heap.h"
#include "../gc/request.h"
#include "../gc/throttle.h"
#include "../gc/type.h"
#include "../gc/weak.h"
#include "../heap.h"
#include "../options.h"
#include "../stats/stats.h"
#include "batch.h"
#include "chardev.h"
#include "listing.h"
#include "ops.h"
#include "snapfile.h"
#include "typelist.h"
#include "usertype.h"

/* Room for the argument structure of any command. */
union kgc_args {
	struct {
		u32			size;
		u32			flags;
	};
	struct kgc_info			info;
	struct kgc_type_register	type;
	struct kgc_alloc		alloc;
	struct kgc_access		access;
	struct kgc_bytes		bytes;
	struct kgc_handle		handle;
	struct kgc_drop			drop;
	struct kgc_collect		collect;
	struct kgc_option		option;
	struct kgc_stats		stats;
	struct kgc_batch		batch;
	struct kgc_scavenge		scavenge;
	struct kgc_finalize		finalize;
	struct kgc_option_info		option_info;
	struct kgc_heaps		heaps;
	struct kgc_type_list		types;
	struct kgc_snapshot		snapshot;
};

static int cmd_info(struct kgc_heap *heap, union kgc_args *args)
{
	struct kgc_info *info = &args->info;

	info->abi_version = KGC_ABI_VERSION;
	info->heap_id = heap->id;
	info->page_size = KGC_PAGE_SIZE;
	info->nr_classes = KGC_NR_CLASSES;
	info->max_small = KGC_MAX_SMALL;
	info->max_object = KGC_MAX_OBJECT;
	info->max_types = KGC_MAX_TYPES;
	info->max_handles = KGC_MAX_HANDLES;
	info->max_batch = KGC_MAX_BATCH;
	info->features = IS_ENABLED(CONFIG_KGC_DEBUG) ? KGC_FEATURE_DEBUG : 0;
	return 0;
}

static int cmd_type_register(struct kgc_heap *heap, union kgc_args *args)
{
	return kgc_usertype_register(heap, &args->type);
}

static void drop_quietly(struct kgc_heap *heap, u64 handle)
{
	struct kgc_section s = kgc_enter(heap);

	kgc_handle_drop(s, handle);
	kgc_exit(s);
}

static int cmd_alloc(struct kgc_heap *heap, union kgc_args *args)
{
	struct kgc_alloc *alloc = &args->alloc;
	u64 __user *to = u64_to_user_ptr(alloc->handles);
	struct kgc_section s;
	unsigned long end = 0;
	u64 handle;
	int err = 0;
	u32 i;

	if (!alloc->nr || alloc->__reserved || alloc->done)
		return -EINVAL;
	for (i = 0; i < alloc->nr; i++) {
		do {
			s = kgc_enter(heap);
			err = kgc_op_alloc(s, alloc->type, alloc->count, &handle);
			kgc_exit(s);
		} while (err == -ENOMEM && kgc_throttle_relief(heap, &end));
		if (err)
			break;
		end = 0;
		if (put_user(handle, to + i)) {
			drop_quietly(heap, handle);
			err = -EFAULT;
			break;
		}
		if (fatal_signal_pending(current)) {
			i++;
			err = -EINTR;
			break;
		}
		cond_resched();
	}
	alloc->done = i;
	return err;
}

/* ---- commands that need no more than a section ----------------------------- */

static int cmd_load(struct kgc_section s, union kgc_args *args)
{
	struct kgc_access *a = &args->access;

	if (a->value)
		return -EINVAL;
	return kgc_op_load(s, a->handle, a->offset, &a->value);
}

static int cmd_store(struct kgc_section s, union kgc_args *args)
{
	struct kgc_access *a = &args->access;

	return kgc_op_store(s, a->handle, a->offset, a->value);
}

static int cmd_xchg(struct kgc_section s, union kgc_args *args)
{
	struct kgc_access *a = &args->access;

	return kgc_op_xchg(s, a->handle, a->offset, a->value, &a->value);
}

static int cmd_dup(struct kgc_section s, union kgc_args *args)
{
	return kgc_op_dup(s, args->handle.handle, &args->handle.result);
}

static int cmd_weak_create(struct kgc_section s, union kgc_args *args)
{
	return kgc_op_weak_create(s, args->handle.handle, &args->handle.result);
}

static int cmd_weak_get(struct kgc_section s, union kgc_args *args)
{
	return kgc_op_weak_get(s, args->handle.handle, &args->handle.result);
}

static int cmd_weak_drop(struct kgc_section s, union kgc_args *args)
{
	return kgc_weak_drop(s, args->handle.handle);
}

static int cmd_finalize(struct kgc_section s, union kgc_args *args)
{
	return kgc_op_finalize(s, args->finalize.handle, args->finalize.cookie);
}

static int cmd_finalize_cancel(struct kgc_section s, union kgc_args *args)
{
	if (args->finalize.cookie)
		return -EINVAL;
	return kgc_op_finalize_cancel(s, args->finalize.handle, &args->finalize.cookie);
}

static int cmd_object_info(struct kgc_section s, union kgc_args *args)
{
	return kgc_op_info(s, args->handle.handle, &args->handle.type,
			   &args->handle.object_size);
}

/* ---- commands that wait or touch user memory ------------------------------- */

static int cmd_read(struct kgc_heap *heap, union kgc_args *args)
{
	struct kgc_bytes *b = &args->bytes;

	return kgc_op_read_user(heap, b->handle, b->offset, b->length,
				u64_to_user_ptr(b->addr));
}

static int cmd_write(struct kgc_heap *heap, union kgc_args *args)
{
	struct kgc_bytes *b = &args->bytes;

	return kgc_op_write_user(heap, b->handle, b->offset, b->length,
				 u64_to_user_ptr(b->addr));
}

static int cmd_drop(struct kgc_heap *heap, union kgc_args *args)
{
	struct kgc_drop *drop = &args->drop;
	u64 __user *from = u64_to_user_ptr(drop->handles);
	struct kgc_section s;
	u64 handle;
	int err = 0;

	if (!drop->nr || drop->done)
		return -EINVAL;
	while (drop->done < drop->nr && !err) {
		if (get_user(handle, from + drop->done))
			return -EFAULT;
		s = kgc_enter(heap);
		err = kgc_handle_drop(s, handle);
		kgc_exit(s);
		if (!err)
			drop->done++;
		cond_resched();
	}
	return err;
}

static int cmd_collect(struct kgc_heap *heap, union kgc_args *args)
{
	struct kgc_collect *c = &args->collect;
	int err;

	if (c->flags & ~(KGC_COLLECT_WAIT | KGC_COLLECT_FINALIZERS))
		return -EOPNOTSUPP;
	if (c->cycles < 1 || c->cycles > 2 || c->__reserved ||
	    c->flags == KGC_COLLECT_FINALIZERS)
		return -EINVAL;
	c->cycle = kgc_collect_start(heap, c->cycles);
	if (!(c->flags & KGC_COLLECT_WAIT))
		return kgc_request_closed(&heap->request) ? -EIO : 0;
	err = kgc_wait(heap, c->cycle);
	if (!err && c->flags & KGC_COLLECT_FINALIZERS)
		err = kgc_due_wait_read(&heap->due_queue);
	return err;
}

static int cmd_option_get(struct kgc_heap *heap, union kgc_args *args)
{
	if (args->option.__reserved)
		return -EINVAL;
	return kgc_option_get(heap, args->option.option, &args->option.value);
}

static int cmd_option_set(struct kgc_heap *heap, union kgc_args *args)
{
	const struct kgc_option_row *row = kgc_options_find(args->option.option);

	if (args->option.__reserved)
		return -EINVAL;
	if (row && row->privileged && !capable(CAP_SYS_ADMIN))
		return -EPERM;
	return kgc_option_set(heap, args->option.option, args->option.value);
}

static int cmd_option_info(struct kgc_heap *heap, union kgc_args *args)
{
	struct kgc_option_info *info = &args->option_info;
	const struct kgc_option_row *row = kgc_options_row(info->index);

	if (info->__reserved)
		return -EINVAL;
	if (!row)
		return -ENOENT;
	info->option = row->id;
	info->attributes = (row->has_off ? KGC_OPTION_HAS_OFF : 0) |
			   (row->bits ? KGC_OPTION_BITS : 0) |
			   (row->privileged ? KGC_OPTION_PRIVILEGED : 0);
	info->min = row->min;
	info->max = row->max;
	info->off = row->off;
	strscpy(info->name, row->name, sizeof(info->name));
	strscpy(info->unit, row->unit, sizeof(info->unit));
	strscpy(info->values, row->values ?: "", sizeof(info->values));
	return 0;
}

static int cmd_stats(struct kgc_heap *heap, union kgc_args *args)
{
	kgc_stats_heap(heap, &args->stats);
	return 0;
}

static int cmd_heaps(struct kgc_heap *heap, union kgc_args *args)
{
	struct kgc_heaps *heaps = &args->heaps;

	if (!heaps->nr || heaps->done)
		return -EINVAL;
	return kgc_listing_read(heaps);
}

static int cmd_types(struct kgc_heap *heap, union kgc_args *args)
{
	struct kgc_type_list *list = &args->types;

	if (list->flags & ~KGC_TYPES_CENSUS)
		return -EOPNOTSUPP;
	if (!list->nr || list->done || (list->flags && list->cycle))
		return -EINVAL;
	return kgc_typelist_read(heap, list);
}

static int cmd_batch(struct kgc_heap *heap, union kgc_args *args)
{
	struct kgc_batch *batch = &args->batch;

	batch->done = 0;
	batch->failed = 0;
	if (batch->flags & ~KGC_BATCH_STOP_ON_ERROR)
		return -EOPNOTSUPP;
	if (!batch->nr_ops || batch->nr_ops > KGC_MAX_BATCH ||
	    batch->op_size != sizeof(struct kgc_op))
		return -EINVAL;
	return kgc_batch_run(heap, batch);
}

static int cmd_scavenge(struct kgc_heap *heap, union kgc_args *args)
{
	args->scavenge.released = kgc_scavenge(heap);
	return 0;
}

static int cmd_snapshot(struct kgc_heap *heap, union kgc_args *args)
{
	int fd;

	if (args->snapshot.fd || args->snapshot.__reserved)
		return -EINVAL;
	fd = kgc_snapfile_open(heap);
	if (fd < 0)
		return fd;
	args->snapshot.fd = fd;
	return 0;
}

/* Traits of a command. */
#define READ_ONLY	0	/* a descriptor that is open for reading only will do */
#define NEEDS_WRITE	1	/* the descriptor must be open for writing */
#define HAS_FLAGS	2	/* the command checks the flags member itself */

/**
 * struct command - one ioctl
 * @size: size in bytes of its current argument structure
 * @least: size of the first version of that structure
 * @traits: READ_ONLY or NEEDS_WRITE, and HAS_FLAGS
 * @inside: the command, if it runs in a section; or NULL
 * @run: the command, if it enters sections itself; NULL if @inside is set
 *
 * Both functions return 0 or a negative errno.
 */
struct command {
	u16	size;
	u16	least;
	u8	traits;
	int	(*inside)(struct kgc_section s, union kgc_args *args);
	int	(*run)(struct kgc_heap *heap, union kgc_args *args);
};

#define COMMAND(nr, type, last, its_traits, ...)			\
	[_IOC_NR(nr)] = {						\
		.size = sizeof(struct type),				\
		.least = offsetofend(struct type, last),		\
		.traits = its_traits,					\
		__VA_ARGS__						\
	}

static const struct command commands[] = {
	COMMAND(KGC_INFO, kgc_info, features, READ_ONLY, .run = cmd_info),
	COMMAND(KGC_TYPE_REGISTER, kgc_type_register, fields, NEEDS_WRITE | HAS_FLAGS,
		.run = cmd_type_register),
	COMMAND(KGC_ALLOC, kgc_alloc, __reserved, NEEDS_WRITE, .run = cmd_alloc),
	COMMAND(KGC_LOAD, kgc_access, value, NEEDS_WRITE, .inside = cmd_load),
	COMMAND(KGC_STORE, kgc_access, value, NEEDS_WRITE, .inside = cmd_store),
	COMMAND(KGC_XCHG, kgc_access, value, NEEDS_WRITE, .inside = cmd_xchg),
	COMMAND(KGC_READ, kgc_bytes, addr, READ_ONLY, .run = cmd_read),
	COMMAND(KGC_WRITE, kgc_bytes, addr, NEEDS_WRITE, .run = cmd_write),
	COMMAND(KGC_DUP, kgc_handle, object_size, NEEDS_WRITE, .inside = cmd_dup),
	COMMAND(KGC_DROP, kgc_drop, handles, NEEDS_WRITE, .run = cmd_drop),
	COMMAND(KGC_OBJECT_INFO, kgc_handle, object_size, READ_ONLY,
		.inside = cmd_object_info),
	COMMAND(KGC_COLLECT, kgc_collect, cycle, NEEDS_WRITE | HAS_FLAGS,
		.run = cmd_collect),
	COMMAND(KGC_OPTION_GET, kgc_option, value, READ_ONLY,
		.run = cmd_option_get),
	COMMAND(KGC_OPTION_SET, kgc_option, value, NEEDS_WRITE,
		.run = cmd_option_set),
	COMMAND(KGC_OPTION_INFO, kgc_option_info, unit, READ_ONLY,
		.run = cmd_option_info),
	COMMAND(KGC_STATS, kgc_stats, mark_ns, READ_ONLY, .run = cmd_stats),
	COMMAND(KGC_BATCH, kgc_batch, failed, NEEDS_WRITE | HAS_FLAGS,
		.run = cmd_batch),
	COMMAND(KGC_SCAVENGE, kgc_scavenge, released, NEEDS_WRITE,
		.run = cmd_scavenge),
	COMMAND(KGC_WEAK_CREATE, kgc_handle, object_size, NEEDS_WRITE,
		.inside = cmd_weak_create),
	COMMAND(KGC_WEAK_GET, kgc_handle, object_size, NEEDS_WRITE,
		.inside = cmd_weak_get),
	COMMAND(KGC_WEAK_DROP, kgc_handle, object_size, NEEDS_WRITE,
		.inside = cmd_weak_drop),
	COMMAND(KGC_FINALIZE, kgc_finalize, cookie, NEEDS_WRITE,
		.inside = cmd_finalize),
	COMMAND(KGC_FINALIZE_CANCEL, kgc_finalize, cookie, NEEDS_WRITE,
		.inside = cmd_finalize_cancel),
	COMMAND(KGC_HEAPS, kgc_heaps, entries, READ_ONLY, .run = cmd_heaps),
	COMMAND(KGC_TYPES, kgc_type_list, later_bytes, NEEDS_WRITE | HAS_FLAGS,
		.run = cmd_types),
	COMMAND(KGC_SNAPSHOT, kgc_snapshot, __reserved, NEEDS_WRITE, .run = cmd_snapshot),
};

static int command_run(const struct command *command, struct kgc_heap *heap,
		       union kgc_args *args)
{
	struct kgc_section s;
	int err;

	if (!command->inside)
		return command->run(heap, args);
	s = kgc_enter(heap);
	err = command->inside(s, args);
	kgc_exit(s);
	return err;
}

static long kgc_ioctl(struct file *file, unsigned int cmd, unsigned long arg)
{
	unsigned int nr = _IOC_NR(cmd);
	void __user *user = (void __user *)arg;
	const struct command *command;
	union kgc_args args = { };
	u32 size;
	int err;

	if (_IOC_TYPE(cmd) != KGC_IOC_TYPE || cmd != _IO(KGC_IOC_TYPE, nr) ||
	    nr >= ARRAY_SIZE(commands) || !commands[nr].size)
		return -ENOTTY;
	command = &commands[array_index_nospec(nr, ARRAY_SIZE(commands))];
	if (command->traits & NEEDS_WRITE && !(file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (get_user(size, (u32 __user *)user))
		return -EFAULT;
	if (size < command->least)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	err = copy_struct_from_user(&args, command->size, user, size);
	if (err)
		return err;
	args.size = size;
	if (args.flags && !(command->traits & HAS_FLAGS))
		return -EOPNOTSUPP;
	/* a command cannot be undone: check first that its results can be written */
	if (fault_in_safe_writeable((char __user *)user,
				    min_t(u32, size, command->size)))
		return -EFAULT;
	err = command_run(command, file->private_data, &args);
	if (copy_to_user(user, &args, min_t(u32, size, command->size)))
		return -EFAULT;
	return err;
}

/* Take a finalizer record, and wait for one unless @nonblock. */
static int record_take(struct kgc_heap *heap, bool nonblock,
		       struct kgc_final_record *record, struct kgc_due **due)
{
	int err;

	for (;;) {
		err = kgc_due_read_record(heap, &record->cookie, &record->handle, due);
		if (err == -EAGAIN && kgc_request_closed(&heap->request))
			return -EIO;
		if (err != -EAGAIN || nonblock)
			return err;
		err = kgc_due_wait_readable(&heap->due_queue);
		if (err)
			return err;
	}
}

/*
 * Read records of objects found dead; see struct kgc_final_record. A read returns whole
 * records only. In a vectored read a record may be split between two buffers.
 */
static ssize_t kgc_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct file *file = iocb->ki_filp;
	struct kgc_heap *heap = file->private_data;
	bool nonblock = file->f_flags & O_NONBLOCK || iocb->ki_flags & IOCB_NOWAIT;
	struct kgc_final_record record;
	struct kgc_due *due;
	size_t done = 0, n;
	int err;

	if (iov_iter_count(to) < sizeof(record))
		return -EINVAL;
	while (iov_iter_count(to) >= sizeof(record)) {
		/* do not wait for more records than there are */
		err = record_take(heap, done || nonblock, &record, &due);
		if (err)
			return done ?: err;
		n = copy_to_iter(&record, sizeof(record), to);
		if (n < sizeof(record)) {
			iov_iter_revert(to, n);
			drop_quietly(heap, record.handle);
			kgc_due_put_record(&heap->due_queue, due);
			return done ?: -EFAULT;
		}
		kgc_final_delivered(heap, due);
		done += sizeof(record);
		cond_resched();
	}
	return done;
}

static __poll_t kgc_poll(struct file *file, struct poll_table_struct *wait)
{
	struct kgc_heap *heap = file->private_data;

	return kgc_due_poll(&heap->due_queue, file, wait);
}

/*
 * The memory of a heap is in no process's RSS. A program that accounts for memory, or
 * selects a process to kill, finds it through the open descriptors of a process.
 */
static void kgc_show_fdinfo(struct seq_file *m, struct file *file)
{
	struct kgc_stats st = { .size = sizeof(st) };
	struct kgc_heap *heap = file->private_data;

	kgc_stats_heap(heap, &st);
	seq_printf(m, "kgc-heap:\t%u\nkgc-held:\t%llu KiB\nkgc-idle:\t%llu KiB\n",
		   heap->id, st.held >> 10, st.heap_idle >> 10);
}

static int kgc_open(struct inode *inode, struct file *file)
{
	static struct lock_class_key keys[2];
	struct kgc_heap *heap;
	char name[KGC_HEAP_NAME];

	snprintf(name, sizeof(name), "%d/%s", task_tgid_nr(current),
		 current->comm);
	heap = kgc_heap_new(name, THIS_MODULE, file->f_cred, keys, __GFP_ACCOUNT);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	file->private_data = heap;
	return nonseekable_open(inode, file);
}

static int kgc_release(struct inode *inode, struct file *file)
{
	kgc_heap_destroy(file->private_data);
	return 0;
}

static const struct file_operations kgc_fops = {
	.owner = THIS_MODULE,
	.open = kgc_open,
	.release = kgc_release,
	.read_iter = kgc_read_iter,
	.poll = kgc_poll,
	.unlocked_ioctl = kgc_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.show_fdinfo = kgc_show_fdinfo,
};

static struct miscdevice kgc_misc = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kgc",
	.fops = &kgc_fops,
	.mode = 0600,
};

int kgc_chardev_init(void)
{
	return misc_register(&kgc_misc);
}

void kgc_chardev_exit(void)
{
	misc_deregister(&kgc_misc);
}
