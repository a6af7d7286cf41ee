/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SELFTESTS_NOW_H
#define SELFTESTS_NOW_H

#include <time.h>

/* Return: seconds since the machine was started. */
static inline double now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

#endif /* SELFTESTS_NOW_H */
