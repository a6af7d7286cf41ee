// SPDX-License-Identifier: GPL-2.0
/*
 * How a heap gets memory for a caller. It charges the memory to its limits, then asks
 * the kernel's allocators, which charge the heap's cgroup. If they refuse, it takes the
 * charge to its limits back.
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
 * The flags that a heap passes on from its caller: those that say how hard to try, not
 * those that say where to allocate. __GFP_NOFAIL is not among them: every allocation
 * from a heap may fail.
 */
#define GFP_TRY (__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HIGH |	\
		 __GFP_ATOMIC | __GFP_NORETRY | __GFP_MEMALLOC |	\
		 __GFP_NOMEMALLOC)

/*
 * The flags with which a heap allocates pages and metadata for a caller with @gfp. An
 * allocation with them fails rather than invoke the OOM killer. Between
 * kgc_charge_begin() and kgc_charge_end() it charges the heap's cgroup.
 */
gfp_t kgc_charge_gfp(const struct kgc_allocator *a, gfp_t gfp)
{
	gfp = (gfp & GFP_TRY) | __GFP_NOWARN | a->gfp;
	if (gfp & __GFP_DIRECT_RECLAIM && !(gfp & __GFP_NORETRY))
		gfp |= __GFP_RETRY_MAYFAIL;
	/* with these flags, a charge may exceed the cgroup's limit */
	if (gfp & __GFP_ACCOUNT)
		gfp &= ~(__GFP_HIGH | __GFP_ATOMIC | __GFP_MEMALLOC);
	return gfp;
}

/* A new reference to the cgroup that the heap charges, or NULL. Context: any but NMI. */
static struct mem_cgroup *owner_get(const struct kgc_owner *owner)
{
	if (owner->page)
		return kgc_page_memcg_get(owner->page);
	kgc_memcg_get(owner->root);
	return owner->root;
}

/* Return: the limit of the heap's cgroup, in bytes. Context: any but NMI. */
static u64 owner_limit(const struct kgc_allocator *a)
{
	struct mem_cgroup *memcg = owner_get(&a->owner);
	u64 limit = kgc_memcg_limit(memcg);

	mem_cgroup_put(memcg);
	return limit;
}

/*
 * Return: the number of bytes that the heap may hold, 0 if nothing limits it. Both
 * kgc_limit_max_bytes() and the limit of the heap's cgroup count. The cgroup's limit counts
 * whole, although the cgroup holds other memory too: reclaim can free that memory, and
 * asks for collections. Context: any but NMI.
 */
u64 kgc_charge_max_bytes(const struct kgc_allocator *a)
{
	u64 most = min(kgc_limit_max_bytes(a), owner_limit(a));

	return most >= S64_MAX ? 0 : max(most, 1ULL);
}

/*
 * Return: the least of the heap's hard limit, the module's cap and the limit of the
 * cgroup, as they are set. Unlike kgc_charge_max_bytes() this does not depend on what other
 * heaps hold. Context: any but NMI.
 */
u64 kgc_charge_limit(const struct kgc_allocator *a)
{
	u64 limit = min(owner_limit(a), READ_ONCE(a->limit.hard) ?: U64_MAX);

	return min(limit, kgc_limit_cap() ?: U64_MAX);
}

/* Whether @bytes more would exceed a limit, the cgroup's included. Context: any but NMI. */
bool kgc_charge_would_exceed(const struct kgc_allocator *a, size_t bytes)
{
	struct mem_cgroup *memcg = owner_get(&a->owner);
	u64 most = kgc_limit_max_bytes(a);
	bool near = most != U64_MAX && atomic64_read(&a->limit.held) + bytes > most;

	near = near || kgc_memcg_full(memcg, bytes >> PAGE_SHIFT);
	mem_cgroup_put(memcg);
	return near;
}

/* Charge the heap's cgroup until kgc_charge_end(). Context: any but NMI. */
struct kgc_charging kgc_charge_begin(const struct kgc_allocator *a)
{
	struct kgc_charging charging = { .memcg = owner_get(&a->owner) };

	if (charging.memcg)
		charging.outer = set_active_memcg(charging.memcg);
	return charging;
}

/* Restore the cgroup that was active before. Context: as kgc_charge_begin(). */
void kgc_charge_end(struct kgc_charging charging)
{
	if (!charging.memcg)
		return;
	set_active_memcg(charging.outer);
	mem_cgroup_put(charging.memcg);
}

/*
 * Make the cgroup of the current process the one that the heap charges, if the heap has
 * __GFP_ACCOUNT. If that is the root cgroup, the heap holds a reference to it instead of a
 * page: no page is charged to the root cgroup, and it is never removed.
 *
 * Context: process context, may sleep. Return: 0 or -ENOMEM.
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
	/* with cgroup.memory=nokmem no cgroup is charged for the page, or the heap */
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
 * Give back @bytes or more of pages that no span uses, node by node. At a limit this
 * makes room for metadata.
 *
 * Context: process context. Return: whether any page was given back.
 */
static bool make_room(struct kgc_allocator *a, size_t bytes)
{
	size_t freed = 0;
	int nid;

	/* the heap is being opened, and has no nodes yet */
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
 * Charge @bytes of metadata to the heap's limits before they are allocated. The caller
 * takes the charge back with kgc_limit_uncharge_meta() when it frees them, or if their
 * allocation fails. At a limit this asks for a cycle, as the allocation of an object does.
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
	/* while the heap is being opened there is no collector yet */
	if (a->pressure)
		a->pressure(a, KGC_PRESSURE_LIMIT, 0, GFP_NOWAIT);
	return false;
}

/* Take a charge back: the kernel's allocators refused the memory. */
static void charge_undo(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes)
{
	kgc_limit_refused(a, -ENOMEM);
	kgc_limit_uncharge_meta(a, kind, bytes);
}

/**
 * kgc_charge_alloc() - allocate memory for metadata, charged to the heap
 * @a: the allocator
 * @kind: what the memory is for
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
		charge_undo(a, kind, bytes);
	return p;
}

/*
 * Like kgc_charge_alloc(), for memory that the heap can do without: no attempt is made to
 * free any, and a failure is neither counted nor a reason for a cycle. Context:
 * kgc_charge_possible(), no raw lock held.
 */
void *kgc_charge_try(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes)
{
	const gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;
	struct kgc_charging charging;
	void *p;

	if (kgc_limit_charge_meta(a, kind, bytes))
		return NULL;
	charging = kgc_charge_begin(a);
	p = kvzalloc_node(bytes, kgc_charge_gfp(a, gfp), NUMA_NO_NODE);
	kgc_charge_end(charging);
	if (!p)
		kgc_limit_uncharge_meta(a, kind, bytes);
	return p;
}

/* Context: any but NMI, no raw lock held; process context if it is more than a page. */
void kgc_charge_free(struct kgc_allocator *a, enum kgc_meta kind, const void *p, size_t bytes)
{
	if (!p)
		return;
	kvfree(p);
	kgc_limit_uncharge_meta(a, kind, bytes);
}

/* Like kgc_charge_alloc(), for one page, to be freed by kgc_charge_page_free(). */
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
		charge_undo(a, kind, PAGE_SIZE);
		return NULL;
	}
	return page_address(page);
}

void kgc_charge_page_free(struct kgc_allocator *a, enum kgc_meta kind, void *page)
{
	__free_pages(virt_to_page(page), 0);
	kgc_limit_uncharge_meta(a, kind, PAGE_SIZE);
}

/* Like kgc_charge_alloc(), for @bytes per possible CPU. Context: may sleep. */
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
		charge_undo(a, kind, num_possible_cpus() * bytes);
	return p;
}

void kgc_charge_percpu_free(struct kgc_allocator *a, enum kgc_meta kind, void __percpu *p,
			    size_t bytes)
{
	free_percpu(p);
	kgc_limit_uncharge_meta(a, kind, num_possible_cpus() * bytes);
}

/* Like kgc_charge_alloc(), for a span structure, not zeroed, for kgc_span_discard(). */
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
		charge_undo(a, KGC_META_SPANS, kgc_span_bytes(index));
	return span;
}
