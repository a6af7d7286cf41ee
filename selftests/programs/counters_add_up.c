// SPDX-License-Identifier: GPL-2.0
/*
 * KGC_STATS: the counters add up when the heap is at rest, counters of cycles never
 * decrease, and debugfs shows the same values.
 *
 * kselftest-timeout: 150
 */
#include "chain.h"
#include "debugfs_files.h"
#include "heap.h"

/* Invariants of the counters while no cycle runs. */
static void adds_up(struct __test_metadata *_metadata,
		    const struct kgc_stats *stats, __u64 mallocs, __u64 objects)
{
	EXPECT_EQ(mallocs, stats->mallocs);
	EXPECT_EQ(mallocs - objects, stats->frees);
	EXPECT_EQ(objects, stats->heap_objects);
	EXPECT_LE(stats->heap_alloc, stats->total_alloc);
	EXPECT_LE(stats->heap_alloc, stats->heap_inuse);
	EXPECT_LE(stats->heap_inuse, stats->heap_sys);
	EXPECT_EQ(KGC_PHASE_IDLE, stats->phase);
}

/* Invariants at any time, and counters that never decrease. */
static void grew(struct __test_metadata *_metadata,
		 const struct kgc_stats *before, const struct kgc_stats *after)
{
	EXPECT_LE(after->phase, KGC_PHASE_SETTLE);
	EXPECT_LE(after->gc_cpu_permille, 1000);
	EXPECT_LE(after->num_forced_gc, after->num_gc);
	EXPECT_LE(before->num_gc, after->num_gc);
	EXPECT_LE(before->gc_cpu_ns, after->gc_cpu_ns);
	EXPECT_LE(before->heap_released, after->heap_released);
	EXPECT_LE(before->longest_step_ns, after->longest_step_ns);
	EXPECT_LE(before->last_gc_ns, after->last_gc_ns);
}

TEST_F(heap, an_empty_heap_counts_nothing)
{
	struct kgc_stats stats = stats_of(self->fd);

	adds_up(_metadata, &stats, 0, 0);
	EXPECT_EQ(0, stats.heap_alloc);
	EXPECT_EQ(0, stats.handles);
	EXPECT_EQ(0, stats.num_gc);
}

TEST_F(heap, counters_add_up_as_the_heap_works)
{
	struct kgc_stats before = stats_of(self->fd), after;
	__u64 mallocs = 0, objects = 0, root;

	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_PERIOD_MS, 0));
	for (int i = 0; i < 30; i++) {
		ASSERT_EQ(0, chain_build(self->fd, self->node, 1000, &root));
		mallocs += 1000;
		if (i % 3) {
			ASSERT_EQ(0, kgc_drop(self->fd, root));
		} else {
			objects += 1000;
		}
		/* look at the counters in the middle of a cycle, and below at rest */
		ASSERT_EQ(0, kgc_collect(self->fd, 1, 0, NULL));
		after = stats_of(self->fd);
		grew(_metadata, &before, &after);
		before = after;
		if (i % 5)
			continue;
		ASSERT_EQ(0, collect_all(self->fd));
		after = stats_of(self->fd);
		grew(_metadata, &before, &after);
		adds_up(_metadata, &after, mallocs, objects);
		before = after;
	}
	EXPECT_EQ(10, after.handles);
	EXPECT_EQ(1, after.types);
	ASSERT_EQ(0, collect_all(self->fd));
	after = stats_of(self->fd);
	adds_up(_metadata, &after, 30000, 10000);
	EXPECT_GE(after.heap_alloc, 10000 * NODE_SIZE);
	EXPECT_GE(after.live_bytes, 10000 * NODE_SIZE);
	EXPECT_GE(after.total_alloc, 30000 * NODE_SIZE);
}

TEST_F(heap, every_cycle_has_one_reason)
{
	struct kgc_stats stats;
	__u64 root, sum = 0;

	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, 20));
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, chain_build(self->fd, self->node, 4000, &root));
		ASSERT_EQ(0, kgc_drop(self->fd, root));
		ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	}
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, collect_all(self->fd));
	stats = stats_of(self->fd);
	for (size_t i = 0; i < ARRAY_SIZE(stats.gc_reason); i++) {
		sum += stats.gc_reason[i];
		if (i >= KGC_NR_REASONS)
			EXPECT_EQ(0, stats.gc_reason[i]);
	}
	EXPECT_EQ(stats.num_gc, sum);
	EXPECT_GE(stats.gc_reason[KGC_REASON_REQUEST], 20);
}

TEST_F(heap, debugfs_says_the_same)
{
	struct kgc_stats stats;
	__u64 root;
	char *text;

	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_PERIOD_MS, 0));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 5000, &root));
	ASSERT_EQ(0, collect_all(self->fd));
	stats = stats_of(self->fd);
	text = debugfs_text(self->info.heap_id, "stats");
	ASSERT_NE(NULL, text) {
		TH_LOG("no debugfs file of heap %u: is debugfs mounted?",
		       self->info.heap_id);
	}
	const struct { const char *name; __u64 value; } lines[] = {
		{ "HeapAlloc", stats.heap_alloc },
		{ "TotalAlloc", stats.total_alloc },
		{ "Mallocs", stats.mallocs },
		{ "Frees", stats.frees },
		{ "HeapObjects", stats.heap_objects },
		{ "HeapInuse", stats.heap_inuse },
		{ "HeapIdle", stats.heap_idle },
		{ "HeapSys", stats.heap_sys },
		{ "ReleasedTotalBytes", stats.heap_released },
		{ "NextGC", stats.next_gc },
		{ "NumGC", stats.num_gc },
		{ "NumForcedGC", stats.num_forced_gc },
		{ "PauseTotalNs", 0 },
		{ "LongestStepNs", stats.longest_step_ns },
	};
	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		__u64 value = ~0ULL;

		EXPECT_EQ(0, debugfs_find(text, lines[i].name, &value)) {
			TH_LOG("no line %s", lines[i].name);
		}
		EXPECT_EQ(lines[i].value, value) {
			TH_LOG("%s", lines[i].name);
		}
	}
	free(text);
}

/* Mallocs counts a block of tiny objects once; TinyAllocs counts those that joined it. */
TEST_F(heap, tiny_objects_are_all_counted)
{
	static __u64 handles[5000];
	int tiny = kgc_type_register(self->fd, "tiny", 8, KGC_TYPE_NOSCAN, NULL, 0);
	__u64 joined;

	ASSERT_GT(tiny, 0);
	ASSERT_EQ(ARRAY_SIZE(handles),
		  kgc_alloc_many(self->fd, tiny, 0, ARRAY_SIZE(handles), handles, NULL));
	if (debugfs_value(self->info.heap_id, "stats", "TinyAllocs", &joined))
		SKIP(return, "no debugfs");
	EXPECT_GE(joined, ARRAY_SIZE(handles) / 3);
	EXPECT_EQ(ARRAY_SIZE(handles), stats_of(self->fd).mallocs + joined);
}

/* How many 16-byte noscan slots were ever allocated: the blocks of tiny objects. */
static unsigned long long blocks_of_16(int heap)
{
	char *text = debugfs_text(heap, "classes");
	char *line = text ? strstr(text, "\n2 1 16 ") : NULL;
	unsigned long long blocks = ~0ULL;

	if (line)
		sscanf(line, "%*u %*u %*u %*u %*u %llu", &blocks);
	free(text);
	return blocks;
}

#define IN_TURN		4096
#define MAX_TYPES	13	/* more types than a cache keeps blocks open for */

/* Allocate IN_TURN objects of @nr types in turn. Return: blocks they take, or -errno. */
static long long in_turn(int heap, int id, int nr, __u32 bytes)
{
	static __u64 handles[IN_TURN];
	int types[MAX_TYPES], err = 0;
	__u8 fill;

	for (int i = 0; i < nr; i++) {
		types[i] = kgc_type_register(heap, "tiny", bytes, KGC_TYPE_NOSCAN, NULL, 0);
		if (types[i] < 0)
			return types[i];
	}
	for (int i = 0; i < IN_TURN && !err; i++) {
		fill = i;
		err = kgc_alloc(heap, types[i % nr], 0, &handles[i]) ?:
		      kgc_write(heap, handles[i], bytes - 1, &fill, 1);
	}
	/* no two objects overlap: each still has its byte */
	for (int i = 0; i < IN_TURN && !err; i++) {
		err = kgc_read(heap, handles[i], bytes - 1, &fill, 1);
		if (!err && fill != (__u8)i)
			err = -EUCLEAN;
	}
	return err ?: (long long)blocks_of_16(id);
}

static void tiny_types_share(struct __test_metadata *_metadata, int nr, __u32 bytes)
{
	int heap = kgc_open(), least = IN_TURN / (16 / bytes);
	struct kgc_info info;
	long long blocks;

	ASSERT_GE(heap, 0);
	ASSERT_EQ(0, kgc_info(heap, &info));
	ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_PERIOD_MS, 0));
	blocks = in_turn(heap, info.heap_id, nr, bytes);
	TH_LOG("%d objects of %d types of %u bytes: %lld blocks", IN_TURN, nr, bytes,
	       blocks);
	EXPECT_GE(blocks, least);
	/* each type may waste its open blocks, and more whenever a span is full */
	EXPECT_LE(blocks, least + 2 * nr + least / 32);
	kgc_close(heap);
}

TEST(tiny_objects_of_types_in_turn_share_blocks)
{
	ASSERT_TRUE(run_on_cpu(0));
	if (!debugfs_text(MODULE_WIDE, "stats"))
		SKIP(return, "no debugfs");
	tiny_types_share(_metadata, 1, 1);
	tiny_types_share(_metadata, 2, 1);
	tiny_types_share(_metadata, 8, 4);
	/* sizes that are no power of two are packed as closely as alignment allows */
	tiny_types_share(_metadata, 1, 5);
	tiny_types_share(_metadata, 3, 3);
	tiny_types_share(_metadata, 2, 6);
}

/* Closing blocks early wastes memory, but changes no contents. */
TEST(tiny_objects_of_more_types_than_blocks_are_open_keep_their_contents)
{
	int heap = kgc_open();
	struct kgc_info info;
	long long blocks;

	ASSERT_GE(heap, 0);
	ASSERT_TRUE(run_on_cpu(0));
	ASSERT_EQ(0, kgc_info(heap, &info));
	ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF));
	blocks = in_turn(heap, info.heap_id, MAX_TYPES, 2);
	TH_LOG("%d objects of %d types of 2 bytes: %lld blocks", IN_TURN, MAX_TYPES,
	       blocks);
	EXPECT_GE(blocks, IN_TURN / 8);
	EXPECT_LE(blocks, IN_TURN);
	kgc_close(heap);
}

TEST_HARNESS_MAIN
