// SPDX-License-Identifier: GPL-2.0
/*
 * Everything at once: objects of all sizes from several processes, memory that
 * becomes short, caches that are dropped, options that change, free memory that
 * is asked back, processors that come and go. In the end every object was found
 * dead, every page and all of their metadata was given back.
 *
 * kselftest-timeout: 180
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>

#define HEAP_VERIFY 1
#include "churn.h"
#include "files.h"
#include "heap.h"
#include "random.h"

#define PIECE	(4UL << 20)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE	23
#endif

static unsigned long available_kb(void)
{
	FILE *f = fopen("/proc/meminfo", "r");
	unsigned long kb = 0;
	char line[128];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "MemAvailable: %lu", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

/* Hold nearly all memory for a moment, so that the rest has to be reclaimed. */
static pid_t squeeze(void)
{
	pid_t pid = fork();

	if (!pid) {
		size_t bytes = (size_t)available_kb() * 1024 / 100 * 92, i;
		char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
		time_t end = time(NULL) + 10;

		put_oom_score(1000);
		for (i = 0; at != MAP_FAILED && i + PIECE < bytes &&
		     time(NULL) < end; i += PIECE)
			if (madvise(at + i, PIECE, MADV_POPULATE_WRITE))
				memset(at + i, 1, PIECE);
		usleep(200000);
		_exit(0);
	}
	return pid;
}

TEST_F(heap, all_of_it_at_once_loses_nothing)
{
	struct random random = random_from(random_seed());
	__u64 gogc[] = { 10, 50, 100, 300 };
	time_t end = time(NULL) + scaled(20);
	int cpu = removable_cpu(), rounds = 0;
	struct churn *c;

	c = churn_begin(self->fd, 4);
	ASSERT_NE(NULL, c);
	while (time(NULL) < end || rounds < 2) {
		pid_t squeezer = rounds % 4 == 0 ? squeeze() : 0;

		EXPECT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC,
					    gogc[random_below(&random, 4)]));
		EXPECT_EQ(0, kgc_option_set(self->fd, KGC_OPT_SCAVENGE,
					    random_below(&random, 2)));
		EXPECT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARDEN,
					    random_below(&random, 4)));
		if (cpu >= 0) {
			EXPECT_TRUE(cpu_online(cpu, false));
		}
		/* not every kernel has each of them */
		put_file("/proc/sys/vm/drop_caches", "2");
		put_file("/proc/sys/vm/compact_memory", "1");
		EXPECT_EQ(0, kgc_scavenge(self->fd, NULL));
		usleep(20000);
		if (cpu >= 0) {
			EXPECT_TRUE(cpu_online(cpu, true));
		}
		if (squeezer > 0)
			waitpid(squeezer, NULL, 0);
		rounds++;
	}
	EXPECT_EQ(0, churn_end(c));
	TH_LOG("%d rounds, %s", rounds, cpu < 0 ? "every processor stayed" :
	       "with processors that came and went");
	EXPECT_GE(rounds, 2);
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, NULL));
	EXPECT_TRUE(nothing_left(self->fd, self->info.heap_id));
}

TEST_HARNESS_MAIN
