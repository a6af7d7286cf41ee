/* SPDX-License-Identifier: GPL-2.0 */
/* The verifier: checks a finished mark phase, object by object. */
#ifndef _KGC_VERIFY_H
#define _KGC_VERIFY_H

#include <linux/types.h>

#include "../alloc/pagewalk.h"
#include "../alloc/span.h"

struct kgc_heap;

/**
 * struct kgc_verify - the verifier of a heap
 * @walk: position in the walk over the heap pages
 * @suspect: a span with slots that the verifier found marked and free, or NULL
 * @suspects: bitmap of those slots
 * @runs: mark phases checked
 * @objects: objects checked
 * @forged: words of conservative objects that point to white objects, which is no
 *	error: userspace may write such words
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

/* Whether an RCU grace period has to pass before the next kgc_verify_some(). */
static inline bool kgc_verify_suspects(const struct kgc_verify *verify)
{
	return verify->suspect;
}

void kgc_verify_settled(struct kgc_heap *heap, u64 shaded);

#endif /* _KGC_VERIFY_H */
