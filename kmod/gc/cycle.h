/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The collection cycle: a state machine that blocks no thread while it waits.
 * docs/protocol.md gives the reasons for every step.
 */
#ifndef _KGC_CYCLE_H
#define _KGC_CYCLE_H

#include <linux/types.h>

#include "../../uapi/linux/kgc.h"
#include "record.h"

struct kgc_heap;

/* A comment names the grace period before the step, if any, and what the step works on. */
enum kgc_step {
	KGC_STEP_IDLE,
	KGC_STEP_ARMED,		/* grace period after ARM */
	KGC_STEP_ROOTS,		/* grace period after MARK, then root slots */
	KGC_STEP_DRAIN,		/* grey objects */
	KGC_STEP_ROUND,		/* RCU grace period of a round */
	KGC_STEP_KEEP,		/* targets of weak references, if rounds do not end */
	KGC_STEP_WEAK,		/* weak references: all reachable objects are marked */
	KGC_STEP_FINAL,		/* finalizers */
	KGC_STEP_CLEANUP,	/* cleanups: marking is over */
	KGC_STEP_WALK,		/* on request: read what is marked */
	KGC_STEP_VERIFY,	/* option: check the marks */
	KGC_STEP_TRACE,		/* option: grace period after new sections halted, tracer */
	KGC_STEP_SETTLE,	/* marks complete, and checked by the option */
	KGC_STEP_SETTLED,	/* grace period after SETTLE */
	KGC_STEP_FLUSH,		/* RCU grace period after the new generation */
	KGC_STEP_SWEEP,
	KGC_STEP_TRIM,		/* option: give all free memory back */
	KGC_STEP_END,		/* statistics, free memory, and threads that wait */
};

/**
 * struct kgc_cycle - the cycle under way; only the state machine writes it
 * @step: the next step
 * @shaded: count of shadings when the current round began
 * @begin_ns: time when the cycle began
 * @lap_ns: time when cycle_lap() was called last
 * @charged_begin: bytes charged when the cycle began
 * @freed_before: objects freed before the cycle began
 * @bytes_before: bytes freed before the cycle began
 * @cpu_before: CPU time of the collector before the cycle began
 * @verifying: the verifier checks the marks of this cycle
 * @tracing: the tracer runs too, and may make new sections wait
 * @for_limit: a limit is among the reasons for the cycle
 * @trimmed: the cycle has given back every free page
 * @helped: a thread runs the steps instead of the work item
 * @mutator_before: CPU time that mutators spent on earlier cycles
 * @now: record of this cycle
 */
struct kgc_cycle {
	enum kgc_step		step;
	u64			shaded;
	u64			begin_ns;
	u64			lap_ns;
	s64			charged_begin;
	u64			freed_before;
	u64			bytes_before;
	u64			cpu_before;
	bool			verifying;
	bool			tracing;
	bool			for_limit;
	bool			trimmed;
	bool			helped;
	u64			mutator_before;
	struct kgc_cycle_record	now;
};

void kgc_cycle_init(struct kgc_heap *heap);
void kgc_cycle_stop(struct kgc_heap *heap);

#endif /* _KGC_CYCLE_H */
