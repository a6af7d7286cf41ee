// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl bench: the loads of selftests/bench/kmod/threads.c, through the device.
 */
#include <errno.h>

#include "bench.h"

#define BATCH	64
#define DEPTH	16

static unsigned int workers(const char *name)
{
	u64 n = bench_param(name, 2);

	return n < 1 ? 1 : n > WORKERS / 2 ? WORKERS / 2 : n;
}

/* ---- larson -------------------------------------------------------------*/

static int larson_worker(struct worker *w)
{
	u64 size = bench_param("slots", 5000), n = bench_param("n", 50000);
	u64 i, begin;
	int err = 0;

	for (i = 0; i < n && !err; i++) {
		begin = worker_begin(w);
		err = worker_replace(w, KINDS - 2, w->nr * size, size, i);
		worker_step(w, begin);
	}
	return err;
}

int bench_larson(struct bench *b)
{
	unsigned int threads = workers("threads");
	u64 rounds = bench_param("rounds", 4);
	int err = bench_table(b, threads * bench_param("slots", 5000));

	while (rounds-- && !err) {
		err = bench_together(b, threads, larson_worker);
		bench_look(b);
	}
	return err;
}

/* ---- xmalloc ------------------------------------------------------------*/

/* Each queue is DEPTH slots of the table. The semaphores count full and free slots. */
static struct queue {
	sem_t items;
	sem_t space;
} queues[WORKERS];

static void wait_for(sem_t *s)
{
	while (sem_wait(s))
		;
}

static int queues_open(struct bench *b, unsigned int n)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		sem_init(&queues[i].items, 0, 0);
		sem_init(&queues[i].space, 0, DEPTH);
	}
	return bench_table(b, n * DEPTH);
}

static u64 place(unsigned int queue, u64 i)
{
	return 8 * (queue * DEPTH + i % DEPTH);
}

static int produce(struct worker *w, unsigned int q, u64 i)
{
	struct kgc_batch_builder *b = &w->batch;
	int objects, o, j, err;
	u64 begin;

	wait_for(&queues[q].space);
	begin = worker_begin(w);
	kgc_batch_reset(b);
	objects = kgc_batch_alloc(b, w->bench->slots, BATCH);
	for (j = 0; j < BATCH; j++) {
		o = kgc_batch_alloc(b, w->bench->kind[bench_random(&w->seed) %
						      (KINDS - 2)], 0);
		kgc_batch_write_word(b, KGC_RESULT(o), 0, i * BATCH + j);
		kgc_batch_store(b, KGC_RESULT(objects), 8 * j, KGC_RESULT(o));
		kgc_batch_drop(b, KGC_RESULT(o));
	}
	kgc_batch_store(b, w->bench->table, place(q, i), KGC_RESULT(objects));
	kgc_batch_drop(b, KGC_RESULT(objects));
	err = worker_flush(w) ?: kgc_batch_error(b);
	worker_step(w, begin);
	sem_post(&queues[q].items);
	return err;
}

static int consume(struct worker *w, unsigned int q, u64 i)
{
	struct kgc_batch_builder *b = &w->batch;
	int objects, o, j, err;

	wait_for(&queues[q].items);
	kgc_batch_reset(b);
	objects = kgc_batch_xchg(b, w->bench->table, place(q, i),
				 KGC_NULL_HANDLE);
	for (j = 0; j < BATCH; j++) {
		o = kgc_batch_load(b, KGC_RESULT(objects), 8 * j);
		kgc_batch_read_word(b, KGC_RESULT(o), 0);
		kgc_batch_drop(b, KGC_RESULT(o));
	}
	kgc_batch_drop(b, KGC_RESULT(objects));
	err = worker_flush(w) ?: kgc_batch_error(b);
	for (j = 0; j < BATCH; j++)
		w->sum += kgc_batch_result(b, 3 * j + 2);
	sem_post(&queues[q].space);
	return err;
}

/* After an error both ends go on, because the other end would wait forever. */
static int xmalloc_worker(struct worker *w)
{
	u64 n = bench_param("n", 200000) / BATCH, i;
	int err, first = 0;

	for (i = 0; i < n; i++) {
		err = w->nr & 1 ? consume(w, w->nr / 2, i) :
				  produce(w, w->nr / 2, i);
		first = first ?: err;
	}
	return first;
}

int bench_xmalloc(struct bench *b)
{
	unsigned int pairs = workers("pairs");
	int err = queues_open(b, pairs) ?:
		  bench_together(b, 2 * pairs, xmalloc_worker);

	bench_look(b);
	return err;
}

/* ---- handoff ------------------------------------------------------------*/

#define PARTS	4

/* Prepend PARTS nodes to the list whose first two nodes are @list and @second, or 0. */
static u64 parts_add(struct worker *w, u64 list, u64 second, u64 word)
{
	struct kgc_batch_builder *b = &w->batch;
	int i, node;

	for (i = 0; i < PARTS; i++) {
		node = kgc_batch_alloc(b, w->bench->node, 0);
		kgc_batch_write_word(b, KGC_RESULT(node), 16, word + i);
		if (list)
			kgc_batch_store(b, KGC_RESULT(node), 0, list);
		if (second)
			kgc_batch_store(b, KGC_RESULT(node), 8, second);
		if (second)
			kgc_batch_drop(b, second);
		second = list;
		list = KGC_RESULT(node);
	}
	kgc_batch_drop(b, second);
	return list;
}

/* Read and drop a list that came back: each of the two threads added PARTS nodes. */
static void parts_read(struct worker *w, u64 list, int word[2 * PARTS])
{
	struct kgc_batch_builder *b = &w->batch;
	int i;

	for (i = 0; i < 2 * PARTS; i++) {
		u64 next;

		word[i] = kgc_batch_read_word(b, list, 16);
		next = i + 1 < 2 * PARTS ?
		       KGC_RESULT(kgc_batch_load(b, list, 0)) : 0;
		kgc_batch_drop(b, list);
		list = next;
	}
}

static int handoff_send(struct worker *w, unsigned int there, u64 i, u64 n)
{
	struct kgc_batch_builder *b = &w->batch;
	int word[2 * PARTS], list, j, err;
	u64 begin = worker_begin(w), new;

	if (i >= DEPTH)
		wait_for(&queues[there + 1].items);
	kgc_batch_reset(b);
	if (i >= DEPTH) {
		list = kgc_batch_xchg(b, w->bench->table, place(there + 1, i),
				      KGC_NULL_HANDLE);
		parts_read(w, KGC_RESULT(list), word);
	}
	if (i < n) {
		new = parts_add(w, 0, 0, i);
		kgc_batch_store(b, w->bench->table, place(there, i), new);
		kgc_batch_drop(b, new);
	}
	err = worker_flush(w) ?: kgc_batch_error(b);
	for (j = 0; i >= DEPTH && j < 2 * PARTS; j++)
		w->sum += kgc_batch_result(b, word[j]);
	if (i < n)
		sem_post(&queues[there].items);
	worker_step(w, begin);
	return err;
}

static int handoff_receive(struct worker *w, unsigned int there, u64 i)
{
	struct kgc_batch_builder *b = &w->batch;
	int list, second, err;
	u64 more;

	wait_for(&queues[there].items);
	kgc_batch_reset(b);
	list = kgc_batch_xchg(b, w->bench->table, place(there, i),
			      KGC_NULL_HANDLE);
	second = kgc_batch_load(b, KGC_RESULT(list), 0);
	more = parts_add(w, KGC_RESULT(list), KGC_RESULT(second), 2 * i);
	kgc_batch_store(b, w->bench->table, place(there + 1, i), more);
	kgc_batch_drop(b, more);
	err = worker_flush(w) ?: kgc_batch_error(b);
	sem_post(&queues[there + 1].items);
	return err;
}

static int handoff_worker(struct worker *w)
{
	u64 n = bench_param("n", 50000), i;
	unsigned int there = w->nr & ~1U;
	int err, first = 0;

	for (i = 0; i < (w->nr & 1 ? n : n + DEPTH); i++) {
		err = w->nr & 1 ? handoff_receive(w, there, i) :
				  handoff_send(w, there, i, n);
		first = first ?: err;
	}
	return first;
}

int bench_handoff(struct bench *b)
{
	unsigned int pairs = workers("pairs");
	int err = queues_open(b, 2 * pairs) ?:
		  bench_together(b, 2 * pairs, handoff_worker);

	bench_look(b);
	return err;
}
