// SPDX-License-Identifier: GPL-2.0
/* Choosing a slot, and putting it into service. */
#include <linux/kernel.h>
#include <linux/prandom.h>

#include "allocated.h"
#include "cache.h"

void kgc_slot_init_state(struct kgc_allocator *a, struct kgc_span *span,
			 unsigned int bit, unsigned int mode,
			 const struct kgc_layout *layout)
{
	if (!span->layout) {
		span->types[(span->word - kgc_span_free(span)) * BITS_PER_LONG + bit] =
			layout->id;
		kgc_allocated_add(layout, 1, span->size);
	}
	kgc_colour_slot(a, span, bit, mode);
}

/*
 * Choose a random free slot of @span, which has at least one, and make its word current.
 * The kernel's generator takes a lock, so @state is one that it has seeded. Return: the
 * slot's bit in that word. Context: central lock held.
 */
unsigned int kgc_slot_random(struct kgc_span *span, struct rnd_state *state)
{
	unsigned long *free = kgc_span_free(span);
	unsigned int n, w;
	unsigned long word;

	n = reciprocal_scale(prandom_u32_state(state), kgc_span_count_free(span));
	for (w = 0; n >= hweight_long(free[w]); w++)
		n -= hweight_long(free[w]);
	for (word = free[w]; n; n--)
		word &= word - 1;
	kgc_span_select_word(span, w);
	return __ffs(word);
}
