/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A thread that write-protects a page while a call is under way that has already found
 * the page writable.
 */
#ifndef SELFTESTS_INTRUDER_H
#define SELFTESTS_INTRUDER_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"

struct intruder {
	int		heap;
	void		*page;
	bool		(*due)(const struct kgc_stats *now, const struct kgc_stats *before);
	struct kgc_stats before;
	pthread_t	thread;
};

static inline void *intrude(void *data)
{
	struct intruder *in = data;
	struct kgc_stats now;

	do {
		usleep(100);
		now = stats_of(in->heap);
	} while (!in->due(&now, &in->before));
	mprotect(in->page, getpagesize(), PROT_READ);
	return NULL;
}

/* Start the thread. It ends after @due has held once. Return: whether it runs. */
static inline bool intruder_begin(struct intruder *in)
{
	in->before = stats_of(in->heap);
	return !pthread_create(&in->thread, NULL, intrude, in);
}

/* Wait for the thread, and make the page writable again. */
static inline void intruder_end(struct intruder *in)
{
	pthread_join(in->thread, NULL);
	mprotect(in->page, getpagesize(), PROT_READ | PROT_WRITE);
}

#endif /* SELFTESTS_INTRUDER_H */
