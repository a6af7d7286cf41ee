// SPDX-License-Identifier: GPL-2.0
/*
 * kgc charges a heap's objects and tables to the memory cgroup in which the heap was
 * opened, wherever the opener moves later, and to the parent once that cgroup was
 * removed. The tests compare memory.current. alloc_memcg.sh tests the cgroup's limit.
 *
 * kselftest-timeout: 180
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cgroups.h"

/* Open a heap in the cgroup OWNER, with a type of 16 bytes and an object of it. */
static int open_in_owner(struct __test_metadata *_metadata, int *type,
			 __u64 *object)
{
	int heap;

	ASSERT_EQ(0, put_file(OWNER "/cgroup.procs", "0"));
	heap = kgc_open();
	ASSERT_GE(heap, 0);
	*type = kgc_type_register(heap, NULL, 16, KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(*type, 0);
	ASSERT_EQ(0, kgc_alloc(heap, *type, 0, object));
	return heap;
}

TEST_F(cgroups, tables_are_charged_to_the_owner)
{
	/* enough handles to exceed SLACK, at any scale */
	int handles = scaled(200000) > 60000 ? scaled(200000) : 60000;
	int notes = scaled(20000);
	long long owner, other;
	__u64 object, handle;
	int heap, type;

	NEED_CGROUPS();
	heap = open_in_owner(_metadata, &type, &object);
	ASSERT_EQ(0, put_file(OTHER "/cgroup.procs", "0"));
	owner = number_in(OWNER "/memory.current");
	other = number_in(OTHER "/memory.current");
	ASSERT_GE(owner, 0);
	ASSERT_GE(other, 0);
	/* each handle takes 16 bytes */
	for (int i = 0; i < handles; i++)
		ASSERT_EQ(0, kgc_dup(heap, object, &handle));
	for (int i = 0; i < handles; i++)
		ASSERT_EQ(0, kgc_weak_create(heap, object, &handle));
	/* each finalizer takes about 100 bytes */
	for (int i = 0; i < notes; i++) {
		ASSERT_EQ(0, kgc_alloc(heap, type, 0, &handle));
		ASSERT_EQ(0, kgc_finalize(heap, handle, i));
		ASSERT_EQ(0, kgc_drop(heap, handle));
	}
	for (int i = 0; i < 2000; i++)
		ASSERT_LT(0, kgc_type_register(heap, NULL, 4096, KGC_TYPE_NOSCAN,
					       NULL, 0));
	owner = number_in(OWNER "/memory.current") - owner;
	other = number_in(OTHER "/memory.current") - other;
	printf("# the opener's cgroup holds %lld KiB more, the caller's %lld\n",
	       owner >> 10, other >> 10);
	EXPECT_GT(owner, 2LL * handles * 16 - SLACK);
	EXPECT_LT(other, SLACK);
	EXPECT_EQ(0, kgc_close(heap));
}

/* An innocent process in the caller's cgroup, which the OOM killer would prefer. */
static pid_t bystander(void)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	put_oom_score(1000);
	for (;;)
		pause();
}

TEST_F(cgroups, at_the_limit_tables_are_refused_and_no_process_is_killed)
{
	static __u64 handles[4096];
	__u64 object, handle;
	int heap, type, err, status;
	long long held;
	pid_t victim;
	char text[32];

	NEED_CGROUPS();
	heap = open_in_owner(_metadata, &type, &object);
	victim = bystander();
	ASSERT_GT(victim, 0);
	ASSERT_EQ(0, put_file(OTHER "/cgroup.procs", "0"));
	held = number_in(OWNER "/memory.current");
	ASSERT_GT(held, 0);
	snprintf(text, sizeof(text), "%lld", held + (6 << 20));
	ASSERT_EQ(0, put_file(OWNER "/memory.max", text));

	/* fill up with objects first: less than an arena is left for the tables then */
	do
		err = kgc_alloc_many(heap, type, 0, ARRAY_SIZE(handles), handles,
				     NULL);
	while (err == ARRAY_SIZE(handles));
	EXPECT_EQ(-ENOMEM, err);
	do
		err = kgc_dup(heap, object, &handle);
	while (!err);
	EXPECT_EQ(-ENOMEM, err);
	do
		err = kgc_weak_create(heap, object, &handle);
	while (!err);
	EXPECT_EQ(-ENOMEM, err);
	do
		err = kgc_type_register(heap, NULL, 16, KGC_TYPE_NOSCAN, NULL, 0);
	while (err > 0);
	EXPECT_EQ(-ENOMEM, err);
	EXPECT_EQ(0, waitpid(victim, &status, WNOHANG)) {
		TH_LOG("another process was killed");
	}
	kill(victim, SIGKILL);
	waitpid(victim, &status, 0);
	EXPECT_EQ(0, kgc_close(heap));
}

/* The number behind @name in a cgroup's file, or -1. */
static long long cgroup_stat(const char *path, const char *name)
{
	char line[128], word[64];
	FILE *f = fopen(path, "r");
	long long value = -1, n;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%63s %lld", word, &n) == 2 && !strcmp(word, name))
			value = n;
	if (f)
		fclose(f);
	return value;
}

static long long dying(void)
{
	return cgroup_stat(OWNER "/cgroup.stat", "nr_dying_descendants");
}

/* Wait until @most dying cgroups are left. Reclaim frees the user pages that pin some. */
static long long dying_at_rest(long long most)
{
	long long n = dying();

	for (int i = 0; i < 300 && n > most; i++) {
		put_file(OWNER "/memory.reclaim", "16M");
		usleep(100000);
		n = dying();
	}
	return n;
}

static void cgroup_path(char *path, size_t size, int i, const char *file)
{
	snprintf(path, size, "%s/%d%s", OWNER, i, file);
}

#define CGROUPS	60

/* Make cgroup @i inside of OWNER; open and use a heap in it, unless *@heap is -1. */
static void use_cgroup(struct __test_metadata *_metadata, int i, int *heap)
{
	__u64 object, handle;
	char path[128];
	int type;

	cgroup_path(path, sizeof(path), i, "");
	ASSERT_EQ(0, mkdir(path, 0755));
	cgroup_path(path, sizeof(path), i, "/cgroup.procs");
	ASSERT_EQ(0, put_file(path, "0"));
	if (!*heap) {
		*heap = kgc_open();
		ASSERT_GE(*heap, 0);
	}
	ASSERT_EQ(0, put_file(ROOT "/cgroup.procs", "0"));
	if (*heap < 0)
		return;
	type = kgc_type_register(*heap, NULL, 64, KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(type, 0);
	for (int n = 0; n < 300; n++)
		ASSERT_EQ(0, kgc_alloc(*heap, type, 0, &object));
	ASSERT_EQ(0, kgc_weak_create(*heap, object, &handle));
	ASSERT_EQ(0, kgc_finalize(*heap, object, i));
}

static void remove_cgroup(struct __test_metadata *_metadata, int i)
{
	char path[128];

	cgroup_path(path, sizeof(path), i, "");
	ASSERT_EQ(0, rmdir(path));
}

TEST_F(cgroups, a_heap_pins_no_cgroup_that_was_removed)
{
	static int heaps[CGROUPS], none = -1;
	long long without;

	NEED_CGROUPS();
	ASSERT_EQ(0, put_file(OWNER "/cgroup.subtree_control", "+memory"));
	/* touch the page here: up to 6.12 it pins the cgroup that touches it first */
	memset(heaps, 0, sizeof(heaps));
	/* count the dying cgroups that the test pins without any heap */
	use_cgroup(_metadata, CGROUPS, &none);
	remove_cgroup(_metadata, CGROUPS);
	without = dying_at_rest(0);
	ASSERT_GE(without, 0);
	for (int i = 0; i < CGROUPS; i++)
		use_cgroup(_metadata, i, &heaps[i]);
	for (int i = 0; i < CGROUPS; i++)
		remove_cgroup(_metadata, i);
	EXPECT_EQ(without, dying_at_rest(without));
	/* the heaps still work, and charge the parent */
	for (int i = 0; i < CGROUPS; i++) {
		int type = kgc_type_register(heaps[i], NULL, 64, 0, NULL, 0);
		__u64 object;

		ASSERT_GT(type, 0);
		ASSERT_EQ(0, kgc_alloc(heaps[i], type, 0, &object));
		EXPECT_EQ(0, kgc_close(heaps[i]));
	}
}

/* @heap's objects and tables grow by about 8 MiB. Return: 0 or -errno. */
static int grow(int heap)
{
	int type = kgc_type_register(heap, NULL, 4096, KGC_TYPE_NOSCAN, NULL, 0);
	__u64 handle;
	int err = 0;

	for (int i = 0; i < 2048 && !err; i++)
		err = kgc_alloc(heap, type, 0, &handle);
	return err;
}

/*
 * A task in a container got the descriptor from outside. Its cgroup namespace does not
 * show the owner's cgroup, and kgc charges the owner all the same.
 */
TEST_F(cgroups, a_task_of_another_cgroup_namespace_charges_the_owner)
{
	long long owner, other;
	__u64 object;
	int heap, type, status;

	NEED_CGROUPS();
	heap = open_in_owner(_metadata, &type, &object);
	ASSERT_EQ(0, put_file(OTHER "/cgroup.procs", "0"));
	owner = number_in(OWNER "/memory.current");
	other = number_in(OTHER "/memory.current");
	if (!fork())
		_exit(unshare(CLONE_NEWCGROUP) ? 77 : grow(heap) ? 1 : 0);
	ASSERT_GT(wait(&status), 0);
	ASSERT_TRUE(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		SKIP(return, "no cgroup namespaces");
	EXPECT_EQ(0, WEXITSTATUS(status));
	EXPECT_GT(number_in(OWNER "/memory.current"), owner + (8 << 20) - SLACK);
	EXPECT_LT(number_in(OTHER "/memory.current"), other + SLACK);
	EXPECT_EQ(0, kgc_close(heap));
}

/* The cgroup of the caller is never charged, also while the owner's is being removed. */
TEST_F(cgroups, what_grows_after_the_removal_is_charged_to_the_parent)
{
	long long owner, other;
	int heap;

	NEED_CGROUPS();
	ASSERT_EQ(0, put_file(OWNER "/cgroup.subtree_control", "+memory"));
	ASSERT_EQ(0, mkdir(INNER, 0755));
	ASSERT_EQ(0, put_file(INNER "/cgroup.procs", "0"));
	heap = kgc_open();
	ASSERT_GE(heap, 0);
	ASSERT_EQ(0, put_file(OTHER "/cgroup.procs", "0"));
	ASSERT_EQ(0, rmdir(INNER));
	owner = number_in(OWNER "/memory.current");
	other = number_in(OTHER "/memory.current");
	ASSERT_EQ(0, grow(heap));
	EXPECT_GT(number_in(OWNER "/memory.current"), owner + (8 << 20) - SLACK);
	EXPECT_LT(number_in(OTHER "/memory.current"), other + SLACK);
	EXPECT_EQ(0, kgc_close(heap));
}

TEST_HARNESS_MAIN
