// SPDX-License-Identifier: GPL-2.0
/*
 * Counting the arenas and free runs of a page heap. The walk drops the lock after every
 * few arenas, so the counts are consistent only while the heap is at rest.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "survey.h"

static void survey_arena(struct kgc_arena *arena, void *data)
{
	struct kgc_survey *sv = data;
	unsigned int start = 0, end;

	sv->arenas[ilog2(arena->npages)]++;
	sv->gone[ilog2(arena->npages)] += arena->ngone;
	for (;;) {
		start = find_next_zero_bit(arena->used, arena->npages, start);
		if (start == arena->npages)
			return;
		end = find_next_bit(arena->used, arena->npages, start);
		sv->runs[ilog2(end - start)]++;
		sv->free[ilog2(end - start)] += end - start;
		start = end;
	}
}

/**
 * kgc_survey_pageheap() - count arenas and free runs by size
 * @ph: the page heap
 * @sv: receives the counts
 *
 * Context: process context, may sleep.
 */
void kgc_survey_pageheap(struct kgc_pageheap *ph, struct kgc_survey *sv)
{
	unsigned long below = ULONG_MAX;

	memset(sv, 0, sizeof(*sv));
	while (below) {
		below = kgc_arenas_walk(ph, below, survey_arena, sv);
		cond_resched();
	}
}
