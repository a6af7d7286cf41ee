/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tiny objects are objects without pointers that share a slot of 16 bytes, a *block*,
 * which holds two or more of them.
 *
 * All objects in a block have one type and lie side by side, each aligned as its type
 * asks. So the slot of an address determines the type, as it does for other objects. A
 * CPU's cache keeps one block open for each of several types, so that types allocated
 * in turn do not close each other's blocks.
 *
 * The collector knows only blocks. One reachable object keeps its whole block alive.
 */
#ifndef _KGC_TINY_H
#define _KGC_TINY_H

#include "span.h"

#define KGC_NR_TINY	8	/* blocks that a cache keeps open */

struct kgc_allocator;

/**
 * struct kgc_tiny_block - the block that a type's next object is put into
 * @layout: the type, or NULL
 * @next: address of that object; NULL or the end of the block if there is no room
 */
struct kgc_tiny_block {
	const struct kgc_layout	*layout;
	char			*next;
};

/**
 * struct kgc_tiny - the tiny blocks of one CPU's cache; they lie in the cached span
 * @open: the open blocks; the search for a type begins at its id modulo KGC_NR_TINY
 * @joined: objects added to a block that already held one
 */
struct kgc_tiny {
	struct kgc_tiny_block	open[KGC_NR_TINY];
	u64			joined;
};

void *kgc_tiny_join(struct kgc_allocator *a, struct kgc_tiny *tiny,
		    unsigned int mode, const struct kgc_layout *layout);
void kgc_tiny_open(struct kgc_tiny *tiny, const struct kgc_layout *layout,
		   char *block);
void kgc_tiny_close(struct kgc_tiny *tiny);
void *kgc_tiny_open_block(const struct kgc_tiny_block *b);
void *kgc_tiny_start(const struct kgc_layout *layout, char *block, const void *addr);

#endif /* _KGC_TINY_H */
