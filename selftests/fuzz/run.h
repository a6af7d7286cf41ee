/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Carrying out fuzz programs: up to FUZZ_WORKERS processes that share their
 * descriptors but not their memory (so that they run in parallel in User-mode
 * Linux, too), what they cover, and what has to be true afterwards.
 */
#ifndef FUZZ_RUN_H
#define FUZZ_RUN_H

#include "program.h"

/**
 * struct fuzz_totals - of the whole run
 * @calls: system calls made
 * @operations: operations in batches
 * @succeeded: calls that did not fail
 * @places: places of the module's code seen; 0 without KCOV
 */
struct fuzz_totals {
	uint64_t calls, operations, succeeded, places;
};

/* @beside_others: more of us run, nobody's heaps are all there are. */
void fuzz_start(bool beside_others);
void fuzz_stop(void);

/*
 * Run @p; *@fresh tells whether it came to places no program came to before.
 * Return: NULL, or what was broken.
 */
const char *fuzz_run(const struct fuzz_program *p, bool *fresh);
struct fuzz_totals fuzz_totals(void);

/* NULL, or what the module holds although nothing is open. */
const char *fuzz_all_returned(void);

#endif /* FUZZ_RUN_H */
