/* SPDX-License-Identifier: GPL-2.0 */
/* Slowing down mutators that outrun their heap's collector. */
#ifndef _KGC_THROTTLE_H
#define _KGC_THROTTLE_H

#include <linux/atomic.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct kgc_heap;
struct seq_file;

/**
 * struct kgc_throttle - mutators of a heap that are slowed down
 * @waitq: they sleep here
 * @nr: times one was slowed down
 * @ns: for how long, in all
 * @stock: makes spans for contexts that may not sleep
 * @unstocked: for want of memory it could not, the last time; its own
 */
struct kgc_throttle {
	wait_queue_head_t	waitq;
	atomic64_t		nr;
	atomic64_t		ns;
	struct delayed_work	stock;
	bool			unstocked;
};

void kgc_throttle_init(struct kgc_heap *heap);
void kgc_throttle_stop(struct kgc_heap *heap);
void kgc_throttle_wake(struct kgc_heap *heap);
void kgc_throttle_show(struct seq_file *m, struct kgc_heap *heap);

#endif /* _KGC_THROTTLE_H */
