/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a heap allocates metadata. It counts metadata against its limits, and charges it to
 * the cgroup that the heap was opened in, whatever task or interrupt needs the memory.
 *
 * Between kgc_charge_begin() and kgc_charge_end() the current task (in an interrupt: all
 * interrupts of this CPU) charges that cgroup for whatever it allocates with
 * __GFP_ACCOUNT. The functions below that allocate call both themselves.
 */
#ifndef _KGC_CHARGE_H
#define _KGC_CHARGE_H

#include <linux/preempt.h>
#include <linux/sched.h>
#include <linux/types.h>

#include "../compat.h"
#include "limit.h"

struct kgc_allocator;
struct kgc_span;
struct mem_cgroup;
struct page;

/**
 * struct kgc_owner - the cgroup that a heap is charged to
 * @page: a page charged to the cgroup; the heap asks the kernel for the page's cgroup.
 *	When a cgroup is removed, the kernel moves the charge of the page to the parent.
 *	NULL if no cgroup is charged, and for the root cgroup
 * @root: a reference to the root cgroup, if the heap is charged to it; otherwise NULL
 *
 * The heap holds no reference to any other cgroup. A reference would keep a removed
 * cgroup in memory, as a dying one, until the heap is closed.
 */
struct kgc_owner {
	struct page		*page;
	struct mem_cgroup	*root;
};

/**
 * struct kgc_charging - what kgc_charge_begin() hands to kgc_charge_end()
 * @memcg: a reference to the cgroup that is charged between the two, or NULL
 * @outer: the active cgroup before, to be restored
 */
struct kgc_charging {
	struct mem_cgroup	*memcg;
	struct mem_cgroup	*outer;
};

int kgc_charge_open(struct kgc_allocator *a);
void kgc_charge_close(struct kgc_allocator *a);
u64 kgc_charge_max_bytes(const struct kgc_allocator *a);
u64 kgc_charge_limit(const struct kgc_allocator *a);
bool kgc_charge_would_exceed(const struct kgc_allocator *a, size_t bytes);
struct kgc_charging kgc_charge_begin(const struct kgc_allocator *a);
void kgc_charge_end(struct kgc_charging charging);

/* Whether this task charges a cgroup set by set_active_memcg(), rather than its own. */
static inline bool kgc_charge_active(void)
{
	return kgc_memcg_active();
}

/*
 * Whether this context may call the kernel's allocators, whatever its gfp says. On
 * PREEMPT_RT the page allocator takes sleeping locks.
 */
static inline bool kgc_charge_possible(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT) && !preemptible())
		return false;
	return !in_hardirq();
}

gfp_t kgc_charge_gfp(const struct kgc_allocator *a, gfp_t gfp);
bool kgc_charge_meta(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes, gfp_t gfp);
void *kgc_charge_alloc(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes, int nid,
		       gfp_t gfp);
void *kgc_charge_try(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes);
void kgc_charge_free(struct kgc_allocator *a, enum kgc_meta kind, const void *p, size_t bytes);
void *kgc_charge_page(struct kgc_allocator *a, enum kgc_meta kind, gfp_t gfp);
void kgc_charge_page_free(struct kgc_allocator *a, enum kgc_meta kind, void *page);
void __percpu *kgc_charge_percpu(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes,
				 size_t align);
void kgc_charge_percpu_free(struct kgc_allocator *a, enum kgc_meta kind, void __percpu *p,
			    size_t bytes);
struct kgc_span *kgc_charge_span(struct kgc_allocator *a, unsigned int nelems, int nid,
				 gfp_t gfp);

#endif /* _KGC_CHARGE_H */
