// SPDX-License-Identifier: GPL-2.0
/* Queues of markers: moving many spans at a time. */
#include <linux/kernel.h>

#include "queue.h"

/* Append up to @most spans of the list that was taken over. Return: how many. */
unsigned int kgc_queue_refill(struct kgc_queue *q, unsigned int most)
{
	struct llist_node *node;
	unsigned int n;

	for (n = 0; q->rest && n < most; n++) {
		node = q->rest;
		/* before the push, which ends the queue at @node */
		q->rest = node->next;
		kgc_queue_push(q, node);
	}
	return n;
}

/*
 * Remove the first @n spans, for llist_add_batch(). Context: the queue has more than @n,
 * and @n is not 0. Return: the first of them; @last receives the last.
 */
struct llist_node *kgc_queue_cut(struct kgc_queue *q, unsigned int n, struct llist_node **last)
{
	struct llist_node *first = q->head;

	q->nr -= n;
	for (*last = first; --n; )
		*last = (*last)->next;
	q->head = (*last)->next;
	return first;
}

/*
 * Remove all spans that are linked from @head, without a walk. Return: as
 * kgc_queue_cut(); NULL if there is none.
 */
struct llist_node *kgc_queue_empty(struct kgc_queue *q, struct llist_node **last)
{
	struct llist_node *first = q->head;

	if (!first)
		return NULL;
	*last = container_of(q->tail, struct llist_node, next);
	q->head = NULL;
	q->tail = &q->head;
	q->nr = 0;
	return first;
}
