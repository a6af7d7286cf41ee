/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Processes that share a heap and replace objects of all sizes in it, checking
 * what is in them; and processors and memory that come and go meanwhile.
 */
#ifndef SELFTESTS_CHURN_H
#define SELFTESTS_CHURN_H

#include <linux/types.h>
#include <stdbool.h>
#include <sys/types.h>

#define CHURN_MOST	4

/* The objects that somebody got from a heap. */
struct tally {
	__u64	made;
	__u64	tiny;			/* of these: of 8 bytes, that share blocks of 16 */
	__u64	of_16;			/* and of 16 */
	__u64	refused;		/* -ENOMEM */
};

/* How the workers are doing; shared between the processes. */
struct churn {
	volatile bool	stop;
	struct {
		struct tally	got;
		__u64	wrong;		/* objects that were not what they were */
		int	err;		/* anything else */
	} worker[CHURN_MOST];
	pid_t		pid[CHURN_MOST];
	int		nr;
};

void tally_add(struct tally *t, __u32 size);

/* Start @nr workers on @heap, NULL if that fails. */
struct churn *churn_begin(int heap, int nr);

/* Let them drop what they hold and end. 0 or the first error. */
int churn_end(struct churn *c);

/*
 * Whether @heap, at rest, has counted all that the workers got, and @more, and
 * nothing else; complains else.
 */
bool mallocs_agree(int heap, unsigned int id, const struct churn *c,
		   const struct tally *more);

/* Whether every counter of @heap says that nothing is left; complains else. */
bool nothing_left(int heap, unsigned int id);

/* Processors that can be taken away: its number, or -1. */
int removable_cpu(void);
bool cpu_online(int cpu, bool online);

#endif /* SELFTESTS_CHURN_H */
