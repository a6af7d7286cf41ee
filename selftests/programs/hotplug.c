// SPDX-License-Identifier: GPL-2.0
/*
 * A CPU that goes offline leaves nothing behind: kgc sweeps and frees what its cache held
 * while the CPU is offline. A heap in use meanwhile is not affected.
 *
 * kselftest-timeout: 120
 */
#include <time.h>

#include "chain.h"
#include "churn.h"
#include "heap.h"

TEST_F(heap, what_an_offline_cpu_held_is_given_back)
{
	int cpu = removable_cpu();
	__u64 root;

	if (cpu < 0)
		SKIP(return, "no processor can be taken away");
	ASSERT_TRUE(run_on_cpu(cpu));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 5000, &root));
	ASSERT_TRUE(run_on_cpu(0));
	ASSERT_TRUE(cpu_online(cpu, false));
	EXPECT_EQ(0, chain_check(self->fd, root, 5000));
	EXPECT_EQ(0, kgc_drop(self->fd, root));
	EXPECT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, kgc_scavenge(self->fd, NULL));
	EXPECT_TRUE(nothing_left(self->fd, self->info.heap_id));
	ASSERT_TRUE(cpu_online(cpu, true));
	ASSERT_TRUE(run_on_cpu(cpu));
	EXPECT_EQ(0, chain_build(self->fd, self->node, 5000, &root));
	EXPECT_EQ(0, chain_check(self->fd, root, 5000));
}

TEST_F(heap, cpus_come_and_go_under_load)
{
	int cpu = removable_cpu(), rounds = 0;
	time_t end = time(NULL) + scaled(10);
	struct churn *c;

	if (cpu < 0)
		SKIP(return, "no processor can be taken away");
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, 30));
	c = churn_begin(self->fd, 3);
	ASSERT_NE(NULL, c);
	while (time(NULL) < end || rounds < 3) {
		EXPECT_TRUE(cpu_online(cpu, false));
		usleep(50000);
		if (rounds++ % 3 == 0) {
			EXPECT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
		}
		EXPECT_TRUE(cpu_online(cpu, true));
		usleep(50000);
	}
	EXPECT_EQ(0, churn_end(c));
	TH_LOG("%d times off and on", rounds);
	EXPECT_GE(rounds, 3);
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, NULL));
	EXPECT_TRUE(mallocs_agree(self->fd, self->info.heap_id, c, NULL));
	EXPECT_TRUE(nothing_left(self->fd, self->info.heap_id));
}

TEST_HARNESS_MAIN
