// SPDX-License-Identifier: GPL-2.0
/* Size classes, checked for every size, alignment and offset; none is left out. */
#include <check.h>
#include <shim.h>

#include "alloc/sizeclass.h"

static void smallest_that_fits(void)
{
	unsigned int c, want;
	size_t size;

	for (size = 0, want = 1; size <= KGC_MAX_SMALL; size++) {
		while (kgc_classes[want].size < size)
			want++;
		trying("size %zu", size);
		c = kgc_size_to_class(size);
		/* no caller asks for 0 bytes; the result must only be a valid index */
		check(c == (size ? want : 0));
	}
	for (; size < 4 * KGC_MAX_SMALL; size++)
		check(kgc_size_to_class(size) == 0);
	check(kgc_size_to_class(SIZE_MAX) == 0);
}

static void alignment_kept(void)
{
	size_t size, align;

	for (align = 1; align <= 4096; align *= 2) {
		for (size = 1; size <= KGC_MAX_SMALL; size++) {
			unsigned int c = kgc_size_to_class_aligned(size, align);
			unsigned int least;

			trying("size %zu, alignment %zu", size, align);
			for (least = 1; least < KGC_NR_CLASSES; least++)
				if (kgc_classes[least].size >= size &&
				    kgc_classes[least].size % align % 8 == 0 &&
				    (align <= 8 ||
				     kgc_classes[least].size % align == 0))
					break;
			check(c == (least < KGC_NR_CLASSES ? least : 0));
		}
	}
}

static void powers_are_natural(void)
{
	unsigned int size;

	for (size = 8; size <= 4096; size *= 2) {
		trying("size %u", size);
		check(kgc_classes[kgc_size_to_class(size)].size == size);
	}
}

static void index_is_division(void)
{
	unsigned int c, off;

	for (c = 1; c < KGC_NR_CLASSES; c++) {
		const struct kgc_class *class = &kgc_classes[c];

		for (off = 0; off < class->nelems * class->size; off++) {
			trying("class %u, offset %u", c, off);
			check((u32)((u64)off * class->magic >> 32) ==
			      off / class->size);
		}
		/* the tail of the span belongs to no slot */
		for (; off < class->npages * KGC_PAGE_SIZE; off++) {
			trying("class %u, offset %u in the tail", c, off);
			check((u32)((u64)off * class->magic >> 32) >=
			      class->nelems);
		}
	}
}

static void spans_are_sane(void)
{
	unsigned int c;

	for (c = 1; c < KGC_NR_CLASSES; c++) {
		const struct kgc_class *class = &kgc_classes[c];

		trying("class %u", c);
		check(class->size > kgc_classes[c - 1].size);
		check(class->size % 8 == 0);
		check(class->nelems >= 1 && class->nelems <= 1024);
		check(class->nelems * class->size <=
		      class->npages * KGC_PAGE_SIZE);
	}
	check(kgc_classes[KGC_NR_CLASSES - 1].size == KGC_MAX_SMALL);
}

/* Waste by the span's tail and by rounding, for every size, in 1/100 %. */
static void waste_is_bounded(void)
{
	unsigned int c, worst = 0, at = 0;
	size_t size;

	if (PAGE_SHIFT > 13)
		return;	/* rounding spans up to machine pages would add waste */
	for (size = 1; size <= KGC_MAX_SMALL; size++) {
		unsigned int bytes, waste;

		c = kgc_size_to_class(size);
		bytes = kgc_classes[c].npages * KGC_PAGE_SIZE;
		waste = 10000ULL * (bytes - kgc_classes[c].nelems * size) /
			bytes;
		trying("size %zu wastes %u.%02u %%", size, waste / 100,
		       waste % 100);
		if (kgc_classes[c].size >= 128)
			check(waste < 1900);
		check(bytes - kgc_classes[c].nelems * kgc_classes[c].size <=
		      bytes / 8);
		if (kgc_classes[c].size >= 128 && waste > worst) {
			worst = waste;
			at = size;
		}
	}
	note("worst from 128 bytes on: %u.%02u %% at %u bytes", worst / 100,
	     worst % 100, at);
}

#define ALL_PROMISES(PROMISE) \
	PROMISE(smallest_that_fits, "every size gets the smallest class that fits") \
	PROMISE(alignment_kept, "every alignment gets the smallest class that keeps it") \
	PROMISE(powers_are_natural, "powers of two up to a page are a class of their own") \
	PROMISE(index_is_division, "multiplying by the magic number divides, at every offset") \
	PROMISE(spans_are_sane, "classes ascend and fit their spans") \
	PROMISE(waste_is_bounded, "waste stays below the published bounds, at every size")

PROGRAM("kgc_sizeclass", nothing_to_begin, nothing_to_end);
