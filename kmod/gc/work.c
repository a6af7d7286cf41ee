// SPDX-License-Identifier: GPL-2.0
/* The workqueues of the collectors. */
#include "work.h"

struct workqueue_struct *kgc_wq;
struct workqueue_struct *kgc_markers_wq;

/* Context: may sleep. Return: 0 or -ENOMEM. */
int kgc_work_init(void)
{
	/* needs a rescuer: reclaim may wait for a cycle, which frees memory */
	kgc_wq = alloc_workqueue("kgc", WQ_UNBOUND | WQ_FREEZABLE |
				 WQ_MEM_RECLAIM, 0);
	if (!kgc_wq)
		return -ENOMEM;
	/* a cycle waits for its running markers, so reclaim may wait for them as well */
	kgc_markers_wq = alloc_workqueue("kgc_markers", WQ_UNBOUND |
					 WQ_FREEZABLE | WQ_MEM_RECLAIM, 0);
	if (!kgc_markers_wq) {
		destroy_workqueue(kgc_wq);
		return -ENOMEM;
	}
	return 0;
}

/* Context: no heap is left; may sleep. */
void kgc_work_exit(void)
{
	destroy_workqueue(kgc_markers_wq);
	destroy_workqueue(kgc_wq);
}
