// SPDX-License-Identifier: GPL-2.0
/* A managed field is read into a plain pointer without kgc_load(). */
// expect: incorrect type in assignment (different address spaces)
#include "common.h"

u64 access(struct kgc_heap *heap, struct node *node, struct node *value)
{
	struct kgc_section s = kgc_enter(heap);
	u64 id;

	value = node->next.kgc_ref;
	id = value->id;
	kgc_exit(s);
	return id;
}
