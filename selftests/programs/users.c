// SPDX-License-Identifier: GPL-2.0
/*
 * A user may have max_user_heaps heaps, however many processes open them. Root of a user
 * namespace has no rights here. An open debugfs file keeps the module loaded.
 *
 * kselftest-timeout: 60
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "debugfs_files.h"
#include "files.h"
#include "heap.h"

#define LIMIT		"/sys/module/kgc/parameters/max_user_heaps"
#define MOST		8
#define SOME_USER	60001
#define OTHER_USER	60002

FIXTURE(users) {
	long long limit;
};

static int put_limit(long long heaps)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", heaps);
	return put_file(LIMIT, text);
}

FIXTURE_SETUP(users)
{
	self->limit = number_in(LIMIT);
	ASSERT_GT(self->limit, 0);
	ASSERT_EQ(0, put_limit(MOST));
	ASSERT_EQ(0, chmod(KGC_DEVICE, 0666));
}

FIXTURE_TEARDOWN(users)
{
	EXPECT_EQ(0, put_limit(self->limit));
	EXPECT_EQ(0, chmod(KGC_DEVICE, 0600));
}

/* A process of a user, and its last answer. */
struct visitor {
	pid_t pid;
	int go, done;		/* pipes: a byte each */
	int opened, error;	/* heaps it has open, and the errno of the next */
};

/* Open heaps until one is refused. On an order, close one and open more again. */
static void visit(uid_t uid, int answers, int orders)
{
	int result[2] = { 0, 0 }, heap = 0, last = -1;
	char order;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (uid && (setresgid(uid, uid, uid) || setresuid(uid, uid, uid)))
		_exit(1);
	do {
		while (result[0] < 4 * MOST && (heap = kgc_open()) >= 0) {
			last = heap;
			result[0]++;
		}
		result[1] = heap < 0 ? -heap : 0;
		if (write(answers, result, sizeof(result)) != sizeof(result) ||
		    read(orders, &order, 1) != 1)
			_exit(0);
		/* close one; the loop then opens as many as allowed again */
		kgc_close(last);
		result[0]--;
	} while (order == 'c');
	_exit(0);
}

static bool answer_of(struct visitor *v)
{
	int result[2];

	if (read(v->done, result, sizeof(result)) != sizeof(result))
		return false;
	v->opened = result[0];
	v->error = result[1];
	return true;
}

static struct visitor visitor_of(uid_t uid)
{
	struct visitor v = { .opened = -1 };
	int orders[2], answers[2];

	if (pipe(orders) || pipe(answers))
		return v;
	v.pid = fork();
	if (!v.pid) {
		close(orders[1]);
		close(answers[0]);
		visit(uid, answers[1], orders[0]);
	}
	close(orders[0]);
	close(answers[1]);
	v.go = orders[1];
	v.done = answers[0];
	answer_of(&v);
	return v;
}

static void send_home(struct visitor *v)
{
	/* closing the pipe does not end it: a later visitor may hold our end too */
	kill(v->pid, SIGKILL);
	close(v->go);
	close(v->done);
	waitpid(v->pid, NULL, 0);
}

TEST_F(users, each_has_so_many_heaps_and_emfile_beyond)
{
	struct visitor first, second, other, root;

	first = visitor_of(SOME_USER);
	EXPECT_EQ(MOST, first.opened);
	EXPECT_EQ(EMFILE, first.error);
	/* another process of that user gets no heap; another user gets all of its own */
	second = visitor_of(SOME_USER);
	EXPECT_EQ(0, second.opened);
	EXPECT_EQ(EMFILE, second.error);
	other = visitor_of(OTHER_USER);
	EXPECT_EQ(MOST, other.opened);
	send_home(&second);
	send_home(&other);

	/* after one was closed, one can be opened */
	ASSERT_EQ(1, write(first.go, "c", 1));
	ASSERT_TRUE(answer_of(&first));
	EXPECT_EQ(MOST, first.opened);
	send_home(&first);

	/* after all were closed, all can be opened again */
	first = visitor_of(SOME_USER);
	EXPECT_EQ(MOST, first.opened);
	send_home(&first);

	root = visitor_of(0);
	EXPECT_EQ(4 * MOST, root.opened);
	EXPECT_EQ(0, root.error);
	send_home(&root);
}

/* Make privileged calls as root of a namespace. Return: exit status, 0 if all fail. */
static int try_as_root_of_a_namespace(int heap)
{
	struct kgc_type_register reg = {
		.size = sizeof(reg),
		.flags = KGC_TYPE_CONSERVATIVE,
		.object_size = 64,
		.name = (uintptr_t)"words",
	};

	if (kgc_option_set(heap, KGC_OPT_VERIFY, 2) != -EPERM)
		return 2;
	if (!ioctl(heap, KGC_TYPE_REGISTER, &reg) || errno != EPERM)
		return 3;
	/* an unprivileged call works */
	if (kgc_collect(heap, 1, KGC_COLLECT_WAIT, NULL))
		return 4;
	return access(DEBUGFS_KGC "/stats", R_OK) ? 0 : 5;
}

TEST_F(heap, root_of_a_user_namespace_is_no_root_here)
{
	int status;
	pid_t pid;

	if (access("/proc/self/ns/user", F_OK))
		SKIP(return, "this kernel has no user namespaces");
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		/* an unprivileged user becomes root in a namespace of its own */
		if (setresgid(SOME_USER, SOME_USER, SOME_USER) ||
		    setresuid(SOME_USER, SOME_USER, SOME_USER))
			_exit(1);
		if (unshare(CLONE_NEWUSER))
			_exit(6);
		/* the change of uid gave this process's files in /proc to root */
		prctl(PR_SET_DUMPABLE, 1);
		if (put_file("/proc/self/setgroups", "deny"))
			_exit(7);
		if (put_file("/proc/self/uid_map", "0 60001 1"))
			_exit(8);
		if (getuid())
			_exit(9);
		_exit(try_as_root_of_a_namespace(self->fd));
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
}

TEST(a_file_of_debugfs_that_is_open_keeps_the_module)
{
	int file = open(DEBUGFS_KGC "/stats", O_RDONLY | O_CLOEXEC);
	char byte;

	ASSERT_GE(file, 0);
	ASSERT_EQ(-1, syscall(SYS_delete_module, "kgc", O_NONBLOCK));
	if (errno == ENOSYS || errno == EPERM) {
		close(file);
		SKIP(return, "this kernel cannot unload modules");
	}
	EXPECT_EQ(EWOULDBLOCK, errno);
	EXPECT_EQ(1, read(file, &byte, 1));
	close(file);
}

TEST_HARNESS_MAIN
