// SPDX-License-Identifier: GPL-2.0
/* How much a heap, and all heaps together, may hold. */
#include <linux/module.h>

#include "alloc.h"

static atomic64_t total_sys;

static unsigned long max_bytes;
module_param(max_bytes, ulong, 0644);
MODULE_PARM_DESC(max_bytes, "Most bytes all heaps together may hold (0: no cap)");

/* Bytes all heaps hold from the buddy allocator. */
u64 kgc_limit_total(void)
{
	return atomic64_read(&total_sys);
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
	WRITE_ONCE(a->hard_limit, bytes);
}

/* Ask to hold @bytes more. Return: false at a limit. */
bool kgc_limit_charge(struct kgc_allocator *a, size_t bytes)
{
	/* a heap at its own limit takes nothing of the other heaps' room */
	if (!sum_add(&a->sys, bytes, READ_ONCE(a->hard_limit)))
		return false;
	if (sum_add(&total_sys, bytes, READ_ONCE(max_bytes)))
		return true;
	atomic64_sub(bytes, &a->sys);
	return false;
}

void kgc_limit_uncharge(struct kgc_allocator *a, size_t bytes)
{
	atomic64_sub(bytes, &a->sys);
	atomic64_sub(bytes, &total_sys);
}
