// SPDX-License-Identifier: GPL-2.0
/*
 * Finalizers: the heap reports a dead object once, with its contents and all it reaches.
 * The object lives on for as long as the reader of the record keeps the handle.
 *
 * kselftest-timeout: 60
 */
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "chain.h"
#include "heap.h"

/* Read the records that are ready. poll() and read() must agree on whether any is. */
static int records(int heap, struct kgc_final_record *into, int nr)
{
	struct pollfd poll_for = { .fd = heap, .events = POLLIN };
	int ready = poll(&poll_for, 1, 0);
	int got = kgc_final_read(heap, into, nr);

	if (got == -EAGAIN)
		got = 0;
	if (got >= 0 && (ready == 1 && poll_for.revents & POLLIN) != (got > 0))
		return -EPROTO;
	return got;
}

TEST_F(heap, a_dead_object_is_reported_once_and_can_be_read)
{
	struct kgc_final_record record;
	__u64 object, mark = 4711, word = 0;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	ASSERT_EQ(0, kgc_write(self->fd, object, NODE_WORD, &mark, 8));
	ASSERT_EQ(0, kgc_finalize(self->fd, object, 77));
	EXPECT_EQ(-EEXIST, kgc_finalize(self->fd, object, 78));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, records(self->fd, &record, 1));
	ASSERT_EQ(0, kgc_drop(self->fd, object));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(1, records(self->fd, &record, 1));
	EXPECT_EQ(77, record.cookie);
	ASSERT_EQ(0, kgc_read(self->fd, record.handle, NODE_WORD, &word, 8));
	EXPECT_EQ(mark, word);
	/* Only the reader's handle keeps the object alive. */
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(1, stats_of(self->fd).heap_objects);
	ASSERT_EQ(0, kgc_drop(self->fd, record.handle));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
	EXPECT_EQ(0, records(self->fd, &record, 1));
}

TEST_F(heap, what_a_finalizable_object_reaches_is_there_too)
{
	struct kgc_final_record record;
	__u64 object, chain, found;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 500, &chain));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	ASSERT_EQ(0, kgc_store(self->fd, object, NODE_RIGHT, chain));
	ASSERT_EQ(0, kgc_finalize(self->fd, object, 1));
	ASSERT_EQ(0, kgc_drop(self->fd, chain));
	ASSERT_EQ(0, kgc_drop(self->fd, object));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(501, stats_of(self->fd).heap_objects);
	ASSERT_EQ(1, records(self->fd, &record, 1));
	ASSERT_EQ(0, kgc_load(self->fd, record.handle, NODE_RIGHT, &found));
	EXPECT_EQ(0, chain_check(self->fd, found, 500));
}

TEST_F(heap, storing_brings_it_back_and_it_does_not_fire_again)
{
	struct kgc_final_record record;
	__u64 holder, object;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &holder));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	ASSERT_EQ(0, kgc_finalize(self->fd, object, 5));
	ASSERT_EQ(0, kgc_drop(self->fd, object));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(1, records(self->fd, &record, 1));
	ASSERT_EQ(0, kgc_store(self->fd, holder, NODE_LEFT, record.handle));
	ASSERT_EQ(0, kgc_drop(self->fd, record.handle));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(2, stats_of(self->fd).heap_objects);
	ASSERT_EQ(0, kgc_store(self->fd, holder, NODE_LEFT, 0));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(1, stats_of(self->fd).heap_objects);
	EXPECT_EQ(0, records(self->fd, &record, 1));
}

TEST_F(heap, each_of_many_is_reported_exactly_once)
{
	enum { NR = 1000 };
	static struct kgc_final_record got[NR + 1];
	static bool seen[NR];
	int nr = 0;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	for (int i = 0; i < NR; i++) {
		__u64 object;

		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
		ASSERT_EQ(0, kgc_store(self->fd, object, NODE_LEFT, object));
		ASSERT_EQ(0, kgc_finalize(self->fd, object, i));
		ASSERT_EQ(0, kgc_drop(self->fd, object));
		if (i % 100 == 0)
			ASSERT_EQ(0, kgc_collect(self->fd, 1, 0, NULL));
	}
	ASSERT_EQ(0, collect_all(self->fd));
	for (;;) {
		int more = records(self->fd, got + nr, 7);

		ASSERT_GE(more, 0);
		if (!more)
			break;
		nr += more;
		ASSERT_LE(nr, NR);
	}
	EXPECT_EQ(NR, nr);
	for (int i = 0; i < nr; i++) {
		ASSERT_LT(got[i].cookie, NR);
		EXPECT_FALSE(seen[got[i].cookie]);
		seen[got[i].cookie] = true;
		ASSERT_EQ(0, kgc_drop(self->fd, got[i].handle));
	}
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
}

TEST_F(heap, a_read_shorter_than_a_record_is_einval)
{
	char byte[sizeof(struct kgc_final_record) - 1];

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-1, read(self->fd, byte, sizeof(byte)));
	EXPECT_EQ(EINVAL, errno);
}

/* Make @nr dead objects, each with its number as the finalizer's cookie. */
static int dead_objects(int heap, int node, int nr)
{
	__u64 object;
	int err = 0;

	for (int i = 0; i < nr && !err; i++) {
		err = kgc_alloc(heap, node, 0, &object);
		err = err ? err : kgc_finalize(heap, object, i);
		err = err ? err : kgc_drop(heap, object);
	}
	return err ? err : collect_all(heap);
}

/* readv() fills its buffers as if they were one; a record may be split anywhere. */
TEST_F(heap, records_are_split_between_buffers)
{
	struct kgc_final_record got[3] = { 0 };
	struct iovec pieces[] = {
		{ (char *)got, 7 }, { (char *)got + 7, 9 }, { (char *)got + 16, 1 },
		{ (char *)got + 17, 14 }, { (char *)got + 31, 16 },
	};

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, dead_objects(self->fd, self->node, 3));
	EXPECT_EQ(-1, readv(self->fd, pieces, 1));
	EXPECT_EQ(EINVAL, errno);
	/* 47 bytes are two records */
	EXPECT_EQ(32, readv(self->fd, pieces, 5));
	EXPECT_EQ(1, got[0].cookie + got[1].cookie);
	EXPECT_EQ(0, kgc_drop(self->fd, got[0].handle));
	EXPECT_EQ(0, kgc_drop(self->fd, got[1].handle));
	/* a record that is copied only in part stays to be read */
	pieces[1].iov_base = (void *)16;
	EXPECT_EQ(-1, readv(self->fd, pieces, 2));
	EXPECT_EQ(EFAULT, errno);
	EXPECT_EQ(1, records(self->fd, got, 3));
	EXPECT_EQ(2, got[0].cookie);
}

/* A finalizer can be cancelled until its object has been found dead. */
TEST_F(heap, a_cancelled_finalizer_is_not_reported)
{
	struct kgc_final_record record;
	__u64 objects[2], cookie = 0;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &objects[i]));
		ASSERT_EQ(0, kgc_finalize(self->fd, objects[i], 70 + i));
	}
	EXPECT_EQ(0, kgc_finalize_cancel(self->fd, objects[0], &cookie));
	EXPECT_EQ(70, cookie);
	EXPECT_EQ(-ENOENT, kgc_finalize_cancel(self->fd, objects[0], NULL));
	ASSERT_EQ(0, kgc_drop(self->fd, objects[0]));
	ASSERT_EQ(0, kgc_drop(self->fd, objects[1]));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(1, records(self->fd, &record, 1));
	EXPECT_EQ(71, record.cookie);
	EXPECT_EQ(1, stats_of(self->fd).heap_objects);
	EXPECT_EQ(-ENOENT, kgc_finalize_cancel(self->fd, record.handle, NULL));
	/* the object can be given another finalizer */
	EXPECT_EQ(0, kgc_finalize(self->fd, record.handle, 72));
	EXPECT_EQ(0, kgc_finalize_cancel(self->fd, record.handle, NULL));
	ASSERT_EQ(0, kgc_drop(self->fd, record.handle));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
	EXPECT_EQ(0, records(self->fd, &record, 1));
}

static int read_late(int heap, int nr)
{
	struct kgc_final_record record;

	usleep(300000);
	for (int i = 0; i < nr; i++)
		if (kgc_final_read(heap, &record, 1) != 1)
			return 1;
	return 0;
}

TEST_F(heap, a_collection_waits_until_records_are_read)
{
	struct kgc_final_record record;
	int status;
	pid_t pid;

	EXPECT_EQ(-EINVAL, kgc_collect(self->fd, 1, KGC_COLLECT_FINALIZERS, NULL));
	/* there is nothing to be read */
	EXPECT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT | KGC_COLLECT_FINALIZERS,
				 NULL));
	ASSERT_EQ(0, dead_objects(self->fd, self->node, 20));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(read_late(self->fd, 20));
	EXPECT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT | KGC_COLLECT_FINALIZERS,
				 NULL));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, kgc_final_read(self->fd, &record, 1));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

static void on_alarm(int number)
{
}

TEST_F(heap, a_signal_ends_the_wait_for_records)
{
	const struct itimerval every_second = { .it_interval.tv_sec = 1, .it_value.tv_sec = 1 };
	const struct itimerval never = { 0 };
	struct sigaction act = { .sa_handler = on_alarm };
	struct kgc_final_record record[2];

	ASSERT_EQ(0, dead_objects(self->fd, self->node, 1));
	ASSERT_EQ(0, sigaction(SIGALRM, &act, NULL));
	/* again and again: on a slow machine the first may come before the wait */
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &every_second, NULL));
	EXPECT_EQ(-EINTR, kgc_collect(self->fd, 1,
				      KGC_COLLECT_WAIT | KGC_COLLECT_FINALIZERS, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &never, NULL));
	EXPECT_EQ(1, kgc_final_read(self->fd, record, 2));
}

TEST_F(heap, unread_records_go_with_the_heap)
{
	__u64 object;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
		ASSERT_EQ(0, kgc_finalize(self->fd, object, i));
		ASSERT_EQ(0, kgc_drop(self->fd, object));
	}
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, kgc_close(self->fd));
	self->fd = kgc_open();
	EXPECT_GE(self->fd, 0);
}

/* A record wakes a reader that waits, and so does a signal. */
TEST_F(heap, a_reader_waits_for_a_record)
{
	struct kgc_final_record record;
	__u64 object;
	int status;
	pid_t pid;

	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	ASSERT_EQ(0, kgc_finalize(self->fd, object, 5));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(kgc_final_read(self->fd, &record, 1) == 1 ?
		      record.cookie : 100);
	usleep(100000);
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	ASSERT_EQ(0, kgc_drop(self->fd, object));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(5, WEXITSTATUS(status));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		kgc_final_read(self->fd, &record, 1);
		_exit(0);
	}
	usleep(100000);
	EXPECT_EQ(0, waitpid(pid, &status, WNOHANG));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
}

/* A record stays until it was copied to a reader. */
TEST_F(heap, a_record_that_cannot_be_written_stays)
{
	size_t page = getpagesize();
	struct kgc_final_record record;
	__u64 objects[2];
	char *at;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	at = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE,
		  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)at);
	ASSERT_EQ(0, mprotect(at + page, page, PROT_NONE));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &objects[i]));
		ASSERT_EQ(0, kgc_finalize(self->fd, objects[i], 1 + i));
		ASSERT_EQ(0, kgc_drop(self->fd, objects[i]));
	}
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(-1, read(self->fd, at + page, 2 * sizeof(record)));
	EXPECT_EQ(EFAULT, errno);
	/* the buffer has room for one record: the other one stays */
	EXPECT_EQ(sizeof(record), read(self->fd, at + page - sizeof(record),
				       2 * sizeof(record)));
	EXPECT_EQ(1, records(self->fd, &record, 1));
	EXPECT_EQ(3, record.cookie +
		  ((struct kgc_final_record *)(at + page))[-1].cookie);
	EXPECT_EQ(0, records(self->fd, &record, 1));
}

/* Tiny objects share a block and die with it, so kgc does not see a single one die. */
TEST_F(heap, a_tiny_object_has_no_finalizer)
{
	int tiny = kgc_type_register(self->fd, "tiny", 4, KGC_TYPE_NOSCAN, NULL, 0);
	__u64 object;

	ASSERT_GT(tiny, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, tiny, 0, &object));
	EXPECT_EQ(-EINVAL, kgc_finalize(self->fd, object, 1));
	ASSERT_EQ(0, kgc_drop(self->fd, object));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
}

/* While finalizers are pending the tracer checks less, but must report no error. */
TEST_F(heap, a_traced_heap_with_finalizers)
{
	struct kgc_final_record record;
	__u64 object, verify;

	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	ASSERT_EQ(0, kgc_finalize(self->fd, object, 9));
	for (int i = 0; i < 6; i++) {
		/* the tracer must also be right after a cycle in which it was off */
		verify = i == 2 ? 0 : 2;
		ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_VERIFY, verify));
		if (i == 4)
			ASSERT_EQ(0, kgc_drop(self->fd, object));
		ASSERT_EQ(0, collect_all(self->fd));
	}
	EXPECT_EQ(0, verify_errors(self->info.heap_id));
	ASSERT_EQ(1, records(self->fd, &record, 1));
	EXPECT_EQ(9, record.cookie);
	ASSERT_EQ(0, kgc_drop(self->fd, record.handle));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
	EXPECT_EQ(0, verify_errors(self->info.heap_id));
}

TEST_HARNESS_MAIN
