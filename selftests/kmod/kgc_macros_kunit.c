// SPDX-License-Identifier: GPL-2.0
/*
 * The macros of <linux/kgc.h> evaluate each argument once, and the types of references
 * are as declared.
 */
#include <kunit/test.h>
#include <linux/kgc.h>

#include "kmod/gc/heap.h"
#include "uapi/linux/kgc.h"

KGC_DECLARE_REF(node_ref, struct node);

struct node {
	struct node_ref next;
	u64 id, rest[6];
};

KGC_DEFINE_TYPE(node_desc, struct node, next);

#define NR_SLOTS	8

static struct node_ref slots[NR_SLOTS], others[NR_SLOTS];
static struct kgc_root roots[2];
static struct kgc_heap *heap;
static struct kgc_type *type;

/* How often macros have evaluated each kind of argument. */
static unsigned int sections, values, sizes, heaps, owners, keys;

static struct kgc_section section(struct kgc_section s)
{
	sections++;
	return s;
}

static struct node *value(struct node *n)
{
	values++;
	return n;
}

static struct kgc_heap *the_heap(void)
{
	heaps++;
	return heap;
}

static struct module *owner(void)
{
	owners++;
	return THIS_MODULE;
}

static size_t size(size_t n)
{
	sizes++;
	return n;
}

static void *key(void *p)
{
	keys++;
	return p;
}

static void never_finalized(struct kgc_section s, void *obj)
{
}

static void never_cleaned(void *arg)
{
}

static void once(struct kunit *test, unsigned int *counter, unsigned int expected)
{
	KUNIT_EXPECT_EQ(test, expected, *counter);
	*counter = 0;
}

static void heap_make(struct kunit *test)
{
	const char *names[2] = { "macros", "wrong" };
	unsigned int i = 0, r = 0, o = 0;

	owners = 0;
	heap = kgc_heap_create(names[i++], owner());
	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	KUNIT_EXPECT_EQ(test, 1U, i);
	once(test, &owners, 1);
	type = kgc_type_register(heap, &node_desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(type));
	memset(slots, 0, sizeof(slots));
	memset(others, 0, sizeof(others));
	sizes = 0;
	heaps = 0;
	kgc_root_add(the_heap(), &roots[r++], &slots[o++], size(NR_SLOTS));
	KUNIT_EXPECT_EQ(test, 1U, r);
	KUNIT_EXPECT_EQ(test, 1U, o);
	once(test, &sizes, 1);
	once(test, &heaps, 1);
	kgc_root_add(heap, &roots[1], others, NR_SLOTS);
}

static void heap_end(struct kunit *test)
{
	KUNIT_EXPECT_EQ(test, 0U, kgc_misused(&heap->report));
	kgc_root_del(heap, &roots[0]);
	kgc_root_del(heap, &roots[1]);
	kgc_heap_destroy(heap);
}

/* Arguments have side effects. Macros promise no order of evaluation. */
static void accesses_look_once(struct kunit *test, struct kgc_section s, struct node *a,
			       struct node *b)
{
	unsigned int i = 0, j;

	kgc_store(section(s), &slots[i++], value(a));
	KUNIT_EXPECT_EQ(test, 1U, i);
	once(test, &sections, 1);
	once(test, &values, 1);
	kgc_store(s, &slots[1], b);

	i = 0;
	KUNIT_EXPECT_TRUE(test, kgc_load(section(s), &slots[i++]) == a);
	KUNIT_EXPECT_EQ(test, 1U, i);
	once(test, &sections, 1);

	KUNIT_EXPECT_TRUE(test, kgc_xchg(section(s), &slots[i++], value(a)) == b);
	KUNIT_EXPECT_EQ(test, 2U, i);
	once(test, &sections, 1);
	once(test, &values, 1);

	i = 1;
	KUNIT_EXPECT_TRUE(test, kgc_cmpxchg(section(s), &slots[i++], value(a), value(b)) == a);
	KUNIT_EXPECT_EQ(test, 2U, i);
	once(test, &sections, 1);
	once(test, &values, 2);

	i = 0;
	j = 0;
	kgc_copy_refs(section(s), &others[i++], &slots[j++], size(NR_SLOTS));
	KUNIT_EXPECT_EQ(test, 1U, i);
	KUNIT_EXPECT_EQ(test, 1U, j);
	once(test, &sections, 1);
	once(test, &sizes, 1);
	KUNIT_EXPECT_TRUE(test, kgc_load(s, &others[1]) == b);
}

static void finalizers_look_once(struct kunit *test, struct kgc_section s, struct node *a)
{
	gfp_t gfp[] = { GFP_KERNEL, 0 };
	struct kgc_cleanup cleanups[2];
	unsigned int i = 0, j;

	KUNIT_EXPECT_EQ(test, 0, kgc_finalize(section(s), value(a), never_finalized, gfp[i++]));
	KUNIT_EXPECT_EQ(test, 1U, i);
	once(test, &sections, 1);
	once(test, &values, 1);

	i = 0;
	j = 0;
	KUNIT_EXPECT_EQ(test, 0, kgc_cleanup_add(section(s), value(a), &cleanups[i++],
						 never_cleaned, key(NULL), gfp[j++]));
	KUNIT_EXPECT_EQ(test, 1U, i);
	KUNIT_EXPECT_EQ(test, 1U, j);
	once(test, &sections, 1);
	once(test, &values, 1);
	once(test, &keys, 1);
	/* the object lives, so its cleanup can still be cancelled */
	KUNIT_EXPECT_TRUE(test, kgc_cleanup_cancel(heap, &cleanups[0]));
}

/* Call every macro. */
static void arguments_are_looked_at_once(struct kunit *test)
{
	struct kgc_section s;
	struct node *a, *b;

	heap_make(test);
	s = kgc_enter(heap);
	a = kgc_alloc(s, type, GFP_KERNEL);
	b = kgc_alloc(s, type, GFP_KERNEL);
	KUNIT_ASSERT_TRUE(test, a && b);
	sections = 0;
	values = 0;
	sizes = 0;
	keys = 0;
	accesses_look_once(test, s, a, b);
	finalizers_look_once(test, s, a);
	/* clients nest macros like this */
	kgc_store(s, &kgc_load(s, &slots[0])->next, kgc_xchg(s, &slots[1], kgc_load(s, &slots[0])));
	KUNIT_EXPECT_TRUE(test, kgc_load(s, &kgc_load(s, &slots[1])->next) == b);
	kgc_exit(s);
	heap_end(test);
}

/* A walk holds the address of a reference, anywhere, without cast or warning. */
static void references_have_a_name(struct kunit *test)
{
	struct kgc_section s;
	struct node_ref *at;
	struct node *n;
	u64 id;

	heap_make(test);
	s = kgc_enter(heap);
	at = &slots[0];
	for (id = 0; id < 10; id++) {
		n = kgc_alloc(s, type, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, n);
		n->id = id;
		kgc_store(s, at, n);
		at = &n->next;
	}
	at = id ? &slots[0] : &n->next;
	while ((n = kgc_load(s, at)) && n->id < 5)
		at = &n->next;
	KUNIT_ASSERT_NOT_NULL(test, n);
	KUNIT_EXPECT_EQ(test, 5ULL, n->id);
	/* remove a node from the middle */
	kgc_store(s, at, kgc_load(s, &n->next));
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 9ULL, kgc_heap_objects(heap));
	heap_end(test);
}

/* A pointer into an object keeps it, small or large; other calls want its start. */
static void the_middle_keeps_the_whole(struct kunit *test)
{
	static const struct {
		size_t size, n;
	} kinds[] = { { 64, 4 }, { 64, 100 }, { 64, 4096 }, { 8, 3 } };
	struct kgc_cleanup cleanup;
	struct kgc_section s;
	unsigned int i;
	u64 *array;

	heap_make(test);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct kgc_type_desc desc = {
			.name = "element", .size = kinds[i].size,
			.flags = KGC_DESC_ARRAY | KGC_DESC_NOSCAN,
		};
		struct kgc_type *elements = kgc_type_register(heap, &desc);
		size_t bytes = kinds[i].size * kinds[i].n;

		/* kgc must not use the descriptor on the stack any more */
		memset(&desc, 0xff, sizeof(desc));
		KUNIT_ASSERT_FALSE(test, IS_ERR(elements));
		s = kgc_enter(heap);
		array = kgc_alloc_array(s, elements, kinds[i].n, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, array);
		array[0] = i + 1;
		array[bytes / 8 - 1] = i + 2;
		kgc_store(s, &slots[i], (struct node *)&array[bytes / 8 - 1]);
		KUNIT_EXPECT_EQ(test, -EINVAL,
				kgc_finalize(s, &array[1], never_finalized, GFP_KERNEL));
		KUNIT_EXPECT_EQ(test, -EINVAL,
				kgc_cleanup_add(s, &array[1], &cleanup, never_cleaned, NULL,
						GFP_KERNEL));
		kgc_exit(s);
	}
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, (u64)ARRAY_SIZE(kinds), kgc_heap_objects(heap));
	s = kgc_enter(heap);
	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		array = (u64 *)kgc_load(s, &slots[i]);
		KUNIT_EXPECT_EQ(test, i + 2, *array);
		array -= kinds[i].size * kinds[i].n / 8 - 1;
		KUNIT_EXPECT_EQ(test, i + 1, array[0]);
	}
	kgc_exit(s);
	heap_end(test);
}

static struct kunit_case macros_cases[] = {
	KUNIT_CASE(arguments_are_looked_at_once),
	KUNIT_CASE(references_have_a_name),
	KUNIT_CASE(the_middle_keeps_the_whole),
	{}
};

static struct kunit_suite macros_suite = {
	.name = "kgc_macros",
	.test_cases = macros_cases,
};

kunit_test_suite(macros_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: the macros of <linux/kgc.h>");
