// SPDX-License-Identifier: GPL-2.0
/*
 * What the trace points say is what the counters say: every event is there, once, and its
 * fields add up to the counters. stuck.sh and share.c test the events that need a module
 * or a machine that is short of CPU time.
 *
 * kselftest-timeout: 90
 */
#include <stdlib.h>

#include "files.h"
#include "heap.h"
#include "pace.h"
#include "trace.h"

#define BLOB_BYTES	4096
#define CYCLES		5
#define NO_TRACING	"no trace points of kgc in this kernel"

static __u64 handles[4096];

/* Return: the sum of a field over all such events; ~0 if they cannot be read. */
static __u64 sum_of(__u64 heap, const char *event, const char *field)
{
	__u64 sum = 0;

	return traced(heap, event, "", field, &sum) < 0 ? ~0ULL : sum;
}

#define COUNT(event, with) traced(id, event, with, NULL, NULL)
#define SUM(event, field) sum_of(id, event, field)

/* Trace a heap without cycles of its own. Return: its type of blobs, 0 without trace points. */
static int begin(struct __test_metadata *_metadata, int fd)
{
	int blob = kgc_type_register(fd, "blob", BLOB_BYTES, KGC_TYPE_NOSCAN, NULL, 0);

	ASSERT_GT(blob, 0);
	no_cycles(_metadata, fd);
	return trace_begin(".") ? blob : 0;
}

/* Allocate @nr blobs into handles[]. */
static void fill(struct __test_metadata *_metadata, int fd, int blob, unsigned int nr)
{
	ASSERT_EQ(nr, kgc_alloc_many(fd, blob, 0, nr, handles, NULL));
}

static void drop(struct __test_metadata *_metadata, int fd, unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		ASSERT_EQ(0, kgc_drop(fd, handles[i]));
}

TEST_F(heap, each_cycle_is_an_event_with_the_figures_of_its_record)
{
	int blob = begin(_metadata, self->fd);
	__u64 id = self->info.heap_id;
	struct kgc_stats stats;

	if (!blob)
		SKIP(return, NO_TRACING);
	for (int i = 0; i < CYCLES; i++) {
		fill(_metadata, self->fd, blob, 100);
		drop(_metadata, self->fd, 100);
		ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	}
	stats = stats_of(self->fd);
	EXPECT_EQ(stats.num_gc, COUNT("kgc_cycle", ""));
	EXPECT_EQ(stats.num_gc, COUNT("kgc_cycle", " reason=request "));
	EXPECT_EQ(stats.frees, SUM("kgc_cycle", "freed_objects"));
	EXPECT_EQ(stats.mark_rounds, SUM("kgc_cycle", "rounds"));
	EXPECT_GE(stats.gc_cpu_ns / 1000, SUM("kgc_cycle", "cpu_us"));
	put_trace_point(".", 0);
}

TEST_F(heap, each_phase_round_and_grace_period_is_an_event)
{
	int blob = begin(_metadata, self->fd);
	static const char * const phases[] = { "ARM", "MARK", "SETTLE", "IDLE" };
	__u64 id = self->info.heap_id, begun;
	char with[32];

	if (!blob)
		SKIP(return, NO_TRACING);
	for (int i = 0; i < CYCLES; i++)
		ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	for (int i = 0; i < 4; i++) {
		snprintf(with, sizeof(with), " phase=%s ", phases[i]);
		EXPECT_EQ(CYCLES, COUNT("kgc_phase", with));
	}
	EXPECT_EQ(stats_of(self->fd).mark_rounds, COUNT("kgc_round", ""));
	/* marking is over after a clean round */
	EXPECT_LE(CYCLES, COUNT("kgc_round", " clean=1 "));

	begun = COUNT("kgc_grace_begin", "");
	EXPECT_EQ(begun, COUNT("kgc_grace_end", ""));
	/* before ROOTS twice, and before SETTLED */
	EXPECT_EQ(3 * CYCLES, COUNT("kgc_grace_begin", " kind=sections "));
	EXPECT_EQ(begun - 3 * CYCLES, COUNT("kgc_grace_end", " kind=regions "));
	EXPECT_EQ(stats_of(self->fd).expedited, COUNT("kgc_grace_end", " expedited=1 "));
	put_trace_point(".", 0);
}

TEST_F(heap, each_refill_is_an_event_with_the_class)
{
	int blob = begin(_metadata, self->fd);
	__u64 id = self->info.heap_id, all = 0, refills;
	char *text = NULL, *line, *at, with[64];
	unsigned int class, noscan, size;

	if (!blob)
		SKIP(return, NO_TRACING);
	fill(_metadata, self->fd, blob, 1000);
	ASSERT_EQ(0, kgc_type_register(self->fd, "large", 100000, 0, NULL, 0) < 0);
	text = debugfs_text(id, "classes");
	ASSERT_NE(NULL, text);
	strtok_r(text, "\n", &at);
	while ((line = strtok_r(NULL, "\n", &at))) {
		ASSERT_EQ(4, sscanf(line, "%u %u %u %*u %*u %*u %*u %llu", &class, &noscan,
				    &size, &refills));
		snprintf(with, sizeof(with), " class=%u noscan=%u ", class, noscan);
		EXPECT_EQ(refills, COUNT("kgc_refill", with));
		all += refills;
	}
	free(text);
	EXPECT_EQ(all, COUNT("kgc_refill", ""));
	EXPECT_LE(1000, SUM("kgc_refill", "slots"));
	EXPECT_EQ(all, COUNT("kgc_refill", " slot_bytes=4096 "));
	put_trace_point(".", 0);
}

TEST_F(heap, what_grows_and_goes_back_is_what_the_heap_holds)
{
	int blob = begin(_metadata, self->fd);
	__u64 id = self->info.heap_id;
	struct kgc_stats stats;

	if (!blob)
		SKIP(return, NO_TRACING);
	fill(_metadata, self->fd, blob, 2000);
	stats = stats_of(self->fd);
	EXPECT_LT(0, stats.heap_sys);
	EXPECT_EQ(stats.heap_sys, SUM("kgc_pages_grow", "bytes"));
	drop(_metadata, self->fd, 2000);
	ASSERT_EQ(0, kgc_collect(self->fd, 2, KGC_COLLECT_WAIT, NULL));
	ASSERT_LE(0, kgc_scavenge(self->fd, NULL));
	stats = stats_of(self->fd);
	EXPECT_LT(0, stats.heap_released);
	EXPECT_EQ(stats.heap_released, SUM("kgc_pages_return", "bytes"));
	EXPECT_EQ(stats.heap_sys, SUM("kgc_pages_grow", "bytes") -
				  SUM("kgc_pages_return", "bytes"));
	/* what is left goes back when the heap ends */
	ASSERT_EQ(0, kgc_close(self->fd));
	EXPECT_EQ(SUM("kgc_pages_grow", "bytes"), SUM("kgc_pages_return", "bytes"));
	self->fd = -1;
	put_trace_point(".", 0);
}

TEST_F(heap, each_refusal_names_the_limit)
{
	int blob = begin(_metadata, self->fd);
	__u64 id = self->info.heap_id, limit = 4 << 20;
	long long cap = number_in("/sys/module/kgc/parameters/max_bytes");
	struct kgc_stats stats;

	if (!blob)
		SKIP(return, NO_TRACING);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, limit));
	kgc_alloc_many(self->fd, blob, 0, 2000, handles, NULL);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, 0));
	ASSERT_EQ(0, put_max_bytes(limit));
	kgc_alloc_many(self->fd, blob, 0, 2000, handles, NULL);
	EXPECT_EQ(0, put_max_bytes(cap));
	stats = stats_of(self->fd);
	EXPECT_LT(0, stats.refused[KGC_REFUSAL_LIMIT]);
	EXPECT_LT(0, stats.refused[KGC_REFUSAL_CAP]);
	EXPECT_EQ(stats.refused[KGC_REFUSAL_LIMIT], COUNT("kgc_limit", " limit=limit "));
	EXPECT_EQ(stats.refused[KGC_REFUSAL_CAP], COUNT("kgc_limit", " limit=cap "));
	EXPECT_EQ(stats.refused[KGC_REFUSAL_MEMORY], COUNT("kgc_limit", " limit=memory "));
	put_trace_point(".", 0);
}

TEST_F(heap, a_throttled_thread_is_an_event_with_its_delay)
{
	int blob = begin(_metadata, self->fd);
	__u64 id = self->info.heap_id;
	long long percent = number_in("/sys/module/kgc/parameters/max_cpu_percent");

	if (!blob)
		SKIP(return, NO_TRACING);
	/* leave room in the buffer: a debug build tracks every section */
	put_trace_point("kgc_refill", 0);
	put_trace_point("kgc_section_begin", 0);
	put_trace_point("kgc_section_end", 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, 10));
	ASSERT_EQ(0, put_number("/sys/module/kgc/parameters/max_cpu_percent", 1));
	for (int i = 0; i < 2000 && !pace_value(id, "Throttled"); i++)
		if (batch_litter(self->fd, blob, 1000))
			break;
	EXPECT_EQ(0, put_number("/sys/module/kgc/parameters/max_cpu_percent", percent));
	EXPECT_LT(0, pace_value(id, "Throttled"));
	EXPECT_EQ(pace_value(id, "ThrottledUs"), SUM("kgc_throttle", "slept_ns") / 1000);
	EXPECT_LE(pace_value(id, "Throttled"), COUNT("kgc_throttle", ""));
	put_trace_point(".", 0);
}

TEST_F(heap, a_section_that_is_tracked_is_an_event_where_it_begins_and_ends)
{
	int blob = begin(_metadata, self->fd);
	__u64 id = self->info.heap_id, open_ns = 0;

	if (!blob)
		SKIP(return, NO_TRACING);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_TRACK_SECTIONS, 1));
	/* sections are tracked from the next phase on */
	ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(0, kgc_alloc(self->fd, blob, 0, &handles[i]));
	EXPECT_LE(100, traced(id, "kgc_section_end", " ip=", "open_ns", &open_ns));
	EXPECT_EQ(COUNT("kgc_section_begin", ""), COUNT("kgc_section_end", ""));
	EXPECT_LT(0, open_ns);
	put_trace_point(".", 0);
}

TEST_HARNESS_MAIN
