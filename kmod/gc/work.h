/* SPDX-License-Identifier: GPL-2.0 */
/* The workqueues that collectors run on. */
#ifndef _KGC_WORK_H
#define _KGC_WORK_H

#include <linux/workqueue.h>

/* Finalizers may sleep for as long as they like, so they have a queue of their own. */
extern struct workqueue_struct *kgc_wq, *kgc_finals_wq;

int kgc_work_init(void);
void kgc_work_exit(void);

#endif /* _KGC_WORK_H */
