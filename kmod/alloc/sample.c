// SPDX-License-Identifier: GPL-2.0
/* See sample.h. */
#include <linux/math64.h>
#include <linux/prandom.h>

#include "../compat.h"
#include "alloc.h"
#include "sample.h"

#define FRACTION	24		/* bits of a logarithm behind the point */
#define LN_2		11629080U	/* ln 2, with that many bits */

/* 32 - log2(@u), with FRACTION bits behind the point. @u is not 0. */
static u64 log2_below(u32 u)
{
	unsigned int whole = __fls(u), i;
	u64 x = (u64)u << (31 - whole);		/* 1 <= x < 2, with 31 bits */
	u64 log = whole;

	for (i = 0; i < FRACTION; i++) {
		x = x * x >> 31;
		log <<= 1;
		if (x >> 32) {
			x >>= 1;
			log |= 1;
		}
	}
	return (32ULL << FRACTION) - log;
}

/* Draw how far it is to the next sampled byte, at least 1: geometric, with mean @rate. */
static u64 draw(u64 rate, struct rnd_state *state)
{
	u64 ln = log2_below(prandom_u32_state(state) | 1) * LN_2 >> FRACTION;

	return (ln * rate >> FRACTION) + 1;
}

/*
 * Hand out @bytes. Context: central lock held. Return: the number of the first of them that
 * is sampled, from 1 on; 0 if none is.
 */
static u64 hand_out(const struct kgc_allocator *a, struct kgc_central *ct, u64 bytes)
{
	struct kgc_sampler *sampler = &ct->sampler;
	u64 rate = READ_ONCE(a->sample_rate);
	u64 at = 0;

	if (!rate)
		return 0;
	if (sampler->rate != rate) {
		sampler->rate = rate;
		sampler->until = draw(rate, &ct->random);
	}
	if (sampler->until > bytes) {
		sampler->until -= bytes;
	} else {
		at = sampler->until;
		sampler->until = draw(rate, &ct->random);
	}
	return at;
}

/*
 * Fix which of the free slots of @span is sampled first. A cache will take them in order.
 * Context: central lock held; the current word of @span has the first slot.
 */
void kgc_sample_place(const struct kgc_allocator *a, struct kgc_central *ct,
		      struct kgc_span *span)
{
	u64 at = 0;

	if (READ_ONCE(a->sample_rate))
		at = hand_out(a, ct, (u64)kgc_span_count_free(span) * span->size);
	kgc_span_set_sample(span, at ? div_u64(at - 1, span->size) : KGC_NO_SAMPLE);
}

/* Whether an object of @bytes that no cache hands out is sampled. Context: as above. */
bool kgc_sample_one(const struct kgc_allocator *a, struct kgc_central *ct, size_t bytes)
{
	return hand_out(a, ct, bytes);
}

/*
 * The cache has taken the sampled slot of @span: fix the next one. Context: inside a region.
 * Return: false if nothing is sampled any more.
 */
bool kgc_sample_again(struct kgc_allocator *a, struct kgc_span *span)
{
	struct kgc_central *ct = a->node[span->nid]->central[span->spc];

	scoped_guard(raw_spinlock_irqsave, &ct->lock)
		kgc_sample_place(a, ct, span);
	kgc_span_set_path(span);
	return READ_ONCE(a->sample_rate);
}
