// SPDX-License-Identifier: GPL-2.0
/* One path out of the function does not exit the section. */
// expect: context imbalance in 'access' - different lock contexts for basic block
#include "common.h"

u64 access(struct kgc_heap *heap, struct node *node, struct node *value)
{
	struct kgc_section s = kgc_enter(heap);

	value = kgc_load(s, &node->next);
	if (!value)
		return 0;
	kgc_exit(s);
	return 1;
}
