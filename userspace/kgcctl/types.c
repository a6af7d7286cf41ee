// SPDX-License-Identifier: GPL-2.0
/* kgcctl types: what is alive of each type, and what was ever allocated. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "kgcctl.h"
#include "table.h"

#define LOOK_APART	5000000L	/* ns between two looks for the census */

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

/**
 * struct row - a type of a heap
 * @number: what the column of that number shows; for NAME unused
 * @name: its name
 */
struct row {
	unsigned long long number[ALLOCATED_BYTES + 1];
	char name[PAIR_WORD];
};

static struct {
	struct row *row;
	size_t nr;
} all;

static int by_live_bytes(const void *a, const void *b)
{
	const struct row *one = a, *other = b;

	for (size_t i = LIVE_BYTES; i <= ALLOCATED_BYTES; i++)
		if (one->number[i] != other->number[i])
			return one->number[i] < other->number[i] ? 1 : -1;
	return 0;
}

/* Read the numbers of the cycles that took the last census, and that will take one. */
static int look(unsigned int heap, unsigned long long *cycle, unsigned long long *asked)
{
	char *text;
	int status = debugfs_read(heap, "census", &text, of_all);

	if (status)
		return status;
	*cycle = number_of_pair(text, "Cycle");
	*asked = number_of_pair(text, "Asked");
	free(text);
	return STATUS_OK;
}

/* Have a cycle take a census, and wait for its end. */
static int take_census(unsigned int heap)
{
	const struct timespec apart = { .tv_nsec = LOOK_APART };
	unsigned long long cycle, asked, wanted;
	int status;

	status = debugfs_write(heap, "types", "1", of_all);
	if (!status)
		status = look(heap, &cycle, &wanted);
	if (status)
		return status;
	for (asked = wanted; cycle < wanted || !wanted;) {
		/* Asked never falls, unless another heap has the number now */
		if (!wanted || asked < wanted)
			return complain(STATUS_FAILED, "heap %u has no cycles any more", heap);
		nanosleep(&apart, NULL);
		status = look(heap, &cycle, &asked);
		if (status)
			return status;
	}
	return STATUS_OK;
}

/* Add the types of the file @text, but not those of which nothing was ever allocated. */
static void add_rows(unsigned int heap, const char *text)
{
	struct row row = { .number[HEAP] = heap };
	unsigned long long *number = row.number;

	while ((text = strchr(text, '\n')) && *++text) {
		if (sscanf(text, "%llu %llu %llu %llu %llu %llu %llu %63s", &number[TYPE],
			   &number[SIZE], &number[LIVE_OBJECTS], &number[LIVE_BYTES],
			   &number[ROOTS], &number[ALLOCATED_OBJECTS],
			   &number[ALLOCATED_BYTES], row.name) != 8 ||
		    !(number[LIVE_OBJECTS] | number[ALLOCATED_OBJECTS]))
			continue;
		if (!(all.nr & (all.nr - 1)))
			all.row = reallocate(all.row, (2 * all.nr + 1) * sizeof(row));
		all.row[all.nr++] = row;
	}
}

static int read_heap(unsigned int heap)
{
	unsigned long long cycle, asked;
	int status = last_census ? STATUS_OK : take_census(heap);
	char *text;

	if (!status)
		status = look(heap, &cycle, &asked);
	if (status)
		return status;
	if (!cycle)
		return complain(STATUS_FAILED, "heap %u has had no census yet: omit --last",
				heap);
	status = debugfs_read(heap, "types", &text, of_all);
	if (status)
		return status;
	add_rows(heap, text);
	free(text);
	return STATUS_OK;
}

static void print_row(struct table *table, const struct row *row)
{
	table_row(table);
	for (size_t i = 0; columns[i].name; i++) {
		if (columns[i].kind == KIND_TEXT)
			table_text(table, i, row->name);
		else
			table_number(table, i, row->number[i]);
	}
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
	if (all.nr)
		qsort(all.row, all.nr, sizeof(*all.row), by_live_bytes);
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
