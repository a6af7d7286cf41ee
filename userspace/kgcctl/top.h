/* SPDX-License-Identifier: GPL-2.0 */
/* What the pages of 'kgcctl top' are made of, and how its user moves between them. */
#ifndef KGCCTL_TOP_H
#define KGCCTL_TOP_H

#include <stdbool.h>
#include <stddef.h>

#include "page.h"
#include "samples.h"

#define NO_LIMIT	(~0ULL)

/**
 * struct limits - the limits of a heap, from debugfs
 * @known: false for a caller who is not root
 * @hard: hard_limit in bytes, or NO_LIMIT
 * @soft: soft_limit, likewise
 */
struct limits {
	bool known;
	uint64_t hard;
	uint64_t soft;
};

struct limits limits_of(__u32 heap);

/**
 * struct view - what the user looks at
 * @samples: the heaps
 * @one: the page of heap @id instead of the list
 * @id: of the selected heap
 * @created_ns: of the selected heap, 0 if none is: another one may get its number
 * @sort: the column by which the list is sorted
 * @reverse: sort the other way round
 * @pane: which table the page of a heap shows
 * @skip: how many of its lines the user has scrolled over
 * @message: what has just happened, for the last line; empty if nothing
 */
struct view {
	struct samples samples;
	bool one;
	__u32 id;
	__u64 created_ns;
	size_t sort;
	bool reverse;
	size_t pane;
	size_t skip;
	char message[80];
};

/* top_list.c: the list of heaps. */
void list_page(struct page *page, struct view *view);

/* Move the selection by @lines of the list. */
void list_move(struct view *view, long lines);

/* Sort by the column of key @key. False if no column has that key. */
bool list_sort(struct view *view, int key);

/* Sort by the column called @name, in any case. Complains and returns false if none is. */
bool list_sort_by(struct view *view, const char *name);

/* top_heap.c: one heap. */
void heap_page(struct page *page, struct view *view, const struct kgc_heap_entry *heap);

/* Turn to the next pane of the page of a heap. */
void heap_next_pane(struct view *view);

#endif /* KGCCTL_TOP_H */
