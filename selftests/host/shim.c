// SPDX-License-Identifier: GPL-2.0
/*
 * Simulated memory behind shim.h. "RAM" is a separate mapping; AddressSanitizer reports
 * any access outside of blocks that were handed out. The shim counts everything, so
 * that a test can check that all memory came back.
 */
#include <sanitizer/asan_interface.h>
#include <sys/mman.h>

#include "check.h"
#include "shim.h"

unsigned long shim_page_offset;
struct shim_node shim_node;
long shim_reclaimable;
void *high_memory;
unsigned int shim_locks_held;
unsigned int shim_line = 64;

static struct page *frames;
static unsigned long nr_frames, used_frames;
static enum shim_policy policy;
static unsigned int fragment_step;
static long live;
static long announced;	/* to kmemleak; withdrawn before the pages are freed */
static unsigned int fail_in;
static bool failed;
static unsigned long freed, most_freed;	/* between two cond_resched() */

void shim_complain(const char *what, const char *file, int line)
{
	check_failed(file, line, what);
}

/* ---- locks --------------------------------------------------------------- */

void shim_lock(bool *held)
{
	BUG_ON(*held);
	*held = true;
	shim_locks_held++;
}

void shim_unlock(bool *held)
{
	BUG_ON(!*held);
	*held = false;
	shim_locks_held--;
}

void shim_may_sleep(const char *what)
{
	if (shim_locks_held)
		shim_complain(what, "under a raw spinlock", 0);
}

void shim_cond_resched(void)
{
	shim_may_sleep("cond_resched");
	most_freed = max(most_freed, freed);
	freed = 0;
}

unsigned long shim_freed_at_once(void)
{
	unsigned long most = max(most_freed, freed);

	most_freed = 0;
	freed = 0;
	return most;
}

/* ---- failures ------------------------------------------------------------ */

void shim_fail_nth(unsigned int nth)
{
	fail_in = nth;
	failed = false;
}

bool shim_fail_happened(void)
{
	return failed;
}

static bool fails(void)
{
	if (!fail_in || --fail_in)
		return false;
	failed = true;
	return true;
}

/* ---- slab ---------------------------------------------------------------- */

static void *alloc_aligned(size_t bytes, size_t align, bool zero)
{
	void *p;

	shim_may_sleep("allocation");
	if (fails())
		return NULL;
	p = align ? aligned_alloc(align, bytes) : malloc(bytes);
	memset(p, zero ? 0 : 0xa5, bytes);
	live++;
	return p;
}

void *shim_alloc(size_t bytes, bool zero)
{
	return alloc_aligned(bytes, 0, zero);
}

void shim_free(const void *p)
{
	shim_may_sleep("free");
	freed++;
	live -= !!p;
	free((void *)p);
}

long shim_live_allocations(void)
{
	return live;
}

struct kmem_cache {
	unsigned int size;
	unsigned int align;
	long live;
};

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, unsigned int flags,
				     void (*ctor)(void *))
{
	struct kmem_cache *cache = shim_alloc(sizeof(*cache), true);

	if (!cache)
		return NULL;
	cache->align = max(align, (unsigned int)sizeof(void *));
	if (flags & SLAB_HWCACHE_ALIGN)
		cache->align = max(cache->align, shim_line);
	cache->size = ALIGN(size, cache->align);
	return cache;
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	if (!cache)
		return;
	BUG_ON(cache->live);
	shim_free(cache);
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *p = alloc_aligned(cache->size, cache->align, gfp & __GFP_ZERO);

	cache->live += !!p;
	return p;
}

void kmem_cache_free(struct kmem_cache *cache, void *p)
{
	cache->live--;
	BUG_ON(cache->live < 0);
	shim_free(p);
}

/* ---- RAM ----------------------------------------------------------------- */

void shim_ram_init(unsigned int mib)
{
	size_t bytes = (size_t)mib << 20;
	/* align RAM generously: a region of the map has a few megabytes */
	size_t slack = 64 << 20;
	char *at = mmap(NULL, bytes + slack, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	BUG_ON(at == MAP_FAILED);
	shim_page_offset = round_up((unsigned long)at, slack);
	high_memory = (void *)(shim_page_offset + bytes);
	nr_frames = bytes >> PAGE_SHIFT;
	shim_node.node_start_pfn = shim_page_offset >> PAGE_SHIFT;
	shim_node.node_spanned_pages = nr_frames;
	frames = calloc(nr_frames, sizeof(*frames));
	used_frames = 0;
	policy = SHIM_LOWEST;
	ASAN_POISON_MEMORY_REGION((void *)shim_page_offset, bytes);
}

void shim_ram_exit(void)
{
	BUG_ON(used_frames || announced);
	ASAN_UNPOISON_MEMORY_REGION((void *)shim_page_offset,
				    nr_frames << PAGE_SHIFT);
	munmap((void *)shim_page_offset, nr_frames << PAGE_SHIFT);
	free(frames);
}

void shim_ram_policy(enum shim_policy to)
{
	policy = to;
}

void shim_ram_fragment(unsigned int step)
{
	fragment_step = step;
}

void shim_ram_defragment(void)
{
	fragment_step = 0;
}

unsigned long shim_ram_used(void)
{
	return used_frames << PAGE_SHIFT;
}

static bool block_free(unsigned long first, unsigned int order)
{
	unsigned long i;

	for (i = first; i < first + (1UL << order); i++)
		if (frames[i].used || (fragment_step && i % fragment_step == 0))
			return false;
	return true;
}

static long find_block(unsigned int order)
{
	unsigned long blocks = nr_frames >> order, n, at;

	at = policy == SHIM_RANDOM ? random() % blocks : 0;
	for (n = 0; n < blocks; n++) {
		unsigned long block = (at + n) % blocks;

		if (policy == SHIM_HIGHEST)
			block = blocks - 1 - n;
		if (block_free(block << order, order))
			return block << order;
	}
	return -1;
}

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order)
{
	unsigned long i;
	long first;

	shim_may_sleep("alloc_pages");
	BUG_ON(order > MAX_PAGE_ORDER);
	if (fails())
		return NULL;
	first = find_block(order);
	if (first < 0)
		return NULL;
	for (i = first; i < first + (1UL << order); i++)
		frames[i].used = true;
	frames[first].order = order;
	used_frames += 1UL << order;
	ASAN_UNPOISON_MEMORY_REGION(page_address(&frames[first]),
				    PAGE_SIZE << order);
	memset(page_address(&frames[first]), gfp & __GFP_ZERO ? 0 : 0xa5,
	       PAGE_SIZE << order);
	return &frames[first];
}

void __free_pages(struct page *page, unsigned int order)
{
	unsigned long i, first = page - frames;

	shim_may_sleep("free_pages");
	freed++;
	BUG_ON(page->order != order || first & ((1UL << order) - 1));
	for (i = first; i < first + (1UL << order); i++) {
		BUG_ON(!frames[i].used || frames[i].announced);
		frames[i].used = false;
	}
	used_frames -= 1UL << order;
	ASAN_POISON_MEMORY_REGION(page_address(page), PAGE_SIZE << order);
}

/* Turn one block into single pages. */
void split_page(struct page *page, unsigned int order)
{
	unsigned long i, first = page - frames;

	BUG_ON(page->order != order);
	for (i = first; i < first + (1UL << order); i++)
		frames[i].order = 0;
}

void *page_address(const struct page *page)
{
	return (void *)(shim_page_offset +
			((unsigned long)(page - frames) << PAGE_SHIFT));
}

struct page *virt_to_page(const void *addr)
{
	return &frames[((unsigned long)addr - shim_page_offset) >> PAGE_SHIFT];
}

void kmemleak_alloc(const void *p, size_t bytes, int min_count, gfp_t gfp)
{
	struct page *page = virt_to_page(p);
	size_t i;

	if (!IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		return;
	for (i = 0; i < bytes >> PAGE_SHIFT; i++)
		page[i].announced = true;
	announced += bytes >> PAGE_SHIFT;
}

void kmemleak_free_part(const void *p, size_t bytes)
{
	struct page *page = virt_to_page(p);
	size_t i;

	if (!IS_ENABLED(CONFIG_DEBUG_KMEMLEAK))
		return;
	for (i = 0; i < bytes >> PAGE_SHIFT; i++) {
		BUG_ON(!page[i].announced);
		page[i].announced = false;
	}
	announced -= bytes >> PAGE_SHIFT;
}

void kmemleak_free(const void *p)
{
	kmemleak_free_part(p, PAGE_SIZE << virt_to_page(p)->order);
}

unsigned long bitmap_find_next_zero_area(unsigned long *map,
					 unsigned long size,
					 unsigned long start, unsigned int n,
					 unsigned long align_mask)
{
	for (;; start++) {
		start = find_next_zero_bit(map, size, start);
		start = (start + align_mask) & ~align_mask;
		if (start + n > size)
			return size + 1;
		if (find_next_bit(map, start + n, start) == start + n)
			return start;
	}
}
