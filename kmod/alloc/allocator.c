// SPDX-License-Identifier: GPL-2.0
/* Set-up and teardown of the allocator of one heap, and its generations. */
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "alloc.h"
#include "charge.h"

static void cache_init(struct kgc_cpu *c)
{
	unsigned int spc;

	c->owner_gen = KGC_FIRST_GEN;
	for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++)
		c->span[spc] = &kgc_empty_span;
}

/* @nid if it has memory, otherwise the nearest node that has. */
static int node_with_memory(int nid)
{
	int other, nearest = nid, least = INT_MAX;

	if (node_state(nid, N_MEMORY))
		return nid;
	for_each_node_state(other, N_MEMORY) {
		if (node_distance(nid, other) < least) {
			least = node_distance(nid, other);
			nearest = other;
		}
	}
	return nearest;
}

static int caches_init(struct kgc_allocator *a)
{
	int cpu;

	a->cpu = kgc_charge_percpu(a, KGC_META_CACHES, sizeof(*a->cpu),
				   __alignof__(*a->cpu));
	if (!a->cpu)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		cache_init(per_cpu_ptr(a->cpu, cpu));
	return 0;
}

static void nodes_free(struct kgc_allocator *a, struct kgc_node **nodes)
{
	int nid;

	for_each_node(nid)
		kgc_charge_free(a, KGC_META_HEAP, nodes[nid], sizeof(*nodes[nid]));
	kgc_charge_free(a, KGC_META_HEAP, nodes, nr_node_ids * sizeof(*nodes));
}

static int nodes_init(struct kgc_allocator *a)
{
	struct kgc_node **nodes;
	int nid;

	nodes = kgc_charge_alloc(a, KGC_META_HEAP, nr_node_ids * sizeof(*nodes),
				 NUMA_NO_NODE, GFP_KERNEL);
	if (!nodes)
		return -ENOMEM;
	for_each_node(nid) {
		nodes[nid] = kgc_charge_alloc(a, KGC_META_HEAP, sizeof(*nodes[nid]),
					      node_online(nid) ? nid : NUMA_NO_NODE,
					      GFP_KERNEL);
		if (!nodes[nid]) {
			nodes_free(a, nodes);
			return -ENOMEM;
		}
		nodes[nid]->owner = a;
		INIT_LIST_HEAD(&nodes[nid]->reclaim);
		kgc_pageheap_init(&nodes[nid]->pages, nid);
	}
	for_each_node(nid)
		nodes[nid]->home = nodes[node_with_memory(nid)];
	a->node = nodes;
	return 0;
}

/**
 * kgc_allocator_init() - set up an allocator that has no pages yet
 * @a: zeroed, except for what the heap it is part of has charged to @a->limit already
 * @id: number of the heap
 * @gfp: flags to add to requests for memory; with __GFP_ACCOUNT the cgroup of the current
 *	process is charged for them
 *
 * Context: may sleep.
 * Return: 0; -ENOMEM, and everything that was set up is freed again.
 */
int kgc_allocator_init(struct kgc_allocator *a, u32 id, gfp_t gfp)
{
	int err;

	a->gen = KGC_FIRST_GEN;
	a->id = id;
	a->gfp = gfp;
	a->allowance = S64_MAX;
	init_llist_head(&a->used);
	err = kgc_charge_open(a);
	if (err)
		return err;
	err = caches_init(a);
	if (err)
		goto err_owner;
	err = nodes_init(a);
	if (err)
		goto err_caches;
	return 0;

err_caches:
	kgc_charge_percpu_free(a, KGC_META_CACHES, a->cpu, sizeof(*a->cpu));
err_owner:
	kgc_charge_close(a);
	return err;
}

/*
 * Set the KGC_HARDEN_* bits. They apply to later sweeps and slow paths. A cache still
 * hands out the slots of its spans' current words.
 */
void kgc_allocator_harden(struct kgc_allocator *a, unsigned int bits)
{
	WRITE_ONCE(a->harden, bits);
}

/*
 * Marking is complete. From now on sections of mode SETTLE allocate black in spans of
 * the current generation, because the sweep that follows goes by their mark bits.
 */
void kgc_allocator_settle(struct kgc_allocator *a)
{
	WRITE_ONCE(a->black_gen, a->gen);
}

/* Sweep nothing from now on: the mark bits may be wrong or incomplete. Context: any. */
void kgc_allocator_stop_sweep(struct kgc_allocator *a)
{
	WRITE_ONCE(a->unswept, true);
}

/* Publish a new generation. A cache serves no allocation until it is flushed. */
void kgc_allocator_next_gen(struct kgc_allocator *a)
{
	u32 gen = a->gen + 1;

	if (gen < KGC_FIRST_GEN)
		gen = KGC_FIRST_GEN + (gen & 1);
	/* pairs with the load in kgc_region_begin() */
	smp_store_release(&a->gen, gen);
}

/* Free all that the heap holds. Context: may sleep; nothing allocates or sweeps. */
void kgc_allocator_destroy(struct kgc_allocator *a)
{
	unsigned int spc;
	int nid;

	for_each_node(nid) {
		struct kgc_node *node = a->node[nid];

		kgc_scavenge_destroy(a, &node->pages);
		for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++)
			kgc_charge_free(a, KGC_META_CENTRALS, node->central[spc],
					sizeof(*node->central[spc]));
	}
	nodes_free(a, a->node);
	kgc_charge_percpu_free(a, KGC_META_CACHES, a->cpu, sizeof(*a->cpu));
	kgc_charge_close(a);
	WARN_ON_ONCE(atomic64_read(&a->limit.pages));
}
