/* SPDX-License-Identifier: GPL-2.0 */
/* Statistics of finished cycles: a record of each of the last ones, and sums over all. */
#ifndef _KGC_RECORD_H
#define _KGC_RECORD_H

#include <linux/spinlock.h>

#include "../alloc/histogram.h"
#include "../../uapi/linux/kgc.h"
#include "../compat.h"

#define KGC_CYCLE_LOG	32

/* Names of enum kgc_reason, for debugfs and for trace points: row() each, last() the last. */
#define KGC_REASON_NAMES(row, last)		\
	row(KGC_REASON_GROWTH, "growth")	\
	row(KGC_REASON_PERIOD, "period")	\
	row(KGC_REASON_REQUEST, "request")	\
	row(KGC_REASON_LIMIT, "limit")		\
	last(KGC_REASON_SHRINK, "shrink")

/**
 * struct kgc_cycle_record - one finished cycle, times in microseconds
 * @nr: number of the cycle
 * @reason: enum kgc_reason
 * @at_us: CLOCK_MONOTONIC at its begin
 * @arm_us: from there until every section ran a barrier
 * @start_us: from there until every section allocated black
 * @mark_us: from there until SETTLE
 * @settle_us: from there until the flush of all caches
 * @sweep_us: from there until the sweep was over
 * @cpu_us: CPU time of the collector
 * @rounds: termination rounds
 * @scanned: objects scanned
 * @live_objects: objects that the sweep found alive
 * @live_bytes: bytes of their slots
 * @freed: objects that the sweep found dead
 * @goal: heap goal after the cycle, in bytes
 * @peak: heap size at the flush, in bytes
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
 * struct kgc_record_sums - sums over all cycles of a heap
 * @nr: cycles completed
 * @by_reason: cycles completed, by enum kgc_reason
 * @rounds: termination rounds
 * @rounds_max: most termination rounds in one cycle
 */
struct kgc_record_sums {
	u64	nr;
	u64	by_reason[KGC_NR_REASONS];
	u64	rounds;
	u64	rounds_max;
};

/* The parts of a cycle, in order: the durations of struct kgc_cycle_record. */
enum kgc_part {
	KGC_PART_ARM,
	KGC_PART_START,
	KGC_PART_MARK,
	KGC_PART_SETTLE,
	KGC_PART_SWEEP,
	KGC_NR_PARTS,
};

/**
 * struct kgc_records - the cycles of a heap
 * @lock: guards all members; leaf, interrupts off
 * @sums: sums over all cycles
 * @log: ring of the last cycles
 * @took: how long each part took, over all cycles, by enum kgc_part
 */
struct kgc_records {
	raw_spinlock_t		lock;
	struct kgc_record_sums	sums __guarded_by(&lock);
	struct kgc_cycle_record	log[KGC_CYCLE_LOG] __guarded_by(&lock);
	struct kgc_histogram	took[KGC_NR_PARTS];
};

void kgc_records_init(struct kgc_records *records);
void kgc_records_add(struct kgc_records *records,
		     const struct kgc_cycle_record *now);
void kgc_records_last(struct kgc_records *records, struct kgc_record_sums *sums,
		      struct kgc_cycle_record *last);
u64 kgc_records_dead(struct kgc_records *records, u64 bytes);
bool kgc_records_get(struct kgc_records *records, u64 nr,
		     struct kgc_cycle_record *record);

#endif /* _KGC_RECORD_H */
