// SPDX-License-Identifier: GPL-2.0
/*
 * What collectors may take from programs that do not use their heaps. The module has one
 * budget of CPU time and one for expedited grace periods. Tenants (tenant.h) that run
 * cycles divide both in equal parts, however many heaps each of them has.
 *
 * CPU time. The collectors' work items may take max_cpu_percent of all CPUs, in slices. A
 * work item first waits until its heap (cpu_percent) and its tenant have the slice to
 * spend, then until the module has. Each wait serves work items in the order in which
 * they asked. A heap asks the module only when its tenant can pay, so the heaps of one
 * tenant do not queue up in front of another's. A cycle is *paused* while its work item
 * waits for a slice. Threads that wait for a cycle, and mutators that outrun it, may run
 * its steps. That is their own CPU time, charged to their cgroups, and does not count
 * here; see request.c.
 *
 * Expedited grace periods disturb CPUs that run no thread of the heap. The module may
 * take max_expedite_us of each second of each other CPU for them. It charges what they
 * cost the CPU that they disturb most:
 *
 *	RCU	IPI_NS, for an interrupt on every other CPU. The handler takes one to
 *		two microseconds. The rest is for entry and exit, for cache lines that
 *		it evicts, and for the exits of a virtual machine.
 *	SRCU	IPI_NS, for a worker of SRCU that reads counters on some CPU, without
 *		interrupts. While sections are open it polls, for a tick at most;
 *		kgc_share_polled() charges that.
 *
 * A tenant may take no more than its part, and all tenants together no more than the
 * whole. A machine with one CPU has no other CPU to disturb. The option KGC_OPT_EXPEDITE
 * exempts a heap from the budget, or forbids it to expedite.
 */
#include <linux/cpumask.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/seq_file.h>

#include "heap.h"
#include "share.h"
#include "tenant.h"
#include "trace.h"

#define SLICE_NS		(500LL * NSEC_PER_USEC)
#define IPI_NS			(20 * NSEC_PER_USEC)
#define SAVED_NS		NSEC_PER_SEC	/* most unused time to save up */
#define PAUSE_NS		NSEC_PER_SEC	/* longest pause: tenants may leave */

static unsigned int max_cpu_percent = 5;
module_param(max_cpu_percent, uint, 0644);
MODULE_PARM_DESC(max_cpu_percent, "Percent of all CPUs that the collectors may take");

static unsigned int max_expedite_us = 10000;
module_param(max_expedite_us, uint, 0644);
MODULE_PARM_DESC(max_expedite_us,
		 "Microseconds of each second of each other CPU that expedited grace periods may take");

static struct kgc_bucket cpu;
static struct kgc_bucket expedite;

/* Counts since the module was loaded, including heaps that were destroyed. */
static atomic64_t all_short_cycles;
static atomic64_t all_expedited;
static atomic64_t all_refused;

/* Count one more in a heap's @own counter and in that of @all. Context: @own's writer. */
static void count(u64 *own, atomic64_t *all)
{
	WRITE_ONCE(*own, *own + 1);
	atomic64_inc(all);
}

/* ---- CPU time -------------------------------------------------------------- */

static unsigned int module_percent(void)
{
	return clamp(READ_ONCE(max_cpu_percent), 1U, 100U);
}

static unsigned int heap_percent(const struct kgc_heap *heap)
{
	return READ_ONCE(heap->opt.cpu_percent);
}

/* The time in which @percent of all CPUs provide @ns of CPU time. */
static u64 cpu_cost(u64 ns, unsigned int percent)
{
	return div_u64(ns * 100, percent * num_online_cpus());
}

/* Number of workers that the heap's share keeps busy; at least 1. */
unsigned int kgc_share_workers(struct kgc_heap *heap)
{
	unsigned int percent = min(module_percent(), heap_percent(heap));

	return max(num_online_cpus() * percent / 100, 1U);
}

/* CPU time that the heap's share provides in @ns, given the heaps that run cycles now. */
u64 kgc_share_ns(struct kgc_heap *heap, u64 ns)
{
	u32 all = module_percent() * num_online_cpus();
	u32 own = heap_percent(heap) * num_online_cpus();
	u32 heaps = kgc_tenant_nr_running() * max(READ_ONCE(heap->tenant->running), 1U);

	ns = min_t(u64, ns, 1ULL << 50);
	return min(mul_u64_u32_div(ns, all, 100 * heaps), mul_u64_u32_div(ns, own, 100));
}

/* Take @ns of what the heap has. Return: how long to wait, in ns. */
static u64 take_heap(struct kgc_heap *heap, u64 now, u64 ns)
{
	return kgc_bucket_take(&heap->share.cpu, now, cpu_cost(ns, heap_percent(heap)),
			       SAVED_NS);
}

/* Take @ns of the tenant's part. Return: the time of the tenants' clock that pays for it. */
static u64 take_tenant(struct kgc_heap *heap, u64 ns)
{
	u64 clock = kgc_tenant_clock();

	return clock + kgc_bucket_take(&heap->tenant->cpu, clock,
				       cpu_cost(ns, module_percent()), SAVED_NS);
}

/*
 * Take @ns of the module's budget, a slice at most. A step that took longer is a debt of
 * its tenant alone: other tenants do not wait for that. The tenants' parts add up to the
 * whole, so over time the module keeps its share. Return: how long to wait, in ns.
 */
static u64 take_module(u64 now, u64 ns)
{
	ns = min_t(u64, ns, SLICE_NS);
	return kgc_bucket_take(&cpu, now, cpu_cost(ns, module_percent()), SAVED_NS);
}

/* Take @ns of all budgets. */
static void cpu_take(struct kgc_heap *heap, u64 now, u64 ns)
{
	take_heap(heap, now, ns);
	take_tenant(heap, ns);
	take_module(now, ns);
}

/* Put back @ns of all budgets. */
static void cpu_give(struct kgc_heap *heap, u64 ns)
{
	kgc_bucket_give(&heap->share.cpu, cpu_cost(ns, heap_percent(heap)));
	kgc_bucket_give(&heap->tenant->cpu, cpu_cost(ns, module_percent()));
	kgc_bucket_give(&cpu, cpu_cost(ns, module_percent()));
}

/* Whether CPU time is left for a worker beside the state machine. A hint. */
bool kgc_share_spare(struct kgc_heap *heap)
{
	u64 now = ktime_get_ns();

	return !kgc_bucket_owes(&heap->share.cpu, now) && !kgc_bucket_owes(&cpu, now) &&
	       !kgc_bucket_owes(&heap->tenant->cpu, kgc_tenant_clock());
}

/* Take @ns from the heap and its tenant. charge_module() follows when these have paid. */
static void ask_own(struct kgc_heap *heap, u64 now, u64 ns)
{
	struct kgc_share *share = &heap->share;

	share->due_ns = ns;
	share->ready_ns = now + take_heap(heap, now, ns);
	share->paid_ns = take_tenant(heap, ns);
}

/* The heap and its tenant have paid for @due_ns: charge the module, too. */
static void charge_module(struct kgc_share *share, u64 now)
{
	share->ready_ns = now + take_module(now, share->due_ns);
	share->left_ns += share->due_ns;
	share->due_ns = 0;
}

/*
 * Return: ns to wait until @due_ns may be paid for or, once the module is charged, until
 * the slice begins.
 */
static u64 unpaid_ns(const struct kgc_share *share, u64 now)
{
	u64 ns = share->ready_ns > now ? share->ready_ns - now : 0, clock, left;
	unsigned int tenants = kgc_tenant_nr_running();

	if (!share->due_ns)
		return ns;
	clock = kgc_tenant_clock();
	if (share->paid_ns <= clock)
		return ns;
	left = (share->paid_ns - clock) * tenants;
	/* less if tenants leave: look again */
	return max(ns, tenants > 1 ? min_t(u64, left, PAUSE_NS) : left);
}

void kgc_share_init(struct kgc_heap *heap)
{
	/* a new heap has saved up nothing */
	kgc_bucket_init(&heap->share.cpu, ktime_get_ns());
}

/* A cycle is about to begin. */
static void share_begin(struct kgc_heap *heap)
{
	heap->share.running = true;
	kgc_tenant_begin(heap->tenant);
}

/**
 * kgc_share_wait() - compute how long the state machine has to wait for CPU time
 * @heap: the heap
 * @brief: the next step is short: it may run early, until the heap has used a slice early
 *
 * The function asks for a slice if the last one is used up. If the steps took more than
 * that slice, the heap pays for the rest as well.
 *
 * Context: the heap's own work item, which runs the state machine.
 * Return: how long to wait, in ns.
 */
u64 kgc_share_wait(struct kgc_heap *heap, bool brief)
{
	struct kgc_share *share = &heap->share;
	u64 now = ktime_get_ns(), ns;

	/* count the tenant before it takes CPU time: running tenants divide the budget */
	if (!share->running)
		share_begin(heap);
	if (share->left_ns <= 0 && !share->due_ns)
		ask_own(heap, now, SLICE_NS - share->left_ns);
	ns = unpaid_ns(share, now);
	if (share->due_ns && !ns) {
		charge_module(share, now);
		ns = unpaid_ns(share, now);
	}
	if (!ns) {
		share->early_ns = 0;
		share->early = false;
		share->paused = false;
		return 0;
	}
	share->early = brief && share->early_ns < SLICE_NS;
	if (share->early)
		return 0;
	if (!share->paused)
		WRITE_ONCE(share->pauses, share->pauses + 1);
	share->paused = true;
	return ns;
}

/* The state machine has used @ns of its slice. Context: as kgc_share_wait(). */
void kgc_share_spend(struct kgc_heap *heap, u64 ns)
{
	struct kgc_share *share = &heap->share;

	ns = min_t(u64, ns, NSEC_PER_SEC);
	share->left_ns -= ns;
	if (share->early)
		share->early_ns += ns;
}

/**
 * kgc_share_slice() - take CPU time for a worker beside the state machine
 * @heap: the heap
 * @left_ns: rest of the worker's slice; set to a new slice if it is used up
 *
 * Such a worker takes only what is left over: it gets no slice while a heap waits for
 * one. So a heap gets no more slices for having more workers.
 *
 * Context: any.
 * Return: false if no CPU time is left for the worker.
 */
bool kgc_share_slice(struct kgc_heap *heap, s64 *left_ns)
{
	if (*left_ns > 0)
		return true;
	if (!kgc_share_spare(heap))
		return false;
	cpu_take(heap, ktime_get_ns(), SLICE_NS - *left_ns);
	*left_ns = SLICE_NS;
	return true;
}

/* A worker stops: put back the rest of its slice, or pay its debt. Context: any. */
void kgc_share_put_slice(struct kgc_heap *heap, s64 left_ns)
{
	if (left_ns > 0)
		cpu_give(heap, left_ns);
	else if (left_ns)
		cpu_take(heap, ktime_get_ns(), -left_ns);
}

/*
 * The cycle is over, or the heap is closed or dies. @early_ns stays: it is cleared once
 * the time is paid for. Context: the state machine, or it has stopped.
 */
void kgc_share_end(struct kgc_heap *heap)
{
	struct kgc_share *share = &heap->share;

	if (share->due_ns)
		charge_module(share, ktime_get_ns());
	kgc_share_put_slice(heap, share->left_ns);
	share->left_ns = 0;
	/* the next cycle counts a pause of its own */
	share->paused = false;
	share->pauses_before = share->pauses;
	if (share->running)
		kgc_tenant_end(heap->tenant);
	share->running = false;
}

/**
 * kgc_share_check() - count and trace a cycle for which the share was not enough
 * @heap: the heap
 * @nr: number of the cycle
 * @helped_ns: CPU time of mutators that ran the cycle's steps
 * @over: bytes by which mutators passed the goal
 *
 * A cycle was short of CPU time if it was paused, and mutators helped it or passed the
 * goal. A pause before the first step counts, too.
 *
 * Context: the state machine, at the end of the cycle.
 */
void kgc_share_check(struct kgc_heap *heap, u64 nr, u64 helped_ns, u64 over)
{
	struct kgc_share *share = &heap->share;
	u64 pauses = share->pauses - share->pauses_before;

	if (!pauses || (!helped_ns && !over))
		return;
	count(&share->short_cycles, &all_short_cycles);
	trace_kgc_share_short(heap->id, nr, pauses, helped_ns, over);
}

/* ---- expedited grace periods -------------------------------------------------- */

/* The time in which the module's whole budget provides @ns of each other CPU. */
static u64 expedite_cost(u64 ns)
{
	unsigned int us = READ_ONCE(max_expedite_us);

	return div_u64(ns * USEC_PER_SEC, clamp(us, 1U, (unsigned int)USEC_PER_SEC));
}

static bool expedite_try(struct kgc_heap *heap)
{
	u64 cost = expedite_cost(IPI_NS);

	if (!READ_ONCE(max_expedite_us))
		return false;
	if (!kgc_bucket_try(&heap->tenant->expedite, kgc_tenant_clock(), cost, SAVED_NS))
		return false;
	if (kgc_bucket_try(&expedite, ktime_get_ns(), cost, SAVED_NS))
		return true;
	kgc_bucket_give(&heap->tenant->expedite, cost);
	return false;
}

/**
 * kgc_share_expedite() - decide whether the next grace period may be expedited
 * @heap: the heap
 * @kind: KGC_AWAIT_SECTIONS for SRCU, KGC_AWAIT_REGIONS for RCU
 *
 * Charges the least that it costs other CPUs. kgc_share_polled() charges the rest.
 *
 * Context: the state machine.
 * Return: false if the budget is used up or the option forbids it; then nothing is
 * charged.
 */
bool kgc_share_expedite(struct kgc_heap *heap, enum kgc_await kind)
{
	struct kgc_share *share = &heap->share;
	bool may;

	WARN_ON_ONCE(kind != KGC_AWAIT_SECTIONS && kind != KGC_AWAIT_REGIONS);
	share->charged = false;
	switch (READ_ONCE(heap->opt.expedite)) {
	case KGC_EXPEDITE_NEVER:
		may = false;
		break;
	case KGC_EXPEDITE_ALWAYS:
		may = true;
		break;
	default:
		share->charged = num_online_cpus() > 1 && expedite_try(heap);
		may = share->charged || num_online_cpus() == 1;
	}
	if (!may)
		count(&share->refused, &all_refused);
	return may;
}

/* The grace period is expedited now. Context: the expediter. */
void kgc_share_expedited(struct kgc_heap *heap)
{
	count(&heap->share.expedited, &all_expedited);
}

/*
 * The grace period that kgc_share_expedite() allowed is not expedited after all. Context:
 * the state machine, or the expediter in its place.
 */
void kgc_share_unexpedited(struct kgc_heap *heap)
{
	if (!heap->share.charged)
		return;
	heap->share.charged = false;
	kgc_bucket_give(&heap->tenant->expedite, expedite_cost(IPI_NS));
	kgc_bucket_give(&expedite, expedite_cost(IPI_NS));
}

/**
 * kgc_share_polled() - charge for the polling of an expedited SRCU grace period
 * @heap: the heap
 * @ns: length of the grace period; sections were open when it began
 *
 * SRCU polls for a tick at most. kgc_share_expedite() has charged IPI_NS of the time.
 *
 * Context: any but NMI.
 */
void kgc_share_polled(struct kgc_heap *heap, u64 ns)
{
	u64 cost;

	ns = min_t(u64, ns, TICK_NSEC);
	if (!heap->share.charged || ns <= IPI_NS)
		return;
	cost = expedite_cost(ns - IPI_NS);
	kgc_bucket_take(&heap->tenant->expedite, kgc_tenant_clock(), cost, SAVED_NS);
	kgc_bucket_take(&expedite, ktime_get_ns(), cost, SAVED_NS);
}

/* ---- for readers ---------------------------------------------------------------- */

void kgc_share_show(struct seq_file *m, struct kgc_heap *heap)
{
	seq_printf(m, "Pauses %llu\n", READ_ONCE(heap->share.pauses));
}

/* The budgets of the module, and counts over all heaps. */
void kgc_shares_show(struct seq_file *m)
{
	seq_printf(m, "MaxCPUPercent %u\nShortCycles %llu\n", module_percent(),
		   (u64)atomic64_read(&all_short_cycles));
	seq_printf(m, "MaxExpediteUs %u\nExpedited %llu\nExpediteRefused %llu\n",
		   READ_ONCE(max_expedite_us), (u64)atomic64_read(&all_expedited),
		   (u64)atomic64_read(&all_refused));
}
