/* SPDX-License-Identifier: GPL-2.0 */
/*
 * State that the workers of a fuzz program share. run.c leads the workers, and calls.c
 * makes the calls. No lock guards it: a race between workers only changes which calls they
 * make.
 */
#ifndef FUZZ_STATE_H
#define FUZZ_STATE_H

#include "run.h"

#define NR_HANDLES	64
#define NR_WEAK		16
#define NR_TYPES	16
#define PLACES		(1 << 18)	/* bits of the map of places seen */
#define MAX_BESIDE	(16ULL << 20)	/* bytes in a heap, beside others */

/**
 * struct fuzz_shared - a page or so that all workers see
 * @program: the program that runs
 * @round: incremented to begin a round
 * @finished: workers that have finished the round
 * @quit: there is no next round
 * @beside: other programs have heaps, too
 * @fd: descriptors, -1 if not open
 * @handle: handles that calls have returned, from which later calls choose
 * @weak: the same for weak handles
 * @type: the same for types
 * @next_handle: handles found so far, of which @handle has the last NR_HANDLES
 * @next_weak: the same for weak handles
 * @next_type: the same for types
 * @totals: totals of the run
 * @fresh: places first reached in this round
 * @seen: places reached, a bit each
 */
struct fuzz_shared {
	struct fuzz_program program;
	uint32_t round, finished;
	bool quit, beside;
	int fd[FUZZ_FDS];
	uint64_t handle[NR_HANDLES], weak[NR_WEAK];
	uint32_t type[NR_TYPES];
	uint32_t next_handle, next_weak, next_type;
	struct fuzz_totals totals;
	uint32_t fresh;
	uint64_t seen[PLACES / 64];
};

extern struct fuzz_shared *sh;

/* Called by each worker once, and before each program. */
void fuzz_map_window(void);
void fuzz_clear_window(void);

/* Return: 0 or -errno. */
int fuzz_make_call(const struct fuzz_call *c);

#endif /* FUZZ_STATE_H */
