/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Histograms of durations: buckets 3 % apart, exact up to 31. The kernel uses them, and
 * so do the rivals' programs.
 */
#ifndef _KGC_BENCH_HISTOGRAM_H
#define _KGC_BENCH_HISTOGRAM_H

#define HISTOGRAM_SUB		5	/* log2 of the buckets per power of two */
#define HISTOGRAM_BUCKETS	((65 - HISTOGRAM_SUB) << HISTOGRAM_SUB)

/**
 * struct histogram - how often each duration was seen
 * @n: number of durations
 * @max: the longest, exact
 * @bucket: number of durations in each bucket
 */
struct histogram {
	u64	n;
	u64	max;
	u32	bucket[HISTOGRAM_BUCKETS];
};

/* A rank to report, in samples of a million. */
struct histogram_rank {
	const char	*name;
	u32		ppm;
};

#define HISTOGRAM_RANKS	4

static inline const struct histogram_rank *histogram_rank(unsigned int i)
{
	static const struct histogram_rank rank[HISTOGRAM_RANKS] = {
		{ "p50", 500000 }, { "p99", 990000 }, { "p99.9", 999000 },
		{ "p99.99", 999900 },
	};

	return &rank[i];
}

static inline unsigned int histogram_bucket(u64 v)
{
	unsigned int e;

	if (v < 1 << HISTOGRAM_SUB)
		return v;
	e = 63 - __builtin_clzll(v) - HISTOGRAM_SUB;
	return ((e + 1) << HISTOGRAM_SUB) +
	       ((v >> e) & ((1 << HISTOGRAM_SUB) - 1));
}

/* The least value of bucket @b. */
static inline u64 histogram_value(unsigned int b)
{
	unsigned int e = b >> HISTOGRAM_SUB;
	unsigned int m = b & ((1 << HISTOGRAM_SUB) - 1);

	return e ? (u64)((1 << HISTOGRAM_SUB) + m) << (e - 1) : m;
}

static inline void histogram_add(struct histogram *h, u64 v)
{
	h->n++;
	if (v > h->max)
		h->max = v;
	h->bucket[histogram_bucket(v)]++;
}

static inline void histogram_merge(struct histogram *to,
				   const struct histogram *from)
{
	unsigned int b;

	to->n += from->n;
	if (from->max > to->max)
		to->max = from->max;
	for (b = 0; b < HISTOGRAM_BUCKETS; b++)
		to->bucket[b] += from->bucket[b];
}

/* The value that @ppm of a million samples do not exceed. */
static inline u64 histogram_at(const struct histogram *h, u32 ppm)
{
	u64 seen = 0, rank = h->n * ppm / 1000000;
	unsigned int b;

	for (b = 0; b < HISTOGRAM_BUCKETS; b++) {
		seen += h->bucket[b];
		if (seen > rank)
			return histogram_value(b);
	}
	return h->max;
}

#endif /* _KGC_BENCH_HISTOGRAM_H */
