// SPDX-License-Identifier: GPL-2.0
/*
 * How a heap asks for memory on behalf of a caller: limits, then the cgroup, then the
 * kernel's allocators; and the way back when one of them refuses.
 */
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/nodemask.h>
#include <linux/percpu.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../compat.h"
#include "alloc.h"
#include "charge.h"

/*
 * What of a caller's flags is passed on: how hard to try, not where from.
 * __GFP_NOFAIL is not, every allocation from a heap can fail; and where that
 * lets the page allocator choose, it fails rather than kill a process.
 */
#define GFP_TRY (__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HIGH |	\
		 __GFP_ATOMIC | __GFP_NORETRY | __GFP_MEMALLOC |	\
		 __GFP_NOMEMALLOC)

/*
 * How a heap asks for memory on behalf of a caller with @gfp, for objects and for
 * what is kept about them: charged to its cgroup between kgc_charge_begin() and
 * kgc_charge_end(), and refused rather than got by killing a process.
 */
gfp_t kgc_charge_gfp(const struct kgc_allocator *a, gfp_t gfp)
{
	gfp = (gfp & GFP_TRY) | __GFP_NOWARN | a->gfp;
	if (gfp & __GFP_DIRECT_RECLAIM && !(gfp & __GFP_NORETRY))
		gfp |= __GFP_RETRY_MAYFAIL;
	/* a charge with access to the reserves goes beyond the cgroup's limit */
	if (gfp & __GFP_ACCOUNT)
		gfp &= ~(__GFP_HIGH | __GFP_ATOMIC | __GFP_MEMALLOC);
	return gfp;
}

/* A reference to the cgroup that is charged now, or NULL. Context: any but NMI. */
static struct mem_cgroup *owner_get(const struct kgc_owner *owner)
{
	if (owner->page)
		return kgc_page_memcg_get(owner->page);
	kgc_memcg_get(owner->root);
	return owner->root;
}

/*
 * Bytes that a heap may hold: by kgc_limit_most(), and by the limit of its cgroup. That one
 * counts whole, although the cgroup holds other memory too: that can be reclaimed, and
 * reclaim asks for collections. Context: any but NMI. Return: 0 is no limit.
 */
u64 kgc_charge_most(const struct kgc_allocator *a)
{
	struct mem_cgroup *memcg = owner_get(&a->owner);
	u64 most = min(kgc_limit_most(a), kgc_memcg_limit(memcg));

	mem_cgroup_put(memcg);
	return most == U64_MAX ? 0 : max(most, 1ULL);
}

/* Whether the heap may not hold @bytes more. Context: any but NMI. */
bool kgc_charge_near(const struct kgc_allocator *a, size_t bytes)
{
	struct mem_cgroup *memcg = owner_get(&a->owner);
	u64 most = kgc_limit_most(a);
	bool near = most != U64_MAX && atomic64_read(&a->limit.held) + bytes > most;

	near = near || kgc_memcg_full(memcg, bytes >> PAGE_SHIFT);
	mem_cgroup_put(memcg);
	return near;
}

/* Charge the heap's cgroup from now on. Context: any but NMI. */
struct kgc_charging kgc_charge_begin(const struct kgc_allocator *a)
{
	struct kgc_charging charging = { .memcg = owner_get(&a->owner) };

	if (charging.memcg)
		charging.outer = set_active_memcg(charging.memcg);
	return charging;
}

/* Charge whichever was charged before. Context: that of kgc_charge_begin(). */
void kgc_charge_end(struct kgc_charging charging)
{
	if (!charging.memcg)
		return;
	set_active_memcg(charging.outer);
	mem_cgroup_put(charging.memcg);
}

/*
 * The cgroup of the current process is charged for the heap. The root cgroup is never
 * removed, and no page is charged to it.
 *
 * Context: process context, may sleep; a heap that is not @gfp __GFP_ACCOUNT charges none.
 * Return: 0 or -ENOMEM.
 */
int kgc_charge_open(struct kgc_allocator *a)
{
	struct mem_cgroup *memcg, *outer;
	void *page;

	if (!(a->gfp & __GFP_ACCOUNT))
		return 0;
	memcg = get_mem_cgroup_from_mm(current->mm);
	if (!memcg)
		return 0;
	if (!parent_mem_cgroup(memcg)) {
		a->owner.root = memcg;
		return 0;
	}
	outer = set_active_memcg(memcg);
	page = kgc_charge_page(a, KGC_META_HEAP, GFP_KERNEL);
	set_active_memcg(outer);
	mem_cgroup_put(memcg);
	if (!page)
		return -ENOMEM;
	a->owner.page = virt_to_page(page);
	memcg = owner_get(&a->owner);
	/* the kernel was told to charge no kernel memory */
	if (!memcg)
		kgc_charge_close(a);
	mem_cgroup_put(memcg);
	return 0;
}

void kgc_charge_close(struct kgc_allocator *a)
{
	struct page *page = a->owner.page;

	mem_cgroup_put(a->owner.root);
	a->owner.root = NULL;
	if (!page)
		return;
	a->owner.page = NULL;
	kgc_charge_page_free(a, KGC_META_HEAP, page_address(page));
}

/*
 * Give back pages that no span uses, of one node after the other, until it is @bytes. At
 * a limit they are what new metadata takes the place of.
 *
 * Context: process context. Return: whether any were given back.
 */
static bool make_room(struct kgc_allocator *a, size_t bytes)
{
	size_t freed = 0;
	int nid;

	/* no node while the heap is made */
	if (!a->node)
		return false;
	for_each_node(nid) {
		struct kgc_pageheap *ph = &a->node[nid]->pages;
		u64 idle = kgc_pageheap_idle(ph);

		if (!idle)
			continue;
		freed += kgc_scavenge_pages(a, ph, idle - min_t(u64, idle, bytes)) ?:
			 kgc_scavenge_pages(a, ph, 0);
		if (freed >= bytes)
			break;
	}
	return freed;
}

/*
 * Count @bytes of metadata that are about to be allocated; kgc_limit_uncharge_meta() if
 * they are not, or are freed. At a limit a cycle is asked for, as for an object.
 *
 * Context: as @gfp says. Return: false at a limit.
 */
bool kgc_charge_meta(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes, gfp_t gfp)
{
	int err = kgc_limit_charge_meta(a, kind, bytes);

	if (err && gfpflags_allow_blocking(gfp) && make_room(a, bytes))
		err = kgc_limit_charge_meta(a, kind, bytes);
	if (likely(!err))
		return true;
	kgc_limit_refused(a, err);
	/* there is no collector yet while the heap is made */
	if (a->pressure)
		a->pressure(a, KGC_PRESSURE_LIMIT, 0, GFP_NOWAIT);
	return false;
}

/* The kernel's allocators refused what was charged. */
static void not_got(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes)
{
	kgc_limit_refused(a, -ENOMEM);
	kgc_limit_uncharge_meta(a, kind, bytes);
}

/**
 * kgc_charge_alloc() - memory for metadata
 * @a: the allocator
 * @kind: what it is for
 * @bytes: how much
 * @nid: node to prefer, or NUMA_NO_NODE
 * @gfp: how hard to try
 *
 * Context: as @gfp says; no raw lock is held.
 * Return: zeroed memory, for kgc_charge_free(); NULL without memory or at a limit.
 */
void *kgc_charge_alloc(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes, int nid,
		       gfp_t gfp)
{
	struct kgc_charging charging;
	void *p;

	if (!kgc_charge_meta(a, kind, bytes, gfp))
		return NULL;
	charging = kgc_charge_begin(a);
	p = kvzalloc_node(bytes, kgc_charge_gfp(a, gfp), nid);
	kgc_charge_end(charging);
	if (!p)
		not_got(a, kind, bytes);
	return p;
}

/* Context: any but NMI, no raw lock is held; process context if it is more than a page. */
void kgc_charge_free(struct kgc_allocator *a, enum kgc_meta kind, const void *p, size_t bytes)
{
	if (!p)
		return;
	kvfree(p);
	kgc_limit_uncharge_meta(a, kind, bytes);
}

/* kgc_charge_alloc() for a page of its own, which goes back to the page allocator. */
void *kgc_charge_page(struct kgc_allocator *a, enum kgc_meta kind, gfp_t gfp)
{
	struct kgc_charging charging;
	struct page *page;

	if (!kgc_charge_meta(a, kind, PAGE_SIZE, gfp))
		return NULL;
	charging = kgc_charge_begin(a);
	page = alloc_pages_node(NUMA_NO_NODE, kgc_charge_gfp(a, gfp) | __GFP_ZERO, 0);
	kgc_charge_end(charging);
	if (!page) {
		not_got(a, kind, PAGE_SIZE);
		return NULL;
	}
	return page_address(page);
}

void kgc_charge_page_free(struct kgc_allocator *a, enum kgc_meta kind, void *page)
{
	__free_pages(virt_to_page(page), 0);
	kgc_limit_uncharge_meta(a, kind, PAGE_SIZE);
}

/* kgc_charge_alloc() of @bytes for each possible CPU. Context: may sleep. */
void __percpu *kgc_charge_percpu(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes,
				 size_t align)
{
	struct kgc_charging charging;
	void __percpu *p;

	if (!kgc_charge_meta(a, kind, num_possible_cpus() * bytes, GFP_KERNEL))
		return NULL;
	charging = kgc_charge_begin(a);
	p = __alloc_percpu_gfp(bytes, align, kgc_charge_gfp(a, GFP_KERNEL));
	kgc_charge_end(charging);
	if (!p)
		not_got(a, kind, num_possible_cpus() * bytes);
	return p;
}

void kgc_charge_percpu_free(struct kgc_allocator *a, enum kgc_meta kind, void __percpu *p,
			    size_t bytes)
{
	free_percpu(p);
	kgc_limit_uncharge_meta(a, kind, num_possible_cpus() * bytes);
}

/* kgc_charge_alloc() for a span structure, for kgc_span_discard(). */
struct kgc_span *kgc_charge_span(struct kgc_allocator *a, unsigned int nelems, int nid,
				 gfp_t gfp)
{
	unsigned int index = kgc_words_index(nelems);
	struct kgc_charging charging;
	struct kgc_span *span;

	if (!kgc_charge_meta(a, KGC_META_SPANS, kgc_span_bytes(index), gfp))
		return NULL;
	charging = kgc_charge_begin(a);
	span = kgc_span_alloc(nelems, nid, kgc_charge_gfp(a, gfp));
	kgc_charge_end(charging);
	if (span)
		kgc_limit_move_meta(a, KGC_META_SPANS, KGC_META_BITMAPS,
				    kgc_span_bitmap_bytes(index));
	else
		not_got(a, KGC_META_SPANS, kgc_span_bytes(index));
	return span;
}
