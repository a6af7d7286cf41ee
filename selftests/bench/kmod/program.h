/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the programs have in common: a heap, workers, and their figures.
 *
 * selftests/bench/rivals/ compiles the same files, except programs.c, on malloc(), mimalloc
 * and the Boehm collector. There shim.h replaces bench.h, and program_free() is free(),
 * where it does nothing here. So all of them do the same work, and equal checksums show it.
 */
#ifndef _KGC_BENCH_PROGRAM_H
#define _KGC_BENCH_PROGRAM_H

#ifdef __KERNEL__
#include <linux/completion.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"

#define PROGRAM_FREES	0	/* 1 if the program frees objects itself */

static inline void program_free(void *p)
{
}
#else
#include "shim.h"
#endif

#include "../common/histogram.h"

#define PROGRAM_WORKERS	8

/* Sizes of the types of plain bytes. */
static const u16 program_sizes[] = {
	16, 24, 32, 40, 64, 72, 96, 128, 200, 256, 400, 512, 1000, 2048,
};

#define PROGRAM_KINDS	ARRAY_SIZE(program_sizes)

struct program;

/**
 * struct worker - one thread of a program, or its only one
 * @p: the program
 * @nr: its number in the program
 * @err: 0, or the error that stopped it
 * @seed: state of its random numbers
 * @sum: checksum of the words that it read; kgc and all rivals must get the same
 * @allocs: objects that it allocated
 * @bytes: bytes that it allocated
 * @steps: durations of its operations
 */
struct worker {
	struct program		*p;
	unsigned int		nr;
	int			err;
	u64			seed;
	u64			sum;
	u64			allocs;
	u64			bytes;
	struct histogram	steps;
};

/**
 * struct program - a running program
 * @h: its heap
 * @kind: types of plain bytes, by index in program_sizes
 * @busy: CPU time since program_open()
 * @free_kib: memory that was free at the first program_look()
 * @peak_kib: most memory taken since, as seen by program_look()
 * @worker: PROGRAM_WORKERS workers
 */
struct program {
	struct bench_heap	h;
	struct kgc_type		*kind[PROGRAM_KINDS];
	struct bench_busy	busy;
	u64			free_kib;
	u64			peak_kib;
	struct worker		*worker;
};

int program_open(struct program *p);
struct kgc_type *program_type(struct program *p,
			      const struct kgc_type_desc *desc);
int program_close(struct program *p, int err);
int program_run(struct program *p, unsigned int n,
		int (*run)(struct worker *w));
void program_look(struct program *p);
u64 program_peak_kib(struct program *p);

static __always_inline void worker_step(struct worker *w, u64 begin)
{
	histogram_add(&w->steps, bench_now() - begin);
}

static __always_inline void *worker_alloc(struct worker *w,
					  struct kgc_section s,
					  struct kgc_type *type, size_t size)
{
	w->allocs++;
	w->bytes += size;
	return kgc_alloc(s, type, GFP_KERNEL);
}

/* Allocate plain bytes, the first eight of which are @word. */
static __always_inline u64 *worker_bytes(struct worker *w,
					 struct kgc_section s,
					 unsigned int kind, u64 word)
{
	u64 *bytes = worker_alloc(w, s, w->p->kind[kind], program_sizes[kind]);

	if (bytes)
		*bytes = word;
	return bytes;
}

#endif /* _KGC_BENCH_PROGRAM_H */
