/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the workers of a fuzz program share, between run.c, which leads them, and
 * calls.c, which makes the calls. Nothing is guarded: a race between workers is
 * a race in what is asked of the module.
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
 * @program: being carried out
 * @round: raised to begin one
 * @finished: workers that are through with it
 * @quit: there is no next round
 * @beside: others run, what the module holds is not ours alone
 * @fd: descriptors; -1: not open
 * @handle: what calls have brought to light, for later calls to choose from
 * @weak: the same of weak handles
 * @type: the same of types
 * @next_handle: found so far, of which the last NR_HANDLES are remembered
 * @next_weak: the same of weak handles
 * @next_type: the same of types
 * @totals: of the run
 * @fresh: places new in this round
 * @seen: places, a bit each
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

/* Each worker: once, and before each program. */
void fuzz_map_window(void);
void fuzz_clear_window(void);

/* Return: 0 or -errno. */
int fuzz_make_call(const struct fuzz_call *c);

#endif /* FUZZ_STATE_H */
