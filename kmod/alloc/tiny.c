// SPDX-License-Identifier: GPL-2.0
/*
 * Filling tiny blocks. Except for kgc_tiny_open_block() and kgc_tiny_start(), the caller
 * owns the cache: it is inside a region, or it is flushing the cache.
 */
#include <linux/string.h>

#include "alloc.h"
#include "tiny.h"

/* Bytes left in the block; 0 if it is full, or if there is no block. */
static unsigned int tiny_room(const struct kgc_tiny_block *b)
{
	return -(unsigned long)b->next % KGC_TINY_BLOCK;
}

static struct kgc_tiny_block *tiny_find(struct kgc_tiny *tiny,
					const struct kgc_layout *layout)
{
	struct kgc_tiny_block *b;
	unsigned int i;

	for (i = 0; i < KGC_NR_TINY; i++) {
		b = &tiny->open[(layout->id + i) % KGC_NR_TINY];
		if (likely(b->layout == layout))
			return b;
	}
	return NULL;
}

/* The entry with the least room. An unused entry has none, so it is chosen first. */
static struct kgc_tiny_block *tiny_fullest(struct kgc_tiny *tiny,
					   const struct kgc_layout *layout)
{
	struct kgc_tiny_block *b, *least = &tiny->open[layout->id % KGC_NR_TINY];
	unsigned int i;

	for (i = 1; i < KGC_NR_TINY; i++) {
		b = &tiny->open[(layout->id + i) % KGC_NR_TINY];
		if (tiny_room(b) < tiny_room(least))
			least = b;
	}
	return least;
}

/*
 * Add an object to the open block of its type. The block may be white because it was
 * opened before marking began. So if newborns are black, each of them marks the block.
 *
 * Return: the object, cleared; NULL when its type has no open block or the block is full.
 */
void *kgc_tiny_join(struct kgc_allocator *a, struct kgc_tiny *tiny,
		    unsigned int mode, const struct kgc_layout *layout)
{
	struct kgc_tiny_block *b = tiny_find(tiny, layout);
	struct kgc_span *span;
	void *obj;

	if (!b || tiny_room(b) < layout->bytes)
		return NULL;
	obj = b->next;
	WRITE_ONCE(b->next, b->next + layout->bytes);
	WRITE_ONCE(tiny->joined, tiny->joined + 1);
	if (unlikely(mode & (KGC_ALLOC_BLACK | KGC_ALLOC_SETTLE))) {
		span = kgc_map_span(obj);
		if (kgc_alloc_marked(a, span, mode))
			set_bit(kgc_span_index(span, obj), kgc_span_mark(span));
	}
	return obj;
}

/* Keep @block open: a slot of the cached span, just taken for the first object in it. */
void kgc_tiny_open(struct kgc_tiny *tiny, const struct kgc_layout *layout,
		   char *block)
{
	struct kgc_tiny_block *b = tiny_find(tiny, layout);

	if (!b)
		b = tiny_fullest(tiny, layout);
	WRITE_ONCE(b->layout, layout);
	WRITE_ONCE(b->next, block + layout->bytes);
}

/* Close all blocks: their span leaves the cache, and a sweep may free their slots. */
void kgc_tiny_close(struct kgc_tiny *tiny)
{
	memset(tiny->open, 0, sizeof(tiny->open));
}

/*
 * The block, if it has room for one more object; otherwise NULL. Context: any. The CPU
 * that owns the block may fill or close it meanwhile.
 */
void *kgc_tiny_open_block(const struct kgc_tiny_block *b)
{
	const struct kgc_tiny_block copy = {
		.layout = READ_ONCE(b->layout),
		.next = READ_ONCE(b->next),
	};
	unsigned int room = tiny_room(&copy);

	if (!copy.layout || !room || room < copy.layout->bytes)
		return NULL;
	return copy.next - (KGC_TINY_BLOCK - room);
}

/* Start of the object in @block that contains @addr. */
void *kgc_tiny_start(const struct kgc_layout *layout, char *block, const void *addr)
{
	unsigned int last = KGC_TINY_BLOCK / layout->bytes - 1;
	unsigned int i = ((const char *)addr - block) / layout->bytes;

	/* the rest at the end of the block counts as part of the last object */
	return block + min(i, last) * layout->bytes;
}
