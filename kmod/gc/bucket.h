/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A token bucket in one word, for which no lock is taken. Pure arithmetic, also
 * compiled in userspace.
 *
 * The word is the time at which all that was taken will be paid for: time is what
 * pays. A bucket whose word lies in the past is as full as the word is old, up to a
 * *burst*. One whose word lies in the future is in debt for as long.
 */
#ifndef _KGC_BUCKET_H
#define _KGC_BUCKET_H

#include <linux/atomic.h>
#include <linux/types.h>

/**
 * struct kgc_bucket - a token bucket
 * @paid_ns: when all that was taken will be paid for
 */
struct kgc_bucket {
	atomic64_t	paid_ns;
};

u64 kgc_bucket_take(struct kgc_bucket *bucket, u64 now_ns, u64 cost_ns,
		    u64 burst_ns);
bool kgc_bucket_try(struct kgc_bucket *bucket, u64 now_ns, u64 cost_ns,
		    u64 burst_ns);
bool kgc_bucket_owes(const struct kgc_bucket *bucket, u64 now_ns);
void kgc_bucket_give(struct kgc_bucket *bucket, u64 cost_ns);

#endif /* _KGC_BUCKET_H */
