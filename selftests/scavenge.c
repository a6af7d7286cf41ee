// SPDX-License-Identifier: GPL-2.0
/*
 * Memory is given back: what a heap no longer needs goes to the kernel when it
 * is asked to, and at once under KGC_SCAVENGE_NOW.
 *
 * kselftest-timeout: 60
 */
#include "chain.h"
#include "heap.h"

/* 8 MiB of 4 KiB blobs, one handle each. */
#define BLOBS 2048
#define BLOB 4096

static int fill(int heap, __u64 *handles)
{
	int type = kgc_type_register(heap, "blob", BLOB, KGC_TYPE_NOSCAN, NULL,
				     0);

	if (type < 0)
		return type;
	return kgc_alloc_many(heap, type, 0, BLOBS, handles, NULL) == BLOBS ?
	       0 : -ENOMEM;
}

TEST_F(heap, an_emptied_heap_gives_its_memory_back)
{
	static __u64 handles[BLOBS];
	struct kgc_stats empty = stats_of(self->fd), full, after;
	__u64 released = 0;

	ASSERT_EQ(0, fill(self->fd, handles));
	full = stats_of(self->fd);
	EXPECT_GE(full.heap_sys, BLOBS * BLOB);
	ASSERT_EQ(0, kgc_drop_many(self->fd, handles, BLOBS, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, &released));
	after = stats_of(self->fd);
	EXPECT_EQ(0, after.heap_objects);
	/* A little may stay with the CPUs' caches. */
	EXPECT_LE(after.heap_sys, empty.heap_sys + BLOBS * BLOB / 8);
	EXPECT_GE(after.heap_released, BLOBS * BLOB * 7 / 8);
	EXPECT_GE(after.heap_released, released);
	EXPECT_EQ(full.heap_sys - after.heap_sys,
		  after.heap_released - full.heap_released);
}

TEST_F(heap, what_lives_stays_and_is_unharmed)
{
	static __u64 handles[BLOBS];
	struct kgc_stats full, after;
	__u64 root, released;

	ASSERT_EQ(0, chain_build(self->fd, self->node, 10000, &root));
	ASSERT_EQ(0, fill(self->fd, handles));
	full = stats_of(self->fd);
	ASSERT_EQ(0, kgc_drop_many(self->fd, handles, BLOBS, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, &released));
	after = stats_of(self->fd);
	EXPECT_LT(after.heap_sys, full.heap_sys / 2);
	EXPECT_EQ(10000, after.heap_objects);
	EXPECT_EQ(0, chain_check(self->fd, root, 10000));
	/* And the heap grows again. */
	ASSERT_EQ(0, fill(self->fd, handles));
	EXPECT_EQ(10000 + BLOBS, stats_of(self->fd).heap_objects);
	EXPECT_EQ(0, chain_check(self->fd, root, 10000));
}

TEST_F(heap, a_full_heap_has_nothing_to_give)
{
	static __u64 handles[BLOBS];
	__u64 released = 0, sys;

	ASSERT_EQ(0, fill(self->fd, handles));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, &released));
	sys = stats_of(self->fd).heap_sys;
	EXPECT_GE(sys, BLOBS * BLOB);
	ASSERT_EQ(0, kgc_scavenge(self->fd, &released));
	EXPECT_EQ(0, released);
	EXPECT_EQ(sys, stats_of(self->fd).heap_sys);
}

TEST_F(heap, the_eager_policy_needs_no_asking)
{
	static __u64 handles[BLOBS];
	__u64 sys;

	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_SCAVENGE,
				    KGC_SCAVENGE_NOW));
	ASSERT_EQ(0, fill(self->fd, handles));
	ASSERT_EQ(0, kgc_drop_many(self->fd, handles, BLOBS, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	for (int i = 0; i < 500; i++) {
		sys = stats_of(self->fd).heap_sys;
		if (sys < BLOBS * BLOB / 4)
			break;
		usleep(10000);
	}
	EXPECT_LT(sys, BLOBS * BLOB / 4);
}

TEST_HARNESS_MAIN
