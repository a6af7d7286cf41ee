// SPDX-License-Identifier: GPL-2.0
/* Write streams of <linux/kgc_snapshot.h>. */
#include <endian.h>
#include <string.h>

#include "stream.h"

static void put(struct stream *stream, const void *record, uint32_t bytes)
{
	fwrite(record, 1, bytes, stream->to);
}

static struct kgc_snapshot_record head(uint32_t kind, uint32_t bytes)
{
	return (struct kgc_snapshot_record){ .kind = htole32(kind), .size = htole32(bytes) };
}

void stream_begin(struct stream *stream, FILE *to)
{
	struct kgc_snapshot_header header = {
		.magic = KGC_SNAPSHOT_MAGIC,
		.version = htole32(KGC_SNAPSHOT_VERSION),
		.size = htole32(sizeof(header)),
		.pointer_size = htole32(8),
		.heap = htole32(7),
		.cycle = htole64(3),
		.name = "1/test",
	};

	*stream = (struct stream){ .to = to };
	put(stream, &header, sizeof(header));
}

void stream_type(struct stream *stream, uint32_t type, uint64_t bytes, const char *name)
{
	struct kgc_snapshot_type record = {
		.head = head(KGC_SNAPSHOT_TYPE, sizeof(record)),
		.type = htole32(type),
		.bytes = htole64(bytes),
	};

	strncpy(record.name, name, sizeof(record.name) - 1);
	put(stream, &record, sizeof(record));
	stream->types++;
}

static void put_root(struct stream *stream, struct kgc_snapshot_root *record,
		     uint64_t object, uint64_t number)
{
	record->head = head(KGC_SNAPSHOT_ROOT, sizeof(*record));
	record->object = htole64(object);
	record->number = htole64(number);
	put(stream, record, sizeof(*record));
	stream->roots++;
}

void stream_handle(struct stream *stream, uint64_t object, uint64_t handle)
{
	struct kgc_snapshot_root record = { .root = htole32(KGC_SNAPSHOT_HANDLE) };

	put_root(stream, &record, object, handle);
}

void stream_slot(struct stream *stream, uint64_t object, uint64_t number, const char *name)
{
	struct kgc_snapshot_root record = { .root = htole32(KGC_SNAPSHOT_SLOT) };

	strncpy(record.name, name, sizeof(record.name) - 1);
	put_root(stream, &record, object, number);
}

static void flush(struct stream *stream)
{
	if (!stream->used)
		return;
	stream->record.head.size = htole32(stream->used);
	put(stream, &stream->record, stream->used);
	stream->used = 0;
}

void stream_object(struct stream *stream, uint64_t object, uint32_t type, uint64_t bytes)
{
	flush(stream);
	stream->record.object = (struct kgc_snapshot_object){
		.head = head(KGC_SNAPSHOT_OBJECT, 0),
		.object = htole64(object),
		.type = htole32(type),
		.bytes = htole64(bytes),
	};
	stream->used = sizeof(stream->record.object);
	stream->object = object;
	stream->objects++;
}

void stream_edge(struct stream *stream, uint64_t offset, uint64_t target)
{
	struct kgc_snapshot_edge edge = { .target = htole64(target),
					  .offset = htole64(offset) };

	if (stream->used + sizeof(edge) > sizeof(stream->record)) {
		flush(stream);
		stream->record.cont = (struct kgc_snapshot_cont){
			.head = head(KGC_SNAPSHOT_CONT, 0),
			.object = htole64(stream->object),
		};
		stream->used = sizeof(stream->record.cont);
	}
	memcpy(stream->record.bytes + stream->used, &edge, sizeof(edge));
	stream->used += sizeof(edge);
	stream->edges++;
}

void stream_end(struct stream *stream)
{
	struct kgc_snapshot_end record = {
		.head = head(KGC_SNAPSHOT_END, sizeof(record)),
		.types = htole64(stream->types),
		.roots = htole64(stream->roots),
		.objects = htole64(stream->objects),
		.edges = htole64(stream->edges),
	};

	flush(stream);
	put(stream, &record, sizeof(record));
}
