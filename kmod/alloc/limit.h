/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The memory that counts against limits: the pages of a heap, and its metadata by kind.
 */
#ifndef _KGC_LIMIT_H
#define _KGC_LIMIT_H

#include <linux/atomic.h>
#include <linux/types.h>

struct kgc_allocator;

/* Names of enum kgc_refusal, for trace points: row() each, last() the last. */
#define KGC_REFUSAL_NAMES(row, last)		\
	row(KGC_REFUSAL_LIMIT, "limit")		\
	row(KGC_REFUSAL_CAP, "cap")		\
	last(KGC_REFUSAL_MEMORY, "memory")

/* Kinds of metadata. */
enum kgc_meta {
	KGC_META_SPANS,
	KGC_META_BITMAPS,
	KGC_META_TYPES,		/* types of slots, in mixed spans */
	KGC_META_ARENAS,
	KGC_META_CENTRALS,
	KGC_META_MAP,		/* entries for the heap's pages in the shared map */
	KGC_META_CACHES,
	KGC_META_HEAP,
	KGC_META_DESCRIPTIONS,
	KGC_META_HANDLES,
	KGC_META_WEAK,
	KGC_META_FINALIZERS,
	KGC_META_GREY,
	KGC_META_PROFILE,
	KGC_NR_META,
};

/**
 * struct kgc_refused - number of a heap's requests for memory that failed; written by
 *	limit.c
 * @by_limit: requests that the heap's hard limit refused
 * @by_cap: requests that the cap on all heaps refused
 * @by_memory: requests that the kernel's allocators refused, because the machine or the
 *	heap's cgroup had no memory
 */
struct kgc_refused {
	atomic64_t	by_limit;
	atomic64_t	by_cap;
	atomic64_t	by_memory;
};

/**
 * struct kgc_limit - bytes that a heap holds, and its hard limit
 * @hard: hard limit of @held; 0 is no limit
 * @held: bytes that count against limits: @pages and all of @meta
 * @pages: bytes held from the buddy allocator for objects
 * @meta: bytes of metadata by kind
 * @refused: requests that failed
 */
struct kgc_limit {
	u64		hard;
	atomic64_t	held;
	atomic64_t	pages;
	atomic64_t	meta[KGC_NR_META];
	struct kgc_refused refused;
};

void kgc_limit_set(struct kgc_allocator *a, u64 bytes);
void kgc_limit_set_cap(u64 bytes);
u64 kgc_limit_cap(void);
u64 kgc_limit_max_bytes(const struct kgc_allocator *a);
void kgc_limit_refused(struct kgc_allocator *a, int err);
int kgc_limit_charge_pages(struct kgc_allocator *a, size_t bytes);
void kgc_limit_uncharge_pages(struct kgc_allocator *a, size_t bytes);
int kgc_limit_charge_meta(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes);
void kgc_limit_move_meta(struct kgc_allocator *a, enum kgc_meta from, enum kgc_meta to,
			 size_t bytes);
void kgc_limit_uncharge_meta(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes);
u64 kgc_limit_total_pages(void);
u64 kgc_limit_total_held(void);

#endif /* _KGC_LIMIT_H */
