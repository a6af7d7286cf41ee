// SPDX-License-Identifier: GPL-2.0
/*
 * While the machine's free memory is in pieces of a few pages, a heap uses arenas of that
 * size. Large objects are refused then, and succeed once there are large blocks again.
 * kgc_fragment.ko fragments the memory for as long as it is loaded.
 *
 * kselftest-timeout: 180
 */
#include <fcntl.h>
#include <sys/syscall.h>

#include "chain.h"
#include "debugfs_files.h"
#include "files.h"
#include "heap.h"

#define MODULE "/kgc/kgc_fragment.ko"

/* How many arenas of 2^@order heap pages the heap has, from "pages" in debugfs. */
static long arenas_of(int heap, int order)
{
	char *text = debugfs_text(heap, "pages"), *line = text;
	unsigned long node, pages, arenas, sum = 0;

	while (text && (line = strchr(line, '\n')) && *++line)
		if (sscanf(line, "%lu %lu %lu", &node, &pages, &arenas) == 3 &&
		    pages == 1UL << order)
			sum += arenas;
	free(text);
	return sum;
}

/*
 * Load the module that fragments memory. It leaves more than the high watermark alone:
 * with less, the OOM killer would run for a single page while the module takes pages.
 */
static bool load(void)
{
	long long high_kib = number_in("/proc/sys/vm/min_free_kbytes") * 3 / 2;
	int fd = open(MODULE, O_RDONLY);
	char parameters[32];
	bool loaded;

	snprintf(parameters, sizeof(parameters), "spare=%lld", 40 + (high_kib >> 10));
	loaded = fd >= 0 && !syscall(SYS_finit_module, fd, parameters, 0);

	if (fd >= 0)
		close(fd);
	return loaded;
}

static int unload(void)
{
	return syscall(SYS_delete_module, "kgc_fragment", O_NONBLOCK);
}

#define BLOBS	16384	/* of a page: 64 MiB */
#define BIGS	256	/* of 1 MiB: more than a fragmented machine has */
#define BIG	(1 << 20)

/* Allocate large objects after the first @nr until one is refused, with error *@why. */
static int take(int fd, int type, __u64 *handles, int nr, int *why)
{
	while (nr < BIGS && !(*why = kgc_alloc(fd, type, 0, &handles[nr])))
		nr++;
	return nr;
}

TEST_F(heap, a_heap_goes_on_with_smaller_arenas)
{
	static __u64 blobs[BLOBS], bigs[BIGS];
	__u64 root, small_arenas = 0;
	struct kgc_stats stats;
	int blob, big, nr, more, why;

	blob = kgc_type_register(self->fd, "blob", 4096, KGC_TYPE_NOSCAN, NULL, 0);
	big = kgc_type_register(self->fd, "big", BIG, KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(blob, 0);
	ASSERT_GT(big, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	if (!load())
		SKIP(return, "cannot load %s: %s", MODULE, strerror(errno));
	/* take the large blocks that the kernel had kept in reserve */
	nr = take(self->fd, big, bigs, 0, &why);
	EXPECT_LT(nr, BIGS);
	EXPECT_EQ(-ENOMEM, why);
	EXPECT_EQ(0, chain_build(self->fd, self->node, 10000, &root));
	EXPECT_EQ(BLOBS, kgc_alloc_many(self->fd, blob, 0, BLOBS, blobs, NULL));
	for (int order = 0; order < 3; order++)
		small_arenas += arenas_of(self->info.heap_id, order);
	stats = stats_of(self->fd);
	TH_LOG("%llu MiB held, %llu arenas of less than 64 KiB, %d MiB in large objects",
	       (unsigned long long)stats.heap_sys >> 20,
	       (unsigned long long)small_arenas, nr);
	EXPECT_GE(small_arenas, 500);
	/* the kernel may have merged a few large blocks since */
	more = take(self->fd, big, bigs, nr, &why) - nr;
	EXPECT_LT(nr + more, BIGS);
	EXPECT_EQ(-ENOMEM, why);
	/* the refusal asked for a cycle, which may have returned some memory */
	EXPECT_GE(stats.heap_sys + more * BIG, stats_of(self->fd).heap_sys);
	EXPECT_EQ(0, chain_check(self->fd, root, 10000));
	ASSERT_EQ(0, unload());
	nr += more;
	if (nr < BIGS) {
		EXPECT_EQ(0, kgc_alloc(self->fd, big, 0, &bigs[nr++]));
	}
	ASSERT_EQ(0, kgc_drop(self->fd, root));
	ASSERT_EQ(0, kgc_drop_many(self->fd, blobs, BLOBS, NULL));
	ASSERT_EQ(0, kgc_drop_many(self->fd, bigs, nr, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, NULL));
	EXPECT_EQ(0, stats_of(self->fd).heap_sys);
}

TEST_HARNESS_MAIN
