// SPDX-License-Identifier: GPL-2.0
/*
 * A heap is charged to the memory cgroup that its opener was in, for its tables
 * as well as for its objects, wherever the opener is by now. alloc_memcg.sh
 * has what happens at the cgroup's limit.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "cgroups.h"

/* A heap of the cgroup OWNER, with a type of 16 bytes and an object of it. */
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
	/* more than the slack in any case */
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
	/* 16 bytes each */
	for (int i = 0; i < handles; i++)
		ASSERT_EQ(0, kgc_dup(heap, object, &handle));
	for (int i = 0; i < handles; i++)
		ASSERT_EQ(0, kgc_weak_create(heap, object, &handle));
	/* and some 100 */
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

/* Whoever is in the cgroup, and has done nothing. */
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

TEST_F(cgroups, at_the_limit_tables_are_refused_and_nobody_is_killed)
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

	/* objects to begin with: less than one of their arenas is left then */
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
		TH_LOG("somebody else was killed");
	}
	kill(victim, SIGKILL);
	waitpid(victim, &status, 0);
	EXPECT_EQ(0, kgc_close(heap));
}

TEST_HARNESS_MAIN
