/* SPDX-License-Identifier: GPL-2.0 */
/* The verifier: checks a finished mark phase, object by object. */
#ifndef _KGC_VERIFY_H
#define _KGC_VERIFY_H

#include <linux/types.h>

struct kgc_arena;
struct kgc_heap;

/**
 * struct kgc_stretch - heap pages of an arena that are still to be looked at
 * @arena: never followed. What was given back of an arena may be another one
 *	now; this tells whose a span is
 * @at: address of the next page
 * @end: behind the last
 */
struct kgc_stretch {
	const struct kgc_arena	*arena;
	unsigned long		at;
	unsigned long		end;
};

/**
 * struct kgc_verify - what the verifier has done for a heap
 * @nid: node the walk has come to
 * @below: key of the arena the walk has come to
 * @left: what is left of that arena
 * @runs: mark phases checked
 * @objects: objects looked at
 * @forged: words of conservative objects that name dead objects; userspace may
 *	write such
 * @errors: violations found
 * @held: those found while it is not known yet if anybody disturbed
 */
struct kgc_verify {
	int		nid;
	unsigned long	below;
	struct kgc_stretch left;
	u64		runs;
	u64		objects;
	u64		forged;
	u64		errors;
	struct {
		bool		on;
		u64		errors;
		const char	*what;
		const void	*where;
		const void	*to;
	} held;
};

struct kgc_span;

extern bool kgc_warn;

typedef void (*kgc_span_fn)(struct kgc_heap *heap, struct kgc_span *span,
			    void *data);

void kgc_violation(struct kgc_heap *heap, const char *what, const void *where,
		   const void *to);
void kgc_violations_hold(struct kgc_heap *heap);
void kgc_violations_release(struct kgc_heap *heap, bool tell);
void kgc_verify_each_span(struct kgc_heap *heap, kgc_span_fn fn, void *data);
void kgc_verify_counters(struct kgc_heap *heap);
void kgc_verify_begin(struct kgc_heap *heap);
bool kgc_verify_some(struct kgc_heap *heap);
void kgc_verify_settled(struct kgc_heap *heap, u64 shaded);

#endif /* _KGC_VERIFY_H */
