/* SPDX-License-Identifier: GPL-2.0 */
/* What "pace" in debugfs says of a heap, and whether a heap comes to rest. */
#ifndef SELFTESTS_PACE_H
#define SELFTESTS_PACE_H

#include <unistd.h>

#include "debugfs_files.h"
#include "harness.h"

#define REST_US		1500000
#define SPAN_BYTES	8192

static inline __u64 heap_id(int fd)
{
	struct kgc_info info;

	return kgc_info(fd, &info) ? 0 : info.heap_id;
}

/* Return: the value; ~0 without debugfs. */
static inline __u64 pace_value(__u64 id, const char *name)
{
	__u64 value = ~0ULL;

	debugfs_value(id, "pace", name, &value);
	return value;
}

/*
 * Whether there comes a stretch of REST_US in which the heap is not woken. A heap that
 * something wakes again and again has no such stretch. A heap at rest has one sooner or
 * later: on a busy machine, its thread for grace periods may end seconds after a cycle.
 */
static inline bool rests(__u64 id)
{
	__u64 before;

	for (int i = 0; i < 40; i++) {
		before = pace_value(id, "Wakeups");
		usleep(REST_US);
		if (pace_value(id, "Wakeups") == before)
			return true;
	}
	return false;
}

/* For how many us the heap's mutators were delayed so far: asleep, or helping a cycle. */
static inline __u64 delayed_us(int fd, __u64 id)
{
	return pace_value(id, "ThrottledUs") + stats_of(fd).gc_mutator_ns / 1000;
}

/*
 * Bytes that mutators may have taken while they were delayed for @us. Past the goal a
 * mutator is delayed by a millisecond for each span that it takes. How long a cycle needs
 * depends on the load, and so does what it lets a heap grow to; this rate does not.
 */
static inline __u64 goes_slowly(__u64 us)
{
	return us / 1000 * SPAN_BYTES;
}

#endif /* SELFTESTS_PACE_H */
