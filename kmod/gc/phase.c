// SPDX-License-Identifier: GPL-2.0
/*
 * The phase of a heap's cycle, and the mode that it gives to sections.
 */
#include "heap.h"
#include "phase.h"
#include "throttle.h"
#include "trace.h"

static const unsigned int mode_of_phase[] = {
	[KGC_PHASE_IDLE]	= 0,
	[KGC_PHASE_ARM]		= KGC_MODE_SHADE_OLD | KGC_MODE_SHADE_NEW,
	[KGC_PHASE_MARK]	= KGC_MODE_SHADE_OLD | KGC_MODE_BLACK,
	[KGC_PHASE_SETTLE]	= KGC_MODE_SETTLE,
};

/* Set the mode of all sections that begin from now on; pairs with kgc_enter(). */
void kgc_phase_publish(struct kgc_heap *heap, enum kgc_phase phase)
{
	unsigned int mode = mode_of_phase[phase];

	if (READ_ONCE(heap->opt.track_sections) || heap->cycle.tracing)
		mode |= KGC_MODE_TRACK;
	smp_store_release(&heap->front.mode, mode);	/* kgc_enter() */
	kgc_throttle_wake(heap);
	trace_kgc_phase(heap->id, phase);
}

enum kgc_phase kgc_phase_now(const struct kgc_heap *heap)
{
	unsigned int mode = READ_ONCE(heap->front.mode);

	if (mode & KGC_MODE_SHADE_NEW)
		return KGC_PHASE_ARM;
	if (mode & KGC_MODE_BLACK)
		return KGC_PHASE_MARK;
	return mode & KGC_MODE_SETTLE ? KGC_PHASE_SETTLE : KGC_PHASE_IDLE;
}
