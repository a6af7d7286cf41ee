/* SPDX-License-Identifier: GPL-2.0 */
/* Giving back the memory that a sweep has left free. */
#ifndef _KGC_TRIM_H
#define _KGC_TRIM_H

#include <linux/workqueue.h>

struct kgc_heap;

/**
 * struct kgc_trim - giving back the free memory of an idle heap
 * @timer: gives it back if the heap has been idle since the timer was set
 * @charged: kgc_allocator_charged() when @timer was set; it changes when the heap
 *	allocates
 */
struct kgc_trim {
	struct delayed_work	timer;
	s64			charged;
};

void kgc_trim(struct kgc_heap *heap);
void kgc_trim_init(struct kgc_heap *heap);
void kgc_trim_stop(struct kgc_heap *heap);

#endif /* _KGC_TRIM_H */
