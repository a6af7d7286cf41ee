// SPDX-License-Identifier: GPL-2.0
/*
 * When the machine is out of memory the log says what the heaps hold, which is
 * in no process's memory, and a heap's free memory is given before anybody is
 * killed. The heap is unharmed.
 *
 * kselftest-timeout: 180
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>

#include "chain.h"
#include "files.h"
#include "heap.h"

#define CHUNK	(16UL << 20)

/* Take memory until the kernel kills us for it. */
static void eat(void)
{
	put_oom_score(1000);
	for (;;) {
		char *at = mmap(NULL, CHUNK, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (at == MAP_FAILED) {
			usleep(1000);
			continue;
		}
		for (size_t i = 0; i < CHUNK; i += 4096)
			at[i] = 1;
	}
}

/* The log since @fd was opened has a line with @text. */
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

TEST_F(heap, an_oom_kill_comes_with_a_report_of_the_heaps)
{
	int log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK), status;
	unsigned long long held, inuse, objects;
	char line[1024], want[64], *at;
	__u64 root, free_before;
	pid_t eater;

	ASSERT_GE(log, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 400000, &root));
	ASSERT_EQ(0, kgc_drop(self->fd, root));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 50000, &root));
	free_before = stats_of(self->fd).heap_idle;
	lseek(log, 0, SEEK_END);
	put_oom_score(-1000);
	eater = fork();
	ASSERT_GE(eater, 0);
	if (!eater)
		eat();
	ASSERT_EQ(eater, waitpid(eater, &status, 0));
	put_oom_score(0);
	ASSERT_TRUE(WIFSIGNALED(status));
	EXPECT_EQ(SIGKILL, WTERMSIG(status));
	ASSERT_TRUE(logged(log, "all heaps hold", line, sizeof(line))) {
		TH_LOG("no report in the log");
	}
	snprintf(want, sizeof(want), "kgc: heap %u ", self->info.heap_id);
	ASSERT_TRUE(logged(log, want, line, sizeof(line))) {
		TH_LOG("no line '%s' in the log", want);
	}
	TH_LOG("%s", strchr(line, ';') ? strchr(line, ';') + 1 : line);
	at = strstr(line, "held ");
	ASSERT_NE(NULL, at);
	ASSERT_EQ(3, sscanf(at, "held %llu kB, in spans %llu kB, objects %llu",
			    &held, &inuse, &objects));
	EXPECT_EQ(50000, objects);
	EXPECT_GE(inuse, 50000 * NODE_SIZE >> 10);
	EXPECT_GE(held, inuse);
	/* what was free went before */
	EXPECT_LT(stats_of(self->fd).heap_idle, free_before / 2 + (1 << 20));
	EXPECT_EQ(0, chain_check(self->fd, root, 50000));
	close(log);
}

TEST_HARNESS_MAIN
