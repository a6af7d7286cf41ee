// SPDX-License-Identifier: GPL-2.0
/*
 * Making and unmaking the allocator of one heap, and its generations.
 */
#include <linux/module.h>
#include <linux/nodemask.h>
#include <linux/slab.h>
#include <linux/topology.h>

#include "alloc.h"

static void cache_init(struct kgc_cpu *c)
{
	unsigned int spc;

	c->ticket = KGC_FIRST_GEN;
	for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++)
		c->span[spc] = &kgc_empty_span;
}

/* The nearest node that has memory, itself if it has. */
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

/**
 * kgc_allocator_init() - an allocator without memory
 * @a: zeroed
 * @memcg: the cgroup that is charged, or NULL; the caller keeps its reference
 * @gfp: flags to add to requests for pages
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM; then nothing is left behind.
 */
int kgc_allocator_init(struct kgc_allocator *a, struct mem_cgroup *memcg,
		       gfp_t gfp)
{
	int cpu, nid;

	a->gen = KGC_FIRST_GEN;
	a->gfp = gfp;
	a->memcg = memcg;
	a->allowance = S64_MAX;
	init_llist_head(&a->used);
	a->cpu = alloc_percpu_gfp(struct kgc_cpu, GFP_KERNEL | gfp);
	if (!a->cpu)
		return -ENOMEM;
	for_each_possible_cpu(cpu)
		cache_init(per_cpu_ptr(a->cpu, cpu));
	a->node = kcalloc(nr_node_ids, sizeof(*a->node), GFP_KERNEL | gfp);
	if (!a->node)
		goto err_cpu;
	for_each_node(nid) {
		a->node[nid] = kzalloc_node(sizeof(**a->node),
					    GFP_KERNEL | gfp,
					    node_online(nid) ? nid :
					    NUMA_NO_NODE);
		if (!a->node[nid])
			goto err_node;
		a->node[nid]->owner = a;
		INIT_LIST_HEAD(&a->node[nid]->reclaim);
		kgc_pageheap_init(&a->node[nid]->pages, nid);
	}
	for_each_node(nid)
		a->node[nid]->home = a->node[node_with_memory(nid)];
	return 0;

err_node:
	for_each_node(nid)
		kfree(a->node[nid]);
	kfree(a->node);
err_cpu:
	free_percpu(a->cpu);
	return -ENOMEM;
}

/* KGC_HARDEN_* for what is allocated from a new span, or swept, from now on. */
void kgc_allocator_harden(struct kgc_allocator *a, unsigned int bits)
{
	WRITE_ONCE(a->harden, bits);
}

/*
 * Marking is complete: in sections of mode SETTLE newborns are born marked in spans
 * of the generation that is current now.
 */
void kgc_allocator_settle(struct kgc_allocator *a)
{
	WRITE_ONCE(a->black_gen, a->gen);
}

/* Publish a new generation: from now on every cache has to be flipped. */
void kgc_allocator_next_gen(struct kgc_allocator *a)
{
	u32 gen = a->gen + 1;

	if (gen < KGC_FIRST_GEN)
		gen = KGC_FIRST_GEN + (gen & 1);
	/* pairs with the load in kgc_region_begin() */
	smp_store_release(&a->gen, gen);
}

/* Nobody allocates any more, no sweep runs. Context: may sleep. */
void kgc_allocator_destroy(struct kgc_allocator *a)
{
	unsigned int spc;
	int nid;

	for_each_node(nid) {
		struct kgc_node *node = a->node[nid];

		kgc_scavenge_destroy(a, &node->pages);
		for (spc = 0; spc < KGC_NR_SPAN_CLASSES; spc++)
			kfree(node->central[spc]);
		kfree(node);
	}
	kfree(a->node);
	free_percpu(a->cpu);
	WARN_ON_ONCE(atomic64_read(&a->sys));
}
