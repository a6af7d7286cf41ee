// SPDX-License-Identifier: GPL-2.0
/* A managed field is dereferenced without kgc_load(). */
// expect: dereference of noderef expression
#include "common.h"

u64 access(struct kgc_heap *heap, struct node *node, struct node *value)
{
	struct kgc_section s = kgc_enter(heap);
	u64 id = node->next.kgc_ref->id;

	kgc_exit(s);
	return id;
}
