// SPDX-License-Identifier: GPL-2.0
/*
 * The heap that most benchmarks work on, and ways to fill it.
 */
#include <linux/sched.h>

#include "bench.h"

KGC_DEFINE_TYPE(node_desc, struct bench_node, left, right);

static const u32 slot_fields[] = { offsetof(struct bench_slot, ref) };

static const struct kgc_type_desc slots_desc = {
	.name = "slots", .size = sizeof(struct bench_slot),
	.align = __alignof__(struct bench_slot), .flags = KGC_DESC_ARRAY,
	.fields = slot_fields, .nr_fields = ARRAY_SIZE(slot_fields),
	.owner = THIS_MODULE,
};

/* Another type of the size of struct bench_node. */
static const struct kgc_type_desc pair_desc = {
	.name = "pair", .size = sizeof(struct bench_node),
	.align = __alignof__(struct bench_node),
	.fields = node_desc_fields, .nr_fields = ARRAY_SIZE(node_desc_fields),
	.owner = THIS_MODULE,
};

static_assert(sizeof(struct bench_node) == 64);

struct kgc_type *bench_type_pair(struct kgc_heap *heap)
{
	return kgc_type_register(heap, &pair_desc);
}

/* No cycle begins by itself. A benchmark asks for cycles, or sets GOGC. */
int bench_heap_open(struct bench_heap *h, const char *name)
{
	memset(h, 0, sizeof(*h));
	h->heap = kgc_heap_create(name, THIS_MODULE);
	if (IS_ERR(h->heap))
		return PTR_ERR(h->heap);
	h->node = kgc_type_register(h->heap, &node_desc);
	h->slots = kgc_type_register(h->heap, &slots_desc);
	h->pair = bench_type_pair(h->heap);
	if (IS_ERR(h->node) || IS_ERR(h->slots) || IS_ERR(h->pair)) {
		kgc_heap_destroy(h->heap);
		return -ENOMEM;
	}
	kgc_option_set(h->heap, KGC_OPT_GOGC, KGC_GOGC_OFF);
	kgc_option_set(h->heap, KGC_OPT_PERIOD_MS, 0);
	kgc_root_add(h->heap, &h->root, &h->last, 3);
	return 0;
}

void bench_heap_close(struct bench_heap *h)
{
	kgc_root_del(h->heap, &h->root);
	kgc_heap_destroy(h->heap);
}

/* Store an array of @n empty slots in @h->table. */
int bench_table_empty(struct bench_heap *h, size_t n)
{
	struct kgc_section s = kgc_enter(h->heap);
	struct bench_slot *table = kgc_alloc_array(s, h->slots, n, GFP_KERNEL);

	if (table)
		kgc_store(s, &h->table, table);
	kgc_exit(s);
	return table ? 0 : -ENOMEM;
}

/* The same with a node in each slot. */
int bench_table_fill(struct bench_heap *h, size_t n)
{
	int err = bench_table_empty(h, n);
	struct bench_slot *table;
	struct kgc_section s;
	size_t i = 0;

	if (err)
		return err;
	s = kgc_enter(h->heap);
	table = kgc_load(s, &h->table);
	while (i < n) {
		struct bench_node *node = kgc_alloc(s, h->node, GFP_KERNEL);

		if (!node)
			break;
		kgc_store(s, &table[i].ref, node);
		if (++i % 64)
			continue;
		kgc_exit(s);
		cond_resched();
		s = kgc_enter(h->heap);
		table = kgc_load(s, &h->table);
	}
	kgc_exit(s);
	return i == n ? 0 : -ENOMEM;
}

/*
 * Put @n nodes in front of the list in @h->spare, linked by ->left. ->right points two
 * nodes further on.
 */
int bench_grow_list(struct bench_heap *h, size_t n)
{
	struct bench_node *first, *node;
	struct kgc_section s;
	size_t i, j;

	for (i = 0; i < n; i += 64) {
		s = kgc_enter(h->heap);
		first = kgc_load(s, &h->spare);
		for (j = i; j < min(n, i + 64); j++) {
			node = kgc_alloc(s, h->node, GFP_KERNEL);
			if (!node)
				break;
			kgc_store(s, &node->left, first);
			kgc_store(s, &node->right,
				  first ? kgc_load(s, &first->left) : NULL);
			first = node;
			kgc_store(s, &h->spare, first);
		}
		kgc_exit(s);
		if (j < min(n, i + 64))
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

/* Build a binary tree of @n nodes, allocated depth first. Its depth is log2(@n). */
static struct bench_node *tree(struct bench_heap *h, struct kgc_section s,
			       size_t n)
{
	struct bench_node *node, *child;

	if (!n)
		return NULL;
	node = kgc_alloc(s, h->node, GFP_KERNEL);
	if (!node)
		return NULL;
	child = tree(h, s, (n - 1) / 2);
	kgc_store(s, &node->left, child);
	child = tree(h, s, n - 1 - (n - 1) / 2);
	kgc_store(s, &node->right, child);
	if (n > 64)
		cond_resched();
	return node;
}

/* Build a tree of @n nodes in @h->spare, in one section. No cycle may run meanwhile. */
int bench_grow_tree(struct bench_heap *h, size_t n)
{
	struct kgc_section s = kgc_enter(h->heap);
	struct bench_node *top = tree(h, s, n);

	kgc_store(s, &h->spare, top);
	kgc_exit(s);
	return top ? 0 : -ENOMEM;
}

/* Put @n nodes into @h->table. Each points to any two of them. */
int bench_grow_graph(struct bench_heap *h, size_t n)
{
	int err = bench_table_fill(h, n);
	struct bench_slot *table;
	struct kgc_section s;
	u64 seed = 1;
	size_t i;

	if (err)
		return err;
	s = kgc_enter(h->heap);
	table = kgc_load(s, &h->table);
	for (i = 0; i < n; i++) {
		struct bench_node *node = kgc_load(s, &table[i].ref), *to;

		to = kgc_load(s, &table[bench_random(&seed) % n].ref);
		kgc_store(s, &node->left, to);
		to = kgc_load(s, &table[bench_random(&seed) % n].ref);
		kgc_store(s, &node->right, to);
	}
	kgc_exit(s);
	return 0;
}

/* ---- a heap that outlives its benchmark ---------------------------------*/

static struct bench_heap held;

/*
 * Open a heap that stays after the benchmark has returned, so that its files in debugfs
 * can be read. It replaces the heap held before.
 */
struct bench_heap *bench_hold(const char *name)
{
	int err;

	bench_release();
	err = bench_heap_open(&held, name);
	if (err) {
		held.heap = NULL;
		return ERR_PTR(err);
	}
	return &held;
}

void bench_release(void)
{
	if (held.heap)
		bench_heap_close(&held);
	held.heap = NULL;
}
