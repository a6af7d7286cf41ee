// SPDX-License-Identifier: GPL-2.0
/*
 * The size class tables, and the bounds they promise.
 */
#include <linux/build_bug.h>
#include <linux/kernel.h>
#include <linux/mm.h>

#include "sizeclass.h"

#define KGC_CLASS(c, bytes, pages, mul, waste)				\
	[c] = {								\
		.size = (bytes),					\
		.magic = (mul),						\
		.nelems = (pages) * KGC_PAGE_SIZE / (bytes),		\
		.npages = (pages),					\
	},

const struct kgc_class kgc_classes[KGC_NR_CLASSES] = {
	KGC_SIZE_CLASSES(KGC_CLASS)
};

const u8 kgc_class_by_8[129] = { KGC_CLASS_BY_8 };
const u8 kgc_class_by_128[249] = { KGC_CLASS_BY_128 };

/*
 * The bounds published with the Go runtime's table: at most 12.5 % of a span
 * is tail, and from 128 bytes on the worst case, tail and rounding together,
 * stays below 19 %.
 */
#define KGC_CLASS_IN_BOUNDS(c, bytes, pages, mul, waste)		\
	((pages) * KGC_PAGE_SIZE % (bytes) <= (pages) * 1024 &&		\
	 ((bytes) < 128 || (waste) < 1900) && (bytes) % 8 == 0) &&

static_assert(KGC_SIZE_CLASSES(KGC_CLASS_IN_BOUNDS) true);

/**
 * kgc_size_to_class_aligned() - the class for an object with an alignment
 * @size: bytes
 * @align: bytes, a power of two not above a heap page
 *
 * A span begins on a heap page, so a slot size that is a multiple of the
 * alignment keeps every slot aligned.
 *
 * Return: the class; 0 for a large object, which is page aligned.
 */
unsigned int kgc_size_to_class_aligned(size_t size, size_t align)
{
	unsigned int c = kgc_size_to_class(size);

	if (!c || align <= 8)
		return c;
	for (; c < KGC_NR_CLASSES; c++)
		if (!(kgc_classes[c].size & (align - 1)))
			return c;
	return 0;
}
