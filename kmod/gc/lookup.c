// SPDX-License-Identifier: GPL-2.0
/* Find the object that a word points into. The word may be no address at all. */
#include <linux/rcupdate.h>

#include "../alloc/map.h"
#include "../alloc/span.h"
#include "../alloc/tiny.h"
#include "../compat.h"
#include "heap.h"
#include "lookup.h"
#include "type.h"

/**
 * kgc_lookup() - find the object of a heap that a word points into
 * @heap: the heap
 * @word: any value
 * @index: receives the object's slot
 *
 * Return: the object's span, or NULL if @word is no address in a slot in use.
 */
struct kgc_span *kgc_lookup(struct kgc_heap *heap, const void *word,
			    unsigned int *index)
{
	struct kgc_span *span;
	unsigned int i;

	/*
	 * The span may be freed at any time if it belongs to another heap, or
	 * if no cycle marks. Under RCU the structure stays a span with bitmaps
	 * of the same size (SLAB_TYPESAFE_BY_RCU), but it may be reused for
	 * another span, even of this heap. So test address, index and map.
	 */
	guard(rcu)();
	span = kgc_map_find(word);
	if (!span || READ_ONCE(span->owner) != &heap->alloc ||
	    (unsigned long)word - span->base >=
	    (unsigned long)span->nelems * span->size)
		return NULL;
	i = kgc_span_index(span, word);
	*index = i;
	if (i >= span->nwords * BITS_PER_LONG || kgc_span_is_free(span, i))
		return NULL;
	/* read the map again after all this: pairs with kgc_pageheap_put() */
	smp_rmb();
	return kgc_map_find(word) == span ? span : NULL;
}

/* The start of the object in slot @i that @word, an address in that slot, points into. */
void *kgc_lookup_start(struct kgc_types *types, struct kgc_span *span,
		       unsigned int i, void *word)
{
	const struct kgc_layout *layout = &kgc_type_of_slot(types, span, i)->layout;
	char *slot = kgc_span_slot(span, i);

	if (!(layout->flags & KGC_LAYOUT_TINY))
		return slot;
	return kgc_tiny_start(layout, slot, word);
}
