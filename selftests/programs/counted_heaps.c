// SPDX-License-Identifier: GPL-2.0
/*
 * Reading "heaps" and "stats" of many heaps stays cheap if far more CPUs are possible
 * than present. The test runs where COUNTED=1: the clock counts instructions there.
 *
 * kselftest-timeout: 120
 */
#include <fcntl.h>
#include <time.h>

#include "chain.h"
#include "debugfs_files.h"
#include "harness.h"

#define HEAPS		300
#define MOST		50000000	/* instructions for all of them */

static __u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Instructions that reading a file of the module takes. */
static __u64 cost_of(const char *name, size_t *bytes)
{
	static char text[1 << 16];
	char path[100];
	__u64 begin;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), DEBUGFS_KGC "/%s", name);
	fd = open(path, O_RDONLY);
	*bytes = 0;
	begin = now();
	while ((got = read(fd, text, sizeof(text))) > 0)
		*bytes += got;
	begin = now() - begin;
	close(fd);
	return begin;
}

TEST(all_heaps_are_listed_for_what_there_is)
{
	static int heap[HEAPS];
	__u64 root, cost, value;
	size_t bytes;

	if (!getenv("COUNTED") || strcmp(getenv("COUNTED"), "1"))
		SKIP(return, "time is no number of instructions here");
	for (int i = 0; i < HEAPS; i++) {
		heap[i] = kgc_open();
		ASSERT_GE(heap[i], 0);
		ASSERT_EQ(0, chain_build(heap[i], register_node(heap[i]), 20, &root));
	}
	cost = cost_of("heaps", &bytes);
	TH_LOG("heaps: %llu instructions, %zu bytes", (unsigned long long)cost, bytes);
	EXPECT_GE(bytes, HEAPS * strlen("1 1/counted_heaps IDLE 20 480 65536 0\n"));
	EXPECT_LE(cost, MOST);
	cost = cost_of("stats", &bytes);
	TH_LOG("stats: %llu instructions", (unsigned long long)cost);
	EXPECT_LE(cost, MOST);
	ASSERT_EQ(0, debugfs_value(MODULE_WIDE, "stats", "Heaps", &value));
	EXPECT_EQ(HEAPS, value);
	ASSERT_EQ(0, debugfs_value(MODULE_WIDE, "stats", "HeapObjects", &value));
	EXPECT_EQ(HEAPS * 20, value);
	for (int i = 0; i < HEAPS; i++)
		kgc_close(heap[i]);
}

TEST_HARNESS_MAIN
