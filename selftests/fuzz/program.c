// SPDX-License-Identifier: GPL-2.0
/* Make, change, write and read fuzz programs. */
#include <ctype.h>
#include <string.h>

#include "program.h"

static const char *const names[FUZZ_KINDS] = {
	"open", "close", "share", "info", "type", "alloc", "load", "store",
	"xchg", "read", "write", "dup", "drop", "object", "collect", "get",
	"set", "stats", "batch", "scavenge", "weak", "weak_get", "weak_drop",
	"finalize", "records", "poll", "raw", "protect", "signal", "peek",
	"heaps",
};

/* How often each kind of call is made, relative to the others. */
static const uint8_t weight[FUZZ_KINDS] = {
	2, 1, 1, 1, 6, 24, 12, 20, 8, 4, 6, 6, 16, 2, 4, 2, 4, 2, 24, 2,
	5, 5, 3, 5, 4, 2, 4, 1, 2, 1, 1,
};

static unsigned int pick_kind(struct random *r)
{
	unsigned int sum = 0, kind, at;

	for (kind = 0; kind < FUZZ_KINDS; kind++)
		sum += weight[kind];
	at = random_below(r, sum);
	for (kind = 0; at >= weight[kind]; kind++)
		at -= weight[kind];
	return kind;
}

static struct fuzz_call any_call(struct random *r, unsigned int workers)
{
	struct fuzz_call c = {
		.kind = pick_kind(r),
		.worker = random_below(r, workers),
		/*
		 * most calls use the first descriptor, so that its heap comes to have
		 * contents
		 */
		.fd = random_below(r, 6) ? 0 : random_below(r, FUZZ_FDS),
		.twist = random_below(r, 12) ? 0 : 1 + random_below(r, 255),
		.a = random_word(r), .b = random_word(r),
		.c = random_word(r), .d = random_word(r),
	};

	return c;
}

static unsigned int pick_workers(struct random *r)
{
	return random_below(r, 3) ? 1 : 2 + random_below(r, FUZZ_WORKERS - 1);
}

void fuzz_generate(struct fuzz_program *p, struct random *r)
{
	unsigned int workers = pick_workers(r), i;

	p->nr = 8 + random_below(r, random_below(r, 3) ? FUZZ_CALLS - 8 : 40);
	for (i = 0; i < p->nr; i++)
		p->call[i] = any_call(r, workers);
	/* without a heap, two types and an object, nearly all calls fail */
	for (i = 0; i < 4; i++) {
		p->call[i].worker = p->call[i].fd = p->call[i].twist = 0;
		p->call[i].kind = i == 0 ? FUZZ_OPEN : i < 3 ? FUZZ_TYPE : FUZZ_ALLOC;
	}
}

void fuzz_mutate(struct fuzz_program *p, const struct fuzz_program *other,
		 struct random *r)
{
	unsigned int changes = 1 + random_below(r, 6), i, n;

	while (changes--) {
		i = random_below(r, p->nr);
		switch (random_below(r, 8)) {
		case 0:	/* remove a call */
			if (p->nr < 2)
				break;
			memmove(&p->call[i], &p->call[i + 1],
				(--p->nr - i) * sizeof(p->call[0]));
			break;
		case 1: case 2:	/* add a call */
			if (p->nr == FUZZ_CALLS)
				break;
			memmove(&p->call[i + 1], &p->call[i],
				(p->nr++ - i) * sizeof(p->call[0]));
			p->call[i] = any_call(r, 1 + p->call[i].worker);
			break;
		case 3:	/* append the end of another program */
			n = random_below(r, other->nr);
			while (n < other->nr && p->nr < FUZZ_CALLS)
				p->call[p->nr++] = other->call[n++];
			break;
		case 4:
			p->call[i].a = random_word(r);
			p->call[i].b = random_word(r);
			break;
		case 5:
			p->call[i].c = random_word(r);
			p->call[i].d = random_word(r);
			break;
		case 6:
			p->call[i].twist = random_below(r, 2) ? random_word(r) : 0;
			p->call[i].fd = random_below(r, FUZZ_FDS);
			break;
		default:
			p->call[i].worker = random_below(r, FUZZ_WORKERS);
			break;
		}
	}
}

void fuzz_print(FILE *to, const struct fuzz_program *p)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++) {
		const struct fuzz_call *c = &p->call[i];

		fprintf(to, "%s w%u f%u t%u %u %u %u %u\n",
			names[c->kind % FUZZ_KINDS], c->worker, c->fd, c->twist,
			c->a, c->b, c->c, c->d);
	}
	fprintf(to, "\n");
	fflush(to);
}

static bool parse_line(struct fuzz_call *c, const char *line)
{
	unsigned int worker, fd, twist, a, b, kind;
	char name[16];

	if (sscanf(line, "%15s w%u f%u t%u %u %u %u %u", name, &worker, &fd,
		   &twist, &a, &b, &c->c, &c->d) != 8)
		return false;
	for (kind = 0; kind < FUZZ_KINDS; kind++)
		if (!strcmp(name, names[kind]))
			break;
	c->kind = kind;
	c->worker = worker % FUZZ_WORKERS;
	c->fd = fd % FUZZ_FDS;
	c->twist = twist;
	c->a = a;
	c->b = b;
	return kind < FUZZ_KINDS;
}

const char *fuzz_parse(struct fuzz_program *p, const char *text)
{
	p->nr = 0;
	while (*text) {
		const char *end = strchrnul(text, '\n');
		bool blank = true;

		for (const char *c = text; c < end; c++)
			blank &= !!isspace(*c);
		/* ignore other lines, such as "# ..." */
		if (!blank && p->nr < FUZZ_CALLS &&
		    parse_line(&p->call[p->nr], text))
			p->nr++;
		text = *end ? end + 1 : end;
		if (blank && p->nr)
			return text;
	}
	return p->nr ? text : NULL;
}

bool fuzz_is_sequential(const struct fuzz_program *p)
{
	unsigned int i;

	for (i = 0; i < p->nr; i++)
		if (p->call[i].worker)
			return false;
	return true;
}
