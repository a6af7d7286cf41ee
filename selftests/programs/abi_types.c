// SPDX-License-Identifier: GPL-2.0
/*
 * KGC_TYPE_REGISTER accepts valid types and refuses all others. Objects have the type
 * and size that was registered, and begin as zero.
 */
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "heap.h"

struct refusal {
	const char *why;
	__u32 size, align, flags, nr;
	struct kgc_field fields[3];
};

static const struct refusal refusals[] = {
	{ "size 0", 0 },
	{ "array of elements of size 0", 0, 0, KGC_TYPE_ARRAY },
	{ "alignment 3", 16, 3 },
	{ "alignment 24", 16, 24 },
	{ "alignment 8192", 16, 8192 },
	{ "alignment ~0", 16, ~0U },
	{ "unaligned field", 16, 0, 0, 1, { { 4, 0 } } },
	{ "field beyond the object", 16, 0, 0, 1, { { 16, 0 } } },
	{ "field half outside", 20, 0, 0, 1, { { 16, 0 } } },
	{ "field at 4 GiB - 8", 16, 0, 0, 1, { { 0xfffffff8, 0 } } },
	{ "repeated field", 24, 0, 0, 2, { { 8, 0 }, { 8, 0 } } },
	{ "descending fields", 24, 0, 0, 2, { { 8, 0 }, { 0, 0 } } },
	{ "more fields than words", 16, 0, 0, 3,
	  { { 0, 0 }, { 8, 0 }, { 16, 0 } } },
	{ "fields in an object below a word", 7, 0, 0, 1, { { 0, 0 } } },
	{ "unknown target", 16, 0, 0, 1, { { 0, 4000 } } },
	{ "target ~0 - 1", 16, 0, 0, 1, { { 0, 0xfffffffe } } },
	{ "noscan with fields", 16, 0, KGC_TYPE_NOSCAN, 1, { { 0, 0 } } },
	{ "conservative with fields", 16, 0, KGC_TYPE_CONSERVATIVE, 1,
	  { { 0, 0 } } },
	{ "noscan and conservative", 16, 0,
	  KGC_TYPE_NOSCAN | KGC_TYPE_CONSERVATIVE },
	{ "element of 12 bytes", 12, 0, KGC_TYPE_ARRAY, 1, { { 0, 0 } } },
	{ "conservative element of 12 bytes", 12, 0,
	  KGC_TYPE_ARRAY | KGC_TYPE_CONSERVATIVE },
};

TEST_F(heap, what_is_no_type_is_einval)
{
	__u32 types = stats_of(self->fd).types;

	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *bad = &refusals[i];

		EXPECT_EQ(-EINVAL, kgc_type_register_aligned(self->fd, NULL,
				bad->size, bad->align, bad->flags, bad->fields,
				bad->nr)) {
			TH_LOG("%s", bad->why);
		}
	}
	EXPECT_EQ(-EINVAL, kgc_type_register(self->fd, NULL,
			self->info.max_object + 1, KGC_TYPE_NOSCAN, NULL, 0));
	EXPECT_EQ(-EINVAL, kgc_type_register(self->fd, NULL, ~0U,
					     KGC_TYPE_NOSCAN, NULL, 0));
	EXPECT_EQ(types, stats_of(self->fd).types);
}

TEST_F(heap, a_count_of_fields_beyond_the_object_reads_no_memory)
{
	static const struct kgc_field field = { 0, KGC_TYPE_ANY };

	EXPECT_EQ(-EINVAL, kgc_type_register(self->fd, NULL, 16, 0, &field,
					     ~0U));
	EXPECT_EQ(-EINVAL, kgc_type_register(self->fd, NULL, 16, 0, &field,
					     1U << 29));
}

TEST_F(heap, a_name_ends_within_its_32_bytes)
{
	char name[KGC_TYPE_NAME_MAX + 1];
	char *edge = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memset(name, 'n', sizeof(name));
	name[KGC_TYPE_NAME_MAX] = '\0';
	EXPECT_EQ(-ENAMETOOLONG, kgc_type_register(self->fd, name, 8, 0, NULL,
						   0));
	name[KGC_TYPE_NAME_MAX - 1] = '\0';
	EXPECT_LT(0, kgc_type_register(self->fd, name, 8, 0, NULL, 0));
	/* The kernel does not read a name beyond its NUL. */
	ASSERT_NE(MAP_FAILED, edge);
	ASSERT_EQ(0, munmap(edge + 4096, 4096));
	strcpy(edge + 4096 - 3, "ab");
	EXPECT_LT(0, kgc_type_register(self->fd, edge + 4096 - 3, 8, 0, NULL,
				       0));
	edge[4095] = 'c';
	EXPECT_EQ(-EFAULT, kgc_type_register(self->fd, edge + 4096 - 3, 8, 0,
					     NULL, 0));
}

TEST_F(heap, descriptions_that_cannot_be_read_are_efault)
{
	__u32 types = stats_of(self->fd).types;

	EXPECT_EQ(-EFAULT, kgc_type_register(self->fd, (char *)8, 8, 0, NULL,
					     0));
	EXPECT_EQ(-EFAULT, kgc_type_register(self->fd, NULL, 16, 0, NULL, 1));
	EXPECT_EQ(-EFAULT, kgc_type_register(self->fd, NULL, 16, 0,
			(struct kgc_field *)0xffff888000000000UL, 1));
	EXPECT_EQ(types, stats_of(self->fd).types);
}

TEST_F(heap, fields_at_an_odd_address_are_fields)
{
	static const struct kgc_field fields[] = { { 0, KGC_TYPE_ANY }, { 16, KGC_TYPE_ANY } };
	char bytes[sizeof(fields) + 1];
	__u64 object;
	int type;

	memcpy(bytes + 1, fields, sizeof(fields));
	type = kgc_type_register(self->fd, NULL, 24, 0, (void *)(bytes + 1), 2);
	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &object));
	EXPECT_EQ(0, kgc_store(self->fd, object, 0, object));
	EXPECT_EQ(-EINVAL, kgc_store(self->fd, object, 8, object));
	EXPECT_EQ(0, kgc_store(self->fd, object, 16, object));
}

TEST_F(heap, an_object_has_its_type_and_size_and_begins_as_zero)
{
	static const __u32 sizes[] = {
		1, 2, 7, 8, 15, 16, 17, 24, 100, 1000, 1024, 5000, 32768, 32769,
		100000,
	};
	static char bytes[100000];
	__u32 found, size;
	__u64 object;

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		int type = kgc_type_register(self->fd, NULL, sizes[i],
					     KGC_TYPE_NOSCAN, NULL, 0);

		ASSERT_GT(type, 0);
		ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &object));
		ASSERT_EQ(0, kgc_object_info(self->fd, object, &found, &size));
		EXPECT_EQ(type, found);
		EXPECT_EQ(sizes[i], size);
		memset(bytes, 1, sizeof(bytes));
		ASSERT_EQ(0, kgc_read(self->fd, object, 0, bytes, sizes[i]));
		for (__u32 j = 0; j < sizes[i]; j++) {
			ASSERT_EQ(0, bytes[j]) {
				TH_LOG("byte %u of %u", j, sizes[i]);
			}
		}
		EXPECT_EQ(-EINVAL, kgc_read(self->fd, object, sizes[i], bytes,
					    1));
		/* Leave dirty memory behind: objects that reuse it must begin as zero. */
		memset(bytes, 0xff, sizeof(bytes));
		ASSERT_EQ(0, kgc_write(self->fd, object, 0, bytes, sizes[i]));
		ASSERT_EQ(0, kgc_drop(self->fd, object));
		if (i % 4 == 3)
			ASSERT_EQ(0, collect_all(self->fd));
	}
}

/* Return: whether the object was all zero. If so, fill it with other bytes. */
static bool clean(int heap, __u64 object, __u32 size)
{
	static char bytes[50000];

	memset(bytes, 1, size);
	if (kgc_read(heap, object, 0, bytes, size))
		return false;
	for (__u32 i = 0; i < size; i++)
		if (bytes[i])
			return false;
	memset(bytes, 0xa5, size);
	return !kgc_write(heap, object, 0, bytes, size);
}

/* Every other object lives on, so new objects get the dead slots of the same spans. */
TEST_F(heap, reused_memory_begins_as_zero)
{
	enum { NR = 400 };
	static const struct { __u32 size, nr; } cases[] = {
		{ 12, NR }, { 16, NR }, { 200, NR }, { 4000, 60 }, { 50000, 20 },
	};
	static __u64 handles[NR];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		__u32 size = cases[i].size, nr = cases[i].nr;
		int type = kgc_type_register(self->fd, NULL, size,
					     KGC_TYPE_NOSCAN, NULL, 0);

		ASSERT_GT(type, 0);
		for (__u32 j = 0; j < nr; j++) {
			ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &handles[j]));
			ASSERT_TRUE(clean(self->fd, handles[j], size));
		}
		for (int round = 0; round < 3; round++) {
			for (__u32 j = round % 2; j < nr; j += 2)
				ASSERT_EQ(0, kgc_drop(self->fd, handles[j]));
			ASSERT_EQ(0, collect_all(self->fd));
			for (__u32 j = round % 2; j < nr; j += 2) {
				ASSERT_EQ(0, kgc_alloc(self->fd, type, 0,
						       &handles[j]));
				ASSERT_TRUE(clean(self->fd, handles[j], size)) {
					TH_LOG("size %u, round %d", size, round);
				}
			}
		}
	}
}

TEST_F(heap, conservative_types_need_the_right_to_see_addresses)
{
	int status;
	pid_t pid = fork();

	ASSERT_GE(pid, 0);
	if (!pid) {
		/* user "nobody", with a descriptor that root opened */
		if (setresuid(65534, 65534, 65534))
			_exit(2);
		if (kgc_type_register(self->fd, NULL, 64, KGC_TYPE_CONSERVATIVE,
				      NULL, 0) != -EPERM)
			_exit(3);
		_exit(kgc_type_register(self->fd, NULL, 64, KGC_TYPE_NOSCAN,
					NULL, 0) < 0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST_F(heap, conservative_words_keep_what_they_point_to)
{
	int guess = kgc_type_register(self->fd, "guess", 64,
				      KGC_TYPE_CONSERVATIVE, NULL, 0);
	__u64 object, target, found, word = 1;

	ASSERT_GT(guess, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, guess, 0, &object));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &target));
	ASSERT_EQ(0, kgc_store(self->fd, object, 40, target));
	ASSERT_EQ(0, kgc_drop(self->fd, target));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(2, stats_of(self->fd).heap_objects);
	ASSERT_EQ(0, kgc_load(self->fd, object, 40, &found));
	EXPECT_NE(0, found);
	ASSERT_EQ(0, kgc_drop(self->fd, found));
	/* A read returns 0 for an address, and other words as they were written. */
	ASSERT_EQ(0, kgc_read(self->fd, object, 40, &word, 8));
	EXPECT_EQ(0, word);
	word = ID_TAG | 5;
	ASSERT_EQ(0, kgc_write(self->fd, object, 8, &word, 8));
	word = 0;
	ASSERT_EQ(0, kgc_read(self->fd, object, 8, &word, 8));
	EXPECT_EQ(ID_TAG | 5, word);
	/* A word that is no address loads as NULL. */
	ASSERT_EQ(0, kgc_load(self->fd, object, 8, &found));
	EXPECT_EQ(0, found);
	/* Writing bytes over the pointer lets the target go. */
	ASSERT_EQ(0, kgc_write(self->fd, object, 40, "12345678", 8));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(1, stats_of(self->fd).heap_objects);
}

TEST_HARNESS_MAIN
