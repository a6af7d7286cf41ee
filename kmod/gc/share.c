// SPDX-License-Identifier: GPL-2.0
/*
 * What collectors may take from programs that have nothing to do with them. There is
 * one budget for the module, and heaps that run cycles divide it.
 *
 * CPU time. The collectors' work items may take max_cpu_percent of all CPUs. They take
 * it in slices, and are served in the order in which they asked; so heaps that
 * always have work get the same number of slices. A heap whose work item has to wait
 * for a slice is *paused*. cpu_percent is a second, smaller budget of the heap alone.
 * What a cycle does in the context of a thread that waits for it is that thread's own
 * CPU time, charged to its cgroup, and does not count here; see request.c.
 *
 * Expedited grace periods disturb CPUs that run no thread of the heap. The module
 * may take max_expedite_us of each second of each other CPU for them. The budget is
 * counted on the CPU that is disturbed most:
 *
 *	RCU	one interrupt on every other CPU: IPI_NS each. The handler takes one to
 *		two microseconds; the rest is for entry and exit, for what it takes out
 *		of the caches, and for the exits of a virtual machine.
 *	SRCU	no interrupts, but a worker of SRCU looks at counters, on a CPU which
 *		need not be the heap's: IPI_NS. Where sections are open it looks
 *		again and again, busily, for a tick at most; kgc_share_expedited()
 *		adds that.
 *
 * A heap may take its part, one of as many as run cycles, and all heaps together no
 * more than the whole. On a machine with one CPU there is no other to disturb. The
 * option KGC_OPT_EXPEDITE exempts a heap, or forbids it.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "heap.h"
#include "share.h"

#define SLICE_NS		(500LL * NSEC_PER_USEC)
#define IPI_NS			(20 * NSEC_PER_USEC)
#define SAVED_NS		NSEC_PER_SEC	/* what is not used is saved up for so long */

static unsigned int max_cpu_percent = 5;
module_param(max_cpu_percent, uint, 0644);
MODULE_PARM_DESC(max_cpu_percent, "Percent of all CPUs that the collectors may take");

static unsigned int max_expedite_us = 10000;
module_param(max_expedite_us, uint, 0644);
MODULE_PARM_DESC(max_expedite_us,
		 "Microseconds of each second of each other CPU that expedited grace periods may take");

static struct kgc_bucket cpu;
static struct kgc_bucket expedite;
static atomic_t running;	/* heaps with a cycle under way */

/* Counted since the module was loaded, over heaps that are gone as well. */
static atomic64_t all_short_cycles;
static atomic64_t all_expedited;
static atomic64_t all_refused;

/* ---- CPU time -------------------------------------------------------------- */

static unsigned int module_percent(void)
{
	return clamp(READ_ONCE(max_cpu_percent), 1U, 100U);
}

static unsigned int heap_percent(const struct kgc_heap *heap)
{
	return READ_ONCE(heap->opt.cpu_percent);
}

/* The time that pays for @ns of CPU time. */
static u64 cpu_cost(u64 ns, unsigned int percent)
{
	return div_u64(ns * 100, percent * num_online_cpus());
}

/* How many workers the heap's share keeps busy; at least 1. */
unsigned int kgc_share_workers(struct kgc_heap *heap)
{
	unsigned int percent = min(module_percent(), heap_percent(heap));

	return max(num_online_cpus() * percent / 100, 1U);
}

/* CPU time that the heap's share comes to in @ns, with the heaps that run cycles now. */
u64 kgc_share_ns(struct kgc_heap *heap, u64 ns)
{
	u32 part = module_percent() * num_online_cpus();
	u32 own = heap_percent(heap) * num_online_cpus();

	ns = min_t(u64, ns, 1ULL << 50);
	return min(mul_u64_u32_div(ns, part, 100 * max(atomic_read(&running), 1)),
		   mul_u64_u32_div(ns, own, 100));
}

/* Take @ns of both budgets, and return how long to wait for them, in ns. */
static u64 cpu_take(struct kgc_heap *heap, u64 now, u64 ns)
{
	return max(kgc_bucket_take(&heap->share.cpu, now,
				   cpu_cost(ns, heap_percent(heap)), SAVED_NS),
		   kgc_bucket_take(&cpu, now, cpu_cost(ns, module_percent()),
				   SAVED_NS));
}

/* Take @ns if that is possible without waiting. */
static bool cpu_try(struct kgc_heap *heap, u64 now, u64 ns)
{
	u64 cost = cpu_cost(ns, heap_percent(heap));

	if (!kgc_bucket_try(&heap->share.cpu, now, cost, SAVED_NS))
		return false;
	if (kgc_bucket_try(&cpu, now, cpu_cost(ns, module_percent()), SAVED_NS))
		return true;
	kgc_bucket_give(&heap->share.cpu, cost);
	return false;
}

static void cpu_give(struct kgc_heap *heap, u64 ns)
{
	kgc_bucket_give(&heap->share.cpu, cpu_cost(ns, heap_percent(heap)));
	kgc_bucket_give(&cpu, cpu_cost(ns, module_percent()));
}

/**
 * kgc_share_wait() - how long the state machine has to wait for CPU time
 * @heap: the heap
 * @brief: for so little that up to a slice may be owed
 *
 * Takes a slice if none is in hand; what the last one was overdrawn by comes on top.
 *
 * Context: the heap's own work item, which runs the state machine.
 * Return: ns; 0 is not at all.
 */
u64 kgc_share_wait(struct kgc_heap *heap, bool brief)
{
	struct kgc_share *share = &heap->share;
	u64 now, wait;

	if (brief && share->left_ns > -SLICE_NS)
		return 0;
	now = ktime_get_ns();
	if (share->left_ns <= 0) {
		wait = cpu_take(heap, now, SLICE_NS - share->left_ns);
		share->left_ns = SLICE_NS;
		share->ready_ns = now + wait;
		WRITE_ONCE(share->pauses, share->pauses + !!wait);
	}
	return share->ready_ns > now ? share->ready_ns - now : 0;
}

/* The state machine has used @ns of its slice. Context: as kgc_share_wait(). */
void kgc_share_spend(struct kgc_heap *heap, u64 ns)
{
	heap->share.left_ns -= min_t(u64, ns, NSEC_PER_SEC);
}

/* Whether there is CPU time for a worker beside the state machine. A hint. */
bool kgc_share_spare(struct kgc_heap *heap)
{
	u64 now = ktime_get_ns();

	return !kgc_bucket_owes(&heap->share.cpu, now) && !kgc_bucket_owes(&cpu, now);
}

/**
 * kgc_share_slice() - CPU time for a worker beside the state machine
 * @heap: the heap
 * @left_ns: what the worker has in hand; a slice is added if that is used up
 *
 * Such a worker takes only what is left over: while a heap waits for a slice there is
 * none, so a heap gets no more slices for having more workers.
 *
 * Context: any.
 * Return: false when the worker has to stop.
 */
bool kgc_share_slice(struct kgc_heap *heap, s64 *left_ns)
{
	if (*left_ns > 0)
		return true;
	if (!cpu_try(heap, ktime_get_ns(), SLICE_NS - *left_ns))
		return false;
	*left_ns = SLICE_NS;
	return true;
}

/* A worker stops with @left_ns in hand, or overdrawn if below 0. Context: any. */
void kgc_share_settle(struct kgc_heap *heap, s64 left_ns)
{
	if (left_ns > 0)
		cpu_give(heap, left_ns);
	else
		cpu_take(heap, ktime_get_ns(), -left_ns);
}

/* A cycle begins. Context: the state machine. */
void kgc_share_begin(struct kgc_heap *heap)
{
	heap->share.pauses_before = heap->share.pauses;
	heap->share.running = true;
	atomic_inc(&running);
}

/* It is over, or given up because the heap dies. Context: the state machine. */
void kgc_share_end(struct kgc_heap *heap)
{
	struct kgc_share *share = &heap->share;

	kgc_share_settle(heap, share->left_ns);
	share->left_ns = 0;
	if (!share->running)
		return;
	share->running = false;
	atomic_dec(&running);
}

/**
 * kgc_share_judge() - whether the share was enough for a cycle
 * @heap: the heap
 * @outrun: mutators passed the goal, or had to do part of the cycle's work
 * @pauses: receives how often the cycle had to wait for CPU time
 *
 * Context: the state machine, at the end of the cycle.
 * Return: whether the cycle was short of CPU time: it had to wait for some, and
 * mutators outran it.
 */
bool kgc_share_judge(struct kgc_heap *heap, bool outrun, u64 *pauses)
{
	struct kgc_share *share = &heap->share;

	*pauses = share->pauses - share->pauses_before;
	if (!outrun || !*pauses)
		return false;
	WRITE_ONCE(share->short_cycles, share->short_cycles + 1);
	atomic64_inc(&all_short_cycles);
	return true;
}

/* ---- expedited grace periods -------------------------------------------------- */

/* The time that pays for @ns on each other CPU, with all of the module's budget. */
static u64 expedite_cost(u64 ns)
{
	unsigned int us = READ_ONCE(max_expedite_us);

	return div_u64(ns * USEC_PER_SEC, clamp(us, 1U, (unsigned int)USEC_PER_SEC));
}

/* That for a heap, which has a part of it. */
static u64 expedite_cost_of_heap(u64 ns)
{
	return expedite_cost(ns) * max(atomic_read(&running), 1);
}

static bool expedite_try(struct kgc_heap *heap)
{
	u64 now = ktime_get_ns(), cost = expedite_cost_of_heap(IPI_NS);

	if (!READ_ONCE(max_expedite_us))
		return false;
	if (!kgc_bucket_try(&heap->share.expedite, now, cost, SAVED_NS))
		return false;
	if (kgc_bucket_try(&expedite, now, expedite_cost(IPI_NS), SAVED_NS))
		return true;
	kgc_bucket_give(&heap->share.expedite, cost);
	return false;
}

/**
 * kgc_share_expedite() - whether the next grace period may be expedited
 * @heap: the heap
 * @kind: KGC_AWAIT_SECTIONS for SRCU, KGC_AWAIT_REGIONS for RCU
 *
 * Charges what it costs others at least; see kgc_share_expedited() for the rest.
 *
 * Context: the state machine.
 * Return: false when the budget is used up or the option forbids it; then nothing
 * is charged.
 */
bool kgc_share_expedite(struct kgc_heap *heap, enum kgc_await kind)
{
	struct kgc_share *share = &heap->share;
	bool may;

	WARN_ON_ONCE(kind != KGC_AWAIT_SECTIONS && kind != KGC_AWAIT_REGIONS);
	switch (READ_ONCE(heap->opt.expedite)) {
	case KGC_EXPEDITE_NEVER:
		may = false;
		break;
	case KGC_EXPEDITE_ALWAYS:
		may = true;
		break;
	default:
		may = num_online_cpus() == 1 || expedite_try(heap);
	}
	if (may) {
		WRITE_ONCE(share->expedited, share->expedited + 1);
		atomic64_inc(&all_expedited);
	} else {
		WRITE_ONCE(share->refused, share->refused + 1);
		atomic64_inc(&all_refused);
	}
	return may;
}

/**
 * kgc_share_expedited() - charge for an expedited SRCU grace period that was busy
 * @heap: the heap
 * @ns: for how long it was waited for while sections were open
 *
 * Context: any but NMI.
 */
void kgc_share_expedited(struct kgc_heap *heap, u64 ns)
{
	u64 now = ktime_get_ns();

	if (READ_ONCE(heap->opt.expedite) != KGC_EXPEDITE_BUDGET ||
	    num_online_cpus() == 1)
		return;
	ns = min_t(u64, ns, TICK_NSEC);
	if (ns <= IPI_NS)
		return;
	ns -= IPI_NS;
	kgc_bucket_take(&heap->share.expedite, now, expedite_cost_of_heap(ns),
			SAVED_NS);
	kgc_bucket_take(&expedite, now, expedite_cost(ns), SAVED_NS);
}

/* ---- for readers ---------------------------------------------------------------- */

void kgc_share_show(struct seq_file *m, struct kgc_heap *heap)
{
	seq_printf(m, "pauses %llu\n", READ_ONCE(heap->share.pauses));
}

/* All heaps together. */
void kgc_shares_show(struct seq_file *m)
{
	seq_printf(m, "MaxCPUPercent %u\nShortCycles %llu\n", module_percent(),
		   (u64)atomic64_read(&all_short_cycles));
	seq_printf(m, "MaxExpediteUs %u\nExpedited %llu\nExpediteRefused %llu\n",
		   READ_ONCE(max_expedite_us), (u64)atomic64_read(&all_expedited),
		   (u64)atomic64_read(&all_refused));
}
