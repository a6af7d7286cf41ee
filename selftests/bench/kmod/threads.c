// SPDX-License-Identifier: GPL-2.0
/*
 * Programs of several threads (see program.h):
 *
 *	larson		each thread replaces objects of random sizes in its table,
 *			and leaves the table to a thread that follows it (Larson,
 *			Krishnan)
 *	xmalloc		one thread allocates batches of objects, and another drops
 *			them: a queue connects the two (Lever, Boreham)
 *	handoff		structures of pointers go to another thread, which adds
 *			to them and hands them back
 */
#include "program.h"

#define BATCH	64
#define DEPTH	16	/* items that a queue has room for */

static unsigned int workers(const char *name, u64 or_else)
{
	return clamp(bench_param(name, or_else), 1ULL, PROGRAM_WORKERS / 2ULL);
}

/* ---- larson -------------------------------------------------------------*/

/* All workers share one table. Each has a part of it. */
static int larson_worker(struct worker *w)
{
	u64 size = bench_param("slots", 5000), n = bench_param("n", 50000), i;
	struct bench_slot *slot;
	struct kgc_section s;
	u64 begin, *old, *bytes;
	u32 at, kind;

	for (i = 0; i < n; i++) {
		begin = bench_now();
		kind = bench_random(&w->seed) % (PROGRAM_KINDS - 2);
		at = w->nr * size + bench_random(&w->seed) % size;
		s = kgc_enter(w->p->h.heap);
		slot = &kgc_load(s, &w->p->h.table)[at];
		old = (u64 *)kgc_load(s, &slot->ref);
		bytes = worker_bytes(w, s, kind, i);
		kgc_store(s, &slot->ref, (struct bench_node *)bytes);
		if (old)
			w->sum += *old;
		program_free(old);
		kgc_exit(s);
		if (!bytes)
			return -ENOMEM;
		worker_step(w, begin);
		if (i % 64 == 0)
			cond_resched();
	}
	return 0;
}

static int larson_run(void)
{
	unsigned int threads = workers("threads", 2);
	u64 rounds = bench_param("rounds", 4);
	struct program p;
	int err;

	err = program_open(&p);
	if (err)
		return err;
	err = bench_table_empty(&p.h, threads * bench_param("slots", 5000));
	while (rounds-- && !err) {
		err = program_run(&p, threads, larson_worker);
		program_look(&p);
	}
	return program_close(&p, err);
}

const struct bench bench_larson = {
	.name = "larson",
	.about = "a server: threads take over tables (threads, slots, n, rounds)",
	.run = larson_run,
};

/* ---- xmalloc ------------------------------------------------------------*/

/**
 * struct queue - batches that one thread hands to another
 * @slot: roots, one for each batch
 * @root: registration of the roots
 * @items: counts full slots
 * @space: counts empty slots
 */
struct queue {
	bench_ref		slot[DEPTH];
	struct kgc_root		root;
	struct completion	items;
	struct completion	space;
};

static struct queue *queues;	/* one benchmark runs at a time */

static int queues_open(struct program *p, unsigned int n)
{
	unsigned int i, j;

	queues = kvcalloc(n, sizeof(*queues), GFP_KERNEL);
	if (!queues)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		init_completion(&queues[i].items);
		init_completion(&queues[i].space);
		for (j = 0; j < DEPTH; j++)
			complete(&queues[i].space);
		kgc_root_add(p->h.heap, &queues[i].root, &queues[i].slot[0],
			     DEPTH);
	}
	return 0;
}

static void queues_close(struct program *p, unsigned int n)
{
	unsigned int i;

	for (i = 0; queues && i < n; i++)
		kgc_root_del(p->h.heap, &queues[i].root);
	kvfree(queues);
	queues = NULL;
}

/* Let the thread at the other end take NULL out of the queue, so that it fails, too. */
static void queue_fail(struct queue *q)
{
	complete(&q->items);
}

static struct bench_slot *batch_make(struct worker *w, struct kgc_section s,
				     u64 first)
{
	struct bench_slot *batch;
	unsigned int i;

	w->allocs++;
	w->bytes += BATCH * sizeof(*batch);
	batch = kgc_alloc_array(s, w->p->h.slots, BATCH, GFP_KERNEL);
	for (i = 0; batch && i < BATCH; i++) {
		u32 kind = bench_random(&w->seed) % (PROGRAM_KINDS - 2);
		u64 *bytes = worker_bytes(w, s, kind, first + i);

		if (!bytes)
			return NULL;
		kgc_store(s, &batch[i].ref, (struct bench_node *)bytes);
	}
	return batch;
}

static int produce(struct worker *w, struct queue *q, u64 n)
{
	struct bench_slot *batch;
	struct kgc_section s;
	u64 i, begin;

	for (i = 0; i < n; i++) {
		wait_for_completion(&q->space);
		begin = bench_now();
		s = kgc_enter(w->p->h.heap);
		batch = batch_make(w, s, i * BATCH);
		kgc_store(s, &q->slot[i % DEPTH], (struct bench_node *)batch);
		kgc_exit(s);
		worker_step(w, begin);
		if (!batch) {
			queue_fail(q);
			return -ENOMEM;
		}
		complete(&q->items);
	}
	return 0;
}

static int consume(struct worker *w, struct queue *q, u64 n)
{
	struct bench_slot *batch;
	struct kgc_section s;
	unsigned int j;
	u64 i;

	for (i = 0; i < n; i++) {
		wait_for_completion(&q->items);
		s = kgc_enter(w->p->h.heap);
		batch = (struct bench_slot *)kgc_xchg(s, &q->slot[i % DEPTH],
						      NULL);
		for (j = 0; batch && j < BATCH; j++) {
			u64 *bytes = (u64 *)kgc_load(s, &batch[j].ref);

			w->sum += *bytes;
			program_free(bytes);
		}
		program_free(batch);
		kgc_exit(s);
		if (!batch)
			return -ENOMEM;
		complete(&q->space);
	}
	return 0;
}

static int xmalloc_worker(struct worker *w)
{
	u64 n = bench_param("n", 200000) / BATCH;

	/* workers with even numbers allocate, the others take */
	return w->nr & 1 ? consume(w, &queues[w->nr / 2], n) :
			   produce(w, &queues[w->nr / 2], n);
}

static int pairs_run(unsigned int queues_per_pair,
		     int (*run)(struct worker *w))
{
	unsigned int pairs = workers("pairs", 2);
	struct program p;
	int err;

	err = program_open(&p);
	if (err)
		return err;
	err = queues_open(&p, pairs * queues_per_pair) ?:
	      program_run(&p, 2 * pairs, run);
	program_look(&p);
	queues_close(&p, pairs * queues_per_pair);
	return program_close(&p, err);
}

static int xmalloc_run(void)
{
	return pairs_run(1, xmalloc_worker);
}

const struct bench bench_xmalloc = {
	.name = "xmalloc",
	.about = "producers and consumers of batches of 64 (pairs, n)",
	.run = xmalloc_run,
};

/* ---- handoff ------------------------------------------------------------*/

#define PARTS	4	/* nodes that either thread adds */

static struct bench_node *parts_add(struct worker *w, struct kgc_section s,
				    struct bench_node *list, u64 word)
{
	struct bench_node *node;
	unsigned int i;

	for (i = 0; i < PARTS; i++) {
		node = worker_alloc(w, s, w->p->h.node, sizeof(*node));
		if (!node)
			return NULL;
		node->data[0] = word + i;
		kgc_store(s, &node->left, list);
		kgc_store(s, &node->right,
			  list ? kgc_load(s, &list->left) : NULL);
		list = node;
	}
	return list;
}

static u64 parts_sum(struct kgc_section s, struct bench_node *node)
{
	struct bench_node *next;
	u64 sum = 0;

	for (; node; node = next) {
		next = kgc_load(s, &node->left);
		sum += node->data[0];
		program_free(node);
	}
	return sum;
}

/* At most DEPTH lists are under way. */
static int handoff_sender(struct worker *w, struct queue *there,
			  struct queue *back, u64 n)
{
	struct bench_node *list;
	struct kgc_section s;
	u64 i, begin;

	for (i = 0; i < n + DEPTH; i++) {
		begin = bench_now();
		if (i >= DEPTH)
			wait_for_completion(&back->items);
		s = kgc_enter(w->p->h.heap);
		if (i >= DEPTH) {
			list = kgc_xchg(s, &back->slot[i % DEPTH], NULL);
			w->sum += parts_sum(s, list);
			if (!list)
				goto failed;
		}
		if (i < n) {
			list = parts_add(w, s, NULL, i);
			kgc_store(s, &there->slot[i % DEPTH], list);
			complete(&there->items);
			if (!list)
				goto failed;
		}
		kgc_exit(s);
		worker_step(w, begin);
	}
	return 0;
failed:
	kgc_exit(s);
	queue_fail(there);
	return -ENOMEM;
}

static int handoff_receiver(struct worker *w, struct queue *there,
			    struct queue *back, u64 n)
{
	struct bench_node *list, *more;
	struct kgc_section s;
	u64 i;

	for (i = 0; i < n; i++) {
		wait_for_completion(&there->items);
		s = kgc_enter(w->p->h.heap);
		list = kgc_xchg(s, &there->slot[i % DEPTH], NULL);
		more = list ? parts_add(w, s, list, 2 * i) : NULL;
		kgc_store(s, &back->slot[i % DEPTH], more);
		kgc_exit(s);
		complete(&back->items);
		if (!more)
			return -ENOMEM;
	}
	return 0;
}

static int handoff_worker(struct worker *w)
{
	struct queue *there = &queues[w->nr & ~1], *back = there + 1;
	u64 n = bench_param("n", 50000);

	return w->nr & 1 ? handoff_receiver(w, there, back, n) :
			   handoff_sender(w, there, back, n);
}

static int handoff_run(void)
{
	return pairs_run(2, handoff_worker);
}

const struct bench bench_handoff = {
	.name = "handoff",
	.about = "lists go to another thread and come back longer (pairs, n)",
	.run = handoff_run,
};
