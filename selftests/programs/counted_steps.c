// SPDX-License-Identifier: GPL-2.0
/*
 * A system call on one large object does not keep a real-time thread from its CPU for
 * long. The test runs where COUNTED=1: the clock counts instructions there.
 *
 * kselftest-timeout: 120
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <time.h>

#include "heap.h"

#define BYTES		(4UL << 20)
#define INTERVAL_NS	100000
#define MOST_NS		10000000	/* copying single bytes takes less than half */

static atomic_bool over;
static __u64 latest_ns;

static __u64 now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* Sleep again and again; keep in latest_ns by how much a wake-up was late at most. */
static void *watch(void *unused)
{
	struct timespec ts = { .tv_nsec = INTERVAL_NS };
	__u64 due, ns;

	while (!atomic_load(&over)) {
		due = now() + INTERVAL_NS;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &ts, NULL);
		ns = now();
		if (ns > due && ns - due > latest_ns)
			latest_ns = ns - due;
	}
	return NULL;
}

TEST_F(heap, words_of_a_conservative_object_let_others_run)
{
	const struct sched_param priority = { .sched_priority = 10 };
	static __u64 words[BYTES / sizeof(__u64)];
	pthread_t watcher;
	__u64 object;
	int type;

	if (!getenv("COUNTED") || strcmp(getenv("COUNTED"), "1"))
		SKIP(return, "time is no number of instructions here");
	type = kgc_type_register(self->fd, "words", BYTES, KGC_TYPE_CONSERVATIVE, NULL, 0);
	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &object));
	memset(words, 1, sizeof(words));
	ASSERT_EQ(0, pthread_create(&watcher, NULL, watch, NULL));
	ASSERT_EQ(0, pthread_setschedparam(watcher, SCHED_FIFO, &priority));
	ASSERT_EQ(0, kgc_write(self->fd, object, 0, words, BYTES));
	TH_LOG("written: late by %llu ns", (unsigned long long)latest_ns);
	EXPECT_LE(latest_ns, MOST_NS);
	ASSERT_EQ(0, kgc_read(self->fd, object, 0, words, BYTES));
	TH_LOG("read: late by %llu ns", (unsigned long long)latest_ns);
	EXPECT_LE(latest_ns, MOST_NS);
	atomic_store(&over, true);
	pthread_join(watcher, NULL);
	EXPECT_GT(latest_ns, 0);
}

TEST_HARNESS_MAIN
