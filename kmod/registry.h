/* SPDX-License-Identifier: GPL-2.0 */
/* All heaps, by number. */
#ifndef _KGC_REGISTRY_H
#define _KGC_REGISTRY_H

#include <linux/types.h>

struct kgc_heap;

int kgc_registry_reserve(u32 *id);
void kgc_registry_release(u32 id);
void kgc_registry_add(struct kgc_heap *heap);
void kgc_registry_hide(struct kgc_heap *heap);
void kgc_registry_drain(struct kgc_heap *heap);
void kgc_registry_get(struct kgc_heap *heap);
void kgc_registry_put(struct kgc_heap *heap);
struct kgc_heap *kgc_registry_from(u32 id);
struct kgc_heap *kgc_registry_step(u32 *id, bool (*wanted)(const struct kgc_heap *heap));
struct kgc_heap *kgc_registry_after(struct kgc_heap *heap);
void kgc_registry_exit(void);

/*
 * Visit the heaps in the order of their numbers. The loop visits every heap that exists
 * from its begin to its end. It holds one heap at a time; code that leaves the loop early
 * must call kgc_registry_put() on that heap.
 */
#define kgc_registry_for_each(heap)					\
	for ((heap) = kgc_registry_from(1); (heap);			\
	     (heap) = kgc_registry_after(heap))

#endif /* _KGC_REGISTRY_H */
