// SPDX-License-Identifier: GPL-2.0
/*
 * Token buckets. If all callers wait for the time that kgc_bucket_take() returns, they take
 * in any period no more than the length of the period, plus one burst, plus the cost of the
 * last call. This is the generic cell rate algorithm of ATM networks (ITU-T I.371).
 */
#include <linux/kernel.h>
#include <linux/math64.h>

#include "bucket.h"

/*
 * Upper bound on the debt. Callers that wait stay far below it. The bound is for a cost
 * that was computed wrongly, or at a rate that has been raised since: without the bound it
 * would block the bucket for good.
 */
#define MAX_DEBT_NS	60000000000LL

/* An empty bucket. Context: any. */
void kgc_bucket_init(struct kgc_bucket *bucket, u64 now_ns)
{
	atomic64_set(&bucket->paid_ns, now_ns);
}

/* The time from which the next cost counts: a bucket never holds more than a burst. */
static s64 counts_from(s64 paid_ns, u64 now_ns, u64 burst_ns)
{
	return max_t(s64, paid_ns, (s64)now_ns - (s64)burst_ns);
}

/**
 * kgc_bucket_take() - take from a bucket, even if that puts it into debt
 * @bucket: the bucket
 * @now_ns: the current time
 * @cost_ns: time that pays for what the caller takes
 * @burst_ns: time that fills the bucket
 *
 * The bucket serves callers in the order of their calls: each has to wait until
 * everything taken before is paid for.
 *
 * Context: any.
 * Return: how long the caller has to wait, in ns.
 */
u64 kgc_bucket_take(struct kgc_bucket *bucket, u64 now_ns, u64 cost_ns,
		    u64 burst_ns)
{
	s64 paid = atomic64_read(&bucket->paid_ns), from, to;

	do {
		from = counts_from(paid, now_ns, burst_ns);
		to = min_t(s64, from + cost_ns, (s64)now_ns + MAX_DEBT_NS);
	} while (!atomic64_try_cmpxchg(&bucket->paid_ns, &paid, max(from, to)));
	return from > (s64)now_ns ? from - now_ns : 0;
}

/**
 * kgc_bucket_try() - take from a bucket unless it is in debt
 * @bucket: the bucket
 * @now_ns: the current time
 * @cost_ns: time that pays for what the caller takes
 * @burst_ns: time that fills the bucket
 *
 * Context: any.
 * Return: false if the bucket is in debt; then nothing is taken.
 */
bool kgc_bucket_try(struct kgc_bucket *bucket, u64 now_ns, u64 cost_ns,
		    u64 burst_ns)
{
	s64 paid = atomic64_read(&bucket->paid_ns), from, to;

	do {
		from = counts_from(paid, now_ns, burst_ns);
		if (from > (s64)now_ns)
			return false;
		to = min_t(s64, from + cost_ns, (s64)now_ns + MAX_DEBT_NS);
	} while (!atomic64_try_cmpxchg(&bucket->paid_ns, &paid, to));
	return true;
}

/* Whether the bucket is in debt, so that a caller would have to wait. Context: any. */
bool kgc_bucket_owes(const struct kgc_bucket *bucket, u64 now_ns)
{
	return atomic64_read(&bucket->paid_ns) > (s64)now_ns;
}

/* Put back what a caller took and did not use. Context: any. */
void kgc_bucket_give(struct kgc_bucket *bucket, u64 cost_ns)
{
	atomic64_sub(cost_ns, &bucket->paid_ns);
}

/**
 * kgc_bucket_clock_ns() - advance a clock, and read it
 * @clock: the clock
 * @now_ns: the current time
 * @parts: the number of buckets in use since the last call, at least 1
 *
 * Before that number changes, call the function with the old number.
 *
 * Context: any; the caller holds a lock that guards @clock.
 * Return: the clock's time, in ns.
 */
u64 kgc_bucket_clock_ns(struct kgc_bucket_clock *clock, u64 now_ns, u32 parts)
{
	u32 rest;

	if (now_ns > clock->at_ns) {
		clock->ns += div_u64_rem(now_ns - clock->at_ns, parts, &rest);
		clock->at_ns = now_ns - rest;
	}
	return clock->ns;
}
