/* SPDX-License-Identifier: GPL-2.0 */
/* A walk over all heap pages of an allocator, and the spans that begin there. */
#ifndef _KGC_PAGEWALK_H
#define _KGC_PAGEWALK_H

#include <linux/types.h>

struct kgc_allocator;
struct kgc_arena;
struct kgc_span;

/**
 * struct kgc_pagewalk - position of a walk
 * @nid: node
 * @below: key of the current arena in the node's tree; the next arena has a lower key
 * @arena: the current arena; never dereferenced. Pages that it gave back may belong to
 *	another arena now, so kgc_span.arena is compared with it
 * @at: address of the next heap page
 * @end: address at which the arena ends
 */
struct kgc_pagewalk {
	int			nid;
	unsigned long		below;
	const struct kgc_arena	*arena;
	unsigned long		at;
	unsigned long		end;
};

/**
 * struct kgc_span_info - description of a span
 * @id: address of the span, to tell spans apart; never dereferenced
 * @state: enum kgc_span_state
 * @reused: it was swept before, or spans held its pages before
 * @cached: a CPU's cache holds it
 * @mixed: it holds objects of several types
 * @spc: span class
 * @nid: node
 * @npages: heap pages
 * @size: bytes in a slot
 * @nelems: slots
 * @used: slots in use
 * @marked: slots marked
 * @gen: generation at which it was last swept or created
 */
struct kgc_span_info {
	const void	*id;
	u8		state;
	bool		reused;
	bool		cached;
	bool		mixed;
	unsigned int	spc;
	unsigned int	nid;
	unsigned int	npages;
	unsigned int	size;
	unsigned int	nelems;
	unsigned int	used;
	unsigned int	marked;
	u32		gen;
};

void kgc_pagewalk_begin(struct kgc_pagewalk *walk);
bool kgc_pagewalk_next(struct kgc_allocator *a, struct kgc_pagewalk *walk,
		       struct kgc_span **span);
bool kgc_pagewalk_describe(struct kgc_allocator *a, struct kgc_pagewalk *walk,
			   struct kgc_span_info *info);

#endif /* _KGC_PAGEWALK_H */
