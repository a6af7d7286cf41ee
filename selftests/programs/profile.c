// SPDX-License-Identifier: GPL-2.0
/*
 * heap<ID>/profile: which objects were allocated where, and which of them are alive, from a
 * sample. The test knows what it allocated and what it kept. With "profile_bytes" at 1
 * practically every object is sampled, because one of 16 bytes is missed with a
 * probability of exp(-16), so the numbers are nearly exact.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chain.h"
#include "debugfs_files.h"
#include "heap.h"

#define OBJECTS	2000
#define EVERY	1	/* profile_bytes: sample every object */

/* A line of a site. */
struct site {
	unsigned long long allocated, live, bytes, rate;
	int pid, type;
	char comm[32], name[64];
};

static int site_parse(const char *line, struct site *site)
{
	return sscanf(line, "%llu %llu %llu %llu %d %d %31s %63s", &site->allocated,
		      &site->live, &site->bytes, &site->rate, &site->pid, &site->type,
		      site->comm, site->name) == 8;
}

/*
 * Sum the samples of sites of @type, or of all if it is 0. Return: the number of such sites.
 * The last site's other members are in @sum.
 */
static int sum_sites(__u64 heap, int type, struct site *sum)
{
	char *text = debugfs_text(heap, "profile"), *at;
	struct site site;
	int nr = 0;

	*sum = (struct site){ };
	at = text ? strstr(text, "\n\n") : NULL;
	at = at ? strchr(at + 2, '\n') : NULL;
	while (at && *++at) {
		if (*at != '\t' && site_parse(at, &site) && (!type || type == site.type)) {
			site.allocated += sum->allocated;
			site.live += sum->live;
			*sum = site;
			nr++;
		}
		at = strchr(at, '\n');
	}
	free(text);
	return nr;
}

static __u64 profile_value(__u64 heap, const char *name)
{
	__u64 value = 0;

	debugfs_value(heap, "profile", name, &value);
	return value;
}

static void sample(struct __test_metadata *_metadata, int heap, __u64 every)
{
	ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_PROFILE_BYTES, every));
	/* caches go by it with their next spans: a cycle takes the old ones away */
	ASSERT_EQ(0, kgc_collect(heap, 1, KGC_COLLECT_WAIT, NULL));
}

/* Allocate @nr objects of @type and keep every @kept-th of them. */
static void allocate(struct __test_metadata *_metadata, int heap, int type, int nr, int kept)
{
	__u64 handle;

	for (int i = 0; i < nr; i++) {
		ASSERT_EQ(0, kgc_alloc(heap, type, 0, &handle));
		if (i % kept)
			ASSERT_EQ(0, kgc_drop(heap, handle));
	}
}

/* One in a million objects of 16 bytes is not sampled, so none or one of them is missing. */
#define EXPECT_NEARLY(expected, got)				\
do {								\
	EXPECT_LE(got, (__u64)(expected));			\
	EXPECT_GE((got) + 2, (__u64)(expected));		\
} while (0)

TEST_F(heap, every_object_is_sampled_and_found_dead)
{
	__u64 id = self->info.heap_id;
	struct site site;

	no_cycles(_metadata, self->fd);
	sample(_metadata, self->fd, EVERY);
	allocate(_metadata, self->fd, self->node, OBJECTS, 4);
	EXPECT_GE(sum_sites(id, self->node, &site), 1);
	EXPECT_NEARLY(OBJECTS, site.allocated);
	EXPECT_EQ(site.allocated, site.live);
	EXPECT_EQ(24, site.bytes);
	EXPECT_EQ(EVERY, site.rate);
	EXPECT_EQ(getpid(), site.pid);
	EXPECT_STREQ("node", site.name);
	ASSERT_EQ(0, kgc_collect(self->fd, 2, KGC_COLLECT_WAIT, NULL));
	sum_sites(id, self->node, &site);
	EXPECT_NEARLY(OBJECTS, site.allocated);
	EXPECT_NEARLY(OBJECTS / 4, site.live);
	EXPECT_EQ(site.live, profile_value(id, "LiveSamples"));
	EXPECT_EQ(0, profile_value(id, "Dropped"));
	EXPECT_EQ(0, profile_value(id, "Skipped"));
}

/* Types share spans, have one of their own, or are larger than a span of slots. */
TEST_F(heap, samples_have_the_type_and_size_of_their_object)
{
	static const struct kgc_field left[] = { { NODE_LEFT, KGC_TYPE_ANY } };
	__u64 id = self->info.heap_id, handle;
	int twin, tiny, array, large;
	struct site site;

	no_cycles(_metadata, self->fd);
	twin = kgc_type_register(self->fd, "twin", 24, 0, left, 1);
	tiny = kgc_type_register(self->fd, "tiny", 8, KGC_TYPE_NOSCAN, NULL, 0);
	array = kgc_type_register(self->fd, "array", 8, KGC_TYPE_ARRAY, left, 1);
	large = kgc_type_register(self->fd, "large", 100000, KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(large, 0);
	sample(_metadata, self->fd, EVERY);
	for (int i = 0; i < 100; i++) {
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &handle));
		ASSERT_EQ(0, kgc_alloc(self->fd, twin, 0, &handle));
		ASSERT_EQ(0, kgc_alloc(self->fd, tiny, 0, &handle));
		ASSERT_EQ(0, kgc_alloc(self->fd, array, 10, &handle));
		ASSERT_EQ(0, kgc_alloc(self->fd, large, 0, &handle));
	}
	sum_sites(id, twin, &site);
	EXPECT_NEARLY(100, site.allocated);
	EXPECT_EQ(24, site.bytes);
	/* two share a block, which is what is sampled; caches may have opened some more */
	sum_sites(id, tiny, &site);
	EXPECT_GE(site.allocated, 49);
	EXPECT_EQ(16, site.bytes);
	sum_sites(id, array, &site);
	EXPECT_NEARLY(100, site.allocated);
	EXPECT_EQ(80, site.bytes);
	sum_sites(id, large, &site);
	EXPECT_EQ(100, site.allocated);
	EXPECT_EQ(13 * 8192, site.bytes);
}

/* The estimate of what is alive is as near to the truth as its deviation allows. */
TEST_F(heap, the_estimate_is_within_five_deviations_of_the_counters)
{
	/* 20000 and 5000 objects, times p = 1 - exp(-64 / 1024); 5 * sqrt(n * p * (1 - p)) */
	const long expected = 1212, off = 169, expected_live = 303, off_live = 85;
	int type = register_wide_node(self->fd, 64);
	__u64 id = self->info.heap_id;
	struct site site;

	no_cycles(_metadata, self->fd);
	sample(_metadata, self->fd, 1024);
	allocate(_metadata, self->fd, type, 5000, 1);
	ASSERT_EQ(0, batch_litter(self->fd, type, 15000));
	ASSERT_EQ(0, kgc_collect(self->fd, 2, KGC_COLLECT_WAIT, NULL));
	sum_sites(id, type, &site);
	EXPECT_LE(labs((long)site.allocated - expected), off);
	EXPECT_LE(labs((long)site.live - expected_live), off_live);
	EXPECT_EQ(5000, stats_of(self->fd).heap_objects);
}

TEST_F(heap, the_stack_leads_to_the_system_call)
{
	const char *kernel = getenv("KERNEL");
	char *text;

	/* it was built without frame pointers, and then UML knows of no reliable stack */
	if (kernel && !strcmp(kernel, "uml"))
		SKIP(return, "this kernel saves no stacks");
	no_cycles(_metadata, self->fd);
	sample(_metadata, self->fd, EVERY);
	allocate(_metadata, self->fd, self->node, 10, 1);
	text = debugfs_text(self->info.heap_id, "profile");
	ASSERT_NE(NULL, text);
	EXPECT_NE(NULL, strstr(text, "ioctl"));
	EXPECT_NE(NULL, strstr(text, "profile_sampled"));
	free(text);
}

TEST_F(heap, nothing_is_sampled_without_a_rate)
{
	__u64 id = self->info.heap_id, samples;

	no_cycles(_metadata, self->fd);
	sample(_metadata, self->fd, 0);
	samples = profile_value(id, "Samples");
	allocate(_metadata, self->fd, self->node, OBJECTS, 2);
	EXPECT_EQ(samples, profile_value(id, "Samples"));
	EXPECT_EQ(0, profile_value(id, "RateBytes"));
}

/* What the profile needs counts as memory of the heap, and goes when the samples do. */
TEST_F(heap, memory_of_samples_is_charged_and_given_back)
{
	__u64 id = self->info.heap_id, before = 0, full = 0, after = 0;

	no_cycles(_metadata, self->fd);
	sample(_metadata, self->fd, EVERY);
	allocate(_metadata, self->fd, self->node, 10, 2);
	ASSERT_EQ(0, kgc_collect(self->fd, 2, KGC_COLLECT_WAIT, NULL));
	ASSERT_EQ(0, debugfs_value(id, "meta", "ProfileBytes", &before));
	allocate(_metadata, self->fd, self->node, OBJECTS, OBJECTS);
	debugfs_value(id, "meta", "ProfileBytes", &full);
	EXPECT_GE(full, before + (OBJECTS - 2) * 32);
	ASSERT_EQ(0, kgc_collect(self->fd, 2, KGC_COLLECT_WAIT, NULL));
	debugfs_value(id, "meta", "ProfileBytes", &after);
	EXPECT_LE(after, before + 4096);
}

/* At a hard limit samples are dropped and counted, and the allocation itself succeeds. */
TEST_F(heap, at_a_limit_samples_are_dropped_not_objects)
{
	__u64 id = self->info.heap_id, handle, refused;

	/* another CPU would need a span of its own */
	ASSERT_TRUE(run_on_cpu(0));
	no_cycles(_metadata, self->fd);
	sample(_metadata, self->fd, EVERY);
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &handle));
	refused = stats_of(self->fd).refused[KGC_REFUSAL_LIMIT];
	/* the heap holds more already */
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARD_LIMIT, 1));
	/* the span has slots left, and the chunk of handles has handles */
	for (int i = 0; i < 50; i++)
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &handle));
	EXPECT_GE(profile_value(id, "Dropped"), 48);
	EXPECT_EQ(refused, stats_of(self->fd).refused[KGC_REFUSAL_LIMIT]);
}

TEST_HARNESS_MAIN
