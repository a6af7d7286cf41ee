// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs tells the truth about metadata: the kinds add up to the total, the total agrees
 * with what the kernel's allocators gave, and metadata is a small part of the heap.
 *
 * kselftest-timeout: 120
 */
#include "debugfs_files.h"
#include "files.h"
#include "heap.h"

#define LINE		64	/* bytes of the objects for which targets are stated */

static __u64 meta(struct __test_metadata *_metadata, int heap, const char *kind)
{
	__u64 value = 0;

	ASSERT_EQ(0, debugfs_value(heap, "meta", kind, &value)) {
		TH_LOG("no line %s", kind);
	}
	return value;
}

TEST_F(heap, metadata_by_kind_adds_up)
{
	static const char * const kinds[] = {
		"SpanBytes", "BitmapBytes", "TypeTableBytes", "ArenaBytes", "CentralBytes", "MapBytes",
		"CacheBytes", "HeapStructBytes", "TypeBytes", "HandleBytes", "WeakHandleBytes",
		"FinalizerBytes", "GreyBytes",
	};
	int id = self->info.heap_id, twin;
	__u64 sum = 0, before, roots[600], weak;

	/* two types share a span only if both are allocated on one CPU */
	ASSERT_TRUE(run_on_cpu(0));
	twin = kgc_type_register(self->fd, "twin", NODE_SIZE, 0, NULL, 0);
	ASSERT_GT(twin, 0);
	no_cycles(_metadata, self->fd);
	EXPECT_EQ(0, meta(_metadata, id, "SpanBytes"));
	EXPECT_EQ(0, meta(_metadata, id, "WeakHandleBytes"));
	EXPECT_EQ(0, meta(_metadata, id, "FinalizerBytes"));
	EXPECT_GT(meta(_metadata, id, "TypeBytes"), 0);
	ASSERT_EQ(600, kgc_alloc_many(self->fd, self->node, 0, 600, roots, NULL));
	EXPECT_EQ(0, meta(_metadata, id, "TypeTableBytes"));
	before = meta(_metadata, id, "HandleBytes");
	EXPECT_GE(before, 600 * 16);
	for (int i = 0; i < 600; i++) {
		ASSERT_EQ(0, kgc_weak_create(self->fd, roots[i], &weak));
		ASSERT_EQ(0, kgc_finalize(self->fd, roots[i], i));
	}
	EXPECT_GE(meta(_metadata, id, "WeakHandleBytes"), 600 * 16);
	EXPECT_GE(meta(_metadata, id, "FinalizerBytes"), 600 * 32);
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		sum += meta(_metadata, id, kinds[i]);
	EXPECT_EQ(sum, meta(_metadata, id, "MetaBytes"));
	EXPECT_EQ(sum, stats_of(self->fd).meta_sys);
	/* a second type with pointers shares the spans of the first */
	twin = kgc_type_register(self->fd, "twin", NODE_SIZE, 0,
				 (struct kgc_field[]){ { 0, 0 } }, 1);
	ASSERT_GT(twin, 0);
	ASSERT_EQ(0, batch_litter(self->fd, twin, 10));
	EXPECT_GT(meta(_metadata, id, "TypeTableBytes"), 0);
}

/* Bytes of the slabs for span structures. *@wide: whether debugging enlarges objects. */
static unsigned long long slab_bytes(unsigned int *wide)
{
	unsigned long long bytes = 0, size, per, slabs, pages;
	FILE *f = fopen("/proc/slabinfo", "r");
	char line[512], name[64];
	unsigned int words;

	*wide = 0;
	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%63s %*u %*u %llu %llu %llu", name, &size, &per,
			   &pages) != 4 || sscanf(name, "kgc_span_%u", &words) != 1 ||
		    !strstr(line, ": slabdata") ||
		    sscanf(strstr(line, ": slabdata"), ": slabdata %*u %llu",
			   &slabs) != 1)
			continue;
		bytes += slabs * pages * getpagesize();
		/* sanitizers and slab_debug add to every object */
		if (size > 120 + 24ULL * words + 64)
			*wide = 1;
	}
	if (f)
		fclose(f);
	return bytes;
}

/* Free what earlier heaps left: spans that await a grace period, then empty slabs. */
static void slabs_shrink(void)
{
	char path[80];
	int err;

	sleep(1);
	for (int words = 1; words <= 16; words *= 2) {
		snprintf(path, sizeof(path), "/sys/kernel/slab/kgc_span_%d/shrink",
			 words);
		err = put_file(path, "1");
		if (err && err != -ENOENT)
			fprintf(stderr, "# %s: %s\n", path, strerror(-err));
	}
}

/* Sum of all numbers that follow @name in the file @path. */
static long long sum_of(const char *path, const char *name)
{
	FILE *f = fopen(path, "r");
	long long sum = 0, value;
	char line[256], word[64];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " %63s %lld", word, &value) == 2 &&
		    !strcmp(word, name))
			sum += value;
	if (f)
		fclose(f);
	return sum;
}

/* Free bytes in the page allocator, including the CPUs' own lists. */
static long long free_bytes(void)
{
	return (sum_of("/proc/vmstat", "nr_free_pages") +
		sum_of("/proc/zoneinfo", "count:")) * getpagesize();
}

TEST_F(heap, metadata_is_what_the_kernel_gave)
{
	int id = self->info.heap_id, line, slow = atoi(getenv("SLOW") ?: "1");
	unsigned long nr = scaled(800000 / (slow ?: 1));
	unsigned long long slabs, counted, empty;
	struct kgc_stats stats;
	unsigned int wide;
	long long before;

	line = kgc_type_register(self->fd, "line", LINE, 0,
				 (struct kgc_field[]){ { 0, 0 } }, 1);
	ASSERT_GT(line, 0);
	no_cycles(_metadata, self->fd);
	/* a heap large enough for its fixed costs to matter little */
	nr = nr < 50000 ? 50000 : nr;
	empty = stats_of(self->fd).meta_sys;
	slabs_shrink();
	/* touch the memory that the test itself needs, before measuring */
	ASSERT_EQ(0, batch_litter(self->fd, line, 1));
	stats = stats_of(self->fd);
	before = free_bytes() + stats.heap_sys + stats.meta_sys;
	ASSERT_EQ(0, batch_litter(self->fd, line, nr));
	stats = stats_of(self->fd);
	before -= free_bytes();
	counted = meta(_metadata, id, "SpanBytes") + meta(_metadata, id, "BitmapBytes");
	/* slabs of earlier heaps go when grace periods end */
	for (int tries = 0; tries < HANG_S; tries++) {
		slabs_shrink();
		slabs = slab_bytes(&wide);
		if (slabs <= counted + counted / 10 + (1 << 20))
			break;
	}
	TH_LOG("%lu objects: metadata %llu of %llu bytes in use (%llu/1000); the kernel gave %lld, of it %llu for span structures, counted %llu",
	       nr, (unsigned long long)stats.meta_sys,
	       (unsigned long long)stats.heap_inuse,
	       (unsigned long long)(stats.meta_sys * 1000 / stats.heap_inuse),
	       before, slabs, counted);
	EXPECT_GE(stats.heap_inuse, nr * LINE);
	EXPECT_LE((stats.meta_sys - empty) * 100, stats.heap_inuse * 3);
	/* 2 % of the heap, because the rest of the kernel allocates too */
	if (!wide) {
		EXPECT_LE(llabs(before - (long long)(stats.heap_sys + stats.meta_sys)),
			  (long long)stats.heap_sys / 50 + (2 << 20));
	}
	if (!slabs)
		SKIP(return, "no kgc_span_* in /proc/slabinfo");
	EXPECT_LE(counted, slabs);
	if (wide)
		SKIP(return, "this kernel adds to every slab object");
	EXPECT_LE(slabs, counted + counted / 10 + (1 << 20));
}

/* The worst case for type tables: neighbouring slots of every span differ in type. */
TEST_F(heap, metadata_of_mixed_types_is_at_most_6_percent)
{
	struct kgc_batch_builder batch;
	unsigned long left = scaled(400000);
	unsigned long long empty;
	struct kgc_stats stats;
	int type[16];

	for (int i = 0; i < 16; i++) {
		type[i] = kgc_type_register(self->fd, "line", LINE, 0,
					    (struct kgc_field[]){ { 0, 0 } }, 1);
		ASSERT_GT(type[i], 0);
	}
	no_cycles(_metadata, self->fd);
	empty = stats_of(self->fd).meta_sys;
	ASSERT_EQ(0, kgc_batch_init(&batch, self->fd, 4096));
	for (; left >= 2048; left -= 2048) {
		kgc_batch_reset(&batch);
		for (int i = 0; i < 2048; i++)
			kgc_batch_drop(&batch,
				       KGC_RESULT(kgc_batch_alloc(&batch, type[i % 16], 0)));
		ASSERT_EQ(0, flush_all(&batch));
	}
	kgc_batch_destroy(&batch);
	stats = stats_of(self->fd);
	TH_LOG("metadata %llu of %llu bytes in use",
	       (unsigned long long)stats.meta_sys,
	       (unsigned long long)stats.heap_inuse);
	EXPECT_GT(meta(_metadata, self->info.heap_id, "TypeTableBytes"),
		  stats.heap_inuse / 40);
	EXPECT_LE((stats.meta_sys - empty) * 100, stats.heap_inuse * 6);
}

TEST_HARNESS_MAIN
