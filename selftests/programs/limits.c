// SPDX-License-Identifier: GPL-2.0
/*
 * Metadata counts against a heap's hard limit and the module's cap, as pages do. The
 * tests fill the limits with types, both kinds of handles, finalizers and empty heaps.
 *
 * kselftest-timeout: 120
 */
#include <fcntl.h>

#include "debugfs_files.h"
#include "files.h"
#include "heap.h"

#define MIB	(1ULL << 20)
#define ROOM	MIB		/* bytes that a test leaves free below a limit */

static __u64 held_by_all(void)
{
	__u64 bytes = 0;

	return debugfs_value(MODULE_WIDE, "stats", "Sys", &bytes) ? ~0ULL : bytes;
}

static struct kgc_field *fields_make(unsigned int nr)
{
	struct kgc_field *fields = calloc(nr, sizeof(*fields));

	for (unsigned int i = 0; fields && i < nr; i++)
		fields[i] = (struct kgc_field){ 8 * i, KGC_TYPE_ANY };
	return fields;
}

/* Register the widest types until one is refused. Return: how many there are. */
static unsigned int register_wide(int heap, unsigned int most, int *err)
{
	struct kgc_field *fields = fields_make(KGC_MAX_FIELDS);
	unsigned int nr = 0;

	*err = 1;
	while (nr < most && *err > 0) {
		*err = kgc_type_register(heap, "wide", 8 * KGC_MAX_FIELDS, 0, fields,
					 KGC_MAX_FIELDS);
		nr += *err > 0;
	}
	free(fields);
	return nr;
}

/* Begin no cycles, so that none changes what is held. */
static void stand_still(struct __test_metadata *_metadata, int heap)
{
	ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_PERIOD_MS, 0));
}

static __u64 limit_with_room(struct __test_metadata *_metadata, int heap, __u64 room)
{
	__u64 limit = stats_of(heap).held + room;

	ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_HARD_LIMIT, limit));
	return limit;
}

TEST_F(heap, what_is_held_is_pages_and_metadata)
{
	struct kgc_stats stats = stats_of(self->fd);
	__u64 objects[600], weak;

	stand_still(_metadata, self->fd);
	/* an empty heap holds its structure, SRCU's data and the caches */
	EXPECT_GT(stats.held, 4096);
	EXPECT_EQ(0, stats.heap_sys);
	EXPECT_EQ(stats.meta_sys, stats.held);
	ASSERT_EQ(600, kgc_alloc_many(self->fd, self->node, 0, 600, objects, NULL));
	for (int i = 0; i < 600; i++) {
		ASSERT_EQ(0, kgc_finalize(self->fd, objects[i], i));
		ASSERT_EQ(0, kgc_weak_create(self->fd, objects[i], &weak));
	}
	stats = stats_of(self->fd);
	EXPECT_EQ(stats.heap_sys + stats.meta_sys, stats.held);
	EXPECT_GT(stats.heap_sys, 0);
}

/* The value of @name in /proc/self/fdinfo/@fd, or -1. */
static long long fdinfo(int fd, const char *name)
{
	char path[64], line[128], word[64];
	long long value = -1, n;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %lld", word, &n) == 2 && !strcmp(word, name))
			value = n;
	if (f)
		fclose(f);
	return value;
}

TEST_F(heap, a_descriptor_tells_what_its_heap_holds)
{
	struct kgc_stats stats;
	__u64 objects[600];

	stand_still(_metadata, self->fd);
	ASSERT_EQ(600, kgc_alloc_many(self->fd, self->node, 0, 600, objects, NULL));
	stats = stats_of(self->fd);
	EXPECT_EQ(self->info.heap_id, fdinfo(self->fd, "kgc-heap"));
	EXPECT_EQ(stats.held >> 10, fdinfo(self->fd, "kgc-held"));
	EXPECT_EQ(stats.heap_idle >> 10, fdinfo(self->fd, "kgc-idle"));
}

TEST_F(heap, a_type_has_at_most_8192_fields)
{
	struct kgc_field *fields = fields_make(KGC_MAX_FIELDS + 1);

	ASSERT_NE(NULL, fields);
	EXPECT_EQ(-EINVAL, kgc_type_register(self->fd, NULL, 8 * (KGC_MAX_FIELDS + 1), 0,
					     fields, KGC_MAX_FIELDS + 1));
	EXPECT_EQ(-EINVAL, kgc_type_register(self->fd, NULL, 8 * (KGC_MAX_FIELDS + 1),
					     KGC_TYPE_ARRAY, fields, KGC_MAX_FIELDS + 1));
	EXPECT_LT(0, kgc_type_register(self->fd, NULL, 8 * KGC_MAX_FIELDS, 0, fields,
				       KGC_MAX_FIELDS));
	free(fields);
}

TEST_F(heap, types_stop_at_the_hard_limit)
{
	__u64 limit = limit_with_room(_metadata, self->fd, ROOM);
	unsigned int nr;
	int err;

	nr = register_wide(self->fd, 40, &err);
	EXPECT_EQ(-ENOMEM, err);
	/* each type takes 64 KiB */
	EXPECT_GE(nr, 12);
	EXPECT_LE(nr, 16);
	EXPECT_LE(stats_of(self->fd).held, limit);
}

TEST_F(heap, handles_stop_at_the_hard_limit)
{
	__u64 object, limit;
	unsigned int nr, most = 2 * ROOM / 16;
	int err = 0;

	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	limit = limit_with_room(_metadata, self->fd, ROOM);
	for (nr = 0; nr < most && !err; nr++) {
		__u64 handle;

		/* open both kinds in turn, until neither table can grow */
		err = nr % 2 ? kgc_dup(self->fd, object, &handle) :
			       kgc_weak_create(self->fd, object, &handle);
	}
	EXPECT_EQ(-ENOMEM, err);
	EXPECT_GT(nr, ROOM / 16 * 3 / 4);
	EXPECT_LE(stats_of(self->fd).held, limit);
	/* the refusal begins a cycle, because that might make room */
	EXPECT_TRUE(comes_true(stats_of(self->fd).gc_reason[KGC_REASON_LIMIT]));
}

TEST_F(heap, finalizers_stop_at_the_hard_limit)
{
	unsigned int nr, most = 20000;
	__u64 before, limit;
	int err = 0;

	stand_still(_metadata, self->fd);
	before = stats_of(self->fd).meta_sys;
	limit = limit_with_room(_metadata, self->fd, ROOM);
	for (nr = 0; nr < most && !err; nr++) {
		__u64 handle;

		err = kgc_alloc(self->fd, self->node, 0, &handle) ?:
		      kgc_finalize(self->fd, handle, nr);
		if (!err)
			err = kgc_drop(self->fd, handle);
	}
	EXPECT_EQ(-ENOMEM, err);
	EXPECT_GT(nr, 2000);
	EXPECT_LE(stats_of(self->fd).held, limit);
	/* each finalizer counts, and so does the index */
	EXPECT_GT(stats_of(self->fd).meta_sys - before, nr * 64ULL);
}

/* A finalizer no longer counts once its record was read. */
TEST_F(heap, finalizers_that_have_run_are_held_no_more)
{
	struct kgc_final_record record;
	__u64 handle, before = 0, after = 0;
	int id = self->info.heap_id;

	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &handle));
		ASSERT_EQ(0, kgc_finalize(self->fd, handle, i));
		ASSERT_EQ(0, kgc_drop(self->fd, handle));
	}
	ASSERT_EQ(0, debugfs_value(id, "meta", "FinalizerBytes", &before));
	EXPECT_GT(before, 1000 * 64);
	ASSERT_EQ(0, collect_all(self->fd));
	for (int i = 0; i < 1000; i++) {
		ASSERT_EQ(1, kgc_final_read(self->fd, &record, 1));
		ASSERT_EQ(0, kgc_drop(self->fd, record.handle));
	}
	ASSERT_EQ(0, debugfs_value(id, "meta", "FinalizerBytes", &after));
	EXPECT_EQ(0, after);
}

/* At the limit, the heap returns pages that no span uses to make room for metadata. */
TEST_F(heap, idle_pages_make_room_for_metadata)
{
	int blob = kgc_type_register(self->fd, "blob", 8192, KGC_TYPE_NOSCAN, NULL, 0);
	static __u64 handles[1024];
	struct kgc_stats full, after;
	__u32 nr = 0;
	int err;

	ASSERT_GT(blob, 0);
	stand_still(_metadata, self->fd);
	limit_with_room(_metadata, self->fd, 4 * ROOM);
	err = kgc_alloc_many(self->fd, blob, 0, ARRAY_SIZE(handles), handles, &nr);
	ASSERT_EQ(-ENOMEM, err);
	ASSERT_GT(nr, 256);
	/* drop every second object, so that arenas stay in use */
	for (__u32 i = 0; i < nr; i += 2)
		ASSERT_EQ(0, kgc_drop(self->fd, handles[i]));
	ASSERT_EQ(0, collect_all(self->fd));
	full = stats_of(self->fd);
	ASSERT_GT(full.heap_idle, MIB);
	EXPECT_GE(register_wide(self->fd, 24, &err), 24);
	after = stats_of(self->fd);
	EXPECT_LT(after.heap_sys, full.heap_sys);
	EXPECT_EQ(full.heap_inuse, after.heap_inuse);
	EXPECT_EQ(full.heap_objects, after.heap_objects);
}

/* At the limit, collecting garbage makes room for objects and for their metadata. */
TEST_F(heap, garbage_makes_room_for_objects_and_their_metadata)
{
	int small = kgc_type_register(self->fd, "small", 64, 0, NULL, 0);
	/* enough to fill the room at least three times */
	unsigned int nr, most = scaled(125000) > 12500 ? scaled(125000) : 12500;
	__u64 limit, handle;
	int err;

	ASSERT_GT(small, 0);
	limit = limit_with_room(_metadata, self->fd, ROOM / 4);
	for (nr = 0; nr < most; nr++) {
		/* a refusal begins a cycle, which needs some time */
		for (int tries = 0; tries < 1000; tries++) {
			err = kgc_alloc(self->fd, small, 0, &handle);
			if (err != -ENOMEM)
				break;
			ASSERT_EQ(0, collect_all(self->fd));
		}
		ASSERT_EQ(0, err);
		ASSERT_EQ(0, kgc_drop(self->fd, handle));
	}
	EXPECT_LE(stats_of(self->fd).held, limit);
}

/* ---- the module's cap ------------------------------------------------------ */

FIXTURE(cap) {
	__u64 before;
};

FIXTURE_SETUP(cap)
{
	self->before = held_by_all();
	ASSERT_NE(~0ULL, self->before);
}

FIXTURE_TEARDOWN(cap)
{
	EXPECT_EQ(0, put_max_bytes(0));
	/* a heap ends with the last reference to its file, maybe after close() */
	EXPECT_TRUE(comes_true(held_by_all() <= self->before));
	EXPECT_EQ(self->before, held_by_all());
}

TEST_F(cap, types_stop_at_the_cap)
{
	int heap = kgc_open(), err;

	ASSERT_GE(heap, 0);
	ASSERT_EQ(0, put_max_bytes(held_by_all() + ROOM));
	EXPECT_LE(register_wide(heap, 40, &err), 16);
	EXPECT_EQ(-ENOMEM, err);
	EXPECT_LE(held_by_all(), self->before + stats_of(heap).held);
	EXPECT_EQ(0, kgc_close(heap));
}

/* An empty heap takes memory for SRCU and for caches, in proportion to the CPUs. */
TEST_F(cap, heaps_stop_at_the_cap)
{
	int heaps[4096], nr, first = kgc_open();
	__u64 each;

	ASSERT_GE(first, 0);
	each = stats_of(first).held;
	EXPECT_EQ(self->before + each, held_by_all());
	ASSERT_EQ(0, put_max_bytes(held_by_all() + ROOM));
	for (nr = 0; nr < (int)ARRAY_SIZE(heaps); nr++) {
		heaps[nr] = kgc_open();
		if (heaps[nr] < 0)
			break;
	}
	ASSERT_LT(nr, (int)ARRAY_SIZE(heaps));
	EXPECT_EQ(-ENOMEM, heaps[nr]);
	EXPECT_EQ(ROOM / each, (__u64)nr);
	EXPECT_EQ(self->before + each * (nr + 1), held_by_all());
	while (nr--)
		EXPECT_EQ(0, kgc_close(heaps[nr]));
	EXPECT_EQ(0, kgc_close(first));
}

TEST_HARNESS_MAIN
