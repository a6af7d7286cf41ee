// SPDX-License-Identifier: GPL-2.0
/* Build and walk chains of nodes. */
#include <errno.h>
#include <stdio.h>

#include <kgc.h>

#include "chain.h"
#include "node.h"

#define CAPACITY 4096
#define PER_NODE 3

static int flush(struct kgc_batch_builder *batch)
{
	int err;

	do {
		err = kgc_batch_flush(batch, KGC_BATCH_STOP_ON_ERROR);
	} while (err == -EINTR);
	return err ? err : kgc_batch_error(batch);
}

/*
 * Prepend one batch of @nr nodes, numbered from @last downwards; the first points to
 * @head. Drop the handles of all but the last node, whose handle becomes the new head.
 */
static int prepend(struct kgc_batch_builder *batch, int node,
		   unsigned long last, unsigned long nr, __u64 *head)
{
	__u64 spent[CAPACITY / PER_NODE + 1];
	__u32 nr_spent = 0;
	int err;

	kgc_batch_reset(batch);
	for (unsigned long i = 0; i < nr; i++) {
		int op = kgc_batch_alloc(batch, node, 0);

		kgc_batch_write_word(batch, KGC_RESULT(op), NODE_WORD, last - i);
		kgc_batch_store(batch, KGC_RESULT(op), NODE_LEFT,
				i ? KGC_RESULT(op - PER_NODE) : *head);
	}
	err = flush(batch);
	if (err)
		return err;
	if (*head)
		spent[nr_spent++] = *head;
	for (unsigned long i = 0; i < nr - 1; i++)
		spent[nr_spent++] = kgc_batch_result(batch, i * PER_NODE);
	*head = kgc_batch_result(batch, (nr - 1) * PER_NODE);
	return nr_spent ? kgc_drop_many(batch->heap, spent, nr_spent, NULL) : 0;
}

int chain_build(int heap, int node, unsigned long length, __u64 *head)
{
	struct kgc_batch_builder batch;
	int err = kgc_batch_init(&batch, heap, CAPACITY);

	*head = 0;
	while (length && !err) {
		unsigned long nr = CAPACITY / PER_NODE;

		if (nr > length)
			nr = length;
		err = prepend(&batch, node, length - 1, nr, head);
		length -= nr;
	}
	kgc_batch_destroy(&batch);
	return err;
}

/* Check what a flushed batch read. Return: 0, or 1 with a message. */
static int judge(const struct kgc_batch_builder *batch, unsigned long position,
		 unsigned long length)
{
	for (__u32 i = 0; i < batch->nr; i += 2) {
		__u64 word = batch->ops[i].result;
		__u64 next = batch->ops[i + 1].result;

		if (batch->ops[i].error || batch->ops[i + 1].error ||
		    word != position || !next != (position + 1 == length)) {
			fprintf(stderr, "# node %lu of %lu: errors %d and %d, word %llu, next %llx\n",
				position, length, batch->ops[i].error,
				batch->ops[i + 1].error,
				(unsigned long long)word,
				(unsigned long long)next);
			return 1;
		}
		position++;
	}
	return 0;
}

int chain_check(int heap, __u64 head, unsigned long length)
{
	struct kgc_batch_builder batch;
	__u64 at = head, spent[CAPACITY / 2 + 1];
	unsigned long position = 0;
	int err = kgc_batch_init(&batch, heap, CAPACITY);

	while (!err && position < length) {
		unsigned long here = position;
		__u32 nr_spent = 0;
		__u64 from = at;

		kgc_batch_reset(&batch);
		while (kgc_batch_room(&batch) >= 2 && here < length) {
			kgc_batch_read_word(&batch, from, NODE_WORD);
			from = KGC_RESULT(kgc_batch_load(&batch, from,
							 NODE_LEFT));
			here++;
		}
		do {
			err = kgc_batch_flush(&batch, 0);
		} while (err == -EINTR);
		if (!err)
			err = judge(&batch, position, length);
		if (err)
			break;
		if (at != head)
			spent[nr_spent++] = at;
		for (__u32 i = 1; i + 2 < batch.nr; i += 2)
			spent[nr_spent++] = batch.ops[i].result;
		at = batch.ops[batch.nr - 1].result;
		position = here;
		if (nr_spent)
			err = kgc_drop_many(heap, spent, nr_spent, NULL);
	}
	kgc_batch_destroy(&batch);
	return err;
}
