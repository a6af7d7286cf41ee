/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which objects the allocation profile samples.
 *
 * Each byte that a heap hands out is sampled with the same probability, whatever the bytes
 * before it were. The distance from one sampled byte to the next is drawn at random, with
 * kgc_allocator.sample_rate as its mean, and an object is sampled if one of its bytes is. So
 * an object of n bytes is sampled with probability 1 - exp(-n / sample_rate).
 *
 * A cache hands out slots without counting. So the place of the next sampled byte is fixed
 * when the cache gets the span: it falls into one of the span's free slots,
 * kgc_span.sample. While that slot is in the current word, kgc_span.fast is NULL and every
 * slot of the word is taken on the slow path, which compares it with kgc_span.sample. The
 * fast path knows nothing of samples.
 *
 * If a span goes back with slots unused, what was fixed for these is dropped, and drawn
 * again for the next cache. That favours no object: what was drawn for a byte does not
 * depend on any other byte, nor on whether the byte is handed out.
 */
#ifndef _KGC_SAMPLE_H
#define _KGC_SAMPLE_H

#include <linux/compiler.h>
#include <linux/types.h>

#include "span.h"

struct kgc_allocator;
struct kgc_central;

/**
 * struct kgc_sampler - the way to the next sampled byte of a span class; written by sample.c
 * @rate: the mean that @until was drawn with
 * @until: bytes to hand out until then, that byte included
 */
struct kgc_sampler {
	u64	rate;
	u64	until;
};

void kgc_sample_place(const struct kgc_allocator *a, struct kgc_central *ct,
		      struct kgc_span *span);
bool kgc_sample_one(const struct kgc_allocator *a, struct kgc_central *ct, size_t bytes);
bool kgc_sample_again(struct kgc_allocator *a, struct kgc_span *span);

/*
 * Whether @obj, just taken from a cached span, is to be sampled. If so, the place of the
 * next sample in the span is fixed. Context: inside a region.
 */
static __always_inline bool kgc_sample_hit(struct kgc_allocator *a, struct kgc_span *span,
					   const void *obj)
{
	if (likely(span->sample == KGC_NO_SAMPLE) ||
	    kgc_span_slot(span, span->sample) != obj)
		return false;
	return kgc_sample_again(a, span);
}

#endif /* _KGC_SAMPLE_H */
