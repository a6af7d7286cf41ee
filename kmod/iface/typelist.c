// SPDX-License-Identifier: GPL-2.0
/*
 * The types of a heap, with what the last census found alive of each. A program reads the
 * list in pieces. The number of the cycle that took the census tells it whether all pieces
 * are of one census.
 */
#include <linux/errno.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "../alloc/allocated.h"
#include "../compat.h"
#include "../gc/census.h"
#include "../gc/heap.h"
#include "../gc/request.h"
#include "../gc/type.h"
#include "typelist.h"

#define FIRST_VERSION	offsetofend(struct kgc_type_entry, allocated_bytes)

DEFINE_FREE(census_put, struct kgc_census_table *, kgc_census_put(_T))

static u32 flags_of(const struct kgc_type *type)
{
	u32 flags = type->array ? KGC_TYPE_ARRAY : 0;

	if (type->kind == KGC_KIND_CONSERVATIVE)
		flags |= KGC_TYPE_CONSERVATIVE;
	if (type->kind == KGC_KIND_NOSCAN)
		flags |= KGC_TYPE_NOSCAN;
	return flags;
}

static void entry_fill(struct kgc_type_entry *entry, const struct kgc_type *type,
		       const struct kgc_census_row *row)
{
	*entry = (struct kgc_type_entry){
		.type = type->layout.id,
		.object_size = type->size,
		.flags = flags_of(type),
		.live_objects = row->objects,
		.live_bytes = row->bytes,
		.roots = row->roots,
		.allocated_objects = atomic64_read(&type->layout.allocated->objects),
		.allocated_bytes = atomic64_read(&type->layout.allocated->bytes),
	};
	strscpy(entry->name, type->name, sizeof(entry->name));
}

/* The caller's struct kgc_type_entry may be shorter or longer than this one. */
static int entry_copy(void __user *to, size_t size, const struct kgc_type_entry *entry)
{
	size_t known = min(size, sizeof(*entry));

	if (copy_to_user(to, entry, known) || clear_user(to + known, size - known))
		return -EFAULT;
	return 0;
}

/* Have a cycle take a census, and wait for its end. Return: 0 or an errno. */
static int take_census(struct kgc_heap *heap)
{
	u64 cycle;
	int err = kgc_census_ask(heap, &cycle);

	return err ?: kgc_wait(heap, cycle);
}

/* Write the entries of @table from type @list->after + 1 on. Return: 0, -EFAULT, -EINTR. */
static int entries_write(struct kgc_heap *heap, struct kgc_type_list *list,
			 const struct kgc_census_table *table)
{
	void __user *to = u64_to_user_ptr(list->entries);
	struct kgc_type_entry entry;
	unsigned int id;
	int err;

	for (id = list->after; id < table->nr && list->done < list->nr; list->done++) {
		id++;
		entry_fill(&entry, kgc_type_find(&heap->types, id), &table->row[id]);
		err = entry_copy(to + (size_t)list->done * list->entry_size,
				 list->entry_size, &entry);
		if (err)
			return err;
		if (fatal_signal_pending(current))
			return -EINTR;
		cond_resched();
	}
	return 0;
}

/*
 * Carry out KGC_TYPES. Context: process context, may sleep. Return: 0; -EINVAL for an
 * entry size that is too small, -E2BIG for one that is too large; -ENODATA if there was no
 * census; -ESTALE if the last one is not that of @list->cycle; -ENOMEM; -EIO if the heap has
 * been set aside; -EINTR; -EFAULT.
 */
int kgc_typelist_read(struct kgc_heap *heap, struct kgc_type_list *list)
{
	struct kgc_census_table *table __free(census_put) = NULL;
	int err;

	if (list->entry_size < FIRST_VERSION)
		return -EINVAL;
	if (list->entry_size > PAGE_SIZE)
		return -E2BIG;
	if (list->flags & KGC_TYPES_CENSUS) {
		err = take_census(heap);
		if (err)
			return err;
	}
	table = kgc_census_get(heap);
	if (!table)
		return -ENODATA;
	if (list->cycle && list->cycle != table->walker.cycle)
		return -ESTALE;
	list->cycle = table->walker.cycle;
	list->newborn_objects = table->newborn.objects;
	list->newborn_bytes = table->newborn.bytes;
	list->later_objects = table->row[0].objects;
	list->later_bytes = table->row[0].bytes;
	return entries_write(heap, list, table);
}
