// SPDX-License-Identifier: GPL-2.0
/* kgcctl finalizers: how many finalizers of a heap are pending, due and called. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "kgcctl.h"
#include "table.h"

#define LOOK_APART	20000000L	/* ns between two reads of the file */

static const struct column columns[] = {
	{ "FinalizersPending", NULL, KIND_COUNT, true, "finalizers of objects not found dead" },
	{ "CleanupsPending", NULL, KIND_COUNT, true, "cleanups of objects not found dead" },
	{ "Cancelled", NULL, KIND_COUNT, true, "of both, cancelled" },
	{ "CallsFound", NULL, KIND_COUNT, true, "calls due since their objects were found dead" },
	{ "CallsDone", NULL, KIND_COUNT, true, "of these, calls that have returned" },
	{ "WaitingUs", NULL, KIND_COUNT, true, "how long the oldest due call has waited" },
	{ "LongestWaitUs", NULL, KIND_COUNT, true, "longest wait for a call" },
	{ "CallingUs", NULL, KIND_COUNT, true, "how long the current call has run, or 0" },
	{ "LongestCallUs", NULL, KIND_COUNT, true, "longest call" },
	{ "SlowCalls", NULL, KIND_COUNT, true, "calls that took 100 ms or more" },
	{ "Records", NULL, KIND_COUNT, true, "records for programs to read" },
	{ "RecordsRead", NULL, KIND_COUNT, true, "of these, read" },
	{ "Calling", NULL, KIND_TEXT, true, "the function being called, or empty" },
	{ 0 }
};

static bool wait_for_calls;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg, (void)state;
	if (key != 'w')
		return ARGP_ERR_UNKNOWN;
	wait_for_calls = true;
	return 0;
}

static const struct argp_option options[] = {
	{ "wait", 'w', 0, 0, "wait until the calls that are due now have returned", 0 },
	{ 0 }
};

/* Read the file of @heap. With --wait, wait for the calls that are due at the start. */
static int read_file(unsigned int heap, char **text)
{
	const struct timespec look = { .tv_nsec = LOOK_APART };
	unsigned long long due = 0;
	int status = debugfs_read(heap, "finalizers", text, false);

	if (status || !wait_for_calls)
		return status;
	due = number_of_pair(*text, "CallsFound");
	/* CallsFound never falls. If it is below @due, another heap has the number now. */
	while (number_of_pair(*text, "CallsDone") < due &&
	       number_of_pair(*text, "CallsFound") >= due) {
		free(*text);
		nanosleep(&look, NULL);
		status = debugfs_read(heap, "finalizers", text, false);
		if (status)
			return status;
	}
	return STATUS_OK;
}

static int run(int nr, char **words)
{
	struct table *table;
	unsigned int heap;
	char *text, word[PAIR_WORD];
	int status;

	(void)nr;
	if (!parse_heap(words[0], &heap))
		return STATUS_USAGE;
	table = table_new("finalizers", columns, true);
	if (!table)
		return STATUS_USAGE;
	status = read_file(heap, &text);
	if (status)
		return status;
	table_row(table);
	for (size_t i = 0; columns[i].name; i++) {
		word_of_pair(text, columns[i].name, word);
		if (columns[i].kind == KIND_TEXT)
			table_text(table, i, word);
		else
			table_number(table, i, strtoull(word, NULL, 10));
	}
	free(text);
	return table_print(table);
}

const struct command command_finalizers = {
	.name = "finalizers",
	.arguments = "HEAP",
	.about = "finalizers and cleanups of a heap: what is pending and what has been called",
	.help = "For root.",
	.least = 1,
	.most = 1,
	.takes = { WORD_HEAP },
	.options = options,
	.parse = parse,
	.prints_table = true,
	.columns = columns,
	.run = run,
};
