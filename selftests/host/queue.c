// SPDX-License-Identifier: GPL-2.0
/*
 * The queue of a marker: what is pushed or taken over comes out once and in order. A list
 * that is taken over is walked in pieces of a given length.
 */
#include "check.h"
#include "shim.h"

#include "gc/queue.h"

#define MANY	100000U

static struct llist_node nodes[MANY];

static unsigned int nr_of(const struct llist_node *node)
{
	return node - nodes;
}

/* A list of @n nodes, from number @first on. Its last node ends it. */
static struct llist_node *list_of(unsigned int first, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++)
		nodes[first + i].next = i + 1 < n ? &nodes[first + i + 1] : NULL;
	return &nodes[first];
}

static void a_queue_is_first_in_first_out(void)
{
	struct kgc_queue q;
	unsigned int in = 0, out = 0;

	kgc_queue_init(&q);
	while (out < 10000) {
		trying("%u in, %u out", in, out);
		if (in < 10000 && random() % 2) {
			kgc_queue_push(&q, &nodes[in++]);
		} else if (q.head) {
			check(nr_of(kgc_queue_pop(&q)) == out);
			out++;
		}
		check(q.nr == in - out && !q.head == !q.nr);
	}
}

/* The nodes that a refill does not move stay as they were: it has not walked them. */
static void a_refill_moves_no_more_than_it_is_told_to(void)
{
	unsigned int most, moved, n, out;
	struct kgc_queue q;

	for (most = 1; most <= MANY; most *= 10) {
		kgc_queue_init(&q);
		kgc_queue_take(&q, list_of(0, MANY));
		check(!q.nr && !q.head);
		for (moved = 0; moved < MANY; moved += n) {
			trying("%u at a time, %u moved", most, moved);
			n = kgc_queue_refill(&q, most);
			check(n == most && q.nr == moved + n);
			check(q.rest == (q.nr < MANY ? &nodes[q.nr] : NULL));
			check(!nodes[q.nr - 1].next);
		}
		check(!kgc_queue_refill(&q, most));
		for (out = 0; q.head; out++)
			check(nr_of(kgc_queue_pop(&q)) == out);
		check(out == MANY && !q.nr);
	}
}

/* Marking queues spans while the rest of a list has not been appended yet. */
static void what_is_pushed_meanwhile_is_not_lost(void)
{
	static bool seen[MANY];
	unsigned int taken = 0, pushed = MANY / 2, out = 0, at;
	struct kgc_queue q;

	memset(seen, 0, sizeof(seen));
	kgc_queue_init(&q);
	while (out < MANY) {
		if (!q.rest && taken < MANY / 2) {
			kgc_queue_take(&q, list_of(taken, 500));
			taken += 500;
		}
		if (pushed < MANY && random() % 2)
			kgc_queue_push(&q, &nodes[pushed++]);
		if (!q.head && !kgc_queue_refill(&q, 1 + random() % 100))
			continue;
		at = nr_of(kgc_queue_pop(&q));
		trying("%u out, number %u", out, at);
		check(!seen[at]);
		seen[at] = true;
		out++;
	}
	check(!q.head && !q.rest && !q.nr);
}

static void a_part_or_all_of_it_can_be_handed_over(void)
{
	struct llist_node *first, *last;
	struct kgc_queue q;
	unsigned int i;

	kgc_queue_init(&q);
	check(!kgc_queue_empty(&q, &last));
	for (i = 0; i < 100; i++)
		kgc_queue_push(&q, &nodes[i]);
	first = kgc_queue_cut(&q, 1, &last);
	check(nr_of(first) == 0 && last == first && q.nr == 99);
	first = kgc_queue_cut(&q, 49, &last);
	check(nr_of(first) == 1 && nr_of(last) == 49 && q.nr == 50);
	check(nr_of(q.head) == 50);
	kgc_queue_push(&q, &nodes[100]);
	first = kgc_queue_empty(&q, &last);
	check(nr_of(first) == 50 && nr_of(last) == 100 && !last->next);
	check(!q.nr && !q.head);
	kgc_queue_push(&q, &nodes[101]);
	check(nr_of(kgc_queue_pop(&q)) == 101 && !q.head);
}

int main(void)
{
	static const struct promise promises[] = {
		{ "a marker's queue is first in, first out", a_queue_is_first_in_first_out },
		{ "a refill moves no more spans than it is told to", a_refill_moves_no_more_than_it_is_told_to },
		{ "spans that are queued during a refill are not lost", what_is_pushed_meanwhile_is_not_lost },
		{ "a part of a queue or all of it can be handed over", a_part_or_all_of_it_can_be_handed_over },
	};

	return PROMISES(promises);
}
