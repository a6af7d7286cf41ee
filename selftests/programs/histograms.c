// SPDX-License-Identifier: GPL-2.0
/*
 * heap<ID>/histograms counts each part of each cycle, each grace period, each sleep of a
 * throttled mutator and, while sections are tracked, each section, once and truthfully.
 */
#include "chain.h"
#include "debugfs_files.h"
#include "heap.h"
#include "pace.h"

#define CYCLES	5

static const char * const parts[] = { "arm", "start", "mark", "settle", "sweep" };

static struct debugfs_histogram histogram(struct __test_metadata *_metadata, __u64 id,
					  const char *line)
{
	struct debugfs_histogram h = { 0 };

	ASSERT_EQ(0, debugfs_histogram(id, line, &h)) {
		TH_LOG("no line %s", line);
	}
	return h;
}

/* Have CYCLES cycles, and none but these. */
static void have_cycles(struct __test_metadata *_metadata, int fd, int type)
{
	__u64 root;

	ASSERT_EQ(0, kgc_option_set(fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, kgc_option_set(fd, KGC_OPT_PERIOD_MS, 0));
	ASSERT_EQ(0, chain_build(fd, type, 2000, &root));
	for (int i = 0; i < CYCLES; i++)
		ASSERT_EQ(0, kgc_collect(fd, 1, KGC_COLLECT_WAIT, NULL));
}

/* The columns of "cycles" and the lines here are the same durations. */
TEST_F(heap, each_part_of_each_cycle_is_counted)
{
	char *text, key[16], column[16], line[16];

	have_cycles(_metadata, self->fd, self->node);
	text = debugfs_text(self->info.heap_id, "cycles");
	ASSERT_NE(NULL, text);
	for (size_t i = 0; i < ARRAY_SIZE(parts); i++) {
		unsigned long long us, sum = 0, longest = 0;
		struct debugfs_histogram h;

		snprintf(column, sizeof(column), "%s_us", parts[i]);
		snprintf(line, sizeof(line), "cycle_%s", parts[i]);
		for (int nr = 1; nr <= CYCLES; nr++) {
			snprintf(key, sizeof(key), "%d ", nr);
			ASSERT_EQ(0, debugfs_cell(text, key, column, &us));
			sum += us;
			longest = us > longest ? us : longest;
		}
		h = histogram(_metadata, self->info.heap_id, line);
		EXPECT_EQ(CYCLES, h.nr);
		EXPECT_EQ(sum * 1000, h.sum_ns);
		EXPECT_EQ(longest * 1000, h.longest_ns);
	}
	free(text);
}

/*
 * A cycle waits for sections three times: after ARM, after MARK and after SETTLE has been
 * published. It waits for regions in each round, and once before the flush.
 */
TEST_F(heap, each_grace_period_is_counted)
{
	struct debugfs_histogram sections, regions;
	struct kgc_stats stats;

	have_cycles(_metadata, self->fd, self->node);
	stats = stats_of(self->fd);
	sections = histogram(_metadata, self->info.heap_id, "grace_sections");
	regions = histogram(_metadata, self->info.heap_id, "grace_regions");
	EXPECT_EQ(3 * CYCLES, sections.nr);
	EXPECT_EQ(stats.mark_rounds + CYCLES, regions.nr);
	EXPECT_GE(sections.sum_ns, sections.longest_ns);
	EXPECT_GE(regions.sum_ns, regions.longest_ns);
	EXPECT_GT(sections.longest_ns, 0);
	EXPECT_GT(regions.longest_ns, 0);
}

/* The option is in force from the next phase on. A debug build tracks all sections anyway. */
TEST_F(heap, sections_are_timed_while_they_are_tracked)
{
	bool always = self->info.features & KGC_FEATURE_DEBUG;
	unsigned int id = self->info.heap_id;
	__u64 root, nr;

	have_cycles(_metadata, self->fd, self->node);
	EXPECT_EQ(always, histogram(_metadata, id, "section").nr > 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_TRACK_SECTIONS, 1));
	ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	nr = histogram(_metadata, id, "section").nr;
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &root));
	EXPECT_GE(histogram(_metadata, id, "section").nr, nr + 100);
	EXPECT_GT(histogram(_metadata, id, "section").longest_ns, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_TRACK_SECTIONS, 0));
	ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	nr = histogram(_metadata, id, "section").nr;
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &root));
	EXPECT_EQ(always, histogram(_metadata, id, "section").nr > nr);
}

/* A mutator that allocates past a goal of one megabyte is throttled sooner or later. */
TEST_F(heap, sleeps_of_throttled_mutators_are_counted)
{
	unsigned int id = self->info.heap_id;
	struct debugfs_histogram slept;
	__u64 root;

	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_SOFT_LIMIT, 1 << 20));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 100000, &root));
	for (int i = 0; i < 1000 && !pace_value(id, "Throttled"); i++)
		ASSERT_EQ(0, batch_litter(self->fd, self->node, 4096));
	slept = histogram(_metadata, id, "throttled");
	EXPECT_GT(slept.nr, 0);
	EXPECT_EQ(pace_value(id, "Throttled"), slept.nr);
	EXPECT_EQ(pace_value(id, "ThrottledUs"), slept.sum_ns / 1000);
	EXPECT_GE(slept.sum_ns, slept.longest_ns);
}

TEST_HARNESS_MAIN
