/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What was ever allocated of a type. The fast path counts nothing. While all objects of a
 * span have one type, its free bitmap shows how many slots were taken, and they are counted
 * when the span's CPU gives it back, in a refill or a flush. In a mixed span a slot is
 * counted when it is taken, by the code that notes its type. So the counters lack only
 * what caches hold. A flush makes them exact.
 *
 * No lock is held: a CPU counts the slots of a span that no other CPU takes slots from.
 */
#ifndef _KGC_ALLOCATED_H
#define _KGC_ALLOCATED_H

#include <linux/atomic.h>

#include "span.h"

/**
 * struct kgc_allocated - slots ever taken for objects of one type
 * @objects: how many. Tiny objects that share a block count once
 * @bytes: bytes in them
 *
 * It is not part of struct kgc_layout, whose cache line the fast path of each CPU reads.
 */
struct kgc_allocated {
	atomic64_t	objects;
	atomic64_t	bytes;
};

static inline void kgc_allocated_add(const struct kgc_layout *layout, unsigned int nr,
				     u32 size)
{
	atomic64_add(nr, &layout->allocated->objects);
	atomic64_add((u64)nr * size, &layout->allocated->bytes);
}

/*
 * Count the slots taken from @span since @span->nfree was set; @nfree are free now. Context:
 * no other CPU takes slots from @span.
 */
static inline void kgc_allocated_span(const struct kgc_span *span, unsigned int nfree)
{
	if (span->layout && nfree != span->nfree)
		kgc_allocated_add(span->layout, span->nfree - nfree, span->size);
}

#endif /* _KGC_ALLOCATED_H */
