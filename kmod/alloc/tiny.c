// SPDX-License-Identifier: GPL-2.0
/*
 * Filling up tiny blocks. Context of all but kgc_tiny_start(): inside a region of the
 * cache, or whatever else owns it.
 */
#include <linux/string.h>

#include "alloc.h"
#include "tiny.h"

/* Bytes left in the block; 0 when it is full, and when there is none. */
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

/* The entry whose block has the least room; an unused one has none. */
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
 * One more object in the open block of its type. The block may have been opened,
 * white, before marking began; so under a blackening section each object marks it.
 *
 * Return: the object, cleared; NULL when there is no such block or it is full.
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

/* @block is a slot of the cached span that was taken for the first of its objects. */
void kgc_tiny_open(struct kgc_tiny *tiny, const struct kgc_shape *shape,
		   char *block)
{
	struct kgc_tiny_block *b = tiny_find(tiny, shape);

	if (!b)
		b = tiny_fullest(tiny, shape);
	WRITE_ONCE(b->shape, shape);
	WRITE_ONCE(b->next, block + shape->bytes);
}

/* The cached span goes: it may be swept, and its slots used for something else. */
void kgc_tiny_close(struct kgc_tiny *tiny)
{
	memset(tiny->open, 0, sizeof(tiny->open));
}

/*
 * The block, while there is room in it for one more object; NULL otherwise. Context:
 * any; the CPU that has the block may fill or close it meanwhile.
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

/* Where the object in @block begins that @addr, any address in it, belongs to. */
void *kgc_tiny_start(const struct kgc_shape *shape, char *block, const void *addr)
{
	unsigned int last = KGC_TINY_BLOCK / shape->bytes - 1;
	unsigned int i = ((const char *)addr - block) / shape->bytes;

	/* what is left over at the end counts as the last object's */
	return block + min(i, last) * shape->bytes;
}
