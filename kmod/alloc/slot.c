// SPDX-License-Identifier: GPL-2.0
/* Putting a slot into service. */
#include "cache.h"

void kgc_slot_init_state(struct kgc_allocator *a, struct kgc_span *span,
			 unsigned int bit, unsigned int mode,
			 const struct kgc_layout *layout)
{
	if (!span->layout)
		span->types[(span->word - kgc_span_free(span)) * BITS_PER_LONG + bit] =
			layout->id;
	kgc_colour_slot(a, span, bit, mode);
}
