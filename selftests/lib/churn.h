/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Worker processes share a heap: they replace objects of all sizes and check their
 * contents. Meanwhile a test may take CPUs and memory away and give them back.
 */
#ifndef SELFTESTS_CHURN_H
#define SELFTESTS_CHURN_H

#include <linux/types.h>
#include <stdbool.h>
#include <sys/types.h>

#define CHURN_MOST	4

/* Counts of the objects that a process got from a heap. */
struct tally {
	__u64	made;
	__u64	tiny;			/* of @made: 8 bytes, two share a block of 16 */
	__u64	of_16;			/* of @made: 16 bytes */
	__u64	refused;		/* allocations that failed with -ENOMEM */
};

/* The workers' state, shared between the processes. */
struct churn {
	volatile bool	stop;
	struct {
		struct tally	got;
		__u64	wrong;		/* objects whose word had changed */
		int	err;		/* -errno of any other failure */
	} worker[CHURN_MOST];
	pid_t		pid[CHURN_MOST];
	int		nr;
};

void tally_add(struct tally *t, __u32 size);

/* Start @nr workers on @heap. Return: NULL on failure. */
struct churn *churn_begin(int heap, int nr);

/* Make the workers drop all their objects and exit. Return: 0 or the first error. */
int churn_end(struct churn *c);

/*
 * Whether @heap, at rest, has counted exactly the objects of the workers and of @more.
 * Prints a message if not.
 */
bool mallocs_agree(int heap, unsigned int id, const struct churn *c,
		   const struct tally *more);

/* Whether all counters of @heap say that it is empty. Prints a message if not. */
bool nothing_left(int heap, unsigned int id);

/* Return: the number of a CPU that can be taken offline, or -1. */
int removable_cpu(void);
bool cpu_online(int cpu, bool online);

#endif /* SELFTESTS_CHURN_H */
