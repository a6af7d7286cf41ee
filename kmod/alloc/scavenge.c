// SPDX-License-Identifier: GPL-2.0
/*
 * Giving pages back to the kernel: first empty arenas, then free runs of arenas in use.
 * Memory is freed without the page heap's lock.
 */
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "../compat.h"
#include "alloc.h"
#include "pageheap.h"
#include "poison.h"
#include "trace.h"

#define RUN_BATCH	16	/* runs of pages given back at a time */
#define ARENA_BATCH	16	/* arenas looked at in one lock hold */

/* Runs go back in multiples of this many heap pages: whole machine pages. */
#define UNIT		max_t(unsigned int, PAGE_SIZE >> KGC_PAGE_SHIFT, 1)

/*
 * kmemleak_free_part() splits kmemleak's object in two, and allocates memory for that.
 * Up to 6.12 a concurrent caller does not find the object meanwhile: the mutex prevents
 * that. Reclaim may have called this function, so the allocation must not reclaim.
 */
static void kmemleak_forget(unsigned long base, size_t bytes)
{
	static DEFINE_MUTEX(lock);
	unsigned int flags;

	if (!IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		return;
	flags = memalloc_noreclaim_save();
	scoped_guard(mutex, &lock)
		kmemleak_free_part((void *)base, bytes);
	memalloc_noreclaim_restore(flags);
}

/* Free pages of a split arena. Context: process context, no locks. */
static void run_free(struct kgc_allocator *a, unsigned long base, size_t bytes)
{
	size_t at;

	kmemleak_forget(base, bytes);
	kgc_poison_pages(base, bytes, false);
	for (at = 0; at < bytes; at += PAGE_SIZE)
		__free_pages(virt_to_page((void *)(base + at)), 0);
	kgc_limit_uncharge_pages(a, bytes);
}

static void arena_free_split(struct kgc_allocator *a, struct kgc_arena *arena)
{
	unsigned long *gone = kgc_arena_gone(arena);
	unsigned int start = 0, end;

	for (;;) {
		start = find_next_zero_bit(gone, arena->npages, start);
		if (start == arena->npages)
			return;
		end = find_next_bit(gone, arena->npages, start);
		run_free(a, arena->base + start * KGC_PAGE_SIZE,
			 (end - start) * KGC_PAGE_SIZE);
		start = end;
	}
}

/* Free @arena, which is in no tree any more. Context: process context, no locks. */
static void arena_free(struct kgc_allocator *a, struct kgc_arena *arena)
{
	size_t bytes = PAGE_SIZE << arena->order;

	if (arena->split) {
		arena_free_split(a, arena);
	} else {
		kmemleak_free((void *)arena->base);
		kgc_poison_pages(arena->base, bytes, false);
		__free_pages(virt_to_page((void *)arena->base), arena->order);
		kgc_limit_uncharge_pages(a, bytes);
	}
	kgc_limit_uncharge_meta(a, KGC_META_ARENAS, kgc_arena_meta(arena->npages));
	kvfree(arena);
}

static void arena_unlink(struct kgc_pageheap *ph, struct kgc_arena *arena,
			 struct list_head *gone)
{
	kgc_arena_erase(ph, arena);
	ph->nr_arenas--;
	ph->sys -= kgc_arena_bytes(arena);
	ph->released += kgc_arena_bytes(arena);
	list_add(&arena->link, gone);
}

/*
 * Take empty arenas out of the tree while more than @keep bytes are free. Return: whether
 * more of them may be left.
 */
static bool arenas_detach(struct kgc_pageheap *ph, u64 keep, struct list_head *gone)
{
	struct kgc_arena *arena = NULL;
	unsigned int n;

	guard(raw_spinlock_irqsave)(&ph->lock);
	for (n = 0; n < ARENA_BATCH; n++) {
		arena = ph->sys - ph->inuse > keep ? kgc_arena_last_empty(ph) : NULL;
		if (!arena)
			break;
		arena_unlink(ph, arena, gone);
	}
	kgc_arenas_account(ph);
	return arena;
}

/**
 * struct runs - runs of heap pages that are marked as gone and about to be freed
 * @keep: bytes that may stay free
 * @below: only arenas with a lower key may have more to give back
 * @gone: arenas whose last pages are among the runs; they are out of the tree
 * @nr: number of runs
 * @run: address and length in bytes of each run
 */
struct runs {
	u64			keep;
	unsigned long		below;
	struct list_head	gone;
	unsigned int		nr;
	struct {
		unsigned long	base;
		size_t		bytes;
	} run[RUN_BATCH];
};

/*
 * Find the next free run of at least @least heap pages in @arena, from page *@at on, and
 * move *@at to its end. Return: its length in heap pages; 0 if there is none.
 */
static unsigned int arena_next_run(struct kgc_arena *arena, unsigned int *at,
				   unsigned int least)
{
	unsigned int start, end;

	while (*at < arena->npages) {
		start = find_next_zero_bit(arena->used, arena->npages, *at);
		end = find_next_bit(arena->used, arena->npages, start);
		*at = end;
		start = round_up(start, UNIT);
		end = round_down(end, UNIT);
		if (start + least <= end) {
			*at = end;
			return end - start;
		}
	}
	return 0;
}

static void run_take(struct kgc_pageheap *ph, struct kgc_arena *arena,
		     unsigned int at, unsigned int n, struct runs *runs)
{
	bitmap_set(arena->used, at, n);
	bitmap_set(kgc_arena_gone(arena), at, n);
	arena->nfree -= n;
	arena->ngone += n;
	ph->sys -= n * KGC_PAGE_SIZE;
	ph->released += n * KGC_PAGE_SIZE;
	runs->run[runs->nr].base = arena->base + at * KGC_PAGE_SIZE;
	runs->run[runs->nr++].bytes = n * KGC_PAGE_SIZE;
}

/*
 * Take free runs of at least @least heap pages out of @arena, while more than runs->keep
 * bytes are free and @runs has room. Return: whether the caller may look at another arena
 * in the same lock hold.
 */
static bool arena_take_runs(struct kgc_pageheap *ph, struct kgc_arena *arena,
			    unsigned int least, struct runs *runs)
{
	unsigned int at = 0, n = 1, before = runs->nr;
	bool whole = !arena->split;

	while (runs->nr < RUN_BATCH && ph->sys - ph->inuse > runs->keep) {
		n = arena_next_run(arena, &at, least);
		if (!n)
			break;
		run_take(ph, arena, at - n, n, runs);
	}
	/* skip this arena from now on: its max_run may fit, but not once aligned to UNIT */
	if (!n)
		runs->below = kgc_arena_key(arena);
	if (runs->nr == before)
		return true;
	kgc_arena_update(ph, arena);
	/* split_page() walks all struct pages: once per lock hold is enough */
	if (whole)
		split_page(virt_to_page((void *)arena->base), arena->order);
	arena->split = true;
	if (arena->ngone == arena->npages)
		arena_unlink(ph, arena, &runs->gone);
	return !whole;
}

/* Fill @runs. Return: whether more runs may be left. */
static bool runs_take(struct kgc_pageheap *ph, struct runs *runs)
{
	unsigned int least = runs->keep ? KGC_MIN_RUN : UNIT;
	struct kgc_arena *arena = NULL;
	bool go_on = true;
	unsigned int n;

	guard(raw_spinlock_irqsave)(&ph->lock);
	for (n = 0; go_on && n < ARENA_BATCH && runs->nr < RUN_BATCH; n++) {
		arena = ph->sys - ph->inuse > runs->keep ?
			kgc_arena_last_fit(ph, runs->below, least) : NULL;
		if (!arena)
			break;
		go_on = arena_take_runs(ph, arena, least, runs);
	}
	kgc_arenas_account(ph);
	return arena;
}

/* Give empty arenas back until that makes @most bytes. Return: bytes given back. */
static size_t release_arenas(struct kgc_allocator *a, struct kgc_pageheap *ph,
			     u64 keep, size_t most)
{
	struct kgc_arena *arena, *next;
	size_t bytes = 0;
	bool more;

	do {
		LIST_HEAD(gone);

		more = arenas_detach(ph, keep, &gone);
		list_for_each_entry_safe(arena, next, &gone, link) {
			bytes += kgc_arena_bytes(arena);
			arena_free(a, arena);
			cond_resched();
		}
	} while (more && bytes < most);
	return bytes;
}

/* As release_arenas(), but give free runs of arenas in use back. */
static size_t release_runs(struct kgc_allocator *a, struct kgc_pageheap *ph,
			   u64 keep, size_t most)
{
	struct runs runs = { .keep = keep, .below = ULONG_MAX };
	struct kgc_arena *arena, *next;
	size_t bytes = 0;
	bool more = true;

	while (more && bytes < most) {
		INIT_LIST_HEAD(&runs.gone);
		more = runs_take(ph, &runs);
		while (runs.nr) {
			runs.nr--;
			bytes += runs.run[runs.nr].bytes;
			run_free(a, runs.run[runs.nr].base,
				 runs.run[runs.nr].bytes);
			cond_resched();
		}
		list_for_each_entry_safe(arena, next, &runs.gone, link)
			arena_free(a, arena);
		cond_resched();
	}
	return bytes;
}

/**
 * kgc_scavenge_some() - give some free pages back, highest addresses first
 * @a: the allocator
 * @ph: the page heap
 * @keep: stop when no more than this many bytes are free
 * @most: stop when this many bytes have been given back
 *
 * Empty arenas go first, then free runs in other arenas: any run if @keep is 0, otherwise
 * runs of KGC_MIN_RUN heap pages or more. An arena is freed when its last page goes.
 *
 * Context: process context, direct reclaim included. This function neither allocates nor
 * waits, except for kmemleak where it is configured.
 * Return: bytes given back. Fewer than @most if no more can be given back; otherwise @most
 * or more, by up to ARENA_BATCH arenas.
 */
size_t kgc_scavenge_some(struct kgc_allocator *a, struct kgc_pageheap *ph, u64 keep,
			 size_t most)
{
	size_t bytes = release_arenas(a, ph, keep, most);

	if (bytes < most)
		bytes += release_runs(a, ph, keep, most - bytes);
	if (bytes)
		trace_kgc_pages_return(a->id, ph->nid, bytes);
	return bytes;
}

/* Give free pages back without a bound. Context and Return: as kgc_scavenge_some(). */
size_t kgc_scavenge_pages(struct kgc_allocator *a, struct kgc_pageheap *ph, u64 keep)
{
	return kgc_scavenge_some(a, ph, keep, SIZE_MAX);
}

/* Free everything. Nothing uses the heap any more. Context: may sleep. */
void kgc_scavenge_destroy(struct kgc_allocator *a, struct kgc_pageheap *ph)
{
	struct kgc_arena *arena, *next;

	rbtree_postorder_for_each_entry_safe(arena, next, &ph->arenas, node) {
		unsigned long end = arena->base + (PAGE_SIZE << arena->order);
		unsigned long base = arena->base;

		while (base < end) {
			struct kgc_span *span;

			if (test_bit((base - arena->base) >> KGC_PAGE_SHIFT,
				     kgc_arena_gone(arena))) {
				base += KGC_PAGE_SIZE;
				continue;
			}
			span = kgc_map_find((void *)base);
			kgc_map_set(base, 1, NULL);
			base += KGC_PAGE_SIZE;
			if (span && span->base + KGC_PAGE_SIZE == base)
				list_add(&span->link, &ph->spare[0]);
		}
		arena_free(a, arena);
		cond_resched();
	}
	ph->arenas = RB_ROOT;
	if (ph->sys)
		trace_kgc_pages_return(a->id, ph->nid, ph->sys);
	scoped_guard(raw_spinlock_irqsave, &ph->lock) {
		ph->sys = 0;
		ph->inuse = 0;
		kgc_arenas_account(ph);
	}
	for (unsigned int i = 0; i < KGC_NR_SPAN_SIZES; i++) {
		struct kgc_span *span, *tmp;

		list_for_each_entry_safe(span, tmp, &ph->spare[i], link) {
			kgc_span_discard(a, span);
			cond_resched();
		}
	}
}
