// SPDX-License-Identifier: GPL-2.0
/* kgcctl suspects: the objects that hold a tenth of a snapshot or more. */
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

static void add_row(struct table *table, const struct graph *graph, uint32_t node)
{
	char id[ID_TEXT], via[VIA_TEXT];

	table_row(table);
	table_text(table, OBJECT, graph_id_text(graph, node, id));
	table_text(table, TYPE, graph_type_name(graph, node));
	table_number(table, BYTES, graph->bytes[node]);
	table_number(table, RETAINED, graph->retained[node]);
	table_number(table, PERCENT, graph_percent(graph, graph->retained[node]));
	table_number(table, OBJECTS, graph->kept[node]);
	table_text(table, VIA, graph_via_text(graph, node, via));
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
	found = graph_suspects(&graph, &nr_found);
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
