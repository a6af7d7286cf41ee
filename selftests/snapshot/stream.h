/* SPDX-License-Identifier: GPL-2.0 */
/* Write streams of <linux/kgc_snapshot.h>, for tests of programs that read them. */
#ifndef SNAPSHOT_STREAM_H
#define SNAPSHOT_STREAM_H

#include <stdint.h>
#include <stdio.h>

#include <linux/kgc_snapshot.h>

/**
 * struct stream - a stream that is being written
 * @to: where to
 * @objects: objects begun
 * @edges: edges added
 * @types: types
 * @roots: roots
 * @object: the object that gets edges
 * @used: bytes of @record; 0 if there is none
 * @record: its record
 */
struct stream {
	FILE *to;
	uint64_t objects;
	uint64_t edges;
	uint64_t types;
	uint64_t roots;
	uint64_t object;
	uint32_t used;
	union {
		struct kgc_snapshot_record head;
		struct kgc_snapshot_object object;
		struct kgc_snapshot_cont cont;
		char bytes[KGC_SNAPSHOT_MAX_RECORD];
	} record;
};

void stream_begin(struct stream *stream, FILE *to);
void stream_type(struct stream *stream, uint32_t type, uint64_t bytes, const char *name);
void stream_handle(struct stream *stream, uint64_t object, uint64_t handle);
void stream_slot(struct stream *stream, uint64_t object, uint64_t number, const char *name);

/* Begin an object. Its edges follow. */
void stream_object(struct stream *stream, uint64_t object, uint32_t type, uint64_t bytes);
void stream_edge(struct stream *stream, uint64_t offset, uint64_t target);

void stream_end(struct stream *stream);

#endif /* SNAPSHOT_STREAM_H */
