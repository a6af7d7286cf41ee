// SPDX-License-Identifier: GPL-2.0
/* The address-to-span map, checked against an array with one entry per heap page. */
#include <check.h>
#include <shim.h>

#include "alloc/map.h"

#define RAM_MIB		256
#define PAGES		((unsigned long)RAM_MIB << 20 >> KGC_PAGE_SHIFT)
#define REGION_PAGES	KGC_LEAF_ENTRIES

static struct kgc_span *model[(RAM_MIB << 20) / 8192];

static struct kgc_span *fake_span(unsigned int n)
{
	return (void *)(0x1000UL * (n + 1));
}

static unsigned long page_at(unsigned long i)
{
	return shim_page_offset + i * KGC_PAGE_SIZE;
}

static void agrees_everywhere(void)
{
	unsigned long i;

	for (i = 0; i < PAGES; i++) {
		trying("heap page %lu", i);
		check(kgc_map_find((void *)page_at(i)) == model[i]);
		check(kgc_map_find((void *)(page_at(i + 1) - 1)) == model[i]);
	}
}

static void random_ranges(void)
{
	unsigned int round;

	for (round = 0; round < 3000; round++) {
		unsigned long first = random() % PAGES;
		unsigned long in_region = REGION_PAGES - first % REGION_PAGES;
		unsigned int n = 1 + random() % min(in_region, 200UL), i;
		struct kgc_span *span = random() % 4 ? fake_span(round) : NULL;

		if (first + n > PAGES)
			continue;
		trying("round %u: %u pages at %lu", round, n, first);
		check(!kgc_map_reserve(page_at(first), n * KGC_PAGE_SIZE,
				       GFP_KERNEL));
		kgc_map_set(page_at(first), n, span);
		for (i = 0; i < n; i++)
			model[first + i] = span;
		for (i = 0; i < n && span; i++)
			check(kgc_map_span((void *)page_at(first + i)) == span);
		if (round % 100 == 0)
			agrees_everywhere();
	}
	agrees_everywhere();
}

static void any_word_may_be_asked(void)
{
	static const unsigned long words[] = {
		0, 1, 8, 4096, ~0UL, ~0UL - 7, 1UL << 63, 1UL << 47
	};
	unsigned long end = (unsigned long)high_memory;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		check(!kgc_map_find((void *)words[i]));
	check(!kgc_map_find((void *)(shim_page_offset - 1)));
	check(!kgc_map_find((void *)round_up(end, 1UL << KGC_REGION_SHIFT)));
	for (i = 0; i < 100000; i++) {
		unsigned long word = (unsigned long)random() << 33 ^
				     (unsigned long)random() << 16 ^ random();

		if (word < shim_page_offset || word >= end)
			check(!kgc_map_find((void *)word));
	}
}

static void reserving_fails_cleanly(void)
{
	unsigned long region = 1UL << KGC_REGION_SHIFT;
	size_t bytes = kgc_map_bytes();
	unsigned long beyond = shim_page_offset + kgc_map_regions * region;

	check(kgc_map_reserve(beyond, KGC_PAGE_SIZE, GFP_KERNEL) == -ENOMEM);
	/* blocks are aligned, so none crosses a region */
	check(kgc_map_reserve(shim_page_offset + region - KGC_PAGE_SIZE,
			      2 * KGC_PAGE_SIZE, GFP_KERNEL) == -ENOMEM);
	check(!kgc_map_reserve(shim_page_offset, region, GFP_KERNEL));
	check(kgc_map_bytes() == bytes);
}

#ifdef SHIM_FAILS

static void as_large_as_memory(void)
{
	check(kgc_map_regions == ((unsigned long)RAM_MIB << 20 >> KGC_REGION_SHIFT));
}

static void failing_leaf(void)
{
	size_t bytes;

	kgc_map_exit();
	check(!kgc_map_init());
	bytes = kgc_map_bytes();
	shim_fail_nth(1);
	check(kgc_map_reserve(shim_page_offset, KGC_PAGE_SIZE, GFP_KERNEL) == -ENOMEM);
	check(!kgc_map_find((void *)shim_page_offset));
	check(!kgc_map_reserve(shim_page_offset, KGC_PAGE_SIZE, GFP_KERNEL));
	check(kgc_map_bytes() == bytes + KGC_LEAF_ENTRIES * sizeof(void *));
}

#endif

static int begin_all(void)
{
	shim_ram_init(RAM_MIB);
	return kgc_map_init();
}

static void end_all(void)
{
	kgc_map_exit();
	shim_ram_exit();
	check(!shim_live_allocations());
}

#ifdef SHIM_FAILS
#define FAILING_PROMISES(PROMISE) \
	PROMISE(as_large_as_memory, "the map covers memory, wherever the direct map begins") \
	PROMISE(failing_leaf, "a leaf that cannot be had leaves the map as it was")
#else
#define FAILING_PROMISES(PROMISE)
#endif

#define ALL_PROMISES(PROMISE) \
	PROMISE(random_ranges, "every address finds the span last set for its page") \
	PROMISE(any_word_may_be_asked, "any word at all may be looked up") \
	PROMISE(reserving_fails_cleanly, "memory the map does not cover is refused, what it holds costs nothing") \
	FAILING_PROMISES(PROMISE)

PROGRAM("kgc_map", begin_all, end_all);
