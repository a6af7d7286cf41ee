// SPDX-License-Identifier: GPL-2.0
/*
 * Each command refuses bad handles, offsets, ranges, types and options with the errno
 * that the ABI names, and a refused call changes nothing. abi_limits.c fills heaps up.
 *
 * kselftest-timeout: 120
 */
#include <sys/ioctl.h>

#include "heap.h"
#include "intruder.h"

/* Allocate an object of @type. Return: its handle. */
static __u64 node_in(struct __test_metadata *_metadata, int heap, int type)
{
	__u64 handle = 0;

	ASSERT_EQ(0, kgc_alloc(heap, type, 0, &handle));
	ASSERT_NE(0, handle);
	return handle;
}

/* Every command that takes a handle must refuse @bad, and change nothing. */
static void refuses_handle(struct __test_metadata *_metadata, int heap,
			   int node, __u64 bad, const char *why)
{
	__u64 good = node_in(_metadata, heap, node), word = 0, out;
	struct kgc_stats before = stats_of(heap), after;

	EXPECT_EQ(-ENOENT, kgc_load(heap, bad, NODE_LEFT, &out));
	EXPECT_EQ(-ENOENT, kgc_store(heap, bad, NODE_LEFT, good));
	EXPECT_EQ(-ENOENT, kgc_xchg(heap, bad, NODE_LEFT, good, &out));
	EXPECT_EQ(-ENOENT, kgc_read(heap, bad, NODE_WORD, &word, 8));
	EXPECT_EQ(-ENOENT, kgc_write(heap, bad, NODE_WORD, &word, 8));
	EXPECT_EQ(-ENOENT, kgc_dup(heap, bad, &out));
	EXPECT_EQ(-ENOENT, kgc_drop(heap, bad));
	EXPECT_EQ(-ENOENT, kgc_object_info(heap, bad, NULL, NULL)) {
		TH_LOG("%s", why);
	}
	if (bad != KGC_NULL_HANDLE) {
		EXPECT_EQ(-ENOENT, kgc_store(heap, good, NODE_LEFT, bad));
		EXPECT_EQ(-ENOENT, kgc_xchg(heap, good, NODE_LEFT, bad, &out));
	}
	after = stats_of(heap);
	EXPECT_EQ(before.handles, after.handles) {
		TH_LOG("%s", why);
	}
	EXPECT_EQ(0, kgc_drop(heap, good));
}

TEST_F(heap, a_handle_never_issued_is_enoent)
{
	__u64 good = node_in(_metadata, self->fd, self->node);
	const __u64 bad[] = {
		KGC_NULL_HANDLE, KGC_RESULT(0), good ^ KGC_RESULT_BIT,
		~0ULL, ~0ULL >> 1, 0xffffffff, 1ULL << 32, 1ULL << 62,
		good + 1, good ^ 1ULL << 32, good ^ 1ULL << 40,
		good ^ 1ULL << 62,
	};

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		refuses_handle(_metadata, self->fd, self->node, bad[i],
			       "never issued");
}

TEST_F(heap, a_stale_handle_is_enoent_even_when_its_place_is_taken)
{
	__u64 stale[64], fresh;

	for (int i = 0; i < 64; i++)
		stale[i] = node_in(_metadata, self->fd, self->node);
	for (int i = 0; i < 64; i++)
		ASSERT_EQ(0, kgc_drop(self->fd, stale[i]));
	refuses_handle(_metadata, self->fd, self->node, stale[0], "dropped");
	for (int i = 0; i < 1000; i++) {
		fresh = node_in(_metadata, self->fd, self->node);
		for (int j = 0; j < 64; j++)
			ASSERT_NE(stale[j], fresh);
		if (i >= 200)
			ASSERT_EQ(0, kgc_drop(self->fd, fresh));
	}
	for (int i = 0; i < 64; i++)
		refuses_handle(_metadata, self->fd, self->node, stale[i],
			       "dropped and its place taken");
}

TEST_F(heap, a_handle_of_another_heap_is_enoent)
{
	int other = kgc_open();
	__u64 foreign;

	ASSERT_GE(other, 0);
	/* Far enough in that this heap has no handle of that number. */
	for (int i = 0; i < 500; i++)
		foreign = node_in(_metadata, other, register_node(other));
	refuses_handle(_metadata, self->fd, self->node, foreign, "foreign");
	kgc_close(other);
}

TEST_F(heap, drop_stops_at_the_first_bad_handle)
{
	__u64 handles[4];
	__u32 done = 99;

	for (int i = 0; i < 4; i++)
		handles[i] = node_in(_metadata, self->fd, self->node);
	ASSERT_EQ(0, kgc_drop(self->fd, handles[2]));
	EXPECT_EQ(-ENOENT, kgc_drop_many(self->fd, handles, 4, &done));
	EXPECT_EQ(2, done);
	EXPECT_EQ(-ENOENT, kgc_drop(self->fd, handles[1]));
	EXPECT_EQ(0, kgc_drop(self->fd, handles[3]));
	EXPECT_EQ(-EINVAL, kgc_drop_many(self->fd, handles, 0, &done));
	EXPECT_EQ(-EFAULT, kgc_drop_many(self->fd, NULL, 1, &done));
	EXPECT_EQ(-EFAULT, kgc_drop_many(self->fd, (__u64 *)-4096L, 1, &done));
}

static const __u64 no_field[] = {
	NODE_WORD, 1, 4, 7, 12, NODE_SIZE, NODE_SIZE + 8, 4096, 1ULL << 32,
	1ULL << 63, ~0ULL, ~7ULL,
};

TEST_F(heap, an_offset_that_is_no_pointer_field_is_einval)
{
	__u64 object = node_in(_metadata, self->fd, self->node), out;

	for (size_t i = 0; i < ARRAY_SIZE(no_field); i++) {
		EXPECT_EQ(-EINVAL, kgc_load(self->fd, object, no_field[i], &out));
		EXPECT_EQ(-EINVAL, kgc_store(self->fd, object, no_field[i], 0));
		EXPECT_EQ(-EINVAL, kgc_xchg(self->fd, object, no_field[i],
					    object, &out)) {
			TH_LOG("offset %llx", no_field[i]);
		}
	}
	EXPECT_EQ(1, stats_of(self->fd).handles);
}

TEST_F(heap, a_noscan_object_has_no_pointer_fields)
{
	int type = kgc_type_register(self->fd, "plain", 64, KGC_TYPE_NOSCAN,
				     NULL, 0);
	__u64 object, out;

	ASSERT_GT(type, 0);
	object = node_in(_metadata, self->fd, type);
	EXPECT_EQ(-EINVAL, kgc_load(self->fd, object, 0, &out));
	EXPECT_EQ(-EINVAL, kgc_store(self->fd, object, 0, object));
}

TEST_F(heap, an_array_has_the_fields_of_its_elements_and_no_more)
{
	static const struct kgc_field field = { 8, KGC_TYPE_ANY };
	int type = kgc_type_register(self->fd, "array", 16, KGC_TYPE_ARRAY,
				     &field, 1);
	__u64 object, out;

	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 5, &object));
	for (int i = 0; i < 5; i++) {
		EXPECT_EQ(0, kgc_store(self->fd, object, 16 * i + 8, object));
		EXPECT_EQ(-EINVAL, kgc_store(self->fd, object, 16 * i, object));
	}
	EXPECT_EQ(-EINVAL, kgc_store(self->fd, object, 16 * 5 + 8, object));
	EXPECT_EQ(-EINVAL, kgc_load(self->fd, object, 16 * 5 + 8, &out));
}

TEST_F(heap, bytes_that_overlap_a_pointer_or_leave_the_object_are_einval)
{
	static const struct { __u64 offset, length; } bad[] = {
		{ 0, 8 }, { 0, 1 }, { 15, 1 }, { 15, 2 }, { 7, 1 },
		{ 15, 9 }, { 0, 24 }, { 12, 8 }, { NODE_WORD, 9 },
		{ NODE_WORD, 0 }, { NODE_SIZE, 1 }, { 1ULL << 32, 8 },
		{ NODE_WORD, ~0ULL }, { ~0ULL, 1 }, { ~0ULL - 7, 16 },
		{ NODE_WORD, 1ULL << 32 }, { NODE_WORD, (1ULL << 32) + 8 },
	};
	__u64 object = node_in(_metadata, self->fd, self->node);
	char bytes[64] = { 1, 2, 3 };

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		EXPECT_EQ(-EINVAL, kgc_read(self->fd, object, bad[i].offset,
					    bytes, bad[i].length));
		EXPECT_EQ(-EINVAL, kgc_write(self->fd, object, bad[i].offset,
					     bytes, bad[i].length)) {
			TH_LOG("%llu bytes at %llu", bad[i].length,
			       bad[i].offset);
		}
	}
	EXPECT_EQ(0, kgc_write(self->fd, object, NODE_WORD + 3, bytes, 5));
	EXPECT_EQ(0, kgc_read(self->fd, object, NODE_WORD, bytes, 8));
	EXPECT_EQ(1, bytes[3]);
	EXPECT_EQ(0, bytes[0]);
}

/* Elements of a pointer and a word: between two pointers there are eight bytes. */
TEST_F(heap, bytes_of_an_array_stay_between_its_pointers)
{
	static const struct kgc_field field = { 0, KGC_TYPE_ANY };
	int type = kgc_type_register(self->fd, "pairs", 16, KGC_TYPE_ARRAY, &field, 1);
	__u64 object, word = 4711, got = 0;
	char bytes[64];

	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 4, &object));
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(0, kgc_write(self->fd, object, 16 * i + 8, &word, 8));
		EXPECT_EQ(0, kgc_read(self->fd, object, 16 * i + 12, &got, 4));
		EXPECT_EQ(-EINVAL, kgc_read(self->fd, object, 16 * i, bytes, 8));
		EXPECT_EQ(-EINVAL, kgc_read(self->fd, object, 16 * i + 7, bytes, 2));
	}
	for (int length = 9; length <= 48; length++)
		EXPECT_EQ(-EINVAL, kgc_read(self->fd, object, 8, bytes, length));
}

TEST_F(heap, a_buffer_that_cannot_be_used_is_efault_and_changes_nothing)
{
	__u8 *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int blob = kgc_type_register(self->fd, "blob", 64, KGC_TYPE_NOSCAN,
				     NULL, 0);
	__u64 object;
	__u8 bytes[64];

	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, munmap(page + 4096, 4096));
	object = node_in(_metadata, self->fd, blob);
	memset(bytes, 0x11, sizeof(bytes));
	ASSERT_EQ(0, kgc_write(self->fd, object, 0, bytes, 64));
	EXPECT_EQ(-EFAULT, kgc_read(self->fd, object, 0, NULL, 64));
	EXPECT_EQ(-EFAULT, kgc_write(self->fd, object, 0, NULL, 64));
	/* Half of the buffer is mapped: the object still keeps its contents. */
	memset(page, 0x22, 4096);
	EXPECT_EQ(-EFAULT, kgc_write(self->fd, object, 0, page + 4096 - 32, 64));
	EXPECT_EQ(-EFAULT, kgc_read(self->fd, object, 0, page + 4096 - 32, 64));
	ASSERT_EQ(0, kgc_read(self->fd, object, 0, bytes, 64));
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(0x11, bytes[i]);
}

TEST_F(heap, a_field_refuses_other_types)
{
	struct kgc_field field = { 0, self->node };
	int strict = kgc_type_register(self->fd, "strict", 16, 0, &field, 1);
	__u64 object, right, wrong, out;

	ASSERT_GT(strict, 0);
	object = node_in(_metadata, self->fd, strict);
	right = node_in(_metadata, self->fd, self->node);
	wrong = node_in(_metadata, self->fd, strict);
	EXPECT_EQ(-EINVAL, kgc_store(self->fd, object, 0, wrong));
	EXPECT_EQ(0, kgc_store(self->fd, object, 0, right));
	EXPECT_EQ(-EINVAL, kgc_store(self->fd, object, 0, wrong));
	EXPECT_EQ(-EINVAL, kgc_xchg(self->fd, object, 0, wrong, &out));
	/* The refused stores left the pointer in place. */
	ASSERT_EQ(0, kgc_xchg(self->fd, object, 0, 0, &out));
	EXPECT_NE(0, out);
	/* A node's fields take objects of any type. */
	EXPECT_EQ(0, kgc_store(self->fd, right, NODE_LEFT, wrong));
	EXPECT_EQ(0, kgc_store(self->fd, right, NODE_LEFT, right));
}

TEST_F(heap, a_self_typed_field_takes_its_own_type_only)
{
	static const struct kgc_field field = { 8, KGC_TYPE_SELF };
	int type = kgc_type_register(self->fd, "list", 16, 0, &field, 1);
	__u64 object, other;

	ASSERT_GT(type, 0);
	object = node_in(_metadata, self->fd, type);
	other = node_in(_metadata, self->fd, self->node);
	EXPECT_EQ(0, kgc_store(self->fd, object, 8, object));
	EXPECT_EQ(-EINVAL, kgc_store(self->fd, object, 8, other));
}

TEST_F(heap, allocation_refuses_what_is_no_object)
{
	int array = kgc_type_register(self->fd, "array", 8,
				      KGC_TYPE_ARRAY | KGC_TYPE_NOSCAN, NULL, 0);
	__u64 handles[2];
	__u32 done;
	static const __u64 counts[] = {
		0, 1ULL << 61, (1ULL << 61) + 1, ~0ULL, 1ULL << 32, 1ULL << 29,
	};

	ASSERT_GT(array, 0);
	EXPECT_EQ(-EINVAL, kgc_alloc(self->fd, 0, 0, handles));
	EXPECT_EQ(-EINVAL, kgc_alloc(self->fd, array + 1, 0, handles));
	EXPECT_EQ(-EINVAL, kgc_alloc(self->fd, ~0U, 0, handles));
	EXPECT_EQ(-EINVAL, kgc_alloc(self->fd, self->node, 2, handles));
	EXPECT_EQ(-EINVAL, kgc_alloc(self->fd, self->node, ~0ULL, handles));
	EXPECT_EQ(-EINVAL, kgc_alloc_many(self->fd, self->node, 0, 0, handles,
					  &done));
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		EXPECT_EQ(-EINVAL, kgc_alloc(self->fd, array, counts[i],
					     handles)) {
			TH_LOG("%llu elements", counts[i]);
		}
		EXPECT_EQ(-EINVAL, kgc_alloc_many(self->fd, array, counts[i], 2,
						  handles, &done));
		EXPECT_EQ(0, done);
	}
	EXPECT_EQ(-EINVAL, kgc_alloc(self->fd, array,
				     self->info.max_object / 8 + 1, handles));
	EXPECT_EQ(0, stats_of(self->fd).mallocs);
	EXPECT_EQ(0, kgc_alloc(self->fd, self->node, 1, handles));
}

/* An array of handles may lie at any address and may cross a page boundary. */
TEST_F(heap, arrays_at_odd_addresses_are_arrays)
{
	enum { NR = 100, PAGE = 4096 };
	__u8 *page = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct kgc_alloc alloc = { .size = sizeof(alloc), .type = self->node };
	struct kgc_drop drop = { .size = sizeof(drop) };
	__u64 handle[NR];
	__u8 *at;

	ASSERT_NE(MAP_FAILED, page);
	for (int odd = 1; odd < 8; odd++) {
		at = page + PAGE - NR * 4 + odd;
		alloc.nr = drop.nr = NR;
		alloc.handles = drop.handles = (uintptr_t)at;
		alloc.done = drop.done = 0;
		ASSERT_EQ(0, ioctl(self->fd, KGC_ALLOC, &alloc));
		EXPECT_EQ(NR, alloc.done);
		memcpy(handle, at, sizeof(handle));
		for (int i = 0; i < NR; i++)
			EXPECT_EQ(0, kgc_object_info(self->fd, handle[i], NULL, NULL));
		ASSERT_EQ(0, ioctl(self->fd, KGC_DROP, &drop));
		EXPECT_EQ(NR, drop.done);
		EXPECT_EQ(0, stats_of(self->fd).handles);
	}
	/* the kernel neither writes nor drops a handle that is partly unmapped */
	ASSERT_EQ(0, munmap(page + PAGE, PAGE));
	at = page + PAGE - 3 * sizeof(__u64) - 5;
	alloc.nr = drop.nr = 4;
	alloc.handles = drop.handles = (uintptr_t)at;
	alloc.done = drop.done = 0;
	EXPECT_EQ(-1, ioctl(self->fd, KGC_ALLOC, &alloc));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(3, alloc.done);
	EXPECT_EQ(3, stats_of(self->fd).handles);
	EXPECT_EQ(-1, ioctl(self->fd, KGC_DROP, &drop));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(3, drop.done);
	EXPECT_EQ(0, stats_of(self->fd).handles);
}

TEST_F(heap, an_argument_at_an_odd_address_is_an_argument)
{
	__u8 bytes[sizeof(struct kgc_option) + 1], *at = bytes + 1;
	struct kgc_option option = { .size = sizeof(option), .option = KGC_OPT_GOGC,
				     .value = 50 };

	memcpy(at, &option, sizeof(option));
	ASSERT_EQ(0, ioctl(self->fd, KGC_OPTION_SET, at));
	option.value = 0;
	memcpy(at, &option, sizeof(option));
	ASSERT_EQ(0, ioctl(self->fd, KGC_OPTION_GET, at));
	memcpy(&option, at, sizeof(option));
	EXPECT_EQ(50, option.value);
}

TEST_F(heap, handles_that_cannot_be_delivered_are_dropped)
{
	__u8 *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	__u64 *handles = (__u64 *)(page + 4096) - 3;
	__u32 done = 0;

	ASSERT_NE(MAP_FAILED, page);
	ASSERT_EQ(0, munmap(page + 4096, 4096));
	EXPECT_EQ(-EFAULT, kgc_alloc_many(self->fd, self->node, 0, 4, NULL,
					  &done));
	EXPECT_EQ(0, stats_of(self->fd).handles);
	EXPECT_EQ(-EFAULT, kgc_alloc_many(self->fd, self->node, 0, 100, handles,
					  &done));
	EXPECT_LE(done, 3);
	EXPECT_EQ(done, stats_of(self->fd).handles);
	for (__u32 i = 0; i < done; i++)
		EXPECT_EQ(0, kgc_drop(self->fd, handles[i]));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
}

TEST_F(heap, options_have_ranges)
{
	static const struct { __u32 option; __u64 value; int err; } cases[] = {
		{ 0, 0, -EOPNOTSUPP }, { 0xffff, 0, -EOPNOTSUPP },
		{ KGC_OPT_CPU_PERCENT, 0, -EINVAL },
		{ KGC_OPT_CPU_PERCENT, 101, -EINVAL },
		{ KGC_OPT_CPU_PERCENT, 1ULL << 32 | 25, -EINVAL },
		{ KGC_OPT_CPU_PERCENT, 1, 0 }, { KGC_OPT_CPU_PERCENT, 100, 0 },
		{ KGC_OPT_VERIFY, 3, -EINVAL }, { KGC_OPT_VERIFY, 2, 0 },
		{ KGC_OPT_VERIFY, 1, 0 }, { KGC_OPT_VERIFY, 0, 0 },
		{ KGC_OPT_TRACK_SECTIONS, 2, -EINVAL },
		{ KGC_OPT_TRACK_SECTIONS, 1, 0 },
		{ KGC_OPT_TRACK_SECTIONS, 0, 0 },
		{ KGC_OPT_SCAVENGE, 2, -EINVAL },
		{ KGC_OPT_SCAVENGE, KGC_SCAVENGE_NOW, 0 },
		{ KGC_OPT_SCAVENGE, KGC_SCAVENGE_LAZY, 0 },
		{ KGC_OPT_HARDEN, 1ULL << 40, -EINVAL },
		{ KGC_OPT_HARDEN, 4, -EINVAL }, { KGC_OPT_HARDEN, 3, 0 },
		{ KGC_OPT_HARDEN, 0, 0 },
		{ KGC_OPT_EXPEDITE, 3, -EINVAL }, { KGC_OPT_EXPEDITE, 2, 0 },
		{ KGC_OPT_EXPEDITE, 1, 0 }, { KGC_OPT_EXPEDITE, 0, 0 },
		{ KGC_OPT_PROFILE_BYTES, (1ULL << 30) + 1, -EINVAL },
		{ KGC_OPT_PROFILE_BYTES, 1ULL << 30, 0 },
		{ KGC_OPT_PROFILE_BYTES, 0, 0 }, { KGC_OPT_PROFILE_BYTES, 1 << 19, 0 },
		{ KGC_OPT_GOGC, 0, -EINVAL }, { KGC_OPT_GOGC, 100001, -EINVAL },
		{ KGC_OPT_GOGC, KGC_GOGC_OFF, 0 }, { KGC_OPT_GOGC, 50, 0 },
		{ KGC_OPT_PERIOD_MS, 24 * 60 * 60 * 1000 + 1, -EINVAL },
		{ KGC_OPT_PERIOD_MS, 24 * 60 * 60 * 1000, 0 },
		{ KGC_OPT_PERIOD_MS, 0, 0 }, { KGC_OPT_PERIOD_MS, 100000, 0 },
		{ KGC_OPT_SOFT_LIMIT, 1ULL << 30, 0 },
		{ KGC_OPT_HARD_LIMIT, 1ULL << 31, 0 },
		{ KGC_OPT_SOFT_LIMIT, ~0ULL, 0 }, { KGC_OPT_HARD_LIMIT, ~0ULL, 0 },
		{ KGC_OPT_SOFT_LIMIT, 0, 0 }, { KGC_OPT_HARD_LIMIT, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__u64 before = ~0ULL, after = 0;
		int get = kgc_option_get(self->fd, cases[i].option, &before);
		int set = kgc_option_set(self->fd, cases[i].option,
					 cases[i].value);

		EXPECT_EQ(cases[i].err == -EOPNOTSUPP ? -EOPNOTSUPP : 0, get);
		EXPECT_EQ(cases[i].err, set) {
			TH_LOG("option %u value %llu", cases[i].option,
			       cases[i].value);
		}
		if (get)
			continue;
		EXPECT_EQ(0, kgc_option_get(self->fd, cases[i].option, &after));
		EXPECT_EQ(cases[i].err ? before : cases[i].value, after);
	}
}

/* Whether @o has a name for each value or bit; only a wide range may have none. */
static bool is_named(const struct kgc_option_info *o)
{
	unsigned int names = o->values[0] != 0;

	if (strnlen(o->values, sizeof(o->values)) == sizeof(o->values))
		return false;
	for (const char *at = o->values; (at = strchr(at, ' ')); at++)
		names++;
	if (!names)
		return o->max - o->min > 3;
	if (o->attributes & KGC_OPTION_BITS)
		return names == __builtin_popcountll(o->max) && !(o->max & (o->max + 1));
	return names == o->max - o->min + 1;
}

static bool is_off(const struct kgc_option_info *o, __u64 value)
{
	return o->attributes & KGC_OPTION_HAS_OFF && value == o->off;
}

TEST_F(heap, the_module_says_which_options_there_are)
{
	struct kgc_option_info o;
	__u64 value, seen = 0;
	__u32 i;

	for (i = 0; !kgc_option_info(self->fd, i, &o); i++) {
		const __u64 beyond = o.attributes & KGC_OPTION_BITS ?
				     ~o.max : o.max + 1;

		ASSERT_LT(o.option, 64);
		EXPECT_EQ(0, seen & 1ULL << o.option);
		seen |= 1ULL << o.option;
		EXPECT_GT(strnlen(o.name, sizeof(o.name)), 0);
		EXPECT_LT(strnlen(o.name, sizeof(o.name)), sizeof(o.name));
		EXPECT_TRUE(is_named(&o)) {
			TH_LOG("values of %s: '%.64s'", o.name, o.values);
		}
		EXPECT_EQ(0, kgc_option_get(self->fd, o.option, &value));
		EXPECT_EQ(0, kgc_option_set(self->fd, o.option, o.min));
		EXPECT_EQ(0, kgc_option_set(self->fd, o.option, o.max));
		if (o.min && !is_off(&o, o.min - 1))
			EXPECT_EQ(-EINVAL, kgc_option_set(self->fd, o.option, o.min - 1));
		if (o.max != ~0ULL && !is_off(&o, beyond))
			EXPECT_EQ(-EINVAL, kgc_option_set(self->fd, o.option, beyond));
		if (o.attributes & KGC_OPTION_HAS_OFF)
			EXPECT_EQ(0, kgc_option_set(self->fd, o.option, o.off));
		EXPECT_EQ(0, kgc_option_set(self->fd, o.option, value));
	}
	EXPECT_EQ(-ENOENT, kgc_option_info(self->fd, i, &o));
	for (__u32 id = KGC_OPT_GOGC; id <= KGC_OPT_HARDEN; id++)
		EXPECT_NE(0, seen & 1ULL << id);
	EXPECT_EQ(-ENOENT, kgc_option_info(self->fd, ~0U, &o));
}

/* Any holder of the descriptor may read all options, and set the unprivileged ones. */
TEST_F(heap, privileged_options_are_for_the_administrator)
{
	__u64 privileged = 0, value;
	struct kgc_option_info o;
	int status;
	pid_t pid;

	for (__u32 i = 0; !kgc_option_info(self->fd, i, &o); i++)
		if (o.attributes & KGC_OPTION_PRIVILEGED)
			privileged |= 1ULL << o.option;
	EXPECT_EQ(1ULL << KGC_OPT_VERIFY | 1ULL << KGC_OPT_TRACK_SECTIONS |
		  1ULL << KGC_OPT_EXPEDITE, privileged);
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		if (setresuid(65534, 65534, 65534))
			_exit(2);
		for (__u32 i = 0; !kgc_option_info(self->fd, i, &o); i++) {
			bool ours = !(o.attributes & KGC_OPTION_PRIVILEGED);

			if (kgc_option_get(self->fd, o.option, &value))
				_exit(3);
			/* a privileged option is EPERM for valid and invalid values */
			if (kgc_option_set(self->fd, o.option, value) != (ours ? 0 : -EPERM))
				_exit(4);
			if (!ours && kgc_option_set(self->fd, o.option, 7) != -EPERM)
				_exit(5);
		}
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, kgc_option_set(self->fd, KGC_OPT_TRACK_SECTIONS, 1));
}

TEST_F(heap, members_for_answers_must_be_zero)
{
	struct kgc_access load = { .size = sizeof(load), .value = 1,
				   .handle = node_in(_metadata, self->fd, self->node) };
	struct kgc_type_register type = { .size = sizeof(type), .object_size = 64,
					  .type = 1 };

	EXPECT_EQ(-1, ioctl(self->fd, KGC_LOAD, &load));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(-1, ioctl(self->fd, KGC_TYPE_REGISTER, &type));
	EXPECT_EQ(EINVAL, errno);
	load.value = 0;
	EXPECT_EQ(0, ioctl(self->fd, KGC_LOAD, &load));
	type.type = 0;
	EXPECT_EQ(0, ioctl(self->fd, KGC_TYPE_REGISTER, &type));
	EXPECT_EQ(1, stats_of(self->fd).handles);
}

TEST_F(heap, the_number_of_cycles_is_one_or_two)
{
	EXPECT_EQ(-EINVAL, kgc_collect(self->fd, 0, KGC_COLLECT_WAIT, NULL));
	EXPECT_EQ(-EINVAL, kgc_collect(self->fd, 3, KGC_COLLECT_WAIT, NULL));
	EXPECT_EQ(-EINVAL, kgc_collect(self->fd, ~0U, 0, NULL));
	EXPECT_EQ(0, stats_of(self->fd).num_gc);
}

static bool a_cycle_has_begun(const struct kgc_stats *now, const struct kgc_stats *before)
{
	return now->phase || now->num_gc != before->num_gc;
}

/* Another thread makes the argument read-only during the call. The cycles still ran. */
TEST_F(heap, an_answer_that_cannot_be_given_any_more_is_efault)
{
	struct kgc_collect *arg = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct intruder in = { self->fd, arg, a_cycle_has_begun };
	int err = 0;

	ASSERT_NE(MAP_FAILED, arg);
	for (int tries = 0; !err && tries < 100; tries++) {
		*arg = (struct kgc_collect){ .size = sizeof(*arg), .cycles = 2,
					     .flags = KGC_COLLECT_WAIT };
		ASSERT_TRUE(intruder_begin(&in));
		err = ioctl(self->fd, KGC_COLLECT, arg) ? -errno : 0;
		intruder_end(&in);
		EXPECT_EQ(in.before.num_gc + 2, stats_of(self->fd).num_gc);
	}
	EXPECT_EQ(-EFAULT, err);
}

TEST_HARNESS_MAIN
