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
 * Every heap that is there all the time is seen, in the order of numbers. One heap is
 * held at a time; who leaves the loop early has to put it.
 */
#define kgc_registry_for_each(heap)					\
	for ((heap) = kgc_registry_from(1); (heap);			\
	     (heap) = kgc_registry_after(heap))

#endif /* _KGC_REGISTRY_H */
