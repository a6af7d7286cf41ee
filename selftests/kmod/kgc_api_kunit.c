// SPDX-License-Identifier: GPL-2.0
/*
 * Promises of <linux/kgc.h> that no other client here relies on: bulk copies of
 * references, weak references of a module, objects that several steps or several
 * workers mark, and finalizers given with a type.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kgc.h>
#include <linux/kthread.h>

#include "kmod/gc/heap.h"
#include "uapi/linux/kgc.h"

#define NR_REFS		16
#define NR_NODES	20000
#define LONG_FIELDS	KGC_MAX_FIELDS	/* the most that one step scans */
#define LONG_ELEMENTS	3

struct node {
	KGC_REF(struct node) next;
	u64 id, rest[6];
};

KGC_DEFINE_TYPE(node_desc, struct node, next);

struct refs {
	KGC_REF(struct node) ref[1];
};

static KGC_REF(struct refs) head;
static struct kgc_root root;

/* Make a heap with a root. The verifier checks its mark phases. */
static struct kgc_heap *heap_make(struct kunit *test, u64 verify,
				  struct kgc_type **node)
{
	struct kgc_heap *heap = kgc_heap_create("api", THIS_MODULE);

	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	KUNIT_ASSERT_EQ(test, 0, kgc_option_set(heap, KGC_OPT_VERIFY, verify));
	*node = kgc_type_register(heap, &node_desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(*node));
	kgc_root_add(heap, &root, &head, 1);
	return heap;
}

static void heap_end(struct kgc_heap *heap)
{
	kgc_root_del(heap, &root);
	kgc_heap_destroy(heap);
	memset(&head, 0, sizeof(head));
}

static struct refs *array_make(struct kunit *test, struct kgc_heap *heap,
			       struct kgc_section s, unsigned int n)
{
	static const u32 at_0[] = { 0 };
	struct kgc_type_desc desc = {
		.name = "refs", .size = sizeof(struct refs), .fields = at_0,
		.nr_fields = 1, .flags = KGC_DESC_ARRAY,
	};
	struct kgc_type *type = kgc_type_register(heap, &desc);
	struct refs *refs;

	KUNIT_ASSERT_FALSE(test, IS_ERR(type));
	refs = kgc_alloc_array(s, type, n, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, refs);
	kgc_store(s, &head, refs);
	return refs;
}

static struct node *node_make(struct kunit *test, struct kgc_section s,
			      struct kgc_type *type, u64 id)
{
	struct node *n = kgc_alloc(s, type, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, n);
	n->id = id;
	return n;
}

/* Ranges overlap in both directions while cycles run, and no reference gets lost. */
static void copies_move_like_memmove(struct kunit *test)
{
	struct kgc_type *type;
	struct kgc_heap *heap = heap_make(test, 1, &type);
	struct kgc_section s = kgc_enter(heap);
	struct refs *refs = array_make(test, heap, s, NR_REFS);
	unsigned int i, round;
	u64 cycle;

	for (i = 0; i < NR_REFS; i++)
		kgc_store(s, &refs[i].ref[0], node_make(test, s, type, i));
	kgc_exit(s);
	cycle = kgc_collect_start(heap, 20);
	for (round = 0; round < 200; round++) {
		s = kgc_enter(heap);
		refs = kgc_load(s, &head);
		/* from 0 1 2 3 ... to 0 1 0 1 2 3 ..., and back */
		kgc_copy_refs(s, &refs[2].ref[0], &refs[0].ref[0], NR_REFS - 2);
		KUNIT_EXPECT_EQ(test, 1, kgc_load(s, &refs[1].ref[0])->id);
		for (i = 2; i < NR_REFS; i++)
			KUNIT_EXPECT_EQ(test, i - 2, kgc_load(s, &refs[i].ref[0])->id);
		kgc_copy_refs(s, &refs[0].ref[0], &refs[2].ref[0], NR_REFS - 2);
		for (i = 0; i < NR_REFS - 2; i++)
			KUNIT_EXPECT_EQ(test, i, kgc_load(s, &refs[i].ref[0])->id);
		for (i = NR_REFS - 2; i < NR_REFS; i++)
			kgc_store(s, &refs[i].ref[0], node_make(test, s, type, i));
		kgc_exit(s);
		cond_resched();
	}
	KUNIT_EXPECT_EQ(test, 0, kgc_wait(heap, cycle));
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, NR_REFS + 1, kgc_heap_objects(heap));
	heap_end(heap);
}

/* A module's weak reference gives the object while it lives, and NULL ever after. */
static void weak_references_of_a_module(struct kunit *test)
{
	struct kgc_type *type;
	struct kgc_heap *heap = heap_make(test, 1, &type);
	struct kgc_section s = kgc_enter(heap);
	struct refs *refs = array_make(test, heap, s, 1);
	struct node *n = node_make(test, s, type, 7);
	u64 weak = 0;

	kgc_store(s, &refs->ref[0], n);
	KUNIT_ASSERT_EQ(test, 0, kgc_weak_create(s, n, GFP_KERNEL, &weak));
	KUNIT_EXPECT_NE(test, 0, weak);
	KUNIT_EXPECT_PTR_EQ(test, (void *)n, kgc_weak_get(s, weak));
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	s = kgc_enter(heap);
	n = kgc_weak_get(s, weak);
	KUNIT_ASSERT_NOT_NULL(test, n);
	KUNIT_EXPECT_EQ(test, 7, n->id);
	refs = kgc_load(s, &head);
	kgc_store(s, &refs->ref[0], NULL);
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	s = kgc_enter(heap);
	KUNIT_EXPECT_NULL(test, kgc_weak_get(s, weak));
	kgc_weak_free(s, weak);
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 1, kgc_heap_objects(heap));
	heap_end(heap);
}

/* The first and the last field of each element keep their targets. */
static void elements_of_very_many_fields(struct kunit *test)
{
	struct kgc_type *type, *wide;
	struct kgc_heap *heap = heap_make(test, 1, &type);
	struct kgc_type_desc desc = {
		.name = "wide", .size = 8 * LONG_FIELDS,
		.nr_fields = LONG_FIELDS, .flags = KGC_DESC_ARRAY,
	};
	u32 *offsets = kunit_kcalloc(test, LONG_FIELDS, sizeof(u32), GFP_KERNEL);
	struct kgc_section s;
	unsigned int i, field;
	struct refs *refs;

	KUNIT_ASSERT_NOT_NULL(test, offsets);
	for (i = 0; i < LONG_FIELDS; i++)
		offsets[i] = 8 * i;
	desc.fields = offsets;
	wide = kgc_type_register(heap, &desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(wide));
	s = kgc_enter(heap);
	refs = kgc_alloc_array(s, wide, LONG_ELEMENTS, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, refs);
	kgc_store(s, &head, refs);
	for (i = 0; i < 2 * LONG_ELEMENTS; i++) {
		field = i / 2 * LONG_FIELDS + (i % 2 ? LONG_FIELDS - 1 : 0);
		kgc_store(s, &refs[field].ref[0], node_make(test, s, type, i));
	}
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 1 + 2 * LONG_ELEMENTS, kgc_heap_objects(heap));
	heap_end(heap);
}

/* Workers share the marking if they may use all of the machine's time. */
static void workers_share_a_wide_graph(struct kunit *test)
{
	struct kgc_type *type;
	struct kgc_heap *heap = heap_make(test, 1, &type);
	struct kgc_section s = kgc_enter(heap);
	struct refs *refs;
	unsigned int i, round;

	KUNIT_ASSERT_EQ(test, 0, kgc_option_set(heap, KGC_OPT_CPU_PERCENT, 100));
	refs = array_make(test, heap, s, NR_NODES);
	/* each array node refers to another one, in another span */
	for (i = 0; i < NR_NODES; i++)
		kgc_store(s, &refs[i].ref[0], node_make(test, s, type, i));
	for (i = 0; i < NR_NODES; i++)
		kgc_store(s, &kgc_load(s, &refs[i].ref[0])->next,
			  node_make(test, s, type, NR_NODES + i));
	kgc_exit(s);
	for (round = 0; round < 5; round++)
		KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 1 + 2 * NR_NODES, kgc_heap_objects(heap));
	heap_end(heap);
}

/* kgc and the tracer keep an object that only conservative words refer to. */
static void words_refer(struct kunit *test, u32 flags, unsigned int elements)
{
	struct kgc_type_desc desc = {
		.name = "words", .size = 64,
		.flags = KGC_DESC_CONSERVATIVE | flags,
	};
	unsigned int last = elements * 64 / sizeof(struct refs) - 1;
	struct kgc_type *type, *words;
	struct kgc_heap *heap = heap_make(test, 2, &type);
	struct kgc_section s;
	struct refs *refs;

	words = kgc_type_register(heap, &desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(words));
	s = kgc_enter(heap);
	refs = flags & KGC_DESC_ARRAY ?
		kgc_alloc_array(s, words, elements, GFP_KERNEL) :
		kgc_alloc(s, words, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, refs);
	kgc_store(s, &head, refs);
	kgc_store(s, &refs[last].ref[0], node_make(test, s, type, 1));
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 3));
	KUNIT_EXPECT_EQ(test, 2, kgc_heap_objects(heap));
	heap_end(heap);
}

static void words_are_traced_as_well(struct kunit *test)
{
	words_refer(test, 0, 1);
	words_refer(test, KGC_DESC_ARRAY, 5);
}

/*
 * kgc_alloc_bulk() in a span of two types makes objects of the type asked for: cycles
 * keep a chain through a field that the other type does not have.
 */
static void bulk_beside_another_type(struct kunit *test)
{
	static const u32 at_8[] = { 8 };
	struct kgc_type_desc desc = {
		.name = "other", .size = sizeof(struct node), .fields = at_8,
		.nr_fields = 1,
	};
	struct kgc_type *type, *other;
	struct kgc_heap *heap = heap_make(test, 2, &type);
	struct kgc_section s;
	struct node *nodes[NR_REFS];
	unsigned int i;

	other = kgc_type_register(heap, &desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(other));
	s = kgc_enter(heap);
	node_make(test, s, type, 1);
	KUNIT_EXPECT_NOT_NULL(test, kgc_alloc(s, other, GFP_KERNEL));
	KUNIT_ASSERT_EQ(test, NR_REFS,
			kgc_alloc_bulk(s, type, GFP_KERNEL, NR_REFS,
				       (void **)nodes));
	for (i = 0; i < NR_REFS; i++) {
		KUNIT_EXPECT_NULL(test, memchr_inv(nodes[i], 0,
						   sizeof(struct node)));
		nodes[i]->id = i + 1;
		if (i)
			kgc_store(s, &nodes[i - 1]->next, nodes[i]);
	}
	kgc_store(s, &head, (struct refs *)nodes[0]);
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, NR_REFS, kgc_heap_objects(heap));
	heap_end(heap);
}

static atomic_t finalized;

static void count_finalized(struct kgc_section s, void *obj)
{
	atomic_inc(&finalized);
}

static struct kgc_type *mortal_make(struct kunit *test, struct kgc_heap *heap,
				    struct kgc_type_desc desc)
{
	struct kgc_type *type;

	desc.finalize = count_finalized;
	desc.owner = THIS_MODULE;
	type = kgc_type_register(heap, &desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(type));
	return type;
}

/* Types of four bytes too: without a finalizer their objects would share blocks. */
static void types_have_finalizers(struct kunit *test)
{
	struct kgc_type_desc small = {
		.name = "small", .size = 4, .flags = KGC_DESC_NOSCAN,
	};
	struct kgc_type *type;
	struct kgc_heap *heap = heap_make(test, 0, &type);
	struct kgc_section s;
	unsigned int tries;

	type = mortal_make(test, heap, small);
	atomic_set(&finalized, 0);
	s = kgc_enter(heap);
	KUNIT_EXPECT_NOT_NULL(test, kgc_alloc(s, type, GFP_KERNEL));
	KUNIT_EXPECT_NOT_NULL(test, kgc_alloc(s, type, GFP_KERNEL));
	node_make(test, s, mortal_make(test, heap, node_desc), 0);
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	for (tries = 0; tries < 500 && atomic_read(&finalized) < 3; tries++)
		msleep(20);
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&finalized));
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 0, kgc_heap_objects(heap));
	heap_end(heap);
	KUNIT_EXPECT_EQ(test, 3, atomic_read(&finalized));
}

/* An exchange depends only on the slot's old value, in every phase. */
static void slots_are_exchanged(struct kunit *test)
{
	struct kgc_type *type;
	struct kgc_heap *heap = heap_make(test, 1, &type);
	struct kgc_section s = kgc_enter(heap);
	struct refs *refs = array_make(test, heap, s, 2);
	struct node *one = node_make(test, s, type, 1), *two = node_make(test, s, type, 2);
	unsigned int round;
	u64 cycle;

	kgc_store(s, &refs[0].ref[0], one);
	kgc_store(s, &refs[1].ref[0], two);
	kgc_exit(s);
	cycle = kgc_collect_start(heap, 20);
	for (round = 0; round < 1000; round++) {
		s = kgc_enter(heap);
		refs = kgc_load(s, &head);
		one = kgc_load(s, &refs[0].ref[0]);
		two = kgc_load(s, &refs[1].ref[0]);
		KUNIT_EXPECT_PTR_EQ(test, one, kgc_cmpxchg(s, &refs[0].ref[0], two, NULL));
		KUNIT_EXPECT_PTR_EQ(test, one, kgc_cmpxchg(s, &refs[0].ref[0], one, two));
		KUNIT_EXPECT_PTR_EQ(test, two, kgc_xchg(s, &refs[1].ref[0], one));
		KUNIT_EXPECT_PTR_EQ(test, two, kgc_load(s, &refs[0].ref[0]));
		kgc_exit(s);
		if (round % 10 == 0)
			usleep_range(100, 200);
	}
	KUNIT_EXPECT_EQ(test, 0, kgc_wait(heap, cycle));
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 3, kgc_heap_objects(heap));
	heap_end(heap);
}

struct late_section {
	struct kgc_heap		*heap;
	bool			matched;
	struct completion	done;
};

static int late_section(void *data)
{
	struct late_section *late = data;
	struct kgc_section s = kgc_enter(late->heap);

	/* kgc_exit() goes by the mode; srcu > 1 says that the section is in the table */
	late->matched = KGC_TRACKS(s.mode) == (s.srcu > 1);
	if (!late->matched)
		s.srcu &= 1;
	kgc_exit(s);
	complete(&late->done);
	return 0;
}

/*
 * A section waits for the tracer as it begins. It is in the table of sections to its
 * end, although the phase in which it resumes notes no section.
 */
static void a_section_is_noted_to_its_end(struct kunit *test)
{
	struct kgc_type *type;
	struct late_section late = { .heap = heap_make(test, 0, &type) };
	struct kgc_heap *heap = late.heap;
	struct task_struct *task;
	unsigned int tries, i;

	init_completion(&late.done);
	WRITE_ONCE(heap->sections.halted, true);
	smp_store_release(&heap->front.mode, KGC_MODE_TRACK);	/* kgc_enter() */
	task = kthread_run(late_section, &late, "late_section");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	/* waitqueue_active() has no barrier here; the loop asks again */
	for (tries = 0; tries < 1000 && !waitqueue_active(&heap->sections.resumed); tries++)
		usleep_range(1000, 2000);
	KUNIT_EXPECT_LT(test, tries, 1000U);
	smp_store_release(&heap->front.mode, 0);	/* kgc_enter() */
	WRITE_ONCE(heap->sections.halted, false);
	wake_up_all(&heap->sections.resumed);
	wait_for_completion(&late.done);
	KUNIT_EXPECT_TRUE(test, late.matched);
	for (i = 0; i < KGC_TRACKED; i++)
		KUNIT_EXPECT_EQ(test, 0UL, heap->sections.tracked[i].ip);
	heap_end(heap);
}

static struct kunit_case api_cases[] = {
	KUNIT_CASE(copies_move_like_memmove),
	KUNIT_CASE(weak_references_of_a_module),
	KUNIT_CASE(elements_of_very_many_fields),
	KUNIT_CASE(workers_share_a_wide_graph),
	KUNIT_CASE(words_are_traced_as_well),
	KUNIT_CASE(bulk_beside_another_type),
	KUNIT_CASE(types_have_finalizers),
	KUNIT_CASE(slots_are_exchanged),
	KUNIT_CASE(a_section_is_noted_to_its_end),
	{}
};

static struct kunit_suite api_suite = {
	.name = "kgc_api",
	.test_cases = api_cases,
};

kunit_test_suite(api_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: calls of <linux/kgc.h> that no other client makes");
