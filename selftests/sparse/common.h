/* SPDX-License-Identifier: GPL-2.0 */
/* Declarations that the files here share. Each file misuses a pointer in one way. */
#ifndef _SPARSE_COMMON_H
#define _SPARSE_COMMON_H

#include <linux/kgc.h>

struct node {
	KGC_REF(struct node) next;
	u64 id;
};

u64 access(struct kgc_heap *heap, struct node *node, struct node *value);

#endif /* _SPARSE_COMMON_H */
