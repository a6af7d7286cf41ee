/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a heap gets memory beside its pages: counted against its limits, and charged to
 * the cgroup it was opened in, whichever task or interrupt happens to need more.
 *
 * Between kgc_charge_begin() and kgc_charge_end() the task, or the interrupts of this
 * CPU, charge that cgroup for all they allocate with __GFP_ACCOUNT. The functions that
 * allocate do so themselves.
 */
#ifndef _KGC_CHARGE_H
#define _KGC_CHARGE_H

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
 * @page: a page charged to it, which says which cgroup that is: when a cgroup is
 *	removed the kernel moves such charges to its parent. NULL where nothing is
 *	charged, and for the root cgroup
 * @root: the root cgroup, if it is the one; a reference
 *
 * The heap holds no reference to the cgroup, or it would be there, dying, for as long as
 * the heap is.
 */
struct kgc_owner {
	struct page		*page;
	struct mem_cgroup	*root;
};

/**
 * struct kgc_charging - between kgc_charge_begin() and kgc_charge_end()
 * @memcg: charged meanwhile; a reference, or NULL
 * @outer: charged before
 */
struct kgc_charging {
	struct mem_cgroup	*memcg;
	struct mem_cgroup	*outer;
};

int kgc_charge_open(struct kgc_allocator *a);
void kgc_charge_close(struct kgc_allocator *a);
u64 kgc_charge_most(const struct kgc_allocator *a);
bool kgc_charge_near(const struct kgc_allocator *a, size_t bytes);
struct kgc_charging kgc_charge_begin(const struct kgc_allocator *a);
void kgc_charge_end(struct kgc_charging charging);

/* Whether the allocations of this task are charged to a cgroup that was chosen for them. */
static inline bool kgc_charge_active(void)
{
	return kgc_memcg_active();
}

gfp_t kgc_charge_gfp(const struct kgc_allocator *a, gfp_t gfp);
bool kgc_charge_meta(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes, gfp_t gfp);
void *kgc_charge_alloc(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes, int nid,
		       gfp_t gfp);
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
