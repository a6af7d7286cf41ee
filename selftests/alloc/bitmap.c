// SPDX-License-Identifier: GPL-2.0
/* A span's bitmaps, for every possible number of slots and every slot of every class. */
#include <check.h>
#include <shim.h>

#include "alloc/span.h"

#define GEN	7
#define SLOTS_SPACE	8192

static char *slots;	/* memory for one span of one heap page */

static struct kgc_span *span_of(unsigned int nelems, unsigned int spc,
				unsigned int size)
{
	struct kgc_span *span = kgc_span_alloc(nelems, 0, GFP_KERNEL);

	span->base = (unsigned long)slots;
	span->npages = 1;
	kgc_span_init(span, NULL, spc, nelems, size);
	return span;
}

static void slots_and_nothing_else(void)
{
	unsigned int n, i;

	for (n = 1; n <= 1024; n++) {
		struct kgc_span *span = span_of(n, 1 << 1, 8);

		trying("%u slots", n);
		check(kgc_span_count_free(span) == n);
		for (i = 0; i < n; i++)
			check(kgc_span_is_free(span, i));
		for (; i < span->nwords * BITS_PER_LONG; i++)
			check(!test_bit(i, kgc_span_free(span)));
		for (i = 0; i < span->nwords * BITS_PER_LONG; i++)
			check(!test_bit(i, kgc_span_mark(span)) &&
			      !test_bit(i, kgc_span_scan(span)));
		kgc_span_free_struct(span);
	}
}

/* Take a slot as cache.c does: the lowest bit of the current word. */
static int take(struct kgc_span *span)
{
	unsigned long w = *span->word;

	if (!w && !kgc_span_next_word(span))
		return -1;
	w = *span->word;
	*span->word = w & (w - 1);
	return (span->word_base - (char *)span->base) / span->size + __ffs(w);
}

static void handed_out_once_in_order(void)
{
	unsigned int n, i;

	for (n = 1; n <= 1024; n++) {
		struct kgc_span *span = span_of(n, 1 << 1, 8);

		trying("%u slots", n);
		for (i = 0; i < n; i++)
			check(take(span) == (int)i);
		check(take(span) == -1);
		check(take(span) == -1);
		kgc_span_free_struct(span);
	}
}

/* The search finds every free slot, from every cursor position. */
static void holes_are_found(void)
{
	unsigned int n, hole, word;

	for (n = 1; n <= 1024; n += n < 130 ? 1 : 61) {
		struct kgc_span *span = span_of(n, 1 << 1, 8);

		for (hole = 0; hole < n; hole++) {
			for (word = 0; word < span->nwords; word++) {
				trying("%u slots, %u free, cursor at word %u",
				       n, hole, word);
				bitmap_clear(kgc_span_free(span), 0, n);
				set_bit(hole, kgc_span_free(span));
				span->word = &kgc_span_free(span)[word];
				span->word_base = (char *)span->base +
						  word * 64UL * span->size;
				check(take(span) == (int)hole);
				check(take(span) == -1);
			}
		}
		kgc_span_free_struct(span);
	}
}

static void every_address_has_its_slot(void)
{
	unsigned int c, off;

	for (c = 1; c < KGC_NR_CLASSES; c++) {
		const struct kgc_class *class = &kgc_classes[c];
		struct kgc_span *span = span_of(class->nelems, c << 1,
						class->size);

		for (off = 0; off < class->nelems * class->size; off++) {
			unsigned int i = kgc_span_index(span, (void *)(span->base + off));
			unsigned long slot = (unsigned long)kgc_span_slot(span, i);

			trying("class %u, offset %u", c, off);
			check(i < span->nelems);
			check(slot <= span->base + off &&
			      span->base + off < slot + span->size);
		}
		check(!kgc_span_large(span) && !kgc_span_noscan(span));
		kgc_span_free_struct(span);
	}
}

/* Mark bitmaps of many densities, including none and all. */
static void sweep_swaps(void)
{
	unsigned int n, i, density;

	for (n = 1; n <= 1024; n++) {
		struct kgc_span *span = span_of(n, 1 << 1, 8);

		for (density = 0; density <= 4; density++) {
			unsigned long marks[KGC_MAX_WORDS] = { 0 };
			unsigned int live = 0;

			trying("%u slots, density %u/4", n, density);
			for (i = 0; i < n; i++) {
				if (random() % 4 >= density)
					continue;
				set_bit(i, marks);
				set_bit(i, kgc_span_mark(span));
				if (random() % 2)
					set_bit(i, kgc_span_scan(span));
				live++;
			}
			check(kgc_span_sweep(span, GEN, KGC_WIPE_NONE) == live);
			check(span->gen == GEN && span->nfree == n - live);
			check(kgc_span_count_free(span) == n - live);
			for (i = 0; i < n; i++)
				check(kgc_span_is_free(span, i) !=
				      test_bit(i, marks));
			for (i = 0; i < span->nwords * BITS_PER_LONG; i++)
				check(!test_bit(i, kgc_span_mark(span)) &&
				      !test_bit(i, kgc_span_scan(span)));
			for (i = 0; i < n - live; i++)
				check(!test_bit(take(span), marks));
			check(take(span) == -1);
		}
		kgc_span_free_struct(span);
	}
}

/* A sweep fills dead slots, leaves live ones alone, and updates span->dirty. */
static void wipe_touches_the_dead_only(void)
{
	static const int fills[] = { KGC_WIPE_NONE, KGC_WIPE_ZERO, 0x6b };
	unsigned int c, f, i, j;

	for (c = 1; c < KGC_NR_CLASSES; c++) {
		const struct kgc_class *class = &kgc_classes[c];
		struct kgc_span *span;

		if (class->nelems * class->size > SLOTS_SPACE)
			continue;
		for (f = 0; f < ARRAY_SIZE(fills); f++) {
			int fill = fills[f];

			trying("class %u, fill %d", c, fill);
			shim_open(slots, SLOTS_SPACE);
			memset(slots, 0xaa, SLOTS_SPACE);
			span = span_of(class->nelems, c << 1, class->size);
			span->dirty = false;
			while (take(span) >= 0)
				;
			for (i = 0; i < class->nelems; i += 2)
				set_bit(i, kgc_span_mark(span));
			kgc_span_sweep(span, GEN, fill);
			shim_open(slots, SLOTS_SPACE);
			for (i = 0; i < class->nelems; i++) {
				u8 want = i % 2 && fill >= 0 ? fill : 0xaa;
				u8 *slot = (u8 *)slots + i * class->size;

				for (j = 0; j < class->size; j++)
					check(slot[j] == want);
			}
			/* a span filled with zeroes need not be cleared again */
			check(span->dirty == (class->nelems > 1 && fill));
			kgc_span_free_struct(span);
		}
	}
}

static void mixing_keeps_types(void)
{
	static const struct kgc_layout layout = { .id = 4711 };
	unsigned int n, i;

	for (n = 1; n <= 1024; n++) {
		struct kgc_span *span = span_of(n, 1 << 1, 8);
		u16 *types = kmalloc(kgc_span_types_bytes(kgc_words_index(n)), GFP_KERNEL);

		trying("%u slots", n);
		span->layout = &layout;
		kgc_span_make_mixed(span, types);
		check(!span->layout && span->types == types);
		for (i = 0; i < n; i++)
			check(types[i] == 4711);
		/* a type table fits any span with bitmaps of that size */
		types[span->nwords * BITS_PER_LONG - 1] = 1;
		check(kgc_span_bitmap_bytes(kgc_words_index(n)) ==
		      span->nwords * 24);
		check(kgc_span_types_bytes(kgc_words_index(n)) == span->nwords * 128);
		kgc_span_free_struct(span);
	}
}

static int begin_all(void)
{
	int err = kgc_span_cache_init();

	if (err)
		return err;
	slots = shim_slots(SLOTS_SPACE);
	return slots ? 0 : -ENOMEM;
}

static void end_all(void)
{
	shim_slots_done(slots, SLOTS_SPACE);
	kgc_span_cache_exit();
	check(!shim_live_allocations());
}

#define ALL_PROMISES(PROMISE) \
	PROMISE(slots_and_nothing_else, "a span has as many free slots as it was made for, and no bit beyond") \
	PROMISE(handed_out_once_in_order, "slots are handed out once each, in address order") \
	PROMISE(holes_are_found, "a free slot is found from wherever the cursor stands") \
	PROMISE(every_address_has_its_slot, "every byte of every class's span belongs to the slot it lies in") \
	PROMISE(sweep_swaps, "sweeping frees what is not marked and nothing else") \
	PROMISE(wipe_touches_the_dead_only, "a sweep that overwrites overwrites the dead and nothing else") \
	PROMISE(mixing_keeps_types, "a span that becomes mixed remembers its objects' type")

PROGRAM("kgc_bitmap", begin_all, end_all);
