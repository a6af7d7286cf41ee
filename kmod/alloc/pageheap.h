/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The page heap: arenas from the buddy allocator, cut into heap pages that
 * become spans. One page heap per NUMA node of an allocator.
 */
#ifndef _KGC_PAGEHEAP_H
#define _KGC_PAGEHEAP_H

#include <linux/rbtree.h>
#include <linux/spinlock.h>

#include "../compat.h"
#include "arena.h"
#include "span.h"
#include "steps.h"

/**
 * struct kgc_pageheap - the pages of one node
 * @lock: guards all members except @nid; a leaf, taken inside the central locks
 * @arenas: tree of struct kgc_arena
 * @empties: tree of the arenas without a page in use
 * @spare: span structures without pages, by bitmap size
 * @nr_spare: number of these structures, by bitmap size; read without @lock as a hint
 * @nid: NUMA node; constant
 * @nr_arenas: arenas in the tree
 * @sys: bytes in arenas; read without @lock as a hint
 * @inuse: bytes in spans; read without @lock as a hint
 * @manual: the part of @inuse that is in manual spans
 * @reclaimable: machine pages that the kernel counts as reclaimable, see kgc_arenas_account()
 * @released: bytes given back to the kernel so far
 * @searches: searches for a run of free pages
 * @misses: searches that found none
 * @steps: arenas visited by searches
 * @visits: arenas visited to find pages to give back
 * @grown: arenas added
 * @smaller: arenas of @grown that are smaller than wanted, because no larger block was free
 * @denied: arenas that could not be added, for lack of memory or at a limit
 */
struct kgc_pageheap {
	raw_spinlock_t		lock;
	struct rb_root		arenas __guarded_by(&lock);
	struct rb_root		empties __guarded_by(&lock);
	struct list_head	spare[KGC_NR_SPAN_SIZES] __guarded_by(&lock);
	unsigned int		nr_spare[KGC_NR_SPAN_SIZES] __guarded_by(&lock);
	int			nid;
	unsigned int		nr_arenas __guarded_by(&lock);
	u64			sys __guarded_by(&lock);
	u64			inuse __guarded_by(&lock);
	u64			manual __guarded_by(&lock);
	long			reclaimable __guarded_by(&lock);
	u64			released __guarded_by(&lock);
	u64			searches __guarded_by(&lock);
	u64			misses __guarded_by(&lock);
	u64			steps __guarded_by(&lock);
	u64			visits __guarded_by(&lock);
	u64			grown __guarded_by(&lock);
	u64			smaller __guarded_by(&lock);
	u64			denied __guarded_by(&lock);
};

void kgc_pageheap_init(struct kgc_pageheap *ph, int nid);
bool kgc_pageheap_take(struct kgc_pageheap *ph, struct kgc_span *span,
		       unsigned int npages, bool manual);
void kgc_pageheap_put(struct kgc_pageheap *ph, struct kgc_span *span);
struct kgc_span *kgc_pageheap_spare(struct kgc_pageheap *ph,
				    unsigned int nelems);
void kgc_pageheap_keep_spare(struct kgc_pageheap *ph, struct kgc_span *span);
u64 kgc_pageheap_managed(struct kgc_pageheap *ph);
int kgc_pageheap_grow(struct kgc_allocator *a, struct kgc_pageheap *ph,
		      unsigned int npages, gfp_t gfp, struct kgc_slow_path *step);
bool kgc_pageheap_trim_spares(struct kgc_allocator *a, struct kgc_pageheap *ph,
			      unsigned int keep, unsigned int most);

/* Bytes that no span uses. Reads without the lock, so the result is approximate. */
static inline u64 kgc_pageheap_idle(const struct kgc_pageheap *ph)
{
	u64 inuse = READ_ONCE(ph->inuse), sys = READ_ONCE(ph->sys);

	return sys > inuse ? sys - inuse : 0;
}

/* kgc_scavenge_some() gives back a shorter run only if its @keep is 0 */
#define KGC_MIN_RUN		8	/* heap pages */
#define KGC_MIN_RUN_BYTES	(KGC_MIN_RUN * KGC_PAGE_SIZE)

size_t kgc_scavenge_some(struct kgc_allocator *a, struct kgc_pageheap *ph, u64 keep,
			 size_t most);
size_t kgc_scavenge_pages(struct kgc_allocator *a, struct kgc_pageheap *ph, u64 keep);
void kgc_scavenge_destroy(struct kgc_allocator *a, struct kgc_pageheap *ph);

#endif /* _KGC_PAGEHEAP_H */
