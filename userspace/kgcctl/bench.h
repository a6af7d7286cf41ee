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

#define EVENTS		7	/* kinds that bench_machine.c counts */

extern const u16 kind_size[KINDS];

extern bool bench_apart;	/* the option --apart */

struct bench;

/**
 * struct probe - what hits the operations of a worker; for --apart
 * @open: @fd are open
 * @fd: counters of the thread that runs the worker now, by event; -1 for one that there is
 *	not
 * @found: events that there are
 * @at: what they counted before the current operation
 * @sum: what they counted during operations
 * @stats: counters of the heap before the current operation
 * @by_cycle: operations during which a cycle was under way
 * @by_interrupt: operations that an interrupt hit
 * @by_switch: operations in which the thread lost the processor, or slept
 * @undisturbed: durations of operations that none of the three hit, in ns
 */
struct probe {
	bool open;
	int fd[EVENTS];
	bool found[EVENTS];
	u64 at[EVENTS];
	u64 sum[EVENTS];
	struct kgc_stats stats;
	u64 by_cycle, by_interrupt, by_switch;
	struct histogram undisturbed;
};

/**
 * struct worker - a thread of a program; a program without threads uses the first
 * @bench: the program's frame
 * @nr: index in @bench's array of workers
 * @err: what the thread returned: 0, or a negative errno
 * @seed: state of its random numbers
 * @sum: checksum of the words that it read
 * @batch: the batch that it fills
 * @steps: durations of the program's operations, in ns
 * @probe: what hit them
 */
struct worker {
	struct bench *bench;
	unsigned int nr;
	int err;
	u64 seed;
	u64 sum;
	struct kgc_batch_builder batch;
	struct histogram steps;
	struct probe probe;
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
void bench_percentiles(const struct histogram *h, const char *prefix);

u64 bench_now(void);

/* Make a new array of @n pointers the table. Returns 0 or -errno. */
int bench_table(struct bench *b, u64 n);

/* Register a type of @size bytes whose first @pointers words are pointers. */
int bench_type(struct bench *b, const char *name, u32 size, u32 pointers);

/* Carry out the gathered operations, even if signals interrupt. 0 or -errno. */
int worker_flush(struct worker *w);

/* An operation begins; it ends with worker_step(). Returns the time. */
u64 worker_begin(struct worker *w);
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

/*
 * --apart. Begin and end an operation, which took @ns; close the counters, which are those
 * of the thread that began the first operation; add what @from has seen; the figures.
 */
void probe_begin(struct worker *w);
void probe_end(struct worker *w, u64 ns);
void probe_close(struct probe *p);
void probe_merge(struct probe *p, const struct probe *from);
void probe_report(const struct probe *p, double operations);

/* --steady: until the end, or a signal that ends the program. */
void steady_begin(void);
void steady_end(void);

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
