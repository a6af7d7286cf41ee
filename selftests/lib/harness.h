/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Every test includes this: the harness, libkgc, and the amount of work for this
 * machine.
 *
 * KGC_SCALE in the environment multiplies the amount of work; 1 suits two emulated
 * CPUs.
 */
#ifndef SELFTESTS_HARNESS_H
#define SELFTESTS_HARNESS_H

#include <sched.h>
#include <unistd.h>

#include <kselftest_harness.h>
#include <kgc.h>

#include "node.h"

/* The runner sets a deadline per program, and knows how slow the kernel is. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 3600

/* No machine has such an address: conservative marking ignores it. */
#define ID_TAG 0x5a5a000000000000ULL

static inline unsigned long scaled(unsigned long amount)
{
	const char *scale = getenv("KGC_SCALE");
	double scaled = amount * (scale ? strtod(scale, NULL) : 1);

	return scaled < 1 ? 1 : scaled;
}

/*
 * Wait until @condition holds; it is the value, too. The time only bounds a hang: it is so
 * long that no verdict depends on how fast the machine is.
 */
#define HANG_S	60
#define comes_true(condition)						\
({									\
	int left_ = HANG_S * 100;					\
	bool came_;							\
									\
	while (!(came_ = (condition)) && left_--)			\
		usleep(10000);						\
	came_;								\
})

/*
 * Run on @cpu from now on: a test that counts spans must leave none in the caches of
 * other CPUs. The kernel undoes this if @cpu goes offline.
 */
static inline bool run_on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/* Run two new cycles: afterwards all garbage is gone, floating garbage too. */
static inline int collect_all(int heap)
{
	int err;

	do {
		err = kgc_collect(heap, 2, KGC_COLLECT_WAIT, NULL);
	} while (err == -EINTR);
	return err;
}

static inline struct kgc_stats stats_of(int heap)
{
	struct kgc_stats stats;
	int err = kgc_stats(heap, &stats);

	if (err) {
		fprintf(stderr, "# KGC_STATS: %s\n", strerror(-err));
		abort();
	}
	return stats;
}

/* Carry out the whole batch, despite signals. Return: 0 or -errno. */
static inline int flush_all(struct kgc_batch_builder *batch)
{
	int err;

	do {
		err = kgc_batch_flush(batch, 0);
	} while (err == -EINTR);
	return err ? err : kgc_batch_error(batch);
}

#endif /* SELFTESTS_HARNESS_H */
