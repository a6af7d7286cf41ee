// SPDX-License-Identifier: GPL-2.0
/* kgcctl report: write a page that shows what a heap holds and how it has been doing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "kgcctl.h"
#include "output.h"
#include "report.h"
#include "snapshot.h"

static bool last_census;
static bool no_snapshot;
static const char *saved;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)state;
	switch (key) {
	case 'l':
		last_census = true;
		return 0;
	case 'N':
		no_snapshot = true;
		return 0;
	case 's':
		saved = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "last", 'l', 0, 0, "show the last census of types, and start no cycle for one", 0 },
	{ "no-snapshot", 'N', 0, 0, "omit the objects that hold most, and take no snapshot", 0 },
	{ "snapshot", 's', "SNAPSHOT", 0, "take them from this snapshot", 0 },
	{ 0 }
};

/* Take a snapshot. If the heap ends it early, the page says that there is none. */
static int take_snapshot(struct report *report)
{
	FILE *between = tmpfile();
	int status;

	if (!between)
		return complain(STATUS_FAILED, "a temporary file: %s", strerror(errno));
	status = snapshot_take(report->heap, between);
	if (!status && (fflush(between) || fseek(between, 0, SEEK_SET)))
		status = complain(STATUS_FAILED, "a temporary file: %s", strerror(errno));
	if (!status) {
		status = graph_load(&report->graph, between, "the snapshot");
		report->has_graph = !status;
	}
	fclose(between);
	return status == STATUS_CANCELED ? STATUS_OK : status;
}

static int read_snapshot(struct report *report)
{
	int status;

	if (no_snapshot)
		return STATUS_OK;
	if (!saved)
		return take_snapshot(report);
	status = graph_open(&report->graph, saved);
	report->has_graph = !status;
	return status;
}

/* The name of the heap, as the list of heaps has it. */
static int read_name(struct report *report)
{
	char *text;
	int status = debugfs_read(MODULE_WIDE, "heaps", &text, false);

	if (status)
		return status;
	for (const char *line = next_line(text); line; line = next_line(line))
		if (number_under(text, line, "id") == report->heap)
			word_under(text, line, "name", report->name);
	free(text);
	return STATUS_OK;
}

static int read_files(struct report *report)
{
	const struct {
		const char *name;
		char **text;
	} files[] = {
		{ "stats", &report->stats },
		{ "classes", &report->classes },
		{ "spans", &report->spans },
		{ "histograms", &report->histograms },
	};
	int status = read_name(report);

	for (size_t i = 0; !status && i < sizeof(files) / sizeof(files[0]); i++)
		status = debugfs_read(report->heap, files[i].name, files[i].text, false);
	if (!status)
		report->nr_cycles = cycles_read(report->heap, &report->cycles);
	return status;
}

/* The snapshot comes first: what it costs is in the other figures then. */
static int read_all(struct report *report)
{
	int status = read_snapshot(report);

	if (!status)
		status = census_read(&report->types, report->heap, last_census, false);
	if (!status)
		status = read_files(report);
	census_sort(&report->types);
	return status;
}

static void free_report(struct report *report)
{
	if (report->has_graph)
		graph_free(&report->graph);
	free(report->types.row);
	free(report->stats);
	free(report->classes);
	free(report->spans);
	free(report->histograms);
	free(report->cycles);
}

static int run(int nr, char **words)
{
	struct report report = { .types.row = NULL };
	struct output output;
	int status, closed;

	(void)nr;
	if (!parse_heap(words[0], &report.heap))
		return STATUS_USAGE;
	status = output_open(&output, words[1]);
	if (status)
		return status;
	status = read_all(&report);
	if (!status)
		report_write(&report, output.to);
	free_report(&report);
	closed = output_close(&output, !status);
	return status ? status : closed;
}

const struct command command_report = {
	.name = "report",
	.arguments = "HEAP FILE",
	.about = "writes a page for a browser: what a heap holds, and how it has been doing",
	.help =
		"FILE, or - for the output, gets HTML that refers to no other file: memory by\n"
		"type, the objects that hold most, how full the memory is, the last cycles, and\n"
		"how long things took. The command takes a snapshot and a census. For root.",
	.least = 2,
	.most = 2,
	.takes = { WORD_HEAP, WORD_FILE },
	.options = options,
	.parse = parse,
	.run = run,
};
