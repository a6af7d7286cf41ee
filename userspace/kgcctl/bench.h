/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kgcctl bench: programs that use a heap through /dev/kgc. They do the work of those in
 * selftests/bench/kmod/ and must reach the same checksums. An operation accesses the
 * heap by batches, mostly by one.
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
#include "../../selftests/bench/common/random.h"

#define WORKERS		8
#define KINDS		14
#define OPERATIONS	65536U	/* most in a batch */

extern const u16 kind_size[KINDS];

struct bench;

/**
 * struct worker - a thread of a program; a program without threads uses the first
 * @bench: the program's frame
 * @nr: index in @bench's array of workers
 * @err: what the thread returned: 0, or a negative errno
 * @seed: state of its random numbers
 * @sum: checksum of the words that it read
 * @batch: the batch that it fills
 * @steps: durations of the program's operations, in ns
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
 * struct bench - the frame that a program runs in
 * @heap: descriptor
 * @kind: ids of types of plain bytes, of the sizes in kind_size[]
 * @slots: id of a type of arrays of pointers
 * @node: id of a type of 64 bytes, of which the first two words are pointers
 * @table: handle of an array of pointers, or 0
 * @worker: WORKERS of them; a program without threads uses the first
 * @peak: most bytes in objects that bench_look() found
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

/* The NUMBER of NAME=NUMBER on the command line, or @or_else without one. */
u64 bench_param(const char *name, u64 or_else);

/* Report a figure, or why one was not measured. */
void bench_result(const char *metric, const char *unit, double value);
void bench_skip(const char *why);

u64 bench_now(void);

/* Make a new array of @n pointers the table. Returns 0 or -errno. */
int bench_table(struct bench *b, u64 n);

/* Register a type of @size bytes whose first @pointers words are pointers. */
int bench_type(struct bench *b, const char *name, u32 size, u32 pointers);

/* Carry out the gathered operations, even if signals interrupt. 0 or -errno. */
int worker_flush(struct worker *w);
void worker_step(struct worker *w, u64 begin);

/*
 * Allocate an object of a random kind below @kinds, write @word into it, and put it into
 * a random one of the @size slots of the table from @first on. Returns 0 or -errno.
 */
int worker_replace(struct worker *w, unsigned int kinds, u64 first, u64 size,
		   u64 word);

/* Raise @b's peak if the heap is larger now. */
void bench_look(struct bench *b);

/* Run @n workers in parallel. Returns 0, or the error of the first that failed. */
int bench_together(struct bench *b, unsigned int n, int (*run)(struct worker *w));

/* The programs. Each returns 0 or -errno. */
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
