// SPDX-License-Identifier: GPL-2.0
/*
 * Functions on a heap and its objects. Most are one ioctl each.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kgc.h"

static int command(int heap, unsigned long request, void *argument)
{
	return ioctl(heap, request, argument) < 0 ? -errno : 0;
}

static __u64 user_address(const void *pointer)
{
	return (uintptr_t)pointer;
}

const char *kgc_version(void)
{
	return KGC_VERSION;
}

int kgc_open(void)
{
	int heap = open(KGC_DEVICE, O_RDWR | O_CLOEXEC);

	return heap < 0 ? -errno : heap;
}

int kgc_close(int heap)
{
	return close(heap) < 0 ? -errno : 0;
}

int kgc_info(int heap, struct kgc_info *info)
{
	*info = (struct kgc_info){ .size = sizeof(*info) };
	return command(heap, KGC_INFO, info);
}

int kgc_type_register_aligned(int heap, const char *name, __u32 object_size,
			      __u32 align, __u32 flags,
			      const struct kgc_field *fields, __u32 nr_fields)
{
	struct kgc_type_register arg = {
		.size = sizeof(arg),
		.flags = flags,
		.object_size = object_size,
		.align = align,
		.nr_fields = nr_fields,
		.name = user_address(name),
		.fields = user_address(fields),
	};
	int err = command(heap, KGC_TYPE_REGISTER, &arg);

	return err ? err : (int)arg.type;
}

int kgc_type_register(int heap, const char *name, __u32 object_size,
		      __u32 flags, const struct kgc_field *fields,
		      __u32 nr_fields)
{
	return kgc_type_register_aligned(heap, name, object_size, 0, flags,
					 fields, nr_fields);
}

int kgc_alloc_many(int heap, __u32 type, __u64 count, __u32 nr, __u64 *handles,
		   __u32 *done)
{
	struct kgc_alloc arg = {
		.size = sizeof(arg),
		.type = type,
		.nr = nr,
		.count = count,
		.handles = user_address(handles),
	};
	int err = command(heap, KGC_ALLOC, &arg);

	if (done)
		*done = arg.done;
	return err ? err : (int)arg.done;
}

int kgc_alloc(int heap, __u32 type, __u64 count, __u64 *handle)
{
	int nr = kgc_alloc_many(heap, type, count, 1, handle, NULL);

	return nr < 0 ? nr : 0;
}

static int access_field(int heap, unsigned long request, __u64 object,
			__u64 offset, __u64 in, __u64 *out)
{
	struct kgc_access arg = {
		.size = sizeof(arg),
		.handle = object,
		.offset = offset,
		.value = in,
	};
	int err = command(heap, request, &arg);

	if (!err && out)
		*out = arg.value;
	return err;
}

int kgc_load(int heap, __u64 object, __u64 offset, __u64 *target)
{
	return access_field(heap, KGC_LOAD, object, offset, 0, target);
}

int kgc_store(int heap, __u64 object, __u64 offset, __u64 target)
{
	return access_field(heap, KGC_STORE, object, offset, target, NULL);
}

int kgc_xchg(int heap, __u64 object, __u64 offset, __u64 target, __u64 *old)
{
	return access_field(heap, KGC_XCHG, object, offset, target, old);
}

static int access_bytes(int heap, unsigned long request, __u64 object,
			__u64 offset, __u64 address, __u64 length)
{
	struct kgc_bytes arg = {
		.size = sizeof(arg),
		.handle = object,
		.offset = offset,
		.length = length,
		.addr = address,
	};

	return command(heap, request, &arg);
}

int kgc_read(int heap, __u64 object, __u64 offset, void *buffer, __u64 length)
{
	return access_bytes(heap, KGC_READ, object, offset,
			    user_address(buffer), length);
}

int kgc_write(int heap, __u64 object, __u64 offset, const void *buffer,
	      __u64 length)
{
	return access_bytes(heap, KGC_WRITE, object, offset,
			    user_address(buffer), length);
}

static int handle_command(int heap, unsigned long request, __u64 handle,
			  __u64 *result)
{
	struct kgc_handle arg = { .size = sizeof(arg), .handle = handle };
	int err = command(heap, request, &arg);

	if (!err && result)
		*result = arg.result;
	return err;
}

int kgc_dup(int heap, __u64 object, __u64 *copy)
{
	return handle_command(heap, KGC_DUP, object, copy);
}

int kgc_object_info(int heap, __u64 object, __u32 *type, __u32 *size)
{
	struct kgc_handle arg = { .size = sizeof(arg), .handle = object };
	int err = command(heap, KGC_OBJECT_INFO, &arg);

	if (err)
		return err;
	if (type)
		*type = arg.type;
	if (size)
		*size = arg.object_size;
	return 0;
}

int kgc_drop_many(int heap, const __u64 *objects, __u32 nr, __u32 *done)
{
	struct kgc_drop arg = {
		.size = sizeof(arg),
		.nr = nr,
		.handles = user_address(objects),
	};
	int err = command(heap, KGC_DROP, &arg);

	if (done)
		*done = arg.done;
	return err;
}

int kgc_drop(int heap, __u64 object)
{
	return kgc_drop_many(heap, &object, 1, NULL);
}

int kgc_collect(int heap, __u32 cycles, __u32 flags, __u64 *cycle)
{
	struct kgc_collect arg = {
		.size = sizeof(arg),
		.flags = flags,
		.cycles = cycles,
	};
	int err = command(heap, KGC_COLLECT, &arg);

	/* after a signal the cycles go on, and the kernel has set the number */
	if ((!err || err == -EINTR) && cycle)
		*cycle = arg.cycle;
	return err;
}

int kgc_option_get(int heap, __u32 option, __u64 *value)
{
	struct kgc_option arg = { .size = sizeof(arg), .option = option };
	int err = command(heap, KGC_OPTION_GET, &arg);

	if (!err)
		*value = arg.value;
	return err;
}

int kgc_option_set(int heap, __u32 option, __u64 value)
{
	struct kgc_option arg = {
		.size = sizeof(arg),
		.option = option,
		.value = value,
	};

	return command(heap, KGC_OPTION_SET, &arg);
}

int kgc_option_info(int heap, __u32 index, struct kgc_option_info *info)
{
	*info = (struct kgc_option_info){ .size = sizeof(*info), .index = index };
	return command(heap, KGC_OPTION_INFO, info);
}

int kgc_heaps(int heap, __u32 after, struct kgc_heap_entry *entries, __u32 nr)
{
	struct kgc_heaps arg = {
		.size = sizeof(arg),
		.after = after,
		.entry_size = sizeof(*entries),
		.nr = nr,
		.entries = user_address(entries),
	};
	int err = command(heap, KGC_HEAPS, &arg);

	return err ? err : (int)arg.done;
}

int kgc_types(int heap, __u32 flags, __u32 after, struct kgc_type_entry *entries, __u32 nr,
	      __u64 *cycle)
{
	struct kgc_type_list arg = {
		.size = sizeof(arg),
		.flags = flags,
		.after = after,
		.entry_size = sizeof(*entries),
		.nr = nr,
		.entries = user_address(entries),
		.cycle = cycle && !(flags & KGC_TYPES_CENSUS) ? *cycle : 0,
	};
	int err = command(heap, KGC_TYPES, &arg);

	if (err)
		return err;
	if (cycle)
		*cycle = arg.cycle;
	return arg.done;
}

int kgc_stats(int heap, struct kgc_stats *stats)
{
	*stats = (struct kgc_stats){ .size = sizeof(*stats) };
	return command(heap, KGC_STATS, stats);
}

int kgc_snapshot(int heap)
{
	struct kgc_snapshot arg = { .size = sizeof(arg) };
	int err = command(heap, KGC_SNAPSHOT, &arg);

	return err ? err : arg.fd;
}

int kgc_scavenge(int heap, __u64 *released)
{
	struct kgc_scavenge arg = { .size = sizeof(arg) };
	int err = command(heap, KGC_SCAVENGE, &arg);

	if (!err && released)
		*released = arg.released;
	return err;
}

int kgc_weak_create(int heap, __u64 object, __u64 *weak)
{
	return handle_command(heap, KGC_WEAK_CREATE, object, weak);
}

int kgc_weak_get(int heap, __u64 weak, __u64 *object)
{
	return handle_command(heap, KGC_WEAK_GET, weak, object);
}

int kgc_weak_drop(int heap, __u64 weak)
{
	return handle_command(heap, KGC_WEAK_DROP, weak, NULL);
}

int kgc_finalize(int heap, __u64 object, __u64 cookie)
{
	struct kgc_finalize arg = {
		.size = sizeof(arg),
		.handle = object,
		.cookie = cookie,
	};

	return command(heap, KGC_FINALIZE, &arg);
}

int kgc_finalize_cancel(int heap, __u64 object, __u64 *cookie)
{
	struct kgc_finalize arg = { .size = sizeof(arg), .handle = object };
	int err = command(heap, KGC_FINALIZE_CANCEL, &arg);

	if (!err && cookie)
		*cookie = arg.cookie;
	return err;
}

int kgc_final_read(int heap, struct kgc_final_record *records, __u32 nr)
{
	ssize_t got = read(heap, records, (size_t)nr * sizeof(*records));

	return got < 0 ? -errno : (int)(got / sizeof(*records));
}

int kgc_batch_submit(int heap, struct kgc_op *ops, __u32 nr, __u32 flags,
		     __u32 *done, __u32 *failed)
{
	struct kgc_batch arg = {
		.size = sizeof(arg),
		.flags = flags,
		.ops = user_address(ops),
		.nr_ops = nr,
		.op_size = sizeof(*ops),
	};
	int err = command(heap, KGC_BATCH, &arg);

	if (done)
		*done = arg.done;
	if (failed)
		*failed = arg.failed;
	return err;
}
