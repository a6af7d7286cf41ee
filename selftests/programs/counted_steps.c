// SPDX-License-Identifier: GPL-2.0
/*
 * A system call on one large object, or one that ends a heap, does not keep a real-time
 * thread from its CPU for long. The test runs where COUNTED=1: the clock counts
 * instructions there.
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
#define MAX_NS		10000000	/* copying single bytes takes less than half */
#define MAX_OF_CLOSE_NS 5000000		/* freeing all types takes longer */
#define TYPES		65535

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

static bool is_counted(void)
{
	const char *counted = getenv("COUNTED");

	return counted && !strcmp(counted, "1");
}

/* Start a real-time thread that runs watch(). */
static void watch_begin(struct __test_metadata *_metadata, pthread_t *watcher)
{
	const struct sched_param priority = { .sched_priority = 10 };

	atomic_store(&over, false);
	latest_ns = 0;
	ASSERT_EQ(0, pthread_create(watcher, NULL, watch, NULL));
	ASSERT_EQ(0, pthread_setschedparam(*watcher, SCHED_FIFO, &priority));
}

static void watch_end(struct __test_metadata *_metadata, pthread_t watcher)
{
	atomic_store(&over, true);
	pthread_join(watcher, NULL);
	EXPECT_GT(latest_ns, 0);
}

TEST_F(heap, words_of_a_conservative_object_let_others_run)
{
	static __u64 words[BYTES / sizeof(__u64)];
	pthread_t watcher;
	__u64 object;
	int type;

	if (!is_counted())
		SKIP(return, "time is no number of instructions here");
	type = kgc_type_register(self->fd, "words", BYTES, KGC_TYPE_CONSERVATIVE, NULL, 0);
	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &object));
	memset(words, 1, sizeof(words));
	watch_begin(_metadata, &watcher);
	ASSERT_EQ(0, kgc_write(self->fd, object, 0, words, BYTES));
	TH_LOG("written: late by %llu ns", (unsigned long long)latest_ns);
	EXPECT_LE(latest_ns, MAX_NS);
	ASSERT_EQ(0, kgc_read(self->fd, object, 0, words, BYTES));
	TH_LOG("read: late by %llu ns", (unsigned long long)latest_ns);
	EXPECT_LE(latest_ns, MAX_NS);
	watch_end(_metadata, watcher);
}

/* A heap with as many types as it may have: close() frees them one after the other. */
TEST(types_of_a_heap_that_ends_let_others_run)
{
	pthread_t watcher;
	int fd;

	if (!is_counted())
		SKIP(return, "time is no number of instructions here");
	fd = kgc_open();
	ASSERT_GE(fd, 0);
	for (int i = 0; i < TYPES; i++)
		ASSERT_GT(kgc_type_register(fd, "one", 16, KGC_TYPE_NOSCAN, NULL, 0), 0);
	watch_begin(_metadata, &watcher);
	EXPECT_EQ(0, kgc_close(fd));
	TH_LOG("closed: late by %llu ns", (unsigned long long)latest_ns);
	EXPECT_LE(latest_ns, MAX_OF_CLOSE_NS);
	watch_end(_metadata, watcher);
}

TEST_HARNESS_MAIN
