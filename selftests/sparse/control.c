// SPDX-License-Identifier: GPL-2.0
/* Do the same things as the other files, but correctly: sparse must not warn. */
#include "common.h"

u64 access(struct kgc_heap *heap, struct node *node, struct node *value)
{
	struct kgc_section s = kgc_enter(heap);
	struct node *next = kgc_load(s, &node->next);
	u64 id = 0;

	if (next) {
		id = next->id;
		kgc_store(s, &next->next, value);
		value = kgc_xchg(s, &node->next, next);
		kgc_cmpxchg(s, &next->next, value, next);
		kgc_copy_refs(s, &node->next, &next->next, 1);
	}
	kgc_exit(s);
	return id;
}
