// SPDX-License-Identifier: GPL-2.0
/*
 * The duration of a step of a mutator while the collector runs beside it. The mutator fills
 * a ring of nodes, in which each new node replaces the oldest. The arms take turns, so that
 * other work of the machine hits all of them:
 *
 *	step, collector off		step, cycles back to back
 *	spinner, collector off		spinner, cycles back to back
 *
 * The spinner computes for about as long, without kgc, so kgc does not cause its delays.
 * The figures "undisturbed" are without samples that an interrupt or another task came
 * into. The caller confines unbound workqueues to CPUs other than the first, on which the
 * mutator runs.
 */
#include <linux/completion.h>
#include <linux/hardirq.h>
#include <linux/kernel_stat.h>
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "bench.h"
#include "../common/histogram.h"

#define ROUNDS		16
/* A clock of the CPU itself. Reading the time would take half of a step. */
static __always_inline u64 ticks(void)
{
#ifdef CONFIG_X86_64
	u32 low, high;

	asm volatile("rdtsc" : "=a" (low), "=d" (high) : : "memory");
	return (u64)high << 32 | low;
#else
	return bench_now();
#endif
}

struct step_state {
	struct bench_heap	h;
	size_t			ring;
	u64			steps;
	u64			spin;
	u64			at;
	u64			ticks;
	u64			ns;
	struct histogram	*arm[4];
	struct histogram	*undisturbed[4];
	struct histogram	*round;
	struct histogram	*round_undisturbed;
	struct bench_samples	tail[4];
	struct bench_samples	tail_undisturbed[4];
	bool			collecting;
	struct completion	done;
	int			err;
};

/*
 * A number that changes if anything else has run on this CPU: interrupts, also those that
 * kstat does not count, and other tasks.
 */
static u64 disturbances(void)
{
	u64 n = kstat_this_cpu->irqs_sum + current->nvcsw + current->nivcsw;
#ifdef CONFIG_X86_LOCAL_APIC
	const u32 *own = (const u32 *)raw_cpu_ptr(&irq_stat);
	unsigned int i;

	for (i = 0; i < sizeof(irq_stat) / sizeof(*own); i++)
		n += READ_ONCE(own[i]);
#endif
	return n;
}

/* Take a sample, and note whether anything has disturbed it since @before. */
static __always_inline void note(struct step_state *t, u64 ticks, u64 *before)
{
	u64 now = disturbances();

	histogram_add(t->round, ticks);
	if (now == *before)
		histogram_add(t->round_undisturbed, ticks);
	*before = now;
}

static __always_inline int step(struct step_state *t, struct kgc_section s,
				struct bench_slot *ring)
{
	struct bench_node *node = kgc_alloc(s, t->h.node, GFP_KERNEL);

	if (!node)
		return -ENOMEM;
	node->data[0] = t->at;
	/* this drops the oldest node, which was in the slot */
	kgc_store(s, &ring[t->at].ref, node);
	if (++t->at == t->ring)
		t->at = 0;
	return 0;
}

/* Convert ticks to nanoseconds. */
static u64 ticks_ns(const struct step_state *t, u64 n)
{
	return div64_u64(n * (t->ns >> 10), (t->ticks >> 10) ?: 1);
}

static noinline int arm_steps(struct step_state *t)
{
	u64 i, begin, end, before = disturbances();
	int err = 0;

	for (i = 0; i < t->steps && !err; i++) {
		struct kgc_section s;

		begin = ticks();
		s = kgc_enter(t->h.heap);
		err = step(t, s, kgc_load(s, &t->h.table));
		kgc_exit(s);
		end = ticks();
		note(t, end - begin, &before);
		if (i % 1024 == 0)
			cond_resched();
	}
	return err;
}

static noinline void arm_spin(struct step_state *t)
{
	u64 i, j, begin, end, before = disturbances(), x = 1;

	for (i = 0; i < t->steps; i++) {
		begin = ticks();
		for (j = 0; j < t->spin; j++) {
			x = x * 3 + 1;
			OPTIMIZER_HIDE_VAR(x);
		}
		end = ticks();
		note(t, end - begin, &before);
		if (i % 1024 == 0)
			cond_resched();
	}
}

/* Run cycles back to back, in a thread on another CPU. */
static int collector(void *data)
{
	struct step_state *t = data;

	while (!kthread_should_stop()) {
		if (READ_ONCE(t->collecting))
			kgc_collect(t->h.heap, 1);
		else
			schedule_timeout_uninterruptible(1);
	}
	return 0;
}

/* Record the tail of this turn, and add the turn to the arm's histogram. */
static void turn_end(struct histogram *turn, struct histogram *arm,
		     struct bench_samples *tail)
{
	tail->ns[tail->n++] = histogram_at(turn, 999900);
	histogram_merge(arm, turn);
	memset(turn, 0, sizeof(*turn));
}

static int mutator(void *data)
{
	struct step_state *t = data;
	unsigned int round, arm;
	u64 ns, tk;

	for (round = 0; round < ROUNDS && !t->err; round++) {
		/* A B C D, then D C B A; the garbage of one arm goes before the next */
		for (arm = 0; arm < 4 && !t->err; arm++) {
			unsigned int a = round & 1 ? 3 - arm : arm;

			WRITE_ONCE(t->collecting, false);
			t->err = kgc_collect(t->h.heap, 1);
			WRITE_ONCE(t->collecting, a & 1);
			ns = bench_now();
			tk = ticks();
			if (a < 2)
				t->err = t->err ?: arm_steps(t);
			else
				arm_spin(t);
			t->ticks += ticks() - tk;
			t->ns += bench_now() - ns;
			turn_end(t->round, t->arm[a], &t->tail[a]);
			turn_end(t->round_undisturbed, t->undisturbed[a],
				 &t->tail_undisturbed[a]);
		}
	}
	WRITE_ONCE(t->collecting, false);
	complete(&t->done);
	return 0;
}

static void arm_report(struct step_state *t, const char *subject,
		       const struct histogram *all, const struct histogram *undisturbed)
{
	unsigned int j;

	for (j = 0; j < HISTOGRAM_RANKS; j++)
		bench_result(subject, histogram_rank(j)->name, "ns",
			     ticks_ns(t, histogram_at(all, histogram_rank(j)->ppm)), 1);
	bench_result(subject, "max", "ns", ticks_ns(t, all->max), 1);
	bench_result(subject, "set apart", "", all->n - undisturbed->n, 1);
	bench_result(subject, "p99.99, undisturbed", "ns",
		     ticks_ns(t, histogram_at(undisturbed, 999900)), 1);
	bench_result(subject, "max, undisturbed", "ns", ticks_ns(t, undisturbed->max),
		     1);
}

/* Report "on" divided by "off": medians of the turns, and spread. */
static void ratio_report(const char *subject, const char *metric,
			 struct bench_samples *off, struct bench_samples *on)
{
	u64 a = bench_median(off), b = bench_median(on);
	char name[64];

	bench_result(subject, metric, "", b, a);
	snprintf(name, sizeof(name), "%s, spread off", metric);
	bench_result(subject, name, "%",
		     100 * (s64)(off->ns[off->n - 1] - off->ns[0]), a);
	snprintf(name, sizeof(name), "%s, spread on", metric);
	bench_result(subject, name, "%",
		     100 * (s64)(on->ns[on->n - 1] - on->ns[0]), b);
}

static void step_report(struct step_state *t)
{
	static const char * const subject[] = {
		"step, collector off", "step, collector on",
		"spinner, collector off", "spinner, collector on",
	};
	unsigned int i;

	for (i = 0; i < 4; i++)
		arm_report(t, subject[i], t->arm[i], t->undisturbed[i]);
	for (i = 0; i < 4; i += 2) {
		const char *s = i ? "spinner" : "step";

		ratio_report(s, "p99.99 on / off, median of turns", &t->tail[i],
			     &t->tail[i + 1]);
		ratio_report(s, "p99.99 on / off, undisturbed",
			     &t->tail_undisturbed[i], &t->tail_undisturbed[i + 1]);
	}
}

static int step_threads(struct step_state *t)
{
	struct task_struct *m, *c;

	init_completion(&t->done);
	c = kthread_create(collector, t, "kgc_bench_gc");
	if (IS_ERR(c))
		return PTR_ERR(c);
	m = kthread_create(mutator, t, "kgc_bench_step");
	if (IS_ERR(m)) {
		kthread_stop(c);
		return PTR_ERR(m);
	}
	kthread_bind(m, cpumask_first(cpu_online_mask));
	kthread_bind(c, cpumask_last(cpu_online_mask));
	wake_up_process(c);
	wake_up_process(m);
	wait_for_completion(&t->done);
	kthread_stop(c);
	return t->err;
}

static int step_run(void)
{
	struct step_state *t = kvzalloc(sizeof(*t), GFP_KERNEL);
	unsigned int i;
	int err = -ENOMEM;

	if (!t)
		return -ENOMEM;
	t->ring = bench_param("ring", 200000);
	t->steps = bench_param("steps", 5000000) / ROUNDS;
	t->spin = bench_param("spin", 400);
	for (i = 0; i < 4; i++) {
		t->arm[i] = kvzalloc(sizeof(*t->arm[i]), GFP_KERNEL);
		t->undisturbed[i] = kvzalloc(sizeof(*t->undisturbed[i]), GFP_KERNEL);
		if (!t->arm[i] || !t->undisturbed[i])
			goto out;
	}
	t->round = kvzalloc(sizeof(*t->round), GFP_KERNEL);
	t->round_undisturbed = kvzalloc(sizeof(*t->round_undisturbed), GFP_KERNEL);
	if (!t->round || !t->round_undisturbed)
		goto out;
	err = bench_heap_open(&t->h, "step");
	if (err)
		goto out;
	err = bench_table_fill(&t->h, t->ring) ?: step_threads(t);
	if (!err)
		step_report(t);
	bench_heap_close(&t->h);
out:
	for (i = 0; i < 4; i++) {
		kvfree(t->arm[i]);
		kvfree(t->undisturbed[i]);
	}
	kvfree(t->round);
	kvfree(t->round_undisturbed);
	kvfree(t);
	return err;
}

const struct bench bench_step = {
	.name = "step",
	.about = "latency of a ring-buffer step (ring, steps, spin)",
	.run = step_run,
};
