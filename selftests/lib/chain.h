/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Chains of nodes (node.h) linked through NODE_LEFT, built and walked in
 * batches: the deepest graph there is, and quick to make.
 */
#ifndef SELFTESTS_CHAIN_H
#define SELFTESTS_CHAIN_H

#include <linux/types.h>

/*
 * @length nodes of type @node, the head's word 0, the next one's 1 and so on,
 * the last one's field NULL. One handle stays open, *@head. 0 or -errno.
 */
int chain_build(int heap, int node, unsigned long length, __u64 *head);

/*
 * Follow the chain and check every word. Returns 0 when there are @length nodes
 * and all is well, 1 and a complaint when not, or -errno.
 */
int chain_check(int heap, __u64 head, unsigned long length);

#endif /* SELFTESTS_CHAIN_H */
