// SPDX-License-Identifier: GPL-2.0
/*
 * How much a heap, and all heaps together, may hold. Metadata counts like pages: a
 * program decides how many handles, types and finalizers it has, so each of them
 * would be a way round a limit of pages alone.
 *
 * What is allocated is charged first. What is freed is uncharged by the function
 * that frees it.
 */
#include <linux/module.h>

#include "alloc.h"

static atomic64_t total_pages, total_held;

static unsigned long max_bytes;
module_param(max_bytes, ulong, 0644);
MODULE_PARM_DESC(max_bytes, "Most bytes all heaps together may hold, metadata included (0: no cap)");

/* Bytes all heaps hold from the buddy allocator for objects. */
u64 kgc_limit_total_pages(void)
{
	return atomic64_read(&total_pages);
}

/* Bytes of all heaps that count against the module's cap. */
u64 kgc_limit_total_held(void)
{
	return atomic64_read(&total_held);
}

/*
 * Never over the limit for a moment either: a rival that asks for less must
 * not be refused because of what is about to be taken back.
 */
static bool sum_add(atomic64_t *sum, size_t bytes, u64 limit)
{
	s64 old = atomic64_read(sum);

	do {
		if (limit && old + bytes > limit)
			return false;
	} while (!atomic64_try_cmpxchg(sum, &old, old + bytes));
	return true;
}

/* Most that a heap may hold, in bytes; 0 is no limit. */
void kgc_limit_set(struct kgc_allocator *a, u64 bytes)
{
	WRITE_ONCE(a->limit.hard, bytes);
}

/*
 * Bytes that a heap may hold by its own limit and by what the module's cap leaves to it.
 * Context: any. Return: U64_MAX is no limit.
 */
u64 kgc_limit_most(const struct kgc_allocator *a)
{
	u64 most = READ_ONCE(a->limit.hard) ?: U64_MAX, cap = READ_ONCE(max_bytes);
	s64 others;

	if (cap) {
		/* the two sums do not change together */
		others = max(atomic64_read(&total_held) - atomic64_read(&a->limit.held), 0LL);
		most = min(most, cap - min_t(u64, cap, others));
	}
	return most;
}

static bool charge(struct kgc_limit *limit, size_t bytes)
{
	/* a heap at its own limit takes nothing of the other heaps' room */
	if (!sum_add(&limit->held, bytes, READ_ONCE(limit->hard)))
		return false;
	if (sum_add(&total_held, bytes, READ_ONCE(max_bytes)))
		return true;
	atomic64_sub(bytes, &limit->held);
	return false;
}

static void uncharge(struct kgc_limit *limit, size_t bytes)
{
	atomic64_sub(bytes, &limit->held);
	atomic64_sub(bytes, &total_held);
}

/* Of the map, whose leaves stay until the module goes, the entries for these pages. */
static size_t map_bytes(size_t bytes)
{
	return (bytes >> KGC_PAGE_SHIFT) * sizeof(struct kgc_span *);
}

/* Ask to hold @bytes more in pages. Context: any. Return: false at a limit. */
bool kgc_limit_charge_pages(struct kgc_allocator *a, size_t bytes)
{
	if (!charge(&a->limit, bytes + map_bytes(bytes)))
		return false;
	atomic64_add(bytes, &a->limit.pages);
	atomic64_add(map_bytes(bytes), &a->limit.meta[KGC_META_MAP]);
	atomic64_add(bytes, &total_pages);
	return true;
}

void kgc_limit_uncharge_pages(struct kgc_allocator *a, size_t bytes)
{
	atomic64_sub(bytes, &total_pages);
	atomic64_sub(map_bytes(bytes), &a->limit.meta[KGC_META_MAP]);
	atomic64_sub(bytes, &a->limit.pages);
	uncharge(&a->limit, bytes + map_bytes(bytes));
}

/* Ask to hold @bytes more of metadata. Context: any. Return: false at a limit. */
bool kgc_limit_charge_meta(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes)
{
	if (!charge(&a->limit, bytes))
		return false;
	atomic64_add(bytes, &a->limit.meta[kind]);
	return true;
}

void kgc_limit_uncharge_meta(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes)
{
	atomic64_sub(bytes, &a->limit.meta[kind]);
	uncharge(&a->limit, bytes);
}
