// SPDX-License-Identifier: GPL-2.0
/*
 * Token buckets: what is taken over any stretch of time is at most that time, one
 * burst, and the last thing that was taken. This is the generic cell rate algorithm
 * of ATM networks (ITU-T I.371).
 */
#include <linux/kernel.h>

#include "bucket.h"

/* The time that a bucket with this word counts from: it is never fuller than a burst. */
static s64 counts_from(s64 paid_ns, u64 now_ns, u64 burst_ns)
{
	return max_t(s64, paid_ns, (s64)now_ns - (s64)burst_ns);
}

/**
 * kgc_bucket_take() - take from a bucket, into debt if it is empty
 * @bucket: the bucket
 * @now_ns: time
 * @cost_ns: how much time pays for it
 * @burst_ns: how much a full bucket holds, in time that filled it
 *
 * Callers are served in the order in which they took: each waits until what was taken
 * before is paid for.
 *
 * Context: any.
 * Return: how long to wait, in ns; 0 is not at all.
 */
u64 kgc_bucket_take(struct kgc_bucket *bucket, u64 now_ns, u64 cost_ns,
		    u64 burst_ns)
{
	s64 paid = atomic64_read(&bucket->paid_ns), from;

	do {
		from = counts_from(paid, now_ns, burst_ns);
	} while (!atomic64_try_cmpxchg(&bucket->paid_ns, &paid, from + cost_ns));
	return from > (s64)now_ns ? from - now_ns : 0;
}

/**
 * kgc_bucket_try() - take from a bucket unless it is in debt
 * @bucket: the bucket
 * @now_ns: time
 * @cost_ns: how much time pays for it
 * @burst_ns: how much a full bucket holds, in time that filled it
 *
 * Context: any.
 * Return: whether it was taken.
 */
bool kgc_bucket_try(struct kgc_bucket *bucket, u64 now_ns, u64 cost_ns,
		    u64 burst_ns)
{
	s64 paid = atomic64_read(&bucket->paid_ns), from;

	do {
		from = counts_from(paid, now_ns, burst_ns);
		if (from > (s64)now_ns)
			return false;
	} while (!atomic64_try_cmpxchg(&bucket->paid_ns, &paid, from + cost_ns));
	return true;
}

/* Whether the bucket is in debt: what is taken now has to be waited for. Context: any. */
bool kgc_bucket_owes(const struct kgc_bucket *bucket, u64 now_ns)
{
	return atomic64_read(&bucket->paid_ns) > (s64)now_ns;
}

/* Put back what was taken and not used. Context: any. */
void kgc_bucket_give(struct kgc_bucket *bucket, u64 cost_ns)
{
	atomic64_sub(cost_ns, &bucket->paid_ns);
}
