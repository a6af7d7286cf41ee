// SPDX-License-Identifier: GPL-2.0
/*
 * After a collection exactly the reachable objects live, with contents and edges intact.
 * The test mutates random graphs of every kind of object, through single calls and
 * batches, while cycles run. An oracle mirrors the graph and computes what must live.
 *
 * kselftest-timeout: 120
 */
#define HEAP_VERIFY 1
#include "heap.h"
#include "oracle.h"
#include "random.h"

#define CAPACITY 2048

/* Kinds below this index share no block with others: their death is exact. */
enum { PAIR, SIX, ODD, BLOB, ENTRIES, GUESS, LARGE, NR_EXACT,
       SHORT = NR_EXACT, BYTE, NR_KINDS };

static struct kind kinds[NR_KINDS] = {
	[PAIR] = { "pair", 32, 0, 2, { 0, 8 }, .word = 16 },
	[SIX] = { "six", 64, 0, 6, { 8, 16, 24, 32, 40, 56 }, .word = 0 },
	[ODD] = { "odd", 20, 0, 1, { 8 }, .word = 0 },
	[BLOB] = { "blob", 1, KGC_TYPE_NOSCAN | KGC_TYPE_ARRAY,
		   .most = 100 << 10 },
	[ENTRIES] = { "entries", 16, KGC_TYPE_ARRAY, 1, { 0 }, .word = 8,
		      .most = 6400 },
	[GUESS] = { "guess", 48, KGC_TYPE_CONSERVATIVE, 5,
		    { 8, 16, 24, 32, 40 }, .word = 0 },
	[LARGE] = { "large", 40960, 0, 3, { 0, 20000, 40952 }, .word = 8 },
	[SHORT] = { "short", 12, KGC_TYPE_NOSCAN },
	[BYTE] = { "byte", 1, KGC_TYPE_NOSCAN },
};

struct expectation {
	enum { ANYTHING, EXACTLY, NULL_HANDLE, NEW_HANDLE, NO_ERROR } what;
	__u64 value;
};

struct graph {
	int heap;
	struct random random;
	int nr_kinds;
	struct oracle oracle;
	struct oracle_root *held;	/* one entry per open handle */
	__u32 nr_held, most_held;
	struct kgc_batch_builder batch;
	struct expectation expected[CAPACITY];
};

static __u32 below(struct graph *graph, __u32 limit)
{
	return random_below(&graph->random, limit);
}

static void hold(struct graph *graph, __u32 object, int op)
{
	graph->held[graph->nr_held++] = (struct oracle_root){
		object, KGC_RESULT(op) };
}

static void expect(struct graph *graph, int op, int what, __u64 value)
{
	graph->expected[op] = (struct expectation){ what, value };
}

/* A number of elements: mostly few, now and then many pages of them. */
static __u32 draw_elements(struct graph *graph, const struct kind *kind)
{
	__u32 bits, least = kind->size == 1 ? 16 : 1;

	if (!kind->most)
		return 0;
	bits = below(graph, 64) ? 8 : 17;
	return least + below(graph, kind->most - least < 1U << bits ?
			     kind->most - least : 1U << bits);
}

static void stamp(struct graph *graph, __u32 number, int alloc)
{
	const struct oracle_object *object = &graph->oracle.objects[number];
	__u64 handle = KGC_RESULT(alloc);
	int op;

	if (oracle_bytes(object) < 8) {
		static __u8 bytes[256];
		__u8 *byte = &bytes[(__u8)object->id];

		*byte = object->id;
		op = kgc_batch_write(&graph->batch, handle, 0, byte, 1);
		expect(graph, op, NO_ERROR, 0);
		return;
	}
	if (oracle_patterned(object)) {
		op = kgc_batch_write(&graph->batch, handle, 0,
				     oracle_pattern(object),
				     oracle_bytes(object));
		expect(graph, op, NO_ERROR, 0);
	}
	op = kgc_batch_write_word(&graph->batch, handle, object->kind->word,
				  object->id);
	expect(graph, op, NO_ERROR, 0);
}

static void step_alloc(struct graph *graph)
{
	const struct kind *kind = &kinds[below(graph, graph->nr_kinds)];
	__u32 elements, object;
	int op;

	/* Keep large objects rare: otherwise they would take nearly all the memory. */
	if (kind == &kinds[LARGE] && below(graph, 50))
		kind = &kinds[PAIR];
	elements = draw_elements(graph, kind);
	object = oracle_alloc(&graph->oracle, kind, elements);
	op = kgc_batch_alloc(&graph->batch, kind->type, elements);
	expect(graph, op, NEW_HANDLE, 0);
	hold(graph, object, op);
	stamp(graph, object, op);
}

/* Draw a held object and one of its slots; false if the object has none. */
static bool draw_slot(struct graph *graph, struct oracle_root *root,
		      __u32 *slot, __u64 *offset)
{
	const struct oracle_object *object;

	if (!graph->nr_held)
		return false;
	*root = graph->held[below(graph, graph->nr_held)];
	object = &graph->oracle.objects[root->object];
	if (!object->nr_slots)
		return false;
	*slot = below(graph, object->nr_slots);
	*offset = kind_slot_offset(object->kind, *slot);
	return true;
}

static void step_store(struct graph *graph, bool exchange)
{
	struct oracle_root root, target = { ORACLE_NULL, 0 };
	__u32 slot, *mirror;
	__u64 offset;
	int op;

	if (!draw_slot(graph, &root, &slot, &offset))
		return;
	if (below(graph, 8))
		target = graph->held[below(graph, graph->nr_held)];
	mirror = oracle_slot(&graph->oracle, root.object, slot);
	if (exchange) {
		op = kgc_batch_xchg(&graph->batch, root.handle, offset,
				    target.handle);
		if (*mirror != ORACLE_NULL) {
			expect(graph, op, NEW_HANDLE, 0);
			graph->oracle.objects[*mirror].handles++;
			hold(graph, *mirror, op);
		} else {
			expect(graph, op, NULL_HANDLE, 0);
		}
	} else {
		op = kgc_batch_store(&graph->batch, root.handle, offset,
				     target.handle);
		expect(graph, op, NO_ERROR, 0);
	}
	*mirror = target.object;
}

static void step_load(struct graph *graph)
{
	struct oracle_root root;
	__u32 slot, target;
	__u64 offset;
	int op;

	if (!draw_slot(graph, &root, &slot, &offset))
		return;
	target = *oracle_slot(&graph->oracle, root.object, slot);
	op = kgc_batch_load(&graph->batch, root.handle, offset);
	expect(graph, op, target == ORACLE_NULL ? NULL_HANDLE : NEW_HANDLE, 0);
	if (target == ORACLE_NULL)
		return;
	graph->oracle.objects[target].handles++;
	hold(graph, target, op);
	if (oracle_bytes(&graph->oracle.objects[target]) < 8)
		return;
	expect(graph, kgc_batch_read_word(&graph->batch, KGC_RESULT(op),
			graph->oracle.objects[target].kind->word),
	       EXACTLY, graph->oracle.objects[target].id);
}

static void step_dup(struct graph *graph)
{
	struct oracle_root root;
	int op;

	if (!graph->nr_held)
		return;
	root = graph->held[below(graph, graph->nr_held)];
	op = kgc_batch_dup(&graph->batch, root.handle);
	expect(graph, op, NEW_HANDLE, 0);
	graph->oracle.objects[root.object].handles++;
	hold(graph, root.object, op);
}

static void step_drop(struct graph *graph)
{
	__u32 index;

	if (!graph->nr_held)
		return;
	index = below(graph, graph->nr_held);
	expect(graph, kgc_batch_drop(&graph->batch, graph->held[index].handle),
	       NO_ERROR, 0);
	graph->oracle.objects[graph->held[index].object].handles--;
	graph->held[index] = graph->held[--graph->nr_held];
}

static void step(struct graph *graph)
{
	__u32 dice = below(graph, 100);

	if (graph->nr_held >= graph->most_held || dice < 15)
		step_drop(graph);
	else if (dice < 45)
		step_alloc(graph);
	else if (dice < 75)
		step_store(graph, false);
	else if (dice < 83)
		step_store(graph, true);
	else if (dice < 95)
		step_load(graph);
	else
		step_dup(graph);
}

/* Run the operations of a batch as single calls; resolve references to results here. */
static void run_singly(struct kgc_batch_builder *batch)
{
	for (__u32 i = 0; i < batch->nr; i++) {
		struct kgc_op *op = &batch->ops[i];
		void *buffer = (void *)(unsigned long)op->value;
		__u64 handle = op->handle, value = op->value;

		if (handle & KGC_RESULT_BIT)
			handle = batch->ops[handle & ~KGC_RESULT_BIT].result;
		if ((op->op == KGC_OP_STORE || op->op == KGC_OP_XCHG) &&
		    value & KGC_RESULT_BIT)
			value = batch->ops[value & ~KGC_RESULT_BIT].result;
		switch (op->op) {
		case KGC_OP_ALLOC:
			op->error = kgc_alloc(batch->heap, op->type, op->length,
					      &op->result);
			break;
		case KGC_OP_LOAD:
			op->error = kgc_load(batch->heap, handle, op->offset,
					     &op->result);
			break;
		case KGC_OP_STORE:
			op->error = kgc_store(batch->heap, handle, op->offset,
					      value);
			break;
		case KGC_OP_XCHG:
			op->error = kgc_xchg(batch->heap, handle, op->offset,
					     value, &op->result);
			break;
		case KGC_OP_WRITE:
			op->error = kgc_write(batch->heap, handle, op->offset,
					      buffer, op->length);
			break;
		case KGC_OP_READ_WORD:
			op->error = kgc_read(batch->heap, handle, op->offset,
					     &op->result, 8);
			break;
		case KGC_OP_WRITE_WORD:
			op->error = kgc_write(batch->heap, handle, op->offset,
					      &op->value, 8);
			break;
		case KGC_OP_DUP:
			op->error = kgc_dup(batch->heap, handle, &op->result);
			break;
		case KGC_OP_DROP:
			op->error = kgc_drop(batch->heap, handle);
			break;
		default:
			op->error = -EOPNOTSUPP;
		}
		batch->done++;
	}
}

/* Run the drawn operations, check each result, and turn references into handles. */
static int settle(struct graph *graph, bool singly)
{
	struct kgc_batch_builder *batch = &graph->batch;
	int err = 0;
	__u32 i;

	if (singly)
		run_singly(batch);
	else
		do {
			err = kgc_batch_flush(batch, 0);
		} while (err == -EINTR);
	if (err)
		return err;
	for (i = 0; i < batch->nr; i++) {
		const struct kgc_op *op = &batch->ops[i];
		const struct expectation *expected = &graph->expected[i];

		if (!op->error &&
		    !(expected->what == EXACTLY && op->result != expected->value) &&
		    !(expected->what == NULL_HANDLE && op->result) &&
		    !(expected->what == NEW_HANDLE && !op->result))
			continue;
		fprintf(stderr, "# operation %u of kind %u: error %d, result %llx\n",
			i, op->op, op->error, (unsigned long long)op->result);
		return -EPROTO;
	}
	for (i = 0; i < graph->nr_held; i++) {
		__u64 handle = graph->held[i].handle;

		if (handle & KGC_RESULT_BIT)
			graph->held[i].handle = kgc_batch_result(batch,
						handle & ~KGC_RESULT_BIT);
	}
	kgc_batch_reset(batch);
	return 0;
}

static int mutate(struct graph *graph, unsigned long steps)
{
	int err = 0;

	while (steps && !err) {
		/* Run some steps as single calls, others as batches of any length. */
		bool singly = !below(graph, 16);
		__u32 run_length = 1 + below(graph, singly ? 100 : CAPACITY / 3);

		while (run_length-- && steps) {
			step(graph);
			steps--;
		}
		err = settle(graph, singly);
		/* Begin a cycle beside the next operations. */
		if (!err && !below(graph, 8))
			err = kgc_collect(graph->heap, 1, 0, NULL);
	}
	return err;
}

static int drop_share(struct graph *graph, __u32 percent)
{
	__u32 drops = (__u64)graph->nr_held * percent / 100;

	while (drops--) {
		step_drop(graph);
		if (!kgc_batch_room(&graph->batch) || !drops) {
			int err = settle(graph, false);

			if (err)
				return err;
		}
	}
	return 0;
}

static int graph_init(struct graph *graph, int heap, int nr_kinds)
{
	*graph = (struct graph){
		.heap = heap,
		.random = random_from(random_seed()),
		.nr_kinds = nr_kinds,
		.most_held = 3000,
	};
	graph->held = malloc((graph->most_held + CAPACITY) *
			     sizeof(*graph->held));
	oracle_init(&graph->oracle);
	for (int i = 0; i < nr_kinds; i++) {
		int err = kind_register(heap, &kinds[i]);

		if (err)
			return err;
	}
	return kgc_batch_init(&graph->batch, heap, CAPACITY);
}

static void graph_destroy(struct graph *graph)
{
	kgc_batch_destroy(&graph->batch);
	oracle_destroy(&graph->oracle);
	free(graph->held);
}

/* Mutate, drop a share of the handles, collect, and ask the oracle, again and again. */
static void exact_rounds(struct __test_metadata *_metadata, int heap,
			 int rounds)
{
	static struct graph graph;
	struct kgc_stats stats;

	ASSERT_EQ(0, graph_init(&graph, heap, NR_EXACT));
	for (int round = 0; round < rounds; round++) {
		ASSERT_EQ(0, mutate(&graph, scaled(8000)));
		ASSERT_EQ(0, drop_share(&graph, round % 3 * 40));
		oracle_reach(&graph.oracle);
		ASSERT_EQ(0, collect_all(heap));
		stats = stats_of(heap);
		EXPECT_EQ(graph.oracle.nr_objects, stats.mallocs);
		EXPECT_EQ(graph.oracle.nr_dead, stats.frees);
		ASSERT_EQ(graph.oracle.nr_live, stats.heap_objects) {
			TH_LOG("round %d", round);
		}
		EXPECT_EQ(graph.oracle.nr_live, stats.live_objects);
		EXPECT_EQ(graph.nr_held, stats.handles);
		ASSERT_EQ(0, oracle_compare(&graph.oracle, heap, graph.held,
					    graph.nr_held)) {
			TH_LOG("round %d", round);
		}
	}
	EXPECT_GT(graph.oracle.nr_dead, 0);
	EXPECT_GT(graph.oracle.nr_live, 0);

	/* Without a root nothing lives. */
	ASSERT_EQ(0, drop_share(&graph, 100));
	ASSERT_EQ(0, collect_all(heap));
	EXPECT_EQ(0, stats_of(heap).heap_objects);
	graph_destroy(&graph);
}

TEST_F(heap, lives_and_dies_exactly_as_the_oracle_says)
{
	exact_rounds(_metadata, self->fd, 6);
}

TEST_F(heap, hardening_changes_nothing)
{
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_HARDEN,
				    KGC_HARDEN_RANDOM | KGC_HARDEN_POISON));
	exact_rounds(_metadata, self->fd, 3);
}

/*
 * Level 2 is the verifier with its tracer. It reports errors to the kernel's log, and
 * any report there fails the run.
 */
TEST_F(heap, the_verifier_finds_nothing)
{
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_VERIFY, 2));
	exact_rounds(_metadata, self->fd, 3);
}

/* The fewest objects that stats can count: a block of 16 tiny objects counts as one. */
static __u32 least_live(const struct graph *graph)
{
	__u32 live = 0, tiny = 0;

	for (__u32 i = 0; i < graph->oracle.nr_objects; i++) {
		const struct oracle_object *object = &graph->oracle.objects[i];

		if (object->live && oracle_bytes(object) < 16)
			tiny++;
		else if (object->live)
			live++;
	}
	return live + (tiny + 15) / 16;
}

/* Tiny objects share blocks: one that lives may keep up to 15 others. */
TEST_F(heap, tiny_objects_never_die_early)
{
	static struct graph graph;
	struct kgc_stats stats;

	ASSERT_EQ(0, graph_init(&graph, self->fd, NR_KINDS));
	for (int round = 0; round < 3; round++) {
		ASSERT_EQ(0, mutate(&graph, scaled(6000)));
		ASSERT_EQ(0, drop_share(&graph, 50));
		oracle_reach(&graph.oracle);
		ASSERT_EQ(0, collect_all(self->fd));
		stats = stats_of(self->fd);
		EXPECT_LE(least_live(&graph), stats.heap_objects);
		EXPECT_EQ(stats.heap_objects, stats.mallocs - stats.frees);
		ASSERT_EQ(0, oracle_compare(&graph.oracle, self->fd, graph.held,
					    graph.nr_held)) {
			TH_LOG("round %d", round);
		}
	}
	ASSERT_EQ(0, drop_share(&graph, 100));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
	graph_destroy(&graph);
}

TEST_HARNESS_MAIN
