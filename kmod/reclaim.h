/* SPDX-License-Identifier: GPL-2.0 */
/* What the heaps do when the machine, or a cgroup, is short of memory. */
#ifndef _KGC_RECLAIM_H
#define _KGC_RECLAIM_H

#include <linux/types.h>

struct kgc_heap;
struct kgc_node;

int kgc_reclaim_prepare(gfp_t gfp);
void kgc_reclaim_add(struct kgc_heap *heap);
u64 kgc_reclaim_bytes(struct kgc_node *node);
void kgc_reclaim_del(struct kgc_heap *heap);
void kgc_reclaim_waits(u64 *all, u64 *stuck, u64 *expired);
int kgc_reclaim_init(void);
void kgc_reclaim_exit(void);

#endif /* _KGC_RECLAIM_H */
