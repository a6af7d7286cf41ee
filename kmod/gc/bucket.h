/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A token bucket in one word, without a lock. This is pure arithmetic, and compiles in
 * userspace too.
 *
 * Time pays for what callers take. The word is the time at which everything taken so far
 * is paid for. If it lies in the past, the bucket holds the time that has passed since,
 * up to a *burst*. If it lies in the future, the bucket is in debt until then.
 *
 * Buckets that divide one budget count in the time of a fair clock. While n of them are in
 * use, the clock runs at 1/n of the speed of real time. So a cost in ns does not depend on
 * n. When n changes, costs that are not paid yet are paid at the new speed. This is the
 * virtual time of fair queueing (Demers, Keshav and Shenker, "Analysis and Simulation of a
 * Fair Queueing Algorithm", 1989).
 */
#ifndef _KGC_BUCKET_H
#define _KGC_BUCKET_H

#include <linux/atomic.h>
#include <linux/types.h>

/**
 * struct kgc_bucket - a token bucket
 * @paid_ns: time at which everything taken so far is paid for
 */
struct kgc_bucket {
	atomic64_t	paid_ns;
};

/**
 * struct kgc_bucket_clock - a clock for buckets that divide a budget
 * @ns: the time that the clock shows
 * @at_ns: the real time at which it showed @ns
 */
struct kgc_bucket_clock {
	u64	ns;
	u64	at_ns;
};

u64 kgc_bucket_clock_ns(struct kgc_bucket_clock *clock, u64 now_ns, u32 parts);
void kgc_bucket_init(struct kgc_bucket *bucket, u64 now_ns);
u64 kgc_bucket_take(struct kgc_bucket *bucket, u64 now_ns, u64 cost_ns,
		    u64 burst_ns);
bool kgc_bucket_try(struct kgc_bucket *bucket, u64 now_ns, u64 cost_ns,
		    u64 burst_ns);
bool kgc_bucket_owes(const struct kgc_bucket *bucket, u64 now_ns);
void kgc_bucket_give(struct kgc_bucket *bucket, u64 cost_ns);

#endif /* _KGC_BUCKET_H */
