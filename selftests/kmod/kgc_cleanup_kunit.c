// SPDX-License-Identifier: GPL-2.0
/*
 * Cleanups of a module: kgc calls each one once, outside of sections, after the end of
 * its object, unless the module has cancelled it.
 *
 * kselftest-timeout: 120
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/random.h>

#include "final_heap.h"

#define NR_CLEANUPS	5

struct marked {
	struct kgc_cleanup cleanup;
	unsigned int turn;	/* position in the order of calls, from 1 on */
};

static struct marked marked[NR_CLEANUPS];

static void mark(void *arg)
{
	struct marked *m = arg;

	m->turn = atomic_inc_return(&called);
}

static void cleanups_add(struct kunit *test, struct kgc_section s, struct node *n)
{
	unsigned int i;

	memset(marked, 0, sizeof(marked));
	for (i = 0; i < NR_CLEANUPS; i++)
		KUNIT_ASSERT_EQ(test, 0, kgc_cleanup_add(s, n, &marked[i].cleanup, mark,
							 &marked[i], GFP_KERNEL));
}

/* One cycle frees an object and all it reaches; then kgc calls its several cleanups. */
static void cleanups_follow_the_end_of_an_object(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct kgc_section s;
	unsigned int i;

	list_make(test, heap, 100, NULL);
	s = kgc_enter(heap);
	cleanups_add(test, s, kgc_load(s, &head));
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&called));
	head_clear(heap);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
	KUNIT_EXPECT_EQ(test, 0ULL, kgc_heap_objects(heap));
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	for (i = 0; i < NR_CLEANUPS; i++)
		KUNIT_EXPECT_EQ(test, i + 1, marked[i].turn);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&heap->finals.nr_cleanups));
	heap_end(test, heap);
}

/* Cancel cleanups of an object in any order; the rest are still called. */
static void cleanups_are_cancelled(struct kunit *test)
{
	static const unsigned int order[NR_CLEANUPS] = { 2, 0, 4, 3, 1 };
	unsigned int i, left;

	for (left = 0; left <= NR_CLEANUPS; left++) {
		struct kgc_heap *heap = heap_make(test);
		struct kgc_section s;

		list_make(test, heap, 1, NULL);
		s = kgc_enter(heap);
		cleanups_add(test, s, kgc_load(s, &head));
		kgc_exit(s);
		for (i = left; i < NR_CLEANUPS; i++) {
			struct kgc_cleanup *c = &marked[order[i]].cleanup;

			KUNIT_EXPECT_TRUE(test, kgc_cleanup_cancel(heap, c));
			KUNIT_EXPECT_FALSE(test, kgc_cleanup_cancel(heap, c));
		}
		KUNIT_EXPECT_EQ(test, (int)left, atomic_read(&heap->finals.nr_cleanups));
		head_clear(heap);
		KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
		KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
		KUNIT_EXPECT_EQ(test, (int)left, atomic_read(&called));
		for (i = 0; i < NR_CLEANUPS; i++) {
			KUNIT_EXPECT_EQ(test, i < left, !!marked[order[i]].turn);
			KUNIT_EXPECT_FALSE(test, kgc_cleanup_cancel(heap,
								    &marked[i].cleanup));
		}
		heap_end(test, heap);
	}
}

static bool bring_back;

static void finalize_marked(struct kgc_section s, void *obj)
{
	/* a cleanup that ran too early would have counted before */
	if (atomic_inc_return(&called) == 1 && bring_back)
		kgc_store(s, &head, (struct node *)obj);
}

/* The finalizer may use or revive what it reaches, so cleanups of that come later. */
static void cleanups_come_after_the_finalizer(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct kgc_section s;
	struct node *n;

	bring_back = true;
	list_make(test, heap, 2, NULL);
	s = kgc_enter(heap);
	n = kgc_load(s, &head);
	KUNIT_ASSERT_EQ(test, 0, kgc_finalize(s, n, finalize_marked, GFP_KERNEL));
	/* the cleanups belong to an object that the finalizer reaches */
	cleanups_add(test, s, kgc_load(s, &n->next));
	kgc_store(s, &head, NULL);
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 3));
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&called));
	KUNIT_EXPECT_EQ(test, 2ULL, kgc_heap_objects(heap));
	head_clear(heap);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	KUNIT_EXPECT_EQ(test, 1 + NR_CLEANUPS, atomic_read(&called));
	KUNIT_EXPECT_EQ(test, 2U, marked[0].turn);
	KUNIT_EXPECT_EQ(test, 0ULL, kgc_heap_objects(heap));
	heap_end(test, heap);
}

struct sleeper {
	struct kgc_heap		*heap;
	struct kgc_cleanup	cleanup;
	struct completion	inside, leave;
};

static void sleep_in_cleanup(void *arg)
{
	struct sleeper *sl = arg;

	kgc_root_del(sl->heap, &root);
	complete(&sl->inside);
	wait_for_completion(&sl->leave);
}

/* Return when the cleanup of a dead object has begun, and sleeps until @sl->leave. */
static void sleeper_begin(struct kunit *test, struct kgc_heap *heap, struct sleeper *sl)
{
	struct kgc_section s = kgc_enter(heap);

	sl->heap = heap;
	init_completion(&sl->inside);
	init_completion(&sl->leave);
	KUNIT_ASSERT_EQ(test, 0, kgc_cleanup_add(s, node_make(test, s, 0), &sl->cleanup,
						 sleep_in_cleanup, sl, GFP_KERNEL));
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
	wait_for_completion(&sl->inside);
}

/* A cleanup that sleeps holds up no cycle, and may delete roots. */
static void a_cleanup_that_sleeps_is_in_no_section(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct sleeper sl;

	sleeper_begin(test, heap, &sl);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	complete(&sl.leave);
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	kgc_root_add(heap, &root, &head, 1);
	heap_end(test, heap);
}

#define NR_PLACES	64

struct place {
	struct kgc_cleanup	cleanup;
	bool			taken;
};

struct churn {
	struct kgc_heap		*heap;
	unsigned int		added, off, late;
	struct place		place[NR_PLACES];
};

static void leave_place(void *arg)
{
	struct place *p = arg;

	atomic_inc(&called);
	smp_store_release(&p->taken, false);	/* churn_once() */
}

/* Add a cleanup to an object that dies soon, or cancel an earlier one. */
static void churn_once(struct churn *ch, struct place *p)
{
	struct kgc_section s;
	struct node *n;

	/* the effects of the cleanup are visible: pairs with leave_place() */
	if (smp_load_acquire(&p->taken)) {
		if (kgc_cleanup_cancel(ch->heap, &p->cleanup)) {
			p->taken = false;
			ch->off++;
		} else if (!kgc_finalizers_wait(ch->heap) && READ_ONCE(p->taken)) {
			/* the object was found dead, but the cleanup was not called */
			ch->late++;
		}
		return;
	}
	s = kgc_enter(ch->heap);
	n = kgc_load(s, &head);
	if (!n || get_random_u32() % 3 == 0) {
		n = kgc_alloc(s, type, GFP_KERNEL);
		kgc_store(s, &head, n);
	}
	p->taken = true;
	if (n && !kgc_cleanup_add(s, n, &p->cleanup, leave_place, p, GFP_KERNEL))
		ch->added++;
	else
		p->taken = false;
	kgc_exit(s);
}

static int churn(void *data)
{
	struct churn *ch = data;

	while (!kthread_should_stop()) {
		churn_once(ch, &ch->place[get_random_u32() % NR_PLACES]);
		cond_resched();
	}
	return 0;
}

/* Each cleanup is called once or cancelled, while cycles look at the objects. */
static void each_is_called_or_cancelled(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct churn *ch = kunit_kzalloc(test, sizeof(*ch), GFP_KERNEL);
	struct task_struct *task;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, ch);
	ch->heap = heap;
	task = kthread_run(churn, ch, "kgc_churn");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (i = 0; i < 30; i++)
		KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
	kthread_stop(task);
	head_clear(heap);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	KUNIT_EXPECT_EQ(test, ch->added, ch->off + atomic_read(&called));
	KUNIT_EXPECT_EQ(test, (long long)ch->off, atomic64_read(&heap->finals.cancelled));
	KUNIT_EXPECT_GT(test, ch->off, 0U);
	KUNIT_EXPECT_EQ(test, 0U, ch->late);
	KUNIT_EXPECT_GT(test, atomic_read(&called), 0);
	KUNIT_EXPECT_EQ(test, 0ULL, kgc_heap_objects(heap));
	heap_end(test, heap);
}

static void a_slow_call_is_counted(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct sleeper sl;

	sleeper_begin(test, heap, &sl);
	KUNIT_EXPECT_PTR_EQ(test, (void *)sleep_in_cleanup, (void *)heap->due_queue.calling);
	KUNIT_EXPECT_NE(test, 0ULL, heap->due_queue.calling_ns);
	msleep(KGC_DUE_SLOW_MS + 20);
	complete(&sl.leave);
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	KUNIT_EXPECT_EQ(test, 1ULL, heap->due_queue.slow);
	KUNIT_EXPECT_GE(test, heap->due_queue.longest_call_ns, KGC_DUE_SLOW_MS * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, 0ULL, heap->due_queue.calling_ns);
	kgc_root_add(heap, &root, &head, 1);
	heap_end(test, heap);
}

/* As documented, a heap that ends drops cleanups unless the client has drained them. */
static void the_end_of_a_heap_drops_the_others(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct kgc_section s;

	list_make(test, heap, 100, count);
	s = kgc_enter(heap);
	cleanups_add(test, s, kgc_load(s, &head));
	kgc_exit(s);
	heap_end(test, heap);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&called));
}

static struct kunit_case cleanup_cases[] = {
	KUNIT_CASE(cleanups_follow_the_end_of_an_object),
	KUNIT_CASE(cleanups_are_cancelled),
	KUNIT_CASE(cleanups_come_after_the_finalizer),
	KUNIT_CASE(a_cleanup_that_sleeps_is_in_no_section),
	KUNIT_CASE(each_is_called_or_cancelled),
	KUNIT_CASE(a_slow_call_is_counted),
	KUNIT_CASE(the_end_of_a_heap_drops_the_others),
	{}
};

static struct kunit_suite cleanup_suite = {
	.name = "kgc_cleanup",
	.test_cases = cleanup_cases,
};

kunit_test_suite(cleanup_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: cleanups");
