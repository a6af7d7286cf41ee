// SPDX-License-Identifier: GPL-2.0
/*
 * Read the stream of <linux/kgc_snapshot.h> into a graph. The file may be damaged or made
 * up: nothing in it is believed before it is checked.
 */
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "graph.h"
#include "kgcctl.h"

#define MAX_TYPE	65535
#define MAX_HEADER	65536

/**
 * struct reader - the state of reading
 * @from: the stream
 * @path: its name, for complaints
 * @graph: what has been read
 * @size: bytes of @record
 * @type_index: per number of a type: its index and 1; 0 for none
 * @ids_of_targets: per edge: id of its target
 * @ids_of_roots: per root: id of its object
 * @room_objects: length of the arrays per object
 * @room_edges: length of the arrays per edge
 * @room_roots: length of the arrays per root
 * @edges: edges read
 * @record: the current record
 */
struct reader {
	FILE *from;
	const char *path;
	struct graph *graph;
	uint32_t size;
	uint32_t *type_index;
	uint64_t *ids_of_targets;
	uint64_t *ids_of_roots;
	uint64_t room_objects;
	uint64_t room_edges;
	uint64_t room_roots;
	uint64_t edges;
	union {
		struct kgc_snapshot_record head;
		struct kgc_snapshot_type type;
		struct kgc_snapshot_root root;
		struct kgc_snapshot_object object;
		struct kgc_snapshot_cont cont;
		struct kgc_snapshot_end end;
		unsigned char bytes[KGC_SNAPSHOT_MAX_RECORD];
	} record;
};

static int complain_damaged(const struct reader *reader, const char *what)
{
	return complain(STATUS_DAMAGED, "%s: the snapshot is damaged: %s", reader->path, what);
}

static int complain_truncated(const struct reader *reader)
{
	if (ferror(reader->from))
		return complain(STATUS_FAILED, "reading %s: %s", reader->path, strerror(errno));
	return complain(STATUS_TRUNCATED, "%s: the snapshot is truncated after %" PRIu32
			" objects: the collector or a full disk ended it early", reader->path,
			reader->graph->nr_objects);
}

/* ---- names ------------------------------------------------------------------------ */

size_t graph_character(const char *at)
{
	static const uint32_t least[] = { 0, ' ', 0xa0, 0x800, 0x10000 };
	unsigned char lead = *at;
	size_t length = lead < 0x7f ? 1 : lead >= 0xf0 && lead < 0xf8 ? 4 :
			lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xc0 && lead < 0xe0 ? 2 : 0;
	uint32_t value = length > 1 ? lead & (0x7f >> length) : lead;

	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (at[i] & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value < 0xe000))
		return 0;
	return length;
}

/* Copy a name. Programs give types any name, so replace what is no text. */
static void set_name(char name[KGC_SNAPSHOT_NAME + 1], const char *from)
{
	size_t length;

	memcpy(name, from, KGC_SNAPSHOT_NAME);
	name[KGC_SNAPSHOT_NAME] = '\0';
	for (; *name; name += length ? length : 1) {
		length = graph_character(name);
		if (!length)
			*name = '?';
	}
}

/* ---- the header -------------------------------------------------------------- */

static int skip(struct reader *reader, size_t bytes)
{
	char rest[256];

	while (bytes) {
		size_t part = bytes < sizeof(rest) ? bytes : sizeof(rest);

		if (fread(rest, 1, part, reader->from) != part)
			return complain_truncated(reader);
		bytes -= part;
	}
	return STATUS_OK;
}

static int read_header(struct reader *reader)
{
	struct kgc_snapshot_header header = { 0 };
	struct graph *graph = reader->graph;
	size_t got = fread(&header, 1, sizeof(header), reader->from);
	uint32_t size = le32toh(header.size);

	if (ferror(reader->from))
		return complain_truncated(reader);
	if (got < sizeof(header.magic) ||
	    memcmp(header.magic, KGC_SNAPSHOT_MAGIC, sizeof(header.magic)))
		return complain(STATUS_FOREIGN, "%s is no snapshot of a kgc heap",
				reader->path);
	if (got >= offsetof(struct kgc_snapshot_header, size) &&
	    le32toh(header.version) > KGC_SNAPSHOT_VERSION)
		return complain(STATUS_NEWER,
				"%s has version %" PRIu32 " of the format, and this kgcctl reads up to %d: update it",
				reader->path, le32toh(header.version), KGC_SNAPSHOT_VERSION);
	if (got < sizeof(header))
		return complain_truncated(reader);
	if (!header.version || size < sizeof(header) || size > MAX_HEADER)
		return complain_damaged(reader, "a header that cannot be");
	graph->heap = le32toh(header.heap);
	graph->cycle = le64toh(header.cycle);
	graph->pointer_size = le32toh(header.pointer_size);
	set_name(graph->heap_name, header.name);
	return skip(reader, size - sizeof(header));
}

/* ---- records ------------------------------------------------------------------- */

/* Make room for entry @nr of an array that has @room entries of @size bytes. */
static void *grown(void *array, uint64_t nr, uint64_t *room, size_t size)
{
	if (nr < *room)
		return array;
	*room = *room ? *room * 2 : 1024;
	return reallocate(array, *room * size);
}

static int add_type(struct reader *reader)
{
	const struct kgc_snapshot_type *record = &reader->record.type;
	uint32_t number = le32toh(record->type);
	struct graph *graph = reader->graph;
	struct graph_type *type;

	if (reader->size < sizeof(*record) || !number || number > MAX_TYPE)
		return complain_damaged(reader, "a type that cannot be");
	if (reader->type_index[number])
		return complain_damaged(reader, "a type appears twice");
	graph->types = reallocate(graph->types, (graph->nr_types + 1) * sizeof(*graph->types));
	type = &graph->types[graph->nr_types++];
	reader->type_index[number] = graph->nr_types;
	*type = (struct graph_type){ .number = number, .flags = le32toh(record->flags),
				     .bytes = le64toh(record->bytes) };
	set_name(type->name, record->name);
	if (!*type->name)
		snprintf(type->name, sizeof(type->name), "type %" PRIu32, number);
	return STATUS_OK;
}

/* Index of the name of a root. Slots of one variable come together. */
static uint32_t name_index(struct graph *graph, const char *name)
{
	char clean[KGC_SNAPSHOT_NAME + 1];

	if (!*name)
		return 0;
	set_name(clean, name);
	if (strcmp(graph->names[graph->nr_names - 1], clean)) {
		graph->names = reallocate(graph->names,
					  (graph->nr_names + 1) * sizeof(*graph->names));
		memcpy(graph->names[graph->nr_names++], clean, sizeof(clean));
	}
	return graph->nr_names - 1;
}

static int add_root(struct reader *reader)
{
	const struct kgc_snapshot_root *record = &reader->record.root;
	struct graph *graph = reader->graph;
	uint64_t room = reader->room_roots;

	if (reader->size < sizeof(*record) || graph->nr_roots == NO_GRAPH_NODE)
		return complain_damaged(reader, "a root that cannot be");
	graph->roots = grown(graph->roots, graph->nr_roots, &room, sizeof(*graph->roots));
	reader->ids_of_roots = grown(reader->ids_of_roots, graph->nr_roots,
				     &reader->room_roots, sizeof(*reader->ids_of_roots));
	reader->ids_of_roots[graph->nr_roots] = le64toh(record->object);
	graph->roots[graph->nr_roots++] = (struct graph_root){
		.kind = le32toh(record->root),
		.name = name_index(graph, record->name),
		.number = le64toh(record->number),
	};
	return STATUS_OK;
}

static int add_edges(struct reader *reader, const struct kgc_snapshot_edge *edge,
		     size_t bytes)
{
	struct graph *graph = reader->graph;

	if (bytes % sizeof(*edge))
		return complain_damaged(reader, "half an edge");
	for (; bytes; bytes -= sizeof(*edge), edge++) {
		uint64_t room = reader->room_edges, offset = le64toh(edge->offset);

		if (offset > UINT32_MAX)
			return complain_damaged(reader, "an edge beyond its object");
		graph->offset = grown(graph->offset, reader->edges, &room,
				      sizeof(*graph->offset));
		reader->ids_of_targets = grown(reader->ids_of_targets, reader->edges,
					       &reader->room_edges,
					       sizeof(*reader->ids_of_targets));
		graph->offset[reader->edges] = offset;
		reader->ids_of_targets[reader->edges++] = le64toh(edge->target);
	}
	return STATUS_OK;
}

static void make_room_for_object(struct reader *reader)
{
	struct graph *graph = reader->graph;
	uint64_t nr = graph->nr_objects, room[4];

	/* the arrays have the same length, so each counts from the same room */
	for (size_t i = 0; i < 4; i++)
		room[i] = reader->room_objects;
	graph->ids = grown(graph->ids, nr, &room[0], sizeof(*graph->ids));
	graph->type = grown(graph->type, nr, &room[1], sizeof(*graph->type));
	graph->bytes = grown(graph->bytes, nr, &room[2], sizeof(*graph->bytes));
	graph->flags = grown(graph->flags, nr, &room[3], sizeof(*graph->flags));
	/* two more nodes and the end come after the objects */
	if (nr >= reader->room_objects)
		graph->first = reallocate(graph->first,
					  (room[0] + 3) * sizeof(*graph->first));
	reader->room_objects = room[0];
}

static int add_object(struct reader *reader)
{
	const struct kgc_snapshot_object *record = &reader->record.object;
	struct graph *graph = reader->graph;
	uint32_t nr = graph->nr_objects;

	if (reader->size < sizeof(*record) || le32toh(record->type) > MAX_TYPE ||
	    le64toh(record->bytes) > UINT32_MAX)
		return complain_damaged(reader, "an object that cannot be");
	if (nr >= NO_GRAPH_NODE - 2)
		return complain(STATUS_FAILED, "%s has more than 2^32 objects", reader->path);
	make_room_for_object(reader);
	graph->ids[nr] = le64toh(record->object);
	graph->type[nr] = le32toh(record->type);
	graph->bytes[nr] = le64toh(record->bytes);
	graph->flags[nr] = le32toh(record->flags);
	graph->first[nr] = reader->edges;
	graph->nr_objects++;
	return add_edges(reader, record->edges, reader->size - sizeof(*record));
}

static int add_cont(struct reader *reader)
{
	const struct kgc_snapshot_cont *record = &reader->record.cont;
	struct graph *graph = reader->graph;

	if (reader->size < sizeof(*record) || !graph->nr_objects ||
	    le64toh(record->object) != graph->ids[graph->nr_objects - 1])
		return complain_damaged(reader, "edges of an object that is not the last one");
	return add_edges(reader, record->edges, reader->size - sizeof(*record));
}

static int check_end(struct reader *reader)
{
	const struct kgc_snapshot_end *record = &reader->record.end;
	const struct graph *graph = reader->graph;

	if (reader->size < sizeof(*record) ||
	    le64toh(record->types) != graph->nr_types ||
	    le64toh(record->roots) != graph->nr_roots ||
	    le64toh(record->objects) != graph->nr_objects ||
	    le64toh(record->edges) != reader->edges)
		return complain_damaged(reader, "its records are not those that it counts");
	return STATUS_OK;
}

/* Read the next record. Sets *@end after the last one. */
static int read_record(struct reader *reader, bool *end)
{
	struct kgc_snapshot_record *head = &reader->record.head;

	if (fread(head, 1, sizeof(*head), reader->from) != sizeof(*head))
		return complain_truncated(reader);
	reader->size = le32toh(head->size);
	if (reader->size < sizeof(*head) || reader->size % 8 ||
	    reader->size > sizeof(reader->record))
		return complain_damaged(reader, "a record that cannot be");
	if (fread(head + 1, 1, reader->size - sizeof(*head), reader->from) !=
	    reader->size - sizeof(*head))
		return complain_truncated(reader);
	switch (le32toh(head->kind)) {
	case KGC_SNAPSHOT_TYPE:
		return add_type(reader);
	case KGC_SNAPSHOT_ROOT:
		return add_root(reader);
	case KGC_SNAPSHOT_OBJECT:
		return add_object(reader);
	case KGC_SNAPSHOT_CONT:
		return add_cont(reader);
	case KGC_SNAPSHOT_END:
		*end = true;
		return check_end(reader);
	}
	return STATUS_OK;
}

/* ---- from ids to numbers ---------------------------------------------------------- */

/**
 * struct index - a hash table from ids to objects, with open addressing
 * @node: objects, or NO_GRAPH_NODE
 * @mask: length of @node, less 1
 */
struct index {
	uint32_t *node;
	uint64_t mask;
};

/* The place of @id: where it is, or where it would have to be. */
static uint64_t index_place(const struct index *index, const struct graph *graph, uint64_t id)
{
	uint64_t at = (id * 0x9e3779b97f4a7c15ULL) >> 20;

	while (index->node[at & index->mask] != NO_GRAPH_NODE &&
	       graph->ids[index->node[at & index->mask]] != id)
		at++;
	return at & index->mask;
}

static int index_make(struct index *index, const struct reader *reader)
{
	const struct graph *graph = reader->graph;
	uint64_t length = 1024;

	while (length < graph->nr_objects * 2ULL)
		length *= 2;
	index->mask = length - 1;
	index->node = allocate(length * sizeof(*index->node));
	memset(index->node, 0xff, length * sizeof(*index->node));
	for (uint32_t i = 0; i < graph->nr_objects; i++) {
		uint64_t at = index_place(index, graph, graph->ids[i]);

		if (index->node[at] != NO_GRAPH_NODE)
			return complain_damaged(reader, "an object appears twice");
		index->node[at] = i;
	}
	return STATUS_OK;
}

static uint32_t index_find(const struct index *index, const struct graph *graph, uint64_t id)
{
	return index->node[index_place(index, graph, id)];
}

/* Replace ids by numbers. Leave out edges and roots whose objects do not appear. */
static void resolve(struct reader *reader, const struct index *index)
{
	struct graph *graph = reader->graph;
	uint64_t edge = 0, left = 0;
	uint32_t roots = 0;

	graph->first[graph->nr_objects] = reader->edges;
	graph->target = allocate(reader->edges * sizeof(*graph->target));
	for (uint32_t i = 0; i < graph->nr_objects; i++) {
		uint64_t end = graph->first[i + 1];

		graph->first[i] = left;
		for (; edge < end; edge++) {
			uint32_t to = index_find(index, graph, reader->ids_of_targets[edge]);

			if (to == NO_GRAPH_NODE)
				continue;
			graph->offset[left] = graph->offset[edge];
			graph->target[left++] = to;
		}
	}
	graph->first[graph->nr_objects] = left;
	graph->object_edges = left;
	graph->dangling = reader->edges - left;
	for (uint32_t i = 0; i < graph->nr_roots; i++) {
		graph->roots[roots] = graph->roots[i];
		graph->roots[roots].node = index_find(index, graph, reader->ids_of_roots[i]);
		roots += graph->roots[roots].node != NO_GRAPH_NODE;
	}
	graph->dangling += graph->nr_roots - roots;
	graph->nr_roots = roots;
}

/* A type may come after its objects, so look it up at the end. */
static int resolve_types(struct reader *reader)
{
	struct graph *graph = reader->graph;

	for (uint32_t i = 0; i < graph->nr_objects; i++) {
		uint32_t index = reader->type_index[graph->type[i]];

		if (!index)
			return complain_damaged(reader, "an object of an unknown type");
		graph->type[i] = index - 1;
	}
	return STATUS_OK;
}

static int read_all(struct reader *reader)
{
	struct graph *graph = reader->graph;
	struct index index = { 0 };
	bool end = false;
	int status = read_header(reader);

	graph->names = allocate(sizeof(*graph->names));
	memset(graph->names, 0, sizeof(*graph->names));
	graph->nr_names = 1;
	graph->first = allocate(3 * sizeof(*graph->first));
	while (!status && !end)
		status = read_record(reader, &end);
	if (!status)
		status = resolve_types(reader);
	if (!status)
		status = index_make(&index, reader);
	if (!status)
		resolve(reader, &index);
	free(index.node);
	return status;
}

int graph_read(struct graph *graph, FILE *from, const char *path)
{
	struct reader reader = { .from = from, .path = path, .graph = graph };
	int status;

	*graph = (struct graph){ 0 };
	reader.type_index = allocate((MAX_TYPE + 1) * sizeof(*reader.type_index));
	memset(reader.type_index, 0, (MAX_TYPE + 1) * sizeof(*reader.type_index));
	status = read_all(&reader);
	free(reader.type_index);
	free(reader.ids_of_targets);
	free(reader.ids_of_roots);
	if (status)
		graph_free(graph);
	return status;
}

int graph_load(struct graph *graph, FILE *from, const char *path)
{
	int status = graph_read(graph, from, path);

	if (status)
		return status;
	graph_reach(graph);
	graph_dominate(graph);
	return STATUS_OK;
}

int graph_open(struct graph *graph, const char *path)
{
	FILE *from = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int status;

	if (!from)
		return complain(errno == EACCES ? STATUS_DENIED : STATUS_FAILED,
				"opening %s: %s", path, strerror(errno));
	status = graph_load(graph, from, path);
	if (from != stdin)
		fclose(from);
	return status;
}

void graph_free(struct graph *graph)
{
	free(graph->types);
	free(graph->names);
	free(graph->roots);
	free(graph->ids);
	free(graph->type);
	free(graph->bytes);
	free(graph->flags);
	free(graph->first);
	free(graph->target);
	free(graph->offset);
	free(graph->from);
	free(graph->steps);
	free(graph->dominator);
	free(graph->retained);
	free(graph->kept);
	*graph = (struct graph){ 0 };
}
