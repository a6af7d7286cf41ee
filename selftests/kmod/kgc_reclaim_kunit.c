// SPDX-License-Identifier: GPL-2.0
/*
 * A caller may be unable to enter the file system, to do IO, or to wait. kgc obeys the
 * caller's flags in every request that it makes to the page allocator for the caller.
 */
#include <kunit/test.h>
#include <linux/kgc.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/tracepoint.h>

#include "uapi/linux/kgc.h"

#define OBJECTS	20000

struct knot {
	KGC_REF(struct knot) next;
	u64 pad[7];
};

KGC_DEFINE_TYPE(knot_desc, struct knot, next);

struct twin {
	KGC_REF(struct knot) other;
	u64 pad[7];
};

KGC_DEFINE_TYPE(twin_desc, struct twin, other);

struct large {
	u8 bytes[100000];
};

KGC_DEFINE_NOSCAN_TYPE(large_desc, struct large);

/* Make allocations that request every kind of memory, under @lock. */
static void grow(struct kunit *test, struct mutex *lock, gfp_t gfp)
{
	struct kgc_heap *heap = kgc_heap_create("reclaim", THIS_MODULE);
	struct kgc_type *node, *twin, *large;
	struct kgc_section s;
	unsigned int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	node = kgc_type_register(heap, &knot_desc);
	twin = kgc_type_register(heap, &twin_desc);
	large = kgc_type_register(heap, &large_desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(node) || IS_ERR(twin) || IS_ERR(large));
	kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF);
	mutex_lock(lock);
	for (i = 0; i < OBJECTS; i++) {
		s = kgc_enter(heap);
		KUNIT_EXPECT_NOT_NULL(test, kgc_alloc(s, i % 2 ? node : twin, gfp));
		if (i % 1000 == 0)
			KUNIT_EXPECT_NOT_NULL(test, kgc_alloc(s, large, gfp));
		kgc_exit(s);
	}
	mutex_unlock(lock);
	kgc_heap_destroy(heap);
}

/* lockdep reports a request that may enter reclaim, which takes the lock. */
static void nofs_under_a_lock_of_reclaim(struct kunit *test)
{
	static DEFINE_MUTEX(lock);

	if (!IS_ENABLED(CONFIG_LOCKDEP))
		kunit_skip(test, "this kernel has no lockdep");
	fs_reclaim_acquire(GFP_KERNEL);
	mutex_lock(&lock);
	mutex_unlock(&lock);
	fs_reclaim_release(GFP_KERNEL);

	grow(test, &lock, GFP_NOFS);
}

/* ---- what the page allocator is asked for --------------------------------- */

static struct task_struct *watched;
static unsigned int asked;
static gfp_t asked_with;
static struct tracepoint *page_alloc;

static void page_asked_for(void *unused, struct page *page, unsigned int order,
			   gfp_t gfp, int migratetype)
{
	if (current != watched || !in_task())
		return;
	asked++;
	asked_with |= gfp;
}

static void find_page_alloc(struct tracepoint *tp, void *unused)
{
	if (!strcmp(tp->name, "mm_page_alloc"))
		page_alloc = tp;
}

static void watch_begin(struct kunit *test)
{
	for_each_kernel_tracepoint(find_page_alloc, NULL);
	if (!page_alloc)
		kunit_skip(test, "this kernel has no tracepoint mm_page_alloc");
	asked = 0;
	asked_with = 0;
	watched = current;
	KUNIT_ASSERT_EQ(test, 0, tracepoint_probe_register(page_alloc, page_asked_for,
							   NULL));
}

static void watch_end(void)
{
	tracepoint_probe_unregister(page_alloc, page_asked_for, NULL);
	tracepoint_synchronize_unregister();
	watched = NULL;
}

/* Return: the flags of all page requests, except those that create the heap. */
static gfp_t flags_for(struct kunit *test, gfp_t gfp)
{
	struct kgc_heap *heap = kgc_heap_create("flags", THIS_MODULE);
	struct kgc_type *type, *large;
	struct kgc_section s;
	unsigned int i;

	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	type = kgc_type_register(heap, &knot_desc);
	large = kgc_type_register(heap, &large_desc);
	kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF);
	watch_begin(test);
	for (i = 0; i < OBJECTS; i++) {
		s = kgc_enter(heap);
		kgc_alloc(s, type, gfp);
		if (i % 1000 == 0)
			kgc_alloc(s, large, gfp);
		kgc_exit(s);
	}
	watch_end();
	kgc_heap_destroy(heap);
	KUNIT_EXPECT_GE(test, asked, 5);
	return asked_with;
}

static void flags_are_passed_on(struct kunit *test)
{
	static const struct {
		const char *name;
		gfp_t gfp, never;
	} calls[] = {
		{ "GFP_KERNEL", GFP_KERNEL, __GFP_HIGH },
		{ "GFP_NOFS", GFP_NOFS, __GFP_FS | __GFP_HIGH },
		{ "GFP_NOIO", GFP_NOIO, __GFP_FS | __GFP_IO | __GFP_HIGH },
		{ "GFP_NOWAIT", GFP_NOWAIT, __GFP_FS | __GFP_IO | __GFP_HIGH |
		  __GFP_DIRECT_RECLAIM },
		{ "GFP_ATOMIC", GFP_ATOMIC, __GFP_FS | __GFP_IO |
		  __GFP_DIRECT_RECLAIM },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(calls); i++) {
		gfp_t with = flags_for(test, calls[i].gfp);

		KUNIT_EXPECT_EQ_MSG(test, 0, (__force u32)(with & calls[i].never),
				    "%s", calls[i].name);
		/* the request may fail: __GFP_NOFAIL could invoke the OOM killer */
		KUNIT_EXPECT_EQ_MSG(test, 0, (__force u32)(with & __GFP_NOFAIL),
				    "%s", calls[i].name);
	}
	KUNIT_EXPECT_NE(test, 0, (__force u32)(flags_for(test, GFP_KERNEL) & __GFP_FS));
}

static struct kunit_case reclaim_cases[] = {
	KUNIT_CASE(nofs_under_a_lock_of_reclaim),
	KUNIT_CASE(flags_are_passed_on),
	{}
};

static struct kunit_suite reclaim_suite = {
	.name = "kgc_reclaim",
	.test_cases = reclaim_cases,
};

kunit_test_suite(reclaim_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: what a caller may not do is not done for it");
