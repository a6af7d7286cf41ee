/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every test begins with: the harness, libkgc, and how much work this
 * machine is to be given.
 *
 * KGC_SCALE in the environment multiplies the amount of work; 1 suits two
 * emulated CPUs.
 */
#ifndef SELFTESTS_HARNESS_H
#define SELFTESTS_HARNESS_H

#include <sched.h>

#include <kselftest_harness.h>
#include <kgc.h>

#include "node.h"

/* The runner has a deadline for each program, and knows how slow the kernel is. */
#undef TEST_TIMEOUT_DEFAULT
#define TEST_TIMEOUT_DEFAULT 3600

/* Not an address on any machine, so conservative marking has no opinion. */
#define ID_TAG 0x5a5a000000000000ULL

static inline unsigned long scaled(unsigned long amount)
{
	const char *scale = getenv("KGC_SCALE");
	double scaled = amount * (scale ? strtod(scale, NULL) : 1);

	return scaled < 1 ? 1 : scaled;
}

/*
 * From here on run on @cpu: whoever counts spans must not leave some with the
 * caches of other processors. A processor that goes away ends it.
 */
static inline bool run_on_cpu(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/* Two cycles that begin now: all garbage is gone afterwards. */
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

/* The whole batch, signals or not; -errno of the call or of an operation. */
static inline int flush_all(struct kgc_batch_builder *batch)
{
	int err;

	do {
		err = kgc_batch_flush(batch, 0);
	} while (err == -EINTR);
	return err ? err : kgc_batch_error(batch);
}

#endif /* SELFTESTS_HARNESS_H */
