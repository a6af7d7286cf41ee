// SPDX-License-Identifier: GPL-2.0
/*
 * Giving pages back: empty arenas, then free runs out of arenas in use. Memory
 * is freed without the page heap's lock.
 */
#include <linux/kmemleak.h>
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#include "alloc.h"
#include "pageheap.h"
#include "poison.h"

#define RUN_BATCH	16	/* runs of pages given back at a time */
#define LEAST_RUN	8	/* heap pages worth it, when not all are asked for */

/* What the buddy allocator deals in, in heap pages. */
#define UNIT		max_t(unsigned int, PAGE_SIZE >> KGC_PAGE_SHIFT, 1)

/*
 * kmemleak makes two objects of one, with memory that it allocates. Up to 6.12
 * it has forgotten the one meanwhile, so two of us must not do so at once; and
 * what reclaim asks for must not reclaim.
 */
static void kmemleak_forget(unsigned long base, size_t bytes)
{
	static DEFINE_MUTEX(lock);
	unsigned int flags;

	if (!IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		return;
	flags = memalloc_noreclaim_save();
	mutex_lock(&lock);
	kmemleak_free_part((void *)base, bytes);
	mutex_unlock(&lock);
	memalloc_noreclaim_restore(flags);
}

/* Part of a split arena. Context: process context, no locks. */
static void run_free(struct kgc_allocator *a, unsigned long base, size_t bytes)
{
	size_t at;

	kmemleak_forget(base, bytes);
	kgc_poison_pages(base, bytes, false);
	for (at = 0; at < bytes; at += PAGE_SIZE)
		__free_pages(virt_to_page((void *)(base + at)), 0);
	kgc_limit_uncharge(a, bytes);
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

/* @arena is in no tree any more. Context: process context, no locks. */
static void arena_free(struct kgc_allocator *a, struct kgc_arena *arena)
{
	size_t bytes = PAGE_SIZE << arena->order;

	if (arena->split) {
		arena_free_split(a, arena);
	} else {
		kmemleak_free((void *)arena->base);
		kgc_poison_pages(arena->base, bytes, false);
		__free_pages(virt_to_page((void *)arena->base), arena->order);
		kgc_limit_uncharge(a, bytes);
	}
	kfree(arena);
}

/**
 * struct giving - arenas on their way out
 * @keep: bytes that may stay free
 * @gone: empty arenas, out of the tree
 */
struct giving {
	u64			keep;
	struct list_head	gone;
};

static void arena_unlink(struct kgc_pageheap *ph, struct kgc_arena *arena,
			 struct list_head *gone)
{
	kgc_arena_erase(ph, arena);
	ph->nr_arenas--;
	ph->sys -= kgc_arena_bytes(arena);
	ph->released += kgc_arena_bytes(arena);
	ph->meta[KGC_META_ARENAS] -= kgc_arena_meta(arena->npages);
	list_add(&arena->link, gone);
}

/* Take @arena out of the tree if it is empty, while more than @keep is free. */
static enum kgc_walk arena_detach(struct kgc_pageheap *ph,
				  struct kgc_arena *arena, void *data)
{
	struct giving *giving = data;

	if (ph->sys - ph->inuse <= giving->keep)
		return KGC_WALK_END;
	if (arena->nfree + arena->ngone < arena->npages)
		return KGC_WALK_ON;
	arena_unlink(ph, arena, &giving->gone);
	return KGC_WALK_ON;
}

/**
 * struct runs - heap pages on their way out
 * @keep: bytes that may stay free
 * @gone: arenas, out of the tree, whose last pages are among them
 * @nr: runs
 * @run: their addresses and lengths
 */
struct runs {
	u64			keep;
	struct list_head	gone;
	unsigned int		nr;
	struct {
		unsigned long	base;
		size_t		bytes;
	} run[RUN_BATCH];
};

/*
 * The next free run of @arena of at least @least heap pages, from page *@at on;
 * *@at is behind it then.
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

/* Take free runs out of @arena while more than @keep is free and there is room. */
static enum kgc_walk arena_take_runs(struct kgc_pageheap *ph,
				     struct kgc_arena *arena, void *data)
{
	struct runs *runs = data;
	unsigned int at = 0, n, least = runs->keep ? LEAST_RUN : UNIT;
	unsigned int before = runs->nr;
	bool again = false;

	while (runs->nr < RUN_BATCH && ph->sys - ph->inuse > runs->keep) {
		n = arena_next_run(arena, &at, least);
		if (!n)
			break;
		run_take(ph, arena, at - n, n, runs);
	}
	if (runs->nr > before) {
		kgc_arena_update_run(arena);
		/* a walk over all its struct pages: one under the lock is enough */
		again = !arena->split;
		if (again)
			split_page(virt_to_page((void *)arena->base), arena->order);
		arena->split = true;
		if (arena->ngone == arena->npages)
			arena_unlink(ph, arena, &runs->gone);
	}
	if (!again && ph->sys - ph->inuse <= runs->keep)
		return KGC_WALK_END;
	return !again && runs->nr < RUN_BATCH ? KGC_WALK_ON : KGC_WALK_AGAIN;
}

static size_t release_arenas(struct kgc_allocator *a, struct kgc_pageheap *ph,
			     u64 keep)
{
	struct giving giving = { .keep = keep };
	unsigned long below = ULONG_MAX;
	struct kgc_arena *arena, *next;
	size_t bytes = 0;

	while (below) {
		INIT_LIST_HEAD(&giving.gone);
		below = kgc_arenas_walk(ph, below, arena_detach, &giving);
		list_for_each_entry_safe(arena, next, &giving.gone, link) {
			bytes += kgc_arena_bytes(arena);
			arena_free(a, arena);
		}
		cond_resched();
	}
	return bytes;
}

static size_t release_runs(struct kgc_allocator *a, struct kgc_pageheap *ph,
			   u64 keep)
{
	struct runs runs = { .keep = keep };
	unsigned long below = ULONG_MAX;
	struct kgc_arena *arena, *next;
	size_t bytes = 0;

	while (below) {
		INIT_LIST_HEAD(&runs.gone);
		below = kgc_arenas_walk(ph, below, arena_take_runs, &runs);
		while (runs.nr--) {
			bytes += runs.run[runs.nr].bytes;
			run_free(a, runs.run[runs.nr].base,
				 runs.run[runs.nr].bytes);
		}
		runs.nr = 0;
		list_for_each_entry_safe(arena, next, &runs.gone, link)
			arena_free(a, arena);
		cond_resched();
	}
	return bytes;
}

/**
 * kgc_scavenge_pages() - give free pages back, highest addresses first
 * @a: the allocator
 * @ph: the page heap
 * @keep: stop when no more than this many bytes are free
 *
 * Empty arenas first, then free runs in others: each page if nothing is to be
 * kept, else runs that are worth it. An arena with nothing in it but pages that
 * are gone goes itself.
 *
 * Context: process context; direct reclaim too: nothing is allocated or waited
 * for, but by kmemleak where there is one.
 * Return: bytes given back.
 */
size_t kgc_scavenge_pages(struct kgc_allocator *a, struct kgc_pageheap *ph,
			  u64 keep)
{
	size_t bytes = release_arenas(a, ph, keep);

	return bytes + release_runs(a, ph, keep);
}

/* Give everything back. Nothing uses the heap any more. */
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
	for (unsigned int i = 0; i < KGC_NR_SPAN_SIZES; i++) {
		struct kgc_span *span, *tmp;

		list_for_each_entry_safe(span, tmp, &ph->spare[i], link) {
			kgc_span_free_struct(span);
			cond_resched();
		}
	}
}
