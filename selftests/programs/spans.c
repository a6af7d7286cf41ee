// SPDX-License-Identifier: GPL-2.0
/*
 * heap<ID>/spans shows every span of a heap once and agrees with the counters. Span
 * structures fill whole cache lines of the machine.
 *
 * kselftest-timeout: 60
 */
#include <sys/stat.h>

#include "chain.h"
#include "debugfs_files.h"
#include "heap.h"

#define HEAP_PAGE	8192
#define LARGE		100000

struct line {
	char id[32], state[16];
	unsigned int class, noscan, size, pages, elements, used, marked, generation;
	unsigned int reused, cached, mixed, node;
};

/* Parse the file, up to @most lines. Return: how many, or -1 if it is malformed. */
static int spans_of(int heap, struct line *lines, int most)
{
	char *text = debugfs_text(heap, "spans"), *at = text;
	int nr = 0;

	if (!text)
		return -1;
	while ((at = strchr(at, '\n')) && *++at && nr < most) {
		struct line *l = &lines[nr++];

		if (sscanf(at, "%31s %15s %u %u %u %u %u %u %u %u %u %u %u %u", l->id,
			   l->state, &l->class, &l->noscan, &l->size, &l->pages,
			   &l->elements, &l->used, &l->marked, &l->generation,
			   &l->reused, &l->cached, &l->mixed, &l->node) != 14)
			nr = -1;
		if (nr < 0)
			break;
	}
	free(text);
	return nr;
}

/* Column @column (from 0) of the line of "classes" with @key; 0 if there is no line. */
static unsigned long long class_column(int heap, const char *key, int column)
{
	char *text = debugfs_text(heap, "classes"), *at = text ? strstr(text, key) : NULL;
	unsigned long long value = 0;

	for (; at && column; column--)
		at = strchr(at + 1, ' ');
	if (at)
		value = strtoull(at + 1, NULL, 10);
	free(text);
	return value;
}

static struct line lines[4096];

TEST_F(heap, every_span_is_shown_once)
{
	unsigned long long pages = 0, used = 0, spans = 0, large = 0;
	struct kgc_stats stats;
	__u64 root, handle;
	int nr, type;

	ASSERT_TRUE(run_on_cpu(0));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	EXPECT_EQ(0, spans_of(self->info.heap_id, lines, ARRAY_SIZE(lines)));
	type = kgc_type_register(self->fd, "large", LARGE, KGC_TYPE_NOSCAN, NULL, 0);
	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &handle));
	/* enough spans for more than a page of text */
	ASSERT_EQ(0, chain_build(self->fd, self->node, 50000, &root));
	nr = spans_of(self->info.heap_id, lines, ARRAY_SIZE(lines));
	ASSERT_GE(nr, 50000 / 341);
	for (int i = 0; i < nr; i++) {
		struct line *l = &lines[i];

		EXPECT_STREQ("in_use", l->state);
		EXPECT_NE(0, strncmp(l->id, "ffff", 4));
		EXPECT_LE(l->used, l->elements);
		pages += l->pages;
		large += l->size == (LARGE / HEAP_PAGE + 1) * HEAP_PAGE;
		if (l->class != 3 || l->noscan)
			continue;
		spans++;
		used += l->used;
		EXPECT_EQ(24, l->size);
		EXPECT_EQ(341, l->elements);
		EXPECT_EQ(0, l->reused);
		for (int j = 0; j < i; j++)
			ASSERT_STRNE(l->id, lines[j].id);
	}
	stats = stats_of(self->fd);
	EXPECT_EQ(stats.heap_inuse, pages * HEAP_PAGE);
	EXPECT_EQ(1, large);
	EXPECT_EQ(50000, used);
	EXPECT_EQ(class_column(self->info.heap_id, "\n3 0 ", 4), spans);
}

TEST_F(heap, what_a_cycle_does_to_spans_is_shown)
{
	unsigned int before = 0, used = 0, cached = 0;
	__u64 root;
	int nr;

	ASSERT_TRUE(run_on_cpu(0));
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 5000, &root));
	nr = spans_of(self->info.heap_id, lines, ARRAY_SIZE(lines));
	ASSERT_GT(nr, 0);
	before = lines[0].generation;
	for (int i = 0; i < nr; i++)
		cached += lines[i].cached;
	/* only the span that this CPU allocates from */
	EXPECT_EQ(1, cached);
	ASSERT_EQ(0, collect_all(self->fd));
	nr = spans_of(self->info.heap_id, lines, ARRAY_SIZE(lines));
	ASSERT_GT(nr, 0);
	for (int i = 0; i < nr; i++) {
		EXPECT_EQ(before + 2, lines[i].generation);
		EXPECT_EQ(1, lines[i].reused);
		EXPECT_EQ(0, lines[i].cached);
		EXPECT_EQ(0, lines[i].marked);
		used += lines[i].used;
	}
	EXPECT_EQ(5000, used);
	ASSERT_EQ(0, kgc_drop(self->fd, root));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, spans_of(self->info.heap_id, lines, ARRAY_SIZE(lines)));
}

/* A reader may seek to any offset, also backwards. */
TEST_F(heap, the_list_can_be_read_from_anywhere)
{
	static char once[1 << 16], piece[1 << 16];
	char path[128];
	ssize_t length;
	__u64 root;
	FILE *f;

	ASSERT_EQ(0, chain_build(self->fd, self->node, 50000, &root));
	snprintf(path, sizeof(path), DEBUGFS_KGC "/heap%u/spans", self->info.heap_id);
	f = fopen(path, "r");
	ASSERT_NE(NULL, f);
	setbuf(f, NULL);
	length = fread(once, 1, sizeof(once), f);
	ASSERT_GT(length, 5000);
	ASSERT_LT(length, sizeof(once));
	for (int from = length; from >= 0; from -= length / 7) {
		ASSERT_EQ(0, fseek(f, from, SEEK_SET));
		ASSERT_EQ(length - from, fread(piece, 1, sizeof(piece), f));
		EXPECT_EQ(0, memcmp(once + from, piece, length - from));
	}
	fclose(f);
}

/* Bytes in a cache line according to /proc/cpuinfo; 0 if it does not say. */
static unsigned int cache_alignment(void)
{
	FILE *f = fopen("/proc/cpuinfo", "r");
	unsigned int bytes = 0;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "cache_alignment : %u", &bytes) == 1)
			break;
	if (f)
		fclose(f);
	return bytes;
}

TEST(span_structures_lie_on_the_machines_lines)
{
	unsigned int bytes = cache_alignment(), words, size, nr = 0;
	FILE *f = fopen("/proc/slabinfo", "r");
	char line[512];

	if (!bytes)
		SKIP(return, "/proc/cpuinfo does not say what a cache line is");
	if (!f)
		SKIP(return, "no /proc/slabinfo");
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "kgc_span_%u %*u %*u %u", &words, &size) != 2)
			continue;
		EXPECT_EQ(0, size % bytes) {
			TH_LOG("%u words: %u bytes on lines of %u", words, size, bytes);
		}
		nr++;
	}
	fclose(f);
	EXPECT_EQ(5, nr);
	TH_LOG("lines of %u bytes", bytes);
}

TEST_HARNESS_MAIN
