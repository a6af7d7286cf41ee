/* SPDX-License-Identifier: GPL-2.0 */
/* Roots in kernel structures: registered ranges of slots. */
#ifndef _KGC_ROOT_H
#define _KGC_ROOT_H

#include <linux/kgc.h>
#include <linux/spinlock.h>

#include "../compat.h"

struct kgc_heap;
struct kgc_marker;

/**
 * struct kgc_roots - the root ranges of a heap
 * @lock: guards all members; leaf
 * @list: list of struct kgc_root
 * @at: next root that the marker scans, or later the verifier and its tracer; NULL
 *	if none is left
 * @slot: first slot of @at that is still to be scanned
 */
struct kgc_roots {
	raw_spinlock_t		lock;
	struct list_head	list __guarded_by(&lock);
	struct kgc_root		*at __guarded_by(&lock);
	size_t			slot __guarded_by(&lock);
};

void kgc_roots_init(struct kgc_roots *roots);
void kgc_roots_end(struct kgc_heap *heap);
void kgc_root_insert(struct kgc_heap *heap, struct kgc_root *root, void **slots,
		     size_t nr);
void kgc_root_forget(struct kgc_heap *heap, struct kgc_root *root);
void kgc_roots_scan_begin(struct kgc_roots *roots);
unsigned int kgc_roots_next(struct kgc_roots *roots, void **values, void ***slots,
			    unsigned int most);
bool kgc_roots_scan_some(struct kgc_roots *roots, struct kgc_marker *m);

#endif /* _KGC_ROOT_H */
