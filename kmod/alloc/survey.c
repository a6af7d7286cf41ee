// SPDX-License-Identifier: GPL-2.0
/*
 * Looking over a page heap. The lock is dropped after every few arenas, so the
 * picture is a moment's only when the heap is at rest.
 */
#include <linux/kernel.h>
#include <linux/mm.h>
#include <linux/sched.h>

#include "survey.h"

#define SURVEY_BATCH	16	/* arenas looked at under the lock */

/* The arena at the lowest address from @from on, or NULL. */
static struct rb_node *arena_from(struct kgc_pageheap *ph, unsigned long from)
{
	struct rb_node *rb = ph->arenas.rb_node, *best = NULL;

	while (rb) {
		if (rb_entry(rb, struct kgc_arena, node)->base >= from) {
			best = rb;
			rb = rb->rb_left;
		} else {
			rb = rb->rb_right;
		}
	}
	return best;
}

static void survey_arena(struct kgc_survey *sv, const struct kgc_arena *arena)
{
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
 * kgc_pageheap_survey() - count arenas and free runs by size
 * @ph: the page heap
 * @sv: receives the counts
 *
 * Context: process context, may sleep.
 */
void kgc_pageheap_survey(struct kgc_pageheap *ph, struct kgc_survey *sv)
{
	unsigned long from = 0, flags;
	struct rb_node *rb;
	unsigned int n;

	memset(sv, 0, sizeof(*sv));
	do {
		raw_spin_lock_irqsave(&ph->lock, flags);
		rb = arena_from(ph, from);
		for (n = 0; rb && n < SURVEY_BATCH; n++, rb = rb_next(rb)) {
			struct kgc_arena *arena;

			arena = rb_entry(rb, struct kgc_arena, node);
			survey_arena(sv, arena);
			from = arena->base + 1;
		}
		raw_spin_unlock_irqrestore(&ph->lock, flags);
		cond_resched();
	} while (rb);
}
