// SPDX-License-Identifier: GPL-2.0
/*
 * Build the forest, drop roots, and compute reachability in the mirror.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "forest.h"

/* xorshift64*: the same seed grows the same forest. */
static uint32_t draw(struct forest *forest, uint32_t below)
{
	forest->random ^= forest->random >> 12;
	forest->random ^= forest->random << 25;
	forest->random ^= forest->random >> 27;
	return ((forest->random * 0x2545f4914f6cdd1dULL) >> 32) % below;
}

int forest_init(struct forest *forest, int heap, uint32_t nr, uint64_t seed)
{
	static const struct kgc_field fields[] = {
		{ NODE_LEFT, KGC_TYPE_SELF },
		{ NODE_RIGHT, KGC_TYPE_SELF },
	};
	struct kgc_info info;
	int err;

	*forest = (struct forest){
		.heap = heap,
		.nr = nr,
		.groves = (nr + GROVE - 1) / GROVE,
		.random = seed * 2 + 1,
	};
	err = kgc_info(heap, &info);
	if (err)
		return err;
	err = kgc_type_register(heap, "demo node", NODE_SIZE, 0, fields, 2);
	if (err < 0)
		return err;
	forest->type = err;
	forest->left = malloc(nr * sizeof(*forest->left));
	forest->right = malloc(nr * sizeof(*forest->right));
	forest->live = malloc(nr * sizeof(*forest->live));
	forest->roots = calloc(forest->groves, sizeof(*forest->roots));
	if (!forest->left || !forest->right || !forest->live || !forest->roots)
		return -ENOMEM;
	memset(forest->left, 0xff, nr * sizeof(*forest->left));
	memset(forest->right, 0xff, nr * sizeof(*forest->right));
	return kgc_batch_init(&forest->batch, heap, info.max_batch);
}

void forest_destroy(struct forest *forest)
{
	kgc_batch_destroy(&forest->batch);
	free(forest->left);
	free(forest->right);
	free(forest->live);
	free(forest->roots);
}

int forest_flush(struct forest *forest)
{
	int err;

	do {
		err = kgc_batch_flush(&forest->batch, KGC_BATCH_STOP_ON_ERROR);
	} while (err == -EINTR);
	return err ? err : kgc_batch_error(&forest->batch);
}

enum grove_shape { LIST, TREE, CYCLE, NR_SHAPES };

/* The node that points to node @i, and by which *@field. Nodes count within the grove. */
static uint32_t parent_of(enum grove_shape shape, uint32_t i, uint64_t *field)
{
	if (shape != TREE) {
		*field = NODE_LEFT;
		return i - 1;
	}
	*field = i % 2 ? NODE_LEFT : NODE_RIGHT;
	return (i - 1) / 2;
}

/*
 * Let node @from point to node @to, in the mirror and in the batch. Both count from
 * @base, the grove's first node. Operation 2 * i of the batch allocates node i.
 */
static void link_nodes(struct forest *forest, uint32_t base, uint32_t from,
		       uint64_t field, uint32_t to)
{
	(field == NODE_LEFT ? forest->left : forest->right)[base + from] =
		base + to;
	kgc_batch_store(&forest->batch, KGC_RESULT(2 * from), field,
			KGC_RESULT(2 * to));
}

/* In about one grove of four, let the last node point to an older grove. */
static void graft(struct forest *forest, uint32_t grove, uint32_t base,
		  uint32_t nr)
{
	uint32_t older;

	if (!grove || draw(forest, 4))
		return;
	older = draw(forest, grove);
	forest->right[base + nr - 1] = older * GROVE;
	kgc_batch_store(&forest->batch, KGC_RESULT(2 * (nr - 1)), NODE_RIGHT,
			forest->roots[older]);
}

static int plant(struct forest *forest, uint32_t grove)
{
	uint32_t base = grove * GROVE, i, parent;
	uint32_t nr = forest->nr - base < GROVE ? forest->nr - base : GROVE;
	enum grove_shape shape = grove % NR_SHAPES;
	uint64_t field;
	__u64 inner[GROVE];
	int err;

	kgc_batch_reset(&forest->batch);
	for (i = 0; i < nr; i++) {
		kgc_batch_alloc(&forest->batch, forest->type, 0);
		kgc_batch_write_word(&forest->batch, KGC_RESULT(2 * i), NODE_ID,
				     forest_node_id(base + i));
	}
	for (i = 1; i < nr; i++) {
		parent = parent_of(shape, i, &field);
		link_nodes(forest, base, parent, field, i);
	}
	if (shape == CYCLE)
		link_nodes(forest, base, nr - 1, NODE_LEFT, 0);
	graft(forest, grove, base, nr);
	err = forest_flush(forest);
	if (err)
		return err;

	forest->roots[grove] = kgc_batch_result(&forest->batch, 0);
	for (i = 1; i < nr; i++)
		inner[i - 1] = kgc_batch_result(&forest->batch, 2 * i);
	return nr > 1 ? kgc_drop_many(forest->heap, inner, nr - 1, NULL) : 0;
}

int forest_build(struct forest *forest, progress_fn progress)
{
	for (uint32_t grove = 0; grove < forest->groves; grove++) {
		int err = plant(forest, grove);

		if (err)
			return err;
		progress("building", grove + 1, forest->groves);
	}
	return 0;
}

int forest_drop_half(struct forest *forest, uint32_t *dropped)
{
	uint32_t want = forest->groves / 2;

	for (*dropped = 0; *dropped < want; ) {
		uint32_t grove = draw(forest, forest->groves);
		int err;

		if (!forest->roots[grove])
			continue;
		err = kgc_drop(forest->heap, forest->roots[grove]);
		if (err)
			return err;
		forest->roots[grove] = 0;
		++*dropped;
	}
	return 0;
}

static void reach(struct forest *forest, uint32_t node, uint32_t *queue)
{
	if (node == NO_NODE || forest->live[node])
		return;
	forest->live[node] = true;
	queue[forest->nr_live++] = node;
}

int forest_reach(struct forest *forest)
{
	uint32_t *queue = malloc(forest->nr * sizeof(*queue));
	uint32_t head = 0;

	if (!queue)
		return -ENOMEM;
	memset(forest->live, 0, forest->nr * sizeof(*forest->live));
	forest->nr_live = 0;
	for (uint32_t grove = 0; grove < forest->groves; grove++)
		if (forest->roots[grove])
			reach(forest, grove * GROVE, queue);
	while (head < forest->nr_live) {
		uint32_t node = queue[head++];

		reach(forest, forest->left[node], queue);
		reach(forest, forest->right[node], queue);
	}
	free(queue);
	return 0;
}
