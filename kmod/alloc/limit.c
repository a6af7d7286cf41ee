// SPDX-License-Identifier: GPL-2.0
/*
 * Limits on the memory of one heap, and of all heaps together. Metadata counts like
 * pages: a program decides how many handles, types and finalizers it has, and could evade
 * a limit on pages alone with any of them.
 *
 * A function charges memory before it allocates it. The function that frees the memory
 * takes the charge back.
 */
#include "../../uapi/linux/kgc.h"

#include "alloc.h"
#include "trace.h"

static atomic64_t total_pages, total_held;
static u64 cap;

/* Return: bytes that all heaps hold from the buddy allocator for objects. */
u64 kgc_limit_total_pages(void)
{
	return atomic64_read(&total_pages);
}

/* Return: bytes of all heaps that count against the module's cap. */
u64 kgc_limit_total_held(void)
{
	return atomic64_read(&total_held);
}

/*
 * Add @bytes to @sum unless it would exceed @limit. The sum never exceeds the limit, not
 * even briefly. Otherwise a smaller, concurrent request could fail because of bytes that
 * are about to be taken back.
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

/* Set how many bytes a heap may hold; 0 is no limit. */
void kgc_limit_set(struct kgc_allocator *a, u64 bytes)
{
	WRITE_ONCE(a->limit.hard, bytes);
}

/* Set how many bytes all heaps together may hold; 0 is no cap. */
void kgc_limit_set_cap(u64 bytes)
{
	WRITE_ONCE(cap, bytes);
}

u64 kgc_limit_cap(void)
{
	return READ_ONCE(cap);
}

/*
 * Count a request that failed. @err is the error of a charge, or -ENOMEM if the kernel's
 * allocators refused.
 */
void kgc_limit_refused(struct kgc_allocator *a, int err)
{
	struct kgc_refused *refused = &a->limit.refused;
	enum kgc_refusal limit;

	switch (err) {
	case -EDQUOT:
		atomic64_inc(&refused->by_limit);
		limit = KGC_REFUSAL_LIMIT;
		break;
	case -ENOSPC:
		atomic64_inc(&refused->by_cap);
		limit = KGC_REFUSAL_CAP;
		break;
	default:
		atomic64_inc(&refused->by_memory);
		limit = KGC_REFUSAL_MEMORY;
	}
	trace_kgc_limit(a->id, limit, atomic64_read(&a->limit.held));
}

/*
 * Return: bytes that a heap may hold by its own limit, and by the part of the module's
 * cap that other heaps do not hold; U64_MAX is no limit. Context: any.
 */
u64 kgc_limit_max_bytes(const struct kgc_allocator *a)
{
	u64 most = READ_ONCE(a->limit.hard) ?: U64_MAX, cap = kgc_limit_cap();
	s64 others;

	if (cap) {
		/* the two sums do not change at once: the difference may be negative */
		others = max(atomic64_read(&total_held) - atomic64_read(&a->limit.held), 0LL);
		most = min(most, cap - min_t(u64, cap, others));
	}
	return most;
}

/*
 * Charge @bytes to the heap and to all heaps. If the cap refuses, the heap's own sum
 * includes @bytes for a moment. Return: 0; -EDQUOT at the heap's limit; -ENOSPC at the
 * cap.
 */
static int charge(struct kgc_limit *limit, size_t bytes)
{
	/*
	 * The heap's own limit comes first: a heap that has reached it must not take room
	 * from other heaps, even briefly.
	 */
	if (!sum_add(&limit->held, bytes, READ_ONCE(limit->hard)))
		return -EDQUOT;
	if (sum_add(&total_held, bytes, kgc_limit_cap()))
		return 0;
	atomic64_sub(bytes, &limit->held);
	return -ENOSPC;
}

static void uncharge(struct kgc_limit *limit, size_t bytes)
{
	atomic64_sub(bytes, &limit->held);
	atomic64_sub(bytes, &total_held);
}

/* Bytes of the map entries for @bytes of pages. Leaves stay until the module exits. */
static size_t map_bytes(size_t bytes)
{
	return (bytes >> KGC_PAGE_SHIFT) * sizeof(struct kgc_span *);
}

/* Charge @bytes of pages, and their map entries. Context: any. Return: as charge(). */
int kgc_limit_charge_pages(struct kgc_allocator *a, size_t bytes)
{
	int err = charge(&a->limit, bytes + map_bytes(bytes));

	if (err)
		return err;
	atomic64_add(bytes, &a->limit.pages);
	atomic64_add(map_bytes(bytes), &a->limit.meta[KGC_META_MAP]);
	atomic64_add(bytes, &total_pages);
	return 0;
}

void kgc_limit_uncharge_pages(struct kgc_allocator *a, size_t bytes)
{
	atomic64_sub(bytes, &total_pages);
	atomic64_sub(map_bytes(bytes), &a->limit.meta[KGC_META_MAP]);
	atomic64_sub(bytes, &a->limit.pages);
	uncharge(&a->limit, bytes + map_bytes(bytes));
}

/* Charge @bytes of metadata. Context: any. Return: as charge(). */
int kgc_limit_charge_meta(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes)
{
	int err = charge(&a->limit, bytes);

	if (!err)
		atomic64_add(bytes, &a->limit.meta[kind]);
	return err;
}

/* Count @bytes that are charged already as @to instead of @from. Context: any. */
void kgc_limit_move_meta(struct kgc_allocator *a, enum kgc_meta from, enum kgc_meta to,
			 size_t bytes)
{
	atomic64_sub(bytes, &a->limit.meta[from]);
	atomic64_add(bytes, &a->limit.meta[to]);
}

void kgc_limit_uncharge_meta(struct kgc_allocator *a, enum kgc_meta kind, size_t bytes)
{
	atomic64_sub(bytes, &a->limit.meta[kind]);
	uncharge(&a->limit, bytes);
}
