/* SPDX-License-Identifier: GPL-2.0 */
/* KGC_BATCH: many operations in one ioctl. */
#ifndef _KGC_BATCH_H
#define _KGC_BATCH_H

struct kgc_batch;
struct kgc_heap;

#define KGC_MAX_BATCH	65536

int kgc_batch_run(struct kgc_heap *heap, struct kgc_batch *batch);

#endif /* _KGC_BATCH_H */
