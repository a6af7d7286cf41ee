// SPDX-License-Identifier: GPL-2.0
/*
 * No object is lost or kept by mistake while mutators in several processes and threads
 * share a heap and cycles run back to back. Each mutator owns parcels, which are chains
 * of nodes with an id and a checksum. It trades them on a board, an array of pointers.
 * An exchange moves a parcel, so each is always in one place. In the end exactly those
 * parcels live that the mutators own or that lie on the board.
 *
 * kselftest-timeout: 120
 */
#include <pthread.h>

#define HEAP_VERIFY 2
#include "heap.h"
#include "now.h"
#include "random.h"

#define WORKERS		3
#define PARCELS		32	/* per worker */
#define LONGEST		24	/* nodes in a parcel */
#define BOARD		8	/* places to trade at */

/* Offsets in a parcel's node: next node, head of the parcel, id, checksum of the id. */
enum { NEXT = 0, HEAD = 8, ID = 16, SUM = 24, PARCEL_SIZE = 32 };

struct parcel {
	__u64 head;		/* handle, 0 for none */
	__u32 length;
};

struct worker {
	const struct stage *stage;
	int heap, type, number;
	__u64 board;
	struct random random;
	struct kgc_batch_builder batch;
	struct parcel parcels[PARCELS];
	__u64 serial;
	__u64 allocated;	/* nodes */
	__u64 traded;
	int error;		/* that ended the worker, 0 if its time was over */
};

/* Cycles that must have run beside the workers, however slow the machine. */
#define MIN_CYCLES	5

/* In memory that all processes share. */
struct stage {
	struct worker workers[WORKERS];
	bool stop;
	int collector_error;
	__u64 collections;
};

static __u64 checksum(__u64 id)
{
	return (id ^ id >> 29) * 0xbf58476d1ce4e5b9ULL;
}

/* Ids count down along the chain. */
static __u64 parcel_id(const struct worker *worker, __u32 left)
{
	return ID_TAG | (__u64)worker->number << 40 | worker->serial << 8 | left;
}

static int fail(struct worker *worker, const char *what, int err)
{
	fprintf(stderr, "# worker %d: %s: %d\n", worker->number, what, err);
	return err ?: -EPROTO;
}

static int discard(struct worker *worker, struct parcel *parcel)
{
	int err = parcel->head ? kgc_drop(worker->heap, parcel->head) : 0;

	*parcel = (struct parcel){ 0 };
	return err ? fail(worker, "drop", err) : 0;
}

static int create(struct worker *worker, struct parcel *parcel)
{
	struct kgc_batch_builder *batch = &worker->batch;
	__u32 length = 1 + random_below(&worker->random, LONGEST);
	int nodes[LONGEST], err;

	kgc_batch_reset(batch);
	worker->serial++;
	for (__u32 i = 0; i < length; i++) {
		__u64 id = parcel_id(worker, length - 1 - i);

		nodes[i] = kgc_batch_alloc(batch, worker->type, 0);
		kgc_batch_write_word(batch, KGC_RESULT(nodes[i]), ID, id);
		kgc_batch_write_word(batch, KGC_RESULT(nodes[i]), SUM,
				     checksum(id));
		kgc_batch_store(batch, KGC_RESULT(nodes[i]), HEAD,
				KGC_RESULT(nodes[0]));
		if (!i)
			continue;
		kgc_batch_store(batch, KGC_RESULT(nodes[i - 1]), NEXT,
				KGC_RESULT(nodes[i]));
		if (i > 1)
			kgc_batch_drop(batch, KGC_RESULT(nodes[i - 1]));
	}
	if (length > 1)
		kgc_batch_drop(batch, KGC_RESULT(nodes[length - 1]));
	err = flush_all(batch);
	if (err)
		return fail(worker, "building a parcel", err);
	worker->allocated += length;
	*parcel = (struct parcel){ kgc_batch_result(batch, nodes[0]), length };
	return 0;
}

/* Check a whole parcel with one batch. Its loads beyond the end fail and do not count. */
static int look(struct worker *worker, __u64 head, __u32 *length)
{
	struct kgc_batch_builder *batch = &worker->batch;
	__u64 at = head, first = 0;
	int err;

	kgc_batch_reset(batch);
	for (int i = 0; i < LONGEST; i++) {
		kgc_batch_read_word(batch, at, ID);
		kgc_batch_read_word(batch, at, SUM);
		at = KGC_RESULT(kgc_batch_load(batch, at, NEXT));
	}
	do {
		err = kgc_batch_flush(batch, 0);
	} while (err == -EINTR);
	if (err)
		return fail(worker, "reading a parcel", err);
	for (*length = 0; *length < LONGEST; ++*length) {
		const struct kgc_op *op = &batch->ops[3 * *length];

		if (op[0].error || op[1].error || op[2].error)
			return fail(worker, "a node cannot be read",
				    op[0].error ?: op[2].error);
		if (op[1].result != checksum(op[0].result))
			return fail(worker, "a checksum is wrong", 0);
		first = *length ? first : op[0].result;
		if (op[0].result != first - *length)
			return fail(worker, "a node is not the next one", 0);
		if (!op[2].result)
			break;
		err = kgc_drop(worker->heap, op[2].result);
		if (err)
			return fail(worker, "dropping a node", err);
	}
	++*length;
	return 0;
}

static int inspect(struct worker *worker, struct parcel *parcel)
{
	__u32 length;
	int err = look(worker, parcel->head, &length);

	if (!err && length != parcel->length)
		err = fail(worker, "a parcel of mine changed its length", 0);
	return err;
}

/* Put @parcel on a random place of the board, and take what lies there, if anything. */
static int trade(struct worker *worker, struct parcel *parcel)
{
	__u64 offset = 8 * random_below(&worker->random, BOARD), got;
	int err;

	err = kgc_xchg(worker->heap, worker->board, offset, parcel->head, &got);
	if (err)
		return fail(worker, "exchange", err);
	err = discard(worker, parcel);
	if (err)
		return err;
	worker->traded++;
	parcel->head = got;
	return got ? look(worker, got, &parcel->length) : 0;
}

/* Cut a parcel after its head, so that the rest becomes garbage. */
static int cut(struct worker *worker, struct parcel *parcel)
{
	int err = kgc_store(worker->heap, parcel->head, NEXT, 0);

	parcel->length = 1;
	return err ? fail(worker, "cutting", err) : 0;
}

static int act(struct worker *worker)
{
	struct parcel *parcel =
		&worker->parcels[random_below(&worker->random, PARCELS)];

	if (!parcel->head)
		return create(worker, parcel);
	switch (random_below(&worker->random, 16)) {
	case 0 ... 4:
		return inspect(worker, parcel);
	case 5 ... 10:
		return trade(worker, parcel);
	case 11:
		return cut(worker, parcel);
	default:
		return discard(worker, parcel) ?: create(worker, parcel);
	}
}

static double duration(void)
{
	return scaled(4000) / 1000.0;
}

static bool enough_cycles(const struct stage *stage)
{
	return stage->collector_error ||
	       __atomic_load_n(&stage->collections, __ATOMIC_RELAXED) >=
	       MIN_CYCLES;
}

static void *work(void *argument)
{
	struct worker *worker = argument;
	double end = now() + duration();

	worker->error = kgc_batch_init(&worker->batch, worker->heap, 256);
	while (!worker->error &&
	       (now() < end || !enough_cycles(worker->stage)))
		worker->error = act(worker);
	kgc_batch_destroy(&worker->batch);
	return NULL;
}

static void *collect(void *argument)
{
	struct stage *stage = argument;

	while (!__atomic_load_n(&stage->stop, __ATOMIC_RELAXED)) {
		int err = kgc_collect(stage->workers[0].heap, 1,
				      KGC_COLLECT_WAIT, NULL);

		if (err && err != -EINTR) {
			stage->collector_error = err;
			break;
		}
		__atomic_fetch_add(&stage->collections, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static int open_stage(struct stage **stage, int heap)
{
	static const struct kgc_field any[] = {
		{ 0, KGC_TYPE_ANY }, { 8, KGC_TYPE_ANY } };
	__u64 seed = random_seed(), board = 0;
	int type, array, err;

	*stage = mmap(NULL, sizeof(**stage), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	type = kgc_type_register(heap, "parcel", PARCEL_SIZE, 0, any, 2);
	array = kgc_type_register(heap, "board", 8, KGC_TYPE_ARRAY, any, 1);
	err = kgc_alloc(heap, array, BOARD, &board);
	for (int i = 0; i < WORKERS; i++)
		(*stage)->workers[i] = (struct worker){
			.stage = *stage, .heap = heap, .type = type, .board = board,
			.number = i + 1, .random = random_from(seed + i) };
	return type < 0 ? type : array < 0 ? array : err;
}

/* Check the parcels on the board and count their nodes. */
static int count_board(struct stage *stage, __u64 *nodes)
{
	struct worker clerk = stage->workers[0];
	int err = kgc_batch_init(&clerk.batch, clerk.heap, 256);

	*nodes = 0;
	for (int i = 0; i < BOARD && !err; i++) {
		__u32 length = 0;
		__u64 head;

		err = kgc_load(clerk.heap, clerk.board, 8 * i, &head);
		if (err || !head)
			continue;
		err = look(&clerk, head, &length) ?: kgc_drop(clerk.heap, head);
		*nodes += length;
	}
	kgc_batch_destroy(&clerk.batch);
	return err;
}

/* After all workers ended: what they counted must agree with the heap, to the object. */
static void reconcile(struct __test_metadata *_metadata, struct stage *stage,
		      int heap)
{
	__u64 allocated = 1, owned = 1, handles = 1, traded = 0, on_board;
	struct kgc_stats stats;

	EXPECT_EQ(0, stage->collector_error);
	for (int i = 0; i < WORKERS; i++) {
		struct worker *worker = &stage->workers[i];

		ASSERT_EQ(0, worker->error);
		allocated += worker->allocated;
		traded += worker->traded;
		for (int j = 0; j < PARCELS; j++) {
			owned += worker->parcels[j].length;
			handles += !!worker->parcels[j].head;
		}
	}
	ASSERT_EQ(0, count_board(stage, &on_board));
	ASSERT_EQ(0, collect_all(heap));
	stats = stats_of(heap);
	printf("# %llu nodes, %llu trades, %llu cycles\n", allocated, traded,
	       (__u64)stats.num_gc);
	EXPECT_EQ(allocated, stats.mallocs);
	EXPECT_EQ(owned + on_board, stats.heap_objects);
	EXPECT_EQ(handles, stats.handles);
	EXPECT_GT(traded, 0);
	/* Enough cycles ran beside the mutators. */
	EXPECT_GE(stage->collections, MIN_CYCLES);
	EXPECT_GE(stats.num_gc, stage->collections);

	for (int i = 0; i < WORKERS; i++) {
		struct worker *worker = &stage->workers[i];

		ASSERT_EQ(0, kgc_batch_init(&worker->batch, heap, 256));
		for (int j = 0; j < PARCELS; j++) {
			if (!worker->parcels[j].head)
				continue;
			EXPECT_EQ(0, inspect(worker, &worker->parcels[j]));
			EXPECT_EQ(0, discard(worker, &worker->parcels[j]));
		}
	}
	ASSERT_EQ(0, kgc_drop(heap, stage->workers[0].board));
	ASSERT_EQ(0, collect_all(heap));
	EXPECT_EQ(0, stats_of(heap).heap_objects);
}

static pid_t in_process(void *(*function)(void *), void *argument)
{
	pid_t pid = fork();

	if (pid)
		return pid;
	function(argument);
	_exit(0);
}

TEST_F(heap, processes_that_share_a_heap)
{
	pid_t pids[WORKERS], collector;
	struct stage *stage;
	int status;

	ASSERT_EQ(0, open_stage(&stage, self->fd));
	collector = in_process(collect, stage);
	ASSERT_GT(collector, 0);
	for (int i = 0; i < WORKERS; i++) {
		pids[i] = in_process(work, &stage->workers[i]);
		ASSERT_GT(pids[i], 0);
	}
	for (int i = 0; i < WORKERS; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	__atomic_store_n(&stage->stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(collector, waitpid(collector, &status, 0));
	EXPECT_EQ(0, status);
	reconcile(_metadata, stage, self->fd);
}

TEST_F(heap, threads_that_share_a_heap)
{
	pthread_t threads[WORKERS], collector;
	struct stage *stage;

	ASSERT_EQ(0, open_stage(&stage, self->fd));
	ASSERT_EQ(0, pthread_create(&collector, NULL, collect, stage));
	for (int i = 0; i < WORKERS; i++)
		ASSERT_EQ(0, pthread_create(&threads[i], NULL, work,
					    &stage->workers[i]));
	for (int i = 0; i < WORKERS; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	__atomic_store_n(&stage->stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(collector, NULL));
	reconcile(_metadata, stage, self->fd);
}

/* Two heaps at once, each with mutators of its own: neither affects the other. */
TEST_F(heap, heaps_beside_each_other_do_not_mix)
{
	struct stage *stages[2];
	pid_t pids[2 * WORKERS];
	int heaps[2] = { self->fd, kgc_open() }, status;

	ASSERT_GE(heaps[1], 0);
	ASSERT_EQ(0, kgc_option_set(heaps[1], KGC_OPT_VERIFY, HEAP_VERIFY));
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, open_stage(&stages[i], heaps[i]));
		for (int j = 0; j < WORKERS; j++)
			pids[i * WORKERS + j] =
				in_process(work, &stages[i]->workers[j]);
	}
	for (int i = 0; i < MIN_CYCLES; i++) {
		for (int j = 0; j < 2; j++) {
			ASSERT_EQ(0, kgc_collect(heaps[j], 1, KGC_COLLECT_WAIT,
						 NULL));
			stages[j]->collections++;
		}
	}
	for (int i = 0; i < 2 * WORKERS; i++) {
		ASSERT_EQ(pids[i], waitpid(pids[i], &status, 0));
		EXPECT_EQ(0, status);
	}
	for (int i = 0; i < 2; i++)
		reconcile(_metadata, stages[i], heaps[i]);
	kgc_close(heaps[1]);
}

TEST_HARNESS_MAIN
