// SPDX-License-Identifier: GPL-2.0
/* No path exits the section. */
// expect: context imbalance in 'access' - wrong count at exit
#include "common.h"

u64 access(struct kgc_heap *heap, struct node *node, struct node *value)
{
	struct kgc_section s = kgc_enter(heap);

	return kgc_load(s, &node->next) ? 1 : 0;
}
