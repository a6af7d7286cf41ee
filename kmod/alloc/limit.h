/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What counts against the limits: the pages of a heap, and its metadata by kind.
 */
#ifndef _KGC_LIMIT_H
#define _KGC_LIMIT_H

#include <linux/atomic.h>
#include <linux/types.h>

struct kgc_allocator;

/* What metadata is there for. */
enum kgc_meta {
	KGC_META_SPANS,
	KGC_META_BITMAPS,
	KGC_META_TYPES,		/* a type per slot, where spans are mixed */
	KGC_META_ARENAS,
	KGC_META_CENTRALS,
	KGC_META_MAP,		/* the entries of its pages: the map is of all heaps */
	KGC_META_CACHES,
	KGC_META_HEAP,
	KGC_META_DESCRIPTIONS,
	KGC_META_HANDLES,
	KGC_META_WEAK,
	KGC_META_FINALIZERS,
	KGC_META_GREY,
	KGC_NR_META,
};

/**
 * struct kgc_limit - what a heap holds, and how much that may be
 * @hard: most bytes of @held; 0 is no limit
 * @held: bytes that count: @pages and all of @meta
 * @pages: bytes held from the buddy allocator for objects
 * @meta: bytes of metadata by kind
 */
struct kgc_limit {
	u64		hard;
	atomic64_t	held;
	atomic64_t	pages;
	atomic64_t	meta[KGC_NR_META];
};

void kgc_limit_set(struct kgc_allocator *a, u64 bytes);
u64 kgc_limit_most(const struct kgc_allocator *a);
bool kgc_limit_charge_pages(struct kgc_allocator *a, size_t bytes);
void kgc_limit_uncharge_pages(struct kgc_allocator *a, size_t bytes);
bool kgc_limit_charge_meta(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes);
void kgc_limit_uncharge_meta(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes);
u64 kgc_limit_total_pages(void);
u64 kgc_limit_total_held(void);

#endif /* _KGC_LIMIT_H */
