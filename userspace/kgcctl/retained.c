// SPDX-License-Identifier: GPL-2.0
/* kgcctl retained: what a snapshot has of each type, and what it holds. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "graph.h"
#include "kgcctl.h"
#include "table.h"

enum { TYPE, OBJECTS, BYTES, RETAINED, PERCENT };

static const struct column columns[] = {
	[TYPE] = { "Type", "type", KIND_TEXT, true, "the type" },
	[OBJECTS] = { "Objects", "objects", KIND_COUNT, true, "objects of this type" },
	[BYTES] = { "Bytes", "bytes", KIND_BYTES, true, "bytes of these objects" },
	[RETAINED] = { "Retained", "retained", KIND_BYTES, true,
		       "bytes that would be free without these objects" },
	[PERCENT] = { "Percent", "percent", KIND_COUNT, true, "Retained, of all objects" },
	{ 0 }
};

/**
 * struct row - what there is of a type
 * @name: its name
 * @objects: objects
 * @bytes: their bytes
 * @retained: what they retain
 */
struct row {
	const char *name;
	uint64_t objects;
	uint64_t bytes;
	uint64_t retained;
};

static int by_retained(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->retained != y->retained)
		return x->retained < y->retained ? 1 : -1;
	return strcmp(x->name, y->name);
}

static struct row *count(const struct graph *graph)
{
	struct row *rows = allocate(graph->nr_types * sizeof(*rows));
	uint64_t *retained = allocate(graph->nr_types * sizeof(*retained));

	graph_retained_by_type(graph, retained);
	for (uint32_t i = 0; i < graph->nr_types; i++)
		rows[i] = (struct row){ .name = graph->types[i].name,
					.retained = retained[i] };
	for (uint32_t i = 0; i < graph->nr_objects; i++) {
		rows[graph->type[i]].objects++;
		rows[graph->type[i]].bytes += graph->bytes[i];
	}
	free(retained);
	qsort(rows, graph->nr_types, sizeof(*rows), by_retained);
	return rows;
}

/* Say what the table leaves out. */
static void print_summary(const struct graph *graph)
{
	char bytes[SIZE_TEXT];

	printf("heap %" PRIu32 " (%s), cycle %" PRIu64 ": %" PRIu32 " objects, %s bytes, %" PRIu64
	       " edges, %" PRIu32 " roots\n", graph->heap, graph->heap_name, graph->cycle,
	       graph->nr_objects, size_text(bytes, graph->total, table_exact()),
	       graph->object_edges, graph->nr_roots);
	if (graph->unreached)
		printf("%" PRIu32 " objects have no path from a root: they changed meanwhile\n",
		       graph->unreached);
}

static int run(int nr, char **words)
{
	struct table *table = table_new("types", columns, false);
	struct graph graph;
	struct row *rows;
	int status;

	(void)nr;
	if (!table)
		return STATUS_USAGE;
	status = graph_open(&graph, words[0]);
	if (status) {
		table_free(table);
		return status;
	}
	rows = count(&graph);
	for (uint32_t i = 0; i < graph.nr_types; i++) {
		if (!rows[i].objects)
			continue;
		table_row(table);
		table_text(table, TYPE, rows[i].name);
		table_number(table, OBJECTS, rows[i].objects);
		table_number(table, BYTES, rows[i].bytes);
		table_number(table, RETAINED, rows[i].retained);
		table_number(table, PERCENT, graph_percent(&graph, rows[i].retained));
	}
	if (table_for_people())
		print_summary(&graph);
	free(rows);
	graph_free(&graph);
	return table_print(table);
}

const struct command command_retained = {
	.name = "retained",
	.arguments = "SNAPSHOT",
	.about = "the types of a snapshot, with what their objects hold",
	.help =
		"What an object holds is itself, and all that would be garbage without it. The\n"
		"rows do not add up: what two types hold may be the same.",
	.least = 1,
	.most = 1,
	.takes = { WORD_FILE },
	.prints_table = true,
	.columns = columns,
	.run = run,
};
