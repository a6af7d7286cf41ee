/* SPDX-License-Identifier: GPL-2.0 */
/* The node that most tests use: two pointers and a word. */
#ifndef SELFTESTS_NODE_H
#define SELFTESTS_NODE_H

#include <kgc.h>

#define NODE_LEFT	0
#define NODE_RIGHT	8
#define NODE_WORD	16
#define NODE_SIZE	24

/* Nodes of @size bytes, NODE_SIZE or more. Return: type id, or -errno. */
static inline int register_wide_node(int heap, __u64 size)
{
	static const struct kgc_field fields[] = {
		{ NODE_LEFT, KGC_TYPE_ANY }, { NODE_RIGHT, KGC_TYPE_ANY },
	};

	return kgc_type_register(heap, "node", size, 0, fields, 2);
}

static inline int register_node(int heap)
{
	return register_wide_node(heap, NODE_SIZE);
}

#endif /* SELFTESTS_NODE_H */
