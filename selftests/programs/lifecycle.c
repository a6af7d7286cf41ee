// SPDX-License-Identifier: GPL-2.0
/*
 * A heap ends with its last descriptor: by close(), a kill, or the end of a socket that
 * carries it. It leaves no page and no thread behind. The module cannot be unloaded
 * while a heap is open.
 *
 * kselftest-timeout: 120
 */
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "chain.h"
#include "debugfs_files.h"
#include "files.h"
#include "heap.h"
#include "random.h"

/* What the module as a whole holds. */
struct footprint {
	__u64 heaps, sys;
	int threads;
};

static struct footprint footprint(void)
{
	struct footprint f = { ~0ULL, ~0ULL, kgc_threads() };
	char *text = debugfs_text(MODULE_WIDE, "stats");

	if (!text || debugfs_find(text, "Heaps", &f.heaps) ||
	    debugfs_find(text, "HeapSys", &f.sys))
		fprintf(stderr, "# %s/stats has no Heaps or HeapSys\n",
			DEBUGFS_KGC);
	free(text);
	return f;
}

/* Wait until the footprint is @goal: teardown may go on after close() returned. */
static struct footprint settled_footprint(const struct footprint *goal)
{
	struct footprint f;

	comes_true((f = footprint(), f.heaps == goal->heaps && f.sys == goal->sys &&
		    f.threads == goal->threads));
	return f;
}

static void leaves_nothing(struct __test_metadata *_metadata,
			   const struct footprint *before)
{
	struct footprint after = settled_footprint(before);

	ASSERT_NE(~0ULL, before->heaps);
	EXPECT_EQ(before->heaps, after.heaps);
	EXPECT_EQ(before->sys, after.sys);
	EXPECT_EQ(before->threads, after.threads);
}

/* Run batches and collections on a heap of its own, without end. */
static void busy_until_killed(int kind)
{
	int heap = kgc_open(), node;
	__u64 root;

	if (heap < 0)
		_exit(1);
	node = register_node(heap);
	if (node < 0 || chain_build(heap, node, 20000, &root))
		_exit(2);
	for (;;) {
		int err = 0;

		switch (kind) {
		case 0:
			err = chain_build(heap, node, 5000, &root);
			break;
		case 1:
			err = kgc_collect(heap, 2, KGC_COLLECT_WAIT, NULL);
			break;
		case 2:
			err = chain_build(heap, node, 2000, &root) ?:
			      kgc_collect(heap, 1, 0, NULL) ?:
			      chain_check(heap, root, 2000);
			break;
		}
		if (err && err != -ENOMEM)
			_exit(3);
	}
}

TEST(a_process_killed_at_any_moment_leaves_nothing)
{
	struct random random = random_from(random_seed());
	struct footprint before = footprint();
	int status;

	for (int round = 0; round < scaled(18); round++) {
		pid_t pid = fork();

		ASSERT_GE(pid, 0);
		if (!pid)
			busy_until_killed(round % 3);
		usleep(1000 + random_below(&random, 150000));
		ASSERT_EQ(0, kill(pid, SIGKILL));
		ASSERT_EQ(pid, waitpid(pid, &status, 0));
		ASSERT_TRUE(WIFSIGNALED(status)) {
			TH_LOG("round %d: it ended by itself with %d", round,
			       WEXITSTATUS(status));
		}
	}
	leaves_nothing(_metadata, &before);
}

TEST(opening_and_closing_again_and_again_leaves_nothing)
{
	struct footprint before = footprint();

	for (int i = 0; i < scaled(100); i++) {
		int heap = kgc_open(), node;
		__u64 root;

		ASSERT_GE(heap, 0);
		if (i % 3) {
			node = register_node(heap);
			ASSERT_EQ(0, chain_build(heap, node, 500, &root));
		}
		if (i % 3 == 2)
			ASSERT_EQ(0, kgc_collect(heap, 1, 0, NULL));
		ASSERT_EQ(0, kgc_close(heap));
	}
	leaves_nothing(_metadata, &before);
}

TEST(many_heaps_at_once)
{
	enum { NR = 64 };
	struct footprint before = footprint();
	int heaps[NR];
	__u32 ids[NR];
	__u64 roots[NR];

	for (int i = 0; i < NR; i++) {
		struct kgc_info info;

		heaps[i] = kgc_open();
		ASSERT_GE(heaps[i], 0);
		ASSERT_EQ(0, kgc_info(heaps[i], &info));
		ids[i] = info.heap_id;
		for (int j = 0; j < i; j++)
			ASSERT_NE(ids[j], ids[i]);
		ASSERT_EQ(0, chain_build(heaps[i], register_node(heaps[i]),
					 10 * i + 1, &roots[i]));
	}
	EXPECT_EQ(before.heaps + NR, footprint().heaps);
	for (int i = 0; i < NR; i++)
		ASSERT_EQ(0, kgc_collect(heaps[i], 1, 0, NULL));
	for (int i = 0; i < NR; i++)
		EXPECT_EQ(0, chain_check(heaps[i], roots[i], 10 * i + 1));
	for (int i = 0; i < NR; i++)
		ASSERT_EQ(0, kgc_close(heaps[i]));
	leaves_nothing(_metadata, &before);
}

TEST_F(heap, a_duplicate_descriptor_keeps_the_heap)
{
	int copy = dup(self->fd);
	__u64 root;

	ASSERT_GE(copy, 0);
	ASSERT_EQ(0, chain_build(self->fd, self->node, 100, &root));
	ASSERT_EQ(0, kgc_close(self->fd));
	EXPECT_EQ(0, chain_check(copy, root, 100));
	self->fd = copy;
}

TEST_F(heap, a_forked_child_works_on_the_same_heap)
{
	__u64 root, *left_by_child;
	int status;
	pid_t pid;

	left_by_child = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_EQ(0, chain_build(self->fd, self->node, 100, &root));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid)
		_exit(chain_check(self->fd, root, 100) ||
		      chain_build(self->fd, self->node, 50, left_by_child) ||
		      kgc_close(self->fd));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	/* The heap outlives the child, and so do the child's handles. */
	EXPECT_EQ(0, chain_check(self->fd, *left_by_child, 50));
	EXPECT_EQ(2, stats_of(self->fd).handles);
}

/* Send the descriptor @fd over @socket. Return: 0 or -errno. */
static int send_fd(int socket, int fd)
{
	char byte = 0, control[CMSG_SPACE(sizeof(fd))] = { 0 };
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, 0) < 0 ? -errno : 0;
}

static int receive_fd(int socket)
{
	char byte, control[CMSG_SPACE(sizeof(int))];
	struct iovec iov = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &iov, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control) };
	int fd;

	if (recvmsg(socket, &message, 0) < 0 || !CMSG_FIRSTHDR(&message))
		return -errno;
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

TEST_F(heap, a_descriptor_in_a_socket_keeps_the_heap)
{
	struct footprint before;
	int sockets[2], err;
	__u64 root;

	err = socketpair(AF_UNIX, SOCK_STREAM, 0, sockets);
	if (err && errno == EAFNOSUPPORT)
		SKIP(return, "this kernel has no AF_UNIX");
	ASSERT_EQ(0, err);
	ASSERT_EQ(0, chain_build(self->fd, self->node, 100, &root));
	ASSERT_EQ(0, send_fd(sockets[0], self->fd));
	/* Meanwhile only the message refers to the heap. */
	ASSERT_EQ(0, kgc_close(self->fd));
	self->fd = receive_fd(sockets[1]);
	ASSERT_GE(self->fd, 0);
	EXPECT_EQ(0, chain_check(self->fd, root, 100));

	/* Closing the socket drops an unread message, and with it the heap. */
	before = footprint();
	ASSERT_EQ(0, send_fd(sockets[0], self->fd));
	ASSERT_EQ(0, kgc_close(self->fd));
	EXPECT_EQ(before.heaps, footprint().heaps);
	close(sockets[0]);
	close(sockets[1]);
	before.heaps--;
	EXPECT_TRUE(comes_true(footprint().heaps == before.heaps));
}

struct race {
	int heap, node;
	int error;
};

static void *batches_until_closed(void *argument)
{
	struct race *race = argument;
	__u64 root;

	do {
		race->error = chain_build(race->heap, race->node, 1000, &root);
		if (!race->error)
			race->error = kgc_collect(race->heap, 1,
						  KGC_COLLECT_WAIT, NULL);
	} while (!race->error || race->error == -ENOMEM);
	return NULL;
}

TEST(close_races_with_calls_in_other_threads)
{
	struct footprint before = footprint();

	for (int round = 0; round < scaled(15); round++) {
		struct race race = { .heap = kgc_open() };
		pthread_t threads[3];

		ASSERT_GE(race.heap, 0);
		race.node = register_node(race.heap);
		struct race races[3] = { race, race, race };

		for (int i = 0; i < 3; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL,
						    batches_until_closed,
						    &races[i]));
		usleep(1000 * (round * 7 % 40));
		ASSERT_EQ(0, kgc_close(race.heap));
		for (int i = 0; i < 3; i++) {
			ASSERT_EQ(0, pthread_join(threads[i], NULL));
			EXPECT_EQ(-EBADF, races[i].error);
		}
	}
	leaves_nothing(_metadata, &before);
}

/* The path of the module file, or NULL if it cannot be read. */
static const char *module_file(void)
{
	const char *path = getenv("KGC_MODULE");

	if (!path)
		path = "kgc.ko";
	return access(path, R_OK) ? NULL : path;
}

TEST(the_module_stays_while_a_heap_is_open)
{
	int heap = kgc_open();

	ASSERT_GE(heap, 0);
	ASSERT_EQ(-1, syscall(SYS_delete_module, "kgc", O_NONBLOCK));
	if (errno == ENOSYS || errno == EPERM)
		SKIP(return, "this kernel cannot unload modules");
	EXPECT_EQ(EWOULDBLOCK, errno);
	EXPECT_EQ(0, kgc_stats(heap, &(struct kgc_stats){ 0 }));
	kgc_close(heap);
}

/* Return: the open file of the module that was unloaded; -errno, -ENOENT without a file. */
static int unload(void)
{
	const char *path = module_file();
	int module, err = 0;

	if (!path)
		return -ENOENT;
	comes_true(!footprint().heaps);
	module = open(path, O_RDONLY | O_CLOEXEC);
	if (module < 0 || syscall(SYS_delete_module, "kgc", O_NONBLOCK))
		err = -errno;
	if (err)
		close(module);
	return err ?: module;
}

TEST(the_module_goes_while_its_trace_points_are_enabled)
{
	int heap, module;
	char on = '?';
	FILE *file;

	if (put_trace_point(".", 1))
		SKIP(return, "no trace points of kgc in this kernel");
	heap = kgc_open();
	ASSERT_GE(heap, 0);
	EXPECT_EQ(0, kgc_collect(heap, 1, KGC_COLLECT_WAIT, NULL));
	EXPECT_EQ(0, kgc_close(heap));
	module = unload();
	if (module == -ENOSYS || module == -ENOENT) {
		put_trace_point(".", 0);
		SKIP(return, "no kgc.ko to put back, or no unloading of modules");
	}
	ASSERT_GE(module, 0);
	EXPECT_NE(0, access(TRACING "events/kgc", F_OK));
	ASSERT_EQ(0, syscall(SYS_finit_module, module, "", 0));
	close(module);
	file = fopen(TRACING "events/kgc/enable", "r");
	ASSERT_NE(NULL, file);
	EXPECT_EQ(1, fread(&on, 1, 1, file));
	EXPECT_EQ('0', on);
	fclose(file);
}

TEST(the_module_goes_when_no_heap_is_open_and_takes_everything_with_it)
{
	int module = unload();

	if (module == -ENOENT)
		SKIP(return, "no kgc.ko to put back: set KGC_MODULE");
	if (module == -ENOSYS)
		SKIP(return, "this kernel cannot unload modules");
	ASSERT_GE(module, 0);
	EXPECT_NE(0, access(KGC_DEVICE, F_OK));
	EXPECT_NE(0, access(DEBUGFS_KGC, F_OK));
	EXPECT_EQ(0, kgc_threads());
	ASSERT_EQ(0, syscall(SYS_finit_module, module, "", 0));
	close(module);
	module = kgc_open();
	EXPECT_GE(module, 0);
	EXPECT_EQ(0, kgc_close(module));
}

TEST_HARNESS_MAIN
