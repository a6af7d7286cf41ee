// SPDX-License-Identifier: GPL-2.0
/*
 * Registering types, and questions about their layout.
 */
#include <linux/bsearch.h>
#include <linux/log2.h>
#include <linux/nospec.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../alloc/alloc.h"
#include "../alloc/allocated.h"
#include "../alloc/charge.h"
#include "../compat.h"
#include "heap.h"
#include "type.h"

#define DESC_FLAGS (KGC_DESC_NOSCAN | KGC_DESC_CONSERVATIVE | KGC_DESC_ARRAY)
#define MAX_ALIGN	4096
#define CHUNK_BYTES	(KGC_TYPE_CHUNK * sizeof(struct kgc_type *))

void kgc_types_init(struct kgc_types *types)
{
	mutex_init(&types->lock);
}

/* @type may be NULL, or without its counters. */
static void type_free(struct kgc_type *type)
{
	if (!type)
		return;
	module_put(type->owner);
	kgc_charge_free(&type->heap->alloc, KGC_META_DESCRIPTIONS, type->layout.allocated,
			sizeof(*type->layout.allocated));
	kgc_charge_free(&type->heap->alloc, KGC_META_DESCRIPTIONS, type,
			struct_size(type, fields, type->nr_fields));
}

DEFINE_FREE(type_free, struct kgc_type *, type_free(_T))

/* Context: the heap is dying; may sleep. */
void kgc_types_destroy(struct kgc_types *types, struct kgc_allocator *a)
{
	unsigned int id;

	for (id = 1; id <= types->nr; id++) {
		type_free(kgc_type_of_id(types, id));
		cond_resched();
	}
	for (id = 0; id < KGC_TYPE_CHUNKS; id++)
		kgc_charge_free(a, KGC_META_DESCRIPTIONS, types->chunk[id], CHUNK_BYTES);
}

/* The type with this id, or NULL. */
struct kgc_type *kgc_type_find(struct kgc_types *types, unsigned int id)
{
	/* pairs with the release in type_publish() */
	unsigned int nr = smp_load_acquire(&types->nr);

	if (!id || id > nr)
		return NULL;
	/* userspace chooses the id: do not speculate beyond the table */
	return kgc_type_of_id(types, array_index_nospec(id, nr + 1));
}

static int desc_check(const struct kgc_type_desc *desc)
{
	bool plain = desc->flags & (KGC_DESC_NOSCAN | KGC_DESC_CONSERVATIVE);
	unsigned int i;

	if (desc->flags & ~DESC_FLAGS)
		return -EOPNOTSUPP;
	if (!desc->size || desc->size > KGC_MAX_OBJECT)
		return -EINVAL;
	if (desc->align && (!is_power_of_2(desc->align) ||
			    desc->align > MAX_ALIGN))
		return -EINVAL;
	if (hweight32(desc->flags & (KGC_DESC_NOSCAN |
				     KGC_DESC_CONSERVATIVE)) > 1)
		return -EINVAL;
	if (plain && desc->nr_fields)
		return -EINVAL;
	if (desc->nr_fields > desc->size / sizeof(void *) ||
	    desc->nr_fields > KGC_MAX_FIELDS)
		return -EINVAL;
	if (desc->flags & KGC_DESC_ARRAY && !(desc->flags & KGC_DESC_NOSCAN) &&
	    desc->size % sizeof(void *))
		return -EINVAL;
	for (i = 0; i < desc->nr_fields; i++) {
		u32 off = desc->fields[i];

		if (off % sizeof(void *) || off > desc->size - sizeof(void *))
			return -EINVAL;
		if (i && off <= desc->fields[i - 1])
			return -EINVAL;
	}
	return 0;
}

static void type_layout(struct kgc_type *type)
{
	struct kgc_layout *layout = &type->layout;
	bool noscan = type->kind == KGC_KIND_NOSCAN;
	unsigned int class;

	layout->bytes = type->size;
	if (type->array) {
		layout->spc = noscan;
		return;
	}
	if (noscan && !type->finalize &&
	    round_up(type->size, type->align) <= KGC_TINY_MAX) {
		layout->flags = KGC_LAYOUT_TINY;
		layout->spc = KGC_TINY_SPC;
		layout->bytes = round_up(type->size, type->align);
		layout->slot = KGC_TINY_BLOCK;
		return;
	}
	class = kgc_size_to_class_aligned(type->size, type->align);
	layout->spc = class << 1 | noscan;
	layout->slot = kgc_classes[class].size;
	if (class && !type->finalize)
		layout->fast_spc = layout->spc;
}

/* The largest alignment that a C type of @size can have: its size is a multiple of it. */
static u32 natural_align(u32 size)
{
	return size < 8 ? size & -size : 8;
}

/* Memory for a type of @nr_fields; NULL without memory or at a limit. */
static struct kgc_type *type_alloc(struct kgc_heap *heap, u32 nr_fields)
{
	struct kgc_type *type __free(type_free) = NULL;
	struct kgc_allocated *allocated;

	type = kgc_charge_alloc(&heap->alloc, KGC_META_DESCRIPTIONS,
				struct_size(type, fields, nr_fields), NUMA_NO_NODE,
				GFP_KERNEL);
	if (!type)
		return NULL;
	type->heap = heap;
	type->nr_fields = nr_fields;
	allocated = kgc_charge_alloc(&heap->alloc, KGC_META_DESCRIPTIONS,
				     sizeof(*allocated), NUMA_NO_NODE, GFP_KERNEL);
	if (!allocated)
		return NULL;
	type->layout.allocated = allocated;
	return_ptr(type);
}

static struct kgc_type *type_create(struct kgc_heap *heap,
				    const struct kgc_type_desc *desc,
				    const u32 *targets)
{
	struct kgc_type *type = type_alloc(heap, desc->nr_fields);
	unsigned int i;

	if (!type)
		return NULL;
	type->size = desc->size;
	type->align = desc->align ?: natural_align(desc->size);
	type->array = desc->flags & KGC_DESC_ARRAY;
	type->array_heap = type->array ? heap : NULL;
	type->finalize = desc->finalize;
	if (desc->flags & KGC_DESC_CONSERVATIVE)
		type->kind = KGC_KIND_CONSERVATIVE;
	else if (!desc->nr_fields)
		type->kind = KGC_KIND_NOSCAN;
	else
		type->kind = type->array || desc->nr_fields > KGC_FEW_FIELDS ?
			KGC_KIND_ARRAY : KGC_KIND_PRECISE;
	for (i = 0; i < desc->nr_fields; i++) {
		type->fields[i].offset = desc->fields[i];
		type->fields[i].target = targets ? targets[i] : 0;
	}
	strscpy(type->name, desc->name ?: "", sizeof(type->name));
	type_layout(type);
	return type;
}

static int type_publish(struct kgc_types *types, struct kgc_type *type,
			struct kgc_allocator *a)
{
	unsigned int id = types->nr + 1;
	struct kgc_type ***chunk = &types->chunk[id / KGC_TYPE_CHUNK];
	unsigned int i;

	if (id > KGC_MAX_TYPES)
		return -ENOSPC;
	if (!*chunk) {
		*chunk = kgc_charge_alloc(a, KGC_META_DESCRIPTIONS, CHUNK_BYTES,
					  NUMA_NO_NODE, GFP_KERNEL);
		if (!*chunk)
			return -ENOMEM;
	}
	for (i = 0; i < type->nr_fields; i++) {
		if (type->fields[i].target == U32_MAX)
			type->fields[i].target = id;
		if (type->fields[i].target > id)
			return -EINVAL;
	}
	type->layout.id = id;
	(*chunk)[id % KGC_TYPE_CHUNK] = type;
	/* pairs with kgc_type_find() */
	smp_store_release(&types->nr, id);
	return 0;
}

/**
 * kgc_type_add() - register a type
 * @heap: the heap
 * @desc: the description; copied
 * @targets: NULL, or for each field the id of the only type that it may point to;
 *	0 for any, U32_MAX for the type itself
 *
 * Context: may sleep.
 * Return: the type, or ERR_PTR: -EINVAL for a bad description or an unknown
 * target; -EOPNOTSUPP for an unknown flag; -ENOSPC if the table is full; -ENOMEM
 * without memory or at a limit; -ENODEV if the owner is being unloaded.
 */
struct kgc_type *kgc_type_add(struct kgc_heap *heap,
			      const struct kgc_type_desc *desc,
			      const u32 *targets)
{
	int err = desc_check(desc);

	if (err)
		return ERR_PTR(err);

	struct kgc_type *type __free(type_free) = type_create(heap, desc, targets);

	if (!type)
		return ERR_PTR(-ENOMEM);
	/* the heap's own module destroys the heap before it is unloaded */
	if (desc->owner != heap->owner) {
		if (!try_module_get(desc->owner))
			return ERR_PTR(-ENODEV);
		type->owner = desc->owner;
	}
	scoped_guard(mutex, &heap->types.lock)
		err = type_publish(&heap->types, type, &heap->alloc);
	if (err)
		return ERR_PTR(err);
	return_ptr(type);
}

/**
 * kgc_type_register() - describe a structure to a heap
 * @heap: the heap
 * @desc: the description; copied
 *
 * The type lives as long as the heap. If @desc->owner is not the module that
 * created the heap, the type pins that owner for as long.
 *
 * Context: process context, may sleep.
 * Return: the type, or ERR_PTR: -EINVAL for a size of 0 or over the largest object, a bad
 * alignment, fields that are unaligned, unsorted, outside the object, more than 8192, or
 * contradict the flags, flags that contradict each other, or an array without
 * KGC_DESC_NOSCAN whose element size is no multiple of a pointer's; -EOPNOTSUPP for an
 * unknown flag; -ENOSPC if the heap has 65535 types; -ENOMEM without memory or at a
 * limit; -ENODEV if @desc->owner is being unloaded.
 */
struct kgc_type *kgc_type_register(struct kgc_heap *heap,
				   const struct kgc_type_desc *desc)
{
	return kgc_type_add(heap, desc, NULL);
}
EXPORT_SYMBOL_GPL(kgc_type_register);

static int field_cmp(const void *key, const void *elem)
{
	u32 offset = *(const u32 *)key;
	const struct kgc_type_field *field = elem;

	return offset < field->offset ? -1 : offset > field->offset;
}

/* Return: the pointer field at @offset, of any element if the type is an array; or NULL. */
const struct kgc_type_field *kgc_type_field(const struct kgc_type *type,
					    u64 offset)
{
	u32 key = type->array ? offset % type->size : offset;

	if (!type->array && offset >= type->size)
		return NULL;
	return bsearch(&key, type->fields, type->nr_fields,
		       sizeof(type->fields[0]), field_cmp);
}

/* Whether [@offset, @offset + @length) touches a pointer field. */
bool kgc_type_overlaps(const struct kgc_type *type, u64 offset, u64 length)
{
	unsigned int i;

	if (type->array && type->nr_fields) {
		if (length >= type->size)
			return true;
		offset %= type->size;
	}
	for (i = 0; i < type->nr_fields; i++) {
		u64 at = type->fields[i].offset;

		if (offset < at + sizeof(void *) && at < offset + length)
			return true;
		/* in an array the range may extend into the next element */
		at += type->size;
		if (type->array && offset < at + sizeof(void *) &&
		    at < offset + length)
			return true;
	}
	return false;
}

/* Usable bytes of an object: the declared size, or for arrays all whole elements. */
size_t kgc_type_capacity(const struct kgc_type *type,
			 const struct kgc_span *span)
{
	return type->array ? rounddown(span->size, type->size) : type->size;
}
