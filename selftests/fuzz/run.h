/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Run fuzz programs: up to FUZZ_WORKERS processes, their coverage, and checks afterwards.
 * The processes share descriptors, but no memory, so that they run in parallel in User-mode
 * Linux, too.
 */
#ifndef FUZZ_RUN_H
#define FUZZ_RUN_H

#include "program.h"

/**
 * struct fuzz_totals - totals of the whole run
 * @calls: system calls made
 * @operations: operations in batches
 * @succeeded: calls that did not fail
 * @places: places of the module's code reached; 0 without KCOV
 */
struct fuzz_totals {
	uint64_t calls, operations, succeeded, places;
};

/* @beside_others: other programs have heaps, too, so totals of the module are unknown. */
void fuzz_start(bool beside_others);
void fuzz_stop(void);

/*
 * Run @p. *@fresh: whether it reached code that no program had reached before.
 * Return: NULL, or which promise was broken.
 */
const char *fuzz_run(const struct fuzz_program *p, bool *fresh);
struct fuzz_totals fuzz_totals(void);

/* Return: NULL, or what the module holds although no heap is open. */
const char *fuzz_all_returned(void);

#endif /* FUZZ_RUN_H */
