// SPDX-License-Identifier: GPL-2.0
/*
 * Batches. A batch copies its operations in and out in chunks, and runs a chunk in one
 * section. It leaves the section for operations that wait or touch user memory.
 */
#include <linux/nospec.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../compat.h"
#include "../gc/handle.h"
#include "../gc/heap.h"
#include "../gc/throttle.h"
#include "../gc/weak.h"
#include "batch.h"
#include "ops.h"

#define CHUNK_OPS	64	/* one page of operations */

static_assert(sizeof(struct kgc_op) == 64);

/**
 * struct batch_run - a batch under way
 * @heap: the heap
 * @s: the section in which the current chunk runs
 * @results: by operation: the handle it made, or NO_HANDLE
 * @index: index of the current operation
 * @stop: the batch ends, because an operation failed or a fatal signal is pending
 */
struct batch_run {
	struct kgc_heap		*heap;
	struct kgc_section	s;
	u64			*results;
	u32			index;
	bool			stop;
};

#define NO_HANDLE	KGC_RESULT_BIT

/*
 * Resolve an operand, which is a handle or the index of an earlier result. Return: a
 * handle; NO_HANDLE if the operand names no earlier result that is a handle.
 */
static u64 batch_handle(struct batch_run *run, u64 operand)
{
	u64 i = operand & ~KGC_RESULT_BIT;

	if (!(operand & KGC_RESULT_BIT))
		return operand;
	if (i >= run->index)
		return NO_HANDLE;
	/* the user chooses the operand: clamp it under speculation too */
	return run->results[array_index_nospec(i, run->index)];
}

/* ---- operations inside the section ------------------------------------------ */

static int op_alloc(struct kgc_section s, struct kgc_op *op, u64 handle, u64 value)
{
	return kgc_op_alloc(s, op->type, op->length, &op->result);
}

static int op_load(struct kgc_section s, struct kgc_op *op, u64 handle, u64 value)
{
	return kgc_op_load(s, handle, op->offset, &op->result);
}

static int op_store(struct kgc_section s, struct kgc_op *op, u64 handle, u64 value)
{
	return kgc_op_store(s, handle, op->offset, value);
}

static int op_xchg(struct kgc_section s, struct kgc_op *op, u64 handle, u64 value)
{
	return kgc_op_xchg(s, handle, op->offset, value, &op->result);
}

static int op_read_word(struct kgc_section s, struct kgc_op *op, u64 handle,
			u64 value)
{
	u64 word;
	int err = kgc_op_read(s, handle, op->offset, &word, sizeof(word));

	if (!err)
		op->result = word;
	return err;
}

static int op_write_word(struct kgc_section s, struct kgc_op *op, u64 handle,
			 u64 value)
{
	return kgc_op_write(s, handle, op->offset, &value, sizeof(value));
}

static int op_dup(struct kgc_section s, struct kgc_op *op, u64 handle, u64 value)
{
	return kgc_op_dup(s, handle, &op->result);
}

static int op_drop(struct kgc_section s, struct kgc_op *op, u64 handle, u64 value)
{
	return kgc_handle_drop(s, handle);
}

static int op_weak_create(struct kgc_section s, struct kgc_op *op, u64 handle,
			  u64 value)
{
	return kgc_op_weak_create(s, handle, &op->result);
}

static int op_weak_get(struct kgc_section s, struct kgc_op *op, u64 handle,
		       u64 value)
{
	return kgc_op_weak_get(s, handle, &op->result);
}

static int op_weak_drop(struct kgc_section s, struct kgc_op *op, u64 handle,
			u64 value)
{
	return kgc_weak_drop(s, handle);
}

static int op_finalize(struct kgc_section s, struct kgc_op *op, u64 handle,
		       u64 value)
{
	return kgc_op_finalize(s, handle, value);
}

/* ---- operations that wait or touch user memory ------------------------------ */

static int op_collect(struct kgc_heap *heap, struct kgc_op *op, u64 handle)
{
	if (op->length < 1 || op->length > 2)
		return -EINVAL;
	op->result = kgc_collect_start(heap, op->length);
	return kgc_wait(heap, op->result);
}

static int op_read(struct kgc_heap *heap, struct kgc_op *op, u64 handle)
{
	return kgc_op_read_user(heap, handle, op->offset, op->length,
				u64_to_user_ptr(op->value));
}

static int op_write(struct kgc_heap *heap, struct kgc_op *op, u64 handle)
{
	return kgc_op_write_user(heap, handle, op->offset, op->length,
				 u64_to_user_ptr(op->value));
}

/**
 * struct operation - one operation of a batch
 * @inside: the operation, if it runs in the chunk's section; or NULL
 * @outside: the operation, if it runs outside of the section; NULL if @inside is set
 * @makes_handle: the result is a new handle, which later operations may name
 * @takes_handle: the value is a handle
 * @allocates: the operation may fail for lack of memory, and succeed after a cycle
 */
struct operation {
	int	(*inside)(struct kgc_section s, struct kgc_op *op, u64 handle,
			  u64 value);
	int	(*outside)(struct kgc_heap *heap, struct kgc_op *op, u64 handle);
	bool	makes_handle;
	bool	takes_handle;
	bool	allocates;
};

static const struct operation operations[] = {
	[KGC_OP_ALLOC]		= { op_alloc, .makes_handle = true,
				    .allocates = true },
	[KGC_OP_LOAD]		= { op_load, .makes_handle = true },
	[KGC_OP_STORE]		= { op_store, .takes_handle = true },
	[KGC_OP_XCHG]		= { op_xchg, .makes_handle = true,
				    .takes_handle = true },
	[KGC_OP_READ]		= { .outside = op_read },
	[KGC_OP_WRITE]		= { .outside = op_write },
	[KGC_OP_READ_WORD]	= { op_read_word },
	[KGC_OP_WRITE_WORD]	= { op_write_word },
	[KGC_OP_DUP]		= { op_dup, .makes_handle = true },
	[KGC_OP_DROP]		= { op_drop },
	[KGC_OP_COLLECT]	= { .outside = op_collect },
	[KGC_OP_WEAK_CREATE]	= { op_weak_create, .makes_handle = true },
	[KGC_OP_WEAK_GET]	= { op_weak_get, .makes_handle = true },
	[KGC_OP_WEAK_DROP]	= { op_weak_drop },
	[KGC_OP_FINALIZE]	= { op_finalize },
};

/* The table row of an operation; NULL if it is unknown. */
static const struct operation *operation_of(const struct kgc_op *op)
{
	const struct operation *row;

	if (op->op >= ARRAY_SIZE(operations))
		return NULL;
	/* the user chooses the number: clamp it under speculation too */
	row = &operations[array_index_nospec(op->op, ARRAY_SIZE(operations))];
	return row->inside || row->outside ? row : NULL;
}

/* Wait for a cycle after an allocation was refused. Return: whether it may succeed now. */
static bool op_relief(struct batch_run *run, unsigned long *end)
	__must_hold(kgc_section)
{
	bool again;

	kgc_exit(run->s);
	again = kgc_throttle_relief(run->heap, end);
	run->s = kgc_enter(run->heap);
	return again;
}

static int op_run(struct batch_run *run, struct kgc_op *op)
	__must_hold(kgc_section)
{
	const struct operation *row = operation_of(op);
	u64 handle = batch_handle(run, op->handle), value;
	unsigned long end = 0;
	int err;

	if (op->flags)
		return -EOPNOTSUPP;
	if (op->__reserved || op->__reserved2)
		return -EINVAL;
	if (!row)
		return -EOPNOTSUPP;
	if (row->inside) {
		value = row->takes_handle ? batch_handle(run, op->value) : op->value;
		do {
			err = row->inside(run->s, op, handle, value);
		} while (row->allocates && err == -ENOMEM && op_relief(run, &end));
		return err;
	}
	kgc_exit(run->s);
	err = row->outside(run->heap, op, handle);
	cond_resched();
	run->s = kgc_enter(run->heap);
	return err;
}

static bool op_makes_handle(const struct kgc_op *op)
{
	const struct operation *row = operation_of(op);

	return row && row->makes_handle && !op->error;
}

/*
 * Run @n operations. Operations keep no raw pointers, so the section may end and begin
 * anew between two of them when the scheduler wants the CPU.
 *
 * Return: number of operations run, including one that ended the batch.
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

/* Drop the handles that these operations made: their results cannot be delivered. */
static void chunk_forget(struct batch_run *run, const struct kgc_op *ops, u32 n)
{
	u32 i;

	run->s = kgc_enter(run->heap);
	for (i = 0; i < n; i++)
		if (op_makes_handle(&ops[i]) && ops[i].result)
			kgc_op_drop(run->s, ops[i].result);
	kgc_exit(run->s);
}

/* Copy up to @n operations to @ops. Return: how many can be read and written back. */
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
 * @batch: the batch. The caller has checked all but the operations, and set the counts to
 *	0; receives the counts
 *
 * Context: process context, may sleep.
 * Return: 0; -EFAULT; -ENOMEM; -EINTR when a signal came before the first operation.
 */
int kgc_batch_run(struct kgc_heap *heap, struct kgc_batch *batch)
{
	/* no larger than needed: init_on_alloc makes the kernel clear all of it */
	struct kgc_op *ops __free(kfree) =
		kmalloc_array(min_t(u32, batch->nr_ops, CHUNK_OPS), sizeof(*ops),
			      GFP_KERNEL_ACCOUNT);
	u64 *results __free(kgc_kvfree) =
		kvmalloc_array(batch->nr_ops, sizeof(*results), GFP_KERNEL_ACCOUNT);
	struct batch_run run = { .heap = heap, .results = results };

	if (!ops || !results)
		return -ENOMEM;
	return batch_chunks(&run, batch, ops);
}
