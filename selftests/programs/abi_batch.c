// SPDX-License-Identifier: GPL-2.0
/*
 * KGC_BATCH: errors that refuse the whole batch, errors of single operations,
 * references to results of earlier operations, and faults half way through a batch.
 */
#include <sys/ioctl.h>

#include "intruder.h"

FIXTURE(batch) {
	int fd, node;
	__u64 object;
	struct kgc_info info;
	struct kgc_batch_builder b;
};

FIXTURE_SETUP(batch)
{
	self->fd = kgc_open();
	ASSERT_GE(self->fd, 0) {
		TH_LOG("cannot open %s: is the module loaded?", KGC_DEVICE);
	}
	ASSERT_EQ(0, kgc_info(self->fd, &self->info));
	self->node = register_node(self->fd);
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &self->object));
	ASSERT_EQ(0, kgc_batch_init(&self->b, self->fd, 64));
}

FIXTURE_TEARDOWN(batch)
{
	kgc_batch_destroy(&self->b);
	kgc_close(self->fd);
}

/* Submit @batch unchecked. Return: the error of the call, not those of its operations. */
static int submit(int heap, struct kgc_batch *batch)
{
	batch->size = sizeof(*batch);
	return ioctl(heap, KGC_BATCH, batch) < 0 ? -errno : 0;
}

TEST_F(batch, the_number_and_size_of_operations_have_bounds)
{
	struct kgc_op op = { .op = KGC_OP_DUP, .handle = self->object };
	struct kgc_batch batch = {
		.ops = (uintptr_t)&op, .nr_ops = 1, .op_size = sizeof(op) };

	EXPECT_EQ(0, submit(self->fd, &batch));
	batch.nr_ops = 0;
	EXPECT_EQ(-EINVAL, submit(self->fd, &batch));
	batch.nr_ops = self->info.max_batch + 1;
	EXPECT_EQ(-EINVAL, submit(self->fd, &batch));
	batch.nr_ops = ~0U;
	EXPECT_EQ(-EINVAL, submit(self->fd, &batch));
	batch.nr_ops = 1;
	for (__u32 size = 0; size < 2 * sizeof(op); size++) {
		if (size == sizeof(op))
			continue;
		batch.op_size = size;
		EXPECT_EQ(-EINVAL, submit(self->fd, &batch)) {
			TH_LOG("op_size %u", size);
		}
	}
	EXPECT_EQ(2, stats_of(self->fd).handles);
}

TEST_F(batch, the_largest_batch_is_carried_out)
{
	__u32 most = self->info.max_batch;
	struct kgc_batch_builder large;

	ASSERT_EQ(0, kgc_batch_init(&large, self->fd, most));
	for (__u32 i = 0; i < most; i++)
		ASSERT_EQ(i, kgc_batch_dup(&large, i ? KGC_RESULT(i - 1) :
					   self->object));
	EXPECT_EQ(-ENOSPC, kgc_batch_dup(&large, self->object));
	ASSERT_EQ(0, flush_all(&large));
	EXPECT_EQ(most, large.done);
	EXPECT_EQ(most + 1, stats_of(self->fd).handles);
	kgc_batch_destroy(&large);
}

/* Run @op between two good operations, which must succeed. Return: the error of @op. */
static int error_of(struct kgc_batch_builder *b, __u64 object,
		    struct kgc_op op)
{
	int before = kgc_batch_dup(b, object), it = b->nr++, after;

	b->ops[it] = op;
	after = kgc_batch_dup(b, object);
	flush_all(b);
	it = b->ops[it].error;
	if (b->done != 3 || !kgc_batch_result(b, before) ||
	    !kgc_batch_result(b, after) || b->failed != !!it)
		it = -EPROTO;
	kgc_drop(b->heap, kgc_batch_result(b, before));
	kgc_drop(b->heap, kgc_batch_result(b, after));
	kgc_batch_reset(b);
	return it;
}

struct error_case {
	int err;
	struct kgc_op op;
};

static void check_errors(struct __test_metadata *_metadata, struct kgc_batch_builder *b,
			 __u64 object, const struct error_case *cases, size_t nr)
{
	for (size_t i = 0; i < nr; i++) {
		EXPECT_EQ(cases[i].err, error_of(b, object, cases[i].op)) {
			TH_LOG("case %zu, operation %u", i, cases[i].op.op);
		}
	}
}

TEST_F(batch, each_operation_has_an_error_of_its_own)
{
	__u64 object = self->object;
	int array = kgc_type_register(self->fd, NULL, 8,
				      KGC_TYPE_ARRAY | KGC_TYPE_NOSCAN, NULL, 0);
	static char bytes[16];
	const struct error_case cases[] = {
		{ -EOPNOTSUPP, { .op = 0 } },
		{ -EOPNOTSUPP, { .op = 16 } },
		{ -EOPNOTSUPP, { .op = ~0U } },
		{ -EOPNOTSUPP, { .op = KGC_OP_DUP, .flags = 1,
				 .handle = object } },
		{ -EINVAL, { .op = KGC_OP_DUP, .__reserved = 1,
			     .handle = object } },
		{ -EINVAL, { .op = KGC_OP_DUP, .__reserved2 = 1,
			     .handle = object } },
		{ -EINVAL, { .op = KGC_OP_ALLOC, .type = 0 } },
		{ -EINVAL, { .op = KGC_OP_ALLOC, .type = 9999 } },
		{ -EINVAL, { .op = KGC_OP_ALLOC, .type = self->node,
			     .length = 2 } },
		{ -EINVAL, { .op = KGC_OP_ALLOC, .type = array } },
		{ -EINVAL, { .op = KGC_OP_ALLOC, .type = array,
			     .length = ~0ULL } },
		{ 0, { .op = KGC_OP_WRITE, .handle = object, .offset = NODE_WORD,
		       .length = 8, .value = (uintptr_t)bytes + 1 } },
		{ 0, { .op = KGC_OP_READ, .handle = object, .offset = NODE_WORD,
		       .length = 8, .value = (uintptr_t)bytes + 1 } },
		{ -EINVAL, { .op = KGC_OP_LOAD, .handle = object,
			     .offset = NODE_WORD } },
		{ -EINVAL, { .op = KGC_OP_STORE, .handle = object,
			     .offset = 4 } },
		{ -EINVAL, { .op = KGC_OP_XCHG, .handle = object,
			     .offset = ~7ULL } },
		{ -EINVAL, { .op = KGC_OP_READ_WORD, .handle = object,
			     .offset = NODE_LEFT } },
		{ -EINVAL, { .op = KGC_OP_WRITE_WORD, .handle = object,
			     .offset = NODE_RIGHT } },
		{ -EINVAL, { .op = KGC_OP_WRITE_WORD, .handle = object,
			     .offset = NODE_WORD + 1 } },
		{ -EINVAL, { .op = KGC_OP_READ, .handle = object,
			     .offset = NODE_WORD, .length = 0,
			     .value = (uintptr_t)self } },
		{ -EFAULT, { .op = KGC_OP_READ, .handle = object,
			     .offset = NODE_WORD, .length = 8 } },
		{ -EFAULT, { .op = KGC_OP_WRITE, .handle = object,
			     .offset = NODE_WORD, .length = 8 } },
		{ -EINVAL, { .op = KGC_OP_COLLECT, .length = 0 } },
		{ -EINVAL, { .op = KGC_OP_COLLECT, .length = 3 } },
	};

	check_errors(_metadata, &self->b, object, cases, ARRAY_SIZE(cases));
	EXPECT_EQ(1, stats_of(self->fd).handles);
}

TEST_F(batch, a_handle_that_is_none_is_the_error_of_its_operation)
{
	__u64 object = self->object;
	const struct error_case cases[] = {
		{ -ENOENT, { .op = KGC_OP_LOAD } },
		{ -ENOENT, { .op = KGC_OP_STORE } },
		{ -ENOENT, { .op = KGC_OP_XCHG } },
		{ -ENOENT, { .op = KGC_OP_READ_WORD, .offset = NODE_WORD } },
		{ -ENOENT, { .op = KGC_OP_WRITE_WORD, .offset = NODE_WORD } },
		{ -ENOENT, { .op = KGC_OP_DUP } },
		{ -ENOENT, { .op = KGC_OP_DROP } },
		{ -ENOENT, { .op = KGC_OP_DUP, .handle = object ^ 1ULL << 40 } },
		{ -ENOENT, { .op = KGC_OP_STORE, .handle = object,
			     .value = object ^ 1ULL << 40 } },
		/* References to a later result, to its own, and far beyond the batch. */
		{ -ENOENT, { .op = KGC_OP_DUP, .handle = KGC_RESULT(2) } },
		{ -ENOENT, { .op = KGC_OP_DUP, .handle = KGC_RESULT(1) } },
		{ -ENOENT, { .op = KGC_OP_DUP, .handle = KGC_RESULT(1U << 31) } },
		{ -ENOENT, { .op = KGC_OP_DUP, .handle = ~0ULL } },
		{ -ENOENT, { .op = KGC_OP_STORE, .handle = object,
			     .value = KGC_RESULT(2) } },
		{ 0, { .op = KGC_OP_STORE, .handle = KGC_RESULT(0),
		       .value = KGC_RESULT(0) } },
		{ 0, { .op = KGC_OP_WRITE_WORD, .handle = object,
		       .offset = NODE_WORD, .value = KGC_RESULT(7) } },
	};

	check_errors(_metadata, &self->b, object, cases, ARRAY_SIZE(cases));
	EXPECT_EQ(1, stats_of(self->fd).handles);
}

TEST_F(batch, a_reference_to_what_made_no_handle_is_enoent)
{
	struct kgc_batch_builder *b = &self->b;
	int store, word, failed, null, drop;

	store = kgc_batch_store(b, self->object, NODE_LEFT, 0);
	word = kgc_batch_read_word(b, self->object, NODE_WORD);
	failed = kgc_batch_dup(b, 0);
	null = kgc_batch_load(b, self->object, NODE_LEFT);
	drop = kgc_batch_drop(b, self->object);
	for (int i = 0; i < 5; i++)
		kgc_batch_dup(b, KGC_RESULT(i));
	flush_all(b);
	EXPECT_EQ(0, b->ops[store].error);
	EXPECT_EQ(0, b->ops[word].error);
	EXPECT_EQ(-ENOENT, b->ops[failed].error);
	EXPECT_EQ(0, b->ops[null].error);
	EXPECT_EQ(0, b->ops[drop].error);
	for (int i = 5; i < 10; i++)
		EXPECT_EQ(-ENOENT, b->ops[i].error);
	EXPECT_EQ(10, b->done);
	EXPECT_EQ(6, b->failed);
}

TEST_F(batch, a_null_pointer_loaded_can_be_stored)
{
	struct kgc_batch_builder *b = &self->b;
	int null, store, load;

	ASSERT_EQ(0, kgc_store(self->fd, self->object, NODE_RIGHT,
			       self->object));
	null = kgc_batch_load(b, self->object, NODE_LEFT);
	store = kgc_batch_store(b, self->object, NODE_RIGHT, KGC_RESULT(null));
	load = kgc_batch_load(b, self->object, NODE_RIGHT);
	ASSERT_EQ(0, flush_all(b));
	EXPECT_EQ(0, b->ops[null].result);
	EXPECT_EQ(0, b->ops[store].error);
	EXPECT_EQ(0, b->ops[load].result);
}

TEST_F(batch, every_operation_does_what_its_command_does)
{
	struct kgc_batch_builder *b = &self->b;
	int made, blob_type, blob, old, word, info;
	char in[5] = "abcd", out[5] = "";

	blob_type = kgc_type_register(self->fd, "blob", 1,
				      KGC_TYPE_NOSCAN | KGC_TYPE_ARRAY, NULL, 0);
	made = kgc_batch_alloc(b, self->node, 0);
	blob = kgc_batch_alloc(b, blob_type, 300);
	kgc_batch_store(b, KGC_RESULT(made), NODE_LEFT, KGC_RESULT(blob));
	old = kgc_batch_xchg(b, KGC_RESULT(made), NODE_LEFT, self->object);
	kgc_batch_write(b, KGC_RESULT(old), 290, in, 5);
	kgc_batch_read(b, KGC_RESULT(blob), 290, out, 5);
	kgc_batch_write_word(b, KGC_RESULT(made), NODE_WORD, 77);
	word = kgc_batch_read_word(b, KGC_RESULT(made), NODE_WORD);
	info = kgc_batch_collect(b, 1);
	kgc_batch_drop(b, KGC_RESULT(blob));
	kgc_batch_drop(b, KGC_RESULT(old));
	ASSERT_EQ(0, flush_all(b));
	EXPECT_STREQ("abcd", out);
	EXPECT_EQ(77, kgc_batch_result(b, word));
	EXPECT_GE(kgc_batch_result(b, info), 1);
	EXPECT_LE(kgc_batch_result(b, info), stats_of(self->fd).num_gc);
	EXPECT_EQ(2, stats_of(self->fd).handles);
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(2, stats_of(self->fd).heap_objects);
}

TEST_F(batch, stop_on_error_stops_there)
{
	struct kgc_batch_builder *b = &self->b;

	kgc_batch_dup(b, self->object);
	kgc_batch_dup(b, 0);
	kgc_batch_dup(b, self->object);
	EXPECT_EQ(0, kgc_batch_flush(b, KGC_BATCH_STOP_ON_ERROR));
	EXPECT_EQ(2, b->done);
	EXPECT_EQ(1, b->failed);
	EXPECT_EQ(-ENOENT, kgc_batch_error(b));
	EXPECT_EQ(2, stats_of(self->fd).handles);
}

TEST_F(batch, what_precedes_a_fault_stands_and_is_counted)
{
	enum { GOOD = 40, PAGE = 4096 };
	__u8 *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kgc_op *ops = (struct kgc_op *)(page + PAGE) - GOOD;
	struct kgc_batch batch = {
		.ops = (uintptr_t)ops, .nr_ops = GOOD + 20,
		.op_size = sizeof(*ops) };

	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, munmap(page + PAGE, PAGE));
	for (int i = 0; i < GOOD; i++)
		ops[i] = (struct kgc_op){
			.op = KGC_OP_ALLOC, .type = self->node };
	EXPECT_EQ(-EFAULT, submit(self->fd, &batch));
	EXPECT_EQ(GOOD, batch.done);
	EXPECT_EQ(0, batch.failed);
	/* The kernel has done exactly the operations that it counted. */
	EXPECT_EQ(1 + batch.done, stats_of(self->fd).mallocs);
	EXPECT_EQ(1 + batch.done, stats_of(self->fd).handles);
	for (__u32 i = 0; i < batch.done && i < GOOD; i++) {
		EXPECT_EQ(0, ops[i].error);
		EXPECT_EQ(0, kgc_drop(self->fd, ops[i].result));
	}
}

TEST_F(batch, operations_that_cannot_be_read_or_written_are_efault)
{
	enum { PAGE = 4096, NR = 10 };
	struct kgc_op *ops = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kgc_batch batch = { .nr_ops = NR, .op_size = sizeof(*ops) };

	ASSERT_NE(MAP_FAILED, ops);
	batch.done = 5;
	EXPECT_EQ(-EFAULT, submit(self->fd, &batch));
	EXPECT_EQ(0, batch.done);
	for (int i = 0; i < NR; i++)
		ops[i] = (struct kgc_op){
			.op = KGC_OP_ALLOC, .type = self->node };
	ASSERT_EQ(0, mprotect(ops, PAGE, PROT_READ));
	batch.ops = (uintptr_t)ops;
	EXPECT_EQ(-EFAULT, submit(self->fd, &batch));
	/* No caller could close a handle that the batch could not report. */
	EXPECT_EQ(0, batch.done);
	EXPECT_EQ(1, stats_of(self->fd).handles);
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(1, stats_of(self->fd).heap_objects);
}

TEST_F(batch, operations_at_an_odd_address_are_operations)
{
	enum { NR = 100, PAGE = 4096 };
	__u8 *page = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kgc_batch batch = { .op_size = sizeof(struct kgc_op) };
	struct kgc_op op = { .op = KGC_OP_DUP, .handle = self->object };
	__u8 *at = page + 1;

	ASSERT_NE(MAP_FAILED, page);
	for (int i = 0; i < NR; i++)
		memcpy(at + i * sizeof(op), &op, sizeof(op));
	batch.ops = (uintptr_t)at;
	batch.nr_ops = NR;
	ASSERT_EQ(0, submit(self->fd, &batch));
	EXPECT_EQ(NR, batch.done);
	EXPECT_EQ(0, batch.failed);
	for (int i = 0; i < NR; i++) {
		memcpy(&op, at + i * sizeof(op), sizeof(op));
		EXPECT_EQ(0, op.error);
		EXPECT_EQ(0, kgc_drop(self->fd, op.result));
	}
	EXPECT_EQ(1, stats_of(self->fd).handles);
	/* the last operation lies partly on an unmapped page */
	ASSERT_EQ(0, munmap(page + PAGE, 3 * PAGE));
	at = page + PAGE - 2 * sizeof(op) - 1;
	op = (struct kgc_op){ .op = KGC_OP_DUP, .handle = self->object };
	for (int i = 0; i < 2; i++)
		memcpy(at + i * sizeof(op), &op, sizeof(op));
	batch.ops = (uintptr_t)at;
	batch.nr_ops = 3;
	EXPECT_EQ(-EFAULT, submit(self->fd, &batch));
	EXPECT_EQ(2, batch.done);
	EXPECT_EQ(3, stats_of(self->fd).handles);
}

static bool two_handles_more(const struct kgc_stats *now, const struct kgc_stats *before)
{
	return now->handles >= before->handles + 2;
}

/*
 * The kernel closes handles that it cannot report. Another thread makes the operations
 * read-only after the batch began and before it writes the results. The batch waits for
 * a cycle meanwhile, so the first attempt nearly always hits that time.
 */
TEST_F(batch, handles_that_cannot_be_reported_are_closed)
{
	struct kgc_op *ops = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct intruder in = { self->fd, ops, two_handles_more };
	struct kgc_batch batch = { .op_size = sizeof(*ops) };
	int err = 0;

	ASSERT_NE(MAP_FAILED, ops);
	batch.ops = (uintptr_t)ops;
	for (int tries = 0; !err && tries < 100; tries++) {
		ops[0] = (struct kgc_op){ .op = KGC_OP_DUP, .handle = self->object };
		ops[1] = (struct kgc_op){ .op = KGC_OP_WEAK_CREATE, .handle = self->object };
		ops[2] = (struct kgc_op){ .op = KGC_OP_LOAD, .handle = self->object };
		ops[3] = (struct kgc_op){ .op = KGC_OP_DUP };
		ops[4] = (struct kgc_op){ .op = KGC_OP_COLLECT, .length = 2 };
		batch.nr_ops = 5;
		ASSERT_TRUE(intruder_begin(&in));
		err = submit(self->fd, &batch);
		intruder_end(&in);
		EXPECT_EQ(5, batch.done);
		if (!err) {
			EXPECT_EQ(0, kgc_drop(self->fd, ops[0].result));
			EXPECT_EQ(0, kgc_weak_drop(self->fd, ops[1].result));
		}
		ASSERT_EQ(1, stats_of(self->fd).handles);
	}
	EXPECT_EQ(-EFAULT, err);
}

TEST_HARNESS_MAIN
