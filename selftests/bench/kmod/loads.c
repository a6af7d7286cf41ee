// SPDX-License-Identifier: GPL-2.0
/*
 * Loads that resemble those of services, each a program (see program.h):
 *
 *	parse		a text of nested lists becomes a tree of small objects, is
 *			read once and forgotten
 *	lasting		a large table of entries that live long: many are looked
 *			up, one in sixteen is replaced
 *	requests	a cache of answers: request, answer, headers and body
 *			point at each other, in a cycle
 *	mixed		objects of many sizes replace each other at random
 */
#include "program.h"
#include "../common/text.h"

/* ---- parse --------------------------------------------------------------*/

/* A list has @child, a string @text, a number neither. */
struct value {
	KGC_REF(struct value)	child;
	KGC_REF(struct value)	next;
	KGC_REF(u64)		text;
	u64			number;
};

KGC_DEFINE_TYPE(value_desc, struct value, child, next, text);

struct parser {
	struct worker	*w;
	struct kgc_type	*type;
	const char	*at;
};

static struct value *parse_value(struct parser *p, struct kgc_section s);

static bool parse_list(struct parser *p, struct kgc_section s, struct value *v)
{
	struct value *last = NULL, *one;

	do {
		p->at++;	/* bracket or comma */
		one = parse_value(p, s);
		if (!one)
			return false;
		if (last)
			kgc_store(s, &last->next, one);
		else
			kgc_store(s, &v->child, one);
		last = one;
	} while (*p->at == ',');
	p->at++;
	return true;
}

static bool parse_string(struct parser *p, struct kgc_section s,
			 struct value *v)
{
	u64 *text = worker_bytes(p->w, s, 0, 0);
	char *to = (char *)text;

	if (!text)
		return false;
	for (p->at++; *p->at != '"'; p->at++)
		*to++ = *p->at;
	p->at++;
	kgc_store(s, &v->text, text);
	return true;
}

static struct value *parse_value(struct parser *p, struct kgc_section s)
{
	struct value *v = worker_alloc(p->w, s, p->type, sizeof(*v));

	if (!v)
		return NULL;
	if (*p->at == '[')
		return parse_list(p, s, v) ? v : NULL;
	if (*p->at == '"')
		return parse_string(p, s, v) ? v : NULL;
	while (*p->at >= '0' && *p->at <= '9')
		v->number = v->number * 10 + (*p->at++ - '0');
	return v;
}

/* Numbers, and first letters. A load without a collector frees the tree here. */
static u64 value_sum(struct kgc_section s, struct value *v)
{
	struct value *next;
	u64 sum = 0, *text;

	for (; v; v = next) {
		next = kgc_load(s, &v->next);
		text = kgc_load(s, &v->text);
		sum += 1 + v->number + value_sum(s, kgc_load(s, &v->child));
		if (text)
			sum += *(unsigned char *)text;
		program_free(text);
		program_free(v);
	}
	return sum;
}

static int parse_one(struct parser *p, const struct text *t)
{
	u64 begin = bench_now();
	struct kgc_section s = kgc_enter(p->w->p->h.heap);
	struct value *v;

	p->at = t->bytes;
	v = parse_value(p, s);
	p->w->sum += value_sum(s, v);
	kgc_exit(s);
	worker_step(p->w, begin);
	return v ? 0 : -ENOMEM;
}

static int parse_run(void)
{
	u64 n = bench_param("n", 300), i;
	struct text *t = kvzalloc(sizeof(*t), GFP_KERNEL);
	struct program p;
	struct parser parser = { .w = NULL };
	int err;

	if (!t)
		return -ENOMEM;
	text_make(t);
	err = program_open(&p);
	if (err)
		goto out;
	parser.w = &p.worker[0];
	parser.type = program_type(&p, &value_desc);
	err = p.worker[0].err;
	for (i = 0; i < n && !err; i++) {
		err = parse_one(&parser, t);
		program_look(&p);
	}
	err = program_close(&p, err);
out:
	kvfree(t);
	return err;
}

const struct bench bench_parse = {
	.name = "parse",
	.about = "a text becomes a tree of small objects, n times (n, gogc)",
	.run = parse_run,
};

/* ---- lasting ------------------------------------------------------------*/

struct entry {
	KGC_REF(struct entry)	next;
	u64			key;
	u64			data[30];
};

KGC_DEFINE_TYPE(entry_desc, struct entry, next);

/* Entries are in the slots of a table of nodes. */
static int entry_put(struct worker *w, struct kgc_type *type, u64 size, u64 key)
{
	struct kgc_section s = kgc_enter(w->p->h.heap);
	struct bench_slot *slot = &kgc_load(s, &w->p->h.table)[key % size];
	struct entry *old = (struct entry *)kgc_load(s, &slot->ref), *e;

	e = worker_alloc(w, s, type, sizeof(*e));
	if (e) {
		e->key = key;
		e->data[29] = key ^ 1;
		kgc_store(s, &slot->ref, (struct bench_node *)e);
		program_free(old);
	}
	kgc_exit(s);
	return e ? 0 : -ENOMEM;
}

static void entry_get(struct worker *w, u64 size, u64 key)
{
	struct kgc_section s = kgc_enter(w->p->h.heap);
	struct bench_slot *slot = &kgc_load(s, &w->p->h.table)[key % size];
	struct entry *e = (struct entry *)kgc_load(s, &slot->ref);

	w->sum += e->key == key ? e->data[29] : 1;
	kgc_exit(s);
}

static int lasting_run(void)
{
	u64 n = bench_param("n", 1000000), size = bench_param("size", 100000);
	u64 i, key, begin;
	struct kgc_type *type;
	struct worker *w;
	struct program p;
	int err;

	err = program_open(&p);
	if (err)
		return err;
	w = &p.worker[0];
	type = program_type(&p, &entry_desc);
	err = w->err ?: bench_table_empty(&p.h, size);
	for (i = 0; i < size && !err; i++)
		err = entry_put(w, type, size, i);
	w->allocs = 0;
	w->bytes = 0;
	for (i = 0; i < n && !err; i++) {
		begin = bench_now();
		key = bench_random(&w->seed) % (2 * size);
		if (i % 16)
			entry_get(w, size, key);
		else
			err = entry_put(w, type, size, key);
		worker_step(w, begin);
		if (i % 1024 == 0)
			program_look(&p);
	}
	return program_close(&p, err);
}

const struct bench bench_lasting = {
	.name = "lasting",
	.about = "a large table of long-lived entries (n, size, gogc)",
	.run = lasting_run,
};

/* ---- requests -----------------------------------------------------------*/

#define HEADERS	4

struct header {
	KGC_REF(struct header)	next;
	u64			word[3];
};

struct answer;

struct request {
	KGC_REF(struct answer)	answer;
	KGC_REF(struct header)	headers;
	u64			key;
	u64			word[5];
};

struct answer {
	KGC_REF(struct request)	request;
	KGC_REF(u64)		body;
	u64			status;
	u64			word[5];
};

KGC_DEFINE_TYPE(header_desc, struct header, next);
KGC_DEFINE_TYPE(request_desc, struct request, answer, headers);
KGC_DEFINE_TYPE(answer_desc, struct answer, request, body);

struct cache {
	struct worker	*w;
	u64		size;
	struct kgc_type	*header;
	struct kgc_type	*request;
	struct kgc_type	*answer;
};

static struct request *request_make(struct cache *c, struct kgc_section s,
				    u64 key)
{
	struct request *r = worker_alloc(c->w, s, c->request, sizeof(*r));
	struct answer *a = worker_alloc(c->w, s, c->answer, sizeof(*a));
	u64 *body = worker_bytes(c->w, s, 8, key);
	struct header *h;
	unsigned int i;

	if (!r || !a || !body)
		return NULL;
	for (i = 0; i < HEADERS; i++) {
		h = worker_alloc(c->w, s, c->header, sizeof(*h));
		if (!h)
			return NULL;
		h->word[0] = i;
		kgc_store(s, &h->next, kgc_load(s, &r->headers));
		kgc_store(s, &r->headers, h);
	}
	r->key = key;
	a->status = key + 200;
	kgc_store(s, &a->body, body);
	kgc_store(s, &a->request, r);
	kgc_store(s, &r->answer, a);
	return r;
}

/* Links that code needs to free the structure without a collector. */
static void request_free(struct kgc_section s, struct request *r)
{
	struct header *h, *next;

	if (!PROGRAM_FREES || !r)
		return;
	for (h = kgc_load(s, &r->headers); h; h = next) {
		next = kgc_load(s, &h->next);
		program_free(h);
	}
	program_free(kgc_load(s, &kgc_load(s, &r->answer)->body));
	program_free(kgc_load(s, &r->answer));
	program_free(r);
}

static int request_one(struct cache *c)
{
	u64 key = bench_random(&c->w->seed) % (2 * c->size);
	struct kgc_section s = kgc_enter(c->w->p->h.heap);
	struct bench_slot *slot;
	struct request *r;

	slot = &kgc_load(s, &c->w->p->h.table)[key % c->size];
	r = (struct request *)kgc_load(s, &slot->ref);
	if (!r || r->key != key) {
		request_free(s, r);
		r = request_make(c, s, key);
		kgc_store(s, &slot->ref, (struct bench_node *)r);
	}
	if (r)
		c->w->sum += kgc_load(s, &r->answer)->status +
			     kgc_load(s, &r->headers)->word[0];
	kgc_exit(s);
	return r ? 0 : -ENOMEM;
}

static int requests_run(void)
{
	u64 n = bench_param("n", 300000), i, begin;
	struct cache c = { .size = bench_param("size", 20000) };
	struct program p;
	int err;

	err = program_open(&p);
	if (err)
		return err;
	c.w = &p.worker[0];
	c.header = program_type(&p, &header_desc);
	c.request = program_type(&p, &request_desc);
	c.answer = program_type(&p, &answer_desc);
	err = c.w->err ?: bench_table_empty(&p.h, c.size);
	for (i = 0; i < n && !err; i++) {
		begin = bench_now();
		err = request_one(&c);
		worker_step(c.w, begin);
		if (i % 1024 == 0)
			program_look(&p);
	}
	return program_close(&p, err);
}

const struct bench bench_requests = {
	.name = "requests",
	.about = "a cache of cyclic requests and answers (n, size, gogc)",
	.run = requests_run,
};

/* ---- mixed --------------------------------------------------------------*/

static int mixed_run(void)
{
	u64 n = bench_param("n", 500000), live = bench_param("live", 50000), i;
	struct bench_slot *slot;
	struct kgc_section s;
	struct program p;
	struct worker *w;
	u64 begin, *old, *bytes;
	u32 kind;
	int err;

	err = program_open(&p);
	if (err)
		return err;
	w = &p.worker[0];
	err = bench_table_empty(&p.h, live);
	for (i = 0; i < n && !err; i++) {
		begin = bench_now();
		kind = bench_random(&w->seed) % PROGRAM_KINDS;
		s = kgc_enter(p.h.heap);
		slot = &kgc_load(s, &p.h.table)[bench_random(&w->seed) % live];
		old = (u64 *)kgc_load(s, &slot->ref);
		bytes = worker_bytes(w, s, kind, i);
		kgc_store(s, &slot->ref, (struct bench_node *)bytes);
		if (old)
			w->sum += *old;
		program_free(old);
		kgc_exit(s);
		err = bytes ? 0 : -ENOMEM;
		worker_step(w, begin);
		if (i % 1024 == 0)
			program_look(&p);
	}
	return program_close(&p, err);
}

const struct bench bench_mixed = {
	.name = "mixed",
	.about = "objects of many sizes replace each other (n, live, gogc)",
	.run = mixed_run,
};
