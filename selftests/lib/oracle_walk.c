// SPDX-License-Identifier: GPL-2.0
/*
 * Compare the heap with the mirror. The walk visits every live object through the ABI:
 * it loads every slot, and reads the id of each object that it finds.
 *
 * Each operation has an expectation. Loads in one batch use each other's results. From
 * one batch to the next only the handles on the stack stay open.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kgc.h>

#include "oracle.h"

#define CAPACITY 4096

/* Per slot: the load, the read of the target's id, and that of a leaf's tail. */
#define OPS_PER_SLOT 3

struct expectation {
	enum { WORD, SLOT, BYTE, TAIL } what;
	__u32 object;		/* object that the operation is about */
	__u32 target;		/* SLOT: expected target, or ORACLE_NULL */
	bool kept;		/* SLOT: the handle is on the stack */
};

struct entry {
	__u32 object;
	__u32 slot;		/* next slot to load */
	__u64 handle;		/* or KGC_RESULT() in the current batch */
	bool root;		/* the caller owns the handle */
};

struct walk {
	struct oracle *oracle;
	struct kgc_batch_builder batch;
	struct expectation expected[CAPACITY];
	struct entry *stack;
	__u32 depth;
	bool *seen;
	__u32 nr_seen;
	__u64 *spent;
	__u32 nr_spent;
	int differences;
};

static void differs(struct walk *walk, __u32 object, const char *what)
{
	const struct oracle_object *mirror = &walk->oracle->objects[object];

	if (!walk->differences++)
		fprintf(stderr, "# object %u (%s, %llu bytes): %s\n", object,
			mirror->kind->name,
			(unsigned long long)oracle_bytes(mirror), what);
}

static void push(struct walk *walk, __u32 object, __u64 handle, bool root)
{
	walk->seen[object] = true;
	walk->nr_seen++;
	walk->stack[walk->depth++] = (struct entry){
		.object = object, .handle = handle, .root = root };
}

/* Buffers for the reads of the current batch. */
static __u8 tails[CAPACITY][ORACLE_TAIL];

/* An object too small for a word holds only the first byte of its id. */
static void expect_id(struct walk *walk, __u64 handle, __u32 object)
{
	const struct oracle_object *mirror = &walk->oracle->objects[object];
	int op;

	if (oracle_bytes(mirror) >= 8) {
		op = kgc_batch_read_word(&walk->batch, handle,
					 mirror->kind->word);
		walk->expected[op] = (struct expectation){ WORD, object };
		return;
	}
	op = kgc_batch_read(&walk->batch, handle, 0, tails[walk->batch.nr], 1);
	walk->expected[op] = (struct expectation){ BYTE, object };
}

static void expect_tail(struct walk *walk, __u64 handle, __u32 object)
{
	__u64 bytes = oracle_bytes(&walk->oracle->objects[object]);
	int op;

	op = kgc_batch_read(&walk->batch, handle, bytes - ORACLE_TAIL,
			    tails[walk->batch.nr], ORACLE_TAIL);
	walk->expected[op] = (struct expectation){ TAIL, object };
}

static void load_slot(struct walk *walk, const struct entry *at, __u32 slot)
{
	const struct kind *kind = walk->oracle->objects[at->object].kind;
	__u32 target = *oracle_slot(walk->oracle, at->object, slot);
	int op = kgc_batch_load(&walk->batch, at->handle,
				kind_slot_offset(kind, slot));

	walk->expected[op] = (struct expectation){
		SLOT, at->object, target };
	if (target == ORACLE_NULL)
		return;
	expect_id(walk, KGC_RESULT(op), target);
	if (walk->seen[target])
		return;
	push(walk, target, KGC_RESULT(op), false);
	if (walk->oracle->objects[target].nr_slots)
		return;
	/* The batch reads a leaf right away, so the stack does not keep it. */
	walk->depth--;
	if (oracle_patterned(&walk->oracle->objects[target]))
		expect_tail(walk, KGC_RESULT(op), target);
}

/* Load slots of the topmost object until the batch is full. */
static void advance(struct walk *walk)
{
	struct entry at = walk->stack[--walk->depth];
	__u32 nr = walk->oracle->objects[at.object].nr_slots;
	__u32 first = walk->depth;

	if (!at.slot && at.root)
		expect_id(walk, at.handle, at.object);
	if (!nr && oracle_patterned(&walk->oracle->objects[at.object]))
		expect_tail(walk, at.handle, at.object);
	while (at.slot < nr && kgc_batch_room(&walk->batch) >= OPS_PER_SLOT)
		load_slot(walk, &at, at.slot++);
	if (at.slot < nr) {
		/* Put the object back below what it found: the stack then grows less. */
		memmove(&walk->stack[first + 1], &walk->stack[first],
			(walk->depth++ - first) * sizeof(at));
		walk->stack[first] = at;
	} else if (!at.root && !(at.handle & KGC_RESULT_BIT)) {
		walk->spent[walk->nr_spent++] = at.handle;
	}
}

static void compare(struct walk *walk, const struct kgc_op *op,
		    const struct expectation *expected)
{
	const struct oracle_object *mirror =
		&walk->oracle->objects[expected->object];
	const void *bytes = (void *)(unsigned long)op->value;
	char text[96];

	if (op->error) {
		snprintf(text, sizeof(text), "operation %u failed with %d",
			 op->op, op->error);
		differs(walk, expected->object, text);
		return;
	}
	switch (expected->what) {
	case WORD:
		if (op->result != mirror->id)
			differs(walk, expected->object, "wrong id");
		break;
	case BYTE:
		if (*(__u8 *)bytes != (__u8)mirror->id)
			differs(walk, expected->object, "wrong byte");
		break;
	case TAIL:
		if (memcmp(bytes, oracle_pattern(mirror) + oracle_bytes(mirror) -
			   ORACLE_TAIL, ORACLE_TAIL))
			differs(walk, expected->object, "wrong last bytes");
		break;
	case SLOT:
		if (!op->result && expected->target != ORACLE_NULL)
			differs(walk, expected->object, "a slot lost its target");
		else if (op->result && expected->target == ORACLE_NULL)
			differs(walk, expected->object, "a slot must be NULL");
		break;
	}
}

static int settle(struct walk *walk)
{
	struct kgc_batch_builder *batch = &walk->batch;
	__u32 i, nr;
	int err;

	do {
		err = kgc_batch_flush(batch, 0);
	} while (err == -EINTR);
	if (err)
		return err;
	for (i = 0; i < walk->depth; i++) {
		__u64 op = walk->stack[i].handle & ~KGC_RESULT_BIT;

		if (!(walk->stack[i].handle & KGC_RESULT_BIT))
			continue;
		walk->stack[i].handle = batch->ops[op].result;
		walk->expected[op].kept = true;
	}
	for (i = 0; i < batch->nr; i++) {
		compare(walk, &batch->ops[i], &walk->expected[i]);
		if (walk->expected[i].what == SLOT && batch->ops[i].result &&
		    !walk->expected[i].kept)
			walk->spent[walk->nr_spent++] = batch->ops[i].result;
	}
	nr = walk->nr_spent;
	walk->nr_spent = 0;
	kgc_batch_reset(batch);
	return nr ? kgc_drop_many(batch->heap, walk->spent, nr, NULL) : 0;
}

static int run(struct walk *walk)
{
	int err = 0;

	while (!err && walk->depth && !walk->differences) {
		while (walk->depth &&
		       kgc_batch_room(&walk->batch) > OPS_PER_SLOT)
			advance(walk);
		err = settle(walk);
	}
	if (!err && !walk->differences && walk->nr_seen != walk->oracle->nr_live) {
		fprintf(stderr, "# %u objects seen, %u must live\n",
			walk->nr_seen, walk->oracle->nr_live);
		walk->differences++;
	}
	return err;
}

int oracle_compare(struct oracle *oracle, int heap,
		   const struct oracle_root *roots, size_t nr_roots)
{
	struct walk *walk = calloc(1, sizeof(*walk));
	__u32 room = oracle->nr_objects + 1;
	int err;

	walk->oracle = oracle;
	walk->stack = malloc(room * sizeof(*walk->stack));
	walk->seen = calloc(room, sizeof(*walk->seen));
	walk->spent = malloc(2 * CAPACITY * sizeof(*walk->spent));
	err = kgc_batch_init(&walk->batch, heap, CAPACITY);
	if (!err && walk->stack && walk->seen && walk->spent) {
		for (size_t i = 0; i < nr_roots; i++)
			if (!walk->seen[roots[i].object])
				push(walk, roots[i].object, roots[i].handle,
				     true);
		err = run(walk);
	} else {
		err = -ENOMEM;
	}
	if (!err)
		err = walk->differences;
	kgc_batch_destroy(&walk->batch);
	free(walk->stack);
	free(walk->seen);
	free(walk->spent);
	free(walk);
	return err;
}
