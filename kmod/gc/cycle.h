/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The collection cycle, a state machine that never blocks a thread while it
 * waits. docs/protocol.md argues every step.
 */
#ifndef _KGC_CYCLE_H
#define _KGC_CYCLE_H

#include <linux/types.h>

#include "../../uapi/linux/kgc.h"
#include "record.h"

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
	KGC_STEP_CLEANUP,	/* marking is complete: cleanups */
	KGC_STEP_VERIFY,	/* option: check the marks */
	KGC_STEP_TRACE,		/* option: grace period after new sections wait */
	KGC_STEP_SETTLE,	/* and perhaps verified */
	KGC_STEP_SETTLED,	/* grace period after SETTLE */
	KGC_STEP_FLIP,		/* RCU grace period after the new generation */
	KGC_STEP_SWEEP,
	KGC_STEP_END,		/* all is swept: count, and wake the threads that wait */
};

/**
 * struct kgc_cycle - the cycle under way; written by the state machine only
 * @step: the next step
 * @shaded: regions counted when the current round began
 * @begin_ns: time at which the cycle began
 * @lap_ns: end of the last step that was timed
 * @charged_begin: bytes charged when the cycle began
 * @freed_before: objects freed when the cycle began
 * @bytes_before: bytes freed then
 * @cpu_before: CPU time of the collector when the cycle began
 * @verifying: the cycle's marks are checked
 * @tracing: and reachability is traced; its sections can be held up
 * @for_limit: a limit is among the reasons for the cycle
 * @batch: objects to mark between looks at the clock
 * @mutator_before: CPU time of mutators spent on cycles when this one began
 * @now: its record
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
	unsigned int		batch;
	u64			mutator_before;
	struct kgc_cycle_record	now;
};

void kgc_cycle_init(struct kgc_heap *heap);
void kgc_cycle_stop(struct kgc_heap *heap);
enum kgc_phase kgc_cycle_phase(const struct kgc_heap *heap);

#endif /* _KGC_CYCLE_H */
