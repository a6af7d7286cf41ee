/* SPDX-License-Identifier: GPL-2.0 */
/* The verifier: checks a finished mark phase, object by object. */
#ifndef _KGC_VERIFY_H
#define _KGC_VERIFY_H

#include <linux/types.h>

#include "../alloc/pagewalk.h"
#include "../alloc/span.h"

struct kgc_heap;

/**
 * struct kgc_verify - what the verifier has done for a heap
 * @walk: heap pages that are still to be looked at
 * @suspect: a span with slots that were marked and free when they were looked at,
 *	or NULL
 * @suspects: those slots
 * @runs: mark phases checked
 * @objects: objects looked at
 * @forged: words of conservative objects that name dead objects; userspace may
 *	write such
 */
struct kgc_verify {
	struct kgc_pagewalk	walk;
	struct kgc_span		*suspect;
	unsigned long		suspects[KGC_MAX_WORDS];
	u64			runs;
	u64			objects;
	u64			forged;
};

void kgc_verify_begin(struct kgc_heap *heap);
bool kgc_verify_some(struct kgc_heap *heap);

/* Whether the next call of kgc_verify_some() needs an RCU grace period before it. */
static inline bool kgc_verify_suspects(const struct kgc_verify *verify)
{
	return verify->suspect;
}

void kgc_verify_settled(struct kgc_heap *heap, u64 shaded);

#endif /* _KGC_VERIFY_H */
