// SPDX-License-Identifier: GPL-2.0
/*
 * KGC_HEAPS: a user sees number, name and counters of the heaps that it opened, and of no
 * others; root sees all heaps. The list is right while heaps come and go.
 */
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "heap.h"

#define MOST	1000
#define USER	1000
#define OTHER	1001

static struct kgc_heap_entry entry[MOST];

/* List the heaps that the caller sees, @at_a_time per call. Return: number, or -errno. */
static int list(int fd, __u32 at_a_time)
{
	__u32 after = 0;
	int n = 0, nr;

	do {
		nr = kgc_heaps(fd, after, entry + n, at_a_time);
		if (nr < 0)
			return nr;
		n += nr;
		if (n)
			after = entry[n - 1].id;
	} while (nr == at_a_time && n + at_a_time <= MOST);
	return n;
}

static struct kgc_heap_entry *listed(int fd, __u32 id)
{
	int n = list(fd, 64);

	for (int i = 0; i < n; i++)
		if (entry[i].id == id)
			return &entry[i];
	return NULL;
}

static __u32 number_of(int fd)
{
	struct kgc_info info;

	return kgc_info(fd, &info) ? 0 : info.heap_id;
}

FIXTURE(users) {
	int fd;
	__u32 id;
};

FIXTURE_SETUP(users)
{
	ASSERT_EQ(0, chmod(KGC_DEVICE, 0666));
	self->fd = kgc_open();
	ASSERT_GE(self->fd, 0);
	self->id = number_of(self->fd);
}

FIXTURE_TEARDOWN(users)
{
	kgc_close(self->fd);
	chmod(KGC_DEVICE, 0600);
}

/* Checks in a child with another uid: its exit status is made of the line that failed. */
#define NEED(condition) do { if (!(condition)) return __LINE__ % 250 + 1; } while (0)

static int as_user(uid_t uid, int (*run)(__u32 foreign), __u32 foreign)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setresuid(uid, uid, uid))
			_exit(255);
		_exit(run(foreign));
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
	       WEXITSTATUS(status) : -1;
}

TEST_F(users, an_entry_says_what_the_heap_says)
{
	struct kgc_heap_entry *e;
	struct kgc_stats stats;
	char name[KGC_HEAP_NAME_MAX];
	int node = register_node(self->fd);
	__u64 handle;

	ASSERT_GT(node, 0);
	for (int i = 0; i < 100; i++)
		ASSERT_EQ(0, kgc_alloc(self->fd, node, 0, &handle));
	ASSERT_EQ(0, collect_all(self->fd));
	stats = stats_of(self->fd);
	e = listed(self->fd, self->id);
	ASSERT_NE(NULL, e);
	snprintf(name, sizeof(name), "%d/heaps", getpid());
	EXPECT_STREQ(name, e->name);
	EXPECT_EQ(0, e->uid);
	EXPECT_EQ(0, e->flags);
	EXPECT_EQ(0, e->__reserved);
	EXPECT_EQ(100, e->stats.heap_objects);
	/* relative to the heap's age, so it differs between the two calls */
	e->stats.gc_cpu_permille = stats.gc_cpu_permille;
	EXPECT_EQ(0, memcmp(&stats, &e->stats, sizeof(stats)));
}

TEST_F(users, the_list_ascends_and_can_be_had_in_parts)
{
	int fd[20], n;

	for (int i = 0; i < 20; i++) {
		fd[i] = kgc_open();
		ASSERT_GE(fd[i], 0);
	}
	/* numbers are reused: closing the odd heaps makes theirs free */
	for (int i = 1; i < 20; i += 2) {
		kgc_close(fd[i]);
		EXPECT_EQ(NULL, listed(self->fd, number_of(fd[i - 1]) + 1));
		fd[i] = kgc_open();
		ASSERT_GE(fd[i], 0);
	}
	for (__u32 part = 1; part < 23; part += 3) {
		n = list(self->fd, part);
		EXPECT_EQ(21, n);
		for (int i = 1; i < n; i++)
			EXPECT_LT(entry[i - 1].id, entry[i].id);
	}
	EXPECT_EQ(0, kgc_heaps(self->fd, ~0U, entry, 1));
	for (int i = 0; i < 20; i++) {
		EXPECT_NE(NULL, listed(self->fd, number_of(fd[i])));
		kgc_close(fd[i]);
	}
}

static int sees_own_only(__u32 foreign)
{
	int fd = kgc_open(), n;
	__u32 own;

	NEED(fd >= 0);
	n = list(fd, 64);
	NEED(n == 1);
	own = entry[0].id;
	NEED(entry[0].id == number_of(fd) && entry[0].id != foreign);
	NEED(entry[0].uid == getuid());
	/* asking for the number does not show the foreign heap either */
	NEED(kgc_heaps(fd, foreign - 1, entry, 1) == (own > foreign));
	return 0;
}

TEST_F(users, a_user_sees_the_heaps_of_its_own_only)
{
	EXPECT_EQ(0, as_user(USER, sees_own_only, self->id));
	EXPECT_EQ(0, as_user(OTHER, sees_own_only, self->id));
}

/* Fork a process of USER that keeps a heap open until @to is closed. */
static pid_t keep_open(int to[2], __u32 *id)
{
	int said[2];
	pid_t pid;
	char c;

	if (pipe(to) || pipe(said))
		return -1;
	pid = fork();
	if (!pid) {
		int fd;

		close(to[1]);
		if (setresuid(USER, USER, USER))
			_exit(1);
		fd = kgc_open();
		*id = fd < 0 ? 0 : number_of(fd);
		if (write(said[1], id, sizeof(*id)) != sizeof(*id))
			_exit(1);
		_exit(read(to[0], &c, 1) != 0);
	}
	close(said[1]);
	if (read(said[0], id, sizeof(*id)) != sizeof(*id))
		*id = 0;
	close(said[0]);
	return pid;
}

static int sees_foreign(__u32 foreign)
{
	int fd = kgc_open();
	struct kgc_heap_entry *e;

	NEED(fd >= 0);
	e = listed(fd, foreign);
	NEED(e && e->uid == USER && !e->flags);
	return 0;
}

static int does_not_see_foreign(__u32 foreign)
{
	int fd = kgc_open();

	NEED(fd >= 0);
	NEED(!listed(fd, foreign));
	return 0;
}

TEST_F(users, another_process_of_the_user_and_root_see_it)
{
	int to[2], status;
	__u32 id;
	pid_t pid = keep_open(to, &id);

	ASSERT_GT(pid, 0);
	ASSERT_GT(id, 0);
	EXPECT_EQ(0, as_user(0, sees_foreign, id));
	EXPECT_EQ(0, as_user(USER, sees_foreign, id));
	EXPECT_EQ(0, as_user(OTHER, does_not_see_foreign, id));
	close(to[1]);
	waitpid(pid, &status, 0);
	EXPECT_EQ(0, status);
	EXPECT_EQ(NULL, listed(self->fd, id));
}

TEST_F(users, heaps_of_modules_are_for_root)
{
	__u32 id = 0;
	int n;

	if (access("/kgc/kgc_example.ko", R_OK))
		SKIP(return, "no kgc_example.ko");
	ASSERT_EQ(0, system("insmod /kgc/kgc_example.ko"));
	n = list(self->fd, 64);
	for (int i = 0; i < n; i++) {
		if (entry[i].flags & KGC_HEAP_OF_MODULE) {
			id = entry[i].id;
			EXPECT_EQ(0, entry[i].uid);
			EXPECT_NE(NULL, strstr(entry[i].name, "example"));
		}
	}
	EXPECT_NE(0, id);
	EXPECT_EQ(0, as_user(USER, does_not_see_foreign, id));
	EXPECT_EQ(0, system("rmmod kgc_example"));
}

/* ---- user namespaces ------------------------------------------------------- */

#define NO_NAMESPACES	255

static bool enter_namespace(void)
{
	char map[32];
	int fd, n;

	n = snprintf(map, sizeof(map), "0 %u 1", getuid());
	if (unshare(CLONE_NEWUSER))
		return false;
	fd = open("/proc/self/uid_map", O_WRONLY);
	return fd >= 0 && write(fd, map, n) == n && !close(fd);
}

/* Inside of a user namespace, its user does not see heaps that it opened outside. */
static int inside_sees_no_outside(__u32 foreign)
{
	int outer = kgc_open(), inner, to[2], back[2], status;
	__u32 outer_id = number_of(outer), inner_id;
	pid_t pid;
	char c;

	NEED(outer >= 0 && !pipe(to) && !pipe(back));
	pid = fork();
	if (!pid) {
		close(back[1]);
		if (!enter_namespace())
			_exit(NO_NAMESPACES);
		inner = kgc_open();
		inner_id = number_of(inner);
		/* root of the namespace is root only for the heaps of the namespace */
		if (inner < 0 || list(inner, 64) != 1 || entry[0].id != inner_id ||
		    entry[0].uid || write(to[1], &inner_id, 4) != 4)
			_exit(1);
		_exit(read(back[0], &c, 1) != 0);
	}
	close(to[1]);
	close(back[0]);
	if (read(to[0], &inner_id, 4) != 4) {
		waitpid(pid, &status, 0);
		return WEXITSTATUS(status);
	}
	/* the creator of a namespace has all rights in it */
	NEED(listed(outer, inner_id) && listed(outer, outer_id));
	NEED(!listed(outer, foreign));
	close(back[1]);
	NEED(waitpid(pid, &status, 0) == pid && !status);
	return 0;
}

TEST_F(users, a_namespace_of_the_user_is_a_world_of_its_own)
{
	int status = as_user(USER, inside_sees_no_outside, self->id);

	if (status == NO_NAMESPACES)
		SKIP(return, "this kernel has no user namespaces for users");
	EXPECT_EQ(0, status);
}

/* ---- errors ---------------------------------------------------------------- */

static int issue(int fd, struct kgc_heaps *arg)
{
	arg->size = sizeof(*arg);
	return ioctl(fd, KGC_HEAPS, arg) ? -errno : 0;
}

TEST_F(users, an_impossible_size_or_number_is_refused)
{
	const __u32 size = sizeof(*entry);
	struct kgc_heaps no_room = { .entry_size = size, .entries = (uintptr_t)entry };
	struct kgc_heaps done = { .entry_size = size, .nr = 1, .done = 1,
				  .entries = (uintptr_t)entry };
	/* below the first version, which ended before this member */
	const __u32 first = offsetof(struct kgc_heap_entry, stats.gc_waiter_ns);
	struct kgc_heaps small = { .entry_size = first - 1, .nr = 1,
				   .entries = (uintptr_t)entry };
	struct kgc_heaps large = { .entry_size = 4097, .nr = 1,
				   .entries = (uintptr_t)entry };

	EXPECT_EQ(-EINVAL, issue(self->fd, &no_room));
	EXPECT_EQ(-EINVAL, issue(self->fd, &done));
	EXPECT_EQ(-EINVAL, issue(self->fd, &small));
	EXPECT_EQ(-E2BIG, issue(self->fd, &large));
}

TEST_F(users, a_caller_that_knows_a_longer_entry_gets_zeros)
{
	static char room[2][4096];
	struct kgc_heaps arg = { .entry_size = 4096, .nr = 2,
				 .entries = (uintptr_t)room };
	int second = kgc_open();

	ASSERT_GE(second, 0);
	memset(room, 0xee, sizeof(room));
	EXPECT_EQ(0, issue(self->fd, &arg));
	EXPECT_EQ(2, arg.done);
	for (int i = 0; i < 2; i++) {
		memcpy(&entry[i], room[i], sizeof(*entry));
		for (int at = sizeof(*entry); at < 4096; at++)
			ASSERT_EQ(0, room[i][at]);
	}
	EXPECT_EQ(self->id, entry[0].id);
	EXPECT_EQ(number_of(second), entry[1].id);
	kgc_close(second);
}

TEST_F(users, what_stands_before_a_fault_is_told)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *at = pages + 4096 - sizeof(*entry);
	struct kgc_heaps arg = { .entry_size = sizeof(*entry), .nr = 2,
				 .entries = (uintptr_t)at };
	int second = kgc_open();

	ASSERT_GE(second, 0);
	ASSERT_NE(MAP_FAILED, pages);
	munmap(pages + 4096, 4096);
	EXPECT_EQ(-EFAULT, issue(self->fd, &arg));
	EXPECT_EQ(1, arg.done);
	memcpy(entry, at, sizeof(*entry));
	EXPECT_EQ(self->id, entry[0].id);
	arg.done = 0;
	arg.entries = 0xffff888000000000UL;
	EXPECT_EQ(-EFAULT, issue(self->fd, &arg));
	EXPECT_EQ(0, arg.done);
	kgc_close(second);
	munmap(pages, 4096);
}

/* ---- heaps that come and go -------------------------------------------------- */

TEST_F(users, the_list_is_right_while_heaps_come_and_go)
{
	pid_t churn[3];
	int n, fd[4];

	for (int i = 0; i < 3; i++) {
		churn[i] = fork();
		ASSERT_GE(churn[i], 0);
		if (churn[i])
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			for (int j = 0; j < 4; j++)
				fd[j] = kgc_open();
			for (int j = 0; j < 4; j++)
				kgc_close(fd[j]);
		}
	}
	for (int turn = 0; turn < scaled(300); turn++) {
		bool there = false;

		n = list(self->fd, 1 + turn % 5);
		ASSERT_GT(n, 0);
		for (int i = 0; i < n; i++) {
			there |= entry[i].id == self->id;
			EXPECT_TRUE(!i || entry[i - 1].id < entry[i].id);
			EXPECT_EQ(sizeof(struct kgc_stats), entry[i].stats.size);
			EXPECT_LE(entry[i].stats.phase, KGC_PHASE_SETTLE);
			EXPECT_NE(NULL, strstr(entry[i].name, "/heaps"));
		}
		EXPECT_TRUE(there);
	}
	for (int i = 0; i < 3; i++) {
		kill(churn[i], SIGKILL);
		waitpid(churn[i], NULL, 0);
	}
}

static void *read_list(void *arg)
{
	struct kgc_heaps *heaps = arg;

	return (void *)(long)issue(heaps->done, &(struct kgc_heaps){
		.entry_size = sizeof(*entry), .nr = 1, .after = heaps->after,
		.entries = heaps->entries });
}

/* A reader that sleeps in a page fault does not keep a listed heap from closing. */
TEST_F(users, a_copy_that_waits_keeps_no_heap_from_closing)
{
	int uffd = syscall(SYS_userfaultfd, O_CLOEXEC), other = kgc_open();
	struct uffdio_api api = { .api = UFFD_API };
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING,
		.range = { .start = (uintptr_t)page, .len = 4096 } };
	struct uffdio_zeropage zero = { .range = range.range };
	struct kgc_heaps heaps = { .done = self->fd, .entries = (uintptr_t)page };
	struct uffd_msg msg;
	pthread_t reader;
	void *err;

	if (uffd < 0)
		SKIP(return, "this kernel has no userfaultfd");
	ASSERT_GE(other, 0);
	heaps.after = number_of(other) - 1;
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_API, &api));
	ASSERT_EQ(0, ioctl(uffd, UFFDIO_REGISTER, &range));
	ASSERT_EQ(0, pthread_create(&reader, NULL, read_list, &heaps));
	/* the reader now sleeps in the fault, with the entry of @other to be copied */
	ASSERT_EQ(sizeof(msg), read(uffd, &msg, sizeof(msg)));
	EXPECT_EQ(0, kgc_close(other));
	EXPECT_EQ(0, ioctl(uffd, UFFDIO_ZEROPAGE, &zero));
	EXPECT_EQ(0, pthread_join(reader, &err));
	EXPECT_EQ(0, (long)err);
	memcpy(entry, page, sizeof(*entry));
	EXPECT_EQ(heaps.after + 1, entry[0].id);
	close(uffd);
	munmap(page, 4096);
}

TEST_HARNESS_MAIN
