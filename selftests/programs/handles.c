// SPDX-License-Identifier: GPL-2.0
/*
 * The size of a handle table follows the number of open handles. Cycles free chunks with
 * no open handle and do not scan them. A chunk that comes back continues the generations
 * of its slots. All this is safe while handles are opened, looked up and dropped.
 *
 * kselftest-timeout: 180
 */
#include <sys/mman.h>
#include <sys/wait.h>

#define HEAP_VERIFY 1
#include "debugfs_files.h"
#include "heap.h"
#include "random.h"

#define CHUNK		4096	/* bytes */
#define SLOTS		254	/* handles in it */
#define BATCH		4096

static int look_strong(int heap, __u64 handle)
{
	return kgc_object_info(heap, handle, NULL, NULL);
}

static int look_weak(int heap, __u64 handle)
{
	__u64 object;

	return kgc_weak_get(heap, handle, &object);
}

struct table {
	const char *kind;	/* name of its line in meta */
	int (*look)(int heap, __u64 handle);
	int (*batch_open)(struct kgc_batch_builder *batch, __u64 object);
	int (*batch_drop)(struct kgc_batch_builder *batch, __u64 handle);
};

static const struct table strong = { "HandleBytes", look_strong, kgc_batch_dup, kgc_batch_drop };
static const struct table weak = { "WeakHandleBytes", look_weak, kgc_batch_weak_create,
				   kgc_batch_weak_drop };

static __u64 value_of(struct __test_metadata *_metadata, long heap, const char *file,
		      const char *name)
{
	__u64 value = 0;

	ASSERT_EQ(0, debugfs_value(heap, file, name, &value)) {
		TH_LOG("%s: no line %s", file, name);
	}
	return value;
}

static void open_many(struct __test_metadata *_metadata, int heap,
		      const struct table *table, __u64 object, __u64 *handles, int nr)
{
	struct kgc_batch_builder batch;

	ASSERT_EQ(0, kgc_batch_init(&batch, heap, BATCH));
	for (int done = 0, n; done < nr; done += n) {
		n = nr - done < BATCH ? nr - done : BATCH;
		kgc_batch_reset(&batch);
		for (int i = 0; i < n; i++)
			table->batch_open(&batch, object);
		ASSERT_EQ(0, flush_all(&batch));
		for (int i = 0; i < n; i++)
			handles[done + i] = kgc_batch_result(&batch, i);
	}
	kgc_batch_destroy(&batch);
}

static void drop_many(struct __test_metadata *_metadata, int heap,
		      const struct table *table, const __u64 *handles, int nr)
{
	struct kgc_batch_builder batch;

	ASSERT_EQ(0, kgc_batch_init(&batch, heap, BATCH));
	for (int done = 0, n; done < nr; done += n) {
		n = nr - done < BATCH ? nr - done : BATCH;
		kgc_batch_reset(&batch);
		for (int i = 0; i < n; i++)
			table->batch_drop(&batch, handles[done + i]);
		ASSERT_EQ(0, flush_all(&batch));
	}
	kgc_batch_destroy(&batch);
}

/* Open and drop many handles: hardly any chunk is scanned and held afterwards. */
static void come_and_go(struct __test_metadata *_metadata, int heap, long id,
			const struct table *table)
{
	int nr = scaled(1000000) < 1000000 ? scaled(1000000) : 1000000;
	__u64 object, scanned, bytes, *handles = calloc(nr, sizeof(*handles));

	nr = nr < 20 * SLOTS ? 20 * SLOTS : nr;
	ASSERT_NE(NULL, handles);
	ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_PERIOD_MS, 0));
	ASSERT_EQ(0, kgc_alloc(heap, register_node(heap), 0, &object));
	open_many(_metadata, heap, table, object, handles, nr);
	bytes = value_of(_metadata, id, "meta", table->kind);
	EXPECT_GE(bytes, nr / SLOTS * CHUNK);
	EXPECT_LE(bytes, (nr / SLOTS + 2) * CHUNK * 102ULL / 100);
	scanned = value_of(_metadata, id, "stats", "HandleChunksScanned");
	ASSERT_EQ(0, kgc_collect(heap, 1, KGC_COLLECT_WAIT, NULL));
	EXPECT_GE(value_of(_metadata, id, "stats", "HandleChunksScanned") - scanned,
		  nr / SLOTS);
	drop_many(_metadata, heap, table, handles, nr);
	/* this cycle finds the chunks empty and frees them */
	scanned = value_of(_metadata, id, "stats", "HandleChunksScanned");
	ASSERT_EQ(0, kgc_collect(heap, 1, KGC_COLLECT_WAIT, NULL));
	/* the chunk of the object's own handle, once more for the verifier */
	EXPECT_LE(value_of(_metadata, id, "stats", "HandleChunksScanned") - scanned, 2);
	/* the chunk to be filled next stays, and so does the index */
	EXPECT_LE(value_of(_metadata, id, "meta", table->kind),
		  2 * CHUNK + nr / SLOTS * 10 + 2048);
	free(handles);
}

TEST_F(heap, handles_that_came_and_went_leave_nothing)
{
	come_and_go(_metadata, self->fd, self->info.heap_id, &strong);
}

TEST_F(heap, weak_handles_that_came_and_went_leave_nothing)
{
	come_and_go(_metadata, self->fd, self->info.heap_id, &weak);
}

static int compare(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Let chunks go and come back: no handle is issued twice, and no old one works again. */
static void no_handle_revives(struct __test_metadata *_metadata, int heap, long id,
			      const struct table *table)
{
	enum { NR = 10 * SLOTS, ROUNDS = 6 };
	static __u64 all[ROUNDS * NR];
	__u64 object, least, *handles = all;
	int twice = 0;

	ASSERT_EQ(0, kgc_alloc(heap, register_node(heap), 0, &object));
	for (int round = 0; round < ROUNDS; round++, handles += NR) {
		least = value_of(_metadata, id, "meta", table->kind);
		open_many(_metadata, heap, table, object, handles, NR);
		/* chunks have come back */
		EXPECT_GE(value_of(_metadata, id, "meta", table->kind),
			  least + 8 * CHUNK);
		for (int i = 0; i < round * NR; i += 7)
			ASSERT_EQ(-ENOENT, table->look(heap, all[i]));
		drop_many(_metadata, heap, table, handles, NR);
		ASSERT_EQ(0, kgc_collect(heap, 1, KGC_COLLECT_WAIT, NULL));
		EXPECT_LE(value_of(_metadata, id, "meta", table->kind), 4 * CHUNK);
	}
	qsort(all, ROUNDS * NR, sizeof(__u64), compare);
	for (int i = 1; i < ROUNDS * NR; i++)
		twice += all[i] == all[i - 1];
	EXPECT_EQ(0, twice);
}

TEST_F(heap, a_chunk_that_comes_back_revives_no_handle)
{
	no_handle_revives(_metadata, self->fd, self->info.heap_id, &strong);
}

TEST_F(heap, a_chunk_that_comes_back_revives_no_weak_handle)
{
	no_handle_revives(_metadata, self->fd, self->info.heap_id, &weak);
}

/* New handles fill gaps in low chunks, so that high chunks can become empty. */
TEST_F(heap, low_chunks_are_filled_first)
{
	enum { NR = 20 * SLOTS };
	static __u64 handles[NR], more[NR];
	__u64 object, bytes;
	int id = self->info.heap_id;

	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &object));
	open_many(_metadata, self->fd, &strong, object, handles, NR);
	bytes = value_of(_metadata, id, "meta", "HandleBytes");
	/* drop every second handle, so that no chunk is empty */
	for (int i = 0; i < NR; i += 2)
		ASSERT_EQ(0, kgc_drop(self->fd, handles[i]));
	ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	EXPECT_EQ(bytes, value_of(_metadata, id, "meta", "HandleBytes"));
	/* new handles fit into the gaps */
	open_many(_metadata, self->fd, &strong, object, more, NR / 2 - SLOTS);
	EXPECT_EQ(bytes, value_of(_metadata, id, "meta", "HandleBytes"));
	/* empty the upper half: its chunks go, except the lowest chunk with room */
	drop_many(_metadata, self->fd, &strong, more + NR / 4, NR / 4 - SLOTS);
	for (int i = NR / 2 + 1; i < NR; i += 2)
		ASSERT_EQ(0, kgc_drop(self->fd, handles[i]));
	ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	EXPECT_LE(value_of(_metadata, id, "meta", "HandleBytes"), bytes - 7 * CHUNK);
}

/* ---- all at once ------------------------------------------------------------ */

#define WORKERS		3
#define OPEN		(4 * SLOTS)	/* at most, by each worker */

struct worker {
	int heap, type, number;
	struct random random;
	__u64 handles[OPEN], ids[OPEN], stale[OPEN];
	unsigned int nr;
	__u64 serial;
};

static int open_one(struct worker *w)
{
	__u64 id = ID_TAG | (__u64)w->number << 40 | w->serial++;
	int err = kgc_alloc(w->heap, w->type, 0, &w->handles[w->nr]);

	if (!err)
		err = kgc_write(w->heap, w->handles[w->nr], NODE_WORD, &id, sizeof(id));
	w->ids[w->nr] = id;
	w->nr += !err;
	return err;
}

static int drop_one(struct worker *w)
{
	unsigned int i = random_below(&w->random, w->nr);
	int err = kgc_drop(w->heap, w->handles[i]);

	w->stale[random_below(&w->random, OPEN)] = w->handles[i];
	w->nr--;
	w->handles[i] = w->handles[w->nr];
	w->ids[i] = w->ids[w->nr];
	return err;
}

/* Check at random that open handles work and that dropped ones are ENOENT. */
static int look(struct worker *w)
{
	unsigned int i = random_below(&w->random, OPEN);
	__u64 word = 0;
	int err;

	if (w->stale[i] && kgc_read(w->heap, w->stale[i], NODE_WORD, &word, 8) != -ENOENT)
		return -EEXIST;
	if (!w->nr)
		return 0;
	i = random_below(&w->random, w->nr);
	err = kgc_read(w->heap, w->handles[i], NODE_WORD, &word, 8);
	return err ?: word == w->ids[i] ? 0 : -EILSEQ;
}

/* Open many handles and drop most or all, again and again, so that chunks come and go. */
static int work(struct worker *w, unsigned int rounds)
{
	int err = 0;

	while (rounds-- && !err) {
		unsigned int high = 1 + random_below(&w->random, OPEN);
		unsigned int low = random_below(&w->random, 4) ? 0 : high / 2;

		while (w->nr < high && !err)
			err = open_one(w) ?: look(w);
		while (w->nr > low && !err)
			err = drop_one(w) ?: look(w);
	}
	while (w->nr && !err)
		err = drop_one(w);
	return err;
}

static int collect_on(int heap, const volatile bool *over)
{
	int err = 0;

	while (!*over && !err)
		err = kgc_collect(heap, 1, KGC_COLLECT_WAIT, NULL);
	return err;
}

TEST_F(heap, tables_shrink_under_those_who_use_them)
{
	static struct worker worker;
	volatile bool *over;
	pid_t collector, child;
	int status;

	over = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, (void *)over);
	collector = fork();
	ASSERT_GE(collector, 0);
	if (!collector)
		_exit(-collect_on(self->fd, over));
	for (int i = 0; i < WORKERS; i++) {
		child = fork();
		ASSERT_GE(child, 0);
		if (child)
			continue;
		worker = (struct worker){ .heap = self->fd, .type = self->node, .number = i };
		worker.random = random_from(random_seed() + i);
		_exit(-work(&worker, scaled(40)));
	}
	for (int i = 0; i < WORKERS; i++) {
		child = waitpid(-1, &status, 0);
		ASSERT_NE(collector, child);
		EXPECT_TRUE(WIFEXITED(status) && !WEXITSTATUS(status)) {
			TH_LOG("a worker ended with %#x", status);
		}
	}
	*over = true;
	ASSERT_EQ(collector, waitpid(collector, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_EQ(0, stats_of(self->fd).handles);
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
	EXPECT_LE(value_of(_metadata, self->info.heap_id, "meta", "HandleBytes"), 2 * CHUNK);
}

TEST_HARNESS_MAIN
