// SPDX-License-Identifier: GPL-2.0
/*
 * Memory comes from the node of the CPU that allocates, each node has its own
 * page heap and central lists.
 *
 * kselftest-timeout: 60
 */
#include <sched.h>

#include "chain.h"
#include "debugfs_files.h"
#include "heap.h"

#define MOST_NODES	8

/* The first CPU of a node, or -1. */
static int cpu_of(int node)
{
	char path[80], list[256] = "";
	int cpu = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/cpulist", node);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (!fgets(list, sizeof(list), f) || sscanf(list, "%d", &cpu) != 1)
		cpu = -1;
	fclose(f);
	return cpu;
}

static bool run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	return !sched_setaffinity(0, sizeof(set), &set);
}

/* In use on a node, and searches of its page heap. */
static bool node_counters(int heap, int node, unsigned long long *inuse,
			  unsigned long long *searches)
{
	char *text = debugfs_text(heap, "pageheap"), *line = text;
	unsigned long long arenas, sys;
	bool found = false;
	int number;

	while (text && !found && (line = strchr(line, '\n')) && *++line)
		found = sscanf(line, "%d %llu %llu %llu %llu", &number, &arenas,
			       &sys, inuse, searches) == 5 && number == node;
	free(text);
	return found;
}

TEST_F(heap, allocation_is_local_to_the_node)
{
	unsigned long long inuse, searches, before[MOST_NODES], chains = 0;
	__u64 roots[MOST_NODES];
	int cpu[MOST_NODES], nodes = 0;

	for (int node = 0; node < MOST_NODES; node++) {
		cpu[node] = cpu_of(node);
		nodes += cpu[node] >= 0;
	}
	if (nodes < 2)
		SKIP(return, "%d NUMA nodes with processors", nodes);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	for (int node = 0; node < MOST_NODES; node++) {
		if (cpu[node] < 0)
			continue;
		for (int other = 0; other < MOST_NODES; other++)
			if (cpu[other] >= 0) {
				ASSERT_TRUE(node_counters(self->info.heap_id, other,
							  &before[other], &searches));
			}
		EXPECT_EQ(0, before[node]);
		ASSERT_TRUE(run_on(cpu[node]));
		ASSERT_EQ(0, chain_build(self->fd, self->node, 20000,
					 &roots[chains]));
		for (int other = 0; other < MOST_NODES; other++) {
			if (cpu[other] < 0)
				continue;
			ASSERT_TRUE(node_counters(self->info.heap_id, other,
						  &inuse, &searches));
			if (other == node) {
				EXPECT_GE(inuse, 20000 * NODE_SIZE);
			} else {
				EXPECT_EQ(before[other], inuse);
			}
		}
		/* from here, where it is far away, it reads the same */
		EXPECT_EQ(0, chain_check(self->fd, roots[chains++], 20000));
	}
	EXPECT_EQ(chains * 20000, stats_of(self->fd).heap_objects);
	/* the lists of every node are swept */
	ASSERT_EQ(0, kgc_drop_many(self->fd, roots, chains, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
	ASSERT_EQ(0, kgc_scavenge(self->fd, NULL));
	EXPECT_EQ(0, stats_of(self->fd).heap_sys);
}

TEST_HARNESS_MAIN
