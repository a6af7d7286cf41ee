// SPDX-License-Identifier: GPL-2.0
/* What finished cycles did: the last few one by one, all of them in sums. */
#include "record.h"

void kgc_records_init(struct kgc_records *records)
{
	raw_spin_lock_init(&records->lock);
}

/* Add a finished cycle. Context: the state machine. */
void kgc_records_add(struct kgc_records *records,
		     const struct kgc_cycle_record *now)
{
	struct kgc_record_sums *sums = &records->sums;

	raw_spin_lock_irq(&records->lock);
	sums->nr = now->nr;
	sums->by_reason[now->reason]++;
	sums->rounds += now->rounds;
	sums->rounds_max = max(sums->rounds_max, now->rounds);
	records->log[now->nr % KGC_CYCLE_LOG] = *now;
	raw_spin_unlock_irq(&records->lock);
}

/* Sums, and the last cycle: zeroes if there is none. Context: process context. */
void kgc_records_last(struct kgc_records *records, struct kgc_record_sums *sums,
		      struct kgc_cycle_record *last)
{
	raw_spin_lock_irq(&records->lock);
	*sums = records->sums;
	*last = records->log[sums->nr % KGC_CYCLE_LOG];
	raw_spin_unlock_irq(&records->lock);
}

/* Context: process context. Return: false when cycle @nr is no longer in the log. */
bool kgc_records_get(struct kgc_records *records, u64 nr,
		     struct kgc_cycle_record *record)
{
	raw_spin_lock_irq(&records->lock);
	*record = records->log[nr % KGC_CYCLE_LOG];
	raw_spin_unlock_irq(&records->lock);
	return record->nr == nr;
}
