// SPDX-License-Identifier: GPL-2.0
/*
 * While cycles run, threads look up objects that only weak references name. Cycles
 * still end, and objects that no thread looks up die.
 */
#include <kunit/test.h>
#include <linux/delay.h>
#include <linux/kgc.h>
#include <linux/kthread.h>

#include "kmod/gc/heap.h"
#include "uapi/linux/kgc.h"

struct node {
	KGC_REF(struct node) next;
	u64 id, rest[6];
};

KGC_DEFINE_TYPE(node_desc, struct node, next);

/* Make a heap. The verifier checks its mark phases. */
static struct kgc_heap *heap_make(struct kunit *test, u64 verify,
				  struct kgc_type **node)
{
	struct kgc_heap *heap = kgc_heap_create("lookups", THIS_MODULE);

	KUNIT_ASSERT_FALSE(test, IS_ERR(heap));
	KUNIT_ASSERT_EQ(test, 0, kgc_option_set(heap, KGC_OPT_VERIFY, verify));
	*node = kgc_type_register(heap, &node_desc);
	KUNIT_ASSERT_FALSE(test, IS_ERR(*node));
	return heap;
}

static struct node *node_make(struct kunit *test, struct kgc_section s,
			      struct kgc_type *type, u64 id)
{
	struct node *n = kgc_alloc(s, type, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, n);
	n->id = id;
	return n;
}

#define NR_WEAK		20000
#define SEEK_NS		40000ULL
#define MAX_ROUNDS	10	/* limit, unless the cycle before has kept all targets */

struct seeker {
	struct kgc_heap	*heap;
	struct kgc_type	*type;
	u64		*weak;
	unsigned int	found;
};

/* Make a heap, and room for @nr weak references. */
static void seeker_begin(struct kunit *test, struct seeker *sk, u64 verify,
			 unsigned int nr)
{
	sk->heap = heap_make(test, verify, &sk->type);
	sk->weak = kvmalloc_array(nr, sizeof(u64), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, sk->weak);
}

static void seeker_end(struct seeker *sk)
{
	kgc_heap_destroy(sk->heap);
	kvfree(sk->weak);
}

/* Make @nr weak references, each to a node that nothing else refers to. */
static void seeker_fill(struct kunit *test, struct seeker *sk, unsigned int nr)
{
	struct kgc_section s = kgc_enter(sk->heap);
	unsigned int i;

	for (i = 0; i < nr; i++)
		KUNIT_EXPECT_EQ(test, 0,
				kgc_weak_create(s, node_make(test, s, sk->type, i),
						GFP_KERNEL, &sk->weak[i]));
	kgc_exit(s);
}

static int seek(void *data)
{
	struct seeker *sk = data;
	struct kgc_section s;
	unsigned int i;
	u64 begin;

	while (READ_ONCE(sk->heap->cycle.step) < KGC_STEP_ROOTS &&
	       !kthread_should_stop())
		usleep_range(100, 200);
	begin = ktime_get_ns();
	for (i = 0; i < NR_WEAK && !kthread_should_stop(); i++) {
		s = kgc_enter(sk->heap);
		sk->found += !!kgc_weak_get(s, sk->weak[i]);
		kgc_exit(s);
		/* often enough for each grace period, slow enough for targets to last */
		while (ktime_get_ns() < begin + i * SEEK_NS)
			cond_resched();
	}
	while (!kthread_should_stop())
		msleep(20);
	return 0;
}

/* Run a cycle while a thread looks up objects that only weak references name. */
static void cycle_beside_a_seeker(struct kunit *test, struct seeker *sk)
{
	struct task_struct *task;
	struct kgc_section s;
	unsigned int i;

	seeker_fill(test, sk, NR_WEAK);
	sk->found = 0;
	task = kthread_run(seek, sk, "kgc_seek");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(sk->heap, 1));
	kthread_stop(task);
	kunit_info(test, "%u of %u found, %llu rounds\n", sk->found, NR_WEAK,
		   sk->heap->cycle.now.rounds);
	s = kgc_enter(sk->heap);
	for (i = 0; i < NR_WEAK; i++)
		kgc_weak_free(s, sk->weak[i]);
	kgc_exit(s);
}

static void lookups_do_not_keep_a_cycle_from_its_end(struct kunit *test)
{
	struct seeker sk = { };
	unsigned int tries;
	bool kept = false;

	seeker_begin(test, &sk, 1, NR_WEAK);
	/* on a busy machine too few rounds may see a lookup */
	for (tries = 0; tries < 10 && !kept; tries++) {
		cycle_beside_a_seeker(test, &sk);
		kept = sk.heap->gate.kept;
		KUNIT_EXPECT_LE(test, sk.heap->cycle.now.rounds, MAX_ROUNDS);
	}
	KUNIT_EXPECT_EQ(test, 0, kgc_collect(sk.heap, 2));
	KUNIT_EXPECT_EQ(test, 0, kgc_heap_objects(sk.heap));
	seeker_end(&sk);
	if (!kept)
		kunit_mark_skipped(test, "no cycle had lookups in enough rounds");
}

/* Look up the first half of the targets, again and again. */
static int seek_half(void *data)
{
	struct seeker *sk = data;
	struct kgc_section s;
	unsigned int i = 0;
	u64 begin;

	while (!kthread_should_stop()) {
		s = kgc_enter(sk->heap);
		sk->found += !!kgc_weak_get(s, sk->weak[i]);
		kgc_exit(s);
		i = (i + 1) % (NR_WEAK / 2);
		/* a sleep would take too long; spinning would hold up others */
		for (begin = ktime_get_ns(); ktime_get_ns() < begin + SEEK_NS;)
			schedule();
	}
	return 0;
}

static void objects_without_lookups_die_beside_lookups(struct kunit *test)
{
	struct seeker sk = { };
	unsigned int i, cold = 0, tries;
	struct task_struct *task;
	bool kept = false;
	struct kgc_section s;

	seeker_begin(test, &sk, 1, NR_WEAK);
	seeker_fill(test, &sk, NR_WEAK);
	task = kthread_run(seek_half, &sk, "kgc_seek");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (tries = 0; tries < 10; tries++) {
		KUNIT_EXPECT_EQ(test, 0, kgc_collect(sk.heap, 1));
		KUNIT_EXPECT_FALSE(test, kept && sk.heap->gate.kept);
		KUNIT_EXPECT_LE(test, sk.heap->cycle.now.rounds,
				MAX_ROUNDS + (kept ? NR_WEAK : 0));
		kept = sk.heap->gate.kept;
	}
	kthread_stop(task);
	s = kgc_enter(sk.heap);
	for (i = NR_WEAK / 2; i < NR_WEAK; i++)
		cold += !!kgc_weak_get(s, sk.weak[i]);
	kgc_exit(s);
	kunit_info(test, "%u found, %llu rounds at most\n", sk.found,
		   sk.heap->records.sums.rounds_max);
	KUNIT_EXPECT_EQ(test, 0, cold);
	seeker_end(&sk);
}

/* Run a cycle that no thread waits for. Return: its rounds. */
static u64 unawaited_cycle(struct kgc_heap *heap)
{
	u64 cycle = kgc_collect_start(heap, 1);

	while (READ_ONCE(heap->request.done) < cycle)
		usleep_range(1000, 2000);
	return heap->cycle.now.rounds;
}

/*
 * Rounds are urgent from the third on, whether or not a thread waits for the cycle: a
 * lookup disturbs a short round less often.
 */
static void rounds_that_do_not_end_are_expedited(struct kunit *test)
{
	struct seeker sk = { };
	struct kgc_pace *pace;
	unsigned int cycle;
	struct task_struct *task;
	u64 rounds, expedited, more = 0;

	seeker_begin(test, &sk, 0, NR_WEAK);
	pace = &sk.heap->pace;
	/* run only cycles that this test asks for: others expedite for other reasons */
	KUNIT_EXPECT_EQ(test, 0, kgc_option_set(sk.heap, KGC_OPT_GOGC, KGC_GOGC_OFF));
	KUNIT_EXPECT_EQ(test, 0, kgc_option_set(sk.heap, KGC_OPT_PERIOD_MS, 0));
	seeker_fill(test, &sk, NR_WEAK);
	task = kthread_run(seek_half, &sk, "kgc_seek");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (cycle = 0; cycle < 10; cycle++) {
		rounds = unawaited_cycle(sk.heap);
		more += rounds > 2 ? rounds - 2 : 0;
	}
	kthread_stop(task);
	expedited = sk.heap->share.expedited;
	kunit_info(test, "%llu rounds beyond the second, %llu expedited\n", more, expedited);
	KUNIT_EXPECT_EQ(test, more, expedited + pace->nr_unexpedited);
	/* rounds are normal while the expediter starts, and after it has exited */
	KUNIT_EXPECT_GE(test, 2 * expedited, more);
	seeker_end(&sk);
	if (!more)
		kunit_mark_skipped(test, "no lookup came into a round");
}

#define ORDINARY_WEAK	5000
#define ORDINARY_US	5000	/* interval between lookups */

/* Use the weak references as a cache: make a new object if the old one has died. */
static int use_cache(void *data)
{
	struct seeker *sk = data;
	struct kgc_section s;
	unsigned int i = 0;

	while (!kthread_should_stop()) {
		i = (i + 1237) % ORDINARY_WEAK;
		s = kgc_enter(sk->heap);
		if (kgc_weak_get(s, sk->weak[i])) {
			sk->found++;
		} else {
			struct node *n = kgc_alloc(s, sk->type, GFP_KERNEL);

			kgc_weak_free(s, sk->weak[i]);
			WARN_ON(!n || kgc_weak_create(s, n, GFP_KERNEL, &sk->weak[i]));
		}
		kgc_exit(s);
		usleep_range(ORDINARY_US, ORDINARY_US + 100);
	}
	return 0;
}

static void cycles_beside_ordinary_lookups(struct kunit *test)
{
	struct seeker sk = { };
	u64 rounds, most = 0, sum = 0;
	struct task_struct *task;
	unsigned int cycle;

	seeker_begin(test, &sk, 0, ORDINARY_WEAK);
	seeker_fill(test, &sk, ORDINARY_WEAK);
	task = kthread_run(use_cache, &sk, "kgc_cache");
	KUNIT_ASSERT_FALSE(test, IS_ERR(task));
	for (cycle = 0; cycle < 20; cycle++) {
		rounds = unawaited_cycle(sk.heap);
		most = max(most, rounds);
		sum += rounds;
	}
	kthread_stop(task);
	kunit_info(test, "%llu rounds in 20 cycles, %llu at most\n", sum, most);
	KUNIT_EXPECT_LE(test, sum, 20 * MAX_ROUNDS);
	seeker_end(&sk);
}

static struct kunit_case lookups_cases[] = {
	KUNIT_CASE(lookups_do_not_keep_a_cycle_from_its_end),
	KUNIT_CASE(objects_without_lookups_die_beside_lookups),
	KUNIT_CASE(rounds_that_do_not_end_are_expedited),
	KUNIT_CASE(cycles_beside_ordinary_lookups),
	{}
};

static struct kunit_suite lookups_suite = {
	.name = "kgc_lookups",
	.test_cases = lookups_cases,
};

kunit_test_suite(lookups_suite);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: lookups of weak references beside cycles");
