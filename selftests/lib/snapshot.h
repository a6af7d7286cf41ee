/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Read a snapshot and look things up in it. This reader shares no code with kgcctl's, and
 * believes nothing: a stream that contradicts <linux/kgc_snapshot.h> is no snapshot.
 */
#ifndef SELFTESTS_SNAPSHOT_H
#define SELFTESTS_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/kgc_snapshot.h>

struct snapshot_edge {
	__u64 offset, target;
};

struct snapshot_object {
	__u64 id, bytes;
	__u32 type, flags;
	size_t first_edge, nr_edges;
};

/**
 * struct snapshot - a snapshot
 * @bytes: the stream
 * @size: its length
 * @cycle: number of the cycle
 * @type_bytes: per number of a type its declared size; 0 if it does not appear
 * @type_name: per number of a type its name
 * @objects: objects by ascending id
 * @nr_objects: length of @objects
 * @edges: edges
 * @nr_edges: length of @edges
 * @roots: roots, in the stream
 * @nr_roots: length of @roots
 */
struct snapshot {
	char *bytes;
	size_t size;
	__u64 cycle;
	__u64 type_bytes[65536];
	const char *type_name[65536];
	struct snapshot_object *objects;
	size_t nr_objects;
	struct snapshot_edge *edges;
	size_t nr_edges;
	const struct kgc_snapshot_root **roots;
	size_t nr_roots;
};

/*
 * Ask for a snapshot and read it whole, again if the collector could not wait for this
 * process. Return: the snapshot, or NULL; errno is EBADMSG for a wrong stream.
 */
struct snapshot *snapshot_take(int heap);

/* Read a snapshot to its end. @fd stays open. Return and errno as above. */
struct snapshot *snapshot_read(int fd);

void snapshot_free(struct snapshot *snapshot);

/* The object with @id, or NULL. */
const struct snapshot_object *snapshot_find(const struct snapshot *snapshot, __u64 id);

/* The id of the object that @handle refers to, or 0. */
__u64 snapshot_id(const struct snapshot *snapshot, __u64 handle);

/* Whether @object has an edge from @offset to @target. */
bool snapshot_has_edge(const struct snapshot *snapshot, const struct snapshot_object *object,
		       __u64 offset, __u64 target);

#endif /* SELFTESTS_SNAPSHOT_H */
