/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * A snapshot of a heap: which objects there are, and which refers to which. It has no
 * contents of objects and no addresses. KGC_SNAPSHOT returns a descriptor from which it is
 * read; the file heap<ID>/snapshot in debugfs is such a stream, too.
 *
 * All numbers are little-endian. The stream begins with a struct kgc_snapshot_header.
 * Records follow, each with a struct kgc_snapshot_record at its begin. Their sizes are
 * multiples of 8 and at most KGC_SNAPSHOT_MAX_RECORD. The last one is the record
 * KGC_SNAPSHOT_END; a stream without it is truncated. Apart from that, the order is:
 *
 *	roots, then objects, and before the first object of a type that type
 *
 * A reader skips records of kinds that it does not know, and bytes at the end of a record
 * that it does not know. Whatever else changes raises KGC_SNAPSHOT_VERSION.
 *
 * Mutators run while the collector writes the stream, so there is no instant at which the
 * heap looked like this. Instead:
 *
 *   - An object that was reachable during the whole cycle appears once.
 *   - Each edge and each root was in memory at some instant of the cycle.
 *   - An object that became garbage during the cycle may appear, and so may one that was
 *     allocated meanwhile. An edge may lead to an object that does not appear.
 *
 * A tiny object (up to 8 bytes, without pointers) shares a block with others of its type.
 * The block appears as one object.
 */
#ifndef _UAPI_LINUX_KGC_SNAPSHOT_H
#define _UAPI_LINUX_KGC_SNAPSHOT_H

#include <linux/types.h>

#define KGC_SNAPSHOT_MAGIC	"KGCsnap"	/* with its NUL */
#define KGC_SNAPSHOT_VERSION	1
#define KGC_SNAPSHOT_MAX_RECORD	4096
#define KGC_SNAPSHOT_NAME	64

/**
 * struct kgc_snapshot_header - how a stream begins
 * @magic: KGC_SNAPSHOT_MAGIC
 * @version: KGC_SNAPSHOT_VERSION
 * @size: bytes of the header; the first record comes after them
 * @pointer_size: bytes of a pointer in the heap
 * @heap: number of the heap
 * @cycle: number of the cycle that wrote the stream
 * @name: name of the heap, padded with NULs
 */
struct kgc_snapshot_header {
	char	magic[8];
	__le32	version;
	__le32	size;
	__le32	pointer_size;
	__le32	heap;
	__le64	cycle;
	char	name[KGC_SNAPSHOT_NAME];
};

enum kgc_snapshot_kind {
	KGC_SNAPSHOT_TYPE = 1,
	KGC_SNAPSHOT_ROOT = 2,
	KGC_SNAPSHOT_OBJECT = 3,
	KGC_SNAPSHOT_CONT = 4,
	KGC_SNAPSHOT_END = 5,
};

/**
 * struct kgc_snapshot_record - how a record begins
 * @kind: enum kgc_snapshot_kind
 * @size: bytes of the record, this structure included
 */
struct kgc_snapshot_record {
	__le32	kind;
	__le32	size;
};

/* struct kgc_snapshot_type.flags */
#define KGC_SNAPSHOT_NOSCAN		(1U << 0)	/* without pointers */
#define KGC_SNAPSHOT_CONSERVATIVE	(1U << 1)	/* each word may be a pointer */
#define KGC_SNAPSHOT_ARRAY		(1U << 2)	/* an element, repeated */

/**
 * struct kgc_snapshot_type - KGC_SNAPSHOT_TYPE: a type of the heap
 * @head: the begin of the record
 * @type: its number
 * @flags: KGC_SNAPSHOT_NOSCAN and so on
 * @bytes: declared size of an object, or of an element
 * @name: name, padded with NULs; empty if the type has none
 */
struct kgc_snapshot_type {
	struct kgc_snapshot_record head;
	__le32	type;
	__le32	flags;
	__le64	bytes;
	char	name[KGC_SNAPSHOT_NAME];
};

/* What a root is. */
enum kgc_snapshot_root_kind {
	KGC_SNAPSHOT_HANDLE = 1,	/* @number is the handle */
	KGC_SNAPSHOT_SLOT = 2,		/* of a module */
};

/**
 * struct kgc_snapshot_root - KGC_SNAPSHOT_ROOT: a root that was not NULL
 * @head: the begin of the record
 * @object: the object that it refers to
 * @number: the handle; of a slot, its index in the variable that has it, or if that is not
 *	known, the number of the record
 * @root: enum kgc_snapshot_root_kind
 * @__reserved: 0
 * @name: of a slot, name of the variable that has it, padded with NULs; empty if not known
 */
struct kgc_snapshot_root {
	struct kgc_snapshot_record head;
	__le64	object;
	__le64	number;
	__le32	root;
	__le32	__reserved;
	char	name[KGC_SNAPSHOT_NAME];
};

/**
 * struct kgc_snapshot_edge - a pointer in an object that is not NULL
 * @target: the object that it refers to
 * @offset: bytes from the start of the object to the pointer
 */
struct kgc_snapshot_edge {
	__le64	target;
	__le64	offset;
};

/*
 * struct kgc_snapshot_object.flags: no marker has scanned the object, so it was allocated
 * after the cycle began. Objects without pointers never have the flag. Markers that scan one
 * span at the same time may lose the note that they have, so in rare cases another object has
 * it.
 */
#define KGC_SNAPSHOT_NEWBORN	(1U << 0)

/**
 * struct kgc_snapshot_object - KGC_SNAPSHOT_OBJECT: an object
 * @head: the begin of the record
 * @object: its id, which it keeps as long as it lives
 * @type: number of its type
 * @flags: KGC_SNAPSHOT_NEWBORN
 * @bytes: size of its slot, which is what it takes up in the heap
 * @edges: its edges, by ascending offset; @head.size tells their number. If they do not fit
 *	into one record, records KGC_SNAPSHOT_CONT with further edges follow
 */
struct kgc_snapshot_object {
	struct kgc_snapshot_record head;
	__le64	object;
	__le32	type;
	__le32	flags;
	__le64	bytes;
	struct kgc_snapshot_edge edges[];
};

/**
 * struct kgc_snapshot_cont - KGC_SNAPSHOT_CONT: further edges of the object before
 * @head: the begin of the record
 * @object: id of that object
 * @edges: edges
 */
struct kgc_snapshot_cont {
	struct kgc_snapshot_record head;
	__le64	object;
	struct kgc_snapshot_edge edges[];
};

/**
 * struct kgc_snapshot_end - KGC_SNAPSHOT_END: the stream is complete
 * @head: the begin of the record
 * @types: records KGC_SNAPSHOT_TYPE before this one
 * @roots: records KGC_SNAPSHOT_ROOT
 * @objects: records KGC_SNAPSHOT_OBJECT
 * @edges: edges
 */
struct kgc_snapshot_end {
	struct kgc_snapshot_record head;
	__le64	types;
	__le64	roots;
	__le64	objects;
	__le64	edges;
};

#endif /* _UAPI_LINUX_KGC_SNAPSHOT_H */
