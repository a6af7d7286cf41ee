// SPDX-License-Identifier: GPL-2.0
/* From an address, or a word that may be none, to the object it lies in. */
#include <linux/rcupdate.h>

#include "../alloc/map.h"
#include "../alloc/span.h"
#include "../alloc/tiny.h"
#include "heap.h"
#include "lookup.h"
#include "type.h"

/**
 * kgc_lookup() - the object of this heap that a word points into
 * @heap: the heap
 * @word: any value
 * @index: receives the slot
 *
 * Return: its span, or NULL when the word is no address of a slot in use.
 */
struct kgc_span *kgc_lookup(struct kgc_heap *heap, const void *word,
			    unsigned int *index)
{
	struct kgc_span *span;
	unsigned int i;

	/*
	 * The span may be freed at any time where it is another heap's, or
	 * no cycle marks; the structure stays one under RCU, its bitmaps of the
	 * same size (SLAB_TYPESAFE_BY_RCU), but may become another span, even
	 * of ours: hence the tests of the address, the index and the map.
	 */
	rcu_read_lock();
	span = kgc_map_find(word);
	if (span && READ_ONCE(span->owner) == &heap->alloc &&
	    (unsigned long)word - span->base <
	    (unsigned long)span->nelems * span->size) {
		i = kgc_span_index(span, word);
		*index = i;
		if (i >= span->nwords * BITS_PER_LONG ||
		    kgc_span_is_free(span, i))
			span = NULL;
		/* all of this was read while the map said so: kgc_pageheap_put() */
		smp_rmb();
		if (kgc_map_find(word) != span)
			span = NULL;
	} else {
		span = NULL;
	}
	rcu_read_unlock();
	return span;
}

/* Where the object in slot @i begins that @word, an address in it, belongs to. */
void *kgc_lookup_start(struct kgc_types *types, struct kgc_span *span,
		       unsigned int i, void *word)
{
	const struct kgc_shape *shape = &kgc_type_of_slot(types, span, i)->shape;
	char *slot = kgc_span_slot(span, i);

	if (!(shape->flags & KGC_SHAPE_TINY))
		return slot;
	return kgc_tiny_start(shape, slot, word);
}
