/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libkgc: /dev/kgc from C.
 *
 * A heap is an open file of /dev/kgc and named by its descriptor, an int. An
 * object is named by a handle, a __u64; 0 is the NULL pointer. Each function
 * here is one ioctl: it fills the structure of <linux/kgc.h>, makes the call
 * and hands back what the kernel wrote. Nothing is cached, retried or hidden,
 * and no function keeps state beyond its arguments.
 *
 * Unless told otherwise a function returns 0 or a negative errno; what each
 * means for each command stands in <linux/kgc.h>. The variable errno carries
 * nothing. Output pointers of type __u32 * may be NULL, and so may those for a
 * cycle number, released bytes and the old value of an exchange that is known
 * to be NULL: a handle that is not asked for stays open.
 *
 * Threads and processes may share a heap; the batch builder is for one thread
 * at a time.
 *
 * In C++ a handle may also be an uint64_t, which is another type than __u64.
 */
#ifndef LIBKGC_KGC_H
#define LIBKGC_KGC_H

#include <stddef.h>
#include <linux/kgc.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KGC_DEVICE "/dev/kgc"

/* Version of the library: that of the module and of kgcctl it was released with. */
const char *kgc_version(void);

/* Open a new, empty heap: its descriptor (close-on-exec), or -errno. */
int kgc_open(void);

/* Drop this reference; the last one destroys the heap and all in it. */
int kgc_close(int heap);

/* What the module and the heap are. */
int kgc_info(int heap, struct kgc_info *info);

/*
 * Register a type: @flags are KGC_TYPE_*, @name may be NULL, @fields is an
 * array of @nr_fields entries with ascending offsets. Returns the type's id, a
 * positive number, or -errno. kgc_type_register_aligned() takes the alignment
 * too, a power of two up to 4096.
 */
int kgc_type_register(int heap, const char *name, __u32 object_size,
		      __u32 flags, const struct kgc_field *fields,
		      __u32 nr_fields);
int kgc_type_register_aligned(int heap, const char *name, __u32 object_size,
			      __u32 align, __u32 flags,
			      const struct kgc_field *fields, __u32 nr_fields);

/*
 * Allocate one zeroed object, or @nr of them. @count is the number of elements
 * for KGC_TYPE_ARRAY types, else 0. kgc_alloc_many() returns how many handles
 * it wrote when all went well (@nr); on failure -errno, with @done telling
 * how many handles stand in @handles and must be dropped by the caller.
 */
int kgc_alloc(int heap, __u32 type, __u64 count, __u64 *handle);
int kgc_alloc_many(int heap, __u32 type, __u64 count, __u32 nr, __u64 *handles,
		   __u32 *done);

/*
 * Pointer fields: @offset in bytes. LOAD and XCHG hand out a new handle to the
 * target found, or 0 for NULL; the caller drops it.
 */
int kgc_load(int heap, __u64 object, __u64 offset, __u64 *target);
int kgc_store(int heap, __u64 object, __u64 offset, __u64 target);
int kgc_xchg(int heap, __u64 object, __u64 offset, __u64 target, __u64 *old);

/* Plain bytes: @length of them at @offset; the range must hold no pointer. */
int kgc_read(int heap, __u64 object, __u64 offset, void *buffer, __u64 length);
int kgc_write(int heap, __u64 object, __u64 offset, const void *buffer,
	      __u64 length);

/* A second handle to the same object. */
int kgc_dup(int heap, __u64 object, __u64 *copy);

/* Close one handle, or @nr; @done tells how many were closed. */
int kgc_drop(int heap, __u64 object);
int kgc_drop_many(int heap, const __u64 *objects, __u32 nr, __u32 *done);

/* Type and usable bytes of an object. */
int kgc_object_info(int heap, __u64 object, __u32 *type, __u32 *size);

/*
 * Ask for @cycles (1 or 2) full cycles that begin after this call; two free
 * all garbage there is now, with the exceptions in <linux/kgc.h>. With
 * KGC_COLLECT_WAIT in @flags the call returns when they are over, or with -EINTR while
 * they go on; with KGC_COLLECT_FINALIZERS as well when another thread has read the
 * records of what was found dead. @cycle receives the number to compare with
 * kgc_stats.num_gc, with -EINTR too.
 */
int kgc_collect(int heap, __u32 cycles, __u32 flags, __u64 *cycle);

/* Options, enum kgc_option_id. */
int kgc_option_get(int heap, __u32 option, __u64 *value);
int kgc_option_set(int heap, __u32 option, __u64 value);

/* Which options there are: @index from 0 on, until -ENOENT. */
int kgc_option_info(int heap, __u32 index, struct kgc_option_info *info);

/*
 * Number, name and counters of the open heaps that the caller may see: those that
 * a process with its user and user namespace has opened, with CAP_SYS_ADMIN all.
 * Ascending by number, from the first above @after on, at most @nr. Returns how
 * many there are in @entries; fewer than @nr say that these were the last.
 */
int kgc_heaps(int heap, __u32 after, struct kgc_heap_entry *entries, __u32 nr);

/* All counters of the heap. */
int kgc_stats(int heap, struct kgc_stats *stats);

/* Give free memory back to the kernel now; @released receives the bytes. */
int kgc_scavenge(int heap, __u64 *released);

/*
 * Weak handles do not keep their object alive. WEAK_GET hands out a new strong
 * handle, or 0 when the object is dead.
 */
int kgc_weak_create(int heap, __u64 object, __u64 *weak);
int kgc_weak_get(int heap, __u64 weak, __u64 *object);
int kgc_weak_drop(int heap, __u64 weak);

/*
 * Be told when an object is found dead, or call that off: -ENOENT when it is too
 * late, or was not asked for; @cookie receives what was given, and may be NULL.
 * kgc_final_read() returns how many records it wrote, at most @nr; it blocks while
 * there is none unless the descriptor is non-blocking, then -EAGAIN. The caller owns
 * the handles in the records.
 */
int kgc_finalize(int heap, __u64 object, __u64 cookie);
int kgc_finalize_cancel(int heap, __u64 object, __u64 *cookie);
int kgc_final_read(int heap, struct kgc_final_record *records, __u32 nr);

/*
 * Submit operations the caller laid out: one KGC_BATCH. Returns 0 even if
 * operations failed; @done and @failed tell.
 */
int kgc_batch_submit(int heap, struct kgc_op *ops, __u32 nr, __u32 flags,
		     __u32 *done, __u32 *failed);

/**
 * struct kgc_batch_builder - operations gathered for one KGC_BATCH
 * @heap: descriptor they go to
 * @capacity: operations there is room for, at most kgc_info.max_batch
 * @nr: operations gathered
 * @done: of these, carried out by the kernel so far
 * @failed: of these, failed
 * @ops: the operations, @result and @error of each valid after the flush
 *
 *	struct kgc_batch_builder b;
 *	int node, err;
 *
 *	err = kgc_batch_init(&b, heap, 4096);
 *	...
 *	node = kgc_batch_alloc(&b, type, 0);
 *	kgc_batch_store(&b, KGC_RESULT(node), 0, root);
 *	err = kgc_batch_flush(&b, 0);
 *	...
 *	handle = kgc_batch_result(&b, node);
 *	kgc_batch_reset(&b);
 *
 * Every kgc_batch_<operation>() appends and returns the index of the new
 * operation, to be used in KGC_RESULT() and kgc_batch_result(), or -ENOSPC when
 * the builder is full or was flushed and not reset: nothing is sent behind the
 * caller's back. A handle argument is a handle, KGC_NULL_HANDLE where that is
 * allowed, or KGC_RESULT() of an earlier operation of this batch.
 */
struct kgc_batch_builder {
	int heap;
	__u32 capacity;
	__u32 nr;
	__u32 done;
	__u32 failed;
	struct kgc_op *ops;
};

/* Room for @capacity operations: 0 or -ENOMEM. Undone by kgc_batch_destroy(). */
int kgc_batch_init(struct kgc_batch_builder *batch, int heap, __u32 capacity);
void kgc_batch_destroy(struct kgc_batch_builder *batch);

/* Forget all operations and results. Handles among the results stay open. */
void kgc_batch_reset(struct kgc_batch_builder *batch);

/* Operations that can still be appended. */
__u32 kgc_batch_room(const struct kgc_batch_builder *batch);

int kgc_batch_alloc(struct kgc_batch_builder *batch, __u32 type, __u64 count);
int kgc_batch_load(struct kgc_batch_builder *batch, __u64 object, __u64 offset);
int kgc_batch_store(struct kgc_batch_builder *batch, __u64 object, __u64 offset,
		    __u64 target);
int kgc_batch_xchg(struct kgc_batch_builder *batch, __u64 object, __u64 offset,
		   __u64 target);
/* @buffer is used when the batch is flushed and must live until then. */
int kgc_batch_read(struct kgc_batch_builder *batch, __u64 object, __u64 offset,
		   void *buffer, __u64 length);
int kgc_batch_write(struct kgc_batch_builder *batch, __u64 object, __u64 offset,
		    const void *buffer, __u64 length);
int kgc_batch_read_word(struct kgc_batch_builder *batch, __u64 object,
			__u64 offset);
int kgc_batch_write_word(struct kgc_batch_builder *batch, __u64 object,
			 __u64 offset, __u64 word);
int kgc_batch_dup(struct kgc_batch_builder *batch, __u64 object);
int kgc_batch_drop(struct kgc_batch_builder *batch, __u64 object);
int kgc_batch_collect(struct kgc_batch_builder *batch, __u32 cycles);
int kgc_batch_weak_create(struct kgc_batch_builder *batch, __u64 object);
int kgc_batch_weak_get(struct kgc_batch_builder *batch, __u64 weak);
int kgc_batch_weak_drop(struct kgc_batch_builder *batch, __u64 weak);
int kgc_batch_finalize(struct kgc_batch_builder *batch, __u64 object,
		       __u64 cookie);

/*
 * Carry out what was gathered; @flags are KGC_BATCH_*. 0 when the batch is
 * over, which with KGC_BATCH_STOP_ON_ERROR may be before its end: see @done
 * and @failed. -EINTR when a signal ended it early: @done operations stand, and
 * calling again carries on with the rest, references to earlier results
 * included. Any other -errno is the kernel's for the whole call.
 */
int kgc_batch_flush(struct kgc_batch_builder *batch, __u32 flags);

/* After the flush: result of operation @index, 0 if it failed or never ran. */
__u64 kgc_batch_result(const struct kgc_batch_builder *batch, int index);

/* After the flush: the first failed operation's -errno, or 0. */
int kgc_batch_error(const struct kgc_batch_builder *batch);

#ifdef __cplusplus
}

/*
 * On 64-bit machines uint64_t is unsigned long and __u64 is unsigned long long, so
 * the address of the one is none of the other's. Templates, because of two functions
 * neither would be better for NULL.
 */
extern "C++" {
#include <cerrno>
#include <cstdint>
#include <type_traits>

#define KGC_FOR_UINT64(Word)						\
	template <typename Word, typename = typename			\
		  std::enable_if<std::is_same<Word, uint64_t>::value>::type>	\
	static inline int

/* @call gets a copy of *@word, and that the result. */
template <typename Call>
static inline int kgc_with_word(uint64_t *word, Call call)
{
	__u64 value = 0;
	int err = call(word ? &value : static_cast<__u64 *>(0));

	if (word && !err)
		*word = value;
	return err;
}

KGC_FOR_UINT64(Word) kgc_alloc(int heap, __u32 type, __u64 count, Word *handle)
{
	return kgc_with_word(handle, [=](__u64 *to) {
		return kgc_alloc(heap, type, count, to); });
}

/* Of arrays the addresses do: they are the kernel's to look at. */
KGC_FOR_UINT64(Word) kgc_alloc_many(int heap, __u32 type, __u64 count, __u32 nr,
				    Word *handles, __u32 *done)
{
	return kgc_alloc_many(heap, type, count, nr,
			      reinterpret_cast<__u64 *>(handles), done);
}

KGC_FOR_UINT64(Word) kgc_drop_many(int heap, const Word *objects, __u32 nr, __u32 *done)
{
	return kgc_drop_many(heap, reinterpret_cast<const __u64 *>(objects), nr, done);
}

KGC_FOR_UINT64(Word) kgc_load(int heap, __u64 object, __u64 offset, Word *target)
{
	return kgc_with_word(target, [=](__u64 *to) {
		return kgc_load(heap, object, offset, to); });
}

KGC_FOR_UINT64(Word) kgc_xchg(int heap, __u64 object, __u64 offset, __u64 target,
			      Word *old)
{
	return kgc_with_word(old, [=](__u64 *to) {
		return kgc_xchg(heap, object, offset, target, to); });
}

KGC_FOR_UINT64(Word) kgc_dup(int heap, __u64 object, Word *copy)
{
	return kgc_with_word(copy, [=](__u64 *to) {
		return kgc_dup(heap, object, to); });
}

KGC_FOR_UINT64(Word) kgc_collect(int heap, __u32 cycles, __u32 flags, Word *cycle)
{
	__u64 number = 0;
	int err = kgc_collect(heap, cycles, flags, cycle ? &number : static_cast<__u64 *>(0));

	if (cycle && (!err || err == -EINTR))
		*cycle = number;
	return err;
}

KGC_FOR_UINT64(Word) kgc_option_get(int heap, __u32 option, Word *value)
{
	return kgc_with_word(value, [=](__u64 *to) {
		return kgc_option_get(heap, option, to); });
}

KGC_FOR_UINT64(Word) kgc_scavenge(int heap, Word *released)
{
	return kgc_with_word(released, [=](__u64 *to) {
		return kgc_scavenge(heap, to); });
}

KGC_FOR_UINT64(Word) kgc_weak_create(int heap, __u64 object, Word *weak)
{
	return kgc_with_word(weak, [=](__u64 *to) {
		return kgc_weak_create(heap, object, to); });
}

KGC_FOR_UINT64(Word) kgc_weak_get(int heap, __u64 weak, Word *object)
{
	return kgc_with_word(object, [=](__u64 *to) {
		return kgc_weak_get(heap, weak, to); });
}

KGC_FOR_UINT64(Word) kgc_finalize_cancel(int heap, __u64 object, Word *cookie)
{
	return kgc_with_word(cookie, [=](__u64 *to) {
		return kgc_finalize_cancel(heap, object, to); });
}

#undef KGC_FOR_UINT64
}
#endif

#endif /* LIBKGC_KGC_H */
