/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fuzz program is a list of calls. A call is a record of small numbers, to which calls.c
 * gives a meaning. Any record is a valid call, so any change of a program is valid.
 */
#ifndef FUZZ_PROGRAM_H
#define FUZZ_PROGRAM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "random.h"

#define FUZZ_CALLS	500	/* most calls in a program */
#define FUZZ_WORKERS	3	/* processes that run a program */
#define FUZZ_FDS	4	/* descriptors that they share */

enum fuzz_kind {
	FUZZ_OPEN, FUZZ_CLOSE, FUZZ_SHARE, FUZZ_INFO, FUZZ_TYPE, FUZZ_ALLOC,
	FUZZ_LOAD, FUZZ_STORE, FUZZ_XCHG, FUZZ_READ, FUZZ_WRITE, FUZZ_DUP,
	FUZZ_DROP, FUZZ_OBJECT, FUZZ_COLLECT, FUZZ_GET, FUZZ_SET, FUZZ_STATS,
	FUZZ_BATCH, FUZZ_SCAVENGE, FUZZ_WEAK, FUZZ_WEAK_GET, FUZZ_WEAK_DROP,
	FUZZ_FINALIZE, FUZZ_RECORDS, FUZZ_POLL, FUZZ_RAW, FUZZ_PROTECT,
	FUZZ_SIGNAL, FUZZ_PEEK, FUZZ_HEAPS, FUZZ_TYPES,
	FUZZ_KINDS,
};

/**
 * struct fuzz_call - one call
 * @kind: enum fuzz_kind
 * @worker: number of the worker that makes it
 * @fd: number of the descriptor
 * @twist: 0 for a valid argument, or what is wrong with it
 * @a: usually chooses the handle or the type
 * @b: usually chooses the offset or the number
 * @c: usually chooses the second handle, the length or the value
 * @d: seed for all other choices
 */
struct fuzz_call {
	uint8_t kind, worker, fd, twist;
	uint16_t a, b;
	uint32_t c, d;
};

/**
 * struct fuzz_program - calls in order; each worker makes its own calls
 * @nr: number of calls
 * @call: the calls
 */
struct fuzz_program {
	uint32_t nr;
	struct fuzz_call call[FUZZ_CALLS];
};

void fuzz_generate(struct fuzz_program *p, struct random *r);
void fuzz_mutate(struct fuzz_program *p, const struct fuzz_program *other,
		 struct random *r);
void fuzz_print(FILE *to, const struct fuzz_program *p);
/* Read the next program of a text. Return: what follows it, NULL at the end. */
const char *fuzz_parse(struct fuzz_program *p, const char *text);
bool fuzz_is_sequential(const struct fuzz_program *p);

#endif /* FUZZ_PROGRAM_H */
