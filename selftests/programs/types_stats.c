// SPDX-License-Identifier: GPL-2.0
/*
 * heap<ID>/types: the census tells for each type what is alive, exactly, and what was ever
 * allocated. The test knows what it allocated and what it kept.
 *
 * kselftest-timeout: 90
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "chain.h"
#include "debugfs_files.h"
#include "heap.h"

/* A line of the file. */
struct count {
	unsigned long long type, size, live_objects, live_bytes, roots;
	unsigned long long allocated_objects, allocated_bytes;
	char name[64];
};

static __u64 census_value(__u64 heap, const char *name)
{
	__u64 value = 0;

	debugfs_value(heap, "census", name, &value);
	return value;
}

static bool census_taken(__u64 heap, __u64 cycle)
{
	return census_value(heap, "Cycle") >= cycle;
}

/* Ask for a census and wait for it. */
static void take_census(struct __test_metadata *_metadata, __u64 heap)
{
	ASSERT_EQ(0, debugfs_put(heap, "types", "1"));
	ASSERT_TRUE(comes_true(census_taken(heap, census_value(heap, "Asked"))));
}

static bool line_parse(const char *at, struct count *count)
{
	return sscanf(at, "%llu %llu %llu %llu %llu %llu %llu %63s", &count->type,
		      &count->size, &count->live_objects, &count->live_bytes,
		      &count->roots, &count->allocated_objects,
		      &count->allocated_bytes, count->name) == 8;
}

/* Read the line of @type, 0 for the types registered later. */
static struct count count_of(struct __test_metadata *_metadata, __u64 heap, int type)
{
	char *text = debugfs_text(heap, "types"), *at = text;
	struct count count = { };

	ASSERT_NE(NULL, text);
	for (int i = 0; i <= type && at; i++)
		at = strchr(at + 1, '\n');
	ASSERT_NE(NULL, at);
	EXPECT_TRUE(line_parse(at, &count));
	EXPECT_EQ(type, count.type);
	free(text);
	return count;
}

/* Sum all lines. Return: how many there are, or -1 if one is malformed. */
static int sum_of_lines(__u64 heap, struct count *sum)
{
	char *text = debugfs_text(heap, "types"), *at = text;
	struct count count;
	int nr = 0;

	*sum = (struct count){ };
	while (at && (at = strchr(at, '\n')) && *++at) {
		if (!line_parse(at, &count)) {
			nr = -1;
			break;
		}
		nr++;
		sum->live_objects += count.live_objects;
		sum->live_bytes += count.live_bytes;
		sum->roots += count.roots;
		sum->allocated_objects += count.allocated_objects;
		sum->allocated_bytes += count.allocated_bytes;
	}
	free(text);
	return nr;
}

/* ---- kinds of types ------------------------------------------------------- */

#define KEPT	500
#define SMALL	64	/* bytes, a size class; two types share it */
#define LARGE	100000
#define PAGE	8192	/* heap page */

static const struct kgc_field left[] = { { NODE_LEFT, KGC_TYPE_ANY } };

/*
 * Allocate 2 * @nr objects of @type, @count elements each, and drop every second handle.
 * Return: 0 or -errno.
 */
static int keep_half(int heap, int type, __u64 count, int nr)
{
	__u64 handle;
	int err = 0;

	for (int i = 0; i < 2 * nr && !err; i++) {
		err = kgc_alloc(heap, type, count, &handle);
		if (!err && i % 2)
			err = kgc_drop(heap, handle);
	}
	return err;
}

static void expect_count(struct __test_metadata *_metadata, __u64 heap, int type,
			 __u64 kept, __u64 allocated, __u64 slot)
{
	struct count count = count_of(_metadata, heap, type);

	EXPECT_EQ(kept, count.live_objects) {
		TH_LOG("live objects of type %d", type);
	}
	EXPECT_EQ(kept * slot, count.live_bytes);
	EXPECT_EQ(kept, count.roots);
	EXPECT_EQ(allocated, count.allocated_objects) {
		TH_LOG("allocated objects of type %d", type);
	}
	EXPECT_EQ(allocated * slot, count.allocated_bytes);
}

TEST_F(heap, objects_of_each_kind_of_type_are_counted_exactly)
{
	__u64 id = self->info.heap_id, handles[2 * KEPT];
	int small, twin, tiny, array, large, words;

	/* two types share spans only if one CPU allocates both */
	ASSERT_TRUE(run_on_cpu(0));
	no_cycles(_metadata, self->fd);
	small = kgc_type_register(self->fd, "small", SMALL, 0, left, 1);
	twin = kgc_type_register(self->fd, "twin", SMALL, 0, left, 1);
	tiny = kgc_type_register(self->fd, "tiny", 8, KGC_TYPE_NOSCAN, NULL, 0);
	array = kgc_type_register(self->fd, "array", 8, KGC_TYPE_ARRAY, left, 1);
	large = kgc_type_register(self->fd, "large", LARGE, KGC_TYPE_NOSCAN, NULL, 0);
	words = kgc_type_register(self->fd, "words", 128, KGC_TYPE_CONSERVATIVE, NULL, 0);
	ASSERT_GT(words, 0);
	/* first spans of one type, then spans of both */
	ASSERT_EQ(0, keep_half(self->fd, small, 0, KEPT));
	for (int i = 0; i < KEPT; i++) {
		ASSERT_EQ(0, keep_half(self->fd, i % 2 ? small : twin, 0, 1));
	}
	ASSERT_EQ(2 * KEPT, kgc_alloc_many(self->fd, tiny, 0, 2 * KEPT, handles, NULL));
	ASSERT_EQ(0, keep_half(self->fd, array, 32, KEPT));
	ASSERT_EQ(0, keep_half(self->fd, array, 2 * PAGE, 3));
	ASSERT_EQ(0, keep_half(self->fd, large, 0, 5));
	ASSERT_EQ(0, keep_half(self->fd, words, 0, KEPT));
	take_census(_metadata, id);
	expect_count(_metadata, id, small, KEPT + KEPT / 2, 3 * KEPT, SMALL);
	expect_count(_metadata, id, twin, KEPT / 2, KEPT, SMALL);
	expect_count(_metadata, id, large, 5, 10, 13 * PAGE);
	expect_count(_metadata, id, words, KEPT, 2 * KEPT, 128);
	EXPECT_EQ(KEPT + 3, count_of(_metadata, id, array).live_objects);
	EXPECT_EQ(KEPT * 256 + 3 * 16 * PAGE, count_of(_metadata, id, array).live_bytes);
	EXPECT_EQ(2 * (KEPT + 3), count_of(_metadata, id, array).allocated_objects);
	/* two tiny objects share a block, and a block counts as an object */
	EXPECT_EQ(KEPT, count_of(_metadata, id, tiny).live_objects);
	EXPECT_EQ(KEPT, count_of(_metadata, id, tiny).allocated_objects);
	EXPECT_EQ(2 * KEPT, count_of(_metadata, id, tiny).roots);
}

TEST_F(heap, what_only_fields_refer_to_is_alive_and_has_no_root)
{
	__u64 id = self->info.heap_id, head;
	struct count count;

	no_cycles(_metadata, self->fd);
	ASSERT_EQ(0, chain_build(self->fd, self->node, 1000, &head));
	take_census(_metadata, id);
	count = count_of(_metadata, id, self->node);
	EXPECT_EQ(1000, count.live_objects);
	EXPECT_EQ(1, count.roots);
	EXPECT_STREQ("node", count.name);
	EXPECT_EQ(NODE_SIZE, count.size);
	ASSERT_EQ(0, kgc_drop(self->fd, head));
	take_census(_metadata, id);
	count = count_of(_metadata, id, self->node);
	EXPECT_EQ(0, count.live_objects);
	EXPECT_EQ(0, count.live_bytes);
	EXPECT_EQ(0, count.roots);
	EXPECT_EQ(1000, count.allocated_objects);
}

/* An object with a finalizer that is found dead is kept by a root range, not by a handle. */
TEST_F(heap, an_object_that_waits_for_its_finalizer_has_a_root)
{
	__u64 id = self->info.heap_id, handle;

	no_cycles(_metadata, self->fd);
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &handle));
	ASSERT_EQ(0, kgc_finalize(self->fd, handle, 1));
	ASSERT_EQ(0, kgc_drop(self->fd, handle));
	ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	take_census(_metadata, id);
	EXPECT_EQ(1, count_of(_metadata, id, self->node).live_objects);
	EXPECT_EQ(1, count_of(_metadata, id, self->node).roots);
}

/* ---- requests ------------------------------------------------------------- */

TEST_F(heap, without_a_census_the_file_says_how_to_ask)
{
	__u64 id = self->info.heap_id;
	char *text = debugfs_text(id, "types");

	ASSERT_NE(NULL, text);
	EXPECT_NE(NULL, strstr(text, "write 1"));
	free(text);
	EXPECT_EQ(0, census_value(id, "Cycle"));
	EXPECT_EQ(0, census_value(id, "Asked"));
	EXPECT_EQ(-EINVAL, debugfs_put(id, "types", "2"));
	EXPECT_EQ(-EINVAL, debugfs_put(id, "types", "x"));
	EXPECT_EQ(0, census_value(id, "Asked"));
	/* only a request makes a cycle count */
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, census_value(id, "Cycle"));
}

TEST_F(heap, an_empty_heap_has_an_empty_census)
{
	__u64 id = self->info.heap_id;
	struct count sum;

	take_census(_metadata, id);
	/* the types 1 to nr, and types registered since the request */
	EXPECT_EQ(2, sum_of_lines(id, &sum));
	EXPECT_EQ(0, sum.live_objects | sum.live_bytes | sum.roots | sum.allocated_objects);
	EXPECT_EQ(0, census_value(id, "LiveObjects"));
	EXPECT_EQ(0, census_value(id, "NewbornObjects"));
}

#define MANY_TYPES	10000

TEST_F(heap, ten_thousand_types_have_a_line_each)
{
	__u64 id = self->info.heap_id;
	struct count sum;
	__u64 handle;
	int type = 0;

	no_cycles(_metadata, self->fd);
	for (int i = self->node; i < MANY_TYPES; i++) {
		type = kgc_type_register(self->fd, "", SMALL, 0, left, 1);
		ASSERT_GT(type, 0);
	}
	ASSERT_EQ(MANY_TYPES, type);
	for (type = 100; type <= MANY_TYPES; type += 100)
		ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &handle));
	take_census(_metadata, id);
	EXPECT_EQ(MANY_TYPES + 1, sum_of_lines(id, &sum));
	EXPECT_EQ(MANY_TYPES / 100, sum.live_objects);
	EXPECT_EQ(MANY_TYPES / 100, sum.allocated_objects);
	expect_count(_metadata, id, MANY_TYPES, 1, 1, SMALL);
	expect_count(_metadata, id, MANY_TYPES - 1, 0, 0, SMALL);
	EXPECT_STREQ("-", count_of(_metadata, id, MANY_TYPES).name);
}

TEST_F(heap, a_name_is_one_word)
{
	int type = kgc_type_register(self->fd, "a b\n\xff", 8, 0, NULL, 0);

	ASSERT_GT(type, 0);
	take_census(_metadata, self->info.heap_id);
	EXPECT_STREQ("a_b__", count_of(_metadata, self->info.heap_id, type).name);
}

/* The owner of a heap needs no debugfs. */
TEST_F(heap, the_device_tells_the_same)
{
	struct kgc_type_entry entry[3];
	__u64 id = self->info.heap_id, cycle = 0, first, head;
	struct count count;
	int array;

	no_cycles(_metadata, self->fd);
	array = kgc_type_register(self->fd, "array of words", 8,
				  KGC_TYPE_ARRAY | KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(array, 0);
	EXPECT_EQ(-ENODATA, kgc_types(self->fd, 0, 0, entry, 1, &cycle));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 1000, &head));
	ASSERT_EQ(2, kgc_types(self->fd, KGC_TYPES_CENSUS, 0, entry, 3, &cycle));
	EXPECT_EQ(census_value(id, "Cycle"), cycle);
	count = count_of(_metadata, id, self->node);
	EXPECT_EQ(self->node, entry[0].type);
	EXPECT_EQ(NODE_SIZE, entry[0].object_size);
	EXPECT_EQ(0, entry[0].flags);
	EXPECT_STREQ("node", entry[0].name);
	EXPECT_EQ(1000, entry[0].live_objects);
	EXPECT_EQ(count.live_bytes, entry[0].live_bytes);
	EXPECT_EQ(count.roots, entry[0].roots);
	EXPECT_EQ(count.allocated_objects, entry[0].allocated_objects);
	EXPECT_EQ(count.allocated_bytes, entry[0].allocated_bytes);
	EXPECT_EQ(KGC_TYPE_ARRAY | KGC_TYPE_NOSCAN, entry[1].flags);
	EXPECT_STREQ("array of words", entry[1].name);
	/* piece by piece, of one census */
	first = cycle;
	ASSERT_EQ(1, kgc_types(self->fd, 0, 0, entry, 1, &cycle));
	ASSERT_EQ(1, kgc_types(self->fd, 0, entry[0].type, entry, 1, &cycle));
	EXPECT_EQ(array, entry[0].type);
	EXPECT_EQ(0, kgc_types(self->fd, 0, array, entry, 1, &cycle));
	EXPECT_EQ(first, cycle);
	cycle = 0;
	ASSERT_EQ(1, kgc_types(self->fd, KGC_TYPES_CENSUS, 0, entry, 1, &cycle));
	EXPECT_GT(cycle, first);
	EXPECT_EQ(-ESTALE, kgc_types(self->fd, 0, 0, entry, 1, &first));
}

static int issue(int heap, struct kgc_type_list *list)
{
	list->size = sizeof(*list);
	return ioctl(heap, KGC_TYPES, list) ? -errno : 0;
}

TEST_F(heap, bad_requests_for_the_list_are_refused)
{
	struct kgc_type_entry entry;
	struct kgc_type_list good = {
		.entry_size = sizeof(entry), .nr = 1, .entries = (uintptr_t)&entry,
	}, list;

	take_census(_metadata, self->info.heap_id);
	list = good;
	EXPECT_EQ(0, issue(self->fd, &list));
	list = good;
	list.nr = 0;
	EXPECT_EQ(-EINVAL, issue(self->fd, &list));
	list = good;
	list.done = 1;
	EXPECT_EQ(-EINVAL, issue(self->fd, &list));
	list = good;
	list.entry_size--;
	EXPECT_EQ(-EINVAL, issue(self->fd, &list));
	list = good;
	list.entry_size = 4097;
	EXPECT_EQ(-E2BIG, issue(self->fd, &list));
	list = good;
	list.flags = KGC_TYPES_CENSUS;
	list.cycle = 1;
	EXPECT_EQ(-EINVAL, issue(self->fd, &list));
	list = good;
	list.entries = 8;
	EXPECT_EQ(-EFAULT, issue(self->fd, &list));
}

/* ---- while mutators run ---------------------------------------------------- */

struct mutator {
	int heap, types[3];
	volatile bool stop;
	int err;
};

static void *mutate(void *arg)
{
	struct mutator *m = arg;
	__u64 kept[64] = { };

	for (unsigned int i = 0; !m->stop && !m->err; i++) {
		__u64 *slot = &kept[i * 7 % 64];

		if (*slot)
			m->err = kgc_drop(m->heap, *slot);
		if (!m->err)
			m->err = kgc_alloc(m->heap, m->types[i % 3], 0, slot);
	}
	return NULL;
}

/* What the record of @cycle says was alive. Return: false if there is no record. */
static bool record_of(__u64 heap, __u64 cycle, __u64 *objects, __u64 *bytes)
{
	char *text = debugfs_text(heap, "cycles"), *at = text;
	unsigned long long nr, live_objects, live_bytes;
	bool found = false;

	while (at && !found && (at = strchr(at, '\n')) && *++at) {
		found = sscanf(at, "%llu %*s %*u %*u %*u %*u %*u %*u %*u %*u %*u %llu %llu",
			       &nr, &live_objects, &live_bytes) == 3 && nr == cycle;
		if (found) {
			*objects = live_objects;
			*bytes = live_bytes;
		}
	}
	free(text);
	return found;
}

TEST_F(heap, types_and_newborns_are_what_the_sweep_kept)
{
	struct mutator m = { .heap = self->fd };
	__u64 id = self->info.heap_id, objects, bytes;
	struct kgc_stats stats;
	struct count sum;
	pthread_t thread;

	no_cycles(_metadata, self->fd);
	for (int i = 0; i < 3; i++) {
		m.types[i] = kgc_type_register(self->fd, "m", SMALL, 0, left, 1);
		ASSERT_GT(m.types[i], 0);
	}
	ASSERT_EQ(0, pthread_create(&thread, NULL, mutate, &m));
	for (int i = 0; i < 5; i++) {
		take_census(_metadata, id);
		EXPECT_EQ(5, sum_of_lines(id, &sum));
		EXPECT_EQ(census_value(id, "LiveObjects"), sum.live_objects);
		EXPECT_EQ(census_value(id, "LiveBytes"), sum.live_bytes);
		EXPECT_EQ(census_value(id, "Roots"), sum.roots);
		ASSERT_TRUE(record_of(id, census_value(id, "Cycle"), &objects, &bytes));
		EXPECT_EQ(objects, sum.live_objects + census_value(id, "NewbornObjects"));
		EXPECT_EQ(bytes, sum.live_bytes + census_value(id, "NewbornBytes"));
	}
	m.stop = true;
	pthread_join(thread, NULL);
	EXPECT_EQ(0, m.err);
	/* a flush makes the counts of allocations exact */
	take_census(_metadata, id);
	stats = stats_of(self->fd);
	sum_of_lines(id, &sum);
	EXPECT_EQ(stats.mallocs, sum.allocated_objects);
	EXPECT_EQ(stats.total_alloc, sum.allocated_bytes);
	EXPECT_EQ(stats.handles, sum.roots);
	EXPECT_EQ(0, census_value(id, "NewbornObjects"));
}

/* With the verifier's tracer a cycle makes sections wait, but not while it counts. */
TEST_F(heap, a_census_goes_with_the_verifier)
{
	__u64 id = self->info.heap_id, head;

	no_cycles(_metadata, self->fd);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_VERIFY, 2));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 1000, &head));
	for (int i = 0; i < 3; i++) {
		take_census(_metadata, id);
		EXPECT_EQ(1000, count_of(_metadata, id, self->node).live_objects);
	}
	EXPECT_EQ(0, verify_errors(id));
	EXPECT_GE(verify_runs(id), 3);
}

/* ---- the end --------------------------------------------------------------- */

TEST(a_heap_may_end_while_a_census_is_asked_for)
{
	char path[128], byte[16];
	struct kgc_info info;
	int heap, reader;
	__u64 head;

	for (int i = 0; i < 20; i++) {
		heap = kgc_open();
		ASSERT_GE(heap, 0);
		ASSERT_EQ(0, kgc_info(heap, &info));
		ASSERT_EQ(0, chain_build(heap, register_node(heap), 500 * i + 1, &head));
		snprintf(path, sizeof(path), DEBUGFS_KGC "/heap%llu/types",
			 (unsigned long long)info.heap_id);
		reader = open(path, O_RDONLY);
		ASSERT_GE(reader, 0);
		ASSERT_EQ(0, debugfs_put(info.heap_id, "types", "1"));
		/* end the heap in another step of the cycle each time */
		usleep(i * 500);
		kgc_close(heap);
		EXPECT_LT(read(reader, byte, sizeof(byte)), 0);
		close(reader);
	}
}

/* All lines are of one census, also if the reader takes them one by one. */
TEST_F(heap, a_reader_keeps_its_census)
{
	__u64 id = self->info.heap_id, handle;
	char path[128], text[512] = "";
	struct count count;
	size_t have = 0;
	ssize_t got;
	FILE *f;

	no_cycles(_metadata, self->fd);
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &handle));
	take_census(_metadata, id);
	snprintf(path, sizeof(path), DEBUGFS_KGC "/heap%u/types", self->info.heap_id);
	f = fopen(path, "r");
	ASSERT_NE(NULL, f);
	ASSERT_EQ(0, kgc_drop(self->fd, handle));
	take_census(_metadata, id);
	EXPECT_EQ(0, count_of(_metadata, id, self->node).live_objects);
	while (have < sizeof(text) - 1 && (got = read(fileno(f), text + have, 10)) > 0)
		have += got;
	fclose(f);
	ASSERT_NE(NULL, strchr(text, '\n'));
	ASSERT_TRUE(line_parse(strchr(strchr(text, '\n') + 1, '\n'), &count));
	EXPECT_EQ(self->node, count.type);
	EXPECT_EQ(1, count.live_objects);
}

TEST_HARNESS_MAIN
