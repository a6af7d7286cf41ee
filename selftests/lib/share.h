/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The promise about the collectors' CPU time, and how a test judges it on any load.
 *
 * Over any stretch of time the work items take at most the share of that time, plus what
 * was saved up during one second, plus a slice, a long step and a tick for each heap. The
 * kernel counts both with the guest's own clock. A step during which the host runs
 * something else counts as longer, and then the work item waits for longer. Only the last
 * step before the test looks may not be paid for yet. So a test goes on, under the same
 * load, until the collectors have paid: collectors that take more than their share never
 * have.
 */
#ifndef SELFTESTS_SHARE_H
#define SELFTESTS_SHARE_H

#include <stdbool.h>
#include <unistd.h>

#include "now.h"

/* Most CPU time in seconds that work items of @heaps may take in @seconds, at @percent. */
static inline double share_of(double percent, double seconds, int heaps)
{
	return percent / 100 * sysconf(_SC_NPROCESSORS_ONLN) * (seconds + 1) +
	       heaps * 0.015;
}

/*
 * Whether to go on: for @seconds, then until @enough has been done, up to 20 times as
 * long. The latter only bounds a hang.
 */
static inline bool goes_on_for(double seconds, double begin, bool enough)
{
	return now() < begin + (enough ? seconds : 20 * seconds);
}

#endif /* SELFTESTS_SHARE_H */
