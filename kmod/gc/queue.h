/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The queue of one marker: grey spans, first in first out, linked through the spans.
 *
 * Barriers and other markers hand spans over as lists. Such a list may have all spans of
 * the heap, and only a walk finds its end. So the queue keeps such a list in @rest, and
 * appends a bounded number of its spans at a time.
 */
#ifndef _KGC_QUEUE_H
#define _KGC_QUEUE_H

#include <linux/llist.h>

/**
 * struct kgc_queue - spans that wait for one marker
 * @head: the next span
 * @tail: where to link the next one in; points to @head while that is NULL
 * @nr: spans linked from @head
 * @rest: rest of a list that was taken over; not counted in @nr
 */
struct kgc_queue {
	struct llist_node	*head;
	struct llist_node	**tail;
	unsigned int		nr;
	struct llist_node	*rest;
};

static inline void kgc_queue_init(struct kgc_queue *q)
{
	q->head = NULL;
	q->tail = &q->head;
	q->nr = 0;
	q->rest = NULL;
}

static __always_inline void kgc_queue_push(struct kgc_queue *q, struct llist_node *node)
{
	node->next = NULL;
	*q->tail = node;
	q->tail = &node->next;
	q->nr++;
}

/* Remove the first span. Context: @q->head is not NULL. */
static __always_inline struct llist_node *kgc_queue_pop(struct kgc_queue *q)
{
	struct llist_node *node = q->head;

	q->head = node->next;
	if (!q->head)
		q->tail = &q->head;
	q->nr--;
	return node;
}

/* Take over @list, which may be NULL. Context: @q->rest is NULL. */
static inline void kgc_queue_take(struct kgc_queue *q, struct llist_node *list)
{
	q->rest = list;
}

unsigned int kgc_queue_refill(struct kgc_queue *q, unsigned int most);
struct llist_node *kgc_queue_cut(struct kgc_queue *q, unsigned int n, struct llist_node **last);
struct llist_node *kgc_queue_empty(struct kgc_queue *q, struct llist_node **last);

#endif /* _KGC_QUEUE_H */
