/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The counterpart of selftests/host/shim.h in a real kernel: memory is the machine's,
 * so the test neither fragments it nor makes it fail.
 */
#ifndef KUNIT_SHIM_H
#define KUNIT_SHIM_H

#include <linux/bitmap.h>
#include <linux/kernel.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "alloc/alloc.h"
#include "alloc/poison.h"

/* The functions of the C library that the promises use. */
#define calloc(n, size)	kvcalloc(n, size, GFP_KERNEL | __GFP_NOFAIL)
#define free(p)		kvfree(p)
#define random()	shim_random()

extern struct rnd_state shim_random_state;

/* Return: 31 random bits, the same on every run. */
static inline long shim_random(void)
{
	return prandom_u32_state(&shim_random_state) & 0x7fffffff;
}

/* Start of the direct map. */
#define shim_page_offset	kgc_map_base

/* The hung task detector would report a case that takes more than a minute. */
#define SHIM_SLOW	(IS_ENABLED(CONFIG_KASAN) || IS_ENABLED(CONFIG_KCSAN))

enum shim_policy { SHIM_LOWEST, SHIM_HIGHEST, SHIM_RANDOM };

static inline void shim_ram_init(unsigned int mib)
{
}

static inline void shim_ram_exit(void)
{
}

static inline void shim_ram_policy(enum shim_policy policy)
{
}

static inline void shim_ram_fragment(unsigned int step)
{
}

static inline void shim_ram_defragment(void)
{
}

/* Only the RAM that heaps hold is known. */
static inline unsigned long shim_ram_used(void)
{
	return kgc_limit_total_pages();
}

/* The kernel's counter includes other users, so compute the value. */
#define shim_reclaimable	((long)((ph->sys - ph->inuse) >> PAGE_SHIFT))

/* kmem_cache_destroy() reports objects left in a cache. */
static inline long shim_live_allocations(void)
{
	return 0;
}

/* Nothing counts the calls that free memory. */
static inline unsigned long shim_freed_at_once(void)
{
	return 0;
}

static inline char *shim_slots(size_t bytes)
{
	return (char *)__get_free_pages(GFP_KERNEL, get_order(bytes));
}

/* Let the test access free slots. */
static inline void shim_open(char *slots, size_t bytes)
{
	kgc_poison_pages((unsigned long)slots, bytes, false);
}

static inline void shim_slots_done(char *slots, size_t bytes)
{
	shim_open(slots, bytes);
	free_pages((unsigned long)slots, get_order(bytes));
}

#endif /* KUNIT_SHIM_H */
