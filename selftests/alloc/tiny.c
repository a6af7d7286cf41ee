// SPDX-License-Identifier: GPL-2.0
/* Tiny objects: several objects of one type share a block. */
#include <check.h>
#include <shim.h>

#include "heap.h"

/* Shape of a naturally aligned type of @bytes without pointers. */
static void layout_tiny(struct kgc_layout *layout, unsigned int id, u32 bytes)
{
	memset(layout, 0, sizeof(*layout));
	layout->id = id;
	layout->bytes = bytes;
	layout->slot = KGC_TINY_BLOCK;
	layout->spc = KGC_TINY_SPC;
	layout->flags = KGC_LAYOUT_TINY;
	layout->allocated = &allocated_any;
}

static u8 *tiny_alloc(const struct kgc_layout *layout)
{
	u8 *at = kgc_cache_alloc(&allocator, 0, layout, layout->spc, layout->bytes,
				 GFP_KERNEL);

	check(at && (unsigned long)at % (layout->bytes & -layout->bytes) == 0);
	heap_filled(at, layout->bytes, 0);
	return at;
}

/* Return: how many blocks were ever handed out. */
static u64 tiny_blocks(void)
{
	u64 blocks = 0;
	int nid;

	heap_flush();
	for_each_node(nid) {
		struct kgc_central *ct = allocator.node[nid]->central[KGC_TINY_SPC];

		blocks += ct ? ct->mallocs : 0;
	}
	return blocks;
}

/* The last of @in_block objects in @first's block keeps that block only. */
static void tiny_last_keeps(u8 *first, const struct kgc_layout *layout,
			    unsigned int in_block)
{
	u8 *last = first + (in_block - 1) * layout->bytes;
	struct kgc_span *span = heap_span_at(last);

	check(kgc_tiny_start(layout, (char *)first, first) == first);
	check(kgc_tiny_start(layout, (char *)first, last + layout->bytes - 1) == last);
	/* the unused rest of the block counts as the last object's */
	check(kgc_tiny_start(layout, (char *)first, first + KGC_TINY_BLOCK - 1) == last);
	set_bit(kgc_span_index(span, last), kgc_span_mark(span));
	heap_flush();
	heap_sweep();
	check(kgc_span_count_free(heap_span_at(first)) == heap_span_at(first)->nelems - 1);
	check(!kgc_span_is_free(heap_span_at(first),
				kgc_span_index(heap_span_at(first), first)));
	heap_flush();
	heap_sweep();
	check(!kgc_map_find(first));
}

/* Tiny objects share a block, which lives as long as any of them. */
static void tiny_share_and_die_together(void)
{
	static struct kgc_layout tiny;
	unsigned int i, n, in_block;
	u8 *first, *at;

	for (n = 1; n <= KGC_TINY_MAX; n++) {
		heap_begin();
		layout_tiny(&tiny, 1, n);
		in_block = KGC_TINY_BLOCK / n;
		trying("%u bytes", n);
		first = tiny_alloc(&tiny);
		check(!((unsigned long)first % KGC_TINY_BLOCK));
		for (i = 1; i < in_block; i++)
			check(tiny_alloc(&tiny) == first + i * n);
		at = tiny_alloc(&tiny);
		check(at < first || at >= first + KGC_TINY_BLOCK);
		tiny_last_keeps(first, &tiny, in_block);
		/* the open block went away with its span */
		at = tiny_alloc(&tiny);
		check(!kgc_span_is_free(heap_span_at(at),
					kgc_span_index(heap_span_at(at), at)));
		heap_end();
	}
}

#define IN_TURN	4096

/* Types that take turns fill their blocks as fully as each would alone. */
static void tiny_types_in_turn(void)
{
	static struct kgc_layout tiny[KGC_NR_TINY];
	unsigned int i, t, nr, bytes;
	u64 blocks;

	for (nr = 1; nr <= KGC_NR_TINY; nr++) {
		for (bytes = 1; bytes <= KGC_TINY_MAX; bytes++) {
			heap_begin();
			trying("%u types of %u bytes", nr, bytes);
			/* these ids make all types look for the same entry first */
			for (t = 0; t < nr; t++)
				layout_tiny(&tiny[t], 1 + t * KGC_NR_TINY, bytes);
			for (i = 0; i < IN_TURN; i++)
				tiny_alloc(&tiny[i % nr]);
			blocks = tiny_blocks();
			/* a full span closes the blocks that were open in it */
			check(blocks >= IN_TURN * bytes / KGC_TINY_BLOCK);
			check(blocks <= DIV_ROUND_UP(IN_TURN, KGC_TINY_BLOCK / bytes) +
			      nr + nr * (blocks / 512));
			if (nr == 2 && bytes == 1)
				note("two types of 1 byte in turn: %u objects in %llu blocks",
				     IN_TURN, (unsigned long long)blocks);
			heap_end();
		}
	}
}

/* More types than open blocks: each object keeps its memory and its type. */
static void tiny_of_many_types(void)
{
	static struct kgc_layout tiny[3 * KGC_NR_TINY];
	struct object *o;
	unsigned int i;

	heap_begin();
	for (i = 0; i < ARRAY_SIZE(tiny); i++)
		layout_tiny(&tiny[i], i + 1, 1 + i % KGC_TINY_MAX);
	for (i = 0; i < MAX_OBJECTS; i++) {
		o = &objects[i];
		o->layout = &tiny[random() % ARRAY_SIZE(tiny)];
		o->at = tiny_alloc(o->layout);
		o->fill = 1 + random() % 255;
		memset(o->at, o->fill, o->layout->bytes);
	}
	for (i = 0; i < MAX_OBJECTS; i++) {
		struct kgc_span *span = heap_span_at(objects[i].at);
		unsigned int slot = kgc_span_index(span, objects[i].at);

		o = &objects[i];
		trying("object %u", i);
		heap_filled(o->at, o->layout->bytes, o->fill);
		check(!span->layout && span->types[slot] == o->layout->id);
		check(kgc_tiny_start(o->layout, kgc_span_slot(span, slot), o->at) ==
		      o->at);
	}
	heap_end();
}

#define ALL_PROMISES(PROMISE) \
	PROMISE(tiny_share_and_die_together, "tiny objects share a block and live as long as one of them") \
	PROMISE(tiny_types_in_turn, "tiny objects of eight types in turn fill up their blocks") \
	PROMISE(tiny_of_many_types, "tiny objects of more types than blocks are open keep their memory and type")

PROGRAM("kgc_tiny", heap_init, heap_exit);
