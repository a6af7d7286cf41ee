/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Types: size, where the pointers are, and what they may point to.
 */
#ifndef _KGC_TYPE_H
#define _KGC_TYPE_H

#include <linux/kgc.h>

#include "../alloc/span.h"
#include "../compat.h"

#define KGC_MAX_TYPES		65535
#define KGC_TYPE_CHUNK		512
#define KGC_TYPE_CHUNKS		((KGC_MAX_TYPES + KGC_TYPE_CHUNK) / KGC_TYPE_CHUNK)
#define KGC_TYPE_NAME		32
#define KGC_FEW_FIELDS		64	/* so few that an object is scanned in one go */

enum kgc_kind {
	KGC_KIND_NOSCAN,	/* no pointers */
	KGC_KIND_PRECISE,	/* pointers at up to KGC_FEW_FIELDS listed offsets */
	KGC_KIND_ARRAY,		/* listed offsets in each element, or over KGC_FEW_FIELDS */
	KGC_KIND_CONSERVATIVE,	/* any aligned word may be a pointer */
	KGC_KIND_NONE,		/* no type has this kind: kgc_marker.quick */
};

/**
 * struct kgc_type_field - a pointer field
 * @offset: bytes from the start of the object or element
 * @target: id of the only type that it may point to, 0 for any; checked by /dev/kgc
 */
struct kgc_type_field {
	u32	offset;
	u32	target;
};

/**
 * struct kgc_type - a type of one heap; lives as long as the heap
 * @layout: what the allocator has to know; the first member
 * @heap: the heap
 * @array_heap: @heap if @array, otherwise NULL, so that one test checks both
 * @size: declared size of an object or element, in bytes
 * @align: alignment in bytes
 * @kind: how the collector scans an object
 * @array: objects are sequences of elements, with or without pointers
 * @finalize: called for each dead object, or NULL
 * @owner: module pinned by the type, or NULL
 * @name: shown to users
 * @nr_fields: number of @fields
 * @fields: pointer fields by ascending offset
 */
struct kgc_type {
	struct kgc_layout	layout;
	struct kgc_heap		*heap;
	struct kgc_heap		*array_heap;
	u32			size;
	u32			align;
	enum kgc_kind		kind;
	bool			array;
	kgc_finalizer_t		finalize;
	struct module		*owner;
	char			name[KGC_TYPE_NAME];
	u32			nr_fields;
	struct kgc_type_field	fields[];
};

/**
 * struct kgc_types - the types of a heap, by id
 * @lock: serializes registration: guards writes of the other members
 * @nr: the ids 1 to @nr are in use; read without @lock
 * @chunk: types by id / KGC_TYPE_CHUNK and id % KGC_TYPE_CHUNK. The entries of ids up to
 *	@nr never change, and are read without @lock
 */
struct kgc_types {
	struct mutex	lock;	/* of registration */
	unsigned int	nr __guarded_by(&lock);
	struct kgc_type	**chunk[KGC_TYPE_CHUNKS] __guarded_by(&lock);
};

static inline struct kgc_type *kgc_type_of_id(struct kgc_types *types,
					      unsigned int id)
{
	return types->chunk[id / KGC_TYPE_CHUNK][id % KGC_TYPE_CHUNK];
}

/* The type of the object in slot @i, which is in use. */
static inline struct kgc_type *kgc_type_of_slot(struct kgc_types *types,
						struct kgc_span *span,
						unsigned int i)
{
	/* if @layout is NULL, @types is set: pairs with kgc_span_make_mixed() */
	const struct kgc_layout *layout = smp_load_acquire(&span->layout);

	if (layout)
		return container_of(layout, struct kgc_type, layout);
	return kgc_type_of_id(types, READ_ONCE(span->types[i]));
}

void kgc_types_init(struct kgc_types *types);
void kgc_types_destroy(struct kgc_types *types, struct kgc_allocator *a);
struct kgc_type *kgc_type_find(struct kgc_types *types, unsigned int id);
struct kgc_type *kgc_type_add(struct kgc_heap *heap,
			      const struct kgc_type_desc *desc,
			      const u32 *targets);
const struct kgc_type_field *kgc_type_field(const struct kgc_type *type,
					    u64 offset);
bool kgc_type_overlaps(const struct kgc_type *type, u64 offset, u64 length);
size_t kgc_type_capacity(const struct kgc_type *type,
			 const struct kgc_span *span);

#endif /* _KGC_TYPE_H */
