// SPDX-License-Identifier: GPL-2.0
/*
 * The objects that hold a tenth of a snapshot or more.
 *
 * In a long list each element holds nearly all that the one before it holds. So an object is
 * left out if it is the next link of such a chain: its dominator is found already, or left
 * out for the same reason, and at least nine tenths of what that holds are its own.
 */
#include <stdlib.h>

#include "graph.h"
#include "kgcctl.h"

static bool is_suspect(const struct graph *graph, uint32_t node)
{
	uint32_t above = graph->dominator[node];

	if (graph->retained[node] < (graph->total + 9) / 10)
		return false;
	return above >= graph->nr_objects ||
	       graph->retained[node] < graph->retained[above] - graph->retained[above] / 10;
}

/* The graph whose nodes are being compared: qsort() passes nothing on. */
static const struct graph *compared;

static int by_retained(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	if (compared->retained[x] != compared->retained[y])
		return compared->retained[x] < compared->retained[y] ? 1 : -1;
	return (x > y) - (x < y);
}

uint32_t *graph_suspects(const struct graph *graph, size_t *nr)
{
	uint32_t *found = NULL;

	*nr = 0;
	for (uint32_t i = 0; i < graph->nr_objects; i++) {
		if (!is_suspect(graph, i))
			continue;
		found = reallocate(found, (*nr + 1) * sizeof(*found));
		found[(*nr)++] = i;
	}
	compared = graph;
	if (*nr)
		qsort(found, *nr, sizeof(*found), by_retained);
	return found;
}

const char *graph_via_text(const struct graph *graph, uint32_t node, char via[VIA_TEXT])
{
	char edge[EDGE_TEXT];
	uint32_t from = graph->from[node];

	graph_edge_text(graph, from, node, edge);
	if (from < graph->nr_objects)
		snprintf(via, VIA_TEXT, "%s%s", graph_type_name(graph, from), edge);
	else
		snprintf(via, VIA_TEXT, "%s", edge);
	return via;
}
