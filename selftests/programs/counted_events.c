// SPDX-License-Identifier: GPL-2.0
/*
 * What a trace point costs while it is on: a few hundred instructions, for each event and
 * nothing else. The test runs where COUNTED=1: the clock counts instructions there.
 *
 * kselftest-timeout: 120
 */
#include <stdlib.h>
#include <time.h>

#include "files.h"
#include "heap.h"
#include "trace.h"

#define BLOB_BYTES	4096	/* two in a span */
#define BLOBS		1000
#define CYCLES		50
#define RUNS		9	/* of which the cheapest counts: the others had interrupts */
#define MAX_COST	1500	/* of one event, in instructions; see docs/tracing.md */

static __u64 handles[BLOBS];

static __u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

static void empty(struct __test_metadata *_metadata, int fd)
{
	for (int i = 0; i < BLOBS; i++)
		if (handles[i])
			ASSERT_EQ(0, kgc_drop(fd, handles[i]));
	memset(handles, 0, sizeof(handles));
	ASSERT_EQ(0, kgc_collect(fd, 2, KGC_COLLECT_WAIT, NULL));
}

/* Each of the following returns the instructions of a piece of work of the heap. */

static __u64 fill(struct __test_metadata *_metadata, int fd, int blob)
{
	__u64 begin = now();

	kgc_alloc_many(fd, blob, 0, BLOBS, handles, NULL);
	begin = now() - begin;
	empty(_metadata, fd);
	return begin;
}

static __u64 fill_one_by_one(struct __test_metadata *_metadata, int fd, int blob)
{
	__u64 begin = now();

	for (int i = 0; i < BLOBS; i++)
		kgc_alloc(fd, blob, 0, &handles[i]);
	begin = now() - begin;
	empty(_metadata, fd);
	return begin;
}

/* CPU time of the heap's cycles, in threads that wait for them too. */
static __u64 cpu_of(int fd)
{
	struct kgc_stats stats = stats_of(fd);

	return stats.gc_cpu_ns + stats.gc_waiter_ns + stats.gc_mutator_ns;
}

static __u64 collect(struct __test_metadata *_metadata, int fd, int blob)
{
	__u64 before = cpu_of(fd);

	for (int i = 0; i < CYCLES; i++)
		ASSERT_EQ(0, kgc_collect(fd, 1, KGC_COLLECT_WAIT, NULL));
	return cpu_of(fd) - before;
}

typedef __u64 (*work_fn)(struct __test_metadata *_metadata, int fd, int blob);

static const struct {
	const char *event;
	work_fn work;
	int track;	/* KGC_OPT_TRACK_SECTIONS */
} rows[] = {
	{ "kgc_refill", fill, 0 },
	{ "kgc_section_begin", fill_one_by_one, 1 },
	{ "kgc_section_end", fill_one_by_one, 1 },
	{ "kgc_phase", collect, 0 },
	{ "kgc_round", collect, 0 },
	{ "kgc_cycle", collect, 0 },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

/* Run the work of a row. Return: its instructions; *@nr receives the events of one run. */
static __u64 least(struct __test_metadata *_metadata, int fd, int blob, unsigned int row,
		   __u64 id, bool on, long long *nr)
{
	__u64 best = ~0ULL, cost;

	for (int i = 0; i < RUNS; i++) {
		ASSERT_TRUE(trace_begin(rows[row].event));
		ASSERT_EQ(0, put_trace_point(rows[row].event, on));
		cost = rows[row].work(_metadata, fd, blob);
		*nr = traced(id, rows[row].event, "", NULL, NULL);
		if (cost < best)
			best = cost;
	}
	put_trace_point(rows[row].event, 0);
	return best;
}

TEST_F(heap, an_event_costs_a_few_hundred_instructions_while_it_is_on)
{
	__u64 id = self->info.heap_id, off, on;
	long long none, nr;
	int blob;

	if (!getenv("COUNTED") || strcmp(getenv("COUNTED"), "1"))
		SKIP(return, "no kernel that counts instructions");
	if (!trace_begin("kgc_phase"))
		SKIP(return, "no trace points of kgc in this kernel");
	no_cycles(_metadata, self->fd);
	blob = kgc_type_register(self->fd, "blob", BLOB_BYTES, KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(blob, 0);
	fill(_metadata, self->fd, blob);
	for (unsigned int i = 0; i < NR_ROWS; i++) {
		ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_TRACK_SECTIONS, rows[i].track));
		off = least(_metadata, self->fd, blob, i, id, false, &none);
		on = least(_metadata, self->fd, blob, i, id, true, &nr);
		EXPECT_EQ(0, none);
		ASSERT_LT(0, nr);
		TH_LOG("%s: %.0f instructions, %lld events in %llu with it and %llu without",
		       rows[i].event, ((double)on - (double)off) / nr, nr, on, off);
		EXPECT_GT(on, off);
		EXPECT_LT(on, off + nr * MAX_COST);
	}
}

TEST_HARNESS_MAIN
