/* SPDX-License-Identifier: GPL-2.0 */
/* A heap with one root; counts finalizer and cleanup calls. Two suites use it. */
#ifndef SELFTESTS_FINAL_HEAP_H
#define SELFTESTS_FINAL_HEAP_H

#include <kunit/test.h>
#include <linux/kgc.h>

#include "kmod/gc/heap.h"
#include "uapi/linux/kgc.h"

struct node {
	KGC_REF(struct node) next;
	u64 id, rest[6];
};

KGC_DEFINE_TYPE(node_desc, struct node, next);

static KGC_REF(struct node) head;
static struct kgc_root root;
static struct kgc_type *type;
static atomic_t called;

static struct kgc_heap *heap_of(struct kunit *test, struct module *owner)
{
	struct kgc_heap *heap = kgc_heap_create("final", owner);

	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	KUNIT_ASSERT_EQ(test, 0, kgc_option_set(heap, KGC_OPT_VERIFY, 1));
	type = kgc_type_register(heap, &node_desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(type));
	memset(&head, 0, sizeof(head));
	kgc_root_add(heap, &root, &head, 1);
	atomic_set(&called, 0);
	return heap;
}

static struct kgc_heap *heap_make(struct kunit *test)
{
	return heap_of(test, THIS_MODULE);
}

static void heap_end(struct kunit *test, struct kgc_heap *heap)
{
	KUNIT_EXPECT_EQ(test, 0U, kgc_misused(&heap->report));
	KUNIT_EXPECT_EQ(test, 0ULL, heap->report.errors);
	kgc_root_del(heap, &root);
	kgc_heap_destroy(heap);
}

static struct node *node_make(struct kunit *test, struct kgc_section s, u64 id)
{
	struct node *n = kgc_alloc(s, type, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, n);
	n->id = id;
	return n;
}

/* Make a list of @nr nodes, whose first node is in head. */
static __maybe_unused void list_make(struct kunit *test, struct kgc_heap *heap,
				     unsigned int nr, kgc_finalizer_t fn)
{
	struct kgc_section s = kgc_enter(heap);
	struct node *n;

	while (nr--) {
		n = node_make(test, s, nr);
		kgc_store(s, &n->next, kgc_load(s, &head));
		kgc_store(s, &head, n);
		if (fn)
			KUNIT_ASSERT_EQ(test, 0, kgc_finalize(s, n, fn, GFP_KERNEL));
	}
	kgc_exit(s);
}

static void head_clear(struct kgc_heap *heap)
{
	struct kgc_section s = kgc_enter(heap);

	kgc_store(s, &head, NULL);
	kgc_exit(s);
}

static void count(struct kgc_section s, void *obj)
{
	atomic_inc(&called);
}

#endif /* SELFTESTS_FINAL_HEAP_H */
