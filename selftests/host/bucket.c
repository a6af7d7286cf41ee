// SPDX-License-Identifier: GPL-2.0
/*
 * Token buckets under workers that always have work: how much the workers get of each
 * stretch of time, and how they divide it.
 */
#include "check.h"
#include "shim.h"

#include "gc/bucket.h"

#define MS		1000000ULL
#define SECOND		(1000 * MS)
#define BURST		SECOND	/* as in gc/share.c */
#define SLICE		(MS / 2)
#define MAX_WORKERS	50

static u64 cost_at(unsigned int percent)
{
	return SLICE * 100 / percent;
}

/* The worker that is ready first. If several are, a random one of them. */
static unsigned int first(const u64 *ready, unsigned int n)
{
	unsigned int i, start = random() % n, best = start;

	for (i = 0; i < n; i++)
		if (ready[(start + i) % n] < ready[best])
			best = (start + i) % n;
	return best;
}

/*
 * @n workers use up slice after slice for a minute, and are late by up to @late_ns each
 * time. In no second do they take more than the share, a burst, and a slice each. If none
 * is late, and there are at least 100 / @percent of them, they take the whole share, in
 * equal parts.
 */
static void work(unsigned int percent, unsigned int n, u64 late_ns)
{
	struct kgc_bucket bucket = { 0 };
	u64 ready[MAX_WORKERS] = { 0 }, got[MAX_WORKERS] = { 0 };
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
		/* the worker runs, waits for its next slice, then for a processor */
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
	static const unsigned int workers[] = { 1, 2, 3, 10, MAX_WORKERS };
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(percents); i++) {
		for (j = 0; j < ARRAY_SIZE(workers); j++) {
			work(percents[i], workers[j], 0);
			work(percents[i], workers[j], 4 * MS);
		}
	}
}

/* A bucket that rests for longer than a burst saves up one burst, and no more. */
static void rest_is_worth_one_burst(void)
{
	struct kgc_bucket bucket = { 0 };
	u64 now = 3600 * SECOND, cost = cost_at(5), n;

	for (n = 0; !kgc_bucket_take(&bucket, now, cost, BURST); n++)
		check(n * cost <= BURST);
	check(n == BURST / cost + 1);
	/* each caller waits until the calls before are paid for */
	check(kgc_bucket_take(&bucket, now, cost, BURST) == 2 * cost);
	check(kgc_bucket_take(&bucket, now, cost, BURST) == 3 * cost);
	check(kgc_bucket_take(&bucket, now + 4 * cost, cost, BURST) == 0);
}

/* A try takes nothing from a bucket in debt. So its debt is at most one cost. */
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
	/* what a caller puts back can be taken again */
	kgc_bucket_give(&bucket, 7 * MS);
	check(kgc_bucket_try(&bucket, now, 7 * MS, BURST));
	check(!kgc_bucket_try(&bucket, now, 7 * MS, BURST));
	check(kgc_bucket_try(&bucket, paid, 7 * MS, BURST));
}

/* A bucket holds at most one burst, however much callers put back. */
static void full_is_full(void)
{
	struct kgc_bucket bucket = { 0 };
	u64 now = 3600 * SECOND;

	kgc_bucket_give(&bucket, 1ULL << 60);
	check(!kgc_bucket_take(&bucket, now, BURST, BURST));
	check(!kgc_bucket_take(&bucket, now, 1, BURST));
	check(kgc_bucket_take(&bucket, now, 1, BURST) == 1);
	/* a bucket is empty when the clock starts at 0 */
	bucket = (struct kgc_bucket){ 0 };
	check(!kgc_bucket_take(&bucket, 0, SLICE, BURST));
	check(kgc_bucket_take(&bucket, 0, SLICE, BURST) == SLICE);
}

#define CROWD	200

/* A tenant that asks for slices, one for each of its @heaps at a time. */
struct tenant {
	struct kgc_bucket bucket;
	unsigned int heaps;
	u64 paid_ns[CROWD];	/* by the fair clock; then the heap asks the module */
	u64 ready_ns[CROWD];	/* by real time; 0 before the heap has asked the module */
	unsigned int slices;
};

static void ask(struct tenant *t, unsigned int heap, u64 clock)
{
	t->ready_ns[heap] = 0;
	t->paid_ns[heap] = clock + kgc_bucket_take(&t->bucket, clock, cost_at(5), BURST);
}

static void tenant_goes_on(struct tenant *t, struct kgc_bucket *module, u64 clock, u64 now)
{
	unsigned int i;

	for (i = 0; i < t->heaps; i++) {
		if (!t->ready_ns[i] && t->paid_ns[i] <= clock)
			t->ready_ns[i] = now + kgc_bucket_take(module, now, cost_at(5), BURST);
		if (!t->ready_ns[i] || t->ready_ns[i] > now)
			continue;
		t->slices++;
		ask(t, i, clock);
	}
}

/*
 * A tenant with many heaps has asked for a slice for each of them before another tenant
 * comes. What it has asked for alone is worth no more than what it asks for afterwards.
 */
static void a_crowd_that_came_first_has_no_more(void)
{
	static struct tenant crowd, late;
	struct kgc_bucket_clock clock = { 0 };
	struct kgc_bucket module = { 0 };
	unsigned int before = 0, i;
	u64 now, ns, begin = 5 * SECOND, end = 25 * SECOND;

	crowd.heaps = CROWD;
	for (i = 0; i < CROWD; i++)
		ask(&crowd, i, 0);
	for (now = MS; now < end; now += MS) {
		ns = kgc_bucket_clock_ns(&clock, now, late.heaps ? 2 : 1);
		tenant_goes_on(&crowd, &module, ns, now);
		if (now == begin) {
			before = crowd.slices;
			kgc_bucket_init(&late.bucket, ns);
			late.heaps = 1;
			ask(&late, 0, ns);
		}
		tenant_goes_on(&late, &module, ns, now);
	}
	trying("%u slices before, then %u and %u", before, crowd.slices - before, late.slices);
	check(before >= begin / cost_at(5) / 100 * 95);
	check(crowd.slices - before <= (end - begin) / cost_at(5) / 2 + BURST / cost_at(5));
	check(late.slices >= (end - begin) / cost_at(5) / 2 / 100 * 85);
}

/* The clock's time is real time over the parts, and no rest is lost. */
static void clocks_lose_nothing(void)
{
	struct kgc_bucket_clock clock = { 0 };
	u64 now = 0, each = 0;
	unsigned int i, parts;

	for (parts = 1; parts <= 1000; parts++) {
		u64 from = now, ns = each;

		for (i = 0; i < 100; i++) {
			now += random() % 5000;
			each = kgc_bucket_clock_ns(&clock, now, parts);
			check(each >= ns && each - ns <= (now - from) / parts + 1);
			/* a clock that is read too late, or twice, stands still */
			check(kgc_bucket_clock_ns(&clock, now - now % 1000, parts) == each);
		}
		check(each - ns + 1 >= (now - from) / parts);
	}
}

int main(void)
{
	static const struct promise promises[] = {
		{ "workers keep to their share, use it up, and divide it equally", share_is_kept_and_divided },
		{ "rest is worth one burst, however long it was", rest_is_worth_one_burst },
		{ "a try takes nothing from a bucket in debt", trying_is_no_debt },
		{ "a bucket is never fuller than full", full_is_full },
		{ "a crowd that came first has no more of the budget", a_crowd_that_came_first_has_no_more },
		{ "the fair clock loses nothing", clocks_lose_nothing },
	};

	return PROMISES(promises);
}
