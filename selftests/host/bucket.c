// SPDX-License-Identifier: GPL-2.0
/*
 * Token buckets under workers that always want more: what they get of every stretch
 * of time, and how they divide it.
 */
#include "check.h"
#include "shim.h"

#include "gc/bucket.h"

#define MS		1000000ULL
#define SECOND		(1000 * MS)
#define BURST		SECOND	/* as in gc/share.c */
#define SLICE		(MS / 2)
#define MOST_WORKERS	50

static u64 cost_at(unsigned int percent)
{
	return SLICE * 100 / percent;
}

/* The worker that takes next: the first to be ready, of several one at random. */
static unsigned int first(const u64 *ready, unsigned int n)
{
	unsigned int i, start = random() % n, best = start;

	for (i = 0; i < n; i++)
		if (ready[(start + i) % n] < ready[best])
			best = (start + i) % n;
	return best;
}

/*
 * @n workers use up one slice after the other for a minute, and are late by up to
 * @late_ns each time. In any second they take no more than the share, a burst and a
 * slice each; and if none is late they take all of it, in equal parts.
 */
static void work(unsigned int percent, unsigned int n, u64 late_ns)
{
	struct kgc_bucket bucket = { 0 };
	u64 ready[MOST_WORKERS] = { 0 }, got[MOST_WORKERS] = { 0 };
	u64 now = 100 * SECOND, from = now, in_second = 0, total = 0;
	unsigned int i, at;

	trying("%u workers at %u %%, late by %llu ns", n, percent,
	       (unsigned long long)late_ns);
	for (i = 0; i < n; i++)
		ready[i] = now;
	while (now < 160 * SECOND) {
		at = first(ready, n);
		now = max(now, ready[at]);
		if (now - from >= SECOND) {
			check(in_second <= (now - from) / 100 * percent +
					   BURST / 100 * percent + n * SLICE);
			from = now;
			in_second = 0;
		}
		in_second += SLICE;
		total += SLICE;
		got[at] += SLICE;
		/* it works, then has to wait, for its turn and for a processor */
		ready[at] = now + SLICE +
			    kgc_bucket_take(&bucket, now, cost_at(percent), BURST) +
			    random() % (late_ns + 1);
	}
	check(total <= 60 * SECOND / 100 * percent + BURST / 100 * percent +
		       (n + 1) * SLICE);
	if (late_ns || n < 100 / percent)
		return;
	check(total >= 60 * SECOND / 100 * percent / 100 * 99);
	for (i = 0; i < n; i++)
		check(got[i] >= total / n / 100 * 95);
}

static void share_is_kept_and_divided(void)
{
	static const unsigned int percents[] = { 1, 5, 10, 25, 50, 100 };
	static const unsigned int workers[] = { 1, 2, 3, 10, MOST_WORKERS };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(percents); i++) {
		for (j = 0; j < ARRAY_SIZE(workers); j++) {
			work(percents[i], workers[j], 0);
			work(percents[i], workers[j], 4 * MS);
		}
	}
}

/* One worker at rest for however long has one burst, and then what time brings. */
static void rest_is_worth_one_burst(void)
{
	struct kgc_bucket bucket = { 0 };
	u64 now = 3600 * SECOND, cost = cost_at(5), n;

	for (n = 0; !kgc_bucket_take(&bucket, now, cost, BURST); n++)
		check(n * cost <= BURST);
	check(n == BURST / cost + 1);
	/* in the order in which they took, each waits for the ones before */
	check(kgc_bucket_take(&bucket, now, cost, BURST) == 2 * cost);
	check(kgc_bucket_take(&bucket, now, cost, BURST) == 3 * cost);
	check(kgc_bucket_take(&bucket, now + 4 * cost, cost, BURST) == 0);
}

/* Trying takes nothing from a bucket in debt, and puts it into debt at most once. */
static void trying_is_no_debt(void)
{
	struct kgc_bucket bucket = { 0 };
	u64 now = 3600 * SECOND, paid, n;

	for (n = 0; kgc_bucket_try(&bucket, now, 7 * MS, BURST); n++)
		check(n <= BURST / (7 * MS));
	check(n == BURST / (7 * MS) + 1);
	paid = atomic64_read(&bucket.paid_ns);
	check(paid > now && paid <= now + 7 * MS);
	check(kgc_bucket_owes(&bucket, now) && kgc_bucket_owes(&bucket, paid - 1));
	check(!kgc_bucket_owes(&bucket, paid));
	check(!kgc_bucket_try(&bucket, now, 1, BURST));
	check(atomic64_read(&bucket.paid_ns) == paid);
	/* what comes back can be taken again */
	kgc_bucket_give(&bucket, 7 * MS);
	check(kgc_bucket_try(&bucket, now, 7 * MS, BURST));
	check(!kgc_bucket_try(&bucket, now, 7 * MS, BURST));
	check(kgc_bucket_try(&bucket, paid, 7 * MS, BURST));
}

/* However much is given back, a bucket is never fuller than full. */
static void full_is_full(void)
{
	struct kgc_bucket bucket = { 0 };
	u64 now = 3600 * SECOND;

	kgc_bucket_give(&bucket, 1ULL << 60);
	check(!kgc_bucket_take(&bucket, now, BURST, BURST));
	check(!kgc_bucket_take(&bucket, now, 1, BURST));
	check(kgc_bucket_take(&bucket, now, 1, BURST) == 1);
	/* a clock that has just begun has brought nothing yet */
	bucket = (struct kgc_bucket){ 0 };
	check(!kgc_bucket_take(&bucket, 0, SLICE, BURST));
	check(kgc_bucket_take(&bucket, 0, SLICE, BURST) == SLICE);
}

int main(void)
{
	static const struct promise promises[] = {
		{ "workers keep to their share, use it up, and divide it equally", share_is_kept_and_divided },
		{ "rest is worth one burst, however long it was", rest_is_worth_one_burst },
		{ "a try takes nothing from a bucket in debt", trying_is_no_debt },
		{ "a bucket is never fuller than full", full_is_full },
	};

	return PROMISES(promises);
}
