/* SPDX-License-Identifier: GPL-2.0 */
/* Giving back the memory that a sweep has left free. */
#ifndef _KGC_TRIM_H
#define _KGC_TRIM_H

#include <linux/nodemask.h>
#include <linux/workqueue.h>

struct kgc_heap;

/* What the timer does. */
enum kgc_trim_timer {
	KGC_TRIM_WHEN_IDLE,	/* gives memory back if the heap has been idle */
	KGC_TRIM_REST,		/* gives back what the end of a cycle has not */
};

/**
 * struct kgc_trim - giving free memory back
 * @timer: gives a piece back
 * @what: what @timer does
 * @charged: kgc_allocator_charged() when @timer was set; it changes when the heap
 *	allocates
 * @begun: nodes that have given a piece back, and may have more to give. The state
 *	machine and the timer set and clear bits of it at any time: it is a hint
 */
struct kgc_trim {
	struct delayed_work	timer;
	enum kgc_trim_timer	what;
	s64			charged;
	nodemask_t		begun;
};

bool kgc_trim_some(struct kgc_heap *heap);
void kgc_trim_later(struct kgc_heap *heap, bool more);
void kgc_trim_init(struct kgc_heap *heap);
void kgc_trim_stop(struct kgc_heap *heap);

#endif /* _KGC_TRIM_H */
