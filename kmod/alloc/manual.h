/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Manual spans: pages of a page heap that hold data of kgc itself instead of objects. The
 * Go runtime has such spans for stacks. The pages count against the heap's limits and are
 * charged to its cgroup. Lookups, sweeps and the verifier find no object in them. The
 * caller frees a manual span; the end of the heap frees those that are left.
 */
#ifndef _KGC_MANUAL_H
#define _KGC_MANUAL_H

#include <linux/types.h>

struct kgc_allocator;
struct kgc_span;

struct kgc_span *kgc_manual_alloc(struct kgc_allocator *a, size_t bytes, gfp_t gfp);
void kgc_manual_free(struct kgc_allocator *a, struct kgc_span *span);

#endif /* _KGC_MANUAL_H */
