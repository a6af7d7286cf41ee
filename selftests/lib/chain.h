/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Chains of nodes (node.h) linked through NODE_LEFT, built and walked in batches. A
 * chain is the deepest graph that a test can have, and it is quick to build.
 */
#ifndef SELFTESTS_CHAIN_H
#define SELFTESTS_CHAIN_H

#include <linux/types.h>

/*
 * Build a chain of @length nodes of type @node. The words count up from 0 at the head,
 * and the last node's field is NULL. One handle stays open: *@head. Return: 0 or
 * -errno.
 */
int chain_build(int heap, int node, unsigned long length, __u64 *head);

/*
 * Follow the chain and check every word. Return: 0 if the chain has @length nodes and
 * each is right, 1 with a message if not, or -errno.
 */
int chain_check(int heap, __u64 head, unsigned long length);

#endif /* SELFTESTS_CHAIN_H */
