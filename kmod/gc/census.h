/* SPDX-License-Identifier: GPL-2.0 */
/* The census: how many objects of each type are alive, and their bytes. */
#ifndef _KGC_CENSUS_H
#define _KGC_CENSUS_H

#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "../compat.h"
#include "walk.h"

struct kgc_heap;

/**
 * struct kgc_census_row - objects of one type
 * @objects: how many. Tiny objects that share a block count once
 * @bytes: bytes in their slots
 * @roots: roots that refer to one of them
 */
struct kgc_census_row {
	u64	objects;
	u64	bytes;
	u64	roots;
};

/**
 * struct kgc_census_table - one census; constant once it is the last one of its heap
 * @walker: its place in the walk; @walker.cycle is the number of the cycle
 * @refs: references to it
 * @nr: the types 1 to @nr have rows
 * @all: the sum of @row
 * @newborn: objects that were allocated in the cycle after the walk had passed their slots,
 *	and that the sweep kept, whatever their type
 * @row: rows by the id of the type; row 0 is the sum of types registered since the request
 */
struct kgc_census_table {
	struct kgc_walker	walker;
	refcount_t		refs;
	unsigned int		nr;
	struct kgc_census_row	all;
	struct kgc_census_row	newborn;
	struct kgc_census_row	row[];
};

/**
 * struct kgc_census - the censuses of a heap
 * @asking: serializes requests
 * @asked: the last one that was requested; holds a reference
 * @lock: guards @last; leaf, interrupts on
 * @counted: the one whose walk is over and whose cycle is not; only the state machine
 *	reads and writes it
 * @last: the last one that is complete, or NULL; holds a reference
 */
struct kgc_census {
	struct mutex		asking;	/* of requests */
	struct kgc_census_table	*asked __guarded_by(&asking);
	spinlock_t		lock;	/* of the last one */
	struct kgc_census_table	*counted;
	struct kgc_census_table	*last __guarded_by(&lock);
};

void kgc_census_init(struct kgc_heap *heap);
void kgc_census_destroy(struct kgc_heap *heap);
u64 kgc_census_asked(struct kgc_heap *heap);
int kgc_census_ask(struct kgc_heap *heap, u64 *cycle);
struct kgc_census_table *kgc_census_get(struct kgc_heap *heap);
void kgc_census_put(struct kgc_census_table *table);
void kgc_census_complete(struct kgc_heap *heap, u64 live_objects, u64 live_bytes);

#endif /* _KGC_CENSUS_H */
