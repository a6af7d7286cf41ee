/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A span: a run of heap pages cut into slots of one size.
 *
 * The state of a slot is in the span's bitmaps, never in the slot itself. The three
 * bitmaps follow the structure, one behind the other. The mark bitmap comes first, so
 * that the barrier and the markers find it without reading @nwords:
 *
 *	words[0 .. nwords)		mark: 1 = found reachable, or allocated black
 *	words[nwords .. 2 * nwords)	free: 1 = the slot can be handed out
 *	words[2 * nwords .. 3 * nwords)	scan: 1 = marked and its fields visited
 *
 * Writers: the CPU whose cache holds the span writes *free*; while the span is on a
 * list, the holder of the central lock does. Any CPU sets bits of *mark*, atomically.
 * Markers set bits of *scan* without atomics: a lost bit costs no more than a second
 * visit. The sweep clears both under the central lock.
 */
#ifndef _KGC_SPAN_H
#define _KGC_SPAN_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/list.h>
#include <linux/llist.h>

#include "map.h"
#include "sizeclass.h"

struct kgc_allocated;
struct kgc_allocator;
struct kgc_arena;
struct list_lru;

#define KGC_MAX_WORDS		16	/* 1024 slots of 8 bytes in 8 KiB */
#define KGC_NR_SPAN_SIZES	5	/* bitmaps of 1, 2, 4, 8, 16 words */

/**
 * struct kgc_layout - what the allocator knows about a type
 * @id: number of the type within its heap
 * @spc: span class; 0 or 1 when the size is not fixed or large
 * @fast_spc: @spc if the fast path of kgc_alloc() applies, otherwise 0: class 0 is
 *	never cached, so the fast path finds an empty span there
 * @flags: KGC_LAYOUT_*
 * @bytes: bytes in an object, or in an element of an array
 * @slot: bytes in a slot of @spc, not below @bytes; 0 if @spc is 0 or 1
 * @allocated: counts the objects
 */
struct kgc_layout {
	u16	id;
	u8	spc;
	u8	fast_spc;
	u32	flags;
	u32	bytes;
	u32	slot;
	struct kgc_allocated	*allocated;
};

#define KGC_LAYOUT_TINY	1	/* shares a block with others of its type */

/* State of a span. The file `spans` in debugfs shows these names in lower case. */
enum kgc_span_state {
	KGC_SPAN_DEAD,		/* has no pages: a structure kept for the next span */
	KGC_SPAN_INUSE,		/* cut into slots; sweeps free dead objects in it */
	KGC_SPAN_MANUAL,	/* has no slots, see manual.h */
	KGC_NR_SPAN_STATES,
};

#define KGC_NO_SAMPLE	U16_MAX

#define KGC_MANUAL_SPC	1	/* the span class of large objects without pointers */

/**
 * struct kgc_span - a run of pages of one span class
 * @word: word of the free bitmap that the owner takes slots from
 * @word_base: address of the first slot of that word
 * @fast: @layout while the free slots of the current word are clear and none of them is
 *	@sample; otherwise NULL
 * @layout: type of every object in it; NULL once types differ, until the span is empty
 * @base: address of slot 0
 * @magic: offset * magic >> 32 is the slot's index; 0 for large
 * @size: bytes in a slot
 * @clear: slots of the current word are cleared when taken, not ahead; see
 *	kgc_span_prepare()
 * @nelems: slots
 * @spc: span class
 * @nwords: words in each bitmap
 * @nid: node of the page heap that the pages are from
 * @reused: its slots count as hits (kgc_central.reused): the span was swept before, or
 *	other spans held all of its pages before
 * @state: enum kgc_span_state
 * @dirty: free slots may not be zero
 * @gen: generation at which the span was last swept or created. If the allocator's is
 *	newer, the mark bits decide which objects live
 * @types: side table with the type of each slot, used while @layout is NULL; or NULL
 * @nfree: free slots when they were last counted; stale while the span is in a cache
 * @npages: heap pages
 * @queued: on a grey queue; see gc/mark.c
 * @sample: while a cache has the span, the slot that will be sampled next, or
 *	KGC_NO_SAMPLE; see sample.h
 * @grey: link on that queue
 * @link: on a list of its central, or on the page heap's list of spare structures; guarded
 *	by the lock of that list's owner
 * @arena: the arena of its pages
 * @owner: the allocator, to tell heaps apart
 * @words: the bitmaps
 */
struct kgc_span {
	unsigned long		*word;
	char			*word_base;
	const struct kgc_layout	*fast;
	const struct kgc_layout	*layout;

	unsigned long		base;
	u64			magic;
	u32			size;
	u32			gen;
	u16			nelems;
	u16			nfree;
	u8			spc;
	u8			nwords;
	bool			dirty;
	bool			clear;

	u16			*types;
	u16			nid;
	bool			reused;
	u8			state;
	u32			npages;
	unsigned int		queued;
	u16			sample;
	struct llist_node	grey;
	struct kgc_allocator	*owner;
	struct kgc_arena	*arena;
	struct list_head	link;

	unsigned long		words[];
};

static_assert(sizeof(struct kgc_span) <= 128);

/* A cached span that is always empty, so that the fast path needs no NULL test. */
extern struct kgc_span kgc_empty_span;

static inline unsigned long *kgc_span_free(struct kgc_span *span)
{
	return span->words + span->nwords;
}

static inline unsigned long *kgc_span_mark(struct kgc_span *span)
{
	return span->words;
}

static inline unsigned long *kgc_span_scan(struct kgc_span *span)
{
	return span->words + 2 * span->nwords;
}

static inline bool kgc_span_noscan(const struct kgc_span *span)
{
	return span->spc & 1;
}

static inline bool kgc_span_large(const struct kgc_span *span)
{
	return !span->magic;
}

/*
 * Set @queued. Full barrier. Return: whether it was clear, so that the caller has to put the
 * span on a grey queue.
 */
static __always_inline bool kgc_span_set_queued(struct kgc_span *span)
{
	return !xchg(&span->queued, 1);
}

/* Clear @queued, after the span was taken off its grey queue. Full barrier. */
static __always_inline void kgc_span_clear_queued(struct kgc_span *span)
{
	xchg(&span->queued, 0);
}

static __always_inline unsigned int kgc_span_index(const struct kgc_span *span,
						   const void *addr)
{
	u32 off = (unsigned long)addr - span->base;

	return off * span->magic >> 32;
}

static inline void *kgc_span_slot(const struct kgc_span *span, unsigned int i)
{
	return (void *)(span->base + (unsigned long)i * span->size);
}

/* Bits of bitmap word @w that stand for slots. */
static inline unsigned long kgc_span_valid(const struct kgc_span *span,
					   unsigned int w)
{
	unsigned int first = w * BITS_PER_LONG;

	if (first + BITS_PER_LONG <= span->nelems)
		return ~0UL;
	return first < span->nelems ? BITMAP_LAST_WORD_MASK(span->nelems) : 0;
}

/* Free slots right now; racy while another CPU allocates from the span. */
static inline unsigned int kgc_span_count_free(struct kgc_span *span)
{
	unsigned int w, n = 0;

	for (w = 0; w < span->nwords; w++)
		n += hweight_long(READ_ONCE(kgc_span_free(span)[w]));
	return n;
}

/* Word @w of the free bitmap. A slot that it shows in use is clear and typed. */
static inline unsigned long kgc_span_free_word(struct kgc_span *span, unsigned int w)
{
	/* pairs with the releases where slots are taken */
	return smp_load_acquire(&kgc_span_free(span)[w]);
}

static inline bool kgc_span_is_free(struct kgc_span *span, unsigned int i)
{
	return kgc_span_free_word(span, i / BITS_PER_LONG) >> (i % BITS_PER_LONG) & 1;
}

/* Whether the current word has the slot that will be sampled next. */
static inline bool kgc_span_has_sample(struct kgc_span *span)
{
	return span->sample / BITS_PER_LONG == span->word - kgc_span_free(span);
}

/* Index of the bitmap size for @nelems slots, below KGC_NR_SPAN_SIZES. */
static inline unsigned int kgc_words_index(unsigned int nelems)
{
	unsigned int words = DIV_ROUND_UP(nelems, BITS_PER_LONG);

	return words <= 1 ? 0 : fls(words - 1);
}

struct kgc_span *kgc_span_alloc(unsigned int nelems, int nid, gfp_t gfp);
void kgc_span_free_struct(struct kgc_span *span);
void kgc_span_discard(struct kgc_allocator *a, struct kgc_span *span);
int kgc_span_room_in_lru(struct list_lru *lru, gfp_t gfp);
size_t kgc_span_bitmap_bytes(unsigned int words_index);
size_t kgc_span_bytes(unsigned int words_index);
size_t kgc_span_types_bytes(unsigned int words_index);
void kgc_span_init(struct kgc_span *span, struct kgc_allocator *a,
		   unsigned int spc, unsigned int nelems, u32 size);
void kgc_span_init_manual(struct kgc_span *span, struct kgc_allocator *a, u32 gen);
void kgc_span_wipe_manual(struct kgc_span *span, int wipe);
void kgc_span_select_word(struct kgc_span *span, unsigned int w);
bool kgc_span_next_word(struct kgc_span *span);
void kgc_span_prepare(struct kgc_span *span);
void kgc_span_set_sample(struct kgc_span *span, unsigned int nth);
void kgc_span_set_path(struct kgc_span *span);
void kgc_span_make_mixed(struct kgc_span *span, u16 *types);

/* Byte that a sweep writes over dead objects; KGC_WIPE_NONE leaves them as they are. */
#define KGC_WIPE_NONE	(-1)
#define KGC_WIPE_ZERO	0

unsigned int kgc_span_sweep(struct kgc_span *span, u32 gen, int wipe);
int kgc_span_cache_init(void);
void kgc_span_cache_exit(void);

#endif /* _KGC_SPAN_H */
