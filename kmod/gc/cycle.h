/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The collection cycle, a state machine that never blocks a thread while it
 * waits. docs/protocol.md argues every step.
 */
#ifndef _KGC_CYCLE_H
#define _KGC_CYCLE_H

#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../../uapi/linux/kgc.h"

struct kgc_heap;

enum kgc_step {
	KGC_STEP_IDLE,
	KGC_STEP_ARMED,		/* grace period after ARM */
	KGC_STEP_ROOTS,		/* grace period after MARK, then root slots */
	KGC_STEP_DRAIN,		/* grey objects */
	KGC_STEP_ROUND,		/* RCU grace period of a termination round */
	KGC_STEP_KEEP,		/* what weak references name, if rounds do not end */
	KGC_STEP_WEAK,		/* all reachable is marked: weak references */
	KGC_STEP_FINAL,		/* finalizers */
	KGC_STEP_VERIFY,	/* option: check the marks */
	KGC_STEP_TRACE,		/* option: grace period after new sections wait */
	KGC_STEP_SETTLE,	/* marking is complete */
	KGC_STEP_SETTLED,	/* grace period after SETTLE */
	KGC_STEP_FLIP,		/* RCU grace period after the new generation */
	KGC_STEP_SWEEP,
};

/* What a step waits for before the next one. */
enum kgc_await {
	KGC_AWAIT_NOTHING,
	KGC_AWAIT_SECTIONS,	/* an SRCU grace period */
	KGC_AWAIT_REGIONS,	/* an RCU grace period */
	KGC_AWAIT_KICK,		/* a request, or the last parallel worker */
	KGC_AWAIT_PAUSE,	/* its CPU share */
};

#define KGC_CYCLE_LOG	32

/**
 * struct kgc_cycle_record - one finished cycle, times in microseconds
 * @nr: number
 * @reason: enum kgc_reason
 * @at_us: monotonic time of its begin
 * @arm_us: until every section ran a barrier
 * @start_us: until every section allocated black
 * @mark_us: marking with its rounds
 * @settle_us: until the flip
 * @sweep_us: sweeping
 * @cpu_us: CPU time of the collector
 * @rounds: termination rounds
 * @scanned: objects scanned
 * @live_objects: marked
 * @live_bytes: marked
 * @freed: objects swept
 * @goal: heap goal after it
 * @peak: heap size when marking was over
 */
struct kgc_cycle_record {
	u64	nr;
	u32	reason;
	u64	at_us;
	u64	arm_us;
	u64	start_us;
	u64	mark_us;
	u64	settle_us;
	u64	sweep_us;
	u64	cpu_us;
	u64	rounds;
	u64	scanned;
	u64	live_objects;
	u64	live_bytes;
	u64	freed;
	u64	goal;
	u64	peak;
};

/**
 * struct kgc_cycle - the state machine
 * @work: runs steps; never two at a time
 * @hurry: waits for a grace period that is hurried
 * @rcu: for both kinds of grace periods; at most one is under way
 * @callbacks: of RCU, that have not left the heap; those of SRCU are its own
 * @waiting: what grace period that is
 * @lock: guards @wanted, @reasons, @log and @done; leaf
 * @step: the next step; written by @work only
 * @begun: cycles begun
 * @done: cycles completed, sweep included
 * @wanted: cycles asked for
 * @reasons: enum kgc_reason bits asked for
 * @waitq: for @done
 * @waiters: how many wait, or are about to
 * @by_reason: cycles by reason
 * @rounds: termination rounds, all cycles
 * @rounds_max: most in one cycle
 * @cpu_ns: CPU time of the collector
 * @shaded: regions counted when the current round began
 * @side: of SRCU, 0 or 1, that sections were on when they began to be waited for
 * @sections_since_ns: since when sections are waited for, or 0
 * @begin_ns: time at which the current cycle began
 * @lap_ns: end of the last step that was timed
 * @charged_begin: bytes charged when the cycle began
 * @freed_before: objects freed when the cycle began
 * @cpu_before: @cpu_ns when the cycle began
 * @verifying: the current cycle's marks are checked
 * @tracing: and reachability is traced; its sections can be held up
 * @now: the current cycle
 * @log: the last ones, a ring
 */
struct kgc_cycle {
	struct delayed_work	work;
	struct work_struct	hurry;
	struct rcu_head		rcu;
	atomic_t		callbacks;
	enum kgc_await		waiting;
	raw_spinlock_t		lock;
	enum kgc_step		step;
	u64			begun;
	u64			done;
	u64			wanted;
	unsigned long		reasons;
	wait_queue_head_t	waitq;
	atomic_t		waiters;
	u64			by_reason[KGC_NR_REASONS];
	u64			rounds;
	u64			rounds_max;
	atomic64_t		cpu_ns;
	u64			shaded;
	unsigned int		side;
	u64			sections_since_ns;
	u64			begin_ns;
	u64			lap_ns;
	s64			charged_begin;
	u64			freed_before;
	u64			cpu_before;
	bool			verifying;
	bool			tracing;
	struct kgc_cycle_record	now;
	struct kgc_cycle_record	log[KGC_CYCLE_LOG];
};

void kgc_cycle_init(struct kgc_heap *heap);
void kgc_cycle_stop(struct kgc_heap *heap);
void kgc_cycle_kick(struct kgc_heap *heap);
void kgc_cycle_charge(struct kgc_heap *heap, u64 ns);
u64 kgc_cycle_request(struct kgc_heap *heap, unsigned int cycles,
		      enum kgc_reason reason);
bool kgc_cycle_wait(struct kgc_heap *heap, u64 cycle, unsigned long ticks);
enum kgc_phase kgc_cycle_phase(const struct kgc_heap *heap);

#endif /* _KGC_CYCLE_H */
