// SPDX-License-Identifier: GPL-2.0
/*
 * Batches. Operations are copied in and out a chunk at a time; a chunk runs
 * in one section, which is left for operations that wait or touch user memory.
 */
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../gc/handle.h"
#include "../gc/heap.h"
#include "../gc/weak.h"
#include "batch.h"
#include "ops.h"

#define CHUNK_OPS	64	/* one page of operations */

static_assert(sizeof(struct kgc_op) == 64);

/**
 * struct batch_run - a batch under way
 * @heap: the heap
 * @s: the section
 * @results: by operation: the handle it made, or NO_HANDLE
 * @index: of the current operation
 * @stop: an operation has ended the batch
 */
struct batch_run {
	struct kgc_heap		*heap;
	struct kgc_section	s;
	u64			*results;
	u32			index;
	bool			stop;
};

#define NO_HANDLE	KGC_RESULT_BIT

/* The handle an operand means. Return: NO_HANDLE when it means none. */
static u64 batch_handle(struct batch_run *run, u64 operand)
{
	u64 i = operand & ~KGC_RESULT_BIT;

	if (!(operand & KGC_RESULT_BIT))
		return operand;
	if (i >= run->index)
		return NO_HANDLE;
	/* the operand is the user's, under speculation too */
	return run->results[array_index_nospec(i, run->index)];
}

static int op_word(struct kgc_section s, struct kgc_op *op, u64 handle)
{
	u64 word = op->value;
	int err;

	if (op->op == KGC_OP_WRITE_WORD)
		return kgc_op_write(s, handle, op->offset, &word, sizeof(word));
	err = kgc_op_read(s, handle, op->offset, &word, sizeof(word));
	if (!err)
		op->result = word;
	return err;
}

/* Operations that run inside the section. */
static int op_inside(struct kgc_section s, struct kgc_op *op, u64 handle,
		     u64 value)
{
	switch (op->op) {
	case KGC_OP_ALLOC:
		return kgc_op_alloc(s, op->type, op->length, &op->result);
	case KGC_OP_LOAD:
		return kgc_op_load(s, handle, op->offset, &op->result);
	case KGC_OP_STORE:
		return kgc_op_store(s, handle, op->offset, value);
	case KGC_OP_XCHG:
		return kgc_op_xchg(s, handle, op->offset, value, &op->result);
	case KGC_OP_READ_WORD:
	case KGC_OP_WRITE_WORD:
		return op_word(s, op, handle);
	case KGC_OP_DUP:
		return kgc_op_dup(s, handle, &op->result);
	case KGC_OP_DROP:
		return kgc_handle_drop(s, handle);
	case KGC_OP_WEAK_CREATE:
		return kgc_op_weak_create(s, handle, &op->result);
	case KGC_OP_WEAK_GET:
		return kgc_op_weak_get(s, handle, &op->result);
	case KGC_OP_WEAK_DROP:
		return kgc_weak_drop(s, handle);
	case KGC_OP_FINALIZE:
		return kgc_op_finalize(s, handle, value);
	default:
		return -EOPNOTSUPP;
	}
}

/* Operations that wait or touch user memory. */
static int op_outside(struct kgc_heap *heap, struct kgc_op *op, u64 handle)
{
	switch (op->op) {
	case KGC_OP_COLLECT:
		if (op->length < 1 || op->length > 2)
			return -EINVAL;
		op->result = kgc_collect_start(heap, op->length);
		return kgc_wait(heap, op->result);
	case KGC_OP_READ:
		return kgc_op_read_user(heap, handle, op->offset, op->length,
					u64_to_user_ptr(op->value));
	default:
		return kgc_op_write_user(heap, handle, op->offset, op->length,
					 u64_to_user_ptr(op->value));
	}
}

static int op_run(struct batch_run *run, struct kgc_op *op)
	__must_hold(kgc_section)
{
	u64 handle = batch_handle(run, op->handle);
	u64 value = op->value;
	int err;

	if (op->flags)
		return -EOPNOTSUPP;
	if (op->__reserved || op->__reserved2)
		return -EINVAL;
	switch (op->op) {
	case KGC_OP_COLLECT:
	case KGC_OP_READ:
	case KGC_OP_WRITE:
		kgc_exit(run->s);
		err = op_outside(run->heap, op, handle);
		cond_resched();
		run->s = kgc_enter(run->heap);
		return err;
	case KGC_OP_STORE:
	case KGC_OP_XCHG:
		value = batch_handle(run, value);
		break;
	}
	return op_inside(run->s, op, handle, value);
}

static bool op_makes_handle(const struct kgc_op *op)
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
		return false;
	}
}

/*
 * Run @n operations. They keep no pointers, so the section is a new one when
 * others want the processor.
 *
 * Return: how many were run before one asked to stop.
 */
static u32 chunk_run(struct batch_run *run, struct kgc_batch *batch,
		     struct kgc_op *ops, u32 n)
	__must_hold(kgc_section)
{
	u32 i;

	for (i = 0; i < n; i++) {
		struct kgc_op *op = &ops[i];

		if (fatal_signal_pending(current)) {
			run->stop = true;
			return i;
		}
		if (need_resched()) {
			kgc_exit(run->s);
			cond_resched();
			run->s = kgc_enter(run->heap);
		}
		op->result = 0;
		op->error = op_run(run, op);
		run->results[run->index] = op_makes_handle(op) ? op->result :
								 NO_HANDLE;
		run->index++;
		if (op->error) {
			batch->failed++;
			if (batch->flags & KGC_BATCH_STOP_ON_ERROR ||
			    op->error == -EINTR) {
				run->stop = true;
				return i + 1;
			}
		}
	}
	return n;
}

/* Nobody will learn of the handles that these operations made. */
static void chunk_forget(struct batch_run *run, const struct kgc_op *ops, u32 n)
{
	u32 i;

	run->s = kgc_enter(run->heap);
	for (i = 0; i < n; i++)
		if (op_makes_handle(&ops[i]) && ops[i].result)
			kgc_op_drop(run->s, ops[i].result);
	kgc_exit(run->s);
}

/* Operations at @user that can be read into @ops and written back, up to @n. */
static u32 chunk_fetch(struct kgc_op *ops, struct kgc_op __user *user, u32 n)
{
	size_t bytes = n * sizeof(*ops);

	bytes -= fault_in_safe_writeable((char __user *)user, bytes);
	bytes -= copy_from_user(ops, user, bytes);
	return bytes / sizeof(*ops);
}

static int batch_chunks(struct batch_run *run, struct kgc_batch *batch,
			struct kgc_op *ops)
{
	struct kgc_op __user *user = u64_to_user_ptr(batch->ops);
	u32 want, n, ran;

	while (batch->done < batch->nr_ops) {
		if (signal_pending(current))
			return batch->done ? 0 : -EINTR;
		want = min_t(u32, batch->nr_ops - batch->done, CHUNK_OPS);
		n = chunk_fetch(ops, user + batch->done, want);
		run->s = kgc_enter(run->heap);
		ran = chunk_run(run, batch, ops, n);
		kgc_exit(run->s);
		if (copy_to_user(user + batch->done, ops, ran * sizeof(*ops))) {
			chunk_forget(run, ops, ran);
			batch->done += ran;
			return -EFAULT;
		}
		batch->done += ran;
		if (run->stop)
			return 0;
		if (n < want)
			return -EFAULT;
		cond_resched();
	}
	return 0;
}

/**
 * kgc_batch_run() - carry out a batch
 * @heap: the heap
 * @batch: checked but for its operations, with no counts yet; receives them
 *
 * Context: process context, may sleep.
 * Return: 0, -EFAULT, -ENOMEM, or -EINTR when nothing was done.
 */
int kgc_batch_run(struct kgc_heap *heap, struct kgc_batch *batch)
{
	struct batch_run run = { .heap = heap };
	struct kgc_op *ops;
	int err = -ENOMEM;

	/* no more than asked for: kernels that clear what they allocate feel it */
	ops = kmalloc_array(min_t(u32, batch->nr_ops, CHUNK_OPS), sizeof(*ops),
			    GFP_KERNEL_ACCOUNT);
	run.results = kvmalloc_array(batch->nr_ops, sizeof(u64),
				     GFP_KERNEL_ACCOUNT);
	if (ops && run.results)
		err = batch_chunks(&run, batch, ops);
	kvfree(run.results);
	kfree(ops);
	return err;
}
