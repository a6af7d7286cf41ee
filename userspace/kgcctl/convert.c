// SPDX-License-Identifier: GPL-2.0
/* kgcctl convert: write a saved snapshot in a form that other programs read. */
#include <inttypes.h>

#include "command.h"
#include "graph.h"
#include "kgcctl.h"
#include "output.h"

static const char *chosen = "heapsnapshot";

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)state;
	if (key != 'f')
		return ARGP_ERR_UNKNOWN;
	chosen = arg;
	return 0;
}

static const struct argp_option options[] = {
	{ "format", 'f', "FORMAT", 0, "heapsnapshot (if not given), jsonl or dot", 0 },
	{ 0 }
};

static int write_graph(const struct graph *graph, const struct graph_format *format,
		       const char *path)
{
	struct output output;
	int status;

	if (format->most && graph->nr_objects > format->most)
		return complain(STATUS_FAILED,
				"the snapshot has %" PRIu32 " objects, and %s is for up to %" PRIu32,
				graph->nr_objects, format->name, format->most);
	status = output_open(&output, path);
	if (status)
		return status;
	format->write(graph, output.to);
	return output_close(&output, true);
}

static int run(int nr, char **words)
{
	const struct graph_format *format = graph_format_find(chosen);
	struct graph graph;
	int status;

	(void)nr;
	if (!format)
		return STATUS_USAGE;
	status = graph_open(&graph, words[0]);
	if (status)
		return status;
	status = write_graph(&graph, format, words[1]);
	graph_free(&graph);
	return status;
}

const struct command command_convert = {
	.name = "convert",
	.arguments = "SNAPSHOT FILE",
	.about = "writes a snapshot in a form that other programs read",
	.help =
		"heapsnapshot is for Chromium's DevTools and for memlab; there an id is the\n"
		"number of an object in this file. jsonl has a line of JSON per type, root and\n"
		"object. dot is for Graphviz, and for up to 1000 objects. FILE may be -.",
	.least = 2,
	.most = 2,
	.takes = { WORD_FILE, WORD_FILE },
	.options = options,
	.parse = parse,
	.run = run,
};
