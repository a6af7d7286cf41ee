/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kgcctl bench: programs through /dev/kgc. They do the work of those in
 * selftests/bench/kmod/, whose checksums they must come to; an operation is one batch.
 */
#ifndef KGCCTL_BENCH_H
#define KGCCTL_BENCH_H

#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>

#include <kgc.h>

typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;

#include "../../selftests/bench/common/histogram.h"

#define WORKERS		8
#define KINDS		14
#define OPERATIONS	65536U	/* in a batch, at most */

extern const u16 kind_size[KINDS];

struct bench;

/**
 * struct worker - one thread of a program, or its only one
 * @bench: the program's frame
 * @nr: which one
 * @err: 0, or a negative errno
 * @seed: state of its random numbers
 * @sum: of what it read
 * @batch: its operations
 * @steps: how long they took
 */
struct worker {
	struct bench *bench;
	unsigned int nr;
	int err;
	u64 seed;
	u64 sum;
	struct kgc_batch_builder batch;
	struct histogram steps;
};

/**
 * struct bench - what a program runs in
 * @heap: descriptor
 * @kind: types of plain bytes
 * @slots: type of arrays of pointers
 * @node: 64 bytes, of which the first two words are pointers
 * @table: handle of an array of pointers, or 0
 * @worker: the first is the program's own
 * @peak: most bytes in objects that were seen
 */
struct bench {
	int heap;
	int kind[KINDS];
	int slots;
	int node;
	u64 table;
	struct worker *worker;
	u64 peak;
};

/* Parameters: NAME=NUMBER on the command line. */
u64 bench_param(const char *name, u64 or_else);

/* A figure. */
void bench_result(const char *metric, const char *unit, double value);
void bench_skip(const char *why);

u64 bench_now(void);
u32 bench_random(u64 *seed);

/* An array of @n pointers; 0 or -errno. */
int bench_table(struct bench *b, u64 n);

/* A type of @size bytes of which the first @pointers words are pointers. */
int bench_type(struct bench *b, const char *name, u32 size, u32 pointers);

/* Carry out what was gathered and start afresh; results stay until then. */
int worker_flush(struct worker *w);
void worker_step(struct worker *w, u64 begin);

/*
 * Put a new object of one of the first @kinds, with @word in it, into one of the
 * @size slots of the table from @first on; 0 or -errno.
 */
int worker_replace(struct worker *w, unsigned int kinds, u64 first, u64 size,
		   u64 word);

/* Look at the heap's size, for the peak. */
void bench_look(struct bench *b);

/* Run @n workers at once; the first error. */
int bench_together(struct bench *b, unsigned int n, int (*run)(struct worker *w));

/* The programs; 0 or -errno. */
int bench_ring(struct bench *b);
int bench_trees(struct bench *b);
int bench_gcbench(struct bench *b);
int bench_parse(struct bench *b);
int bench_lasting(struct bench *b);
int bench_requests(struct bench *b);
int bench_mixed(struct bench *b);
int bench_larson(struct bench *b);
int bench_xmalloc(struct bench *b);
int bench_handoff(struct bench *b);
int bench_gogc(struct bench *b);

#endif /* KGCCTL_BENCH_H */
