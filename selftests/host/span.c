// SPDX-License-Identifier: GPL-2.0
/* A span's bitmaps: every number of slots there can be, and every slot of every class. */
#include "check.h"
#include "shim.h"

#include "alloc/span.h"

#define GEN	7

static struct kgc_span *span_of(unsigned int nelems, unsigned int spc,
				unsigned int size)
{
	struct kgc_span *span = kgc_span_alloc(nelems, 0, GFP_KERNEL);

	span->base = 1UL << 30;
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
		check(find_first_bit(kgc_span_mark(span), 2 * span->nwords *
				     BITS_PER_LONG) == 2 * span->nwords * BITS_PER_LONG);
		kgc_span_free_struct(span);
	}
}

/* Taking slots the way cache.c does: lowest bit of the current word. */
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

/* From every cursor position, whatever is free is found. */
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
				span->word = &span->bits[word];
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

/* Marks of many densities, among them all and none. */
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
			check(find_first_bit(kgc_span_mark(span), 2 * span->nwords *
					     BITS_PER_LONG) ==
			      2 * span->nwords * BITS_PER_LONG);
			for (i = 0; i < n - live; i++)
				check(!test_bit(take(span), marks));
			check(take(span) == -1);
		}
		kgc_span_free_struct(span);
	}
}

static void mixing_keeps_types(void)
{
	static const struct kgc_shape shape = { .id = 4711 };
	unsigned int n, i;

	for (n = 1; n <= 1024; n++) {
		struct kgc_span *span = span_of(n, 1 << 1, 8);
		u16 *types = kgc_types_alloc(n, GFP_KERNEL);

		trying("%u slots", n);
		span->shape = &shape;
		kgc_span_make_mixed(span, types);
		check(!span->shape && span->types == types);
		for (i = 0; i < n; i++)
			check(types[i] == 4711);
		/* a table serves any span with bitmaps of that size */
		types[span->nwords * BITS_PER_LONG - 1] = 1;
		check(kgc_span_bitmap_bytes(kgc_words_index(n)) ==
		      span->nwords * 24);
		check(kgc_types_bytes(kgc_words_index(n)) == span->nwords * 128);
		kgc_span_free_struct(span);
	}
}

int main(void)
{
	static const struct promise promises[] = {
		{ "a span has as many free slots as it was made for, and no bit beyond", slots_and_nothing_else },
		{ "slots are handed out once each, in address order", handed_out_once_in_order },
		{ "a free slot is found from wherever the cursor stands", holes_are_found },
		{ "every byte of every class's span belongs to the slot it lies in", every_address_has_its_slot },
		{ "sweeping frees what is not marked and nothing else", sweep_swaps },
		{ "a span that becomes mixed remembers its objects' type", mixing_keeps_types },
	};
	int status;

	if (kgc_span_cache_init())
		return 1;
	status = PROMISES(promises);
	kgc_span_cache_exit();
	check(!shim_live_allocations());
	return status;
}
