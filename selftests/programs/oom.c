// SPDX-License-Identifier: GPL-2.0
/*
 * When the machine runs out of memory, heaps return free pages and collect garbage before
 * the OOM killer kills a process, and stay intact. The log then says what the heaps hold,
 * because no process accounts for it. A process that takes all memory causes the kills.
 *
 * kselftest-timeout: 300
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "chain.h"
#include "files.h"
#include "heap.h"

#define CHUNK	(16UL << 20)

/* Take memory and count it until the OOM killer kills this process. */
static void eat(volatile unsigned long *eaten)
{
	put_oom_score(1000);
	for (;;) {
		char *at = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (at == MAP_FAILED) {
			usleep(1000);
			continue;
		}
		for (size_t i = 0; i < CHUNK; i += 4096) {
			at[i] = 1;
			*eaten += 4096;
		}
	}
}

/* Fork a process that takes all memory until it is killed. Return: its bytes, or 0. */
static unsigned long run_out_of_memory(void)
{
	unsigned long *eaten = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0), bytes;
	int status = 0;
	pid_t eater;

	if (eaten == MAP_FAILED)
		return 0;
	put_oom_score(-1000);
	eater = fork();
	if (!eater)
		eat(eaten);
	if (eater < 0 || waitpid(eater, &status, 0) != eater)
		status = 0;
	put_oom_score(0);
	bytes = *eaten;
	munmap(eaten, 4096);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL ? bytes : 0;
}

/* Read the log from @fd up to a line with @text, into @line. Return: whether it came. */
static bool logged(int fd, const char *text, char *line, size_t size)
{
	ssize_t got;

	while ((got = read(fd, line, size - 1)) > 0 || errno == EPIPE) {
		if (got <= 0)
			continue;
		line[got] = '\0';
		line[strcspn(line, "\n")] = '\0';
		if (strstr(line, text))
			return true;
	}
	return false;
}

/* Check that the reports still to be read from @fd are 5 s apart. Return: how many. */
static int reports_apart(struct __test_metadata *_metadata, int fd)
{
	unsigned long long at, last = 0;
	char line[1024];
	int n = 0;

	while (logged(fd, "all heaps hold", line, sizeof(line))) {
		ASSERT_EQ(1, sscanf(line, "%*u,%*u,%llu", &at));
		if (n++)
			EXPECT_GE(at - last, 4900000);
		last = at;
	}
	return n;
}

/*
 * An allocation cannot take pages from another CPU's own list. Limit these lists to less
 * than 1 MiB each, where they could hold 70, so that two runs can be compared.
 */
static void keep_few_pages_aside(struct __test_metadata *_metadata)
{
	ASSERT_EQ(0, put_file("/proc/sys/vm/percpu_pagelist_high_fraction", "1000000"));
}

#define BLOBS	16384	/* of a page: 64 MiB */
#define GARBAGE	(BLOBS * 4096UL)

static int make_garbage(int heap)
{
	static __u64 blobs[BLOBS];
	int blob = kgc_type_register(heap, "blob", 4096, KGC_TYPE_NOSCAN, NULL, 0);

	if (kgc_alloc_many(heap, blob, 0, BLOBS, blobs, NULL) != BLOBS)
		return -ENOMEM;
	return kgc_drop_many(heap, blobs, BLOBS, NULL);
}

/* Drop every second object, so that collecting them frees no page. */
static int make_crumbs(int heap, int node)
{
	static __u64 nodes[BLOBS];
	unsigned int i;

	if (kgc_alloc_many(heap, node, 0, BLOBS, nodes, NULL) != BLOBS)
		return -ENOMEM;
	for (i = 0; i < BLOBS / 2; i++)
		nodes[i] = nodes[2 * i];
	return kgc_drop_many(heap, nodes, BLOBS / 2, NULL);
}

/* Check that the report in @log says what @heap holds: @nr nodes only. */
static void check_report(struct __test_metadata *_metadata, int log, __u32 heap, int nr)
{
	unsigned long long held, inuse, objects;
	char line[1024], want[64], *at;

	ASSERT_TRUE(logged(log, "all heaps hold", line, sizeof(line))) {
		TH_LOG("no report in the log");
	}
	snprintf(want, sizeof(want), "kgc: heap %u ", heap);
	ASSERT_TRUE(logged(log, want, line, sizeof(line))) {
		TH_LOG("no line '%s' in the log", want);
	}
	TH_LOG("%s", strchr(line, ';') ? strchr(line, ';') + 1 : line);
	at = strstr(line, "held ");
	ASSERT_NE(NULL, at);
	ASSERT_EQ(3, sscanf(at, "held %llu kB, in spans %llu kB, objects %llu",
			    &held, &inuse, &objects));
	EXPECT_EQ(nr, objects);
	EXPECT_GE(inuse, nr * NODE_SIZE >> 10);
	EXPECT_GE(held, inuse);
	ASSERT_TRUE(logged(log, "kgc: 4 smaller heaps hold", line, sizeof(line)));
}

TEST_F(heap, an_oom_kill_comes_with_a_report_when_nothing_can_be_given)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	int reports = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	int others[4], big;
	unsigned long without, with;
	__u64 root, free_before;

	keep_few_pages_aside(_metadata);
	ASSERT_GE(log, 0);
	ASSERT_GE(reports, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 400000, &root));
	ASSERT_EQ(0, kgc_drop(self->fd, root));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 50000, &root));
	for (int i = 0; i < ARRAY_SIZE(others); i++) {
		others[i] = kgc_open();
		ASSERT_GE(others[i], 0);
	}
	free_before = stats_of(self->fd).heap_idle;
	lseek(log, 0, SEEK_END);
	lseek(reports, 0, SEEK_END);
	without = run_out_of_memory();
	ASSERT_GT(without, 0);
	check_report(_metadata, log, self->info.heap_id, 50000);
	for (int i = 0; i < ARRAY_SIZE(others); i++)
		EXPECT_EQ(0, kgc_close(others[i]));
	/* the heap returned free pages before the kill */
	EXPECT_LT(stats_of(self->fd).heap_idle, free_before / 2 + (1 << 20));
	EXPECT_EQ(0, chain_check(self->fd, root, 50000));
	close(log);

	/* garbage of any heap is collected before a process is killed */
	ASSERT_EQ(0, make_crumbs(self->fd, self->node));
	big = kgc_open();
	ASSERT_GE(big, 0);
	ASSERT_EQ(0, kgc_option_set(big, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, make_garbage(big));
	with = run_out_of_memory();
	EXPECT_EQ(0, kgc_close(big));
	EXPECT_GE(reports_apart(_metadata, reports), 1);
	close(reports);
	TH_LOG("%lu MiB were had without garbage, %lu with %lu of it", without >> 20,
	       with >> 20, GARBAGE >> 20);
	EXPECT_GE(with + GARBAGE / 2, without);
	EXPECT_EQ(0, chain_check(self->fd, root, 50000));
}

TEST_HARNESS_MAIN
