/* SPDX-License-Identifier: GPL-2.0 */
/* Giving back what a sweep has left over. */
#ifndef _KGC_TRIM_H
#define _KGC_TRIM_H

#include <linux/workqueue.h>

struct kgc_heap;

/**
 * struct kgc_trim - free memory that a heap keeps for its next allocations
 * @timer: gives it back if the heap has been idle since the timer was set
 * @charged: kgc_allocator_charged() when it was set, unchanged while the heap is idle
 */
struct kgc_trim {
	struct delayed_work	timer;
	s64			charged;
};

void kgc_trim(struct kgc_heap *heap);
void kgc_trim_init(struct kgc_heap *heap);
void kgc_trim_stop(struct kgc_heap *heap);

#endif /* _KGC_TRIM_H */
