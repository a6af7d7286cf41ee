/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tiny objects share slots of 16 bytes, *blocks*: objects without pointers of which a
 * block holds two or more.
 *
 * A block holds objects of one type, side by side, each aligned as its type asks. So
 * the slot of an address says its type, as it does for other objects. A CPU's cache
 * keeps the last block of several types open: types that are allocated in turn do not
 * close each other's blocks.
 *
 * The collector knows blocks only. A block is alive while one of its objects is.
 */
#ifndef _KGC_TINY_H
#define _KGC_TINY_H

#include "span.h"

#define KGC_NR_TINY	8	/* blocks that a cache keeps open */

struct kgc_allocator;

/**
 * struct kgc_tiny_block - the block that a type's next object is put into
 * @shape: the type, or NULL
 * @next: where that object begins. At the end of its block, or NULL: there is no room
 */
struct kgc_tiny_block {
	const struct kgc_shape	*shape;
	char			*next;
};

/**
 * struct kgc_tiny - the tiny blocks of one CPU's cache; they lie in the cached span
 * @open: by type, beginning the search at its id modulo KGC_NR_TINY
 * @joined: objects put into a block that others were in
 */
struct kgc_tiny {
	struct kgc_tiny_block	open[KGC_NR_TINY];
	u64			joined;
};

void *kgc_tiny_join(struct kgc_allocator *a, struct kgc_tiny *tiny,
		    unsigned int mode, const struct kgc_shape *shape);
void kgc_tiny_open(struct kgc_tiny *tiny, const struct kgc_shape *shape,
		   char *block);
void kgc_tiny_close(struct kgc_tiny *tiny);
void *kgc_tiny_open_block(const struct kgc_tiny_block *b);
void *kgc_tiny_start(const struct kgc_shape *shape, char *block, const void *addr);

#endif /* _KGC_TINY_H */
