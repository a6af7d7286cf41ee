// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl bench: the loads of selftests/bench/kmod/loads.c, through the device.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "../../selftests/bench/common/text.h"

/* ---- parse --------------------------------------------------------------*/

/* Offsets of the fields of a value. */
#define VALUE_CHILD	0
#define VALUE_NEXT	8
#define VALUE_TEXT	16
#define VALUE_NUMBER	24

struct parser {
	struct worker *w;
	int type;
	int text;
	const char *at;
};

static int parse_value(struct parser *p);

static void parse_list(struct parser *p, int v)
{
	struct kgc_batch_builder *b = &p->w->batch;
	int last = -1, one;

	do {
		p->at++;
		one = parse_value(p);
		kgc_batch_store(b, KGC_RESULT(last < 0 ? v : last),
				last < 0 ? VALUE_CHILD : VALUE_NEXT,
				KGC_RESULT(one));
		if (last >= 0)
			kgc_batch_drop(b, KGC_RESULT(last));
		last = one;
	} while (*p->at == ',');
	kgc_batch_drop(b, KGC_RESULT(last));
	p->at++;
}

static void parse_string(struct parser *p, int v)
{
	struct kgc_batch_builder *b = &p->w->batch;
	int text = kgc_batch_alloc(b, p->text, 0);
	const char *begin = ++p->at;

	while (*p->at != '"')
		p->at++;
	kgc_batch_write(b, KGC_RESULT(text), 0, begin, p->at++ - begin);
	kgc_batch_store(b, KGC_RESULT(v), VALUE_TEXT, KGC_RESULT(text));
	kgc_batch_drop(b, KGC_RESULT(text));
}

static int parse_value(struct parser *p)
{
	struct kgc_batch_builder *b = &p->w->batch;
	int v = kgc_batch_alloc(b, p->type, 0);
	u64 number = 0;

	if (*p->at == '[') {
		parse_list(p, v);
	} else if (*p->at == '"') {
		parse_string(p, v);
	} else {
		while (*p->at >= '0' && *p->at <= '9')
			number = number * 10 + (*p->at++ - '0');
		kgc_batch_write_word(b, KGC_RESULT(v), VALUE_NUMBER, number);
	}
	return v;
}

/* Read the tree level by level into the checksum, and drop every handle to it. */
static int value_sum(struct worker *w, u64 top)
{
	struct kgc_batch_builder *b = &w->batch;
	u64 *values = malloc(sizeof(*values)), *next, text;
	u32 n = 1, m, i;
	int err = 0;

	if (!values)
		return -ENOMEM;
	values[0] = top;
	while (n && !err) {
		kgc_batch_reset(b);
		for (i = 0; i < n; i++) {
			kgc_batch_load(b, values[i], VALUE_CHILD);
			kgc_batch_load(b, values[i], VALUE_NEXT);
			kgc_batch_read_word(b, values[i], VALUE_NUMBER);
			text = kgc_batch_load(b, values[i], VALUE_TEXT);
			kgc_batch_read_word(b, KGC_RESULT(text), 0);
			kgc_batch_drop(b, KGC_RESULT(text));
			kgc_batch_drop(b, values[i]);
		}
		/* without a text its read and its drop fail, which is no error */
		err = worker_flush(w);
		next = realloc(values, 2 * n * sizeof(*values));
		if (!next) {
			err = -ENOMEM;
			break;
		}
		values = next;
		for (i = 0, m = 0; i < n; i++) {
			if (kgc_batch_result(b, 7 * i))
				values[m++] = kgc_batch_result(b, 7 * i);
			if (kgc_batch_result(b, 7 * i + 1))
				values[m++] = kgc_batch_result(b, 7 * i + 1);
			w->sum += 1 + kgc_batch_result(b, 7 * i + 2);
			w->sum += kgc_batch_result(b, 7 * i + 4) & 0xff;
		}
		n = m;
	}
	free(values);
	return err;
}

int bench_parse(struct bench *b)
{
	struct parser p = { .w = &b->worker[0], .text = b->kind[0] };
	struct text *t = calloc(1, sizeof(*t));
	u64 n = bench_param("n", 300), i, begin;
	int err = 0, v;

	p.type = bench_type(b, "value", 32, 3);
	if (!t || p.type < 0) {
		free(t);
		return -ENOMEM;
	}
	text_make(t);
	for (i = 0; i < n && !err; i++) {
		begin = worker_begin(p.w);
		p.at = t->bytes;
		kgc_batch_reset(&p.w->batch);
		v = parse_value(&p);
		err = worker_flush(p.w) ?: kgc_batch_error(&p.w->batch) ?:
		      value_sum(p.w, kgc_batch_result(&p.w->batch, v));
		worker_step(p.w, begin);
		bench_look(b);
	}
	free(t);
	return err;
}

/* ---- lasting ------------------------------------------------------------*/

static int entry_put(struct worker *w, int type, u64 size, u64 key)
{
	struct kgc_batch_builder *b = &w->batch;
	int e;

	kgc_batch_reset(b);
	e = kgc_batch_alloc(b, type, 0);
	kgc_batch_write_word(b, KGC_RESULT(e), 8, key);
	kgc_batch_write_word(b, KGC_RESULT(e), 248, key ^ 1);
	kgc_batch_store(b, w->bench->table, 8 * (key % size), KGC_RESULT(e));
	kgc_batch_drop(b, KGC_RESULT(e));
	return worker_flush(w) ?: kgc_batch_error(b);
}

static int entry_get(struct worker *w, u64 size, u64 key)
{
	struct kgc_batch_builder *b = &w->batch;
	int e, found, word, err;

	kgc_batch_reset(b);
	e = kgc_batch_load(b, w->bench->table, 8 * (key % size));
	found = kgc_batch_read_word(b, KGC_RESULT(e), 8);
	word = kgc_batch_read_word(b, KGC_RESULT(e), 248);
	kgc_batch_drop(b, KGC_RESULT(e));
	err = worker_flush(w) ?: kgc_batch_error(b);
	w->sum += kgc_batch_result(b, found) == key ?
		  kgc_batch_result(b, word) : 1;
	return err;
}

int bench_lasting(struct bench *b)
{
	u64 n = bench_param("n", 1000000), size = bench_param("size", 100000);
	struct worker *w = &b->worker[0];
	int type = bench_type(b, "entry", 256, 1), err;
	u64 i, key, begin;

	if (type < 0)
		return type;
	err = bench_table(b, size);
	for (i = 0; i < size && !err; i++)
		err = entry_put(w, type, size, i);
	for (i = 0; i < n && !err; i++) {
		begin = worker_begin(w);
		key = bench_random(&w->seed) % (2 * size);
		err = i % 16 ? entry_get(w, size, key) :
			       entry_put(w, type, size, key);
		worker_step(w, begin);
		if (i % 1024 == 0)
			bench_look(b);
	}
	return err;
}

/* ---- requests -----------------------------------------------------------*/

struct cache {
	struct worker *w;
	u64 size;
	int header;
	int request;
	int answer;
};

/* Words of a request: answer, headers, key. Of an answer: request, body, status. */
static void request_make(struct cache *c, u64 key)
{
	struct kgc_batch_builder *b = &c->w->batch;
	int r = kgc_batch_alloc(b, c->request, 0);
	int a = kgc_batch_alloc(b, c->answer, 0);
	int body = kgc_batch_alloc(b, c->w->bench->kind[8], 0);
	int last = -1, h, i;

	kgc_batch_write_word(b, KGC_RESULT(body), 0, key);
	for (i = 0; i < 4; i++) {
		h = kgc_batch_alloc(b, c->header, 0);
		kgc_batch_write_word(b, KGC_RESULT(h), 8, i);
		if (last >= 0) {
			kgc_batch_store(b, KGC_RESULT(h), 0, KGC_RESULT(last));
			kgc_batch_drop(b, KGC_RESULT(last));
		}
		last = h;
	}
	kgc_batch_store(b, KGC_RESULT(r), 8, KGC_RESULT(last));
	kgc_batch_write_word(b, KGC_RESULT(r), 16, key);
	kgc_batch_write_word(b, KGC_RESULT(a), 16, key + 200);
	kgc_batch_store(b, KGC_RESULT(a), 8, KGC_RESULT(body));
	kgc_batch_store(b, KGC_RESULT(a), 0, KGC_RESULT(r));
	kgc_batch_store(b, KGC_RESULT(r), 0, KGC_RESULT(a));
	kgc_batch_store(b, c->w->bench->table, 8 * (key % c->size),
			KGC_RESULT(r));
	kgc_batch_drop(b, KGC_RESULT(last));
	kgc_batch_drop(b, KGC_RESULT(body));
	kgc_batch_drop(b, KGC_RESULT(a));
	kgc_batch_drop(b, KGC_RESULT(r));
}

/* Read @key's slot into @found: key, status, a header's word. -ENOENT if it is empty. */
static int request_look(struct cache *c, u64 key, u64 found[3])
{
	struct kgc_batch_builder *b = &c->w->batch;
	int r, a, h, word[3], err;

	kgc_batch_reset(b);
	r = kgc_batch_load(b, c->w->bench->table, 8 * (key % c->size));
	a = kgc_batch_load(b, KGC_RESULT(r), 0);
	h = kgc_batch_load(b, KGC_RESULT(r), 8);
	word[0] = kgc_batch_read_word(b, KGC_RESULT(r), 16);
	word[1] = kgc_batch_read_word(b, KGC_RESULT(a), 16);
	word[2] = kgc_batch_read_word(b, KGC_RESULT(h), 8);
	kgc_batch_drop(b, KGC_RESULT(h));
	kgc_batch_drop(b, KGC_RESULT(a));
	kgc_batch_drop(b, KGC_RESULT(r));
	err = worker_flush(c->w);
	if (!kgc_batch_result(b, r))
		return err ?: -ENOENT;
	found[0] = kgc_batch_result(b, word[0]);
	found[1] = kgc_batch_result(b, word[1]);
	found[2] = kgc_batch_result(b, word[2]);
	return err ?: kgc_batch_error(b);
}

static int request_one(struct cache *c)
{
	u64 key = bench_random(&c->w->seed) % (2 * c->size), found[3] = { 0 };
	int err = request_look(c, key, found);

	if (err == -ENOENT || (!err && found[0] != key)) {
		kgc_batch_reset(&c->w->batch);
		request_make(c, key);
		err = worker_flush(c->w) ?: kgc_batch_error(&c->w->batch) ?:
		      request_look(c, key, found);
	}
	c->w->sum += found[1] + found[2];
	return err;
}

int bench_requests(struct bench *b)
{
	struct cache c = {
		.w = &b->worker[0], .size = bench_param("size", 20000),
		.header = bench_type(b, "header", 32, 1),
		.request = bench_type(b, "request", 64, 2),
		.answer = bench_type(b, "answer", 64, 2),
	};
	u64 n = bench_param("n", 300000), i, begin;
	int err;

	if (c.header < 0 || c.request < 0 || c.answer < 0)
		return -ENOMEM;
	err = bench_table(b, c.size);
	for (i = 0; i < n && !err; i++) {
		begin = worker_begin(c.w);
		err = request_one(&c);
		worker_step(c.w, begin);
		if (i % 1024 == 0)
			bench_look(b);
	}
	return err;
}

/* ---- mixed --------------------------------------------------------------*/

int worker_replace(struct worker *w, unsigned int kinds, u64 first, u64 size,
		   u64 word)
{
	struct kgc_batch_builder *b = &w->batch;
	u32 kind = bench_random(&w->seed) % kinds;
	u64 slot = first + bench_random(&w->seed) % size;
	int new, old, read, err;

	kgc_batch_reset(b);
	new = kgc_batch_alloc(b, w->bench->kind[kind], 0);
	kgc_batch_write_word(b, KGC_RESULT(new), 0, word);
	old = kgc_batch_xchg(b, w->bench->table, 8 * slot, KGC_RESULT(new));
	kgc_batch_drop(b, KGC_RESULT(new));
	/* both fail if the slot was empty, which is no error */
	read = kgc_batch_read_word(b, KGC_RESULT(old), 0);
	kgc_batch_drop(b, KGC_RESULT(old));
	err = worker_flush(w);
	w->sum += kgc_batch_result(b, read);
	return err ?: kgc_batch_result(b, new) ? 0 : -ENOMEM;
}

int bench_mixed(struct bench *b)
{
	u64 n = bench_param("n", 500000), live = bench_param("live", 50000);
	struct worker *w = &b->worker[0];
	int err = bench_table(b, live);
	u64 i, begin;

	for (i = 0; i < n && !err; i++) {
		begin = worker_begin(w);
		err = worker_replace(w, KINDS, 0, live, i);
		worker_step(w, begin);
		if (i % 1024 == 0)
			bench_look(b);
	}
	return err;
}
