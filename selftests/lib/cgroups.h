/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A fixture of two memory cgroups: heaps are opened in OWNER, and OTHER is the second
 * one. A test may make INNER inside OWNER. A test begins and ends outside of all of
 * them.
 */
#ifndef SELFTESTS_CGROUPS_H
#define SELFTESTS_CGROUPS_H

#include <sys/stat.h>

#include "files.h"
#include "harness.h"

#define ROOT "/sys/fs/cgroup"
#define OWNER ROOT "/kgc-owner"
#define INNER OWNER "/inner"
#define OTHER ROOT "/kgc-other"
/* The kernel charges memory in batches and keeps the rest of a batch per CPU. */
#define SLACK (1LL << 20)

FIXTURE(cgroups)
{
	bool present;
};

/* Must be the first line of a test: the harness runs it even if the setup has skipped. */
#define NEED_CGROUPS()							\
	do {								\
		if (!self->present)					\
			SKIP(return, "no memory cgroups (cgroup v2) in this kernel"); \
	} while (0)

FIXTURE_SETUP(cgroups)
{
	self->present = !put_file(ROOT "/cgroup.subtree_control", "+memory");
	if (!self->present)
		return;
	ASSERT_EQ(0, mkdir(OWNER, 0755));
	ASSERT_EQ(0, mkdir(OTHER, 0755));
}

FIXTURE_TEARDOWN(cgroups)
{
	if (!self->present)
		return;
	put_file(ROOT "/cgroup.procs", "0");
	rmdir(INNER);
	rmdir(OTHER);
	rmdir(OWNER);
}

#endif /* SELFTESTS_CGROUPS_H */
