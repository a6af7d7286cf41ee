/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The map from an address to the span that holds it, for all heaps of the module.
 *
 * The map has two levels over the direct map. The top is indexed by map regions of
 * 4 MiB, the size of the largest arena. A leaf holds one span pointer per heap page. It
 * takes at most one page of memory, so allocating it needs no run of free pages.
 *
 *	address - kgc_map_base:	| region ..22 | heap page 21..13 | 12..0 |
 *
 * The base is where the memory of this machine begins; kgc_map_init() finds it. It is
 * not PAGE_OFFSET: on an arm64 kernel built for 52 address bits that runs with 48, it
 * is terabytes above that.
 *
 * The pointers to both levels are biased. Each is the address at which its table would
 * begin if the table covered everything from address 0 on. So a lookup only shifts and
 * loads; it neither subtracts nor masks.
 */
#ifndef _KGC_MAP_H
#define _KGC_MAP_H

#include <linux/mm.h>
#include <linux/sizes.h>

#include "sizeclass.h"

struct kgc_span;

#define KGC_REGION_SHIFT	(KGC_PAGE_SHIFT + 9)
#define KGC_LEAF_ENTRIES	(1UL << (KGC_REGION_SHIFT - KGC_PAGE_SHIFT))

extern unsigned long kgc_map_from_zero;
extern unsigned long kgc_map_regions;
extern unsigned long kgc_map_base;

static __always_inline unsigned long kgc_map_offset(const void *addr)
{
	return (unsigned long)addr - kgc_map_base;
}

/*
 * The span of an address that is known to lie in a span of some heap, for loops that
 * keep @top, which is kgc_map_from_zero, in a register.
 */
static __always_inline struct kgc_span *kgc_map_span_at(unsigned long top,
							const void *addr)
{
	unsigned long a = (unsigned long)addr;
	unsigned long leaf = ((unsigned long *)top)[a >> KGC_REGION_SHIFT];

	return ((struct kgc_span **)leaf)[a >> KGC_PAGE_SHIFT];
}

/* The span of an address that is known to lie in a span of some heap. */
static __always_inline struct kgc_span *kgc_map_span(const void *addr)
{
	return kgc_map_span_at(kgc_map_from_zero, addr);
}

struct kgc_span *kgc_map_find(const void *addr);
int kgc_map_reserve(unsigned long base, size_t bytes, gfp_t gfp);
void kgc_map_set(unsigned long base, unsigned int npages,
		 struct kgc_span *span);
size_t kgc_map_bytes(void);
int kgc_map_init(void);
void kgc_map_exit(void);

#endif /* _KGC_MAP_H */
