/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Charging the nodes of an xarray to a heap's limit. The xarray does not say when it
 * allocates or frees a node.
 */
#ifndef _KGC_INDEX_H
#define _KGC_INDEX_H

#include <linux/xarray.h>

#include "../alloc/alloc.h"
#include "../alloc/charge.h"
#include "heap.h"

/* Number of entries in the node of @xa that has @index: 0, 1, or 2 for two or more. */
static inline unsigned int kgc_index_entries(struct xarray *xa, unsigned long index)
{
	unsigned long at = index & ~XA_CHUNK_MASK, last = index | XA_CHUNK_MASK;

	if (!xa_find(xa, &at, last, XA_PRESENT))
		return 0;
	return xa_find_after(xa, &at, last, XA_PRESENT) ? 2 : 1;
}

/*
 * Charge a node before an entry is inserted, when it is not known yet whether the xarray
 * needs a new one. A node is charged as long as it has an entry. Context: as @gfp says.
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
