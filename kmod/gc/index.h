/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Counting the nodes of an xarray: the heap's limit counts them, and the xarray does not
 * say when it makes one.
 */
#ifndef _KGC_INDEX_H
#define _KGC_INDEX_H

#include <linux/xarray.h>

#include "../alloc/alloc.h"
#include "../alloc/charge.h"
#include "heap.h"

/* How many entries are in the node of @xa that has @index, up to two. */
static inline unsigned int kgc_index_entries(struct xarray *xa, unsigned long index)
{
	unsigned long at = index & ~XA_CHUNK_MASK, last = index | XA_CHUNK_MASK;

	if (!xa_find(xa, &at, last, XA_PRESENT))
		return 0;
	return xa_find_after(xa, &at, last, XA_PRESENT) ? 2 : 1;
}

/*
 * A node of an index counts while it has an entry. It is counted before it is known
 * whether the index needs a new one. Context: as @gfp says.
 */
static inline bool kgc_index_charge(struct kgc_heap *heap, gfp_t gfp)
{
	return kgc_charge_meta(&heap->alloc, KGC_META_FINALIZERS, sizeof(struct xa_node),
			       gfp);
}

static inline void kgc_index_uncharge(struct kgc_heap *heap)
{
	kgc_limit_uncharge_meta(&heap->alloc, KGC_META_FINALIZERS,
				sizeof(struct xa_node));
}

#endif /* _KGC_INDEX_H */
