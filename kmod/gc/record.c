// SPDX-License-Identifier: GPL-2.0
/* Statistics of finished cycles: a record of each of the last ones, and sums over all. */
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/time64.h>

#include "../alloc/histogram.h"
#include "../compat.h"
#include "record.h"

/* A cycle tells how much dies only if at least this much was allocated before it. */
#define MIN_SAMPLE_BYTES	(64U << 10)
/* Least estimate of the dead bytes among those allocated, whatever cycles have found. */
#define MIN_DEAD(bytes)		((bytes) / 8)

void kgc_records_init(struct kgc_records *records)
{
	raw_spin_lock_init(&records->lock);
}

static void took_add(struct kgc_records *records, enum kgc_part part, u64 us)
{
	kgc_histogram_add(&records->took[part], us * NSEC_PER_USEC);
}

/* Add a finished cycle. Context: the state machine. */
void kgc_records_add(struct kgc_records *records,
		     const struct kgc_cycle_record *now)
{
	struct kgc_record_sums *sums = &records->sums;

	took_add(records, KGC_PART_ARM, now->arm_us);
	took_add(records, KGC_PART_START, now->start_us);
	took_add(records, KGC_PART_MARK, now->mark_us);
	took_add(records, KGC_PART_SETTLE, now->settle_us);
	took_add(records, KGC_PART_SWEEP, now->sweep_us);
	guard(raw_spinlock_irq)(&records->lock);
	sums->nr = now->nr;
	sums->by_reason[now->reason]++;
	sums->rounds += now->rounds;
	sums->rounds_max = max(sums->rounds_max, now->rounds);
	records->log[now->nr % KGC_CYCLE_LOG] = *now;
}

/* Read the sums and the last cycle, zeroes if there is none. Context: process context. */
void kgc_records_last(struct kgc_records *records, struct kgc_record_sums *sums,
		      struct kgc_cycle_record *last)
{
	guard(raw_spinlock_irq)(&records->lock);
	*sums = records->sums;
	*last = records->log[sums->nr % KGC_CYCLE_LOG];
}

/* Context: process context. Return: false when cycle @nr is no longer in the log. */
bool kgc_records_get(struct kgc_records *records, u64 nr,
		     struct kgc_cycle_record *record)
{
	guard(raw_spinlock_irq)(&records->lock);
	*record = records->log[nr % KGC_CYCLE_LOG];
	return record->nr == nr;
}

/*
 * Estimate how many of @bytes, allocated since the last cycle, are dead. The share that is
 * dead is as large as in the last cycle before which MIN_SAMPLE_BYTES were allocated. If
 * there was no such cycle, all are dead. The result is at least MIN_DEAD: at 0, reclaim
 * would never ask a heap for a cycle again that once grew. Context: any.
 */
u64 kgc_records_dead(struct kgc_records *records, u64 bytes)
{
	const struct kgc_cycle_record *now, *before;
	u64 nr, oldest, allocated, dead = bytes;

	guard(raw_spinlock_irqsave)(&records->lock);
	nr = records->sums.nr;
	oldest = nr > KGC_CYCLE_LOG ? nr - KGC_CYCLE_LOG + 1 : 0;
	for (; nr > oldest; nr--) {
		now = &records->log[nr % KGC_CYCLE_LOG];
		before = &records->log[(nr - 1) % KGC_CYCLE_LOG];
		if (now->peak < before->live_bytes + MIN_SAMPLE_BYTES)
			continue;
		allocated = now->peak - before->live_bytes;
		dead = now->peak - min(now->peak, now->live_bytes);
		/* in units of 64 KiB, so that the product cannot overflow */
		dead = div64_u64((bytes >> 16) * (min(dead, allocated) >> 16),
				 allocated >> 16) << 16;
		break;
	}
	return max(dead, MIN_DEAD(bytes));
}
