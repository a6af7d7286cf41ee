// SPDX-License-Identifier: GPL-2.0
/*
 * kgc tells the kernel truthfully what it can reclaim from a heap: pages that no span
 * uses, also in /proc/meminfo, and garbage as estimated from what earlier cycles freed.
 *
 * kselftest-timeout: 120
 */
#include "chain.h"
#include "debugfs_files.h"
#include "heap.h"

#define MIB		(1LL << 20)
#define BLOB		8192
#define WIDE		256			/* few enough objects for sanitizers */
#define NODES		(16 * MIB / WIDE)

/* Sum of the column @name of "pageheap" over all nodes. */
static long long pageheap_sum(struct __test_metadata *_metadata, long id, const char *name)
{
	char *text = debugfs_text(id, "pageheap"), *line = text, *word, *rest;
	int wanted = -1, n = 0;
	long long sum = 0;

	ASSERT_NE(NULL, text);
	line = strtok_r(text, "\n", &rest);
	for (word = strtok(line, " "); word; word = strtok(NULL, " "), n++)
		if (!strcmp(word, name))
			wanted = n;
	ASSERT_GE(wanted, 0) {
		TH_LOG("no column %s", name);
	}
	while ((line = strtok_r(NULL, "\n", &rest))) {
		for (n = 0, word = strtok(line, " "); word && n < wanted; n++)
			word = strtok(NULL, " ");
		sum += word ? atoll(word) : 0;
	}
	free(text);
	return sum;
}

/* Bytes of garbage that kgc reports, without the pages that no span uses. */
static long long garbage_reported(struct __test_metadata *_metadata, int heap, long id)
{
	return pageheap_sum(_metadata, id, "reclaimable_bytes") -
	       (long long)stats_of(heap).heap_idle;
}

/* All of a heap may be garbage before its first cycle, but not if it survived one. */
TEST_F(heap, what_lives_is_not_reported_as_garbage)
{
	int wide = register_wide_node(self->fd, WIDE);
	long long reported, inuse;
	__u64 root;

	ASSERT_GT(wide, 0);
	no_cycles(_metadata, self->fd);
	ASSERT_EQ(0, chain_build(self->fd, wide, NODES, &root));
	inuse = stats_of(self->fd).heap_inuse;
	reported = garbage_reported(_metadata, self->fd, self->info.heap_id);
	EXPECT_GE(reported, 12 * MIB);
	EXPECT_LE(reported, inuse);
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_LE(garbage_reported(_metadata, self->fd, self->info.heap_id), MIB);
	ASSERT_EQ(0, chain_build(self->fd, wide, NODES, &root));
	reported = garbage_reported(_metadata, self->fd, self->info.heap_id);
	printf("# reported of 16 MiB after 16 MiB lived: %lld KiB\n", reported >> 10);
	EXPECT_LE(reported, 4 * MIB);
	/* kgc always expects some garbage */
	EXPECT_GE(reported, MIB);
}

TEST_F(heap, what_died_before_is_reported_as_garbage)
{
	int wide = register_wide_node(self->fd, WIDE);
	long long reported;
	__u64 root;

	ASSERT_GT(wide, 0);
	no_cycles(_metadata, self->fd);
	for (int round = 0; round < 2; round++) {
		ASSERT_EQ(0, chain_build(self->fd, wide, NODES, &root));
		ASSERT_EQ(0, kgc_drop(self->fd, root));
		reported = garbage_reported(_metadata, self->fd, self->info.heap_id);
		printf("# reported of 16 MiB, all of them dead: %lld KiB\n", reported >> 10);
		EXPECT_GE(reported, 12 * MIB);
		/* the sum over all NUMA nodes counts the garbage only once */
		EXPECT_LE(reported, 18 * MIB);
		ASSERT_EQ(0, collect_all(self->fd));
	}
}

/* Bytes in a line of /proc/meminfo, or -1. */
static long long meminfo(const char *name)
{
	FILE *f = fopen("/proc/meminfo", "r");
	long long value = -1, n;
	char line[128], word[64];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63[^:]: %lld", word, &n) == 2 && !strcmp(word, name))
			value = n << 10;
	if (f)
		fclose(f);
	return value;
}

TEST_F(heap, pages_that_no_span_uses_are_reclaimable_in_meminfo)
{
	enum { BLOBS = 6144 };		/* 48 MiB, every other one dropped */
	int blob = kgc_type_register(self->fd, "blob", BLOB, KGC_TYPE_NOSCAN, NULL, 0);
	static __u64 handles[BLOBS];
	long long before, used, idle, reported;

	ASSERT_GT(blob, 0);
	no_cycles(_metadata, self->fd);
	before = meminfo("KReclaimable");
	ASSERT_GE(before, 0);
	ASSERT_EQ(BLOBS, kgc_alloc_many(self->fd, blob, 0, BLOBS, handles, NULL));
	used = meminfo("KReclaimable") - before;
	/* KReclaimable includes the kernel's slabs, which grow and shrink meanwhile */
	EXPECT_LE(llabs(used - (long long)stats_of(self->fd).heap_idle), 4 * MIB);
	for (int i = 0; i < BLOBS; i += 2)
		ASSERT_EQ(0, kgc_drop(self->fd, handles[i]));
	ASSERT_EQ(0, collect_all(self->fd));
	idle = stats_of(self->fd).heap_idle;
	ASSERT_GE(idle, 20 * MIB);
	reported = meminfo("KReclaimable") - before;
	printf("# idle %lld KiB, KReclaimable %lld KiB more\n", idle >> 10, reported >> 10);
	EXPECT_LE(llabs(reported - idle), 4 * MIB);
	ASSERT_EQ(0, kgc_scavenge(self->fd, NULL));
	EXPECT_LE(llabs(meminfo("KReclaimable") - before), 4 * MIB);
}

/*
 * Bytes that lines of /proc/meminfo account for, with the free pages that are on a CPU's
 * own list, which no line has.
 */
static long long meminfo_sum(void)
{
	static const char * const lines[] = {
		"MemFree", "Buffers", "Cached", "SwapCached", "AnonPages", "Slab",
		"KernelStack", "PageTables", "Percpu", "VmallocUsed",
	};
	FILE *f = fopen("/proc/zoneinfo", "r");
	long long sum = 0, pages;
	char line[128];

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++)
		sum += meminfo(lines[i]) < 0 ? 0 : meminfo(lines[i]);
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " count: %lld", &pages) == 1)
			sum += pages * getpagesize();
	if (f)
		fclose(f);
	return sum;
}

/* docs/debugfs.md states the sum and the tolerance. */
TEST_F(heap, what_meminfo_lacks_is_heapsys)
{
	enum { BLOBS = 6144, TOLERANCE = 3 << 20 };	/* 48 MiB */
	int blob = kgc_type_register(self->fd, "blob", BLOB, KGC_TYPE_NOSCAN, NULL, 0);
	static __u64 handles[BLOBS];
	long long before, lacks;
	__u64 sys, then;

	ASSERT_GT(blob, 0);
	no_cycles(_metadata, self->fd);
	ASSERT_EQ(0, debugfs_value(MODULE_WIDE, "stats", "HeapSys", &sys));
	memset(handles, 0xff, sizeof(handles));
	before = meminfo_sum();
	ASSERT_EQ(BLOBS, kgc_alloc_many(self->fd, blob, 0, BLOBS, handles, NULL));
	lacks = before - meminfo_sum();
	ASSERT_EQ(0, debugfs_value(MODULE_WIDE, "stats", "HeapSys", &then));
	TH_LOG("HeapSys grew by %lld KiB, the lines of meminfo lack %lld KiB",
	       (long long)(then - sys) >> 10, lacks >> 10);
	EXPECT_GE(lacks, 48 * MIB - TOLERANCE);
	EXPECT_LE(llabs(lacks - (long long)(then - sys)), TOLERANCE);
}

TEST_HARNESS_MAIN
