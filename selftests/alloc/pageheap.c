// SPDX-License-Identifier: GPL-2.0
/*
 * The page heap against a model that keeps one bool per heap page. The test compares
 * both after each operation. It tries every sequence on small heaps and random ones on
 * large heaps, and makes each request of a growth fail in turn.
 */
#include <check.h>
#include <shim.h>

#include <linux/rbtree_augmented.h>

#include "alloc/alloc.h"
#include "parts.h"

#define RAM_MIB		2048
#define MAX_ARENAS	512
#define MAX_SPANS	4096

/* Stands for the owner of pages that were given back; these never return. */
static struct kgc_span gone_span;
#define GONE (&gone_span)

/* The model: arenas by address, each page's owner, and whether it ever had one. */
struct model_arena {
	unsigned long base;
	unsigned int npages;
	struct kgc_span *owner[KGC_ARENA_MAX_PAGES];
	bool held[KGC_ARENA_MAX_PAGES];
};

static struct model_arena *arenas[MAX_ARENAS];
static unsigned int nr_arenas;
static struct kgc_span *spans[MAX_SPANS];
static unsigned int nr_spans;

static struct kgc_allocator allocator;
static struct kgc_pageheap *ph;
static struct kgc_slow_path step;

static void begin(void)
{
	parts_allocator_begin(&allocator);
	ph = &allocator.node[0]->pages;
	nr_arenas = nr_spans = 0;
}

static void end(void)
{
	unsigned int i;

	parts_allocator_end(&allocator);
	for (i = 0; i < nr_arenas; i++)
		free(arenas[i]);
}

/* ---- comparing ----------------------------------------------------------- */

static unsigned int longest_run(const struct model_arena *m)
{
	unsigned int i, run = 0, longest = 0;

	for (i = 0; i < m->npages; i++) {
		run = m->owner[i] ? 0 : run + 1;
		longest = max(longest, run);
	}
	return longest;
}

static unsigned int check_subtree(struct rb_node *rb)
{
	struct kgc_arena *a;
	unsigned int most;

	if (!rb)
		return 0;
	a = rb_entry(rb, struct kgc_arena, node);
	most = max(a->max_run, max(check_subtree(rb->rb_left),
				   check_subtree(rb->rb_right)));
	check(a->subtree_run == most);
	return most;
}

static u64 held(void)
{
	return atomic64_read(&allocator.limit.held);
}

/* The limits count pages, and metadata of every kind. */
static void check_held(void)
{
	u64 sum = atomic64_read(&allocator.limit.pages);
	unsigned int i;

	for (i = 0; i < KGC_NR_META; i++)
		sum += atomic64_read(&allocator.limit.meta[i]);
	check(held() == sum && kgc_limit_total_held() == sum);
}

static void compare(void)
{
	struct rb_node *rb = rb_first(&ph->arenas);
	unsigned long sys = 0, inuse = 0;
	unsigned int i, p;

	for (i = 0; i < nr_arenas; i++, rb = rb_next(rb)) {
		struct model_arena *m = arenas[i];
		struct kgc_arena *a = rb_entry(rb, struct kgc_arena, node);
		unsigned int nfree = 0, ngone = 0;

		check(rb && a->base == m->base && a->npages == m->npages);
		for (p = 0; p < m->npages; p++) {
			check(test_bit(p, a->used) == !!m->owner[p]);
			check(test_bit(p, kgc_arena_gone(a)) ==
			      (m->owner[p] == GONE));
			/* another arena may own a page that was given back */
			check(m->owner[p] == GONE ||
			      kgc_map_find((void *)(m->base + p * KGC_PAGE_SIZE)) ==
			      m->owner[p]);
			nfree += !m->owner[p];
			ngone += m->owner[p] == GONE;
		}
		check(a->nfree == nfree && a->ngone == ngone);
		check(a->split || !ngone);
		check(a->max_run == longest_run(m));
		sys += (m->npages - ngone) * KGC_PAGE_SIZE;
		inuse += (m->npages - nfree - ngone) * KGC_PAGE_SIZE;
	}
	check(!rb);
	check_subtree(ph->arenas.rb_node);
	check(ph->nr_arenas == nr_arenas);
	check(ph->sys == sys && ph->inuse == inuse);
	check((u64)atomic64_read(&allocator.limit.pages) == sys);
	check(kgc_limit_total_pages() == sys && shim_ram_used() == sys);
	check_held();
	check(shim_reclaimable == (long)((sys - inuse) >> PAGE_SHIFT));
}

/* ---- operations on both -------------------------------------------------- */

static int grow(unsigned int npages)
{
	struct model_arena *m;
	struct rb_node *rb;
	unsigned int i;
	int err = kgc_pageheap_grow(&allocator, ph, npages, GFP_KERNEL, &step);

	if (err)
		return err;
	check(nr_arenas < MAX_ARENAS);
	/* find the new arena */
	for (i = 0, rb = rb_first(&ph->arenas); i < nr_arenas; i++, rb = rb_next(rb))
		if (rb_entry(rb, struct kgc_arena, node)->base != arenas[i]->base)
			break;
	check(rb);
	m = calloc(1, sizeof(*m));
	m->base = rb_entry(rb, struct kgc_arena, node)->base;
	m->npages = rb_entry(rb, struct kgc_arena, node)->npages;
	check(m->npages >= npages);
	check(m->base % (m->npages * KGC_PAGE_SIZE) == 0);
	memmove(&arenas[i + 1], &arenas[i], (nr_arenas - i) * sizeof(*arenas));
	arenas[i] = m;
	nr_arenas++;
	return 0;
}

/* Return: where address-ordered first fit must put the span; 0 for nowhere. */
static unsigned long first_fit(unsigned int npages, struct model_arena **in)
{
	unsigned int i, p, run;

	for (i = 0; i < nr_arenas; i++) {
		for (p = run = 0; p < arenas[i]->npages; p++) {
			run = arenas[i]->owner[p] ? 0 : run + 1;
			if (run < npages)
				continue;
			*in = arenas[i];
			return arenas[i]->base + (p + 1 - npages) * KGC_PAGE_SIZE;
		}
	}
	return 0;
}

static bool take(unsigned int npages)
{
	struct model_arena *m = NULL;
	unsigned long want = first_fit(npages, &m);
	unsigned int nelems = 1 + random() % 1024;
	struct kgc_span *span = kgc_pageheap_spare(ph, nelems);
	unsigned int i, at;
	bool held = true;

	if (!span)
		span = kgc_charge_span(&allocator, nelems, 0, GFP_KERNEL);
	check(span && span->nwords * BITS_PER_LONG >= nelems &&
	      (span->nwords == 1 || span->nwords / 2 * BITS_PER_LONG < nelems));
	if (!kgc_pageheap_take(ph, span, npages, false)) {
		check(!want);
		kgc_pageheap_keep_spare(ph, span);
		return false;
	}
	check(span->base == want && span->npages == npages);
	check(span->arena->base == m->base);
	kgc_map_set(span->base, npages, span);
	for (i = 0; i < npages; i++) {
		at = (want - m->base) / KGC_PAGE_SIZE + i;
		m->owner[at] = span;
		held &= m->held[at];
		m->held[at] = true;
	}
	check(span->reused == held);
	spans[nr_spans++] = span;
	return true;
}

static void put(unsigned int i)
{
	struct kgc_span *span = spans[i];
	unsigned int a, p;

	for (a = 0; a < nr_arenas; a++)
		for (p = 0; p < arenas[a]->npages; p++)
			if (arenas[a]->owner[p] == span)
				arenas[a]->owner[p] = NULL;
	kgc_pageheap_put(ph, span);
	spans[i] = spans[--nr_spans];
}

/* Return: heap pages in the free run at *@start; whole machine pages only. */
static unsigned int free_run(const struct model_arena *m, unsigned int *start)
{
	unsigned int unit = max(PAGE_SIZE / KGC_PAGE_SIZE, 1UL), end = *start;

	while (end < m->npages && !m->owner[end])
		end++;
	*start = round_up(*start, unit);
	end = round_down(end, unit);
	return end > *start ? end - *start : 0;
}

/* Release free runs of arenas in use: highest arena first, lowest run first. */
static size_t release_runs(unsigned long free_bytes, u64 keep)
{
	unsigned int i, p, q, n, least = keep ? 8 : 1;
	size_t gone = 0;

	for (i = nr_arenas; i--; ) {
		for (p = 0; p < arenas[i]->npages; p++) {
			if (arenas[i]->owner[p] || (p && !arenas[i]->owner[p - 1]))
				continue;
			q = p;
			n = free_run(arenas[i], &q);
			if (n < least || free_bytes - gone <= keep)
				continue;
			gone += n * KGC_PAGE_SIZE;
			while (n--)
				arenas[i]->owner[q++] = GONE;
		}
	}
	return gone;
}

static bool nothing_in_use(const struct model_arena *m)
{
	unsigned int p;

	for (p = 0; p < m->npages; p++)
		if (m->owner[p] && m->owner[p] != GONE)
			return false;
	return true;
}

static size_t bytes_left(const struct model_arena *m)
{
	size_t bytes = 0;
	unsigned int p;

	for (p = 0; p < m->npages; p++)
		bytes += m->owner[p] == GONE ? 0 : KGC_PAGE_SIZE;
	return bytes;
}

static void release(u64 keep)
{
	unsigned long free_bytes = ph->sys - ph->inuse;
	size_t gone = 0;
	unsigned int i;

	/* empty arenas, highest first, until no more than @keep is free */
	for (i = nr_arenas; i-- && free_bytes > keep; ) {
		struct model_arena *m = arenas[i];
		size_t bytes = bytes_left(m);

		if (!nothing_in_use(m))
			continue;
		gone += bytes;
		free_bytes -= bytes;
		free(m);
		memmove(&arenas[i], &arenas[i + 1],
			(--nr_arenas - i) * sizeof(*arenas));
	}
	gone += release_runs(free_bytes, keep);
	check(kgc_scavenge_pages(&allocator, ph, keep) == gone);
}

/* ---- promises ------------------------------------------------------------ */

/*
 * Run every sequence of @depth operations on a heap of up to two small arenas. A state
 * cannot be copied, so each sequence starts from an empty heap.
 */
#define CHOICES	8

static bool operation(unsigned int choice)
{
	switch (choice) {
	case 0:
		return nr_arenas < 2 && !grow(1);
	case 1: case 2: case 3:
		take(choice);
		return true;
	case 4:
		if (nr_spans)
			put(0);
		return nr_spans;
	case 5:
		if (nr_spans > 1)
			put(nr_spans - 1);
		return nr_spans;
	case 6:
		take(8);
		return true;
	default:
		release(0);
		return true;
	}
}

static unsigned long sequences;

static void every_sequence(unsigned int depth)
{
	unsigned int choice[16] = { 0 }, i;
	bool did;

	sequences = 0;
	for (;;) {
		begin();
		for (i = 0; i < depth; i++) {
			trying("sequence %lu, operation %u", sequences, i);
			did = operation(choice[i]);
			compare();
			if (!did)
				break;
		}
		end();
		sequences++;
		/* a sequence ends at an operation that did nothing */
		if (i == depth)
			i--;
		while (++choice[i] == CHOICES) {
			if (!i)
				return;
			choice[i--] = 0;
		}
		memset(choice + i + 1, 0, sizeof(choice) - (i + 1) * sizeof(*choice));
	}
}

static void small_exhaustive(void)
{
	unsigned int depth = SHIM_SLOW ? 4 : 6;

	every_sequence(depth);
	note("%lu sequences of up to %u operations", sequences, depth);
}

static void random_heaps(void)
{
	unsigned int round, step, misses = 0, most = 0;

	for (round = 0; round < (SHIM_SLOW ? 6 : 24); round++) {
		unsigned int target = 1 + random() % 600;

		shim_ram_policy(round % 3);
		shim_ram_fragment(round % 4 == 3 ? 64 : 0);
		begin();
		for (step = 0; step < 1500; step++) {
			unsigned int npages = random() % 8 ? 1 + random() % 4 :
					      1 + random() % 40;

			trying("round %u, step %u", round, step);
			if (random() % 100 == 0)
				release(random() % 2 ? 0 : ph->inuse);
			else if (nr_spans < target && random() % 3) {
				if (!take(npages)) {
					misses++;
					if (!grow(npages))
						check(take(npages));
				}
			} else if (nr_spans)
				put(random() % nr_spans);
			compare();
			most = max(most, nr_arenas);
		}
		while (nr_spans && round % 2)
			put(nr_spans - 1);
		if (round % 2) {
			release(0);
			check(!ph->sys && !ph->inuse && !ph->nr_arenas);
			kgc_pageheap_trim_spares(&allocator, ph, 0, UINT_MAX);
			check(!ph->nr_spare[0] && !ph->nr_spare[4]);
		}
		end();
	}
	shim_ram_fragment(0);
	shim_ram_policy(SHIM_LOWEST);
	note("%u misses, up to %u arenas", misses, most);
}

static void grows_with_the_heap(void)
{
	unsigned int order;

	begin();
	check(!grow(1));
	check(arenas[0]->npages * KGC_PAGE_SIZE == 65536);
	while (ph->sys < 32 << 20) {
		u64 before = ph->sys;

		check(!grow(1));
		/* growth is at most an eighth of the heap, or 64 KiB */
		check(ph->sys - before <= max(before / 8, 65536UL));
		check(ph->sys - before >= min(before / 16, 2UL << 20) ||
		      ph->smaller);
	}
	end();
	for (order = 0; order <= MAX_PAGE_ORDER; order++) {
		unsigned int npages = (PAGE_SIZE << order) >> KGC_PAGE_SHIFT;

		if (!npages || npages > KGC_ARENA_MAX_PAGES)
			continue;
		begin();
		trying("order %u", order);
		check(!grow(npages));
		check(take(npages));
		compare();
		end();
	}
	begin();
	check(grow(KGC_ARENA_MAX_PAGES + 1) == -ENOMEM);
	compare();
	end();
}

#ifdef SHIM_FAILS

/* The heap grows even if all but the smallest blocks are gone. */
static void small_blocks_will_do(void)
{
	unsigned int i;

	shim_ram_fragment(PAGE_SHIFT > 13 ? 4 : 16);
	begin();
	for (i = 0; i < 60; i++) {
		trying("arena %u", i);
		check(!grow(1));
		check(take(1));
	}
	compare();
	check(grow(64) == -ENOMEM);
	compare();
	end();
	shim_ram_defragment();
}

/* Fail each request of a growth, on an empty map or with large blocks. */
static unsigned int fail_each_request(bool large)
{
	unsigned int nth = 0;
	bool failed;
	int err;

	do {
		kgc_map_exit();
		check(!kgc_map_init());
		begin();
		while (large && ph->sys < 8 << 20)
			check(!grow(1));
		trying("%s heap, request %u fails", large ? "large" : "empty",
		       ++nth);
		shim_fail_nth(nth);
		/* kgc may replace a large block that it cannot get by a smaller one */
		err = grow(1);
		failed = shim_fail_happened();
		check(failed || !err);
		shim_fail_nth(0);
		compare();
		check(!grow(1));
		end();
	} while (failed);
	return nth - 1;
}

static void a_failed_growth_is_nothing(void)
{
	unsigned int empty = fail_each_request(false);
	unsigned int large = fail_each_request(true);

	check(empty >= 3);	/* pages, arena structure, map leaf */
	note("%u and %u requests", empty, large);
}

#endif

static void limits_hold(void)
{
	begin();
	allocator.limit.hard = 1 << 20;
	while (!grow(1))
		check(held() <= 1 << 20);
	/* another arena of 64 KiB does not fit, with its metadata */
	check(held() > (1 << 20) - (65 << 10));
	compare();
	release(0);
	check(!grow(1));
	allocator.limit.hard = 1;
	check(grow(1) == -ENOMEM);
	compare();
	end();
}

#ifdef SHIM_FAILS

static void an_allocator_that_fails_is_nothing(void)
{
	struct kgc_allocator a;
	long before = shim_live_allocations();
	unsigned int nth = 0;
	int err;

	do {
		memset(&a, 0, sizeof(a));
		shim_fail_nth(++nth);
		err = kgc_allocator_init(&a, 0, 0);
		trying("request %u fails", nth);
		check(err == (shim_fail_happened() ? -ENOMEM : 0));
		if (err)
			check(shim_live_allocations() == before);
	} while (err);
	shim_fail_nth(0);
	kgc_allocator_destroy(&a);
	check(shim_live_allocations() == before);
	note("%u requests", nth - 1);
}

#endif

static int begin_all(void)
{
	return parts_begin(RAM_MIB);
}

#ifdef SHIM_FAILS
#define FAILING_PROMISES(PROMISE) \
	PROMISE(small_blocks_will_do, "on fragmented memory the heap goes on with small arenas") \
	PROMISE(a_failed_growth_is_nothing, "a growth that fails at any request changes nothing") \
	PROMISE(an_allocator_that_fails_is_nothing, "an allocator that cannot be made leaves nothing")
#else
#define FAILING_PROMISES(PROMISE)
#endif

#define ALL_PROMISES(PROMISE) \
	PROMISE(small_exhaustive, "small heaps do what the model does, in every order of operations") \
	PROMISE(random_heaps, "large heaps do what the model does, on whole and on fragmented memory") \
	PROMISE(grows_with_the_heap, "arenas grow with the heap, up to a region") \
	PROMISE(limits_hold, "the hard limit is reached and not passed") \
	FAILING_PROMISES(PROMISE)

PROGRAM("kgc_pageheap", begin_all, parts_end);
