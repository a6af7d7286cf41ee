/* SPDX-License-Identifier: GPL-2.0 */
/* Repeatable random numbers: the seed is printed, and KGC_SEED sets it. */
#ifndef SELFTESTS_RANDOM_H
#define SELFTESTS_RANDOM_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

struct random {
	uint64_t state;
};

static inline struct random random_from(uint64_t seed)
{
	/* splitmix64, so that seeds 1 and 2 have nothing in common. */
	uint64_t z = seed + 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (struct random){ (z ^ (z >> 31)) | 1 };
}

/* Return: the run's seed, from KGC_SEED or new; printed so that a run can be repeated. */
static inline uint64_t random_seed(void)
{
	const char *set = getenv("KGC_SEED");
	uint32_t seed;

	if (set)
		seed = strtoul(set, NULL, 0);
	else if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = 1;
	printf("# seed %u: set KGC_SEED=%u to repeat\n", seed, seed);
	fflush(stdout);
	return seed;
}

static inline uint64_t random_word(struct random *random)
{
	random->state ^= random->state >> 12;
	random->state ^= random->state << 25;
	random->state ^= random->state >> 27;
	return random->state * 0x2545f4914f6cdd1dULL;
}

static inline uint32_t random_below(struct random *random, uint32_t below)
{
	return ((random_word(random) >> 32) * below) >> 32;
}

#endif /* SELFTESTS_RANDOM_H */
