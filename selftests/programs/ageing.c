// SPDX-License-Identifier: GPL-2.0
/*
 * What an old heap holds is bounded by what lives, and does not creep up from round to
 * round. Small objects of several sizes come and go in great numbers, and the few
 * survivors lie scattered among the dead. Objects do not move, so a span stays while one
 * object in it lives, and goes with the last. The test itself begins a cycle whenever it
 * has allocated as much as lives, so the bounds hold on a machine of any speed.
 *
 * KGC_SCALE is the number of rounds over 10.
 *
 * kselftest-timeout: 120
 */
#include "heap.h"
#include "random.h"

static const __u32 sizes[] = { 16, 32, 64, 128, 256 };

#define NR_SIZES	ARRAY_SIZE(sizes)
#define HEAP_PAGE	8192
#define LIVE		(2 << 20)		/* bytes that live once all is there */
#define CYCLES		2			/* in a round, LIVE bytes each */
#define CHUNK		256			/* objects allocated at a time */
#define STAY		16			/* one of so many new objects stays */

/*
 * struct world - a heap and what lives in it
 * @type: one type for each size
 * @live: handles of the objects that live, in no order
 * @size: index into sizes[] for each of @live
 */
struct world {
	int heap;
	int type[NR_SIZES];
	struct random random;
	__u32 nr;
	__u64 bytes;
	__u64 live[LIVE / 16 + CHUNK];
	__u8 size[LIVE / 16 + CHUNK];
};

static struct world world;

static int begin(int heap)
{
	memset(&world, 0, sizeof(world));
	world.heap = heap;
	world.random = random_from(random_seed());
	if (kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF) ||
	    kgc_option_set(heap, KGC_OPT_PERIOD_MS, 0))
		return -errno;
	for (int i = 0; i < NR_SIZES; i++) {
		world.type[i] = kgc_type_register(heap, "age", sizes[i],
						  KGC_TYPE_NOSCAN, NULL, 0);
		if (world.type[i] < 0)
			return world.type[i];
	}
	return 0;
}

/* Drop a random one of the objects that live. */
static int bury(void)
{
	__u32 n = random_below(&world.random, world.nr);
	int err = kgc_drop(world.heap, world.live[n]);

	world.bytes -= sizes[world.size[n]];
	world.nr--;
	world.live[n] = world.live[world.nr];
	world.size[n] = world.size[world.nr];
	return err;
}

/* Allocate a chunk of objects of one size, and drop all but one in STAY. */
static int chunk(int size)
{
	__u64 handles[CHUNK];
	__u32 nr = 0, first = world.nr;
	int err = kgc_alloc_many(world.heap, world.type[size], 0, CHUNK, handles, NULL);

	if (err < 0)
		return err;
	for (int i = 0; i < CHUNK; i++) {
		if (random_below(&world.random, STAY)) {
			handles[nr++] = handles[i];
			continue;
		}
		world.live[world.nr] = handles[i];
		world.size[world.nr++] = size;
		world.bytes += sizes[size];
	}
	err = kgc_drop_many(world.heap, handles, nr, NULL);
	/* new objects may die here too, but not all of them */
	while (!err && world.bytes > LIVE && world.nr > first / 2)
		err = bury();
	return err;
}

/*
 * Run a round: chunks of all sizes alike, or three quarters of them of size @demand.
 * Return: what the heap holds, in percent of what lives, or -errno.
 */
static long round_of(int demand)
{
	struct kgc_stats stats;
	int err = 0, size;

	for (int cycle = 0; cycle < CYCLES && !err; cycle++) {
		for (__u64 done = 0; done < LIVE && !err; done += CHUNK * sizes[size]) {
			size = random_below(&world.random, NR_SIZES);
			if (demand >= 0 && random_below(&world.random, 4))
				size = demand;
			err = chunk(size);
		}
		err = err ?: kgc_collect(world.heap, 1, KGC_COLLECT_WAIT, NULL);
	}
	if (err)
		return err;
	stats = stats_of(world.heap);
	return stats.heap_sys * 100 / world.bytes;
}

static long most(const long *of, int from, int to)
{
	long value = 0;

	for (; from < to; from++)
		value = of[from] > value ? of[from] : value;
	return value;
}

#define MAX_ROUNDS	10000

/* Run all rounds. The heap may hold at most @bound percent of what lives. */
static void grow_old(struct __test_metadata *_metadata, bool shifts, long bound)
{
	static long held[MAX_ROUNDS];
	int rounds = scaled(10), half;

	/* enough rounds for each size to be in demand in either half */
	rounds = rounds < 2 * NR_SIZES ? 2 * NR_SIZES : rounds;
	rounds = rounds > MAX_ROUNDS ? MAX_ROUNDS : rounds;
	half = rounds / 2;
	while (world.bytes < LIVE * 9 / 10)
		ASSERT_GT(round_of(-1), 0);
	for (int i = 0; i < rounds; i++) {
		held[i] = round_of(shifts ? i % NR_SIZES : -1);
		ASSERT_GT(held[i], 0);
		EXPECT_LE(held[i], bound) {
			TH_LOG("round %d of %d", i, rounds);
		}
	}
	TH_LOG("%d rounds, %llu kB live in %u objects: held at most %ld %% in the first half, %ld %% in the second, %ld %% at the end",
	       rounds, (unsigned long long)world.bytes >> 10, world.nr,
	       most(held, 0, half), most(held, half, rounds), held[rounds - 1]);
	EXPECT_LE(most(held, half, rounds), most(held, 0, half) * 5 / 4);
}

/* Scavenging returns all pages outside of spans in use; all pages if nothing lives. */
static void what_is_held_goes_back(struct __test_metadata *_metadata)
{
	struct kgc_stats stats;

	ASSERT_EQ(0, collect_all(world.heap));
	ASSERT_EQ(0, kgc_scavenge(world.heap, NULL));
	stats = stats_of(world.heap);
	TH_LOG("%llu %% when free pages are given back",
	       (unsigned long long)(stats.heap_sys * 100 / world.bytes));
	/* a machine page may hold more than one span */
	if (getpagesize() <= HEAP_PAGE)
		EXPECT_EQ(stats.heap_inuse, stats.heap_sys);
	while (world.nr)
		ASSERT_EQ(0, bury());
	ASSERT_EQ(0, collect_all(world.heap));
	ASSERT_EQ(0, kgc_scavenge(world.heap, NULL));
	EXPECT_EQ(0, stats_of(world.heap).heap_sys);
}

/*
 * At the end of a cycle the heap holds what lives and about as much garbage. New objects
 * reuse the slots of dead ones of their size, so scattered survivors cost nothing while
 * the demand for each size stays the same.
 */
TEST_F(heap, sizes_in_steady_demand_hold_three_times_what_lives)
{
	ASSERT_TRUE(run_on_cpu(0));
	ASSERT_EQ(0, begin(self->fd));
	grow_old(_metadata, false, 300);
	what_is_held_goes_back(_metadata);
}

/*
 * Between two cycles the size in demand may take LIVE bytes. Its survivors keep those
 * spans when another size is in demand. The bound is LIVE, once more for each size, and
 * a quarter of that for arenas that are not full.
 */
TEST_F(heap, sizes_in_changing_demand_are_bounded_by_their_number)
{
	ASSERT_TRUE(run_on_cpu(0));
	ASSERT_EQ(0, begin(self->fd));
	grow_old(_metadata, true, (1 + NR_SIZES) * 125);
	what_is_held_goes_back(_metadata);
}

/* ---- 95 % die -------------------------------------------------------------- */

#define TABLE	(2 << 20)	/* bytes of objects of one size */

/* Of 1000 spans of @slots objects, how many have a survivor if @live of @nr live on. */
static unsigned int spans_that_stay(unsigned int slots, double live, double nr)
{
	double none = 1;

	while (slots--)
		none *= 1 - live / nr;
	return 1000 * (1 - none) + 0.5;
}

/* Drop all but every 20th, at random. Return: those that live, or -errno. */
static long decimate(int heap, __u64 *handles, __u32 nr)
{
	struct random random = random_from(nr);
	__u32 dead = 0;

	for (__u32 i = 0; i < nr; i++)
		if (random_below(&random, 20))
			handles[dead++] = handles[i];
	return kgc_drop_many(heap, handles, dead, NULL) ?: (long)(nr - dead);
}

/*
 * After 95 % of the objects of one size died at random, the heap holds the spans with a
 * survivor, and nothing more.
 */
TEST(of_a_heap_that_died_spans_with_survivors_stay)
{
	static const __u32 small[] = { 16, 64, 256, 1024, 2048, 4096, 8192 };
	static __u64 handles[TABLE / 16];

	for (size_t i = 0; i < ARRAY_SIZE(small); i++) {
		int heap = kgc_open(), nr = TABLE / small[i], type;
		struct kgc_stats stats;
		__u64 expected;
		long live;

		ASSERT_GE(heap, 0);
		ASSERT_TRUE(run_on_cpu(0));
		ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF));
		type = kgc_type_register(heap, "small", small[i], KGC_TYPE_NOSCAN, NULL, 0);
		ASSERT_GT(type, 0);
		ASSERT_EQ(nr, kgc_alloc_many(heap, type, 0, nr, handles, NULL));
		live = decimate(heap, handles, nr);
		ASSERT_GT(live, 0);
		ASSERT_EQ(0, collect_all(heap));
		ASSERT_EQ(0, kgc_scavenge(heap, NULL));
		stats = stats_of(heap);
		expected = (__u64)TABLE * spans_that_stay(HEAP_PAGE / small[i], live, nr) / 1000;
		TH_LOG("objects of %u: %lu.%02lu times what lives is held", small[i],
		       stats.heap_sys / (live * small[i]),
		       stats.heap_sys * 100 / (live * small[i]) % 100);
		EXPECT_LE(stats.heap_inuse, expected + expected / 8 + 4 * HEAP_PAGE);
		/* the heap cannot hold less than the spans that have survivors */
		EXPECT_GE(stats.heap_inuse + 4 * HEAP_PAGE, expected - expected / 8);
		EXPECT_GE(stats.heap_inuse, (__u64)live * small[i]);
		if (getpagesize() <= HEAP_PAGE)
			EXPECT_EQ(stats.heap_inuse, stats.heap_sys);
		kgc_close(heap);
	}
}

TEST_HARNESS_MAIN
