// SPDX-License-Identifier: GPL-2.0
/* The forms in which a snapshot can be written, other than its own, and their strings. */
#include <inttypes.h>
#include <string.h>

#include "graph.h"
#include "kgcctl.h"

/* Graphviz needs minutes for more, and the picture is of no use. */
#define MOST_DRAWN	1000

const struct graph_format graph_formats[] = {
	{ "heapsnapshot", "for Chromium's DevTools and memlab", 0, graph_write_heapsnapshot },
	{ "jsonl", "JSON, a line per object, for scripts", 0, graph_write_jsonl },
	{ "dot", "for Graphviz, up to 1000 objects", MOST_DRAWN, graph_write_dot },
	{ 0 }
};

const struct graph_format *graph_format_find(const char *name)
{
	for (const struct graph_format *at = graph_formats; at->name; at++)
		if (!strcmp(at->name, name))
			return at;
	complain(STATUS_USAGE, "no format '%s'; the formats are:", name);
	for (const struct graph_format *at = graph_formats; at->name; at++)
		fprintf(stderr, "  %-16s %s\n", at->name, at->about);
	return NULL;
}

void graph_write_string(const char *text, FILE *to)
{
	putc('"', to);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', to);
		putc(*text, to);
	}
	putc('"', to);
}

/* ---- JSON lines ---------------------------------------------------------------- */

static void write_id(const struct graph *graph, uint32_t node, FILE *to)
{
	char text[ID_TEXT];

	if (node < graph->nr_objects)
		fprintf(to, "\"%s\"", graph_id_text(graph, node, text));
	else
		fputs("null", to);
}

static void write_types(const struct graph *graph, FILE *to)
{
	static const char * const names[] = { "noscan", "conservative", "array" };

	for (uint32_t i = 0; i < graph->nr_types; i++) {
		const struct graph_type *type = &graph->types[i];

		fprintf(to, "{\"kind\":\"type\",\"type\":%" PRIu32 ",\"name\":", type->number);
		graph_write_string(type->name, to);
		fprintf(to, ",\"bytes\":%" PRIu64, type->bytes);
		for (size_t bit = 0; bit < sizeof(names) / sizeof(names[0]); bit++)
			fprintf(to, ",\"%s\":%s", names[bit],
				type->flags >> bit & 1 ? "true" : "false");
		fputs("}\n", to);
	}
}

static void write_object(const struct graph *graph, uint32_t node, FILE *to)
{
	const char *comma = "";

	fputs("{\"kind\":\"object\",\"id\":", to);
	write_id(graph, node, to);
	fprintf(to, ",\"type\":%" PRIu32 ",\"bytes\":%" PRIu32 ",\"retained\":%" PRIu64
		",\"newborn\":%s,\"dominator\":",
		graph->types[graph->type[node]].number, graph->bytes[node],
		graph->retained[node],
		graph->flags[node] & KGC_SNAPSHOT_NEWBORN ? "true" : "false");
	write_id(graph, graph->dominator[node], to);
	fputs(",\"edges\":[", to);
	for (uint64_t e = graph->first[node]; e < graph->first[node + 1]; e++) {
		fprintf(to, "%s{\"offset\":%" PRIu32 ",\"to\":", comma, graph->offset[e]);
		write_id(graph, graph->target[e], to);
		putc('}', to);
		comma = ",";
	}
	fputs("]}\n", to);
}

void graph_write_jsonl(const struct graph *graph, FILE *to)
{
	char text[EDGE_TEXT];

	fprintf(to, "{\"kind\":\"snapshot\",\"version\":1,\"heap\":%" PRIu32 ",\"name\":",
		graph->heap);
	graph_write_string(graph->heap_name, to);
	fprintf(to, ",\"cycle\":%" PRIu64 ",\"pointer_size\":%" PRIu32 ",\"objects\":%" PRIu32
		",\"bytes\":%" PRIu64 ",\"edges\":%" PRIu64 ",\"roots\":%" PRIu32
		",\"unreached\":%" PRIu32 ",\"dangling\":%" PRIu64 "}\n",
		graph->cycle, graph->pointer_size, graph->nr_objects, graph->total,
		graph->object_edges, graph->nr_roots, graph->unreached, graph->dangling);
	write_types(graph, to);
	for (uint32_t i = 0; i < graph->nr_roots; i++) {
		fputs("{\"kind\":\"root\",\"root\":", to);
		graph_write_string(graph_root_text(graph, i, text), to);
		fputs(",\"object\":", to);
		write_id(graph, graph->roots[i].node, to);
		fputs("}\n", to);
	}
	for (uint64_t e = graph->first[graph_changed(graph)];
	     e < graph->first[graph_top(graph)]; e++) {
		fputs("{\"kind\":\"changed\",\"object\":", to);
		write_id(graph, graph->target[e], to);
		fputs("}\n", to);
	}
	for (uint32_t i = 0; i < graph->nr_objects && !ferror(to); i++)
		write_object(graph, i, to);
}

/* ---- Graphviz ------------------------------------------------------------------ */

void graph_write_dot(const struct graph *graph, FILE *to)
{
	char text[EDGE_TEXT];

	fputs("digraph heap {\n\tnode [shape=box]\n", to);
	for (uint32_t i = 0; i < graph->nr_objects; i++) {
		fprintf(to, "\tn%" PRIu32 " [label=", i);
		graph_write_string(graph_type_name(graph, i), to);
		fprintf(to, "+\"\\n%" PRIu32 " bytes, holds %" PRIu64 "\"]\n",
			graph->bytes[i], graph->retained[i]);
		for (uint64_t e = graph->first[i]; e < graph->first[i + 1]; e++)
			fprintf(to, "\tn%" PRIu32 " -> n%" PRIu32 " [label=\"+%" PRIu32 "\"]\n",
				i, graph->target[e], graph->offset[e]);
	}
	for (uint32_t i = 0; i < graph->nr_roots; i++) {
		fprintf(to, "\tr%" PRIu32 " [shape=oval, label=", i);
		graph_write_string(graph_root_text(graph, i, text), to);
		fprintf(to, "]\n\tr%" PRIu32 " -> n%" PRIu32 "\n", i, graph->roots[i].node);
	}
	fputs("}\n", to);
}
