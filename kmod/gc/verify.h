/* SPDX-License-Identifier: GPL-2.0 */
/* The verifier: checks a finished mark phase, object by object. */
#ifndef _KGC_VERIFY_H
#define _KGC_VERIFY_H

#include <linux/types.h>

struct kgc_heap;

/**
 * struct kgc_verify - what the verifier has done for a heap
 * @nid: node the walk has come to
 * @at: address the walk has come to
 * @runs: mark phases checked
 * @objects: objects looked at
 * @forged: words of conservative objects that name dead objects; userspace may
 *	write such
 * @errors: violations found
 */
struct kgc_verify {
	int		nid;
	unsigned long	at;
	u64		runs;
	u64		objects;
	u64		forged;
	u64		errors;
};

struct kgc_span;

extern bool kgc_warn;

typedef void (*kgc_span_fn)(struct kgc_heap *heap, struct kgc_span *span,
			    void *data);

void kgc_violation(struct kgc_heap *heap, const char *what, const void *where,
		   const void *to);
void kgc_verify_each_span(struct kgc_heap *heap, kgc_span_fn fn, void *data);
void kgc_verify_counters(struct kgc_heap *heap);
void kgc_verify_begin(struct kgc_heap *heap);
bool kgc_verify_some(struct kgc_heap *heap);
void kgc_verify_settled(struct kgc_heap *heap, u64 shaded);

#endif /* _KGC_VERIFY_H */
