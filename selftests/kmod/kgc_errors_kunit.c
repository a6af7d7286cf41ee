// SPDX-License-Identifier: GPL-2.0
/*
 * <linux/kgc.h> answers senseless sizes, counts and layouts with an error each, and the
 * heap is unchanged. docs/uapi.md has the table.
 */
#include <kunit/test.h>
#include <linux/kgc.h>

#include "kmod/gc/heap.h"
#include "uapi/linux/kgc.h"

#define LARGEST		(4UL << 20)	/* on this architecture; KGC_INFO reports it */

static const u32 at_0[] = { 0 }, at_4[] = { 4 }, at_8[] = { 8 }, at_16[] = { 16 };
static const u32 twice[] = { 8, 8 }, descending[] = { 8, 0 }, three[] = { 0, 8, 16 };
static const u32 far[] = { 0xfffffff8 };

static const struct {
	const char *what;
	struct kgc_type_desc desc;
	int err;
} layouts[] = {
	{ "no bytes", { .size = 0 }, -EINVAL },
	{ "no bytes in an element", { .flags = KGC_DESC_ARRAY }, -EINVAL },
	{ "more bytes than an object can have", { .size = LARGEST + 1 }, -EINVAL },
	{ "as many bytes as there are", { .size = SIZE_MAX }, -EINVAL },
	{ "a size whose low half is fine", { .size = (1UL << 32) + 64 }, -EINVAL },
	{ "an alignment of 3", { .size = 64, .align = 3 }, -EINVAL },
	{ "an alignment of 8192", { .size = 64, .align = 8192 }, -EINVAL },
	{ "an alignment of SIZE_MAX", { .size = 64, .align = SIZE_MAX }, -EINVAL },
	{ "an unknown flag", { .size = 64, .flags = 8 }, -EOPNOTSUPP },
	{ "noscan and conservative",
	  { .size = 64, .flags = KGC_DESC_NOSCAN | KGC_DESC_CONSERVATIVE }, -EINVAL },
	{ "noscan with fields",
	  { .size = 64, .flags = KGC_DESC_NOSCAN, .fields = at_0, .nr_fields = 1 }, -EINVAL },
	{ "a misaligned field", { .size = 64, .fields = at_4, .nr_fields = 1 }, -EINVAL },
	{ "a field behind the end", { .size = 16, .fields = at_16, .nr_fields = 1 }, -EINVAL },
	{ "a field across the end", { .size = 12, .fields = at_8, .nr_fields = 1 }, -EINVAL },
	{ "a field far away", { .size = 64, .fields = far, .nr_fields = 1 }, -EINVAL },
	{ "a field in an object too small for one",
	  { .size = 7, .fields = at_0, .nr_fields = 1 }, -EINVAL },
	{ "a field twice", { .size = 64, .fields = twice, .nr_fields = 2 }, -EINVAL },
	{ "fields in disorder", { .size = 64, .fields = descending, .nr_fields = 2 }, -EINVAL },
	{ "more fields than there is room for",
	  { .size = 16, .fields = three, .nr_fields = 3 }, -EINVAL },
	/* kgc checks the count first, and does not read the fields */
	{ "more fields than there may be",
	  { .size = LARGEST, .fields = at_0, .nr_fields = KGC_MAX_FIELDS + 1 }, -EINVAL },
	{ "a count of fields that overflows",
	  { .size = 64, .fields = at_0, .nr_fields = U32_MAX }, -EINVAL },
	{ "misaligned elements with pointers",
	  { .size = 12, .flags = KGC_DESC_ARRAY, .fields = at_0, .nr_fields = 1 }, -EINVAL },
	{ "misaligned conservative elements",
	  { .size = 12, .flags = KGC_DESC_ARRAY | KGC_DESC_CONSERVATIVE }, -EINVAL },
	{ "misaligned elements without",
	  { .size = 12, .flags = KGC_DESC_ARRAY | KGC_DESC_NOSCAN }, 0 },
	{ "one byte", { .size = 1 }, 0 },
	{ "the largest object", { .size = LARGEST }, 0 },
	{ "the largest alignment", { .size = 64, .align = 4096 }, 0 },
	{ "a field in the last word", { .size = 24, .fields = at_16, .nr_fields = 1 }, 0 },
};

static struct kgc_heap *heap_make(struct kunit *test)
{
	struct kgc_heap *heap = kgc_heap_create("errors", THIS_MODULE);

	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	return heap;
}

static void layouts_are_judged(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(layouts); i++) {
		struct kgc_type_desc desc = layouts[i].desc;

		desc.name = layouts[i].what;
		KUNIT_EXPECT_EQ_MSG(test, layouts[i].err,
				    PTR_ERR_OR_ZERO(kgc_type_register(heap, &desc)),
				    "%s", layouts[i].what);
	}
	kgc_heap_destroy(heap);
}

static void counts_are_judged(struct kunit *test)
{
	static const struct {
		size_t size, n;
		bool fits;
	} arrays[] = {
		{ 8, 0, false }, { 8, 1, true }, { 8, LARGEST / 8, true },
		{ 8, LARGEST / 8 + 1, false }, { 8, SIZE_MAX, false },
		{ 8, SIZE_MAX / 8 + 1, false }, { 8, (1UL << 61) + 1, false },
		{ 24, SIZE_MAX / 24 + 1, false }, { LARGEST, 1, true },
		{ LARGEST, 2, false }, { LARGEST, SIZE_MAX, false },
		{ 12, 3, true }, { 12, LARGEST / 12 + 1, false },
	};
	struct kgc_heap *heap = heap_make(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(arrays); i++) {
		struct kgc_type_desc desc = {
			.name = "element", .size = arrays[i].size,
			.flags = KGC_DESC_ARRAY | KGC_DESC_NOSCAN,
		};
		struct kgc_type *type = kgc_type_register(heap, &desc);
		struct kgc_section s;
		u8 *array;

		KUNIT_ASSERT_FALSE(test, IS_ERR(type));
		s = kgc_enter(heap);
		array = kgc_alloc_array(s, type, arrays[i].n, GFP_KERNEL);
		KUNIT_EXPECT_EQ_MSG(test, arrays[i].fits, !!array, "%zu of %zu bytes",
				    arrays[i].n, arrays[i].size);
		if (array && arrays[i].fits) {
			array[0] = 1;
			array[arrays[i].n * arrays[i].size - 1] = 1;
		}
		kgc_exit(s);
	}
	KUNIT_EXPECT_EQ(test, 4, kgc_heap_objects(heap));
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 0, kgc_heap_objects(heap));
	kgc_heap_destroy(heap);
}

/* Addresses have the requested alignment, at sizes around each power of two. */
static void alignment_is_kept(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	size_t align, size;
	int around;

	for (align = 1; align <= 4096; align *= 2) {
		for (size = 1; size <= 65536; size *= 2) {
			for (around = -1; around <= 1; around++) {
				struct kgc_type_desc desc = {
					.name = "aligned", .align = align,
					.size = size + around ?: 3,
				};
				struct kgc_type *type = kgc_type_register(heap, &desc);
				struct kgc_section s;
				void *obj;

				KUNIT_ASSERT_FALSE(test, IS_ERR(type));
				s = kgc_enter(heap);
				obj = kgc_alloc(s, type, GFP_KERNEL);
				kgc_exit(s);
				KUNIT_ASSERT_NOT_NULL(test, obj);
				KUNIT_EXPECT_EQ_MSG(test, 0, (unsigned long)obj % align,
						    "%zu bytes aligned to %zu",
						    desc.size, align);
			}
		}
	}
	kgc_heap_destroy(heap);
}

static void bulk_of_nothing_is_nothing(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct kgc_type_desc desc = { .size = 16 };	/* the name is optional */
	struct kgc_type *type = kgc_type_register(heap, &desc);
	void *untouched = heap;
	struct kgc_section s;

	KUNIT_ASSERT_FALSE(test, IS_ERR(type));
	s = kgc_enter(heap);
	KUNIT_EXPECT_EQ(test, 0, kgc_alloc_bulk(s, type, GFP_KERNEL, 0, &untouched));
	kgc_exit(s);
	KUNIT_EXPECT_PTR_EQ(test, untouched, (void *)heap);
	KUNIT_EXPECT_EQ(test, 0, kgc_heap_objects(heap));
	kgc_heap_destroy(heap);
}

#define BLOCK	8192

/* The heap holds no more than the limit, and too little is left for a block. */
static void expect_full(struct kunit *test, struct kgc_heap *heap)
{
	u64 held = atomic64_read(&heap->alloc.limit.held);

	KUNIT_EXPECT_LE(test, held, 1ULL << 20);
	KUNIT_EXPECT_GT(test, held + BLOCK + 1024, 1ULL << 20);
}

static void limits_are_clean(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct kgc_type_desc desc = { .name = "block", .size = BLOCK };
	struct kgc_type *type = kgc_type_register(heap, &desc);
	unsigned int n = 0, again = 0;
	struct kgc_section s;

	KUNIT_ASSERT_FALSE(test, IS_ERR(type));
	kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF);
	KUNIT_EXPECT_EQ(test, 0, kgc_option_set(heap, KGC_OPT_HARD_LIMIT, 1 << 20));
	s = kgc_enter(heap);
	while (kgc_alloc(s, type, GFP_KERNEL))
		n++;
	kgc_exit(s);
	/* the rest is metadata, which counts against the limit too */
	KUNIT_EXPECT_GE(test, n, 64);
	KUNIT_EXPECT_LE(test, n, 128);
	expect_full(test, heap);
	KUNIT_EXPECT_EQ(test, n, kgc_heap_objects(heap));
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	s = kgc_enter(heap);
	while (kgc_alloc(s, type, GFP_KERNEL))
		again++;
	kgc_exit(s);
	/* the first round's spans and arenas may have left metadata */
	KUNIT_EXPECT_GE(test, again, n - 2);
	KUNIT_EXPECT_LE(test, again, 128);
	expect_full(test, heap);
	kgc_heap_destroy(heap);
}

static struct kunit_case errors_cases[] = {
	KUNIT_CASE(layouts_are_judged),
	KUNIT_CASE(counts_are_judged),
	KUNIT_CASE(alignment_is_kept),
	KUNIT_CASE(bulk_of_nothing_is_nothing),
	KUNIT_CASE(limits_are_clean),
	{}
};

static struct kunit_suite errors_suite = {
	.name = "kgc_errors",
	.test_cases = errors_cases,
};

kunit_test_suite(errors_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: sizes, counts and layouts that make no sense");
