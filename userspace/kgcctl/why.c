// SPDX-License-Identifier: GPL-2.0
/* kgcctl why: the shortest path from a root to an object of a snapshot. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "graph.h"
#include "kgcctl.h"
#include "table.h"

enum { VIA, TYPE, OBJECT, BYTES, RETAINED };

static const struct column columns[] = {
	[VIA] = { "Via", "via", KIND_TEXT, true,
		  "root, or offset in the object before, that refers to it" },
	[TYPE] = { "Type", "type", KIND_TEXT, true, "type of the object" },
	[OBJECT] = { "Object", "object", KIND_TEXT, true, "its id" },
	[BYTES] = { "Bytes", "bytes", KIND_BYTES, true, "its bytes" },
	[RETAINED] = { "Retained", "retained", KIND_BYTES, true,
		       "bytes that would be free without it" },
	{ 0 }
};

/* The object called @word, which is an id or a type; of a type the one nearest to a root. */
static uint32_t find(const struct graph *graph, const char *word, uint64_t *of_type)
{
	uint32_t found = NO_GRAPH_NODE;
	bool is_id = word[0] == '@';
	uint64_t id = is_id ? strtoull(word + 1, NULL, 16) : 0;

	*of_type = 0;
	for (uint32_t i = 0; i < graph->nr_objects; i++) {
		if (is_id && graph->ids[i] == id)
			return i;
		if (is_id || strcmp(graph->types[graph->type[i]].name, word))
			continue;
		++*of_type;
		if (found == NO_GRAPH_NODE || graph->steps[i] < graph->steps[found])
			found = i;
	}
	return found;
}

static void add_row(struct table *table, const struct graph *graph, uint32_t node)
{
	char text[EDGE_TEXT], id[ID_TEXT];

	table_row(table);
	table_text(table, VIA, graph_edge_text(graph, graph->from[node], node, text));
	table_text(table, TYPE, graph_type_name(graph, node));
	table_text(table, OBJECT, graph_id_text(graph, node, id));
	table_number(table, BYTES, graph->bytes[node]);
	table_number(table, RETAINED, graph->retained[node]);
}

/* Rows from the root to @node. */
static void add_path(struct table *table, const struct graph *graph, uint32_t node)
{
	uint32_t nr = graph->steps[node] & ~FAR, left = nr;
	uint32_t *path = allocate(nr * sizeof(*path));

	for (; node < graph->nr_objects; node = graph->from[node])
		path[--left] = node;
	for (uint32_t i = 0; i < nr; i++)
		add_row(table, graph, path[i]);
	free(path);
}

static int run(int nr, char **words)
{
	struct table *table = table_new("path", columns, false);
	struct graph graph;
	uint64_t of_type;
	uint32_t node;
	int status;

	(void)nr;
	if (!table)
		return STATUS_USAGE;
	status = graph_open(&graph, words[0]);
	if (status) {
		table_free(table);
		return status;
	}
	node = find(&graph, words[1], &of_type);
	if (node == NO_GRAPH_NODE) {
		graph_free(&graph);
		table_free(table);
		return complain(STATUS_NO_OBJECT,
				"%s has no object and no type '%s': 'kgcctl retained' lists the types",
				words[0], words[1]);
	}
	if (of_type > 1 && table_for_people())
		printf("the nearest to a root of %" PRIu64 " objects of this type:\n", of_type);
	add_path(table, &graph, node);
	graph_free(&graph);
	return table_print(table);
}

const struct command command_why = {
	.name = "why",
	.arguments = "SNAPSHOT ID|TYPE",
	.about = "the shortest path from a root to an object of a snapshot",
	.help =
		"An id begins with @; 'kgcctl suspects' and 'kgcctl convert' show ids. Of a type,\n"
		"the object nearest to a root is shown. An object 'changed meanwhile' if it had no\n"
		"path: it was referred to only by what changed during the cycle.",
	.least = 2,
	.most = 2,
	.takes = { WORD_FILE, WORD_NONE },
	.prints_table = true,
	.columns = columns,
	.run = run,
};
