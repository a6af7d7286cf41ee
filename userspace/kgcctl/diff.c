// SPDX-License-Identifier: GPL-2.0
/* kgcctl diff: what has grown between two snapshots, by type. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "graph.h"
#include "kgcctl.h"
#include "table.h"

enum { TYPE, OBJECTS_BEFORE, OBJECTS, OBJECTS_GREW, BYTES_BEFORE, BYTES, BYTES_GREW };

static const struct column columns[] = {
	[TYPE] = { "Type", "type", KIND_TEXT, true, "the type" },
	[OBJECTS_BEFORE] = { "ObjectsBefore", "objects_before", KIND_COUNT, false,
			     "objects of this type in the first snapshot" },
	[OBJECTS] = { "Objects", "objects", KIND_COUNT, true, "in the second snapshot" },
	[OBJECTS_GREW] = { "ObjectsGrew", "objects_grew", KIND_COUNT, true,
			   "difference of both" },
	[BYTES_BEFORE] = { "BytesBefore", "bytes_before", KIND_BYTES, false,
			   "bytes of these objects in the first snapshot" },
	[BYTES] = { "Bytes", "bytes", KIND_BYTES, true, "in the second snapshot" },
	[BYTES_GREW] = { "BytesGrew", "bytes_grew", KIND_BYTES, true, "difference of both" },
	{ 0 }
};

/**
 * struct row - a type in both snapshots
 * @name: its name, by which it is recognised
 * @objects: objects in the first and in the second snapshot
 * @bytes: their bytes
 */
struct row {
	char name[KGC_SNAPSHOT_NAME + 1];
	uint64_t objects[2];
	uint64_t bytes[2];
};

static int64_t grew(const uint64_t values[2])
{
	return values[1] - values[0];
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct row *)a)->name, ((const struct row *)b)->name);
}

static int by_growth(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (grew(x->bytes) != grew(y->bytes))
		return grew(x->bytes) < grew(y->bytes) ? 1 : -1;
	return by_name(a, b);
}

/* Append a row per type of snapshot @which to @rows. */
static void count(const struct graph *graph, int which, struct row *rows)
{
	for (uint32_t i = 0; i < graph->nr_types; i++) {
		rows[i] = (struct row){ .name = "" };
		strcpy(rows[i].name, graph->types[i].name);
	}
	for (uint32_t i = 0; i < graph->nr_objects; i++) {
		rows[graph->type[i]].objects[which]++;
		rows[graph->type[i]].bytes[which] += graph->bytes[i];
	}
}

/* Add up rows with the same name. Return: the number that is left. */
static size_t unite(struct row *rows, size_t nr)
{
	size_t left = 0;

	qsort(rows, nr, sizeof(*rows), by_name);
	for (size_t i = 0; i < nr; i++) {
		if (!left || by_name(&rows[left - 1], &rows[i])) {
			rows[left++] = rows[i];
			continue;
		}
		for (int which = 0; which < 2; which++) {
			rows[left - 1].objects[which] += rows[i].objects[which];
			rows[left - 1].bytes[which] += rows[i].bytes[which];
		}
	}
	return left;
}

/* A plus is for people: JSON has none. */
static void set_growth(struct table *table, size_t column, int64_t value)
{
	bool exact = columns[column].kind != KIND_BYTES || table_exact();
	char text[SIZE_TEXT], number[SIZE_TEXT + 1];

	snprintf(number, sizeof(number), "%s%s",
		 value < 0 ? "-" : value && table_for_people() ? "+" : "",
		 size_text(text, value < 0 ? -(uint64_t)value : (uint64_t)value, exact));
	table_text(table, column, number);
}

static void add_row(struct table *table, const struct row *row)
{
	table_row(table);
	table_text(table, TYPE, row->name);
	table_number(table, OBJECTS_BEFORE, row->objects[0]);
	table_number(table, OBJECTS, row->objects[1]);
	set_growth(table, OBJECTS_GREW, grew(row->objects));
	table_number(table, BYTES_BEFORE, row->bytes[0]);
	table_number(table, BYTES, row->bytes[1]);
	set_growth(table, BYTES_GREW, grew(row->bytes));
}

static int run(int nr, char **words)
{
	struct table *table = table_new("types", columns, false);
	struct row *rows = NULL;
	size_t nr_rows = 0;

	(void)nr;
	if (!table)
		return STATUS_USAGE;
	for (int which = 0; which < 2; which++) {
		struct graph graph;
		int status = graph_open(&graph, words[which]);

		if (status) {
			free(rows);
			table_free(table);
			return status;
		}
		rows = reallocate(rows, (nr_rows + graph.nr_types) * sizeof(*rows));
		count(&graph, which, rows + nr_rows);
		nr_rows += graph.nr_types;
		graph_free(&graph);
	}
	nr_rows = unite(rows, nr_rows);
	qsort(rows, nr_rows, sizeof(*rows), by_growth);
	for (size_t i = 0; i < nr_rows; i++)
		if (rows[i].objects[0] || rows[i].objects[1])
			add_row(table, &rows[i]);
	free(rows);
	return table_print(table);
}

const struct command command_diff = {
	.name = "diff",
	.arguments = "SNAPSHOT SNAPSHOT",
	.about = "what has grown from one snapshot to the next, by type",
	.help = "What has grown most comes first. Types are recognised by their names.",
	.least = 2,
	.most = 2,
	.takes = { WORD_FILE, WORD_FILE },
	.prints_table = true,
	.columns = columns,
	.run = run,
};
