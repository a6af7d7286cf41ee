/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Manual spans: pages of a heap's page heap that belong to a part of kgc and not to
 * objects, as the Go runtime has them for stacks. They count against the heap's limits
 * and are charged to its cgroup. Nothing is found in them: no lookup, no sweep, no
 * verifier. The caller frees them; what it has not freed when the heap ends goes with
 * the heap.
 */
#ifndef _KGC_MANUAL_H
#define _KGC_MANUAL_H

#include <linux/types.h>

struct kgc_allocator;
struct kgc_span;

struct kgc_span *kgc_manual_alloc(struct kgc_allocator *a, size_t bytes, gfp_t gfp);
void kgc_manual_free(struct kgc_allocator *a, struct kgc_span *span);

#endif /* _KGC_MANUAL_H */
