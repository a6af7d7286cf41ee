/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A forest of lists, trees and cycles in a kgc heap, and its mirror in the memory of
 * kgcctl. The mirror does not depend on the collector. It is the oracle that says
 * which objects must have died and which must live.
 */
#ifndef KGCCTL_FOREST_H
#define KGCCTL_FOREST_H

#include <stdbool.h>
#include <stdint.h>

#include <kgc.h>

/* Layout of a node in the heap. */
#define NODE_LEFT	0
#define NODE_RIGHT	8
#define NODE_ID		16
#define NODE_SIZE	24

/* Objects per list, tree or cycle. A batch has room for the three operations of each. */
#define GROVE		1000

#define NO_NODE		UINT32_MAX

/**
 * struct forest - a graph and its mirror
 * @heap: descriptor
 * @type: type id of a node
 * @nr: nodes, numbered from 0
 * @left: per node, number of the node its left field points to, or NO_NODE
 * @right: same for the right field
 * @live: per node, whether the last forest_reach() found it reachable
 * @nr_live: number of nodes for which @live is true
 * @groves: number of lists, trees and cycles; each has GROVE nodes, the last maybe fewer
 * @roots: per grove, handle of its first node, or 0 after it was dropped
 * @random: state of the random number generator
 * @batch: for building and walking
 */
struct forest {
	int heap;
	uint32_t type;
	uint32_t nr;
	uint32_t *left, *right;
	bool *live;
	uint32_t nr_live;
	uint32_t groves;
	uint64_t *roots;
	uint64_t random;
	struct kgc_batch_builder batch;
};

typedef void (*progress_fn)(const char *what, uint64_t done, uint64_t total);

/* All return 0 or -errno. */
int forest_init(struct forest *forest, int heap, uint32_t nr, uint64_t seed);
int forest_build(struct forest *forest, progress_fn progress);
int forest_drop_half(struct forest *forest, uint32_t *dropped);
int forest_reach(struct forest *forest);
void forest_destroy(struct forest *forest);

/**
 * struct walk_report - what a walk over the living part of the heap found
 * @nodes: nodes visited; of each, the walk compares id and both fields with the mirror
 * @edges: fields that held a pointer
 * @wrong: nodes or fields that differ from the mirror
 * @complaint: description of the first difference
 */
struct walk_report {
	uint32_t nodes;
	uint32_t edges;
	uint32_t wrong;
	char complaint[160];
};

/* Compare the living nodes with the mirror; begin no batch after @seconds. In walk.c. */
int forest_walk(struct forest *forest, double seconds, progress_fn progress,
		struct walk_report *report);

static inline uint64_t forest_node_id(uint32_t node)
{
	return 0x6b67630000000000ULL | node;
}

/* Flush the batch, even if signals interrupt. The first failed operation is an error. */
int forest_flush(struct forest *forest);

#endif /* KGCCTL_FOREST_H */
