// SPDX-License-Identifier: GPL-2.0
/*
 * The batch builder: gathers kgc_op structures in a buffer of fixed size, and submits
 * them by one KGC_BATCH.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kgc.h"

int kgc_batch_init(struct kgc_batch_builder *batch, int heap, __u32 capacity)
{
	*batch = (struct kgc_batch_builder){ .heap = heap };
	batch->ops = calloc(capacity, sizeof(*batch->ops));
	if (!batch->ops)
		return -ENOMEM;
	batch->capacity = capacity;
	return 0;
}

void kgc_batch_destroy(struct kgc_batch_builder *batch)
{
	free(batch->ops);
	*batch = (struct kgc_batch_builder){ .heap = -1 };
}

void kgc_batch_reset(struct kgc_batch_builder *batch)
{
	batch->nr = 0;
	batch->done = 0;
	batch->failed = 0;
}

__u32 kgc_batch_room(const struct kgc_batch_builder *batch)
{
	return batch->done ? 0 : batch->capacity - batch->nr;
}

static int append(struct kgc_batch_builder *batch, struct kgc_op op)
{
	if (!kgc_batch_room(batch))
		return -ENOSPC;
	batch->ops[batch->nr] = op;
	return batch->nr++;
}

int kgc_batch_alloc(struct kgc_batch_builder *batch, __u32 type, __u64 count)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_ALLOC, .type = type, .length = count });
}

int kgc_batch_load(struct kgc_batch_builder *batch, __u64 object, __u64 offset)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_LOAD, .handle = object, .offset = offset });
}

int kgc_batch_store(struct kgc_batch_builder *batch, __u64 object, __u64 offset,
		    __u64 target)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_STORE, .handle = object, .offset = offset,
		.value = target });
}

int kgc_batch_xchg(struct kgc_batch_builder *batch, __u64 object, __u64 offset,
		   __u64 target)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_XCHG, .handle = object, .offset = offset,
		.value = target });
}

int kgc_batch_read(struct kgc_batch_builder *batch, __u64 object, __u64 offset,
		   void *buffer, __u64 length)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_READ, .handle = object, .offset = offset,
		.value = (uintptr_t)buffer, .length = length });
}

int kgc_batch_write(struct kgc_batch_builder *batch, __u64 object, __u64 offset,
		    const void *buffer, __u64 length)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_WRITE, .handle = object, .offset = offset,
		.value = (uintptr_t)buffer, .length = length });
}

int kgc_batch_read_word(struct kgc_batch_builder *batch, __u64 object,
			__u64 offset)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_READ_WORD, .handle = object, .offset = offset });
}

int kgc_batch_write_word(struct kgc_batch_builder *batch, __u64 object,
			 __u64 offset, __u64 word)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_WRITE_WORD, .handle = object, .offset = offset,
		.value = word });
}

int kgc_batch_dup(struct kgc_batch_builder *batch, __u64 object)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_DUP, .handle = object });
}

int kgc_batch_drop(struct kgc_batch_builder *batch, __u64 object)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_DROP, .handle = object });
}

int kgc_batch_collect(struct kgc_batch_builder *batch, __u32 cycles)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_COLLECT, .length = cycles });
}

int kgc_batch_weak_create(struct kgc_batch_builder *batch, __u64 object)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_WEAK_CREATE, .handle = object });
}

int kgc_batch_weak_get(struct kgc_batch_builder *batch, __u64 weak)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_WEAK_GET, .handle = weak });
}

int kgc_batch_weak_drop(struct kgc_batch_builder *batch, __u64 weak)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_WEAK_DROP, .handle = weak });
}

int kgc_batch_finalize(struct kgc_batch_builder *batch, __u64 object,
		       __u64 cookie)
{
	return append(batch, (struct kgc_op){
		.op = KGC_OP_FINALIZE, .handle = object, .value = cookie });
}

static int value_is_handle(const struct kgc_op *op)
{
	return op->op == KGC_OP_STORE || op->op == KGC_OP_XCHG;
}

static int makes_handle(const struct kgc_op *op)
{
	switch (op->op) {
	case KGC_OP_ALLOC:
	case KGC_OP_LOAD:
	case KGC_OP_XCHG:
	case KGC_OP_DUP:
	case KGC_OP_WEAK_CREATE:
	case KGC_OP_WEAK_GET:
		return !op->error;
	default:
		return 0;
	}
}

/*
 * After a signal, another KGC_BATCH continues from operation @done. For it, KGC_RESULT(i)
 * becomes the handle if operation i is done, otherwise KGC_RESULT(i - done). If operation
 * i is done but made no handle, the index becomes one that the batch does not have, and
 * the kernel answers -ENOENT, as it would have in a batch without a signal.
 */
static __u64 rebase(const struct kgc_batch_builder *batch, __u64 reference)
{
	__u64 index = reference & ~KGC_RESULT_BIT;

	if (!(reference & KGC_RESULT_BIT) || index >= batch->nr)
		return reference;
	if (index >= batch->done)
		return KGC_RESULT(index - batch->done);
	if (!makes_handle(&batch->ops[index]))
		return KGC_RESULT(batch->nr);
	return batch->ops[index].result;
}

static void rebase_rest(struct kgc_batch_builder *batch, __u32 done_before)
{
	struct kgc_batch_builder step = *batch;

	/* References count from the first operation of this call, not of the batch. */
	step.ops += done_before;
	step.nr -= done_before;
	step.done -= done_before;
	for (__u32 i = step.done; i < step.nr; i++) {
		struct kgc_op *op = &step.ops[i];

		op->handle = rebase(&step, op->handle);
		if (value_is_handle(op))
			op->value = rebase(&step, op->value);
	}
}

int kgc_batch_flush(struct kgc_batch_builder *batch, __u32 flags)
{
	__u32 before = batch->done, done, failed;
	int err;

	if (before == batch->nr)
		return 0;
	err = kgc_batch_submit(batch->heap, batch->ops + before,
			       batch->nr - before, flags, &done, &failed);
	batch->done += done;
	batch->failed += failed;
	if (err || batch->done == batch->nr)
		return err;
	if ((flags & KGC_BATCH_STOP_ON_ERROR) && failed)
		return 0;
	rebase_rest(batch, before);
	return -EINTR;
}

__u64 kgc_batch_result(const struct kgc_batch_builder *batch, int index)
{
	if (index < 0 || (__u32)index >= batch->done || batch->ops[index].error)
		return 0;
	return batch->ops[index].result;
}

int kgc_batch_error(const struct kgc_batch_builder *batch)
{
	for (__u32 i = 0; i < batch->done; i++)
		if (batch->ops[i].error)
			return batch->ops[i].error;
	return 0;
}
