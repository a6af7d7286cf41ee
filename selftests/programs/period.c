// SPDX-License-Identifier: GPL-2.0
/*
 * An object that dies without any allocation is also collected within the period. One
 * cycle begins, whichever kind of call dropped the object.
 *
 * kselftest-timeout: 120
 */
#include "pace.h"

/* Each kind of call drops @object, which a field of @holder or a last handle keeps. */
static int drop_handle(int heap, __u64 holder, __u64 object)
{
	int err = kgc_store(heap, holder, NODE_LEFT, 0);

	return err ? err : kgc_drop(heap, object);
}

static int drop_by_store(int heap, __u64 holder, __u64 object)
{
	return kgc_store(heap, holder, NODE_LEFT, 0);
}

static int drop_by_xchg(int heap, __u64 holder, __u64 object)
{
	return kgc_xchg(heap, holder, NODE_LEFT, holder, &object);
}

static int drop_by_bytes(int heap, __u64 holder, __u64 object)
{
	__u64 number = 4711;

	return kgc_write(heap, holder, NODE_LEFT, &number, sizeof(number));
}

static int drop_by_batch(int heap, __u64 holder, __u64 object)
{
	struct kgc_batch_builder batch;
	int err = kgc_batch_init(&batch, heap, 4);

	if (err)
		return err;
	kgc_batch_store(&batch, holder, NODE_LEFT, KGC_NULL_HANDLE);
	err = flush_all(&batch);
	kgc_batch_destroy(&batch);
	return err;
}

FIXTURE(dropping) {
	int fd;
	__u64 holder, object;
};

FIXTURE_VARIANT(dropping) {
	int (*drop)(int heap, __u64 holder, __u64 object);
	bool handle;	/* the call drops the last handle */
	__u32 flags;	/* of the holder's type */
};

FIXTURE_VARIANT_ADD(dropping, handle) { .drop = drop_handle, .handle = true };
FIXTURE_VARIANT_ADD(dropping, store) { .drop = drop_by_store };
FIXTURE_VARIANT_ADD(dropping, xchg) { .drop = drop_by_xchg };
FIXTURE_VARIANT_ADD(dropping, batch) { .drop = drop_by_batch };
FIXTURE_VARIANT_ADD(dropping, bytes) {
	.drop = drop_by_bytes, .flags = KGC_TYPE_CONSERVATIVE };

FIXTURE_SETUP(dropping)
{
	int node, type;

	self->fd = kgc_open();
	ASSERT_GE(self->fd, 0);
	node = register_node(self->fd);
	type = variant->flags ? kgc_type_register(self->fd, "words", NODE_SIZE,
						  variant->flags, NULL, 0) : node;
	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &self->holder));
	ASSERT_EQ(0, kgc_alloc(self->fd, node, 0, &self->object));
	ASSERT_EQ(0, kgc_store(self->fd, self->holder, NODE_LEFT, self->object));
	if (!variant->handle)
		ASSERT_EQ(0, kgc_drop(self->fd, self->object));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(2, stats_of(self->fd).heap_objects);
}

FIXTURE_TEARDOWN(dropping)
{
	kgc_close(self->fd);
}

/* Nothing is allocated: one cycle begins within the period, then the heap is at rest. */
TEST_F(dropping, what_is_dropped_goes_within_the_period)
{
	__u64 id = heap_id(self->fd), cycles = stats_of(self->fd).num_gc;

	if (pace_value(id, "Wakeups") == ~0ULL)
		SKIP(return, "no debugfs");
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_PERIOD_MS, 300));
	EXPECT_EQ(0, pace_value(id, "PeriodArmed"));
	ASSERT_EQ(0, variant->drop(self->fd, self->holder, self->object));
	/* on a slow machine the period may be over already */
	EXPECT_TRUE(pace_value(id, "PeriodArmed") == 1 ||
		    comes_true(stats_of(self->fd).num_gc > cycles));
	EXPECT_TRUE(comes_true(stats_of(self->fd).num_gc > cycles));
	EXPECT_EQ(variant->drop == drop_by_xchg ? 2 : 1,
		  stats_of(self->fd).heap_objects);
	EXPECT_TRUE(rests(id));
	EXPECT_EQ(cycles + 1, stats_of(self->fd).num_gc);
}

TEST_HARNESS_MAIN
