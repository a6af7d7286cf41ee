// SPDX-License-Identifier: GPL-2.0
/*
 * kgc counts each refusal of memory by its cause: the heap's own limit, the cap on all
 * heaps, or the machine and the cgroup. The parameter for the cap accepts sizes with
 * suffixes and refuses all other text.
 */
#include <fcntl.h>
#include <sys/wait.h>

#include "cgroups.h"
#include "debugfs_files.h"
#include "heap.h"

#define MAX_BYTES "/sys/module/kgc/parameters/max_bytes"

/* Allocate objects of 1000 bytes until one is refused, without cycles. */
static int fill(int heap)
{
	int blob = kgc_type_register(heap, "blob", 1000, KGC_TYPE_NOSCAN, NULL, 0), err;
	__u64 handle;

	if (blob < 0 || kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF))
		return -EINVAL;
	for (int i = 0; i < 200000; i++) {
		err = kgc_alloc(heap, blob, 0, &handle);
		if (err)
			return err;
	}
	return 0;
}

/* Check that @cause has refused memory and no other cause has. */
static void refused_by(struct __test_metadata *_metadata, int heap, enum kgc_refusal cause)
{
	static const char * const names[] = {
		"RefusedLimit", "RefusedCap", "RefusedMemory" };
	struct kgc_stats stats = stats_of(heap);
	struct kgc_info info;
	__u64 shown;

	ASSERT_EQ(0, kgc_info(heap, &info));
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(i == cause, stats.refused[i] > 0) {
			TH_LOG("cause %d: %llu", i, (unsigned long long)stats.refused[i]);
		}
	}
	for (int i = 0; i < KGC_NR_REFUSALS; i++)
		if (!debugfs_value(info.heap_id, "stats", names[i], &shown))
			EXPECT_EQ(stats.refused[i], shown);
}

TEST_F(heap, the_limit_of_the_heap)
{
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, 2 << 20));
	EXPECT_EQ(-ENOMEM, fill(self->fd));
	refused_by(_metadata, self->fd, KGC_REFUSAL_LIMIT);
}

TEST_F(heap, the_cap_on_all_heaps)
{
	ASSERT_EQ(0, put_file(MAX_BYTES, "2M"));
	EXPECT_EQ(-ENOMEM, fill(self->fd));
	EXPECT_EQ(0, put_file(MAX_BYTES, "off"));
	refused_by(_metadata, self->fd, KGC_REFUSAL_CAP);
}

TEST_F(cgroups, the_limit_of_the_cgroup)
{
	int heap;

	NEED_CGROUPS();
	ASSERT_EQ(0, put_file(OWNER "/cgroup.procs", "0"));
	heap = kgc_open();
	ASSERT_GE(heap, 0);
	ASSERT_EQ(0, put_file(ROOT "/cgroup.procs", "0"));
	ASSERT_EQ(0, put_file(OWNER "/memory.max", "8M"));
	EXPECT_EQ(-ENOMEM, fill(heap));
	refused_by(_metadata, heap, KGC_REFUSAL_MEMORY);
	kgc_close(heap);
}

TEST(the_cap_is_a_size)
{
	static const struct { const char *text; int err; unsigned long long bytes; } cases[] = {
		{ "0", 0, 0 }, { "off", 0, 0 }, { "off\n", 0, 0 }, { "1073741824", 0, 1ULL << 30 },
		{ "1048576K", 0, 1ULL << 30 }, { "1024M\n", 0, 1ULL << 30 }, { "1g", 0, 1ULL << 30 },
		{ " 2G ", 0, 2ULL << 30 }, { "3T", 0, 3ULL << 40 }, { "1P", 0, 1ULL << 50 },
		{ "15E", 0, 15ULL << 60 }, { "0x40000000", 0, 1ULL << 30 },
		{ "18446744073709551615", 0, ~0ULL },
		{ "16E", -ERANGE, 0 }, { "18446744073709551616", -ERANGE, 0 },
		{ "99999999999999999999K", -ERANGE, 0 }, { "x", -EINVAL, 0 },
		{ "\n", -EINVAL, 0 }, { "K", -EINVAL, 0 }, { "1KK", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 }, { "1.5G", -EINVAL, 0 }, { "1 G", -EINVAL, 0 },
		{ "1048576111111111111111111111111111111111K", -EINVAL, 0 },
	};
	unsigned long long before = 0, now;
	char text[32];
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].err, put_file(MAX_BYTES, cases[i].text)) {
			TH_LOG("'%s'", cases[i].text);
		}
		/* a refused text changes nothing */
		before = cases[i].err ? before : cases[i].bytes;
		fd = open(MAX_BYTES, O_RDONLY);
		ASSERT_LT(0, read(fd, text, sizeof(text)));
		close(fd);
		now = strtoull(text, NULL, 10);
		EXPECT_EQ(before, now) {
			TH_LOG("'%s' left %llu", cases[i].text, now);
		}
	}
	EXPECT_EQ(0, put_file(MAX_BYTES, "0"));
}

TEST_HARNESS_MAIN
