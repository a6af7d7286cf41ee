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

/**
 * struct kgc_span_info - what a span looks like
 * @id: which one it is; never followed
 * @state: enum kgc_span_state
 * @reused: its slots have held objects before
 * @cached: a CPU's cache holds it
 * @mixed: of several types
 * @spc: span class
 * @nid: node
 * @npages: heap pages
 * @size: bytes in a slot
 * @nelems: slots
 * @used: of these, in use
 * @marked: of these, marked
 * @gen: generation at which it was last swept or born
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
