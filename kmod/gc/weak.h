/* SPDX-License-Identifier: GPL-2.0 */
/* Weak references. */
#ifndef _KGC_WEAK_H
#define _KGC_WEAK_H

#include <linux/kgc.h>

struct kgc_handles;

void kgc_weaks_init(struct kgc_heap *heap);
bool kgc_weaks_clear_some(struct kgc_handles *weak);
int kgc_weak_open(struct kgc_section s, void *obj, unsigned int type,
		  gfp_t gfp, u64 *handle);
int kgc_weak_find(struct kgc_section s, u64 handle, void **obj,
		  unsigned int *type);
int kgc_weak_drop(struct kgc_section s, u64 handle);

#endif /* _KGC_WEAK_H */
