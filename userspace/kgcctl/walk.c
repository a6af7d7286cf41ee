// SPDX-License-Identifier: GPL-2.0
/*
 * Walk the living graph through the ABI, and compare it with the mirror, node by node
 * and field by field.
 *
 * A load may use the result of an earlier load of its batch, so one batch can follow a
 * long list as well as a wide tree. A struct expectation says what each operation must
 * return. Between batches, the walk keeps open only the handles of the frontier.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "forest.h"
#include "kgcctl.h"

struct expectation {
	enum { ID, POINTER } kind;
	uint32_t node;		/* ID: node that has it; POINTER: node it is in */
	uint32_t target;	/* POINTER: node it points to, or NO_NODE */
	bool kept;		/* POINTER: the handle is in the frontier */
};

struct frontier_entry {
	uint32_t node;
	uint64_t handle;	/* or KGC_RESULT() of the current batch */
	bool root;		/* the forest owns the handle, and drops it */
};

struct walk {
	struct forest *forest;
	struct walk_report *report;
	struct expectation *expected;	/* one per operation of the batch */
	struct frontier_entry *frontier;
	uint32_t depth;
	__u64 *spent;		/* handles to drop after the flush */
	uint32_t nr_spent;
	bool *seen;
};

/* Most operations of a visit: the id, two loads, and the ids of the two targets. */
#define OPS_PER_VISIT 5

static void expect_id(struct walk *walk, uint64_t handle, uint32_t node)
{
	int op = kgc_batch_read_word(&walk->forest->batch, handle, NODE_ID);

	walk->expected[op] = (struct expectation){ .kind = ID, .node = node };
}

static void push(struct walk *walk, uint32_t node, uint64_t handle, bool root)
{
	walk->seen[node] = true;
	walk->frontier[walk->depth++] = (struct frontier_entry){
		.node = node, .handle = handle, .root = root };
}

static void expect_field(struct walk *walk, const struct frontier_entry *at,
			 uint64_t field, uint32_t target)
{
	int op = kgc_batch_load(&walk->forest->batch, at->handle, field);
	bool fresh = target != NO_NODE && !walk->seen[target];

	walk->expected[op] = (struct expectation){
		.kind = POINTER, .node = at->node, .target = target };
	if (target == NO_NODE)
		return;
	walk->report->edges++;
	if (fresh)
		push(walk, target, KGC_RESULT(op), false);
	else
		expect_id(walk, KGC_RESULT(op), target);
}

static void visit(struct walk *walk)
{
	struct frontier_entry at = walk->frontier[--walk->depth];
	struct forest *forest = walk->forest;

	walk->report->nodes++;
	expect_id(walk, at.handle, at.node);
	expect_field(walk, &at, NODE_LEFT, forest->left[at.node]);
	expect_field(walk, &at, NODE_RIGHT, forest->right[at.node]);
	if (!at.root && !(at.handle & KGC_RESULT_BIT))
		walk->spent[walk->nr_spent++] = at.handle;
}

static void __attribute__((format(printf, 2, 3)))
differs(struct walk_report *report, const char *format, ...)
{
	va_list args;

	if (report->wrong++)
		return;
	va_start(args, format);
	vsnprintf(report->complaint, sizeof(report->complaint), format, args);
	va_end(args);
}

static void compare(struct walk *walk, const struct kgc_op *op,
		    const struct expectation *expected)
{
	if (op->error)
		differs(walk->report, "node %u: operation %u failed with %d",
			expected->node, op->op, op->error);
	else if (expected->kind == ID &&
		 op->result != forest_node_id(expected->node))
		differs(walk->report,
			"node %u carries id %#" PRIx64 " instead of %#" PRIx64,
			expected->node, (uint64_t)op->result,
			forest_node_id(expected->node));
	else if (expected->kind == POINTER &&
		 !op->result != (expected->target == NO_NODE))
		differs(walk->report, "node %u: field at %u is %s",
			expected->node, (unsigned int)op->offset,
			op->result ? "set and must be NULL" :
			"NULL and must be set");
}

/* KGC_RESULT() is valid only within its batch: replace it by the handle. */
static void keep_frontier(struct walk *walk)
{
	struct kgc_batch_builder *batch = &walk->forest->batch;

	for (uint32_t i = 0; i < walk->depth; i++) {
		uint64_t op = walk->frontier[i].handle & ~KGC_RESULT_BIT;

		if (!(walk->frontier[i].handle & KGC_RESULT_BIT))
			continue;
		walk->frontier[i].handle = batch->ops[op].result;
		walk->expected[op].kept = true;
	}
}

/* Run the batch, compare its results, drop the handles that the frontier does not use. */
static int settle(struct walk *walk)
{
	struct kgc_batch_builder *batch = &walk->forest->batch;
	uint32_t nr, i;
	int err;

	do {
		err = kgc_batch_flush(batch, 0);
	} while (err == -EINTR);
	if (err)
		return err;
	keep_frontier(walk);
	for (i = 0; i < batch->nr; i++) {
		const struct kgc_op *op = &batch->ops[i];

		compare(walk, op, &walk->expected[i]);
		if (op->op == KGC_OP_LOAD && op->result &&
		    !walk->expected[i].kept)
			walk->spent[walk->nr_spent++] = op->result;
	}
	nr = walk->nr_spent;
	walk->nr_spent = 0;
	kgc_batch_reset(batch);
	return nr ? kgc_drop_many(walk->forest->heap, walk->spent, nr, NULL) : 0;
}

static double now(void)
{
	return clock_ns(CLOCK_MONOTONIC) * 1e-9;
}

static int walk_frontier(struct walk *walk, double deadline,
			 progress_fn progress)
{
	struct forest *forest = walk->forest;

	/* Stop at the first difference, because the handles found there may be 0. */
	while (walk->depth && !walk->report->wrong && now() < deadline) {
		int err;

		while (walk->depth &&
		       kgc_batch_room(&forest->batch) >= OPS_PER_VISIT)
			visit(walk);
		err = settle(walk);
		if (err)
			return err;
		progress("walking", walk->report->nodes, forest->nr_live);
	}
	return 0;
}

int forest_walk(struct forest *forest, double seconds, progress_fn progress,
		struct walk_report *report)
{
	uint32_t capacity = forest->batch.capacity;
	struct walk walk = {
		.forest = forest,
		.report = report,
		.expected = malloc(capacity * sizeof(*walk.expected)),
		.frontier = malloc(forest->nr * sizeof(*walk.frontier)),
		.spent = malloc(2 * capacity * sizeof(*walk.spent)),
		.seen = calloc(forest->nr, sizeof(*walk.seen)),
	};
	int err = -ENOMEM;

	*report = (struct walk_report){ 0 };
	kgc_batch_reset(&forest->batch);
	if (walk.expected && walk.frontier && walk.spent && walk.seen) {
		for (uint32_t grove = 0; grove < forest->groves; grove++)
			if (forest->roots[grove])
				push(&walk, grove * GROVE, forest->roots[grove],
				     true);
		err = walk_frontier(&walk, now() + seconds, progress);
	}
	free(walk.expected);
	free(walk.frontier);
	free(walk.spent);
	free(walk.seen);
	return err;
}
