// SPDX-License-Identifier: GPL-2.0
/*
 * Memory comes from the node of the CPU that allocates: each node has its own page heap
 * and central lists. If a node has no memory left, or never had any, the nearest node
 * with memory gives it. The tests compare "pageheap" with the kernel's meminfo.
 *
 * kselftest-timeout: 120
 */
#include <linux/mempolicy.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "chain.h"
#include "debugfs_files.h"
#include "files.h"
#include "heap.h"

#define MAX_NODES	8

/* Read the first line of one of the node's files; false if there is no such node. */
static bool node_file(int node, const char *name, char line[256])
{
	char path[80];
	FILE *f;
	bool good;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/%s", node, name);
	f = fopen(path, "r");
	if (!f)
		return false;
	good = fgets(line, 256, f);
	fclose(f);
	return good;
}

/* Move to the first CPU of @node. Return: that CPU, or -1. */
static int cpu_of(int node)
{
	unsigned int cpu, its_node;
	char list[256];

	if (!node_file(node, "cpulist", list) || sscanf(list, "%u", &cpu) != 1 ||
	    !run_on_cpu(cpu))
		return -1;
	/* with numa=fake several nodes list this CPU, but it belongs to one of them */
	if (syscall(SYS_getcpu, NULL, &its_node, NULL) || its_node != node)
		return -1;
	return cpu;
}

/* The value of @key in the node's meminfo, or 0. */
static unsigned long node_kb(int node, const char *key)
{
	char path[80], line[128], name[64];
	unsigned long kb = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/meminfo", node);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Node %*d %63[^:]: %lu", name, &kb) == 2 &&
		    !strcmp(name, key))
			break;
	if (f)
		fclose(f);
	return kb;
}

/* Find the first two nodes that have both a CPU and memory. */
static bool two_nodes(int node[2], int cpu[2])
{
	int nr = 0;

	for (int n = 0; n < MAX_NODES && nr < 2; n++) {
		cpu[nr] = cpu_of(n);
		node[nr] = n;
		nr += cpu[nr] >= 0 && node_kb(n, "MemTotal");
	}
	return nr == 2;
}

struct node_counters {
	unsigned long long arenas, sys, inuse;
};

/* What the heap holds on a node. */
static struct node_counters counters(int heap, int node)
{
	char *text = debugfs_text(heap, "pageheap"), *line = text;
	struct node_counters c;
	int number = -1;

	while (text && (line = strchr(line, '\n')) && *++line)
		if (sscanf(line, "%d %llu %llu %llu", &number, &c.arenas, &c.sys,
			   &c.inuse) == 4 && number == node)
			break;
	free(text);
	if (number != node) {
		fprintf(stderr, "# no line of node %d in pageheap\n", node);
		abort();
	}
	return c;
}

/* Bytes to allocate: enough to stand out in a node's MemFree. */
#define SHOWN	(32 << 20)
#define BLOB	65536

TEST_F(heap, allocation_is_local_to_the_node)
{
	struct node_counters here, before;
	static __u64 blobs[SHOWN / BLOB];
	int node[2], cpu[2], blob;
	unsigned long kb;
	__u64 root[2];

	if (!two_nodes(node, cpu))
		SKIP(return, "fewer than two NUMA nodes with memory and processors");
	blob = kgc_type_register(self->fd, "blob", BLOB, KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(blob, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, counters(self->info.heap_id, node[i]).inuse);
		before = counters(self->info.heap_id, node[!i]);
		ASSERT_TRUE(run_on_cpu(cpu[i]));
		ASSERT_EQ(0, chain_build(self->fd, self->node, 20000, &root[i]));
		here = counters(self->info.heap_id, node[i]);
		EXPECT_GE(here.inuse, 20000 * NODE_SIZE);
		EXPECT_EQ(before.inuse,
			  counters(self->info.heap_id, node[!i]).inuse);
		/* objects of the first node read the same from the second */
		EXPECT_EQ(0, chain_check(self->fd, root[0], 20000));
		/* the kernel's own counter confirms the node */
		kb = node_kb(node[i], "MemFree");
		ASSERT_EQ(SHOWN / BLOB, kgc_alloc_many(self->fd, blob, 0, SHOWN / BLOB,
						       blobs, NULL));
		kb -= node_kb(node[i], "MemFree");
		TH_LOG("%ld of %d kB came from node %d", (long)kb, SHOWN >> 10, node[i]);
		EXPECT_GE((long)kb, (SHOWN >> 10) / 4 * 3);
		ASSERT_EQ(0, kgc_drop_many(self->fd, blobs, SHOWN / BLOB, NULL));
	}
	EXPECT_EQ(2 * (20000 + SHOWN / BLOB), stats_of(self->fd).heap_objects);
	/* cycles sweep the lists of every node */
	ASSERT_EQ(0, kgc_drop_many(self->fd, root, 2, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
	ASSERT_EQ(0, kgc_scavenge(self->fd, NULL));
	EXPECT_EQ(0, stats_of(self->fd).heap_sys);
}

/* ---- helping out ---------------------------------------------------------- */

#define LIMIT	(4 << 20)
#define SMALL	256
#define LARGE	100000

static __u64 handle[LIMIT / SMALL];

/* Allocate objects until there are @nr or one is refused. Return: how many there are. */
static unsigned int fill(int fd, int type, __u64 *at, unsigned int nr)
{
	unsigned int n = 0;

	while (n < nr && !kgc_alloc(fd, type, 0, &at[n]))
		n++;
	return n;
}

TEST_F(heap, at_the_limit_what_other_nodes_have_free_is_taken)
{
	int node[2], cpu[2], small, large, id = self->info.heap_id;
	unsigned int nr_small, nr_large, i;
	struct node_counters before;

	if (!two_nodes(node, cpu))
		SKIP(return, "fewer than two NUMA nodes with memory and processors");
	small = kgc_type_register(self->fd, "small", SMALL, 0, NULL, 0);
	large = kgc_type_register(self->fd, "large", LARGE, 0, NULL, 0);
	ASSERT_GT(small, 0);
	ASSERT_GT(large, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, LIMIT));
	ASSERT_TRUE(run_on_cpu(cpu[0]));
	nr_large = fill(self->fd, large, handle, 10);
	ASSERT_EQ(10, nr_large);
	nr_small = fill(self->fd, small, handle + 10, LIMIT / SMALL - 10);
	ASSERT_LT(nr_small, LIMIT / SMALL - 10);
	ASSERT_GT(nr_small, LIMIT / SMALL / 2);
	/* drop all large objects and every second small one: spans of small ones stay */
	ASSERT_EQ(0, kgc_drop_many(self->fd, handle, 10, NULL));
	for (i = 0; i < nr_small; i += 2)
		ASSERT_EQ(0, kgc_drop(self->fd, handle[10 + i]));
	ASSERT_EQ(0, collect_all(self->fd));
	before = counters(id, node[0]);
	/* dropped handles freed some metadata: lower the limit, so that no arena fits */
	ASSERT_GT(before.sys, LIMIT - LIMIT / 8);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT,
				    stats_of(self->fd).held + 4096));

	ASSERT_TRUE(run_on_cpu(cpu[1]));
	EXPECT_EQ(nr_small / 4, fill(self->fd, small, handle, nr_small / 4));
	EXPECT_EQ(before.inuse, counters(id, node[0]).inuse);
	EXPECT_EQ(5, fill(self->fd, large, handle, 5));
	EXPECT_GE(counters(id, node[0]).inuse, before.inuse + 5 * LARGE);
	EXPECT_EQ(0, counters(id, node[1]).sys);
}

/* Fork a process that holds most memory of @node until killed. Return: pid or -1. */
static pid_t hold_node(int node)
{
	size_t bytes = node_kb(node, "MemTotal") << 10, step = 1 << 20;
	unsigned long mask = 1UL << node;
	char done = 0;
	int pipes[2];
	pid_t pid;

	if (pipe(pipes))
		return -1;
	pid = fork();
	if (pid) {
		close(pipes[1]);
		if (read(pipes[0], &done, 1) != 1)
			fprintf(stderr, "# could not fill node %d\n", node);
		close(pipes[0]);
		return done ? pid : -1;
	}
	for (size_t at = 0; at < bytes && node_kb(node, "MemFree") > 12 << 10;
	     at += step) {
		char *p = mmap(NULL, step, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (p == MAP_FAILED ||
		    syscall(SYS_mbind, p, step, MPOL_BIND, &mask,
			    8 * sizeof(mask), 0))
			_exit(1);
		memset(p, 1, step);
	}
	if (write(pipes[1], "+", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

#define RESERVE	"/proc/sys/vm/min_free_kbytes"
#define WANTED	(48 << 20)
#define PIECE	8192

TEST_F(heap, a_full_node_is_helped_out_with_blocks_of_some_size)
{
	int node[2], cpu[2], piece, id = self->info.heap_id;
	static __u64 pieces[WANTED / PIECE];
	struct node_counters here;
	unsigned long elsewhere;
	char reserve[24];
	pid_t holder;

	if (!two_nodes(node, cpu))
		SKIP(return, "fewer than two NUMA nodes with memory and processors");
	piece = kgc_type_register(self->fd, "piece", PIECE, 0, NULL, 0);
	ASSERT_GT(piece, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_TRUE(run_on_cpu(cpu[1]));
	/* huge pages raise the kernel's reserve above what hold_node() leaves free */
	snprintf(reserve, sizeof(reserve), "%lld", number_in(RESERVE));
	ASSERT_EQ(0, put_file(RESERVE, "4096"));
	holder = hold_node(node[1]);
	ASSERT_GT(holder, 0);
	elsewhere = node_kb(node[0], "MemFree");
	EXPECT_EQ(WANTED / PIECE, fill(self->fd, piece, pieces, WANTED / PIECE));
	elsewhere -= node_kb(node[0], "MemFree");
	TH_LOG("%lu kB of %d came from the other node", elsewhere, WANTED >> 10);
	EXPECT_GE(elsewhere, WANTED >> 11);
	/* the node that asked owns the memory, and got it in large blocks */
	here = counters(id, node[1]);
	EXPECT_GE(here.inuse, WANTED);
	EXPECT_EQ(0, counters(id, node[0]).sys);
	EXPECT_GE(here.sys / here.arenas, 256 << 10);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
	EXPECT_EQ(0, put_file(RESERVE, reserve));
	ASSERT_EQ(0, kgc_drop_many(self->fd, pieces, WANTED / PIECE, NULL));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, NULL));
	EXPECT_EQ(0, stats_of(self->fd).heap_sys);
}

TEST_F(heap, a_node_without_memory_uses_that_of_the_nearest)
{
	struct node_counters c, sum = { 0 };
	int empty = -1, id = self->info.heap_id;
	__u64 root;

	for (int n = 0; n < MAX_NODES && empty < 0; n++)
		if (cpu_of(n) >= 0 && !node_kb(n, "MemTotal"))
			empty = n;
	if (empty < 0)
		SKIP(return, "every node with a processor has memory");
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_TRUE(run_on_cpu(cpu_of(empty)));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 100000, &root));
	EXPECT_EQ(0, counters(id, empty).sys);
	for (int n = 0; n < MAX_NODES; n++) {
		if (!node_kb(n, "MemTotal"))
			continue;
		c = counters(id, n);
		sum.arenas += c.arenas;
		sum.inuse += c.inuse;
		sum.sys += c.sys;
	}
	EXPECT_GE(sum.inuse, 100000 * NODE_SIZE);
	EXPECT_GE(sum.sys / sum.arenas, 64 << 10);
	EXPECT_EQ(0, chain_check(self->fd, root, 100000));
}

TEST_HARNESS_MAIN
