/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Size classes: which slot size serves which object size.
 *
 * A *span class* combines a size class with whether its objects hold pointers:
 * class << 1 | noscan. Class 0 stands for large objects.
 */
#ifndef _KGC_SIZECLASS_H
#define _KGC_SIZECLASS_H

#include <linux/types.h>

#include "sizeclass_table.h"

#define KGC_NR_SPAN_CLASSES	(KGC_NR_CLASSES * 2)

/*
 * A heap page is 8 KiB, as in Go, whatever the machine's page size. Spans are cut from
 * arenas, so a span may be smaller than a machine page.
 */
#define KGC_PAGE_SHIFT		13
#define KGC_PAGE_SIZE		(1UL << KGC_PAGE_SHIFT)

/* Bytes of a tiny block, and of the largest object that fits twice in it; see tiny.h. */
#define KGC_TINY_BLOCK		16
#define KGC_TINY_MAX		(KGC_TINY_BLOCK / 2)
#define KGC_TINY_SPC		(2 << 1 | 1)

struct kgc_class {
	u32 size;	/* bytes per slot */
	u32 magic;	/* offset * magic >> 32 is the slot's index */
	u16 nelems;	/* slots per span */
	u16 npages;	/* heap pages per span */
};

extern const struct kgc_class kgc_classes[KGC_NR_CLASSES];
extern const u8 kgc_class_by_8[129];
extern const u8 kgc_class_by_128[249];

/* The class for an object of @size bytes; 0 means large. */
static inline unsigned int kgc_size_to_class(size_t size)
{
	if (size <= 1024)
		return kgc_class_by_8[(size + 7) / 8];
	if (size <= KGC_MAX_SMALL)
		return kgc_class_by_128[(size - 1024 + 127) / 128];
	return 0;
}

unsigned int kgc_size_to_class_aligned(size_t size, size_t align);

#endif /* _KGC_SIZECLASS_H */
