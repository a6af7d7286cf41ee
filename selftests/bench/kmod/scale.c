// SPDX-License-Identifier: GPL-2.0
/*
 * Allocation on 1 to N CPUs at once. In turns with it run a loop that only computes, and
 * a loop that also clears as much memory as kgc hands out. Each thread has a fixed amount
 * of work and takes its own time, so the result is the sum of the rates.
 */
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "bench.h"

#define BATCH	64
#define OBJECT	64	/* bytes */
#define ROUNDS	25

struct scale;

struct scale_thread {
	struct scale	*scale;
	char		*memory;
	u64		ns;
	int		err;
};

/**
 * struct scale - a turn
 * @h: the heap
 * @cache: cache of the rival, the slab allocator
 * @n: operations for each thread
 * @what: loop to run
 * @ready: threads that have not come to the start
 * @left: threads that have not finished
 * @done: completed by the last thread that finishes
 * @one: rates of one thread
 * @all: rates of all threads together
 * @gain: @all divided by @one of the same round, in 1/100000
 * @over_cpu: @gain of the loop divided by that of SCALE_CPU in the same round
 * @thread: threads, by CPU
 */
struct scale {
	struct bench_heap	h;
	struct kmem_cache	*cache;
	u64			n;
	enum { SCALE_KGC, SCALE_SLAB, SCALE_CLEAR, SCALE_CPU, NR_SCALE } what;
	atomic_t		ready;
	atomic_t		left;
	struct completion	done;
	struct bench_samples	one[NR_SCALE];
	struct bench_samples	all[NR_SCALE];
	struct bench_samples	gain[NR_SCALE];
	struct bench_samples	over_cpu[NR_SCALE];
	struct scale_thread	thread[NR_CPUS];
};

static int kgc_loop(struct scale *t, char *memory)
{
	u64 i, j;

	for (i = 0; i < t->n; i += BATCH) {
		struct kgc_section s = kgc_enter(t->h.heap);
		struct bench_node *node = NULL, *last = NULL;

		for (j = 0; j < BATCH; j++) {
			node = kgc_alloc(s, t->h.node, GFP_KERNEL);
			if (!node)
				break;
			kgc_store(s, &node->left, last);
			last = node;
		}
		kgc_exit(s);
		if (!node)
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

static int slab_loop(struct scale *t, char *memory)
{
	void *objs[BATCH];
	u64 i, j;

	for (i = 0; i < t->n; i += BATCH) {
		for (j = 0; j < BATCH; j++)
			objs[j] = kmem_cache_zalloc(t->cache, GFP_KERNEL);
		for (j = 0; j < BATCH; j++)
			kmem_cache_free(t->cache, objs[j]);
		cond_resched();
	}
	return 0;
}

/* About as many steps as an allocation has instructions. */
static __always_inline void compute(u64 *x, unsigned int objects)
{
	unsigned int i;

	for (i = 0; i < objects * 40; i++) {
		*x = *x * 3 + 1;
		OPTIMIZER_HIDE_VAR(*x);
	}
}

static int clear_loop(struct scale *t, char *memory)
{
	u64 i, j, x = 1;

	for (i = 0; i < t->n; i += BATCH) {
		for (j = 0; j < BATCH; j++) {
			memset(memory + (i + j) * OBJECT, 0, OBJECT);
			compute(&x, 1);
		}
		cond_resched();
	}
	return 0;
}

static int cpu_loop(struct scale *t, char *memory)
{
	u64 i, x = 1;

	for (i = 0; i < t->n; i += BATCH) {
		compute(&x, BATCH);
		cond_resched();
	}
	return 0;
}

static int scale_thread(void *data)
{
	static int (*const loop[NR_SCALE])(struct scale *, char *) = {
		kgc_loop, slab_loop, clear_loop, cpu_loop,
	};
	struct scale_thread *me = data;
	struct scale *t = me->scale;
	u64 begin;

	atomic_dec(&t->ready);
	while (atomic_read(&t->ready))
		cpu_relax();
	begin = bench_now();
	me->err = loop[t->what](t, me->memory);
	me->ns = bench_now() - begin;
	if (atomic_dec_and_test(&t->left))
		complete(&t->done);
	return 0;
}

/* Thousands of operations per second of all threads together; 0 on failure. */
static u64 scale_turn(struct scale *t, unsigned int cpus)
{
	struct task_struct *task;
	unsigned int i;
	u64 rate = 0;

	atomic_set(&t->ready, cpus);
	atomic_set(&t->left, cpus);
	init_completion(&t->done);
	for (i = 0; i < cpus; i++) {
		t->thread[i].scale = t;
		t->thread[i].err = 0;
		task = kthread_create(scale_thread, &t->thread[i],
				      "kgc_bench/%u", i);
		if (IS_ERR(task)) {
			/* the threads that wait at the start go on */
			t->thread[i].err = PTR_ERR(task);
			t->thread[i].ns = 1;
			atomic_dec(&t->ready);
			if (atomic_dec_and_test(&t->left))
				complete(&t->done);
			continue;
		}
		kthread_bind(task, i);
		wake_up_process(task);
	}
	wait_for_completion(&t->done);
	for (i = 0; i < cpus; i++) {
		if (t->thread[i].err)
			return 0;
		rate += div64_u64(t->n * 1000000, max(t->thread[i].ns, 1ULL));
	}
	return rate;
}

/* One turn on one CPU and one on all. The garbage goes while no clock runs. */
static int scale_pair(struct scale *t, unsigned int cpus, bool all_first)
{
	struct bench_samples *s;
	unsigned int i;
	u64 rate;

	for (i = 0; i < 2; i++) {
		bool all = all_first != i;

		if (kgc_collect(t->h.heap, 1))
			return -EINTR;
		rate = scale_turn(t, all ? cpus : 1);
		if (!rate)
			return -ENOMEM;
		s = all ? &t->all[t->what] : &t->one[t->what];
		s->ns[s->n++] = rate;
	}
	return 0;
}

static void scale_ratios(struct scale *t, unsigned int round)
{
	unsigned int i;

	for (i = 0; i < NR_SCALE; i++)
		t->gain[i].ns[t->gain[i].n++] =
			div64_u64(t->all[i].ns[round] * 100000,
				  t->one[i].ns[round]);
	for (i = 0; i < SCALE_CPU; i++)
		t->over_cpu[i].ns[t->over_cpu[i].n++] =
			div64_u64(t->gain[i].ns[round] * 100000,
				  t->gain[SCALE_CPU].ns[round]);
}

/* The load of the host comes and goes, so each ratio is that of one round. */
static int scale_report(struct scale *t, unsigned int cpus)
{
	static const char * const subject[] = { "kgc", "slab", "clear", "cpu" };
	unsigned int round, i;
	char metric[32];

	for (round = 0; round < ROUNDS; round++) {
		for (i = 0; i < NR_SCALE; i++) {
			t->what = round & 1 ? NR_SCALE - 1 - i : i;
			/* A B, then B A, for one CPU and all CPUs */
			if (scale_pair(t, cpus, round & 1))
				return -ENOMEM;
		}
		scale_ratios(t, round);
	}
	snprintf(metric, sizeof(metric), "speed-up on %u CPUs", cpus);
	for (i = 0; i < NR_SCALE; i++) {
		bench_spread(subject[i], "operations on one CPU", "k/s",
			     &t->one[i], 1);
		bench_spread(subject[i], "operations on all CPUs", "k/s",
			     &t->all[i], 1);
		bench_spread(subject[i], metric, "", &t->gain[i], 100000);
	}
	for (i = 0; i < SCALE_CPU; i++)
		bench_spread(subject[i], "speed-up over that of computing", "",
			     &t->over_cpu[i], 100000);
	return 0;
}

static int scale_run(void)
{
	unsigned int cpus = bench_param("cpus", num_online_cpus());
	struct scale *t = kvzalloc(sizeof(*t), GFP_KERNEL);
	unsigned int i;
	int err = -ENOMEM;

	if (!t)
		return -ENOMEM;
	cpus = min(cpus, num_online_cpus());
	t->n = round_up(bench_param("n", 400000), BATCH);
	for (i = 0; i < cpus; i++) {
		t->thread[i].memory = vzalloc(t->n * OBJECT);
		if (!t->thread[i].memory)
			goto out;
	}
	t->cache = kmem_cache_create("kgc_bench", OBJECT, OBJECT, 0, NULL);
	if (!t->cache)
		goto out;
	err = bench_heap_open(&t->h, "scale");
	if (err)
		goto out;
	/*
	 * Enough live objects for the heap to keep the memory of a turn on all CPUs until
	 * the next one. With fewer, the turn on one CPU in between would give half of it
	 * back, and the heap would fetch it again while the clock runs.
	 */
	err = bench_table_fill(&t->h, t->n * cpus / 2);
	t->what = SCALE_KGC;
	if (!err)
		err = scale_turn(t, cpus) ? scale_report(t, cpus) : -ENOMEM;
	bench_heap_close(&t->h);
out:
	kmem_cache_destroy(t->cache);
	for (i = 0; i < cpus; i++)
		vfree(t->thread[i].memory);
	kvfree(t);
	return err;
}

const struct bench bench_scale = {
	.name = "scale",
	.about = "allocation on all CPUs over one (cpus, n)",
	.run = scale_run,
};
