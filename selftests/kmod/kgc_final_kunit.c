// SPDX-License-Identifier: GPL-2.0
/*
 * Finalizers and cleanups of a module: when they are called, how often, what is there
 * then, and that a client that ends loses none.
 *
 * kselftest-timeout: 120
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kgc.h>
#include <linux/kthread.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "kmod/gc/heap.h"
#include "uapi/linux/kgc.h"

#define NR_MANY		2000
#define PERIOD_MS	200
#define PATIENCE_MS	20000	/* for what takes a period, on a busy machine */

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

/* @nr nodes behind each other, the first of them in head. */
static void list_make(struct kunit *test, struct kgc_heap *heap, unsigned int nr,
		      kgc_finalizer_t fn)
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

static u64 cycles_of(struct kgc_heap *heap)
{
	return READ_ONCE(heap->request.done);
}

/* Whether the heap comes to have @nr objects, by itself. */
static bool comes_to(struct kgc_heap *heap, u64 nr)
{
	unsigned int ms;

	for (ms = 0; ms < PATIENCE_MS && kgc_heap_objects(heap) != nr; ms += 20)
		msleep(20);
	return kgc_heap_objects(heap) == nr;
}

static void count(struct kgc_section s, void *obj)
{
	atomic_inc(&called);
}

static void count_slowly(struct kgc_section s, void *obj)
{
	usleep_range(20, 50);
	atomic_inc(&called);
}

/* ---- when they are called --------------------------------------------------- */

static void those_found_dead_are_waited_for(struct kunit *test)
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
 * What finalizers leave behind goes within the period, although nothing is allocated;
 * and then there is no further cycle.
 */
static void a_heap_at_rest_frees_what_was_finalized(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	u64 cycles;

	list_make(test, heap, NR_MANY, count);
	head_clear(heap);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 2));
	/* nothing but the finalizers sets the timer */
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

/* One that is given to its object anew costs a cycle a period, and no more. */
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

/* So does a root that is deleted, and a section may be around that. */
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

/* A section of ARM, if a cycle begins. */
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

/* What a section of ARM deletes is marked by the cycle under way: another one follows. */
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

/* ---- calling them off --------------------------------------------------------- */

static void a_finalizer_is_called_off(struct kunit *test)
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
	/* and another is taken */
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

/* ---- cleanups ------------------------------------------------------------------ */

#define NR_CLEANUPS	5

struct marked {
	struct kgc_cleanup cleanup;
	unsigned int turn;	/* of its call, from 1 on */
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

/* Several of one object, after the one cycle that frees it and all it reaches. */
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

/* In any order, until none is left; the object may have others then. */
static void cleanups_are_called_off(struct kunit *test)
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
	/* no cleanup has been called before */
	if (!atomic_inc_return(&called))
		return;
	if (bring_back)
		kgc_store(s, &head, (struct node *)obj);
}

/* What its finalizer is given, or may bring back, is not gone. */
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
	/* of an object that the finalizer reaches */
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

/* It holds no cycle up, and may delete roots. */
static void a_cleanup_that_sleeps_is_in_no_section(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct sleeper sl = { .heap = heap };
	struct kgc_section s = kgc_enter(heap);

	init_completion(&sl.inside);
	init_completion(&sl.leave);
	KUNIT_ASSERT_EQ(test, 0, kgc_cleanup_add(s, node_make(test, s, 0), &sl.cleanup,
						 sleep_in_cleanup, &sl, GFP_KERNEL));
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
	wait_for_completion(&sl.inside);
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

/* Add a cleanup to an object that will be dead soon, or call off one of before. */
static void churn_once(struct churn *ch, struct place *p)
{
	struct kgc_section s;
	struct node *n;

	/* what its function did is over: pairs with leave_place() */
	if (smp_load_acquire(&p->taken)) {
		if (kgc_cleanup_cancel(ch->heap, &p->cleanup)) {
			p->taken = false;
			ch->off++;
		} else if (!kgc_finalizers_wait(ch->heap) && READ_ONCE(p->taken)) {
			/* its object was found dead, and yet it has not been called */
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

/* Each is called once, or called off, while cycles look at the same objects. */
static void each_is_called_or_called_off(struct kunit *test)
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

/* ---- the end of a client ---------------------------------------------------------- */

static atomic_t resources;
static int add_again;

/* What an object has outside of the heap goes with it. */
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
	/* all that finalizers give back has been given back, if this is the end */
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
		/* some live, some are dead, some will be found so */
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
		/* wherever the cycle is */
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

/* As documented: a heap that ends without that drops them. */
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

static void never(void *arg)
{
}

/* A heap of another module holds this one until the function has been called. */
static void a_function_holds_its_module(struct kunit *test)
{
	struct kgc_heap *heap = heap_of(test, NULL);
	/* once by its type */
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
	/* and those that are dropped */
	list_make(test, heap, 3, count);
	KUNIT_EXPECT_EQ(test, before + 3, module_refcount(THIS_MODULE));
	kgc_root_del(heap, &root);
	kgc_heap_destroy(heap);
	KUNIT_EXPECT_EQ(test, 1, atomic_read(&called));
	KUNIT_EXPECT_EQ(test, before - 1, module_refcount(THIS_MODULE));
}

static void a_slow_call_is_counted(struct kunit *test)
{
	struct kgc_heap *heap = heap_make(test);
	struct sleeper sl = { .heap = heap };
	struct kgc_section s = kgc_enter(heap);

	init_completion(&sl.inside);
	init_completion(&sl.leave);
	KUNIT_ASSERT_EQ(test, 0, kgc_cleanup_add(s, node_make(test, s, 0), &sl.cleanup,
						 sleep_in_cleanup, &sl, GFP_KERNEL));
	kgc_exit(s);
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(heap, 1));
	wait_for_completion(&sl.inside);
	KUNIT_EXPECT_PTR_EQ(test, (void *)sleep_in_cleanup, (void *)heap->dues.calling);
	KUNIT_EXPECT_NE(test, 0ULL, heap->dues.calling_ns);
	msleep(KGC_DUE_SLOW_MS + 20);
	complete(&sl.leave);
	KUNIT_EXPECT_EQ(test, 0, kgc_finalizers_wait(heap));
	KUNIT_EXPECT_EQ(test, 1ULL, heap->dues.slow);
	KUNIT_EXPECT_GE(test, heap->dues.longest_call_ns, KGC_DUE_SLOW_MS * NSEC_PER_MSEC);
	KUNIT_EXPECT_EQ(test, 0ULL, heap->dues.calling_ns);
	kgc_root_add(heap, &root, &head, 1);
	heap_end(test, heap);
}

static struct kunit_case final_cases[] = {
	KUNIT_CASE(those_found_dead_are_waited_for),
	KUNIT_CASE(a_heap_at_rest_frees_what_was_finalized),
	KUNIT_CASE(one_that_renews_itself_has_a_cycle_a_period),
	KUNIT_CASE(a_deleted_root_has_a_cycle_within_the_period),
	KUNIT_CASE(a_root_deleted_during_a_cycle_has_another),
	KUNIT_CASE(a_finalizer_is_called_off),
	KUNIT_CASE(cleanups_follow_the_end_of_an_object),
	KUNIT_CASE(cleanups_are_called_off),
	KUNIT_CASE(cleanups_come_after_the_finalizer),
	KUNIT_CASE(a_cleanup_that_sleeps_is_in_no_section),
	KUNIT_CASE(each_is_called_or_called_off),
	KUNIT_CASE(a_client_that_ends_loses_nothing),
	KUNIT_CASE(the_end_of_a_heap_drops_the_others),
	KUNIT_CASE(a_function_holds_its_module),
	KUNIT_CASE(a_slow_call_is_counted),
	{}
};

static struct kunit_suite final_suite = {
	.name = "kgc_final",
	.test_cases = final_cases,
};

kunit_test_suite(final_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: finalizers and cleanups");
