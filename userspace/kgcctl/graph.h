/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The graph of a snapshot: objects, edges, roots, and what is computed from them. All of it
 * is in arrays that are indexed by the number of a node, so that a snapshot of 10^7 objects
 * fits into 4 GiB.
 */
#ifndef KGCCTL_GRAPH_H
#define KGCCTL_GRAPH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/kgc_snapshot.h>

#define NO_GRAPH_NODE	UINT32_MAX

/**
 * struct graph_type - a type
 * @number: its number in the heap
 * @flags: KGC_SNAPSHOT_NOSCAN and so on
 * @bytes: declared size of an object, or of an element
 * @name: its name, or "type 7" if it has none
 */
struct graph_type {
	uint32_t number;
	uint32_t flags;
	uint64_t bytes;
	char name[KGC_SNAPSHOT_NAME + 1];
};

/**
 * struct graph_root - a root
 * @node: the object that it refers to
 * @kind: enum kgc_snapshot_root_kind
 * @name: index of its name in graph.names; 0 if it has none
 * @number: which root of its kind
 */
struct graph_root {
	uint32_t node;
	uint32_t kind;
	uint32_t name;
	uint64_t number;
};

/**
 * struct graph - a snapshot. Names are UTF-8 without control characters
 * @heap: number of the heap
 * @heap_name: its name
 * @cycle: number of the cycle that wrote the snapshot
 * @pointer_size: bytes of a pointer
 * @types: types
 * @nr_types: length of @types
 * @names: names of roots; the first one is empty
 * @nr_names: length of @names
 * @roots: roots
 * @nr_roots: length of @roots
 * @nr_objects: objects: the nodes 0 to @nr_objects - 1. Node @nr_objects refers to objects
 *	without a path from a root, and node @nr_objects + 1 refers to that node and to the
 *	objects that roots refer to
 * @ids: per object: its id
 * @type: per object: index into @types
 * @bytes: per object: its size
 * @flags: per object: KGC_SNAPSHOT_NEWBORN
 * @first: per node: where its edges begin; ends with the number of edges
 * @target: per edge: the object that it leads to
 * @offset: per edge: bytes from the start of the object to the pointer. For an edge of the
 *	last node, index into @roots; its last edge leads to node @nr_objects
 * @object_edges: edges of objects; they come first
 * @dangling: edges that were left out, because their targets do not appear
 * @orphans: objects that node @nr_objects refers to
 * @unreached: objects without a path from a root
 * @from: per node: its predecessor on a shortest path from the last node
 * @steps: per node: length of that path; above FAR if it leads through node @nr_objects
 * @dominator: per node: its immediate dominator
 * @retained: per node: bytes of the nodes that it dominates, itself included
 * @kept: per node: number of these objects
 * @total: bytes of all objects
 */
struct graph {
	uint32_t heap;
	char heap_name[KGC_SNAPSHOT_NAME + 1];
	uint64_t cycle;
	uint32_t pointer_size;
	struct graph_type *types;
	uint32_t nr_types;
	char (*names)[KGC_SNAPSHOT_NAME + 1];
	uint32_t nr_names;
	struct graph_root *roots;
	uint32_t nr_roots;
	uint32_t nr_objects;
	uint64_t *ids;
	uint32_t *type;
	uint32_t *bytes;
	uint8_t *flags;
	uint64_t *first;
	uint32_t *target;
	uint32_t *offset;
	uint64_t object_edges;
	uint64_t dangling;
	uint32_t orphans;
	uint32_t unreached;
	uint32_t *from;
	uint32_t *steps;
	uint32_t *dominator;
	uint64_t *retained;
	uint32_t *kept;
	uint64_t total;
};

#define FAR	(1U << 31)

/* The node that refers to objects without a path from a root. */
static inline uint32_t graph_changed(const struct graph *graph)
{
	return graph->nr_objects;
}

/* The node from which all others are reached. */
static inline uint32_t graph_top(const struct graph *graph)
{
	return graph->nr_objects + 1;
}

static inline uint32_t graph_nodes(const struct graph *graph)
{
	return graph->nr_objects + 2;
}

/*
 * Read a snapshot from @from, which complaints call @path. Returns an exit status, and
 * complains unless that is STATUS_OK. The caller frees @graph after success.
 */
int graph_read(struct graph *graph, FILE *from, const char *path);

/* Read a snapshot from file @path ("-" is the input), and compute all that struct graph has. */
int graph_open(struct graph *graph, const char *path);
/* The same from @from, as for graph_read(). */
int graph_load(struct graph *graph, FILE *from, const char *path);
void graph_free(struct graph *graph);

/*
 * Find the shortest paths from roots, and attach the objects that have none to
 * graph_changed(). It sets @from, and the edges of the last two nodes.
 */
void graph_reach(struct graph *graph);

/* Compute @dominator, @retained, @kept and @total. graph_reach() comes before it. */
void graph_dominate(struct graph *graph);

/*
 * Add up per type what its objects retain: bytes of the objects that cannot be reached
 * without passing through one of that type. @retained has graph.nr_types entries.
 */
void graph_retained_by_type(const struct graph *graph, uint64_t *retained);

/* Describe root @nr: "handle 7", "table[3]". Returns @text. */
#define EDGE_TEXT	(KGC_SNAPSHOT_NAME + 40)
const char *graph_root_text(const struct graph *graph, uint32_t nr, char text[EDGE_TEXT]);

/* Describe how node @from refers to node @to: as above, or "+8". Returns @text. */
const char *graph_edge_text(const struct graph *graph, uint32_t from, uint32_t to,
			    char text[EDGE_TEXT]);

/*
 * Find the objects that hold a tenth of all bytes or more, but of a chain only the first one.
 * Returns them, those that hold most first; the caller frees them. *@nr is their number.
 */
uint32_t *graph_suspects(const struct graph *graph, size_t *nr);

/* Describe what refers to object @node on a shortest path from a root. Returns @via. */
#define VIA_TEXT	(2 * EDGE_TEXT)
const char *graph_via_text(const struct graph *graph, uint32_t node, char via[VIA_TEXT]);

/* Percent of the bytes of all objects, rounded down. */
static inline uint64_t graph_percent(const struct graph *graph, uint64_t bytes)
{
	return graph->total ? bytes * 100 / graph->total : 0;
}

/* Name of the type of an object, or what one of the last two nodes stands for. */
const char *graph_type_name(const struct graph *graph, uint32_t node);

/* The id of an object as "@" and 16 digits, or "" for one of the last two nodes. */
#define ID_TEXT	18
const char *graph_id_text(const struct graph *graph, uint32_t node, char text[ID_TEXT]);

/**
 * struct graph_format - a form in which a snapshot can be written
 * @name: its name on the command line
 * @about: which programs read it
 * @most: most objects that it is for; 0 for any number
 * @write: writes it. Errors are those of @to
 */
struct graph_format {
	const char *name;
	const char *about;
	uint32_t most;
	void (*write)(const struct graph *graph, FILE *to);
};

/* Ends with one without a name. */
extern const struct graph_format graph_formats[];

/* The format called @name. Complains and returns NULL if there is none. */
const struct graph_format *graph_format_find(const char *name);

void graph_write_heapsnapshot(const struct graph *graph, FILE *to);
void graph_write_jsonl(const struct graph *graph, FILE *to);
void graph_write_dot(const struct graph *graph, FILE *to);

/* Bytes of the character of UTF-8 at @at, or 0 if it is none, or a control character. */
size_t graph_character(const char *at);

/* Write @text, a name that graph_read() has cleaned, as a string of JSON or Graphviz. */
void graph_write_string(const char *text, FILE *to);

#endif /* KGCCTL_GRAPH_H */
