/* SPDX-License-Identifier: GPL-2.0 */
/* A walk over all heap pages of an allocator, and the spans that begin there. */
#ifndef _KGC_PAGEWALK_H
#define _KGC_PAGEWALK_H

#include <linux/types.h>

struct kgc_allocator;
struct kgc_arena;
struct kgc_span;

/**
 * struct kgc_pagewalk - where a walk has come to
 * @nid: node
 * @below: key of the arena in the node's tree; the next one is below it
 * @arena: that arena; never followed. Pages given back of an arena may be another
 *	arena's now, and this tells which one a span belongs to
 * @at: address of the next heap page
 * @end: behind the arena's last
 */
struct kgc_pagewalk {
	int			nid;
	unsigned long		below;
	const struct kgc_arena	*arena;
	unsigned long		at;
	unsigned long		end;
};

void kgc_pagewalk_begin(struct kgc_pagewalk *walk);
bool kgc_pagewalk_next(struct kgc_allocator *a, struct kgc_pagewalk *walk,
		       struct kgc_span **span);

#endif /* _KGC_PAGEWALK_H */
