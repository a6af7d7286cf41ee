// SPDX-License-Identifier: GPL-2.0
/*
 * The .heapsnapshot of V8, which Chromium's DevTools and memlab read. It is JSON with flat
 * arrays of numbers: seven per node, three per edge. The first node is the one from which
 * all others are reached. The edges of a node follow those of the node before it.
 */
#include <inttypes.h>

#include "graph.h"

#define NODE_FIELDS	7

/* Indices into the types of nodes and edges that write_meta() lists. */
#define NODE_OBJECT	3
#define NODE_SYNTHETIC	9
#define EDGE_ELEMENT	1
#define EDGE_PROPERTY	2

/* Strings: 0 is empty, then two for the first two nodes, types, roots, "changed meanwhile". */
#define STRING_TOP	1
#define STRING_TYPES	3

static void write_meta(const struct graph *graph, FILE *to)
{
	fputs("{\"snapshot\":{\"meta\":{\"node_fields\":[\"type\",\"name\",\"id\",\"self_size\","
	      "\"edge_count\",\"trace_node_id\",\"detachedness\"],\"node_types\":[[\"hidden\","
	      "\"array\",\"string\",\"object\",\"code\",\"closure\",\"regexp\",\"number\","
	      "\"native\",\"synthetic\",\"concatenated string\",\"sliced string\",\"symbol\","
	      "\"bigint\"],\"string\",\"number\",\"number\",\"number\",\"number\",\"number\"],"
	      "\"edge_fields\":[\"type\",\"name_or_index\",\"to_node\"],\"edge_types\":["
	      "[\"context\",\"element\",\"property\",\"internal\",\"hidden\",\"shortcut\","
	      "\"weak\"],\"string_or_number\",\"node\"],\"trace_function_info_fields\":["
	      "\"function_id\",\"name\",\"script_name\",\"script_id\",\"line\",\"column\"],"
	      "\"trace_node_fields\":[\"id\",\"function_info_index\",\"count\",\"size\","
	      "\"children\"],\"sample_fields\":[\"timestamp_us\",\"last_assigned_id\"],"
	      "\"location_fields\":[\"object_index\",\"script_id\",\"line\",\"column\"]},", to);
	fprintf(to, "\"node_count\":%" PRIu32 ",\"edge_count\":%" PRIu64
		",\"trace_function_count\":0},\n", graph_nodes(graph),
		graph->first[graph_nodes(graph)]);
}

/* The order of nodes is: top, changed, objects. */
static uint32_t node_at(const struct graph *graph, uint32_t place)
{
	if (place < 2)
		return place ? graph_changed(graph) : graph_top(graph);
	return place - 2;
}

static uint64_t place_of(const struct graph *graph, uint32_t node)
{
	return node == graph_changed(graph) ? 1 : (uint64_t)node + 2;
}

static void write_nodes(const struct graph *graph, FILE *to)
{
	fputs("\"nodes\":[", to);
	for (uint32_t place = 0; place < graph_nodes(graph) && !ferror(to); place++) {
		uint32_t node = node_at(graph, place);
		bool object = node < graph->nr_objects;
		uint32_t name = object ? STRING_TYPES + graph->type[node] : STRING_TOP + place;

		/* DevTools keeps an id in 32 bits, so it cannot be ours */
		fprintf(to, "%s%d,%" PRIu32 ",%" PRIu64 ",%" PRIu32 ",%" PRIu64 ",0,0",
			place ? ",\n" : "", object ? NODE_OBJECT : NODE_SYNTHETIC, name,
			(uint64_t)place * 2 + 1, object ? graph->bytes[node] : 0,
			graph->first[node + 1] - graph->first[node]);
	}
	fputs("],\n", to);
}

static void write_edges(const struct graph *graph, FILE *to)
{
	/* strings: the last edge of the first node is named like those of the second */
	uint32_t roots = STRING_TYPES + graph->nr_types, changed = roots + graph->nr_roots;
	const char *comma = "";

	fputs("\"edges\":[", to);
	for (uint32_t place = 0; place < graph_nodes(graph) && !ferror(to); place++) {
		uint32_t node = node_at(graph, place);

		for (uint64_t e = graph->first[node]; e < graph->first[node + 1]; e++) {
			bool object = node < graph->nr_objects;
			uint32_t name = object ? graph->offset[e] : place ? changed :
					roots + graph->offset[e];

			fprintf(to, "%s%d,%" PRIu32 ",%" PRIu64, comma,
				object ? EDGE_ELEMENT : EDGE_PROPERTY, name,
				place_of(graph, graph->target[e]) * NODE_FIELDS);
			comma = ",\n";
		}
	}
	fputs("],\n", to);
}

static void write_strings(const struct graph *graph, FILE *to)
{
	char text[EDGE_TEXT];

	fputs("\"strings\":[\"\",\"(roots)\",\"(changed meanwhile)\"", to);
	for (uint32_t i = 0; i < graph->nr_types; i++) {
		fputs(",\n", to);
		graph_write_string(graph->types[i].name, to);
	}
	for (uint32_t i = 0; i < graph->nr_roots; i++) {
		fputs(",\n", to);
		graph_write_string(graph_root_text(graph, i, text), to);
	}
	fputs(",\n\"changed meanwhile\"]}\n", to);
}

void graph_write_heapsnapshot(const struct graph *graph, FILE *to)
{
	write_meta(graph, to);
	write_nodes(graph, to);
	write_edges(graph, to);
	fputs("\"trace_function_infos\":[],\"trace_tree\":[],\"samples\":[],\"locations\":[],\n",
	      to);
	write_strings(graph, to);
}
