// SPDX-License-Identifier: GPL-2.0
/*
 * Finalizers of a module: when and how often kgc calls them, what exists at that time,
 * and that a client that ends loses none.
 *
 * kselftest-timeout: 120
 */
#include <linux/delay.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "final_heap.h"

#define NR_MANY		2000
#define PERIOD_MS	200
#define PATIENCE_MS	20000	/* limit for a period to pass, if the CPU is busy */

static u64 cycles_of(struct kgc_heap *heap)
{
	return READ_ONCE(heap->request.done);
}

/* Whether the heap gets to have @nr objects, without a request. */
static bool comes_to(struct kgc_heap *heap, u64 nr)
{
	unsigned int ms;

	for (ms = 0; ms < PATIENCE_MS && kgc_heap_objects(heap) != nr; ms += 20)
		msleep(20);
	return kgc_heap_objects(heap) == nr;
}

static void count_slowly(struct kgc_section s, void *obj)
{
	usleep_range(20, 50);
	atomic_inc(&called);
}

/* ---- when they are called --------------------------------------------------- */

static void a_wait_returns_after_all_calls(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);

	list_make(test, heap, NR_MANY, count_slowly);
	head_clear(heap);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	KUNIT_EXPECT_EQ(test, NR_MANY, atomic_read(&called));
	KUNIT_EXPECT_EQ(test, NR_MANY, kgc_heap_objects(heap));
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 0ULL, kgc_heap_objects(heap));
	heap_end(test, heap);
}

/*
 * A cycle frees finalized objects within the period, even if no thread allocates; no
 * further cycle follows.
 */
static void a_heap_at_rest_frees_what_was_finalized(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	u64 cycles;

	list_make(test, heap, NR_MANY, count);
	head_clear(heap);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	/* only the finalizers start the timer */
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	KUNIT_EXPECT_EQ(test, NR_MANY, atomic_read(&called));
	KUNIT_EXPECT_EQ(test, 0, kgc_option_set(heap, KGC_OPT_PERIOD_MS, PERIOD_MS));
	KUNIT_EXPECT_TRUE(test, comes_to(heap, 0));
	msleep(2 * PERIOD_MS);
	cycles = cycles_of(heap);
	msleep(5 * PERIOD_MS);
	KUNIT_EXPECT_EQ(test, cycles, cycles_of(heap));
	heap_end(test, heap);
}

static void renew(struct kgc_section s, void *obj)
{
	if (!kgc_finalize(s, obj, renew, GFP_KERNEL))
		atomic_inc(&called);
}

/* A finalizer that renews itself costs one cycle a period, and no more. */
static void one_that_renews_itself_has_a_cycle_a_period(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	unsigned long begin, periods;
	u64 cycles;

	KUNIT_EXPECT_EQ(test, 0, kgc_option_set(heap, KGC_OPT_PERIOD_MS, PERIOD_MS));
	list_make(test, heap, 1, renew);
	head_clear(heap);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
	cycles = cycles_of(heap);
	begin = jiffies;
	while (atomic_read(&called) < 4 &&
	       time_before(jiffies, begin + msecs_to_jiffies(PATIENCE_MS)))
		msleep(20);
	cycles = cycles_of(heap) - cycles;
	periods = jiffies_to_msecs(jiffies - begin) / PERIOD_MS;
	KUNIT_EXPECT_GE(test, atomic_read(&called), 4);
	KUNIT_EXPECT_LE(test, cycles, periods + 1);
	heap_end(test, heap);
}

/* A deleted root leads to a cycle within the period too, also if deleted in a section. */
static void a_deleted_root_has_a_cycle_within_the_period(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct kgc_section s;

	list_make(test, heap, 100, NULL);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 0, kgc_option_set(heap, KGC_OPT_PERIOD_MS, PERIOD_MS));
	s = kgc_enter(heap);
	kgc_root_del(heap, &root);
	kgc_exit(s);
	KUNIT_EXPECT_TRUE(test, comes_to(heap, 0));
	kgc_root_add(heap, &root, &head, 1);
	heap_end(test, heap);
}

/* Start cycles until a section begins in ARM. Return: whether one did. */
static bool enter_in_arm(struct kgc_heap *heap, struct kgc_section *s)
{
	unsigned int tries;

	kgc_collect_start(heap, 1);
	for (tries = 0; tries < 10000; tries++) {
		*s = kgc_enter(heap);
		if (s->mode & KGC_MODE_SHADE_NEW)
			return true;
		kgc_exit(*s);
		if (cycles_of(heap) == heap->request.begun)
			kgc_collect_start(heap, 1);
		usleep_range(20, 50);
	}
	return false;
}

/* The cycle under way marks what a section of ARM deletes, so another one must follow. */
static void a_root_deleted_during_a_cycle_has_another(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct kgc_section s;

	list_make(test, heap, 100, NULL);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 0, kgc_option_set(heap, KGC_OPT_PERIOD_MS, PERIOD_MS));
	KUNIT_ASSERT_TRUE(test, enter_in_arm(heap, &s));
	kgc_root_del(heap, &root);
	kgc_exit(s);
	KUNIT_EXPECT_TRUE(test, comes_to(heap, 0));
	kgc_root_add(heap, &root, &head, 1);
	heap_end(test, heap);
}

/* ---- cancelling them --------------------------------------------------------- */

static void a_finalizer_is_cancelled(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct kgc_section s;
	struct node *n;

	list_make(test, heap, 2, count);
	s = kgc_enter(heap);
	n = kgc_load(s, &head);
	KUNIT_EXPECT_EQ(test, 0, kgc_finalize_cancel(s, n));
	KUNIT_EXPECT_EQ(test, -ENOENT, kgc_finalize_cancel(s, n));
	n = kgc_load(s, &n->next);
	KUNIT_EXPECT_EQ(test, 0, kgc_finalize_cancel(s, n));
	/* the object can have another finalizer */
	KUNIT_EXPECT_EQ(test, 0, kgc_finalize(s, n, count, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -EEXIST, kgc_finalize(s, n, count, GFP_KERNEL));
	kgc_store(s, &head, NULL);
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&called));
	KUNIT_EXPECT_EQ(test, 2LL, atomic64_read(&heap->finals.cancelled));
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 0ULL, kgc_heap_objects(heap));
	heap_end(test, heap);
}

/* ---- the end of a client ---------------------------------------------------------- */

static atomic_t resources;
static int add_again;

/* Free what the object owns outside of the heap. */
static void give_back(struct kgc_section s, void *obj)
{
	struct node *n = obj;

	if (n->rest[0])
		atomic_dec(&resources);
	kfree((void *)n->rest[0]);
	n->rest[0] = 0;
	add_again = kgc_finalize(s, obj, give_back, GFP_KERNEL);
}

static void give_back_late(void *arg)
{
	/* at the end of the heap, all finalizers have run before */
	if (add_again == -ESHUTDOWN)
		atomic_cmpxchg(&resources, 1, 0);
	else
		atomic_dec(&resources);
	kfree(arg);
}

static void owners_make(struct kunit *test, struct kgc_heap *heap, unsigned int nr)
{
	struct kgc_section s;
	struct node *n;

	while (nr--) {
		s = kgc_enter(heap);
		n = node_make(test, s, nr);
		n->rest[0] = (unsigned long)kmalloc(100, GFP_KERNEL);
		KUNIT_ASSERT_EQ(test, 0, kgc_finalize(s, n, give_back, GFP_KERNEL));
		atomic_inc(&resources);
		/* some nodes stay on the list, others become garbage */
		if (nr % 3)
			kgc_store(s, &n->next, kgc_load(s, &head));
		kgc_store(s, &head, n);
		kgc_exit(s);
	}
}

static void a_client_that_ends_loses_nothing(struct kunit *test)
{
	unsigned int round;

	for (round = 0; round < 30; round++) {
		struct kgc_heap *heap = heap_make(test);
		struct kgc_cleanup *c = kmalloc(sizeof(*c), GFP_KERNEL);
		struct kgc_section s;

		KUNIT_ASSERT_NOT_NULL(test, c);
		atomic_set(&resources, 0);
		owners_make(test, heap, 300);
		s = kgc_enter(heap);
		KUNIT_ASSERT_EQ(test, 0, kgc_cleanup_add(s, kgc_load(s, &head), c,
							 give_back_late, c, GFP_KERNEL));
		kgc_exit(s);
		atomic_inc(&resources);
		/* the client may end at any point of a cycle */
		kgc_collect_start(heap, 2);
		fsleep(get_random_u32() % 20000);
		kgc_finalizers_drain(heap);
		KUNIT_EXPECT_EQ(test, 0, atomic_read(&resources));
		KUNIT_EXPECT_EQ(test, 0, atomic_read(&heap->finals.nr_pending));
		KUNIT_EXPECT_EQ(test, -EIO, kgc_collect(heap, 1));
		heap_end(test, heap);
	}
	KUNIT_EXPECT_EQ(test, -ESHUTDOWN, add_again);
}

static void never(void *arg)
{
}

/* A heap of another module holds this module until kgc has called the function. */
static void a_function_holds_its_module(struct kunit *test)
{
	struct kgc_heap *heap = heap_of(test, NULL);
	/* the type holds the module once */
	int before = module_refcount(THIS_MODULE);
	struct kgc_cleanup cleanup[2];
	struct kgc_section s;
	struct node *n;

	s = kgc_enter(heap);
	n = node_make(test, s, 0);
	KUNIT_EXPECT_EQ(test, 0, kgc_finalize(s, n, count, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, -EEXIST, kgc_finalize(s, n, count, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, before + 1, module_refcount(THIS_MODULE));
	KUNIT_EXPECT_EQ(test, 0, kgc_finalize_cancel(s, n));
	KUNIT_EXPECT_EQ(test, before, module_refcount(THIS_MODULE));
	KUNIT_EXPECT_EQ(test, 0, kgc_finalize(s, n, count, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, kgc_cleanup_add(s, n, &cleanup[0], never, NULL, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, 0, kgc_cleanup_add(s, n, &cleanup[1], never, NULL, GFP_KERNEL));
	KUNIT_EXPECT_EQ(test, before + 3, module_refcount(THIS_MODULE));
	KUNIT_EXPECT_TRUE(test, kgc_cleanup_cancel(heap, &cleanup[0]));
	KUNIT_EXPECT_EQ(test, before + 2, module_refcount(THIS_MODULE));
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	KUNIT_EXPECT_EQ(test, before + 1, module_refcount(THIS_MODULE));
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	KUNIT_EXPECT_EQ(test, before, module_refcount(THIS_MODULE));
	/* a heap that ends drops finalizers, and their module references */
	list_make(test, heap, 3, count);
	KUNIT_EXPECT_EQ(test, before + 3, module_refcount(THIS_MODULE));
	kgc_root_del(heap, &root);
	kgc_heap_destroy(heap);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&called));
	KUNIT_EXPECT_EQ(test, before - 1, module_refcount(THIS_MODULE));
}

static struct kunit_case final_cases[] = {
	KUNIT_CASE(a_wait_returns_after_all_calls),
	KUNIT_CASE(a_heap_at_rest_frees_what_was_finalized),
	KUNIT_CASE(one_that_renews_itself_has_a_cycle_a_period),
	KUNIT_CASE(a_deleted_root_has_a_cycle_within_the_period),
	KUNIT_CASE(a_root_deleted_during_a_cycle_has_another),
	KUNIT_CASE(a_finalizer_is_cancelled),
	KUNIT_CASE(a_client_that_ends_loses_nothing),
	KUNIT_CASE(a_function_holds_its_module),
	{}
};

static struct kunit_suite final_suite = {
	.name = "kgc_final",
	.test_cases = final_cases,
};

kunit_test_suite(final_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: finalizers");
