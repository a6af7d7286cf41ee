// SPDX-License-Identifier: GPL-2.0
/*
 * A structure lives whole while one handle holds it, and dies whole once that handle is
 * dropped. The shapes are those that break collectors: a chain of a million nodes, on
 * which a recursive marker overflows its stack, the widest array, deep and bushy trees,
 * cycles, shared parts, self-loops, and the smallest and the largest objects.
 *
 * kselftest-timeout: 180
 */
#define HEAP_VERIFY 1
#include "chain.h"
#include "heap.h"

/* Drop the last handle: no object may be left after two cycles. */
static void dies_whole(struct __test_metadata *_metadata, int heap, __u64 root)
{
	ASSERT_EQ(0, kgc_drop(heap, root));
	EXPECT_EQ(0, stats_of(heap).handles);
	ASSERT_EQ(0, collect_all(heap));
	EXPECT_EQ(0, stats_of(heap).heap_objects);
	EXPECT_EQ(0, stats_of(heap).live_objects);
}

static void lives_whole(struct __test_metadata *_metadata, int heap,
			__u64 objects)
{
	ASSERT_EQ(0, collect_all(heap));
	EXPECT_EQ(objects, stats_of(heap).heap_objects);
	EXPECT_EQ(objects, stats_of(heap).live_objects);
	EXPECT_EQ(0, stats_of(heap).frees);
}

TEST_F(heap, a_chain_of_a_million)
{
	unsigned long length = scaled(1000000);
	__u64 head;

	ASSERT_EQ(0, chain_build(self->fd, self->node, length, &head));
	lives_whole(_metadata, self->fd, length);
	EXPECT_EQ(0, chain_check(self->fd, head, length));
	dies_whole(_metadata, self->fd, head);
}

TEST_F(heap, a_chain_with_a_knot_in_it)
{
	unsigned long length = scaled(20000);
	__u64 head, second, third;

	ASSERT_EQ(0, chain_build(self->fd, self->node, length, &head));
	ASSERT_EQ(0, kgc_load(self->fd, head, NODE_LEFT, &second));
	ASSERT_EQ(0, kgc_load(self->fd, second, NODE_LEFT, &third));
	ASSERT_EQ(0, kgc_store(self->fd, third, NODE_RIGHT, head));
	ASSERT_EQ(0, kgc_store(self->fd, second, NODE_RIGHT, third));
	ASSERT_EQ(0, kgc_drop(self->fd, second));
	ASSERT_EQ(0, kgc_drop(self->fd, third));
	lives_whole(_metadata, self->fd, length);
	dies_whole(_metadata, self->fd, head);
}

/* A ring of @nr nodes, each pointing to the next and to the one before. */
static int build_ring(int heap, int node, int nr, __u64 *handles)
{
	struct kgc_batch_builder batch;
	int err = kgc_batch_init(&batch, heap, 4096);

	for (int i = 0; i < nr; i++)
		kgc_batch_alloc(&batch, node, 0);
	for (int i = 0; i < nr; i++) {
		kgc_batch_store(&batch, KGC_RESULT(i), NODE_LEFT,
				KGC_RESULT((i + 1) % nr));
		kgc_batch_store(&batch, KGC_RESULT(i), NODE_RIGHT,
				KGC_RESULT((i + nr - 1) % nr));
	}
	if (!err)
		err = flush_all(&batch);
	for (int i = 0; i < nr; i++)
		handles[i] = kgc_batch_result(&batch, i);
	kgc_batch_destroy(&batch);
	return err;
}

TEST_F(heap, a_ring_is_held_by_any_one_of_its_nodes)
{
	enum { NR = 1000 };
	static __u64 handles[NR];

	ASSERT_EQ(0, build_ring(self->fd, self->node, NR, handles));
	for (int i = 1; i < NR; i++) {
		ASSERT_EQ(0, kgc_drop(self->fd, handles[i - 1]));
		if (i % 250 == 0)
			lives_whole(_metadata, self->fd, NR);
	}
	lives_whole(_metadata, self->fd, NR);
	dies_whole(_metadata, self->fd, handles[NR - 1]);
}

TEST_F(heap, an_object_that_points_only_to_itself)
{
	__u64 object;

	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	ASSERT_EQ(0, kgc_store(self->fd, object, NODE_LEFT, object));
	ASSERT_EQ(0, kgc_store(self->fd, object, NODE_RIGHT, object));
	lives_whole(_metadata, self->fd, 1);
	dies_whole(_metadata, self->fd, object);
}

/* Fill all slots of a pointer array with new nodes, a batch at a time. */
static int fill_array(int heap, int node, __u64 array, __u32 slots)
{
	struct kgc_batch_builder batch;
	int err = kgc_batch_init(&batch, heap, 4096);
	__u32 slot = 0;

	while (slot < slots && !err) {
		kgc_batch_reset(&batch);
		while (slot < slots && kgc_batch_room(&batch) >= 4) {
			int op = kgc_batch_alloc(&batch, node, 0);

			kgc_batch_write_word(&batch, KGC_RESULT(op), NODE_WORD,
					     slot);
			kgc_batch_store(&batch, array, 8ULL * slot,
					KGC_RESULT(op));
			kgc_batch_drop(&batch, KGC_RESULT(op));
			slot++;
		}
		err = flush_all(&batch);
	}
	kgc_batch_destroy(&batch);
	return err;
}

static __u64 word_at(int heap, __u64 array, __u64 slot)
{
	__u64 object = 0, word = ~0ULL;

	if (kgc_load(heap, array, 8 * slot, &object) || !object)
		return ~1ULL;
	if (kgc_read(heap, object, NODE_WORD, &word, 8) ||
	    kgc_drop(heap, object))
		return ~2ULL;
	return word;
}

TEST_F(heap, a_wide_array_of_pointers)
{
	static const struct kgc_field field = { 0, KGC_TYPE_ANY };
	unsigned long slots = scaled(60000);
	__u64 array;
	int type;

	if (slots > self->info.max_object / 8)
		slots = self->info.max_object / 8;
	type = kgc_type_register(self->fd, "wide", 8, KGC_TYPE_ARRAY, &field, 1);
	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, slots, &array));
	ASSERT_EQ(0, fill_array(self->fd, self->node, array, slots));
	lives_whole(_metadata, self->fd, slots + 1);
	for (unsigned long slot = 0; slot < slots; slot += slots / 50 + 1)
		EXPECT_EQ(slot, word_at(self->fd, array, slot));
	EXPECT_EQ(slots - 1, word_at(self->fd, array, slots - 1));
	dies_whole(_metadata, self->fd, array);
}

/* The most fields a type may have. A marker scans one such element in a single step. */
#define FIELDS	KGC_MAX_FIELDS

static int register_many_fields(int heap, __u32 flags)
{
	struct kgc_field *fields = calloc(FIELDS, sizeof(*fields));
	int type;

	for (__u32 i = 0; i < FIELDS; i++)
		fields[i] = (struct kgc_field){ 8 * i, KGC_TYPE_ANY };
	type = kgc_type_register(heap, "many fields", 8 * FIELDS, flags, fields,
				 FIELDS);
	free(fields);
	return type;
}

TEST_F(heap, an_object_of_very_many_fields)
{
	int type = register_many_fields(self->fd, 0);
	__u64 object;

	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &object));
	ASSERT_EQ(0, fill_array(self->fd, self->node, object, FIELDS));
	lives_whole(_metadata, self->fd, FIELDS + 1);
	for (int slot = 0; slot < FIELDS; slot += 97)
		EXPECT_EQ(slot, word_at(self->fd, object, slot));
	EXPECT_EQ(FIELDS - 1, word_at(self->fd, object, FIELDS - 1));
	dies_whole(_metadata, self->fd, object);
}

TEST_F(heap, an_array_of_elements_of_very_many_fields)
{
	int type = register_many_fields(self->fd, KGC_TYPE_ARRAY);
	__u64 array;

	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 2, &array));
	ASSERT_EQ(0, fill_array(self->fd, self->node, array, 2 * FIELDS));
	lives_whole(_metadata, self->fd, 2 * FIELDS + 1);
	for (int slot = 0; slot < 2 * FIELDS; slot += 97)
		EXPECT_EQ(slot, word_at(self->fd, array, slot));
	EXPECT_EQ(2 * FIELDS - 1, word_at(self->fd, array, 2 * FIELDS - 1));
	dies_whole(_metadata, self->fd, array);
}

TEST_F(heap, the_largest_object_with_a_pointer_at_either_end)
{
	static const struct kgc_field field = { 0, KGC_TYPE_ANY };
	__u64 count = self->info.max_object / 8, array, first, last;
	int type, err;

	type = kgc_type_register(self->fd, "largest", 8, KGC_TYPE_ARRAY, &field,
				 1);
	ASSERT_GT(type, 0);
	err = kgc_alloc(self->fd, type, count, &array);
	if (err == -ENOMEM)
		SKIP(return, "the machine has no %u bytes to spare",
		     self->info.max_object);
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &first));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &last));
	ASSERT_EQ(0, kgc_store(self->fd, array, 0, first));
	ASSERT_EQ(0, kgc_store(self->fd, array, 8 * (count - 1), last));
	EXPECT_EQ(-EINVAL, kgc_store(self->fd, array, 8 * count, last));
	ASSERT_EQ(0, kgc_drop(self->fd, first));
	ASSERT_EQ(0, kgc_drop(self->fd, last));
	lives_whole(_metadata, self->fd, 3);
	EXPECT_EQ(0, word_at(self->fd, array, 0));
	EXPECT_EQ(0, word_at(self->fd, array, count - 1));
	dies_whole(_metadata, self->fd, array);
}

/* Build a full binary tree of @levels levels with one batch; *@root is its root. */
static int build_tree(int heap, int node, int levels, __u64 *root)
{
	struct kgc_batch_builder batch;
	int nr = (1 << levels) - 1, err;

	err = kgc_batch_init(&batch, heap, 3 * nr);
	if (err)
		return err;
	for (int i = 0; i < nr; i++)
		kgc_batch_alloc(&batch, node, 0);
	for (int i = 1; i < nr; i++)
		kgc_batch_store(&batch, KGC_RESULT((i - 1) / 2),
				i % 2 ? NODE_LEFT : NODE_RIGHT, KGC_RESULT(i));
	for (int i = 1; i < nr; i++)
		kgc_batch_drop(&batch, KGC_RESULT(i));
	err = flush_all(&batch);
	*root = kgc_batch_result(&batch, 0);
	kgc_batch_destroy(&batch);
	return err;
}

TEST_F(heap, trees_and_the_parts_cut_off)
{
	enum { LEVELS = 10, NODES = (1 << LEVELS) - 1 };
	int trees = scaled(20);
	__u64 top, root;

	ASSERT_EQ(0, chain_build(self->fd, self->node, 1, &top));
	/* Each new tree hangs to the right of a spine that grows to the left. */
	for (int i = 0; i < trees; i++) {
		__u64 spine;

		ASSERT_EQ(0, build_tree(self->fd, self->node, LEVELS, &root));
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &spine));
		ASSERT_EQ(0, kgc_store(self->fd, spine, NODE_RIGHT, root));
		ASSERT_EQ(0, kgc_store(self->fd, spine, NODE_LEFT, top));
		ASSERT_EQ(0, kgc_drop(self->fd, root));
		ASSERT_EQ(0, kgc_drop(self->fd, top));
		top = spine;
	}
	lives_whole(_metadata, self->fd, trees * (NODES + 1) + 1);
	/* Cutting the last tree's left half off kills exactly that half. */
	ASSERT_EQ(0, kgc_load(self->fd, top, NODE_RIGHT, &root));
	ASSERT_EQ(0, kgc_store(self->fd, root, NODE_LEFT, 0));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(NODES / 2, stats_of(self->fd).frees);
	/* Once the spine no longer points to the tree, the rest of it dies too. */
	ASSERT_EQ(0, kgc_store(self->fd, top, NODE_RIGHT, 0));
	ASSERT_EQ(0, kgc_drop(self->fd, root));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(NODES, stats_of(self->fd).frees);
	dies_whole(_metadata, self->fd, top);
}

TEST_F(heap, what_is_shared_lives_as_long_as_its_last_holder)
{
	enum { LENGTH = 2000, HOLDERS = 50 };
	__u64 shared, holders[HOLDERS];

	ASSERT_EQ(0, chain_build(self->fd, self->node, LENGTH, &shared));
	for (int i = 0; i < HOLDERS; i++) {
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &holders[i]));
		ASSERT_EQ(0, kgc_store(self->fd, holders[i], NODE_LEFT, shared));
		ASSERT_EQ(0, kgc_store(self->fd, holders[i], NODE_RIGHT,
				       shared));
	}
	ASSERT_EQ(0, kgc_drop(self->fd, shared));
	lives_whole(_metadata, self->fd, LENGTH + HOLDERS);
	for (int i = 1; i < HOLDERS; i++)
		ASSERT_EQ(0, kgc_drop(self->fd, holders[i]));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(LENGTH + 1, stats_of(self->fd).heap_objects);
	ASSERT_EQ(0, kgc_load(self->fd, holders[0], NODE_LEFT, &shared));
	EXPECT_EQ(0, chain_check(self->fd, shared, LENGTH));
	ASSERT_EQ(0, kgc_drop(self->fd, shared));
	dies_whole(_metadata, self->fd, holders[0]);
}

/* Every size from one byte up, noscan, all held by one array. */
TEST_F(heap, objects_of_every_size)
{
	static const struct kgc_field field = { 0, KGC_TYPE_ANY };
	enum { SLOTS = 400 };
	int bytes = kgc_type_register(self->fd, "bytes", 1,
				      KGC_TYPE_NOSCAN | KGC_TYPE_ARRAY, NULL, 0);
	int type = kgc_type_register(self->fd, "holder", 8, KGC_TYPE_ARRAY,
				     &field, 1);
	__u64 holder, object, size = 1, sizes[SLOTS];

	ASSERT_GT(bytes, 0);
	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, SLOTS, &holder));
	for (int i = 0; i < SLOTS; i++, size += 1 + size / 20) {
		__u8 mark = i + 1;

		if (size > self->info.max_object || size > 1 << 20)
			size = 100 + i;
		sizes[i] = size;
		ASSERT_EQ(0, kgc_alloc(self->fd, bytes, size, &object));
		ASSERT_EQ(0, kgc_write(self->fd, object, size - 1, &mark, 1));
		ASSERT_EQ(0, kgc_store(self->fd, holder, 8 * i, object));
		ASSERT_EQ(0, kgc_drop(self->fd, object));
	}
	ASSERT_EQ(0, collect_all(self->fd));
	for (int i = 0; i < SLOTS; i++) {
		__u8 mark = 0;
		__u32 length;

		ASSERT_EQ(0, kgc_load(self->fd, holder, 8 * i, &object));
		ASSERT_EQ(0, kgc_object_info(self->fd, object, NULL, &length));
		EXPECT_LE(sizes[i], length);
		ASSERT_EQ(0, kgc_read(self->fd, object, sizes[i] - 1, &mark, 1));
		EXPECT_EQ((__u8)(i + 1), mark);
		ASSERT_EQ(0, kgc_drop(self->fd, object));
	}
	dies_whole(_metadata, self->fd, holder);
}

TEST_HARNESS_MAIN
