// SPDX-License-Identifier: GPL-2.0
/*
 * No object, page or metadata is lost when everything happens at once. Processes allocate
 * objects of all sizes, and one CPU allocates what another one drops. Meanwhile memory
 * becomes short, the kernel drops caches, options change, the test scavenges, and a CPU
 * goes offline and comes back. In the end kgc has found every object dead and returned
 * all memory.
 *
 * kselftest-timeout: 180
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

#define HEAP_VERIFY 1
#include "churn.h"
#include "files.h"
#include "heap.h"
#include "random.h"

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

static __u64 shrink_cycles(int heap)
{
	return stats_of(heap).gc_reason[KGC_REASON_SHRINK];
}

/* Cycles that refused allocations began. Reclaim that finds one running begins none. */
static __u64 refused_cycles(int heap)
{
	return stats_of(heap).gc_reason[KGC_REASON_LIMIT];
}

static bool take(size_t bytes)
{
	char *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return false;
	if (madvise(at, bytes, MADV_POPULATE_WRITE))
		memset(at, 1, bytes);
	return true;
}

/*
 * Processes that the OOM killer prefers to those that the test is about. If memory is
 * still short after it killed the squeezer, it looks for another victim.
 */
#define NR_SPARE	8
#define SPARE_BYTES	(8UL << 20)

static void spares_begin(pid_t spare[NR_SPARE])
{
	for (int i = 0; i < NR_SPARE; i++) {
		spare[i] = fork();
		if (spare[i])
			continue;
		put_oom_score(999);
		take(SPARE_BYTES);
		for (;;)
			pause();
	}
}

/* End the spare processes. Return: how many of them the OOM killer took. */
static int spares_end(const pid_t spare[NR_SPARE])
{
	int taken = 0;

	for (int i = 0; i < NR_SPARE; i++) {
		if (spare[i] < 0)
			continue;
		if (waitpid(spare[i], NULL, WNOHANG) == spare[i]) {
			taken++;
			continue;
		}
		kill(spare[i], SIGKILL);
		waitpid(spare[i], NULL, 0);
	}
	return taken;
}

/*
 * Fork a process that takes nearly all memory, then more bit by bit until reclaim has
 * asked @heap for a cycle, for @seconds at most. The OOM killer may kill the process.
 */
static pid_t squeeze(int heap, int seconds)
{
	__u64 cycles = shrink_cycles(heap);
	time_t end = time(NULL) + seconds;
	pid_t pid = fork();
	bool more = true;

	if (pid)
		return pid;
	put_oom_score(1000);
	if (nice(-20) < -20)
		_exit(2);
	for (unsigned long kb = available_kb() / 100 * 92, i = 0;
	     more && i < kb && time(NULL) < end; i += 4 << 10)
		more = take(4 << 20);
	while (more && shrink_cycles(heap) == cycles && time(NULL) < end) {
		more = take(128 << 10);
		usleep(1000);
	}
	usleep(200000);
	_exit(time(NULL) >= end);
}

/* ---- allocated on one CPU, dropped on another ------------------------------ */

#define ON_THE_WAY	512

/* Handles on the way from a producer to a consumer, which share the descriptor. */
struct belt {
	volatile bool stop;
	bool done;			/* the producer has ended */
	unsigned long put, got;		/* each written by one of the two */
	struct tally made;
	unsigned long wrong;
	int err[2];
	pid_t pid[2];
	int cpu[2];
	__u64 handle[ON_THE_WAY];
};

static int produce(struct belt *b, int heap)
{
	static const __u32 sizes[] = { 16, 64, 256, 1000, 4096, 50000 };
	int types[6], err;
	__u64 handle, word;

	for (int i = 0; i < 6; i++) {
		types[i] = kgc_type_register(heap, "parcel", sizes[i], 0, NULL, 0);
		if (types[i] < 0)
			return types[i];
	}
	while (!b->stop) {
		if (b->put % 64 == 0)
			run_on_cpu(b->cpu[0]);
		if (b->put - __atomic_load_n(&b->got, __ATOMIC_ACQUIRE) == ON_THE_WAY) {
			sched_yield();
			continue;
		}
		err = kgc_alloc(heap, types[b->put % 61 % 6], 0, &handle);
		if (err == -ENOMEM) {
			b->made.refused++;
			usleep(1000);
			continue;
		}
		if (!err)
			tally_add(&b->made, sizes[b->put % 61 % 6]);
		word = b->put;
		err = err ? err : kgc_write(heap, handle, 0, &word, sizeof(word));
		if (err)
			return err;
		b->handle[b->put % ON_THE_WAY] = handle;
		__atomic_store_n(&b->put, b->put + 1, __ATOMIC_RELEASE);
	}
	return 0;
}

static int consume(struct belt *b, int heap)
{
	__u64 handle, word;
	int err;

	for (;;) {
		/* read @done before looking at @put: no handle comes after the end */
		bool last = __atomic_load_n(&b->done, __ATOMIC_ACQUIRE);

		if (b->got % 64 == 0)
			run_on_cpu(b->cpu[1]);
		if (b->got == __atomic_load_n(&b->put, __ATOMIC_ACQUIRE)) {
			if (last)
				return 0;
			sched_yield();
			continue;
		}
		handle = b->handle[b->got % ON_THE_WAY];
		err = kgc_read(heap, handle, 0, &word, sizeof(word));
		err = err ? err : kgc_drop(heap, handle);
		if (err)
			return err;
		b->wrong += word != b->got;
		__atomic_store_n(&b->got, b->got + 1, __ATOMIC_RELEASE);
	}
}

static struct belt *belt_begin(int heap, int cpu)
{
	struct belt *b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE,
			      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int (*side[2])(struct belt *b, int heap) = { produce, consume };

	if (b == MAP_FAILED)
		return NULL;
	b->cpu[1] = cpu > 0 ? cpu : sysconf(_SC_NPROCESSORS_ONLN) - 1;
	for (int i = 0; i < 2; i++) {
		b->pid[i] = fork();
		if (!b->pid[i]) {
			b->err[i] = side[i](b, heap);
			_exit(0);
		}
	}
	return b;
}

/* Return: 0, or -errno of either side; -ENODATA if not all, or nothing, was consumed. */
static int belt_end(struct belt *b)
{
	b->stop = true;
	for (int i = 0; i < 2; i++) {
		waitpid(b->pid[i], NULL, 0);
		__atomic_store_n(&b->done, true, __ATOMIC_RELEASE);
	}
	fprintf(stderr, "# handed over: %lu of %lu, %lu refused, %lu wrong, errors %d and %d\n",
		b->got, b->put, (unsigned long)b->made.refused, b->wrong, b->err[0], b->err[1]);
	if (b->wrong)
		return -EUCLEAN;
	if (b->err[0] || b->err[1])
		return b->err[0] ? b->err[0] : b->err[1];
	return b->got && b->got == b->put ? 0 : -ENODATA;
}

/* Whether each worker and the consumer have done something. */
static bool all_have_begun(const struct churn *c, const struct belt *b)
{
	bool all = *(volatile unsigned long *)&b->got;

	for (int i = 0; i < c->nr; i++)
		all &= *(volatile __u64 *)&c->worker[i].got.made > 0;
	return all;
}

static void set_options(struct __test_metadata *_metadata, int heap, struct random *random)
{
	__u64 gogc[] = { 10, 50, 100, 300 };

	EXPECT_EQ(0, kgc_option_set(heap, KGC_OPT_GOGC, gogc[random_below(random, 4)]));
	EXPECT_EQ(0, kgc_option_set(heap, KGC_OPT_SCAVENGE, random_below(random, 2)));
	EXPECT_EQ(0, kgc_option_set(heap, KGC_OPT_HARDEN, random_below(random, 4)));
}

/* A shortage of memory begins a cycle even if there is no other reason for one. */
static void a_shortage_is_a_reason(struct __test_metadata *_metadata, int heap)
{
	__u64 cycles = shrink_cycles(heap), refused = refused_cycles(heap);
	time_t start = time(NULL);
	int status;

	EXPECT_EQ(0, kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF));
	waitpid(squeeze(heap, 60), &status, 0);
	/* on a slow machine the cycle may end seconds after the squeezer was killed */
	for (int i = 0; i < 6000 && shrink_cycles(heap) == cycles; i++)
		usleep(10000);
	TH_LOG("short of memory after %ld s, %llu cycles, status %x",
	       (long)(time(NULL) - start), shrink_cycles(heap) - cycles, status);
	if (!WIFEXITED(status) || !WEXITSTATUS(status))
		EXPECT_GT(shrink_cycles(heap) + refused_cycles(heap),
			  cycles + refused);
}

TEST_F(heap, all_of_it_at_once_loses_nothing)
{
	struct random random = random_from(random_seed());
	time_t end = time(NULL) + scaled(20);
	int cpu = removable_cpu(), rounds = 0;
	time_t start = time(NULL);
	pid_t spare[NR_SPARE];
	struct churn *c;
	struct belt *b;

	spares_begin(spare);
	c = churn_begin(self->fd, 4);
	b = belt_begin(self->fd, cpu);
	ASSERT_NE(NULL, c);
	ASSERT_NE(NULL, b);
	while (!all_have_begun(c, b) && time(NULL) < start + 20)
		usleep(10000);

	a_shortage_is_a_reason(_metadata, self->fd);
	end += time(NULL) - start;
	while (time(NULL) < end || rounds < 2) {
		pid_t squeezer = rounds % 4 == 0 ? squeeze(self->fd, 10) : 0;

		set_options(_metadata, self->fd, &random);
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
	EXPECT_EQ(0, belt_end(b));
	EXPECT_EQ(0, churn_end(c));
	TH_LOG("%d processes beside the squeezers were killed", spares_end(spare));
	TH_LOG("%d rounds, %s", rounds, cpu < 0 ? "every processor stayed" :
	       "with processors that came and went");
	EXPECT_GE(rounds, 2);
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, NULL));
	EXPECT_TRUE(mallocs_agree(self->fd, self->info.heap_id, c, &b->made));
	EXPECT_TRUE(nothing_left(self->fd, self->info.heap_id));
}

TEST_HARNESS_MAIN
