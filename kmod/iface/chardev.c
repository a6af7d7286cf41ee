// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/kgc. One open file, one heap: whoever shares the file (threads, forked
 * children, receivers of the descriptor) shares the heap; it ends with the
 * last reference to the file.
 *
 * Commands are a table of size, least size and function, as in iommufd.
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

#include "../gc/finalize.h"
#include "../gc/handle.h"
#include "../gc/heap.h"
#include "../gc/throttle.h"
#include "../gc/type.h"
#include "../gc/weak.h"
#include "../heap.h"
#include "../options.h"
#include "../stats/stats.h"
#include "batch.h"
#include "chardev.h"
#include "ops.h"
#include "quota.h"

/* All argument structures fit into the largest. */
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

static int type_name(char *name, u64 addr)
{
	long n;

	name[0] = 0;
	if (!addr)
		return 0;
	n = strncpy_from_user(name, u64_to_user_ptr(addr), KGC_TYPE_NAME_MAX);
	if (n < 0)
		return n;
	return n < KGC_TYPE_NAME_MAX ? 0 : -ENAMETOOLONG;
}

static int cmd_type_register(struct kgc_heap *heap, union kgc_args *args)
{
	struct kgc_type_register *reg = &args->type;
	struct kgc_type_desc desc = { };
	struct kgc_field *fields = NULL;
	char name[KGC_TYPE_NAME_MAX];
	struct kgc_type *type;
	u32 *table = NULL, i;
	int err;

	BUILD_BUG_ON(KGC_TYPE_NOSCAN != KGC_DESC_NOSCAN);
	BUILD_BUG_ON(KGC_TYPE_CONSERVATIVE != KGC_DESC_CONSERVATIVE);
	BUILD_BUG_ON(KGC_TYPE_ARRAY != KGC_DESC_ARRAY);
	if (reg->flags & ~(KGC_TYPE_NOSCAN | KGC_TYPE_CONSERVATIVE |
			   KGC_TYPE_ARRAY))
		return -EOPNOTSUPP;
	/* one who can write words and see what becomes of them finds addresses */
	if (reg->flags & KGC_TYPE_CONSERVATIVE && !capable(CAP_SYSLOG))
		return -EPERM;
	if (reg->type)
		return -EINVAL;
	if (!reg->object_size || reg->object_size > KGC_MAX_OBJECT ||
	    reg->nr_fields > reg->object_size / 8 || reg->nr_fields > KGC_MAX_FIELDS)
		return -EINVAL;
	err = type_name(name, reg->name);
	if (err)
		return err;
	if (reg->nr_fields) {
		/* vmemdup_user() would charge none of it */
		fields = kvmalloc_array(reg->nr_fields, sizeof(*fields), GFP_KERNEL_ACCOUNT);
		table = kvmalloc_array(reg->nr_fields, 2 * sizeof(*table),
				       GFP_KERNEL_ACCOUNT);
		err = -ENOMEM;
		if (!fields || !table)
			goto out;
		err = -EFAULT;
		if (copy_from_user(fields, u64_to_user_ptr(reg->fields),
				   reg->nr_fields * sizeof(*fields)))
			goto out;
		for (i = 0; i < reg->nr_fields; i++) {
			table[i] = fields[i].offset;
			table[reg->nr_fields + i] = fields[i].target;
		}
	}
	desc.name = name;
	desc.size = reg->object_size;
	desc.align = reg->align;
	desc.flags = reg->flags;
	desc.nr_fields = reg->nr_fields;
	desc.fields = table;
	type = kgc_type_add(heap, &desc, table ? table + reg->nr_fields : NULL);
	err = PTR_ERR_OR_ZERO(type);
	if (!err)
		reg->type = type->shape.id;
out:
	kvfree(table);
	kvfree(fields);
	return err;
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

	if (c->flags & ~KGC_COLLECT_WAIT)
		return -EOPNOTSUPP;
	if (c->cycles < 1 || c->cycles > 2 || c->__reserved)
		return -EINVAL;
	c->cycle = kgc_collect_start(heap, c->cycles);
	return c->flags & KGC_COLLECT_WAIT ? kgc_wait(heap, c->cycle) : 0;
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
	return 0;
}

static int cmd_stats(struct kgc_heap *heap, union kgc_args *args)
{
	kgc_stats_heap(heap, &args->stats);
	return 0;
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

/**
 * struct command - one ioctl
 * @size: of its argument structure today
 * @least: of its first version
 * @flags: whether the command itself looks at the flags member
 * @inside: the command, if it needs no more than a section; or NULL
 * @run: else the command
 *
 * Both return an errno.
 */
struct command {
	u16	size;
	u16	least;
	bool	flags;
	int	(*inside)(struct kgc_section s, union kgc_args *args);
	int	(*run)(struct kgc_heap *heap, union kgc_args *args);
};

#define COMMAND(nr, type, last, ...)					\
	[_IOC_NR(nr)] = {						\
		.size = sizeof(struct type),				\
		.least = offsetofend(struct type, last),		\
		__VA_ARGS__						\
	}

static const struct command commands[] = {
	COMMAND(KGC_INFO, kgc_info, features, .run = cmd_info),
	COMMAND(KGC_TYPE_REGISTER, kgc_type_register, fields, .flags = true,
		.run = cmd_type_register),
	COMMAND(KGC_ALLOC, kgc_alloc, __reserved, .run = cmd_alloc),
	COMMAND(KGC_LOAD, kgc_access, value, .inside = cmd_load),
	COMMAND(KGC_STORE, kgc_access, value, .inside = cmd_store),
	COMMAND(KGC_XCHG, kgc_access, value, .inside = cmd_xchg),
	COMMAND(KGC_READ, kgc_bytes, addr, .run = cmd_read),
	COMMAND(KGC_WRITE, kgc_bytes, addr, .run = cmd_write),
	COMMAND(KGC_DUP, kgc_handle, object_size, .inside = cmd_dup),
	COMMAND(KGC_DROP, kgc_drop, handles, .run = cmd_drop),
	COMMAND(KGC_OBJECT_INFO, kgc_handle, object_size,
		.inside = cmd_object_info),
	COMMAND(KGC_COLLECT, kgc_collect, cycle, .flags = true,
		.run = cmd_collect),
	COMMAND(KGC_OPTION_GET, kgc_option, value, .run = cmd_option_get),
	COMMAND(KGC_OPTION_SET, kgc_option, value, .run = cmd_option_set),
	COMMAND(KGC_OPTION_INFO, kgc_option_info, unit, .run = cmd_option_info),
	COMMAND(KGC_STATS, kgc_stats, mark_ns, .run = cmd_stats),
	COMMAND(KGC_BATCH, kgc_batch, failed, .flags = true, .run = cmd_batch),
	COMMAND(KGC_SCAVENGE, kgc_scavenge, released, .run = cmd_scavenge),
	COMMAND(KGC_WEAK_CREATE, kgc_handle, object_size,
		.inside = cmd_weak_create),
	COMMAND(KGC_WEAK_GET, kgc_handle, object_size, .inside = cmd_weak_get),
	COMMAND(KGC_WEAK_DROP, kgc_handle, object_size,
		.inside = cmd_weak_drop),
	COMMAND(KGC_FINALIZE, kgc_finalize, cookie, .inside = cmd_finalize),
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
	if (args.flags && !command->flags)
		return -EOPNOTSUPP;
	/* find out before the command has done anything */
	if (fault_in_safe_writeable((char __user *)user,
				    min_t(u32, size, command->size)))
		return -EFAULT;
	err = command_run(command, file->private_data, &args);
	if (copy_to_user(user, &args, min_t(u32, size, command->size)))
		return -EFAULT;
	return err;
}

/* Wait for a finalizer record. */
static int record_take(struct file *file, bool nonblock,
		       struct kgc_final_record *record, struct kgc_final **f)
{
	struct kgc_heap *heap = file->private_data;
	int err;

	for (;;) {
		err = kgc_final_read(heap, &record->cookie, &record->handle, f);
		if (err != -EAGAIN || nonblock)
			return err;
		err = kgc_finals_wait_readable(heap);
		if (err)
			return err;
	}
}

/* Whole records of objects found dead; see struct kgc_final_record. */
static ssize_t kgc_read(struct file *file, char __user *to, size_t len,
			loff_t *pos)
{
	struct kgc_heap *heap = file->private_data;
	struct kgc_final_record record;
	struct kgc_final *f;
	size_t done = 0;
	int err;

	if (len < sizeof(record))
		return -EINVAL;
	while (len - done >= sizeof(record)) {
		/* having some is no reason to wait for more */
		err = record_take(file, done || file->f_flags & O_NONBLOCK,
				  &record, &f);
		if (err)
			return done ?: err;
		if (copy_to_user(to + done, &record, sizeof(record))) {
			drop_quietly(heap, record.handle);
			kgc_final_unread(heap, f);
			return done ?: -EFAULT;
		}
		kgc_final_done(heap, f);
		done += sizeof(record);
		cond_resched();
	}
	return done;
}

static __poll_t kgc_poll(struct file *file, struct poll_table_struct *wait)
{
	return kgc_finals_poll(file->private_data, file, wait);
}

/*
 * What the heap holds is in no process's RSS. Programs that account for memory, or choose
 * what to end, find it by the descriptors that are open.
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
	struct kgc_heap *heap;
	char name[KGC_HEAP_NAME];
	int err = kgc_quota_charge(file->f_cred->uid);

	if (err)
		return err;
	snprintf(name, sizeof(name), "%d/%s", task_tgid_nr(current),
		 current->comm);
	heap = kgc_heap_new(name, THIS_MODULE, __GFP_ACCOUNT);
	if (IS_ERR(heap)) {
		kgc_quota_uncharge(file->f_cred->uid);
		return PTR_ERR(heap);
	}
	file->private_data = heap;
	return nonseekable_open(inode, file);
}

static int kgc_release(struct inode *inode, struct file *file)
{
	kgc_heap_destroy(file->private_data);
	kgc_quota_uncharge(file->f_cred->uid);
	return 0;
}

static const struct file_operations kgc_fops = {
	.owner = THIS_MODULE,
	.open = kgc_open,
	.release = kgc_release,
	.read = kgc_read,
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
