// SPDX-License-Identifier: GPL-2.0
/*
 * Reclaim in a memory cgroup frees idle pages of the heaps charged to it, and collects
 * their garbage. It does not touch other heaps.
 *
 * kselftest-timeout: 120
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "cgroups.h"

#define BLOB	4096
#define BLOBS	4096		/* 16 MiB, the second half dropped */
#define IDLE	(BLOBS / 2 * BLOB)

static __u64 handles[BLOBS];

/* Open a heap that is charged to @cgroup. */
static int heap_in(struct __test_metadata *_metadata, const char *cgroup)
{
	char procs[128];
	int heap;

	snprintf(procs, sizeof(procs), "%s/cgroup.procs", cgroup);
	ASSERT_EQ(0, put_file(procs, "0"));
	heap = kgc_open();
	ASSERT_GE(heap, 0);
	ASSERT_EQ(0, put_file(ROOT "/cgroup.procs", "0"));
	ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF));
	return heap;
}

static void fill(struct __test_metadata *_metadata, int heap)
{
	int blob = kgc_type_register(heap, "blob", BLOB, KGC_TYPE_NOSCAN, NULL, 0);

	ASSERT_GT(blob, 0);
	ASSERT_EQ(BLOBS, kgc_alloc_many(heap, blob, 0, BLOBS, handles, NULL));
}

/* Drop the second half of the blobs. A heap that is half idle keeps its idle pages. */
static void drop_half(struct __test_metadata *_metadata, int heap)
{
	ASSERT_EQ(0, kgc_drop_many(heap, handles + BLOBS / 2, BLOBS / 2, NULL));
}

static int heap_with_idle_pages(struct __test_metadata *_metadata,
				const char *cgroup)
{
	int heap = heap_in(_metadata, cgroup);
	struct kgc_stats stats;

	fill(_metadata, heap);
	drop_half(_metadata, heap);
	ASSERT_EQ(0, collect_all(heap));
	stats = stats_of(heap);
	ASSERT_GE(stats.heap_sys - stats.heap_inuse, IDLE * 3 / 4) {
		TH_LOG("nothing is idle: %llu held, %llu in use",
		       (unsigned long long)stats.heap_sys,
		       (unsigned long long)stats.heap_inuse);
	}
	return heap;
}

/* Reclaim as much as @cgroup has; EAGAIN says that it had less than asked for. */
static void reclaim(struct __test_metadata *_metadata, const char *cgroup)
{
	char file[128];
	int err;

	snprintf(file, sizeof(file), "%s/memory.reclaim", cgroup);
	err = put_file(file, "64M");
	ASSERT_TRUE(!err || err == -EAGAIN) {
		TH_LOG("%s: %s", file, strerror(-err));
	}
}

TEST_F(cgroups, idle_pages_are_given_back_by_heaps_of_that_cgroup)
{
	struct kgc_stats before, bystander, after;
	int mine, other;
	long long charged;

	NEED_CGROUPS();
	mine = heap_with_idle_pages(_metadata, OWNER);
	other = heap_with_idle_pages(_metadata, OTHER);
	before = stats_of(mine);
	bystander = stats_of(other);
	charged = number_in(OWNER "/memory.current");
	reclaim(_metadata, OWNER);
	after = stats_of(mine);
	EXPECT_LE(after.heap_sys, before.heap_sys - IDLE * 3 / 4);
	EXPECT_EQ(before.heap_objects, after.heap_objects);
	EXPECT_LE(number_in(OWNER "/memory.current"), charged - IDLE * 3 / 4 + SLACK);
	EXPECT_EQ(bystander.heap_sys, stats_of(other).heap_sys);
	EXPECT_EQ(0, kgc_close(mine));
	EXPECT_EQ(0, kgc_close(other));
}

TEST_F(cgroups, garbage_is_collected_in_heaps_of_that_cgroup)
{
	struct kgc_stats stats;
	int mine, other;
	__u64 inuse;

	NEED_CGROUPS();
	mine = heap_in(_metadata, OWNER);
	other = heap_in(_metadata, OTHER);
	fill(_metadata, other);
	drop_half(_metadata, other);
	fill(_metadata, mine);
	drop_half(_metadata, mine);
	inuse = stats_of(mine).heap_inuse;
	for (int i = 0; i < 10 * HANG_S; i++) {
		reclaim(_metadata, OWNER);
		stats = stats_of(mine);
		/* heap_inuse falls during the sweep; the counter rises after the cycle */
		if (stats.gc_reason[KGC_REASON_SHRINK])
			break;
		usleep(100000);
	}
	EXPECT_LE(stats.heap_inuse, inuse - IDLE / 2);
	EXPECT_GE(stats.gc_reason[KGC_REASON_SHRINK], 1);
	EXPECT_EQ(0, stats_of(other).gc_reason[KGC_REASON_SHRINK]);
	EXPECT_EQ(0, kgc_close(mine));
	EXPECT_EQ(0, kgc_close(other));
}

/* Once the cgroup was removed, its parent is charged and can reclaim from the heap. */
TEST_F(cgroups, a_heap_outlives_its_cgroup)
{
	struct kgc_stats before;
	int heap;

	NEED_CGROUPS();
	ASSERT_EQ(0, put_file(OWNER "/cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, mkdir(INNER, 0755));
	heap = heap_with_idle_pages(_metadata, INNER);
	before = stats_of(heap);
	ASSERT_EQ(0, rmdir(INNER));
	/* until the removal is complete, kgc counts the pages as INNER's */
	sleep(2);
	for (int i = 0; i < 10 * HANG_S; i++) {
		reclaim(_metadata, OWNER);
		if (stats_of(heap).heap_sys <= before.heap_sys - IDLE * 3 / 4)
			break;
		usleep(100000);
	}
	EXPECT_LE(stats_of(heap).heap_sys, before.heap_sys - IDLE * 3 / 4);
	/* the heap can grow again, and charges the parent */
	fill(_metadata, heap);
	EXPECT_GE(number_in(OWNER "/memory.current"), BLOBS * BLOB);
	EXPECT_EQ(0, kgc_close(heap));
}

/* Fork a process that joins @procs and touches @bytes. It exits with 0 if it survives. */
static pid_t user_of_memory(const char *procs, size_t bytes)
{
	pid_t pid = fork();
	char *at;

	if (pid)
		return pid;
	at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		  -1, 0);
	if (at == MAP_FAILED || put_file(procs, "0"))
		_exit(1);
	memset(at, 1, bytes);
	_exit(0);
}

/* Run a process in OWNER that gets its memory only if OWNER's heaps return theirs. */
static void need_memory(struct __test_metadata *_metadata)
{
	char text[32];
	int status;

	snprintf(text, sizeof(text), "%lld",
		 number_in(OWNER "/memory.current") + SLACK);
	ASSERT_EQ(0, put_file(OWNER "/memory.max", text));
	ASSERT_GT(user_of_memory(OWNER "/cgroup.procs", IDLE * 3 / 4), 0);
	ASSERT_GT(wait(&status), 0);
	EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status)) {
		TH_LOG("the process ended with status %#x", status);
	}
}

TEST_F(cgroups, no_process_is_killed_while_pages_are_idle)
{
	int heap;

	NEED_CGROUPS();
	heap = heap_with_idle_pages(_metadata, OWNER);
	need_memory(_metadata);
	EXPECT_EQ(BLOBS / 2, stats_of(heap).heap_objects);
	EXPECT_EQ(0, kgc_close(heap));
}

TEST_F(cgroups, no_process_is_killed_while_there_is_garbage)
{
	int heap;

	NEED_CGROUPS();
	heap = heap_in(_metadata, OWNER);
	fill(_metadata, heap);
	drop_half(_metadata, heap);
	need_memory(_metadata);
	EXPECT_EQ(BLOBS / 2, stats_of(heap).heap_objects);
	EXPECT_EQ(0, kgc_close(heap));
}

TEST_HARNESS_MAIN
