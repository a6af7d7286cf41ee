// SPDX-License-Identifier: GPL-2.0
/*
 * Life of a span. Its structure comes from one of several slab caches, by bitmap size,
 * and its pages come from the page heap. Its owner takes slots word by word of the free
 * bitmap. A sweep turns the mark bitmap into the free bitmap.
 */
#include <linux/kernel.h>
#include <linux/slab.h>

#include "limit.h"
#include "poison.h"
#include "span.h"

#define CLEAR_AHEAD	1024	/* bytes; spans with slots of this size or less are 8 KiB */

static struct kmem_cache *span_cache[KGC_NR_SPAN_SIZES];

static unsigned long empty_word;
struct kgc_span kgc_empty_span = {
	.word = &empty_word,
	.sample = KGC_NO_SAMPLE,
	.link = LIST_HEAD_INIT(kgc_empty_span.link),
};

static unsigned int index_words(unsigned int index)
{
	return 1U << index;
}

/* Bytes of the three bitmaps behind a span structure. */
size_t kgc_span_bitmap_bytes(unsigned int words_index)
{
	return 3 * index_words(words_index) * sizeof(long);
}

/* Bytes of a side table that fits every span of that bitmap size. */
size_t kgc_span_types_bytes(unsigned int words_index)
{
	return index_words(words_index) * BITS_PER_LONG * sizeof(u16);
}

static size_t span_bytes(unsigned int index)
{
	return sizeof(struct kgc_span) + kgc_span_bitmap_bytes(index);
}

/*
 * Bytes that a span structure takes with its bitmaps. These are whole cache lines, because
 * one CPU writes the free bitmap while others write the memory beside the structure. With
 * SLAB_TYPESAFE_BY_RCU the slab allocator keeps a pointer of its own behind the object.
 */
size_t kgc_span_bytes(unsigned int words_index)
{
	return ALIGN(span_bytes(words_index) + sizeof(void *), cache_line_size());
}

/* Allocate a structure for a span of @nelems slots. It has no pages yet. */
struct kgc_span *kgc_span_alloc(unsigned int nelems, int nid, gfp_t gfp)
{
	struct kmem_cache *cache = span_cache[kgc_words_index(nelems)];
	struct kgc_span *span = kmem_cache_alloc_node(cache, gfp, nid);

	if (span) {
		span->types = NULL;
		span->state = KGC_SPAN_DEAD;
		span->nwords = index_words(kgc_words_index(nelems));
	}
	return span;
}

/* Context: not inside a raw spinlock. */
void kgc_span_free_struct(struct kgc_span *span)
{
	if (!span)
		return;
	kvfree(span->types);
	kmem_cache_free(span_cache[ilog2(span->nwords)], span);
}

/* Free and uncharge a structure from kgc_charge_span(), and its side table. */
void kgc_span_discard(struct kgc_allocator *a, struct kgc_span *span)
{
	unsigned int index = ilog2(span->nwords);
	bool types = span->types;

	kgc_span_free_struct(span);
	if (types)
		kgc_limit_uncharge_meta(a, KGC_META_TYPES, kgc_span_types_bytes(index));
	kgc_limit_move_meta(a, KGC_META_BITMAPS, KGC_META_SPANS,
			    kgc_span_bitmap_bytes(index));
	kgc_limit_uncharge_meta(a, KGC_META_SPANS, kgc_span_bytes(index));
}

/*
 * Make @lru allocate its list for the cgroup that is charged now. The kernel does that
 * only along with a slab allocation. Context: as @gfp says. Return: 0 or -ENOMEM.
 */
int kgc_span_room_in_lru(struct list_lru *lru, gfp_t gfp)
{
	struct kgc_span *span = kmem_cache_alloc_lru(span_cache[0], lru, gfp);

	if (!span)
		return -ENOMEM;
	kmem_cache_free(span_cache[0], span);
	return 0;
}

/*
 * Make all slots free and unmarked. kgc_pageheap_take() has set the span's pages, and
 * its dirty and reused flags.
 */
void kgc_span_init(struct kgc_span *span, struct kgc_allocator *a,
		   unsigned int spc, unsigned int nelems, u32 size)
{
	unsigned int w;

	span->owner = a;
	span->spc = spc;
	span->nelems = nelems;
	span->nfree = nelems;
	span->size = size;
	span->clear = false;
	span->magic = kgc_classes[spc >> 1].magic;
	span->fast = NULL;
	span->layout = NULL;
	span->queued = 0;
	span->sample = KGC_NO_SAMPLE;
	INIT_LIST_HEAD(&span->link);
	for (w = 0; w < span->nwords; w++) {
		kgc_span_mark(span)[w] = 0;
		kgc_span_scan(span)[w] = 0;
		/* one store: a concurrent lookup never sees a free slot as in use */
		WRITE_ONCE(kgc_span_free(span)[w], nelems ? kgc_span_valid(span, w) : ~0UL);
	}
	span->word = kgc_span_free(span);
	span->word_base = (char *)span->base;
	WRITE_ONCE(span->state, nelems ? KGC_SPAN_INUSE : KGC_SPAN_MANUAL);
}

/*
 * Initialise a span without slots: no address in it names an object. All its free bits
 * are set, so a lookup that still holds a slot of the structure's earlier span reads
 * that slot as free.
 */
void kgc_span_init_manual(struct kgc_span *span, struct kgc_allocator *a, u32 gen)
{
	span->gen = gen;
	kgc_span_init(span, a, KGC_MANUAL_SPC, 0, span->npages * KGC_PAGE_SIZE);
}

/* Fill a manual span that is about to be freed; @wipe as for kgc_span_sweep(). */
void kgc_span_wipe_manual(struct kgc_span *span, int wipe)
{
	if (wipe != KGC_WIPE_NONE)
		memset((void *)span->base, wipe, span->size);
	span->dirty = wipe != KGC_WIPE_ZERO;
}

/* Let the owner take slots from bitmap word @w. */
void kgc_span_select_word(struct kgc_span *span, unsigned int w)
{
	span->word = &kgc_span_free(span)[w];
	span->word_base = (char *)span->base +
			  (size_t)w * BITS_PER_LONG * span->size;
}

/*
 * Move the owner's cursor to the next word with a free slot. The search goes once round
 * the bitmap, so slots are taken in address order until it wraps.
 *
 * Return: false when the span is full.
 */
bool kgc_span_next_word(struct kgc_span *span)
{
	unsigned int at = span->word - kgc_span_free(span);
	unsigned int i, w;

	for (i = 0; i < span->nwords; i++) {
		w = (at + i) & (span->nwords - 1);
		if (!kgc_span_free(span)[w])
			continue;
		kgc_span_select_word(span, w);
		return true;
	}
	return false;
}

/* Let the fast path take slots of the current word, if it may. */
void kgc_span_set_path(struct kgc_span *span)
{
	span->fast = span->clear || kgc_span_has_sample(span) ? NULL : span->layout;
}

/*
 * Make the free slot that the owner will take after @nth others the one to be sampled, or
 * none if @nth is KGC_NO_SAMPLE.
 */
void kgc_span_set_sample(struct kgc_span *span, unsigned int nth)
{
	unsigned long *free = kgc_span_free(span);
	unsigned int w = span->word - free;
	unsigned long slots;

	span->sample = KGC_NO_SAMPLE;
	if (nth == KGC_NO_SAMPLE)
		return;
	while (nth >= hweight_long(free[w])) {
		nth -= hweight_long(free[w]);
		w = (w + 1) & (span->nwords - 1);
	}
	for (slots = free[w]; nth; nth--)
		slots &= slots - 1;
	span->sample = w * BITS_PER_LONG + __ffs(slots);
}

/*
 * Make sure that the owner takes zeroed slots from the current word. Small slots are
 * cleared all at once, since they share cache lines or are adjacent. Larger slots are
 * cleared when they are taken.
 */
void kgc_span_prepare(struct kgc_span *span)
{
	unsigned long w = *span->word;

	span->clear = span->dirty && span->size > CLEAR_AHEAD;
	kgc_span_set_path(span);
	if (!span->dirty || span->clear)
		return;
	while (w) {
		unsigned int bit = __ffs(w);
		/* ffz() of a word without a zero is undefined */
		unsigned int n = ~w ? ffz(w >> bit) : BITS_PER_LONG;
		void *slot = span->word_base + (size_t)bit * span->size;
		size_t bytes = (size_t)n * span->size;

		kgc_poison_clear(slot, bytes);
		w = bit + n < BITS_PER_LONG ? w >> (bit + n) << (bit + n) : 0;
	}
}

/* Replace the one type of the whole span by a type per slot, in @types. */
void kgc_span_make_mixed(struct kgc_span *span, u16 *types)
{
	unsigned int i;

	for (i = 0; i < span->nelems; i++)
		types[i] = span->layout ? span->layout->id : 0;
	span->fast = NULL;
	/* a reader that sees no layout sees the table: pairs with kgc_type_of_slot() */
	smp_store_release(&span->types, types);
	smp_store_release(&span->layout, NULL);	/* the table comes first */
}

/* Overwrite the slots of bitmap word @w whose bits are set in @dead. */
static void span_wipe(struct kgc_span *span, unsigned int w,
		      unsigned long dead, int wipe)
{
	for (; dead; dead &= dead - 1) {
		void *slot = kgc_span_slot(span, w * BITS_PER_LONG + __ffs(dead));

		kgc_unpoison_slot(slot, span->size, span->size);
		memset(slot, wipe, span->size);
	}
}

/**
 * kgc_span_sweep() - free what is not marked
 * @span: of an old generation, and in no cache
 * @gen: the current generation
 * @wipe: byte to fill dead objects with, or KGC_WIPE_NONE
 *
 * Makes the free bitmap from the mark bitmap. Objects are touched only to wipe them.
 *
 * Context: central lock held.
 * Return: number of objects that live on.
 */
unsigned int kgc_span_sweep(struct kgc_span *span, u32 gen, int wipe)
{
	unsigned long *mark = kgc_span_mark(span);
	unsigned long *free = kgc_span_free(span);
	unsigned long *scan = kgc_span_scan(span);
	unsigned int w, live = 0;

	for (w = 0; w * BITS_PER_LONG < span->nelems; w++) {
		unsigned long dead = ~mark[w] & kgc_span_valid(span, w);
		unsigned long freed = dead & ~free[w];

		if (wipe != KGC_WIPE_NONE)
			span_wipe(span, w, freed, wipe);
		if (freed && wipe != KGC_WIPE_ZERO)
			span->dirty = true;
		kgc_poison_swept(span, w, freed);
		live += hweight_long(mark[w]);
		WRITE_ONCE(free[w], dead);
		mark[w] = 0;
		scan[w] = 0;
	}
	span->nfree = span->nelems - live;
	span->gen = gen;
	span->reused = true;
	span->word = free;
	span->word_base = (char *)span->base;
	return live;
}

int kgc_span_cache_init(void)
{
	unsigned int i;

	for (i = 0; i < KGC_NR_SPAN_SIZES; i++) {
		char name[32];

		snprintf(name, sizeof(name), KBUILD_MODNAME "_span_%u",
			 index_words(i));
		span_cache[i] = kmem_cache_create(name, span_bytes(i), 0,
						  SLAB_HWCACHE_ALIGN |
						  SLAB_TYPESAFE_BY_RCU,
						  NULL);
		if (!span_cache[i]) {
			kgc_span_cache_exit();
			return -ENOMEM;
		}
	}
	return 0;
}

void kgc_span_cache_exit(void)
{
	unsigned int i;

	for (i = 0; i < KGC_NR_SPAN_SIZES; i++)
		kmem_cache_destroy(span_cache[i]);
}
