// SPDX-License-Identifier: GPL-2.0
/*
 * Filling tiny blocks. Except for kgc_tiny_open_block() and kgc_tiny_start(), the caller
 * owns the cache: it is inside a region, or it is flipping the cache.
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
					const struct kgc_shape *shape)
{
	struct kgc_tiny_block *b;
	unsigned int i;

	for (i = 0; i < KGC_NR_TINY; i++) {
		b = &tiny->open[(shape->id + i) % KGC_NR_TINY];
		if (likely(b->shape == shape))
			return b;
	}
	return NULL;
}

/* The entry with the least room. An unused entry has none, so it is chosen first. */
static struct kgc_tiny_block *tiny_fullest(struct kgc_tiny *tiny,
					   const struct kgc_shape *shape)
{
	struct kgc_tiny_block *b, *least = &tiny->open[shape->id % KGC_NR_TINY];
	unsigned int i;

	for (i = 1; i < KGC_NR_TINY; i++) {
		b = &tiny->open[(shape->id + i) % KGC_NR_TINY];
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
		    unsigned int mode, const struct kgc_shape *shape)
{
	struct kgc_tiny_block *b = tiny_find(tiny, shape);
	struct kgc_span *span;
	void *obj;

	if (!b || tiny_room(b) < shape->bytes)
		return NULL;
	obj = b->next;
	WRITE_ONCE(b->next, b->next + shape->bytes);
	WRITE_ONCE(tiny->joined, tiny->joined + 1);
	if (unlikely(mode & (KGC_BORN_BLACK | KGC_BORN_SETTLING))) {
		span = kgc_map_span(obj);
		if (kgc_born_black(a, span, mode))
			set_bit(kgc_span_index(span, obj), kgc_span_mark(span));
	}
	return obj;
}

/* Keep @block open, a slot of the cached span just taken for the first object in it. */
void kgc_tiny_open(struct kgc_tiny *tiny, const struct kgc_shape *shape,
		   char *block)
{
	struct kgc_tiny_block *b = tiny_find(tiny, shape);

	if (!b)
		b = tiny_fullest(tiny, shape);
	WRITE_ONCE(b->shape, shape);
	WRITE_ONCE(b->next, block + shape->bytes);
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
		.shape = READ_ONCE(b->shape),
		.next = READ_ONCE(b->next),
	};
	unsigned int room = tiny_room(&copy);

	if (!copy.shape || !room || room < copy.shape->bytes)
		return NULL;
	return copy.next - (KGC_TINY_BLOCK - room);
}

/* Start of the object in @block that contains @addr. */
void *kgc_tiny_start(const struct kgc_shape *shape, char *block, const void *addr)
{
	unsigned int last = KGC_TINY_BLOCK / shape->bytes - 1;
	unsigned int i = ((const char *)addr - block) / shape->bytes;

	/* the rest at the end of the block counts as part of the last object */
	return block + min(i, last) * shape->bytes;
}
