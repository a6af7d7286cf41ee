// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl suspects: the objects that hold a tenth of a snapshot or more.
 *
 * In a long list each element holds nearly all that the one before it holds. So an object is
 * not shown if it is the next link of such a chain: its dominator is shown already, or left
 * out for the same reason, and at least nine tenths of what that holds are its own.
 */
#include <stdlib.h>

#include "command.h"
#include "graph.h"
#include "kgcctl.h"
#include "table.h"

enum { OBJECT, TYPE, BYTES, RETAINED, PERCENT, OBJECTS, VIA };

static const struct column columns[] = {
	[OBJECT] = { "Object", "object", KIND_TEXT, true, "its id, for 'kgcctl why'" },
	[TYPE] = { "Type", "type", KIND_TEXT, true, "its type" },
	[BYTES] = { "Bytes", "bytes", KIND_BYTES, true, "its bytes" },
	[RETAINED] = { "Retained", "retained", KIND_BYTES, true,
		       "bytes that would be free without it" },
	[PERCENT] = { "Percent", "percent", KIND_COUNT, true, "Retained, of all objects" },
	[OBJECTS] = { "Objects", "objects", KIND_COUNT, true,
		      "objects that would be free without it" },
	[VIA] = { "Via", "via", KIND_TEXT, true,
		  "what refers to it on a shortest path from a root" },
	{ 0 }
};

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

static uint32_t *find_suspects(const struct graph *graph, size_t *nr)
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

static void add_row(struct table *table, const struct graph *graph, uint32_t node)
{
	char id[ID_TEXT], edge[EDGE_TEXT], via[2 * EDGE_TEXT];
	uint32_t from = graph->from[node];

	graph_edge_text(graph, from, node, edge);
	if (from < graph->nr_objects)
		snprintf(via, sizeof(via), "%s%s", graph_type_name(graph, from), edge);
	else
		snprintf(via, sizeof(via), "%s", edge);
	table_row(table);
	table_text(table, OBJECT, graph_id_text(graph, node, id));
	table_text(table, TYPE, graph_type_name(graph, node));
	table_number(table, BYTES, graph->bytes[node]);
	table_number(table, RETAINED, graph->retained[node]);
	table_number(table, PERCENT, graph_percent(graph, graph->retained[node]));
	table_number(table, OBJECTS, graph->kept[node]);
	table_text(table, VIA, via);
}

static int run(int nr, char **words)
{
	struct table *table = table_new("suspects", columns, false);
	struct graph graph;
	uint32_t *found;
	size_t nr_found;
	int status;

	(void)nr;
	if (!table)
		return STATUS_USAGE;
	status = graph_open(&graph, words[0]);
	if (status) {
		table_free(table);
		return status;
	}
	found = find_suspects(&graph, &nr_found);
	for (size_t i = 0; i < nr_found; i++)
		add_row(table, &graph, found[i]);
	free(found);
	graph_free(&graph);
	return table_print(table);
}

const struct command command_suspects = {
	.name = "suspects",
	.arguments = "SNAPSHOT",
	.about = "the objects that hold a tenth of a snapshot or more",
	.help =
		"Of a chain of objects, such as a list, only the first one is shown, as long as\n"
		"each further one holds nine tenths of what the one before it holds.",
	.least = 1,
	.most = 1,
	.takes = { WORD_FILE },
	.prints_table = true,
	.columns = columns,
	.run = run,
};
