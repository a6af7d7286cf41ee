// SPDX-License-Identifier: GPL-2.0
/* Read a snapshot and look things up in it. Tests run on little-endian machines. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kgc.h>

#include "snapshot.h"

static void *more(void *old, size_t nr, size_t size)
{
	/* make room in powers of two */
	if (nr & (nr - 1))
		return old;
	old = realloc(old, (nr ? 2 * nr : 1) * size);
	if (!old)
		abort();
	return old;
}

static bool add_type(struct snapshot *s, const struct kgc_snapshot_type *record)
{
	if (record->head.size != sizeof(*record) || !record->type || record->type > 65535 ||
	    s->type_bytes[record->type] || !record->bytes ||
	    record->name[KGC_SNAPSHOT_NAME - 1])
		return false;
	s->type_bytes[record->type] = record->bytes;
	s->type_name[record->type] = record->name;
	return true;
}

static bool add_root(struct snapshot *s, const struct kgc_snapshot_root *record)
{
	if (record->head.size != sizeof(*record) || s->nr_objects)
		return false;
	s->roots = more(s->roots, s->nr_roots, sizeof(*s->roots));
	s->roots[s->nr_roots++] = record;
	return true;
}

static bool add_edges(struct snapshot *s, const struct kgc_snapshot_edge *edge, size_t bytes)
{
	struct snapshot_object *object = &s->objects[s->nr_objects - 1];

	if (bytes % sizeof(*edge))
		return false;
	for (; bytes; bytes -= sizeof(*edge), edge++) {
		const struct snapshot_edge *before = &s->edges[s->nr_edges - 1];

		if (edge->offset + 8 > object->bytes ||
		    (object->nr_edges && edge->offset <= before->offset))
			return false;
		s->edges = more(s->edges, s->nr_edges, sizeof(*s->edges));
		s->edges[s->nr_edges++] = (struct snapshot_edge){ edge->offset, edge->target };
		object->nr_edges++;
	}
	return true;
}

static bool add_object(struct snapshot *s, const struct kgc_snapshot_object *record)
{
	if (record->head.size < sizeof(*record) || record->type > 65535 ||
	    !s->type_bytes[record->type] || record->bytes < s->type_bytes[record->type])
		return false;
	s->objects = more(s->objects, s->nr_objects, sizeof(*s->objects));
	s->objects[s->nr_objects++] = (struct snapshot_object){
		.id = record->object, .bytes = record->bytes, .type = record->type,
		.flags = record->flags, .first_edge = s->nr_edges };
	return add_edges(s, record->edges, record->head.size - sizeof(*record));
}

static bool add_cont(struct snapshot *s, const struct kgc_snapshot_cont *record)
{
	if (record->head.size < sizeof(*record) || !s->nr_objects ||
	    record->object != s->objects[s->nr_objects - 1].id)
		return false;
	return add_edges(s, record->edges, record->head.size - sizeof(*record));
}

static bool add_record(struct snapshot *s, const struct kgc_snapshot_record *head)
{
	switch (head->kind) {
	case KGC_SNAPSHOT_TYPE:
		return add_type(s, (const void *)head);
	case KGC_SNAPSHOT_ROOT:
		return add_root(s, (const void *)head);
	case KGC_SNAPSHOT_OBJECT:
		return add_object(s, (const void *)head);
	case KGC_SNAPSHOT_CONT:
		return add_cont(s, (const void *)head);
	}
	return false;
}

static int by_id(const void *a, const void *b)
{
	__u64 x = ((const struct snapshot_object *)a)->id;
	__u64 y = ((const struct snapshot_object *)b)->id;

	return (x > y) - (x < y);
}

static bool is_end(const struct snapshot *s, const struct kgc_snapshot_end *record)
{
	size_t types = 0;

	for (size_t i = 0; i < 65536; i++)
		types += s->type_bytes[i] != 0;
	return record->head.size == sizeof(*record) && record->types == types &&
	       record->roots == s->nr_roots && record->objects == s->nr_objects &&
	       record->edges == s->nr_edges;
}

/* Whether the stream is a snapshot, in which each object appears once. */
static bool parse(struct snapshot *s)
{
	const struct kgc_snapshot_header *header = (const void *)s->bytes;
	size_t at = sizeof(*header);

	if (s->size < sizeof(*header) || memcmp(header->magic, KGC_SNAPSHOT_MAGIC, 8) ||
	    header->version != KGC_SNAPSHOT_VERSION || header->size != sizeof(*header) ||
	    header->pointer_size != sizeof(void *))
		return false;
	s->cycle = header->cycle;
	for (;;) {
		const struct kgc_snapshot_record *head = (const void *)(s->bytes + at);

		if (s->size - at < sizeof(*head) || head->size < sizeof(*head) ||
		    head->size % 8 || head->size > KGC_SNAPSHOT_MAX_RECORD ||
		    head->size > s->size - at)
			return false;
		at += head->size;
		if (head->kind == KGC_SNAPSHOT_END) {
			if (at != s->size || !is_end(s, (const void *)head))
				return false;
			break;
		}
		if (!add_record(s, head))
			return false;
	}
	if (s->nr_objects)
		qsort(s->objects, s->nr_objects, sizeof(*s->objects), by_id);
	for (size_t i = 1; i < s->nr_objects; i++)
		if (s->objects[i].id == s->objects[i - 1].id)
			return false;
	return true;
}

struct snapshot *snapshot_read(int fd)
{
	struct snapshot *s = calloc(1, sizeof(*s));
	size_t room = 1 << 20;
	ssize_t got;

	if (!s)
		abort();
	s->bytes = malloc(room);
	while (s->bytes && (got = read(fd, s->bytes + s->size, room - s->size)) > 0) {
		s->size += got;
		if (s->size == room)
			s->bytes = realloc(s->bytes, room *= 2);
	}
	if (!s->bytes)
		abort();
	if (got < 0 || !parse(s)) {
		int err = got < 0 ? errno : EBADMSG;

		snapshot_free(s);
		errno = err;
		return NULL;
	}
	return s;
}

struct snapshot *snapshot_take(int heap)
{
	struct snapshot *s = NULL;

	for (int tries = 0; tries < 200 && !s; tries++) {
		int fd = kgc_snapshot(heap), err;

		if (fd < 0) {
			errno = -fd;
			return NULL;
		}
		s = snapshot_read(fd);
		err = errno;
		close(fd);
		errno = err;
		if (!s && err != ECANCELED)
			return NULL;
	}
	return s;
}

void snapshot_free(struct snapshot *snapshot)
{
	free(snapshot->bytes);
	free(snapshot->objects);
	free(snapshot->edges);
	free(snapshot->roots);
	free(snapshot);
}

const struct snapshot_object *snapshot_find(const struct snapshot *snapshot, __u64 id)
{
	struct snapshot_object key = { .id = id };

	if (!snapshot->nr_objects)
		return NULL;
	return bsearch(&key, snapshot->objects, snapshot->nr_objects, sizeof(key), by_id);
}

__u64 snapshot_id(const struct snapshot *snapshot, __u64 handle)
{
	for (size_t i = 0; i < snapshot->nr_roots; i++)
		if (snapshot->roots[i]->root == KGC_SNAPSHOT_HANDLE &&
		    snapshot->roots[i]->number == handle)
			return snapshot->roots[i]->object;
	return 0;
}

bool snapshot_has_edge(const struct snapshot *snapshot, const struct snapshot_object *object,
		       __u64 offset, __u64 target)
{
	for (size_t i = 0; i < object->nr_edges; i++) {
		const struct snapshot_edge *edge = &snapshot->edges[object->first_edge + i];

		if (edge->offset == offset)
			return edge->target == target;
	}
	return false;
}
