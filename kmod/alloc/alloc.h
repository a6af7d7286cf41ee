/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The allocator of one heap: per-CPU caches over central lists over page heaps. It knows
 * four things of the collector: the mark bits in a span, the generation, whether an object
 * is allocated marked, and two calls upwards (kgc_allocator.pressure and .sampled).
 *
 * An allocation goes: kgc_alloc() -> cache.c (this CPU's span) -> central.c
 * (a span with free slots, swept if need be) -> pageheap.c (pages of an arena).
 * reserve.c fetches what these find missing, such as an arena from the buddy allocator.
 * scavenge.c gives arenas back.
 *
 * Lock order: central lock -> page heap lock. Both are raw spinlocks, taken with
 * interrupts off and held for a bounded time. Code under them does not sleep and does
 * not call the kernel's allocators, neither to allocate nor to free.
 */
#ifndef _KGC_ALLOC_H
#define _KGC_ALLOC_H

#include <linux/atomic.h>
#include <linux/bitmap.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/topology.h>

#include "../compat.h"
#include "charge.h"
#include "limit.h"
#include "pageheap.h"
#include "sample.h"
#include "span.h"
#include "steps.h"
#include "tiny.h"

/*
 * kgc_cpu.owner_gen: while no CPU works in the cache, the generation of its spans;
 * otherwise BUSY or FLUSH. Generations start above these two values.
 */
#define KGC_OWNER_BUSY		0U	/* the cache's own CPU is in a region */
#define KGC_OWNER_FLUSH		1U	/* a CPU, its own or another, flushes the cache */
#define KGC_FIRST_GEN		2U

/*
 * The bits of a section's mode that the allocator looks at. They repeat those of
 * <linux/kgc.h>, so that the allocator's own tests need not include it. object.c
 * asserts that the values are equal.
 */
#define KGC_ALLOC_BLACK		4U	/* KGC_MODE_BLACK */
#define KGC_ALLOC_SETTLE	8U	/* KGC_MODE_SETTLE */

/**
 * struct kgc_cpu - one CPU's cache
 * @owner_gen: ownership and generation, see kgc_cache_flush()
 * @span: the span allocated from, by span class; &kgc_empty_span rather than NULL
 * @tiny: the tiny blocks that are open
 * @used: link on kgc_allocator.used
 * @listed: @used is on that list
 * @flushes: times the cache was emptied for a new generation
 * @nested: allocations that found the cache busy and took the central path
 *
 * While @owner_gen is BUSY, the region that set it owns all other members. While it is
 * FLUSH, the CPU that set it does. Preemption is off in both cases.
 */
struct kgc_cpu {
	u32			owner_gen;
	struct kgc_span		*span[KGC_NR_SPAN_CLASSES];
	struct kgc_tiny		tiny;
	struct llist_node	used;
	bool			listed;
	u64			flushes;
	u64			nested;
};

/**
 * struct kgc_central - the spans of one span class on one node
 * @lock: guards all members; taken before the page heap's lock
 * @partial: spans with free slots, by generation & 1
 * @full: spans without free slots, by generation & 1
 * @mallocs: objects handed out; a cached span's are added when the cache returns it
 * @frees: objects found dead by sweeps
 * @live: objects that the sweeps of this generation found marked
 * @spans: spans that exist, cached ones included
 * @refills: spans given to caches, and large objects
 * @reused: slots handed out from spans with kgc_span.reused set, that is, from memory
 *	that the heap has used before. A refill adds all free slots of the span; when
 *	the cache returns the span, the slots it has not used are subtracted
 * @fresh: slots of new spans that have at least one page that was never in a span before
 * @asked: bytes that callers asked for in the allocations that @mallocs counts; a slot may
 *	be larger. Arrays, large objects, tiny blocks and slots of mixed spans count with
 *	the slot's size
 * @swept: spans swept
 * @freed_spans: spans that a sweep found empty and gave back to the page heap
 * @contended: acquisitions of @lock that had to wait
 * @wait_ns: total length of these waits, in ns
 * @large_bytes: class 0 only: bytes ever allocated
 * @large_freed: class 0 only: bytes ever freed
 * @large_live: class 0 only: bytes that this generation's sweeps found marked
 * @random: state of the random number generator for KGC_HARDEN_RANDOM and @sampler
 * @sampler: how far it is to the next sampled byte
 *
 * The audit reads @mallocs, @frees and @spans without @lock. Its result counts only if no
 * section has begun meanwhile, and then no CPU changes them.
 */
struct kgc_central {
	raw_spinlock_t		lock;
	struct list_head	partial[2] __guarded_by(&lock);
	struct list_head	full[2] __guarded_by(&lock);
	u64			mallocs __guarded_by(&lock);
	u64			frees __guarded_by(&lock);
	u64			live __guarded_by(&lock);
	u64			spans __guarded_by(&lock);
	u64			refills __guarded_by(&lock);
	u64			reused __guarded_by(&lock);
	u64			fresh __guarded_by(&lock);
	u64			asked __guarded_by(&lock);
	u64			swept __guarded_by(&lock);
	u64			freed_spans __guarded_by(&lock);
	u64			contended __guarded_by(&lock);
	u64			wait_ns __guarded_by(&lock);
	u64			large_bytes __guarded_by(&lock);
	u64			large_freed __guarded_by(&lock);
	u64			large_live __guarded_by(&lock);
	struct rnd_state	random __guarded_by(&lock);
	struct kgc_sampler	sampler __guarded_by(&lock);
};

/**
 * struct kgc_node - one NUMA node of an allocator
 * @owner: the allocator
 * @home: where its CPUs allocate: itself, or the nearest node that has memory
 * @reclaim: link on reclaim's list_lru. The list_lru files this structure by the cgroup
 *	that it is charged to, and by the NUMA node whose memory holds it. If this node
 *	had no memory, reclaim finds the structure under that other node
 * @pages: its page heap
 * @central: by span class, each made when first needed
 * @starved: span classes in which an allocation that may not sleep found no free slot
 */
struct kgc_node {
	struct kgc_allocator	*owner;
	struct kgc_node		*home;
	struct list_head	reclaim;
	struct kgc_pageheap	pages;
	struct kgc_central	*central[KGC_NR_SPAN_CLASSES];
	DECLARE_BITMAP(starved, KGC_NR_SPAN_CLASSES);
};

enum kgc_pressure {
	KGC_PRESSURE_GROWTH,	/* the allowance is used up */
	KGC_PRESSURE_LIMIT,	/* the hard limit was hit, or memory ran out */
	KGC_PRESSURE_STARVED,	/* no slot is ready for a context that may not sleep */
};

struct kgc_allocator;

/* Return: for how many ns the caller has been throttled. */
typedef u64 (*kgc_pressure_fn)(struct kgc_allocator *a, enum kgc_pressure why,
				unsigned int mode, gfp_t gfp);

/*
 * Called for an object that is sampled, in the section that allocated it, outside of any
 * region. @bytes is what its slot takes.
 */
typedef void (*kgc_sampled_fn)(struct kgc_allocator *a, const struct kgc_layout *layout,
			       void *obj, size_t bytes);

/**
 * struct kgc_allocator - the allocator of one heap
 * @gen: sweep generation; advanced by the collector's flush
 * @black_gen: a section of mode SETTLE marks each object that it allocates in a span
 *	of this generation
 * @unswept: no span is swept any more, so nothing is freed; never cleared
 * @id: number of the heap, which trace points show
 * @cpu: the caches
 * @used: caches that ever held a span; far fewer than possible CPUs on many machines
 * @node: by node number, nr_node_ids of them; NULL for impossible nodes
 * @gfp: flags added to every request for memory (__GFP_ACCOUNT)
 * @owner: the cgroup that is charged
 * @allowance: the allocator calls @pressure once @charged reaches this
 * @pressure: call into the collector, from any context but NMI. With
 *	KGC_PRESSURE_GROWTH the caller is in a section of the given mode, and the call
 *	may sleep for a moment if gfp allows
 * @harden: KGC_HARDEN_* bits
 * @sampled: call into the profile, from any context but NMI
 * @sample_rate: one in so many bytes is sampled; 0 is none
 * @charged: bytes handed to caches or as large objects in this cycle
 * @limit: bytes that the heap holds, and its hard limit
 * @steps: how long slow paths took
 */
struct kgc_allocator {
	u32			gen;
	u32			black_gen;
	bool			unswept;
	u32			id;
	struct kgc_cpu __percpu	*cpu;
	struct llist_head	used;
	struct kgc_node		**node;
	gfp_t			gfp;
	unsigned int		harden;
	struct kgc_owner	owner;
	s64			allowance;
	kgc_pressure_fn		pressure;
	kgc_sampled_fn		sampled;
	u64			sample_rate;
	atomic64_t		charged ____cacheline_aligned;
	struct kgc_limit	limit;
	struct kgc_steps	steps ____cacheline_aligned;
};

int kgc_allocator_init(struct kgc_allocator *a, u32 id, gfp_t gfp);
void kgc_allocator_destroy(struct kgc_allocator *a);
void kgc_allocator_harden(struct kgc_allocator *a, unsigned int bits);
void kgc_allocator_settle(struct kgc_allocator *a);
void kgc_allocator_next_gen(struct kgc_allocator *a);
void kgc_allocator_stop_sweep(struct kgc_allocator *a);

/* Set the call into the collector. Context: before the first allocation. */
static inline void kgc_allocator_on_pressure(struct kgc_allocator *a,
					     kgc_pressure_fn pressure)
{
	a->pressure = pressure;
}

/* Set the call into the profile. Context: before the first allocation. */
static inline void kgc_allocator_on_sampled(struct kgc_allocator *a,
					    kgc_sampled_fn sampled)
{
	a->sampled = sampled;
}

/* Sample one byte of @rate; 0 is none. Caches go by it with the next span. */
static inline void kgc_allocator_sample(struct kgc_allocator *a, u64 rate)
{
	WRITE_ONCE(a->sample_rate, rate);
}

/* Set the allowance: at @bytes charged the allocator calls the collector. Context: any. */
static inline void kgc_allocator_allow(struct kgc_allocator *a, s64 bytes)
{
	WRITE_ONCE(a->allowance, bytes);
}

/* Bytes handed to caches or as large objects since kgc_allocator_charged_reset(). */
static inline s64 kgc_allocator_charged(const struct kgc_allocator *a)
{
	return atomic64_read(&a->charged);
}

static inline void kgc_allocator_charge(struct kgc_allocator *a, s64 bytes)
{
	atomic64_add(bytes, &a->charged);
	/* charge, then read the allowance: pairs with kgc_pace_rearm() */
	smp_mb__after_atomic();
}

static inline s64 kgc_allocator_charged_reset(struct kgc_allocator *a)
{
	return atomic64_xchg(&a->charged, 0);
}

/* cache.c */
void *kgc_cache_alloc(struct kgc_allocator *a, unsigned int mode,
		      const struct kgc_layout *layout, unsigned int spc,
		      size_t size, gfp_t gfp);
void *kgc_cache_alloc_large(struct kgc_allocator *a, unsigned int mode,
			    const struct kgc_layout *layout, size_t size, gfp_t gfp);
bool kgc_cache_flush(struct kgc_allocator *a, struct kgc_cpu *c);
bool kgc_cache_flush_all(struct kgc_allocator *a);
void *kgc_cache_open_block(struct kgc_allocator *a, int cpu, unsigned int i);

/* What an attempt did not find. kgc_reserve_fill() fetches it outside of any region. */
enum kgc_need {
	KGC_NEED_NOTHING,
	KGC_NEED_CENTRAL,
	KGC_NEED_SPAN,
	KGC_NEED_TYPES,
	KGC_NEED_PAGES,
};

/**
 * struct kgc_reserve - what one allocation has fetched for its next attempt
 * @need: what the last attempt did not find
 * @unmixed: there is no memory for a side table, so attempts skip spans of another type
 *	instead of making them mixed
 * @sampled: the object that was allocated is to be sampled
 * @reaps: how often old spans were swept because memory was missing
 * @npages: with KGC_NEED_PAGES, how many adjacent heap pages
 * @span: a span structure, or NULL
 * @types: a side table, or NULL
 * @types_bytes: bytes in @types
 * @step: times the allocation, if it is slow
 */
struct kgc_reserve {
	enum kgc_need	need;
	bool		unmixed;
	bool		sampled;
	unsigned int	reaps;
	unsigned int	npages;
	struct kgc_span	*span;
	u16		*types;
	size_t		types_bytes;
	struct kgc_slow_path	step;
};

/* reserve.c */
bool kgc_reserve_fill(struct kgc_allocator *a, struct kgc_node *node,
		      unsigned int spc, struct kgc_reserve *r, gfp_t gfp);
struct kgc_span *kgc_reserve_span(struct kgc_node *node, unsigned int nelems,
				  unsigned int npages, bool manual,
				  struct kgc_reserve *r);
void kgc_reserve_release(struct kgc_node *node, struct kgc_reserve *r);

/* stock.c */
void kgc_stock_want(struct kgc_node *node, unsigned int spc);
bool kgc_stock_fill(struct kgc_allocator *a);

/* central.c */
struct kgc_span *kgc_central_refill(struct kgc_allocator *a,
				    struct kgc_node *node, unsigned int spc,
				    struct kgc_span *old,
				    const struct kgc_layout *layout,
				    struct kgc_reserve *r);
void kgc_central_return(struct kgc_allocator *a, struct kgc_span *span);
bool kgc_central_stock(struct kgc_allocator *a, struct kgc_node *node,
		       unsigned int spc, struct kgc_reserve *r);
void *kgc_central_alloc(struct kgc_allocator *a, struct kgc_node *node,
			unsigned int mode, unsigned int spc,
			const struct kgc_layout *layout, size_t size,
			struct kgc_reserve *r);
bool kgc_central_accept(struct kgc_span *span, const struct kgc_layout *layout,
			struct kgc_reserve *r);
struct kgc_span *kgc_central_large(struct kgc_allocator *a,
				   struct kgc_node *node, unsigned int spc,
				   size_t size, struct kgc_reserve *r);
bool kgc_central_publish_large(struct kgc_allocator *a, unsigned int mode,
			       struct kgc_span *span,
			       const struct kgc_layout *layout);
bool kgc_central_sweep_some(struct kgc_allocator *a, struct kgc_central *ct,
			    struct kgc_node *node, unsigned int budget);
bool kgc_central_reap(struct kgc_allocator *a, struct kgc_node *node);
int kgc_central_wipe_value(const struct kgc_allocator *a);
bool kgc_central_survives(struct kgc_allocator *a, struct kgc_span *span,
			  const void *addr, unsigned int i, unsigned int mode);

/* The node to allocate from. A hint: the caller may migrate to another node at once. */
static inline struct kgc_node *kgc_node_home(struct kgc_allocator *a)
{
	return a->node[cpu_to_mem(raw_smp_processor_id())]->home;
}

/* The central of a span class, or NULL if there is none yet. */
static inline struct kgc_central *kgc_central_of(struct kgc_node *node,
						 unsigned int spc)
{
	/* the central is complete: pairs with the cmpxchg() in kgc_reserve_fill() */
	return smp_load_acquire(&node->central[spc]);
}

/* Slots of a span of that class. */
static inline unsigned int kgc_nelems(unsigned int spc)
{
	return spc >> 1 ? kgc_classes[spc >> 1].nelems : 1;
}

/* The word of the span's mark bitmap for the same slots as free-bitmap word @word. */
static __always_inline unsigned long *kgc_mark_word(struct kgc_span *span,
						    unsigned long *word)
{
	return word - span->nwords;
}

/* Whether a slot of @span is allocated marked in a section of this mode. */
static __always_inline bool kgc_alloc_marked(const struct kgc_allocator *a,
					     const struct kgc_span *span,
					     unsigned int mode)
{
	if (mode & KGC_ALLOC_BLACK)
		return true;
	return mode & KGC_ALLOC_SETTLE && span->gen == READ_ONCE(a->black_gen);
}

#endif /* _KGC_ALLOC_H */
