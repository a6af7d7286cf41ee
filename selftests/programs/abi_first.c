// SPDX-License-Identifier: GPL-2.0
/*
 * A program that was built against the first published ABI works with this module. The
 * test runs every command and every operation of that version, with its structures.
 *
 * It includes a copy of that version's header, in abi_first/. It uses neither libkgc nor
 * any other code that knows later versions.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include <kselftest_harness.h>
#include <linux/kgc.h>

#define ASK(fd, command, args) (ioctl(fd, command, args) ? -errno : 0)

/* The sizes of the first version: they show that the copy of the header is unchanged. */
_Static_assert(sizeof(struct kgc_info) == 48 && sizeof(struct kgc_type_register) == 40 &&
	       sizeof(struct kgc_alloc) == 40 && sizeof(struct kgc_access) == 32 &&
	       sizeof(struct kgc_bytes) == 40 && sizeof(struct kgc_handle) == 32 &&
	       sizeof(struct kgc_drop) == 24 && sizeof(struct kgc_collect) == 24 &&
	       sizeof(struct kgc_option) == 24 && sizeof(struct kgc_stats) == 272 &&
	       sizeof(struct kgc_op) == 64 && sizeof(struct kgc_batch) == 32 &&
	       sizeof(struct kgc_scavenge) == 16 && sizeof(struct kgc_finalize) == 24 &&
	       sizeof(struct kgc_final_record) == 16, "structures of the first version");

FIXTURE(first) {
	int fd;
	__u32 type;		/* two pointers, then plain bytes up to 64 */
	__u64 object[2];	/* handles */
};

FIXTURE_SETUP(first)
{
	struct kgc_field fields[2] = { { 0, KGC_TYPE_SELF }, { 8, KGC_TYPE_ANY } };
	struct kgc_type_register reg = {
		.size = sizeof(reg), .object_size = 64, .nr_fields = 2,
		.name = (uintptr_t)"pair", .fields = (uintptr_t)fields,
	};
	struct kgc_alloc alloc = {
		.size = sizeof(alloc), .nr = 2, .handles = (uintptr_t)self->object,
	};

	self->fd = open("/dev/kgc", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
	ASSERT_EQ(0, ASK(self->fd, KGC_TYPE_REGISTER, &reg));
	self->type = alloc.type = reg.type;
	ASSERT_EQ(0, ASK(self->fd, KGC_ALLOC, &alloc));
	ASSERT_EQ(2, alloc.done);
}

FIXTURE_TEARDOWN(first)
{
	close(self->fd);
}

static int drop(int fd, __u64 handle)
{
	struct kgc_drop args = {
		.size = sizeof(args), .nr = 1, .handles = (uintptr_t)&handle,
	};

	return ASK(fd, KGC_DROP, &args);
}

static int collect(int fd)
{
	struct kgc_collect args = {
		.size = sizeof(args), .flags = KGC_COLLECT_WAIT, .cycles = 2,
	};

	return ASK(fd, KGC_COLLECT, &args);
}

TEST_F(first, its_version_is_still_spoken)
{
	struct kgc_info info = { .size = sizeof(info) };

	ASSERT_EQ(0, ASK(self->fd, KGC_INFO, &info));
	EXPECT_EQ(KGC_ABI_VERSION, info.abi_version);
	EXPECT_EQ(8192, info.page_size);
	EXPECT_EQ(68, info.nr_classes);
	EXPECT_GE(info.max_batch, 65536);
	EXPECT_GE(info.max_handles, 1 << 20);
}

TEST_F(first, fields_and_bytes)
{
	struct kgc_access access = {
		.size = sizeof(access), .handle = self->object[0], .value = self->object[1],
	};
	__u64 word = 0x1234, back = 0;
	struct kgc_bytes bytes = {
		.size = sizeof(bytes), .handle = self->object[1], .offset = 16, .length = 8,
		.addr = (uintptr_t)&word,
	};

	ASSERT_EQ(0, ASK(self->fd, KGC_WRITE, &bytes));
	ASSERT_EQ(0, ASK(self->fd, KGC_STORE, &access));
	ASSERT_EQ(0, drop(self->fd, self->object[1]));
	ASSERT_EQ(0, collect(self->fd));
	access.value = 0;
	ASSERT_EQ(0, ASK(self->fd, KGC_LOAD, &access));
	bytes.handle = access.value;
	bytes.addr = (uintptr_t)&back;
	ASSERT_EQ(0, ASK(self->fd, KGC_READ, &bytes));
	EXPECT_EQ(word, back);
	access.value = 0;
	ASSERT_EQ(0, ASK(self->fd, KGC_XCHG, &access));
	EXPECT_NE(0, access.value);
}

TEST_F(first, handles_strong_and_weak)
{
	struct kgc_handle weak = { .size = sizeof(weak), .handle = self->object[0] };
	struct kgc_handle get = { .size = sizeof(get) }, dup = weak, info = weak;

	ASSERT_EQ(0, ASK(self->fd, KGC_OBJECT_INFO, &info));
	EXPECT_EQ(self->type, info.type);
	EXPECT_EQ(64, info.object_size);
	ASSERT_EQ(0, ASK(self->fd, KGC_DUP, &dup));
	ASSERT_EQ(0, drop(self->fd, dup.result));
	ASSERT_EQ(0, ASK(self->fd, KGC_WEAK_CREATE, &weak));
	get.handle = weak.result;
	ASSERT_EQ(0, ASK(self->fd, KGC_WEAK_GET, &get));
	EXPECT_NE(0, get.result);
	ASSERT_EQ(0, drop(self->fd, get.result));
	ASSERT_EQ(0, drop(self->fd, self->object[0]));
	ASSERT_EQ(0, collect(self->fd));
	ASSERT_EQ(0, ASK(self->fd, KGC_WEAK_GET, &get));
	EXPECT_EQ(0, get.result);
	EXPECT_EQ(0, ASK(self->fd, KGC_WEAK_DROP, &get));
}

TEST_F(first, counters_options_and_memory)
{
	struct kgc_stats stats = { .size = sizeof(stats) };
	struct kgc_option option = { .size = sizeof(option) };
	struct kgc_scavenge scavenge = { .size = sizeof(scavenge) };

	ASSERT_EQ(0, collect(self->fd));
	ASSERT_EQ(0, ASK(self->fd, KGC_STATS, &stats));
	EXPECT_EQ(2, stats.heap_objects);
	EXPECT_EQ(2, stats.mallocs);
	EXPECT_EQ(2, stats.handles);
	EXPECT_EQ(1, stats.types);
	EXPECT_GE(stats.num_gc, 2);
	EXPECT_EQ(KGC_PHASE_IDLE, stats.phase);
	for (option.option = KGC_OPT_GOGC; option.option <= KGC_OPT_HARDEN; option.option++) {
		ASSERT_EQ(0, ASK(self->fd, KGC_OPTION_GET, &option)) {
			TH_LOG("option %u", option.option);
		}
		EXPECT_EQ(0, ASK(self->fd, KGC_OPTION_SET, &option)) {
			TH_LOG("option %u set to the value that it has", option.option);
		}
	}
	EXPECT_EQ(0, ASK(self->fd, KGC_SCAVENGE, &scavenge));
}

TEST_F(first, a_finalizer_and_its_record)
{
	struct kgc_finalize args = {
		.size = sizeof(args), .handle = self->object[0], .cookie = 77,
	};
	struct pollfd ready = { .fd = self->fd, .events = POLLIN };
	struct kgc_final_record record;

	ASSERT_EQ(0, ASK(self->fd, KGC_FINALIZE, &args));
	ASSERT_EQ(0, drop(self->fd, self->object[0]));
	ASSERT_EQ(0, collect(self->fd));
	ASSERT_EQ(1, poll(&ready, 1, 60000));
	ASSERT_EQ(sizeof(record), read(self->fd, &record, sizeof(record)));
	EXPECT_EQ(77, record.cookie);
	EXPECT_EQ(0, drop(self->fd, record.handle));
}

/* Every operation that the first version has, in one batch. */
TEST_F(first, every_operation_of_a_batch)
{
	__u64 a = self->object[0], b = self->object[1], word = 5, back = 0;
	struct kgc_op ops[] = {
		{ .op = KGC_OP_ALLOC, .type = self->type },
		{ .op = KGC_OP_STORE, .handle = a, .value = b },
		{ .op = KGC_OP_LOAD, .handle = a },
		{ .op = KGC_OP_XCHG, .handle = a, .value = a },
		{ .op = KGC_OP_WRITE, .handle = a, .offset = 16, .length = 8,
		  .value = (uintptr_t)&word },
		{ .op = KGC_OP_READ, .handle = a, .offset = 16, .length = 8,
		  .value = (uintptr_t)&back },
		{ .op = KGC_OP_WRITE_WORD, .handle = a, .offset = 24, .value = 6 },
		{ .op = KGC_OP_READ_WORD, .handle = a, .offset = 24 },
		{ .op = KGC_OP_DUP, .handle = a },
		{ .op = KGC_OP_WEAK_CREATE, .handle = a },
		{ .op = KGC_OP_FINALIZE, .handle = b, .value = 9 },
		{ .op = KGC_OP_COLLECT, .length = 1 },
		{ .op = KGC_OP_DROP, .handle = a },
	};
	struct kgc_batch batch = {
		.size = sizeof(batch), .ops = (uintptr_t)ops, .op_size = sizeof(ops[0]),
		.nr_ops = sizeof(ops) / sizeof(ops[0]),
	};
	struct kgc_op weak[] = {
		{ .op = KGC_OP_WEAK_GET }, { .op = KGC_OP_WEAK_DROP },
	};

	ASSERT_EQ(0, ASK(self->fd, KGC_BATCH, &batch));
	EXPECT_EQ(batch.nr_ops, batch.done);
	EXPECT_EQ(0, batch.failed);
	for (unsigned int i = 0; i < batch.nr_ops; i++) {
		EXPECT_EQ(0, ops[i].error) {
			TH_LOG("operation %u: %d", i, ops[i].error);
		}
	}
	EXPECT_EQ(5, back);
	EXPECT_EQ(6, ops[7].result);
	weak[0].handle = weak[1].handle = ops[9].result;
	batch.ops = (uintptr_t)weak;
	batch.nr_ops = 2;
	ASSERT_EQ(0, ASK(self->fd, KGC_BATCH, &batch));
	EXPECT_EQ(0, batch.failed);
	EXPECT_NE(0, weak[0].result);
}

TEST_HARNESS_MAIN
