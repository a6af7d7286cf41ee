// SPDX-License-Identifier: GPL-2.0
/* A managed field is written without kgc_store(): no barrier. */
// expect: incorrect type in assignment (different address spaces)
#include "common.h"

u64 access(struct kgc_heap *heap, struct node *node, struct node *value)
{
	struct kgc_section s = kgc_enter(heap);

	node->next.kgc_ref = value;
	kgc_exit(s);
	return 0;
}
