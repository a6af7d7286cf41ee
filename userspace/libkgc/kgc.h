/* SPDX-License-Identifier: GPL-2.0 */
/*
 * libkgc: /dev/kgc from C.
 *
 * A heap is an open file of /dev/kgc; its name is the descriptor, an int. The name
 * of an object is a handle, a __u64; 0 is the NULL pointer. Most functions here are
 * one ioctl each: they fill the structure of <linux/kgc.h>, make the call, and return
 * what the kernel wrote. No function caches, retries or hides anything, or keeps
 * state beyond its arguments.
 *
 * Unless its comment says otherwise, a function returns 0 or a negative errno.
 * <linux/kgc.h> explains each errno for each command. Do not look at the variable
 * errno. Output pointers of type __u32 * may be NULL, and so may those for a cycle
 * number and released bytes. The one for the old value of an exchange may be NULL only
 * if the field is known to be NULL, because otherwise the new handle is lost, and open.
 *
 * Threads and processes may share a heap. Only one thread at a time may use a batch
 * builder.
 *
 * In C++ a handle may also be a uint64_t, which is a different type from __u64.
 */
#ifndef LIBKGC_KGC_H
#define LIBKGC_KGC_H

#include <stddef.h>
#include <linux/kgc.h>

#ifdef __cplusplus
extern "C" {
#endif

#define KGC_DEVICE "/dev/kgc"

/* Version of the library; the module and kgcctl of the same release have the same. */
const char *kgc_version(void);

/* Open a new, empty heap. Returns its descriptor (close-on-exec), or -errno. */
int kgc_open(void);

/* Close the descriptor. The last close destroys the heap and everything in it. */
int kgc_close(int heap);

/* Versions and limits of the module and the heap. */
int kgc_info(int heap, struct kgc_info *info);

/*
 * Register a type. @flags are KGC_TYPE_*, @name may be NULL, and @fields is an
 * array of @nr_fields entries with ascending offsets. Returns the type's id, a
 * positive number, or -errno. kgc_type_register_aligned() also takes the alignment,
 * a power of two up to 4096, or 0 for the default.
 */
int kgc_type_register(int heap, const char *name, __u32 object_size,
		      __u32 flags, const struct kgc_field *fields,
		      __u32 nr_fields);
int kgc_type_register_aligned(int heap, const char *name, __u32 object_size,
			      __u32 align, __u32 flags,
			      const struct kgc_field *fields, __u32 nr_fields);

/*
 * Allocate one zeroed object, or @nr of them. @count is the number of elements
 * for KGC_TYPE_ARRAY types, otherwise 0. kgc_alloc_many() returns @nr, or -errno. After
 * a failure the first @done entries of @handles are valid, and the caller has to drop
 * them.
 */
int kgc_alloc(int heap, __u32 type, __u64 count, __u64 *handle);
int kgc_alloc_many(int heap, __u32 type, __u64 count, __u32 nr, __u64 *handles,
		   __u32 *done);

/*
 * Load, store or exchange a pointer field at @offset bytes. kgc_load() and kgc_xchg()
 * return a new handle to the target found, or 0 for NULL. The caller drops it.
 */
int kgc_load(int heap, __u64 object, __u64 offset, __u64 *target);
int kgc_store(int heap, __u64 object, __u64 offset, __u64 target);
int kgc_xchg(int heap, __u64 object, __u64 offset, __u64 target, __u64 *old);

/* Read or write @length plain bytes at @offset; no pointer field may be in the range. */
int kgc_read(int heap, __u64 object, __u64 offset, void *buffer, __u64 length);
int kgc_write(int heap, __u64 object, __u64 offset, const void *buffer,
	      __u64 length);

/* Make a second handle to the same object. */
int kgc_dup(int heap, __u64 object, __u64 *copy);

/* Close one handle, or @nr of them; @done receives how many were closed. */
int kgc_drop(int heap, __u64 object);
int kgc_drop_many(int heap, const __u64 *objects, __u32 nr, __u32 *done);

/* Type and usable bytes of an object. */
int kgc_object_info(int heap, __u64 object, __u32 *type, __u32 *size);

/*
 * Ask for @cycles (1 or 2) full cycles that begin after this call. Two cycles free
 * all garbage that exists now, with the exceptions in <linux/kgc.h>. With
 * KGC_COLLECT_WAIT in @flags the call returns when the cycles are over. With
 * KGC_COLLECT_FINALIZERS it also waits until other threads have read the records of the
 * objects found dead. If a signal ends the wait, the call returns -EINTR, and the cycles
 * go on. @cycle receives the number to compare with kgc_stats.num_gc, after -EINTR, too.
 */
int kgc_collect(int heap, __u32 cycles, __u32 flags, __u64 *cycle);

/* Read or set an option, of enum kgc_option_id. */
int kgc_option_get(int heap, __u32 option, __u64 *value);
int kgc_option_set(int heap, __u32 option, __u64 value);

/* Describe an option. To list all, count @index up from 0 until -ENOENT. */
int kgc_option_info(int heap, __u32 index, struct kgc_option_info *info);

/*
 * List number, name and counters of open heaps that the caller may see; struct kgc_heaps
 * says which ones these are. The list has at most @nr heaps, in ascending order of their
 * numbers, and begins with the first number above @after. Returns the number of
 * @entries written, or -errno. If it is below @nr, no heap comes after these.
 */
int kgc_heaps(int heap, __u32 after, struct kgc_heap_entry *entries, __u32 nr);

/*
 * List at most @nr types of the heap, from the first number above @after on, with what a
 * census has found alive of each. With KGC_TYPES_CENSUS in @flags the call first waits for
 * a cycle that takes a census; otherwise it shows the last one. *@cycle receives the number
 * of its cycle. To read on, pass the number in *@cycle, and no flags. @cycle may be NULL,
 * and *@cycle 0, for the last census. Returns the number of
 * @entries written, or -errno: -ENODATA without a census, -ESTALE if there is a newer one.
 */
int kgc_types(int heap, __u32 flags, __u32 after, struct kgc_type_entry *entries, __u32 nr,
	      __u64 *cycle);

/* Read all counters of the heap. */
int kgc_stats(int heap, struct kgc_stats *stats);

/* Give free memory back to the kernel now; @released receives the bytes. */
int kgc_scavenge(int heap, __u64 *released);

/*
 * Ask for a snapshot of the heap. The result is a descriptor, from which it is to be read at
 * once: struct kgc_snapshot in <linux/kgc.h> says why. <linux/kgc_snapshot.h> has its format.
 */
int kgc_snapshot(int heap);

/*
 * A weak handle does not keep its object alive. kgc_weak_get() returns a new strong
 * handle in @object, or 0 if the object is dead.
 */
int kgc_weak_create(int heap, __u64 object, __u64 *weak);
int kgc_weak_get(int heap, __u64 weak, __u64 *object);
int kgc_weak_drop(int heap, __u64 weak);

/*
 * Ask for a record when an object is found dead, or cancel that. kgc_finalize_cancel()
 * returns -ENOENT when it is too late or there is nothing to cancel. Its @cookie receives
 * the cookie, and may be NULL. kgc_final_read() returns the number of records that it
 * wrote, at most @nr. If there is none, it waits, or returns -EAGAIN if the descriptor
 * is non-blocking. The caller owns the handles in the records.
 */
int kgc_finalize(int heap, __u64 object, __u64 cookie);
int kgc_finalize_cancel(int heap, __u64 object, __u64 *cookie);
int kgc_final_read(int heap, struct kgc_final_record *records, __u32 nr);

/*
 * Submit operations that the caller has filled in, as one KGC_BATCH. Returns 0 even if
 * operations failed; see @done and @failed.
 */
int kgc_batch_submit(int heap, struct kgc_op *ops, __u32 nr, __u32 flags,
		     __u32 *done, __u32 *failed);

/**
 * struct kgc_batch_builder - operations gathered for one KGC_BATCH
 * @heap: descriptor they go to
 * @capacity: operations that fit, at most kgc_info.max_batch
 * @nr: operations gathered
 * @done: of these, operations that the kernel has carried out so far
 * @failed: of these, operations that failed
 * @ops: the operations; @result and @error of each are valid after the flush
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
 * Every kgc_batch_<operation>() appends an operation and returns its index, for
 * KGC_RESULT() and kgc_batch_result(). It returns -ENOSPC if the builder is full, or has
 * been flushed and not reset: only kgc_batch_flush() makes a call. A handle argument is a
 * handle, KGC_NULL_HANDLE where that is allowed, or KGC_RESULT() of an earlier
 * operation of this batch.
 */
struct kgc_batch_builder {
	int heap;
	__u32 capacity;
	__u32 nr;
	__u32 done;
	__u32 failed;
	struct kgc_op *ops;
};

/* Get room for @capacity operations; kgc_batch_destroy() frees it. 0 or -ENOMEM. */
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
 * Carry out the gathered operations; @flags are KGC_BATCH_*. Returns 0 when the batch is
 * over. With KGC_BATCH_STOP_ON_ERROR that may be before its last operation: see @done and
 * @failed. Returns -EINTR when a signal ended the batch early. Then @done operations are
 * carried out, and another call carries out the rest, with references to earlier
 * results. Any other -errno comes from the kernel, and is for the whole call.
 */
int kgc_batch_flush(struct kgc_batch_builder *batch, __u32 flags);

/* After the flush: the result of operation @index, 0 if it failed or did not run. */
__u64 kgc_batch_result(const struct kgc_batch_builder *batch, int index);

/* After the flush: the first failed operation's -errno, or 0. */
int kgc_batch_error(const struct kgc_batch_builder *batch);

#ifdef __cplusplus
}

/*
 * On 64-bit machines uint64_t is unsigned long and __u64 is unsigned long long, so a
 * pointer to one does not convert to a pointer to the other. These overloads are
 * templates: with two plain functions a call with NULL would be ambiguous.
 */
extern "C++" {
#include <cerrno>
#include <cstdint>
#include <type_traits>

#define KGC_FOR_UINT64(Word)						\
	template <typename Word, typename = typename			\
		  std::enable_if<std::is_same<Word, uint64_t>::value>::type>	\
	static inline int

/* Let @call write to a __u64, and copy that to *@word if @call succeeds. */
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

/* Arrays need no copy: only the kernel accesses them, and it knows no C++ types. */
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

KGC_FOR_UINT64(Word) kgc_types(int heap, __u32 flags, __u32 after,
			       struct kgc_type_entry *entries, __u32 nr, Word *cycle)
{
	__u64 number = cycle ? *cycle : 0;
	int err = kgc_types(heap, flags, after, entries, nr, &number);

	if (cycle && err >= 0)
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
