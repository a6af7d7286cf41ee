// SPDX-License-Identifier: GPL-2.0
/*
 * The graph of a snapshot: what is read is what was written, and dominators, retained sizes
 * and shortest paths are those that slow and simple algorithms find.
 */
#include <stdlib.h>
#include <string.h>

#include "../host/check.h"
#include "graph.h"
#include "kgcctl.h"
#include "stream.h"

#define MOST	12		/* objects of a small graph */
#define TYPES	3

/* ---- what the graph's code calls --------------------------------------------------- */

int complain(enum exit_status status, const char *format, ...)
{
	return status;
}

void *reallocate(void *old, size_t bytes)
{
	void *memory = realloc(old, bytes ? bytes : 1);

	check(memory);
	return memory;
}

void *allocate(size_t bytes)
{
	return reallocate(NULL, bytes);
}

/* ---- small graphs ------------------------------------------------------------------- */

/**
 * struct small - a graph as a matrix
 * @nr: objects; number @nr stands for the roots
 * @edge: edge[a][b]: a refers to b
 */
struct small {
	unsigned int nr;
	bool edge[MOST + 1][MOST];
};

static uint64_t id_of(unsigned int object)
{
	return 0x9e3779b97f4a7c15ULL * (object + 1);
}

static uint64_t bytes_of(unsigned int object)
{
	return 8ULL << object;
}

/* Write @small, and read it back. */
static void make(const struct small *small, struct graph *graph)
{
	struct stream stream;
	size_t size;
	char *bytes;
	FILE *file = open_memstream(&bytes, &size);

	check(file);
	stream_begin(&stream, file);
	for (unsigned int type = 1; type <= TYPES; type++)
		stream_type(&stream, type, 8, type == 1 ? "one" : "");
	for (unsigned int b = 0; b < small->nr; b++)
		if (small->edge[small->nr][b])
			stream_handle(&stream, id_of(b), 100 + b);
	for (unsigned int a = 0; a < small->nr; a++) {
		stream_object(&stream, id_of(a), 1 + a % TYPES, bytes_of(a));
		for (unsigned int b = 0; b < small->nr; b++)
			if (small->edge[a][b])
				stream_edge(&stream, 8 * b, id_of(b));
	}
	stream_end(&stream);
	fclose(file);
	file = fmemopen(bytes, size, "r");
	check(file && !graph_read(graph, file, "test"));
	fclose(file);
	free(bytes);
	graph_reach(graph);
	graph_dominate(graph);
}

/* Mark what is reachable from the roots and orphans without passing through @without. */
static void reach(const struct small *small, const struct graph *graph, unsigned int without,
		  bool reached[MOST])
{
	bool more = true;

	memset(reached, 0, MOST * sizeof(*reached));
	for (unsigned int b = 0; b < small->nr; b++)
		reached[b] = b != without && small->edge[small->nr][b];
	for (uint64_t e = graph->first[graph_changed(graph)];
	     e < graph->first[graph_top(graph)]; e++)
		reached[graph->target[e]] |= graph->target[e] != without;
	while (more) {
		more = false;
		for (unsigned int a = 0; a < small->nr; a++)
			for (unsigned int b = 0; reached[a] && b < small->nr; b++) {
				bool fresh = small->edge[a][b] && b != without && !reached[b];

				reached[b] |= fresh;
				more |= fresh;
			}
	}
}

/* Length of the shortest path from a root to @to, or 0 if there is none. */
static unsigned int distance(const struct small *small, unsigned int to)
{
	unsigned int steps[MOST] = { 0 };

	for (unsigned int round = 1; round <= small->nr; round++)
		for (unsigned int b = 0; b < small->nr; b++) {
			bool found = round == 1 && small->edge[small->nr][b];

			for (unsigned int a = 0; a < small->nr; a++)
				found |= round > 1 && steps[a] == round - 1 &&
					 small->edge[a][b];
			if (found && !steps[b])
				steps[b] = round;
		}
	return steps[to];
}

/* Compare all that was computed of @small with what the definitions say. */
static void compare(const struct small *small)
{
	struct graph graph;
	uint64_t all = 0;

	make(small, &graph);
	check(graph.nr_objects == small->nr);
	for (unsigned int a = 0; a < small->nr; a++) {
		unsigned int steps = distance(small, a), above = graph.dominator[a];
		uint64_t retained = bytes_of(a);
		bool reached[MOST];

		trying("%u objects, object %u", small->nr, a);
		check(graph.ids[a] == id_of(a) && graph.bytes[a] == bytes_of(a));
		check(steps ? graph.steps[a] == steps : graph.steps[a] > FAR);
		reach(small, &graph, a, reached);
		for (unsigned int b = 0; b < small->nr; b++)
			if (b != a && !reached[b])
				retained += bytes_of(b);
		check(graph.retained[a] == retained);
		/* each object has a bit of its own in a sum, so sums tell sets apart */
		if (above < small->nr) {
			reach(small, &graph, above, reached);
			check(!reached[a]);
			check(graph.retained[above] > retained);
		}
		all += bytes_of(a);
	}
	check(graph.total == all && graph.kept[graph_top(&graph)] == small->nr);
	graph_free(&graph);
}

static void all_graphs_of_up_to_three_objects(void)
{
	struct small small = { 0 };
	unsigned int tried = 0;

	for (small.nr = 1; small.nr <= 3; small.nr++) {
		unsigned int bits = (small.nr + 1) * small.nr;

		for (unsigned int which = 0; which < 1U << bits; which++, tried++) {
			for (unsigned int bit = 0; bit < bits; bit++)
				small.edge[bit / small.nr][bit % small.nr] = which >> bit & 1;
			compare(&small);
		}
	}
	note("%u graphs", tried);
}

static void fill_at_random(struct small *small)
{
	unsigned int one_in = 1 + random() % 6;

	memset(small, 0, sizeof(*small));
	small->nr = 4 + random() % (MOST - 3);
	for (unsigned int a = 0; a <= small->nr; a++)
		for (unsigned int b = 0; b < small->nr; b++)
			small->edge[a][b] = !(random() % one_in) && random() % 2;
}

static void many_graphs_at_random(void)
{
	struct small small;

	for (unsigned int i = 0; i < 4000; i++) {
		fill_at_random(&small);
		compare(&small);
	}
}

/* The objects of a type that are not below another one of the type hold what it retains. */
static void what_a_type_retains_is_counted_once(void)
{
	for (unsigned int i = 0; i < 2000; i++) {
		uint64_t retained[TYPES], wanted[TYPES] = { 0 };
		struct small small;
		struct graph graph;

		fill_at_random(&small);
		make(&small, &graph);
		graph_retained_by_type(&graph, retained);
		for (unsigned int a = 0; a < small.nr; a++) {
			unsigned int above = graph.dominator[a];

			while (above < small.nr && graph.type[above] != graph.type[a])
				above = graph.dominator[above];
			if (above >= small.nr)
				wanted[graph.type[a]] += graph.retained[a];
		}
		for (unsigned int type = 0; type < TYPES; type++) {
			trying("graph %u, type %u", i, type);
			check(retained[type] == wanted[type]);
		}
		graph_free(&graph);
	}
}

/* An object without a path that is no root of the rest would not be shown as it is. */
static void objects_without_a_path_hang_on_as_few_as_can_be(void)
{
	for (unsigned int i = 0; i < 2000; i++) {
		struct small small, rest;
		struct graph graph;
		bool reached[MOST];
		unsigned int unreached = 0;

		fill_at_random(&small);
		make(&small, &graph);
		for (unsigned int a = 0; a < small.nr; a++)
			unreached += !distance(&small, a);
		trying("graph %u, %u without a path", i, unreached);
		check(graph.unreached == unreached && !graph.orphans == !unreached);
		/* none is below the one that comes before it */
		for (uint64_t e = graph.first[graph_changed(&graph)];
		     e + 1 < graph.first[graph_top(&graph)]; e++) {
			struct graph none = { .first = (uint64_t[]){ 0, 0 } };

			rest = small;
			memset(rest.edge[rest.nr], 0, sizeof(rest.edge[0]));
			rest.edge[rest.nr][graph.target[e]] = true;
			reach(&rest, &none, MOST, reached);
			check(!reached[graph.target[e + 1]]);
		}
		graph_free(&graph);
	}
}

/* ---- large and odd ones -------------------------------------------------------------- */

#define LONG	100000U

/* Deep enough to overflow the stack if any of it were recursive. */
static void a_list_of_a_hundred_thousand_objects(void)
{
	FILE *file = tmpfile();
	struct stream stream;
	struct graph graph;

	stream_begin(&stream, file);
	stream_type(&stream, 1, 16, "node");
	stream_slot(&stream, id_of(0), 2, "head");
	for (unsigned int i = 0; i < LONG; i++) {
		stream_object(&stream, id_of(i), 1, 16);
		if (i + 1 < LONG)
			stream_edge(&stream, 8, id_of(i + 1));
	}
	stream_end(&stream);
	rewind(file);
	check(!graph_read(&graph, file, "test"));
	fclose(file);
	graph_reach(&graph);
	graph_dominate(&graph);
	for (unsigned int i = 0; i < LONG; i++)
		check(graph.retained[i] == 16ULL * (LONG - i) && graph.steps[i] == i + 1);
	graph_free(&graph);
}

static void the_edges_of_a_large_object_are_read_in_order(void)
{
	FILE *file = tmpfile();
	struct stream stream;
	struct graph graph;

	stream_begin(&stream, file);
	stream_type(&stream, 1, 8, "table");
	stream_object(&stream, id_of(0), 1, 800000);
	for (unsigned int i = 0; i < 100000; i++)
		stream_edge(&stream, 8 * i, id_of(i % 3));
	stream_object(&stream, id_of(1), 1, 8);
	stream_end(&stream);
	rewind(file);
	check(!graph_read(&graph, file, "test"));
	fclose(file);
	/* object 2 does not appear, so the edges to it are left out */
	check(graph.dangling == 33333 && graph.object_edges == 66667);
	check(graph.first[1] == 66667 && graph.target[66666] == 0);
	check(graph.offset[66666] == 8 * 99999);
	graph_free(&graph);
}

/* ---- damaged files ------------------------------------------------------------------- */

static size_t whole(char **bytes)
{
	FILE *file = tmpfile();
	struct stream stream;
	size_t size;

	stream_begin(&stream, file);
	stream_type(&stream, 1, 16, "node");
	stream_handle(&stream, id_of(0), 5);
	for (unsigned int i = 0; i < 4; i++) {
		stream_object(&stream, id_of(i), 1, 16);
		stream_edge(&stream, 0, id_of((i + 1) % 4));
	}
	stream_end(&stream);
	size = ftell(file);
	rewind(file);
	*bytes = allocate(size);
	check(fread(*bytes, 1, size, file) == size);
	fclose(file);
	return size;
}

static int read_bytes(char *bytes, size_t size)
{
	/* fmemopen() takes no empty file */
	FILE *file = size ? fmemopen(bytes, size, "r") : fopen("/dev/null", "r");
	struct graph graph;
	int status;

	check(file);
	status = graph_read(&graph, file, "test");
	fclose(file);
	if (!status) {
		graph_reach(&graph);
		graph_dominate(&graph);
		graph_free(&graph);
	}
	return status;
}

static void a_file_cut_anywhere_is_refused(void)
{
	char *bytes;
	size_t size = whole(&bytes);

	check(read_bytes(bytes, size) == STATUS_OK);
	for (size_t cut = 0; cut < size; cut++) {
		trying("cut after %zu bytes of %zu", cut, size);
		check(read_bytes(bytes, cut) == (cut < 8 ? STATUS_FOREIGN :
						  STATUS_TRUNCATED));
	}
	free(bytes);
}

static void a_foreign_and_a_newer_file_are_told_apart(void)
{
	char *bytes;
	size_t size = whole(&bytes);

	bytes[offsetof(struct kgc_snapshot_header, version)]++;
	check(read_bytes(bytes, size) == STATUS_NEWER);
	bytes[0] ^= 1;
	check(read_bytes(bytes, size) == STATUS_FOREIGN);
	free(bytes);
}

/* With AddressSanitizer: no byte of a file makes the reader read or write elsewhere. */
static void no_wrong_byte_confuses_the_reader(void)
{
	unsigned int refused = 0;
	char *bytes;
	size_t size = whole(&bytes);

	for (size_t at = 0; at < size; at++) {
		for (unsigned int bit = 0; bit < 8; bit++) {
			trying("bit %u of byte %zu", bit, at);
			bytes[at] ^= 1 << bit;
			refused += read_bytes(bytes, size) != STATUS_OK;
			bytes[at] ^= 1 << bit;
		}
	}
	check(refused > size);
	note("%u of %zu changes are seen", refused, 8 * size);
	free(bytes);
}

int main(void)
{
	static const struct promise promises[] = {
		{ "all graphs of up to three objects", all_graphs_of_up_to_three_objects },
		{ "many graphs at random", many_graphs_at_random },
		{ "what a type retains is counted once", what_a_type_retains_is_counted_once },
		{ "objects without a path hang on as few as can be",
		  objects_without_a_path_hang_on_as_few_as_can_be },
		{ "a list of a hundred thousand objects", a_list_of_a_hundred_thousand_objects },
		{ "the edges of a large object are read in order",
		  the_edges_of_a_large_object_are_read_in_order },
		{ "a file that is cut anywhere is refused", a_file_cut_anywhere_is_refused },
		{ "a foreign and a newer file are told apart",
		  a_foreign_and_a_newer_file_are_told_apart },
		{ "no wrong byte confuses the reader", no_wrong_byte_confuses_the_reader },
	};

	return PROMISES(promises);
}
