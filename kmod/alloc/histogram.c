// SPDX-License-Identifier: GPL-2.0
/* Histograms of durations, with a bucket for each power of two. */
#include <linux/kernel.h>
#include <linux/log2.h>

#include "histogram.h"

static unsigned int bucket_of(u64 ns)
{
	unsigned int bits = ns >> KGC_HISTOGRAM_SHIFT ? ilog2(ns >> KGC_HISTOGRAM_SHIFT) + 1 : 0;

	return min(bits, KGC_HISTOGRAM_BUCKETS - 1U);
}

/* Count a duration of @ns. Context: any. */
void kgc_histogram_add(struct kgc_histogram *h, u64 ns)
{
	s64 longest = atomic64_read(&h->longest_ns);

	atomic64_inc(&h->nr[bucket_of(ns)]);
	atomic64_add(ns, &h->sum_ns);
	while ((s64)ns > longest && !atomic64_try_cmpxchg(&h->longest_ns, &longest, ns))
		;
}

/* Return: how many durations have been counted. Context: any. */
u64 kgc_histogram_nr(const struct kgc_histogram *h)
{
	u64 nr = 0;
	unsigned int i;

	for (i = 0; i < KGC_HISTOGRAM_BUCKETS; i++)
		nr += atomic64_read(&h->nr[i]);
	return nr;
}
