/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Histograms of durations, with a bucket for each power of two. Slow paths count in them;
 * all CPUs share one.
 *
 *	bucket		0		1		...	23
 *	duration, ns	0 to 2^8 - 1	2^8 to 2^9 - 1		2^30 and more
 */
#ifndef _KGC_HISTOGRAM_H
#define _KGC_HISTOGRAM_H

#include <linux/atomic.h>
#include <linux/types.h>

#define KGC_HISTOGRAM_SHIFT	8
#define KGC_HISTOGRAM_BUCKETS	24

/**
 * struct kgc_histogram - how long something took; written by histogram.c
 * @nr: how often, by power of two of the duration
 * @sum_ns: sum of all durations
 * @longest_ns: the longest
 */
struct kgc_histogram {
	atomic64_t	nr[KGC_HISTOGRAM_BUCKETS];
	atomic64_t	sum_ns;
	atomic64_t	longest_ns;
};

void kgc_histogram_add(struct kgc_histogram *h, u64 ns);
u64 kgc_histogram_nr(const struct kgc_histogram *h);

#endif /* _KGC_HISTOGRAM_H */
