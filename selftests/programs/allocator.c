// SPDX-License-Identifier: GPL-2.0
/*
 * debugfs tells the truth about the allocator: the table of size classes, what classes
 * hold and waste, how long allocations take, and the page heap. Each test does a known
 * amount of work and compares the counters.
 *
 * kselftest-timeout: 120
 */
#include <fcntl.h>
#include <pthread.h>
#include <time.h>

#include "chain.h"
#include "debugfs_files.h"
#include "files.h"
#include "heap.h"

#define HEAP_PAGE	8192

static unsigned long long heap_cell(struct __test_metadata *_metadata, int heap,
				    const char *file, const char *key,
				    const char *column)
{
	unsigned long long value = ~0ULL;
	char *text = debugfs_text(heap, file);

	ASSERT_NE(NULL, text);
	ASSERT_EQ(0, debugfs_cell(text, key, column, &value)) {
		TH_LOG("%s: no '%s' in line '%s':\n%s", file, column, key, text);
	}
	free(text);
	return value;
}

/* ---- size classes -------------------------------------------------------- */

TEST_F(heap, the_whole_table_of_classes_can_be_read)
{
	unsigned int class, size, bytes, objects, tail, waste, last = 0, nr = 0;
	char *text = debugfs_text(MODULE_WIDE, "classes"), *line = text;

	ASSERT_NE(NULL, text);
	while ((line = strchr(line, '\n')) && *++line) {
		ASSERT_EQ(6, sscanf(line, "%u %u %u %u %u %u", &class, &size,
				    &bytes, &objects, &tail, &waste));
		EXPECT_EQ(++nr, class);
		EXPECT_GT(size, last);
		EXPECT_EQ(bytes / size, objects);
		EXPECT_EQ(bytes - objects * size, tail);
		/* the bounds that the Go runtime publishes with its table */
		EXPECT_LE(tail * 8, bytes);
		if (size >= 128)
			EXPECT_LT(waste, 190);
		EXPECT_EQ((bytes - objects * (last + 1)) * 1000ULL / bytes, waste);
		last = size;
	}
	EXPECT_EQ(self->info.nr_classes - 1, nr);
	EXPECT_EQ(32768, last);
	free(text);
}

TEST_F(heap, what_a_class_wastes_is_told)
{
	unsigned long long spans, tail, idle, asked, fresh, mallocs;
	int id = self->info.heap_id, odd;

	/* class 3: slots of 24 bytes, 341 in a span, a tail of 8; objects of 17 bytes */
	ASSERT_TRUE(run_on_cpu(0));
	odd = kgc_type_register(self->fd, "odd", 17, 0, NULL, 0);
	ASSERT_GT(odd, 0);
	no_cycles(_metadata, self->fd);
	ASSERT_EQ(0, batch_litter(self->fd, odd, 2023));
	spans = heap_cell(_metadata, id, "classes", "3 1 ", "spans");
	mallocs = heap_cell(_metadata, id, "classes", "3 1 ", "mallocs");
	tail = heap_cell(_metadata, id, "classes", "3 1 ", "tail_bytes");
	idle = heap_cell(_metadata, id, "classes", "3 1 ", "idle_bytes");
	asked = heap_cell(_metadata, id, "classes", "3 1 ", "asked_bytes");
	fresh = heap_cell(_metadata, id, "classes", "3 1 ", "fresh");
	EXPECT_EQ(2023, mallocs);
	EXPECT_GE(spans, 6);
	EXPECT_EQ(spans * 341, fresh);
	EXPECT_EQ(spans * 8, tail);
	EXPECT_EQ((spans * 341 - mallocs) * 24, idle);
	/* asked_bytes grows only when a span leaves a CPU's cache */
	EXPECT_EQ(0, asked % 17);
	EXPECT_LE(asked, mallocs * 17);
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(mallocs * 17,
		  heap_cell(_metadata, id, "classes", "3 1 ", "asked_bytes"));
}

/*
 * Fill 40 runs of @run slots, of which every second run dies. Then 3000 objects take
 * slots of dead ones, and "reused" counts each of them.
 */
static void reuse_slots(struct __test_metadata *_metadata, int fd, int id, int type,
			int run)
{
	unsigned long long fresh;
	__u64 kept;

	ASSERT_TRUE(run_on_cpu(0));
	no_cycles(_metadata, fd);
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, chain_build(fd, type, run, &kept));
		ASSERT_EQ(0, batch_litter(fd, type, run));
	}
	EXPECT_EQ(0, heap_cell(_metadata, id, "classes", "3 0 ", "reused"));
	ASSERT_EQ(0, collect_all(fd));
	fresh = heap_cell(_metadata, id, "classes", "3 0 ", "fresh");
	EXPECT_GE(fresh, 40 * run);
	ASSERT_EQ(0, batch_litter(fd, type, 3000));
	/* counters are exact once the caches are empty */
	ASSERT_EQ(0, collect_all(fd));
	EXPECT_EQ(3000, heap_cell(_metadata, id, "classes", "3 0 ", "reused"));
	EXPECT_EQ(fresh, heap_cell(_metadata, id, "classes", "3 0 ", "fresh"));
	EXPECT_GE(heap_cell(_metadata, id, "classes", "3 0 ", "swept"), 20);
}

TEST_F(heap, slots_reused_are_told_from_fresh_ones)
{
	int id = self->info.heap_id;

	reuse_slots(_metadata, self->fd, id, self->node, 170);
	EXPECT_GE(heap_cell(_metadata, id, "classes", "3 0 ", "refills"), 20);
}

/* With KGC_HARDEN_RANDOM each allocation takes one slot, from the central list. */
TEST_F(heap, slots_reused_in_random_order_are_told_as_well)
{
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARDEN, KGC_HARDEN_RANDOM));
	reuse_slots(_metadata, self->fd, self->info.heap_id, self->node, 170);
}

/* A run fills a span, so the whole span is freed, and its pages are allocated again. */
TEST_F(heap, slots_of_a_span_that_died_whole_are_reused)
{
	int id = self->info.heap_id, large;
	__u64 object;

	reuse_slots(_metadata, self->fd, id, self->node, 341);
	EXPECT_GE(heap_cell(_metadata, id, "classes", "3 0 ", "freed_spans"), 15);
	large = kgc_type_register(self->fd, "large", 65536, KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(large, 0);
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, kgc_alloc(self->fd, large, 0, &object));
		ASSERT_EQ(0, kgc_drop(self->fd, object));
		ASSERT_EQ(0, collect_all(self->fd));
	}
	EXPECT_EQ(3, heap_cell(_metadata, id, "classes", "0 1 ", "mallocs"));
	EXPECT_EQ(1, heap_cell(_metadata, id, "classes", "0 1 ", "fresh"));
	EXPECT_EQ(2, heap_cell(_metadata, id, "classes", "0 1 ", "reused"));
}

static __u64 monotonic_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

/* ---- how long allocations take --------------------------------------------- */

static const char * const causes[] = {
	"refill", "flush", "sweep", "growth", "large", "throttle", "reclaim",
};

/* The durations of the steps of @cause. */
static struct debugfs_histogram histogram_of(struct __test_metadata *_metadata, int id,
					     const char *cause)
{
	struct debugfs_histogram h = { 0 };
	char line[32];

	snprintf(line, sizeof(line), "alloc_%s", cause);
	ASSERT_EQ(0, debugfs_histogram(id, line, &h));
	return h;
}

/* How many steps of @cause were counted, of any duration. */
static unsigned long long steps_of(struct __test_metadata *_metadata, int id,
				   const char *cause)
{
	return histogram_of(_metadata, id, cause).nr;
}

static unsigned long long all_steps(struct __test_metadata *_metadata, int id)
{
	unsigned long long nr = 0;

	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++)
		nr += steps_of(_metadata, id, causes[i]);
	return nr;
}

/*
 * A large object is the longest step, because kgc clears all of it. No machine clears
 * 4 MiB in 10 us, and the step cannot be longer than its system call.
 */
TEST_F(heap, the_longest_step_is_that_of_a_large_object)
{
	int id = self->info.heap_id, large;
	unsigned long long longest = 0;
	__u64 begin, object;

	no_cycles(_metadata, self->fd);
	large = kgc_type_register(self->fd, "large", 4 << 20, KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(large, 0);
	EXPECT_EQ(0, stats_of(self->fd).longest_step_ns);
	EXPECT_EQ(0, all_steps(_metadata, id));
	begin = monotonic_ns();
	ASSERT_EQ(0, kgc_alloc(self->fd, large, 0, &object));
	begin = monotonic_ns() - begin;
	EXPECT_GE(stats_of(self->fd).longest_step_ns, 10000);
	EXPECT_LE(stats_of(self->fd).longest_step_ns, begin);
	EXPECT_EQ(1, all_steps(_metadata, id));
	/* the cause is "reclaim" if the kernel had to make so large a block free */
	EXPECT_EQ(1, steps_of(_metadata, id, "large") + steps_of(_metadata, id, "reclaim")) {
		TH_LOG("%s", debugfs_text(id, "histograms"));
	}
	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++) {
		unsigned long long ns = histogram_of(_metadata, id, causes[i]).longest_ns;

		longest = ns > longest ? ns : longest;
	}
	EXPECT_EQ(longest, stats_of(self->fd).longest_step_ns);
}

/* Only slow paths count as steps, under their causes. 170 objects take half a span. */
TEST_F(heap, steps_are_told_by_cause)
{
	int id = self->info.heap_id;
	unsigned long long refills;
	__u64 kept;

	ASSERT_TRUE(run_on_cpu(0));
	no_cycles(_metadata, self->fd);
	for (int i = 0; i < 20; i++) {
		ASSERT_EQ(0, chain_build(self->fd, self->node, 170, &kept));
		ASSERT_EQ(0, batch_litter(self->fd, self->node, 170));
	}
	/* nothing has been collected */
	EXPECT_EQ(0, steps_of(_metadata, id, "flush") + steps_of(_metadata, id, "sweep"));
	EXPECT_GE(steps_of(_metadata, id, "growth") + steps_of(_metadata, id, "reclaim"), 1);
	refills = heap_cell(_metadata, id, "classes", "3 0 ", "refills");
	EXPECT_GE(refills, 20);
	EXPECT_GE(all_steps(_metadata, id), refills);
	EXPECT_LE(all_steps(_metadata, id), 2 * refills + 20);
}

struct hammer {
	int heap, type;
	volatile bool stop;
	int err;
};

static void *hammer(void *argument)
{
	struct hammer *h = argument;

	while (!h->stop && !h->err)
		h->err = batch_litter(h->heap, h->type, 4096);
	return NULL;
}

/* How often a CPU has waited for the central lock of nodes. */
static unsigned long long contended_in(long heap)
{
	char *text = debugfs_text(heap, "classes");
	unsigned long long contended;

	if (!text || debugfs_cell(text, "3 0 ", "contended", &contended))
		contended = 0;
	free(text);
	return contended;
}

/* With KGC_HARDEN_RANDOM every allocation takes the central lock. */
TEST_F(heap, waiting_for_a_central_lock_is_counted)
{
	struct hammer h = { .heap = self->fd, .type = self->node };
	pthread_t thread[3];
	pid_t child;

	if (sysconf(_SC_NPROCESSORS_ONLN) < 2)
		SKIP(return, "one processor: no CPU waits");
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARDEN, KGC_HARDEN_RANDOM));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, 64 << 20));
	/* a second process: User-mode Linux runs one thread of a process at a time */
	child = fork();
	ASSERT_GE(child, 0);
	if (!child) {
		for (;;)
			batch_litter(self->fd, self->node, 4096);
	}
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_create(&thread[i], NULL, hammer, &h));
	EXPECT_TRUE(comes_true(contended_in(self->info.heap_id)));
	h.stop = true;
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	EXPECT_TRUE(h.err == 0 || h.err == -ENOMEM);
	EXPECT_GT(heap_cell(_metadata, self->info.heap_id, "classes", "3 0 ",
			    "wait_ns"), 0);
}

/* ---- page heap ----------------------------------------------------------- */

/* Sum of a column of "pages", each value times the line's number of pages if @times. */
static unsigned long long pages_sum(struct __test_metadata *_metadata, int heap,
				    int column, bool times)
{
	unsigned long long sum = 0, value[6];
	char *text = debugfs_text(heap, "pages"), *line = text;

	ASSERT_NE(NULL, text);
	while ((line = strchr(line, '\n')) && *++line) {
		ASSERT_EQ(6, sscanf(line, "%llu %llu %llu %llu %llu %llu",
				    &value[0], &value[1], &value[2], &value[3],
				    &value[4], &value[5]));
		sum += value[column] * (times ? value[1] : 1);
	}
	free(text);
	return sum;
}

static unsigned long long pageheap_sum(struct __test_metadata *_metadata,
				       int heap, const char *column)
{
	unsigned long long sum = 0, value;
	char *text = debugfs_text(heap, "pageheap"), key[16];

	ASSERT_NE(NULL, text);
	for (int node = 0; node < 64; node++) {
		snprintf(key, sizeof(key), "%d ", node);
		if (!debugfs_cell(text, key, column, &value))
			sum += value;
	}
	free(text);
	return sum;
}

TEST_F(heap, the_page_heap_counts_what_it_does)
{
	unsigned long long searches, grown, misses, returned;
	int id = self->info.heap_id;
	struct kgc_stats stats;

	no_cycles(_metadata, self->fd);
	EXPECT_EQ(0, pageheap_sum(_metadata, id, "searches"));
	ASSERT_EQ(0, batch_litter(self->fd, self->node, 20000));
	searches = pageheap_sum(_metadata, id, "searches");
	misses = pageheap_sum(_metadata, id, "misses");
	grown = pageheap_sum(_metadata, id, "grown");
	EXPECT_GE(searches - misses, 20000 / 341);
	EXPECT_GE(grown, 1);
	/* each growth follows a search that found nothing */
	EXPECT_LE(grown, misses);
	EXPECT_EQ(grown, pageheap_sum(_metadata, id, "arenas"));
	EXPECT_GE(pageheap_sum(_metadata, id, "steps"), searches - misses);
	stats = stats_of(self->fd);
	EXPECT_EQ(stats.heap_sys, pageheap_sum(_metadata, id, "sys_bytes"));
	EXPECT_EQ(stats.heap_inuse, pageheap_sum(_metadata, id, "inuse_bytes"));
	EXPECT_EQ(grown, pages_sum(_metadata, id, 2, false));
	EXPECT_EQ(stats.heap_sys, pages_sum(_metadata, id, 2, true) * HEAP_PAGE);
	EXPECT_EQ(stats.heap_idle, pages_sum(_metadata, id, 4, false) * HEAP_PAGE);
	EXPECT_LE(pages_sum(_metadata, id, 3, true),
		  pages_sum(_metadata, id, 4, false));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, NULL));
	returned = pageheap_sum(_metadata, id, "returned");
	EXPECT_GE(returned, grown - 1);
	EXPECT_EQ(stats_of(self->fd).heap_released,
		  pageheap_sum(_metadata, id, "released_bytes"));
	EXPECT_EQ(0, pageheap_sum(_metadata, id, "spare_spans"));
}

/* Arenas that hold live objects stay; scavenging returns the dead pages inside them. */
TEST_F(heap, pages_that_are_gone_are_told)
{
	unsigned long long gone;
	int id = self->info.heap_id;
	struct kgc_stats stats;
	__u64 root;

	no_cycles(_metadata, self->fd);
	for (int i = 0; i < 16; i++) {
		ASSERT_EQ(0, chain_build(self->fd, self->node, 341, &root));
		ASSERT_EQ(0, batch_litter(self->fd, self->node, 20 * 341));
	}
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_scavenge(self->fd, NULL));
	gone = pages_sum(_metadata, id, 5, false);
	stats = stats_of(self->fd);
	EXPECT_GT(gone, 100);
	EXPECT_EQ(stats.heap_sys,
		  (pages_sum(_metadata, id, 2, true) - gone) * HEAP_PAGE);
	EXPECT_EQ(stats.heap_idle, pages_sum(_metadata, id, 4, false) * HEAP_PAGE);
	EXPECT_EQ(stats.heap_inuse, pageheap_sum(_metadata, id, "inuse_bytes"));
}

/* Allocate @nr objects and keep them: the cycle after a refusal must not free them. */
static int hold(int heap, int type, unsigned long nr)
{
	__u64 handle;
	int err = 0;

	while (!err && nr--)
		err = kgc_alloc(heap, type, 0, &handle);
	return err;
}

TEST_F(heap, growth_that_is_denied_is_counted)
{
	int blob = kgc_type_register(self->fd, "blob", 1000, 0, NULL, 0);
	const __u64 most = (1 << 20) + (16 << 10);
	int id = self->info.heap_id;
	__u64 limit;

	ASSERT_GT(blob, 0);
	no_cycles(_metadata, self->fd);
	EXPECT_EQ(0, pageheap_sum(_metadata, id, "denied"));
	/* the limit may meet a chunk of handles first, which the next step makes room for */
	for (limit = 1 << 20; limit < most; limit += 1 << 10) {
		ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, limit));
		EXPECT_EQ(-ENOMEM, hold(self->fd, blob, 2000));
		if (pageheap_sum(_metadata, id, "denied"))
			break;
	}
	EXPECT_LT(limit, most);
	EXPECT_LE(stats_of(self->fd).heap_sys, limit);
}

static __u64 held_by_all(void)
{
	__u64 bytes = 0;

	return debugfs_value(MODULE_WIDE, "stats", "Sys", &bytes) ? 0 : bytes;
}

/* The cap is on the sum of all heaps, so one heap may take what another gives back. */
TEST_F(heap, the_cap_of_the_module_holds_for_all_heaps_together)
{
	__u64 limit = held_by_all() + (4 << 20), first, theirs, root;
	int other = kgc_open(), blob, other_blob;

	ASSERT_GE(other, 0);
	blob = kgc_type_register(self->fd, "blob", 1000, 0, NULL, 0);
	ASSERT_GT(blob, 0);
	other_blob = kgc_type_register(other, "blob", 1000, 0, NULL, 0);
	ASSERT_GT(other_blob, 0);
	no_cycles(_metadata, self->fd);
	no_cycles(_metadata, other);
	ASSERT_EQ(0, put_max_bytes(limit));
	EXPECT_EQ(0, batch_litter(self->fd, self->node, 50000));
	first = held_by_all();
	EXPECT_EQ(-ENOMEM, hold(other, other_blob, 8000));
	EXPECT_LE(held_by_all(), limit);
	EXPECT_GT(held_by_all(), limit - (1 << 20));
	theirs = stats_of(other).held;
	EXPECT_GE(theirs, limit - (1 << 20) - first);
	/* the first heap is refused too, and can grow once the second has gone */
	EXPECT_EQ(-ENOMEM, hold(self->fd, blob, 8000));
	EXPECT_EQ(0, kgc_close(other));
	comes_true(held_by_all() <= limit - theirs);
	EXPECT_EQ(0, chain_build(self->fd, self->node, 20000, &root));
	EXPECT_EQ(0, put_max_bytes(0));
	EXPECT_EQ(0, hold(self->fd, blob, 8000));
	EXPECT_GT(held_by_all(), limit);
	EXPECT_EQ(0, chain_check(self->fd, root, 20000));
}

TEST_HARNESS_MAIN
