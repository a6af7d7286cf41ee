/* SPDX-License-Identifier: GPL-2.0 */
/* The census of a heap: what is alive of each type, and what was ever allocated. */
#ifndef KGCCTL_CENSUS_H
#define KGCCTL_CENSUS_H

#include <stdbool.h>
#include <stddef.h>

#include "kgcctl.h"

/* Numbers of a type, in the order of the columns of heap<ID>/types. */
enum census_number {
	CENSUS_TYPE,
	CENSUS_SIZE,
	CENSUS_LIVE_OBJECTS,
	CENSUS_LIVE_BYTES,
	CENSUS_ROOTS,
	CENSUS_ALLOCATED_OBJECTS,
	CENSUS_ALLOCATED_BYTES,
	CENSUS_NUMBERS,
};

/**
 * struct census_row - a type of a heap
 * @heap: number of the heap
 * @number: what the census says of it
 * @name: its name
 */
struct census_row {
	unsigned int heap;
	unsigned long long number[CENSUS_NUMBERS];
	char name[PAIR_WORD];
};

/**
 * struct census - types of heaps. Those of which nothing was ever allocated are left out
 * @row: a row per type
 * @nr: length of @row
 */
struct census {
	struct census_row *row;
	size_t nr;
};

/*
 * Add the types of @heap to @census. A cycle counts them first, unless @last: then they are
 * those of the last census. Returns an exit status, and complains unless that is STATUS_OK;
 * @may_be_closed is as for debugfs_read().
 */
int census_read(struct census *census, unsigned int heap, bool last, bool may_be_closed);

/* Sort by the bytes that are alive, most first. */
void census_sort(struct census *census);

#endif /* KGCCTL_CENSUS_H */
