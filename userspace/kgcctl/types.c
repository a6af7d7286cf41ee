// SPDX-License-Identifier: GPL-2.0
/* kgcctl types: what is alive of each type, and what was ever allocated. */
#include <stdlib.h>

#include "census.h"
#include "command.h"
#include "kgcctl.h"
#include "table.h"

enum {
	HEAP, TYPE, NAME, SIZE, LIVE_OBJECTS, LIVE_BYTES, ROOTS,
	ALLOCATED_OBJECTS, ALLOCATED_BYTES,
};

static const struct column columns[] = {
	[HEAP] = { "HEAP", "heap", KIND_COUNT, false, "number of the heap" },
	[TYPE] = { "TYPE", "type", KIND_COUNT, false, "number of the type in its heap" },
	[NAME] = { "NAME", "name", KIND_TEXT, true, "name of the type" },
	[SIZE] = { "SIZE", "size", KIND_BYTES, true, "bytes of an object or an element" },
	[LIVE_OBJECTS] = { "LIVE", "live_objects", KIND_COUNT, true,
		"objects that the census found reachable" },
	[LIVE_BYTES] = { "BYTES", "live_bytes", KIND_BYTES, true, "bytes in their slots" },
	[ROOTS] = { "ROOTS", "roots", KIND_COUNT, true,
		"handles and root slots that refer to one of them" },
	[ALLOCATED_OBJECTS] = { "ALLOCATED", "allocated_objects", KIND_COUNT, true,
		"objects ever allocated" },
	[ALLOCATED_BYTES] = { "ALLOCATED-BYTES", "allocated_bytes", KIND_BYTES, false,
		"bytes in their slots" },
	{ 0 }
};

static bool last_census;
static bool of_all;		/* show all heaps; each may be closed at any time */

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg, (void)state;
	if (key != 'l')
		return ARGP_ERR_UNKNOWN;
	last_census = true;
	return 0;
}

static const struct argp_option options[] = {
	{ "last", 'l', 0, 0, "show the last census, and start no cycle", 0 },
	{ 0 }
};

static struct census all;

static int read_heap(unsigned int heap)
{
	return census_read(&all, heap, last_census, of_all);
}

static void print_row(struct table *table, const struct census_row *row)
{
	table_row(table);
	table_number(table, HEAP, row->heap);
	table_text(table, NAME, row->name);
	table_number(table, TYPE, row->number[CENSUS_TYPE]);
	table_number(table, SIZE, row->number[CENSUS_SIZE]);
	table_number(table, LIVE_OBJECTS, row->number[CENSUS_LIVE_OBJECTS]);
	table_number(table, LIVE_BYTES, row->number[CENSUS_LIVE_BYTES]);
	table_number(table, ROOTS, row->number[CENSUS_ROOTS]);
	table_number(table, ALLOCATED_OBJECTS, row->number[CENSUS_ALLOCATED_OBJECTS]);
	table_number(table, ALLOCATED_BYTES, row->number[CENSUS_ALLOCATED_BYTES]);
}

static int run(int nr, char **words)
{
	struct table *table;
	unsigned int heap;
	int status, printed;

	if (nr && !parse_heap(words[0], &heap))
		return STATUS_USAGE;
	table = table_new("types", columns, false);
	if (!table)
		return STATUS_USAGE;
	of_all = !nr;
	status = nr ? read_heap(heap) : debugfs_each_heap(read_heap);
	if (status && nr) {
		table_free(table);
		return status;
	}
	census_sort(&all);
	for (size_t i = 0; i < all.nr; i++)
		print_row(table, &all.row[i]);
	free(all.row);
	printed = table_print(table);
	return status ?: printed;
}

const struct command command_types = {
	.name = "types",
	.arguments = "[HEAP]",
	.about = "what is alive of each type of a heap, and what was ever allocated",
	.help =
		"A cycle counts the objects that it finds reachable; the command waits for it.\n"
		"A type of which nothing was ever allocated has no line. For root.",
	.most = 1,
	.takes = { WORD_HEAP },
	.options = options,
	.parse = parse,
	.prints_table = true,
	.columns = columns,
	.run = run,
};
