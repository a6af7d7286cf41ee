// SPDX-License-Identifier: GPL-2.0
/*
 * A page heap finds pages to hand out, and pages to give back, in a number of steps
 * that grows with the logarithm of the number of arenas. It gives them back in pieces.
 */
#include <check.h>
#include <shim.h>

#include "alloc/alloc.h"
#include "parts.h"

#define RAM_MIB		2048

static struct kgc_allocator allocator;
static struct kgc_pageheap *ph;
static struct kgc_slow_path step;

static void begin(void)
{
	parts_allocator_begin(&allocator);
	ph = &allocator.node[0]->pages;
}

static void end(void)
{
	parts_allocator_end(&allocator);
}

/*
 * The test allocates many one-page spans in many arenas, then frees some and allocates
 * them again. Each search descends the tree once.
 */
#ifdef SHIM_FAILS
#define MAX_SEARCHED	100000
#else
#define MAX_SEARCHED	10000
#endif

static struct kgc_span *searched[MAX_SEARCHED];
static unsigned int nr_searched;

static struct kgc_span *take_page(void)
{
	struct kgc_span *span = kgc_pageheap_spare(ph, 1);

	if (!span)
		span = kgc_charge_span(&allocator, 1, 0, GFP_KERNEL);
	check(span);
	while (!kgc_pageheap_take(ph, span, 1, false))
		check(!kgc_pageheap_grow(&allocator, ph, 1, GFP_KERNEL, &step));
	kgc_map_set(span->base, 1, span);
	return span;
}

/* Whether giving back all but @keep bytes frees @bytes and visits few arenas. */
static bool gives(u64 keep, size_t bytes, unsigned int arenas)
{
	u64 before = ph->visits;
	size_t gone = kgc_scavenge_pages(&allocator, ph, keep);

	/* one descent for each batch, and one to see that nothing is left */
	return gone == bytes && ph->visits - before <= 8 * ilog2(arenas + 2) + 8;
}

/* Use all pages of as many arenas as possible. */
static void use_pages(unsigned int n)
{
	unsigned int i;

	begin();
	shim_ram_fragment(PAGE_SHIFT > 13 ? 2 : 32);
	for (i = 0; i < n; i++)
		searched[i] = take_page();
	while (ph->sys > ph->inuse)
		searched[n++] = take_page();
	nr_searched = n;
}

/*
 * The page heap finds pages to give back without a search, wherever they lie. It also
 * knows if there are none.
 */
static void what_is_given_back_is_not_searched_for(void)
{
	const size_t unit = max(PAGE_SIZE, KGC_PAGE_SIZE);
	unsigned int n, i, whole = 0, arenas;
	struct kgc_arena *arena;

	for (n = 100; n <= MAX_SEARCHED / 2; n *= 7) {
		use_pages(n);
		arenas = ph->nr_arenas;
		check(gives(0, 0, arenas));
		/* empty one arena; free the first page in each of the others */
		arena = searched[nr_searched / 2]->arena;
		for (i = 0; i < nr_searched; i++) {
			bool first = !i || searched[i - 1]->arena != searched[i]->arena;

			if (searched[i]->arena != arena && !first)
				continue;
			whole += searched[i]->arena == arena;
			kgc_pageheap_put(ph, searched[i]);
		}
		check(gives(ph->sys - ph->inuse - 1, whole * KGC_PAGE_SIZE, arenas));
		/* kgc gives single pages back only if asked for all */
		check(gives(1, 0, arenas));
		check(unit > KGC_PAGE_SIZE ||
		      kgc_scavenge_pages(&allocator, ph, 0) == (arenas - 1) * unit);
		end();
		shim_ram_defragment();
		whole = 0;
	}
}

static void searches_are_logarithmic(void)
{
	unsigned int n, i, at, arenas[4], steps[4], k = 0;
	u64 searches, before;

	for (n = 100; n <= MAX_SEARCHED; n *= 10, k++) {
		begin();
		/* fragmented memory makes for as many arenas as possible */
		shim_ram_fragment(PAGE_SHIFT > 13 ? 2 : 32);
		for (i = 0; i < n; i++)
			searched[i] = take_page();
		searches = ph->searches - ph->misses;
		before = ph->steps;
		for (i = 0; i < 10 * n; i++) {
			at = random() % n;
			kgc_pageheap_put(ph, searched[at]);
			searched[at] = take_page();
		}
		searches = ph->searches - ph->misses - searches;
		check(searches == 10 * n);
		arenas[k] = ph->nr_arenas;
		steps[k] = (ph->steps - before) * 10 / searches;
		trying("%u spans in %u arenas: %u.%u steps", n, arenas[k],
		       steps[k] / 10, steps[k] % 10);
		/* a red-black tree is at most twice as deep as a full one */
		check(steps[k] <= 20 * (ilog2(arenas[k]) + 1));
		shim_ram_defragment();
		end();
	}
	for (; k < 4; k++) {
		arenas[k] = 0;
		steps[k] = 0;
	}
	note("10^2 to 10^5 spans in %u, %u, %u, %u arenas: %u, %u, %u, %u tenths of a step",
	     arenas[0], arenas[1], arenas[2], arenas[3],
	     steps[0], steps[1], steps[2], steps[3]);
}

/*
 * Memory goes back in pieces. No stretch of code frees more than one arena page by page
 * before it lets other threads run, neither here nor when the allocator ends.
 */
#define PIECE		(1UL << 20)
#define NR_TAKEN	8000	/* pages: 64 MiB, in arenas of up to 4 MiB */
#define APART		128	/* one of so many pages stays in use */
#define RUN_BYTES	(APART / 2 * KGC_PAGE_SIZE)
#define MAX_MORE	(16 * RUN_BYTES)	/* 16 runs, or arenas no longer than a run */
#define MAX_AT_ONCE	(KGC_ARENA_MAX_PAGES * KGC_PAGE_SIZE / PAGE_SIZE + 200)

/* Give all free pages back. Return: the number of pieces. */
static unsigned int give_back_in_pieces(void)
{
	unsigned int pieces = 0;
	size_t bytes;
	u64 before;

	do {
		trying("piece %u", pieces++);
		before = ph->sys;
		bytes = kgc_scavenge_some(&allocator, ph, 0, PIECE);
		check(before - ph->sys == bytes && bytes < PIECE + MAX_MORE);
	} while (bytes >= PIECE);
	check(!kgc_scavenge_pages(&allocator, ph, 0));
	return pieces;
}

static void memory_goes_back_in_pieces(void)
{
	unsigned int i, pieces, spares;

	begin();
	for (i = 0; i < NR_TAKEN; i++)
		searched[i] = take_page();
	for (i = 0; i < NR_TAKEN; i++)
		if (i % APART && i % APART < APART / 2)
			kgc_pageheap_put(ph, searched[i]);
	/* splits the arenas, each with a lock hold of its own */
	kgc_scavenge_pages(&allocator, ph, 0);
	for (i = 0; i < NR_TAKEN; i++)
		if (i % APART >= APART / 2)
			kgc_pageheap_put(ph, searched[i]);
	shim_freed_at_once();
	pieces = give_back_in_pieces();
	check(pieces >= NR_TAKEN / 2 * KGC_PAGE_SIZE / (PIECE + MAX_MORE));
	for (spares = ph->nr_spare[0]; spares > 100; spares -= 100) {
		check(kgc_pageheap_trim_spares(&allocator, ph, 0, 100));
		check(ph->nr_spare[0] == spares - 100);
	}
	check(!kgc_pageheap_trim_spares(&allocator, ph, 0, 100) && !ph->nr_spare[0]);
	end();
	check(shim_freed_at_once() <= MAX_AT_ONCE);
	note("%u pieces", pieces);
}

static int begin_all(void)
{
	return parts_begin(RAM_MIB);
}

#define ALL_PROMISES(PROMISE) \
	PROMISE(what_is_given_back_is_not_searched_for, "what can be given back is found in steps by the logarithm of the arenas") \
	PROMISE(memory_goes_back_in_pieces, "memory goes back in pieces, and lets other threads run in between") \
	PROMISE(searches_are_logarithmic, "a search takes steps by the logarithm of the arenas, for 10^2 to 10^5 spans")

PROGRAM("kgc_search", begin_all, parts_end);
