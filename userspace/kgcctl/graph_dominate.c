// SPDX-License-Identifier: GPL-2.0
/*
 * Dominators. A node dominates another one if every path from the roots to the other leads
 * through it. So the nodes that it dominates are those that would be garbage without it, and
 * their bytes are its retained size.
 *
 * The algorithm is the simple version of T. Lengauer and R. E. Tarjan, "A fast algorithm
 * for finding dominators in a flowgraph", ACM TOPLAS 1 (1979): O(m log n) for m edges, on
 * any graph. Nodes are numbered in depth-first order here; the arrays of struct flow are
 * indexed by these numbers. Nothing is recursive.
 */
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "kgcctl.h"

/**
 * struct flow - the graph in depth-first order
 * @nr: nodes
 * @node: number in the graph
 * @parent: predecessor in the depth-first tree
 * @first: where the predecessors begin; ends with their number
 * @pred: predecessors
 * @semi: semidominator
 * @label: node with the smallest semidominator on the compressed path
 * @ancestor: in the forest of nodes that are done; NO_GRAPH_NODE for a root of it
 * @bucket: first of the nodes whose semidominator this is
 * @next: next one in the same bucket
 * @idom: immediate dominator
 * @stack: a path that is being compressed
 */
struct flow {
	uint32_t nr;
	uint32_t *node;
	uint32_t *parent;
	uint64_t *first;
	uint32_t *pred;
	uint32_t *semi;
	uint32_t *label;
	uint32_t *ancestor;
	uint32_t *bucket;
	uint32_t *next;
	uint32_t *idom;
	uint32_t *stack;
};

static uint32_t *array_of_none(uint32_t nr)
{
	uint32_t *array = allocate(nr * sizeof(*array));

	memset(array, 0xff, nr * sizeof(*array));
	return array;
}

/* Number the nodes in depth-first order. Return: per node of the graph its number. */
static uint32_t *number_nodes(struct flow *flow, const struct graph *graph)
{
	uint32_t *number = array_of_none(flow->nr);
	uint64_t *edge = allocate(flow->nr * sizeof(*edge));
	uint32_t at = 0, found = 1;

	flow->node[0] = graph_top(graph);
	number[graph_top(graph)] = 0;
	flow->parent[0] = NO_GRAPH_NODE;
	edge[0] = graph->first[graph_top(graph)];
	while (at != NO_GRAPH_NODE) {
		uint32_t to;

		if (edge[at] == graph->first[flow->node[at] + 1]) {
			at = flow->parent[at];
			continue;
		}
		to = graph->target[edge[at]++];
		if (number[to] != NO_GRAPH_NODE)
			continue;
		number[to] = found;
		flow->node[found] = to;
		flow->parent[found] = at;
		edge[found] = graph->first[to];
		at = found++;
	}
	free(edge);
	return number;
}

static void find_predecessors(struct flow *flow, const struct graph *graph,
			      const uint32_t *number)
{
	uint64_t nr_edges = graph->first[flow->nr];

	flow->first = allocate((flow->nr + 1ULL) * sizeof(*flow->first));
	flow->pred = allocate(nr_edges * sizeof(*flow->pred));
	memset(flow->first, 0, (flow->nr + 1ULL) * sizeof(*flow->first));
	for (uint64_t e = 0; e < nr_edges; e++)
		flow->first[number[graph->target[e]]]++;
	for (uint32_t i = 0; i < flow->nr; i++)
		flow->first[i + 1] += flow->first[i];
	/* filling from the end leaves each node's begin in @first */
	for (uint32_t i = 0; i < flow->nr; i++) {
		uint32_t node = flow->node[i];

		for (uint64_t e = graph->first[node]; e < graph->first[node + 1]; e++)
			flow->pred[--flow->first[number[graph->target[e]]]] = i;
	}
}

/* The node with the smallest semidominator on the path from @at up to a root. */
static uint32_t eval(struct flow *flow, uint32_t at)
{
	uint32_t depth = 0;

	if (flow->ancestor[at] == NO_GRAPH_NODE)
		return at;
	for (uint32_t i = at; flow->ancestor[flow->ancestor[i]] != NO_GRAPH_NODE;
	     i = flow->ancestor[i])
		flow->stack[depth++] = i;
	while (depth) {
		uint32_t i = flow->stack[--depth], above = flow->ancestor[i];

		if (flow->semi[flow->label[above]] < flow->semi[flow->label[i]])
			flow->label[i] = flow->label[above];
		flow->ancestor[i] = flow->ancestor[above];
	}
	return flow->label[at];
}

/* The dominators of the nodes whose semidominator is @parent. */
static void empty_bucket(struct flow *flow, uint32_t parent)
{
	uint32_t i = flow->bucket[parent];

	flow->bucket[parent] = NO_GRAPH_NODE;
	for (; i != NO_GRAPH_NODE; i = flow->next[i]) {
		uint32_t least = eval(flow, i);

		flow->idom[i] = flow->semi[least] < flow->semi[i] ? least : parent;
	}
}

static void find_dominators(struct flow *flow)
{
	for (uint32_t i = 0; i < flow->nr; i++)
		flow->semi[i] = flow->label[i] = i;
	for (uint32_t i = flow->nr - 1; i > 0; i--) {
		for (uint64_t p = flow->first[i]; p < flow->first[i + 1]; p++) {
			uint32_t semi = flow->semi[eval(flow, flow->pred[p])];

			if (semi < flow->semi[i])
				flow->semi[i] = semi;
		}
		flow->next[i] = flow->bucket[flow->semi[i]];
		flow->bucket[flow->semi[i]] = i;
		flow->ancestor[i] = flow->parent[i];
		empty_bucket(flow, flow->parent[i]);
	}
	flow->idom[0] = 0;
	for (uint32_t i = 1; i < flow->nr; i++)
		if (flow->idom[i] != flow->semi[i])
			flow->idom[i] = flow->idom[flow->idom[i]];
}

/* A dominator comes before the nodes that it dominates, so add up from the end. */
static void add_up(const struct flow *flow, struct graph *graph)
{
	graph->dominator = allocate(flow->nr * sizeof(*graph->dominator));
	graph->retained = allocate(flow->nr * sizeof(*graph->retained));
	graph->kept = allocate(flow->nr * sizeof(*graph->kept));
	for (uint32_t i = 0; i < flow->nr; i++) {
		bool object = i < graph->nr_objects;

		graph->retained[i] = object ? graph->bytes[i] : 0;
		graph->kept[i] = object;
	}
	graph->dominator[graph_top(graph)] = graph_top(graph);
	for (uint32_t i = flow->nr - 1; i > 0; i--) {
		uint32_t node = flow->node[i], above = flow->node[flow->idom[i]];

		graph->dominator[node] = above;
		graph->retained[above] += graph->retained[node];
		graph->kept[above] += graph->kept[node];
	}
	graph->total = graph->retained[graph_top(graph)];
}

void graph_dominate(struct graph *graph)
{
	uint32_t nr = graph_nodes(graph), *number;
	struct flow flow = {
		.nr = nr,
		.node = array_of_none(nr),
		.parent = array_of_none(nr),
	};

	number = number_nodes(&flow, graph);
	find_predecessors(&flow, graph, number);
	free(number);
	flow.semi = array_of_none(nr);
	flow.label = array_of_none(nr);
	flow.ancestor = array_of_none(nr);
	flow.bucket = array_of_none(nr);
	flow.next = array_of_none(nr);
	flow.idom = array_of_none(nr);
	flow.stack = array_of_none(nr);
	find_dominators(&flow);
	free(flow.first);
	free(flow.pred);
	free(flow.parent);
	free(flow.semi);
	free(flow.label);
	free(flow.ancestor);
	free(flow.bucket);
	free(flow.next);
	free(flow.stack);
	add_up(&flow, graph);
	free(flow.idom);
	free(flow.node);
}

/* ---- by type ------------------------------------------------------------------- */

/**
 * struct tree - the tree of dominators
 * @child: per node: its first child
 * @sibling: per node: the next child of its dominator
 */
struct tree {
	uint32_t *child;
	uint32_t *sibling;
};

static struct tree tree_make(const struct graph *graph)
{
	uint32_t nr = graph_nodes(graph);
	struct tree tree = { array_of_none(nr), array_of_none(nr) };

	for (uint32_t i = 0; i < nr; i++) {
		uint32_t above = graph->dominator[i];

		if (above == i)
			continue;
		tree.sibling[i] = tree.child[above];
		tree.child[above] = i;
	}
	return tree;
}

/*
 * Walk over the tree. An object counts unless it is below another one of its type, which
 * has counted what it retains.
 */
void graph_retained_by_type(const struct graph *graph, uint64_t *retained)
{
	struct tree tree = tree_make(graph);
	uint32_t *above = allocate(graph->nr_types * sizeof(*above));
	uint32_t at = graph_top(graph);

	memset(above, 0, graph->nr_types * sizeof(*above));
	memset(retained, 0, graph->nr_types * sizeof(*retained));
	for (;;) {
		if (at < graph->nr_objects && !above[graph->type[at]]++)
			retained[graph->type[at]] += graph->retained[at];
		if (tree.child[at] != NO_GRAPH_NODE) {
			at = tree.child[at];
			continue;
		}
		for (;;) {
			if (at < graph->nr_objects)
				above[graph->type[at]]--;
			if (at == graph_top(graph) || tree.sibling[at] != NO_GRAPH_NODE)
				break;
			at = graph->dominator[at];
		}
		if (at == graph_top(graph))
			break;
		at = tree.sibling[at];
	}
	free(above);
	free(tree.child);
	free(tree.sibling);
}
