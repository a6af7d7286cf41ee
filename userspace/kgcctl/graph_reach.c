// SPDX-License-Identifier: GPL-2.0
/*
 * Paths from roots. The search is breadth-first, so the paths are shortest ones. An object
 * without a path was reachable only through references that changed while the collector
 * wrote the snapshot, or became garbage meanwhile: graph_changed() refers to it.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "kgcctl.h"

/**
 * struct search - a breadth-first search
 * @graph: the graph
 * @queue: objects found, in this order
 * @found: length of @queue
 * @visited: how many of them had their edges followed
 */
struct search {
	struct graph *graph;
	uint32_t *queue;
	uint32_t found;
	uint32_t visited;
};

static void find(struct search *search, uint32_t node, uint32_t from)
{
	if (search->graph->from[node] != NO_GRAPH_NODE)
		return;
	search->graph->from[node] = from;
	search->graph->steps[node] = search->graph->steps[from] + 1;
	search->queue[search->found++] = node;
}

static void follow(struct search *search)
{
	const struct graph *graph = search->graph;

	while (search->visited < search->found) {
		uint32_t node = search->queue[search->visited++];

		for (uint64_t e = graph->first[node]; e < graph->first[node + 1]; e++)
			find(search, graph->target[e], node);
	}
}

/* Per object without a path: whether another one refers to it, other than itself. */
static uint8_t *referred_to(const struct graph *graph)
{
	uint8_t *referred = allocate(graph->nr_objects);

	memset(referred, 0, graph->nr_objects);
	for (uint32_t i = 0; i < graph->nr_objects; i++) {
		if (graph->from[i] != NO_GRAPH_NODE)
			continue;
		for (uint64_t e = graph->first[i]; e < graph->first[i + 1]; e++)
			referred[graph->target[e]] |= graph->target[e] != i;
	}
	return referred;
}

/*
 * Find the objects without a path: first from those that no other refers to, then from one
 * of each cycle that is left. Return: those from which it began.
 */
static uint32_t *find_orphans(struct search *search)
{
	struct graph *graph = search->graph;
	uint32_t left = graph->nr_objects - search->found;
	uint32_t *orphans = allocate(left * sizeof(*orphans));
	uint8_t *referred = referred_to(graph);

	graph->unreached = left;
	for (int pass = 0; pass < 2; pass++) {
		for (uint32_t i = 0; i < graph->nr_objects; i++) {
			if (graph->from[i] != NO_GRAPH_NODE || (!pass && referred[i]))
				continue;
			orphans[graph->orphans++] = i;
			find(search, i, graph_changed(graph));
			follow(search);
		}
	}
	free(referred);
	return orphans;
}

/* Add the edges of the last two nodes behind those of the objects. */
static void add_edges(struct graph *graph, const uint32_t *orphans)
{
	uint64_t at = graph->object_edges, nr = at + graph->orphans + graph->nr_roots + 1;

	graph->target = reallocate(graph->target, nr * sizeof(*graph->target));
	graph->offset = reallocate(graph->offset, nr * sizeof(*graph->offset));
	for (uint32_t i = 0; i < graph->orphans; i++) {
		graph->target[at] = orphans[i];
		graph->offset[at++] = 0;
	}
	graph->first[graph_top(graph)] = at;
	for (uint32_t i = 0; i < graph->nr_roots; i++) {
		graph->target[at] = graph->roots[i].node;
		graph->offset[at++] = i;
	}
	graph->target[at] = graph_changed(graph);
	graph->offset[at++] = graph->nr_roots;
	graph->first[graph_nodes(graph)] = at;
}

void graph_reach(struct graph *graph)
{
	struct search search = {
		.graph = graph,
		.queue = allocate(graph->nr_objects * sizeof(*search.queue)),
	};
	uint32_t *orphans;

	graph->from = allocate(graph_nodes(graph) * sizeof(*graph->from));
	memset(graph->from, 0xff, graph_nodes(graph) * sizeof(*graph->from));
	graph->steps = allocate(graph_nodes(graph) * sizeof(*graph->steps));
	graph->steps[graph_top(graph)] = 0;
	graph->steps[graph_changed(graph)] = FAR;
	for (uint32_t i = 0; i < graph->nr_roots; i++)
		find(&search, graph->roots[i].node, graph_top(graph));
	follow(&search);
	orphans = find_orphans(&search);
	graph->from[graph_changed(graph)] = graph_top(graph);
	add_edges(graph, orphans);
	free(orphans);
	free(search.queue);
}

const char *graph_root_text(const struct graph *graph, uint32_t nr, char text[EDGE_TEXT])
{
	const struct graph_root *root = &graph->roots[nr];

	if (root->kind == KGC_SNAPSHOT_HANDLE)
		snprintf(text, EDGE_TEXT, "handle %" PRIu64, root->number);
	else if (root->name)
		snprintf(text, EDGE_TEXT, "%s[%" PRIu64 "]", graph->names[root->name],
			 root->number);
	else
		snprintf(text, EDGE_TEXT, "root %" PRIu64, root->number);
	return text;
}

const char *graph_edge_text(const struct graph *graph, uint32_t from, uint32_t to,
			    char text[EDGE_TEXT])
{
	uint64_t e = graph->first[from];

	while (graph->target[e] != to)
		e++;
	if (from == graph_top(graph) && to < graph->nr_objects)
		return graph_root_text(graph, graph->offset[e], text);
	if (from >= graph->nr_objects)
		return strcpy(text, "changed meanwhile");
	snprintf(text, EDGE_TEXT, "+%" PRIu32, graph->offset[e]);
	return text;
}

const char *graph_type_name(const struct graph *graph, uint32_t node)
{
	if (node == graph_changed(graph))
		return "(changed meanwhile)";
	if (node == graph_top(graph))
		return "(roots)";
	return graph->types[graph->type[node]].name;
}

const char *graph_id_text(const struct graph *graph, uint32_t node, char text[ID_TEXT])
{
	*text = '\0';
	if (node < graph->nr_objects)
		snprintf(text, ID_TEXT, "@%016" PRIx64, graph->ids[node]);
	return text;
}
