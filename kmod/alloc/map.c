// SPDX-License-Identifier: GPL-2.0
/*
 * The address-to-span map. Leaves are added without a lock, and stay until the module
 * is unloaded. Only the heap that owns a page writes the page's entry.
 */
#include <linux/atomic.h>
#include <linux/cache.h>
#include <linux/highmem.h>
#include <linux/kmemleak.h>
#include <linux/mmzone.h>
#include <linux/pfn.h>
#include <linux/slab.h>

#include "map.h"

struct kgc_leaf {
	struct kgc_span *span[KGC_LEAF_ENTRIES];
};

/*
 * For each map region, the address of its leaf minus leaf_bias(), see kgc_map_span_at(). It
 * is 0 if the region has no leaf.
 */
static unsigned long *top __read_mostly;
unsigned long kgc_map_from_zero __read_mostly;
unsigned long kgc_map_regions __read_mostly;
unsigned long kgc_map_base __read_mostly;

static atomic_long_t nr_leaves;

/* The least room in the map for memory that is added after the module was loaded. */
#define HOTPLUG_BYTES	(64UL << 30)

/*
 * The offset of the leaf of @region, in bytes, in a table that had an entry for each heap
 * page from address 0 on.
 */
static unsigned long leaf_bias(unsigned long region)
{
	return ((kgc_map_base >> KGC_PAGE_SHIFT) + region * KGC_LEAF_ENTRIES) *
	       sizeof(struct kgc_span *);
}

static struct kgc_leaf *leaf_of(unsigned long region)
{
	/* pairs with the cmpxchg() in kgc_map_reserve() */
	unsigned long leaf = smp_load_acquire(&top[region]);

	return leaf ? (struct kgc_leaf *)(leaf + leaf_bias(region)) : NULL;
}

static unsigned int leaf_index(unsigned long addr)
{
	return (addr >> KGC_PAGE_SHIFT) & (KGC_LEAF_ENTRIES - 1);
}

/**
 * kgc_map_find() - find the span that a word points into
 * @addr: any value, whether an address or not
 *
 * Return: a span of any heap, or NULL if @addr is no address in a span.
 */
struct kgc_span *kgc_map_find(const void *addr)
{
	unsigned long a = (unsigned long)addr;
	unsigned long region = (a - kgc_map_base) >> KGC_REGION_SHIFT;
	struct kgc_leaf *leaf;

	if (a < kgc_map_base || region >= kgc_map_regions)
		return NULL;
	leaf = leaf_of(region);
	if (!leaf)
		return NULL;
	/* pairs with the release in kgc_map_set() */
	return smp_load_acquire(&leaf->span[leaf_index(a)]);
}

/**
 * kgc_map_reserve() - make sure the map can hold a block of memory
 * @base: the block's address in the direct map
 * @bytes: its length; the block must lie in one map region
 * @gfp: how to allocate a leaf
 *
 * Return: 0; -ENOMEM without memory, for a block that crosses map regions, or for memory
 * added after the module was loaded that the map has no room for.
 */
int kgc_map_reserve(unsigned long base, size_t bytes, gfp_t gfp)
{
	unsigned long region = (base - kgc_map_base) >> KGC_REGION_SHIFT;
	struct kgc_leaf *leaf;

	if (region >= kgc_map_regions) {
		pr_warn_once("kgc: memory was added that the map has no room for: load the module again to have it used\n");
		return -ENOMEM;
	}
	if ((base + bytes - 1 - kgc_map_base) >> KGC_REGION_SHIFT != region)
		return -ENOMEM;
	if (READ_ONCE(top[region]))
		return 0;
	leaf = kzalloc(sizeof(*leaf), (gfp & ~__GFP_ACCOUNT) | __GFP_NOWARN);
	if (!leaf)
		return -ENOMEM;
	/* top[] has only a biased address, which kmemleak does not recognize */
	kmemleak_not_leak(leaf);
	if (cmpxchg(&top[region], 0, (unsigned long)leaf - leaf_bias(region)))
		kfree(leaf);
	else
		atomic_long_inc(&nr_leaves);
	return 0;
}

/* Map @npages heap pages from @base on to @span; NULL unmaps them. */
void kgc_map_set(unsigned long base, unsigned int npages,
		 struct kgc_span *span)
{
	struct kgc_leaf *leaf = leaf_of((base - kgc_map_base) >>
					KGC_REGION_SHIFT);
	unsigned int i = leaf_index(base);

	while (npages--)
		/* a span found in the map is complete: pairs with kgc_map_find() */
		smp_store_release(&leaf->span[i++], span);
}

/* Bytes of memory the map occupies. */
size_t kgc_map_bytes(void)
{
	return kgc_map_regions * sizeof(*top) +
	       atomic_long_read(&nr_leaves) * sizeof(struct kgc_leaf);
}

/*
 * Lowest address of this machine's memory, rounded down to an arena's alignment, so that
 * no arena crosses map regions.
 */
static unsigned long lowest_address(void)
{
	unsigned long pfn = ULONG_MAX;
	int nid;

	for_each_online_node(nid)
		if (NODE_DATA(nid)->node_spanned_pages)
			pfn = min(pfn, NODE_DATA(nid)->node_start_pfn);
	return round_down((unsigned long)__va(PFN_PHYS(pfn)),
			  1UL << KGC_REGION_SHIFT);
}

int kgc_map_init(void)
{
	unsigned long bytes;

	kgc_map_base = lowest_address();
	bytes = (unsigned long)high_memory - kgc_map_base;
	/* room for memory that is added later costs 2 KiB of @top per GiB */
	if (IS_ENABLED(CONFIG_MEMORY_HOTPLUG))
		bytes += max(bytes, HOTPLUG_BYTES);
	kgc_map_regions = DIV_ROUND_UP(bytes, 1UL << KGC_REGION_SHIFT);
	top = kvcalloc(kgc_map_regions, sizeof(*top), GFP_KERNEL);
	kgc_map_from_zero = (unsigned long)top -
			    (kgc_map_base >> KGC_REGION_SHIFT) * sizeof(*top);
	return top ? 0 : -ENOMEM;
}

void kgc_map_exit(void)
{
	unsigned long i;

	for (i = 0; i < kgc_map_regions; i++)
		kfree(leaf_of(i));
	kvfree(top);
}
