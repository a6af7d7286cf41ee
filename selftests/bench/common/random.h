/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Cheap pseudo-random numbers, the same on every run, in the kernel and in programs: a
 * linear congruential generator (Knuth, MMIX). Needs u32 and u64.
 */
#ifndef BENCH_RANDOM_H
#define BENCH_RANDOM_H

static __always_inline u32 bench_random(u64 *state)
{
	*state = *state * 6364136223846793005ULL + 1442695040888963407ULL;
	return *state >> 32;
}

#endif /* BENCH_RANDOM_H */
