/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The part of the kernel that the allocator's pure parts need, so that their sources
 * compile unchanged into a program. All of <linux/...> leads here, except lists and
 * red-black trees, which are the kernel's own (tools/).
 *
 * Bitmap functions here work bit by bit, so that they do not repeat the code under
 * test. Memory is simulated: see shim.c for "RAM", failures and locks.
 */
#ifndef HOST_SHIM_H
#define HOST_SHIM_H

#include <asm/types.h>
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int32_t s32;
typedef int64_t s64;
typedef __u64 __aligned_u64 __attribute__((__aligned__(8)));
typedef unsigned int gfp_t;
typedef unsigned int slab_flags_t;

#define U16_MAX		UINT16_MAX
#define U32_MAX		UINT32_MAX
#define U64_MAX		UINT64_MAX
#define S64_MAX		INT64_MAX

/* ---- compiler ------------------------------------------------------------ */

#undef __always_inline
#define __always_inline	inline __attribute__((__always_inline__))
#define __init
#define __percpu
#define __user
#define __force
#define __must_check
#define ____cacheline_aligned	__attribute__((__aligned__(64)))
#define likely(x)	__builtin_expect(!!(x), 1)
#define unlikely(x)	__builtin_expect(!!(x), 0)
#define barrier()	__asm__ __volatile__("" ::: "memory")
#define BUILD_BUG_ON(x)	_Static_assert(!(x), #x)
/* 1 if the symbol is defined as 1 */
#define shim_second(a, b, ...)	b
#define shim_is_1(junk)		shim_second(junk 1, 0)
#define shim_is(x)		shim_is_1(shim_then_##x)
#define shim_then_1		0,
#define IS_ENABLED(x)		shim_is(x)
#define EXPORT_SYMBOL_GPL(x)	extern int shim_exported
#define KBUILD_MODNAME	"kgc"
#define noinline	__attribute__((__noinline__))
#define __acquires(x)
#define __must_hold(x)
#define __releases(x)
#define data_race(x)	(x)

/* C11's static_assert takes two arguments, the kernel's one or two */
#undef static_assert
#define static_assert(x, ...)	_Static_assert(x, #x)

#define READ_ONCE(x)		(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)	(*(volatile __typeof__(x) *)&(x) = (v))
#define smp_load_acquire(p)	__atomic_load_n(p, __ATOMIC_ACQUIRE)
#define smp_store_release(p, v)	__atomic_store_n(p, v, __ATOMIC_RELEASE)
#define smp_mb()		__atomic_thread_fence(__ATOMIC_SEQ_CST)
#define smp_rmb()		smp_mb()
#define smp_wmb()		smp_mb()
#define smp_mb__before_atomic()	smp_mb()
#define smp_mb__after_atomic()	smp_mb()
#define cmpxchg(p, old, value)						\
({									\
	__typeof__(*(p)) __old = (old);					\
									\
	__atomic_compare_exchange_n(p, &__old, value, false,		\
				    __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST); \
	__old;								\
})
#define xchg(p, v)		__atomic_exchange_n(p, v, __ATOMIC_SEQ_CST)

/* ---- arithmetic ---------------------------------------------------------- */

#define BITS_PER_LONG		64
#define BIT(n)			(1UL << (n))
#define DIV_ROUND_UP(n, d)	(((n) + (d) - 1) / (d))
#define SMP_CACHE_BYTES		64

/* cache line size of the running machine, whatever the build was for */
extern unsigned int shim_line;
#define cache_line_size()	shim_line
#define ALIGN(x, a)		(((x) + (a) - 1) & ~((__typeof__(x))(a) - 1))
#define round_up(x, a)		ALIGN(x, a)
#define round_down(x, a)	((x) & ~((__typeof__(x))(a) - 1))
#define rounddown(x, a)		((x) - (x) % (a))
#define BITS_TO_LONGS(n)	DIV_ROUND_UP(n, BITS_PER_LONG)
#define BITMAP_LAST_WORD_MASK(n)	(~0UL >> (-(n) & (BITS_PER_LONG - 1)))
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define offsetofend(T, m)	(offsetof(T, m) + sizeof(((T *)0)->m))
#define SZ_64K			0x10000
#define container_of(p, T, m)	((T *)((char *)(p) - offsetof(T, m)))

#define min(a, b)							\
({									\
	__typeof__(a) __a = (a);					\
	__typeof__(b) __b = (b);					\
									\
	__a < __b ? __a : __b;						\
})
#define max(a, b)							\
({									\
	__typeof__(a) __a = (a);					\
	__typeof__(b) __b = (b);					\
									\
	__a > __b ? __a : __b;						\
})
#define max3(a, b, c)	max(max(a, b), c)
#define min_t(T, a, b)		min((T)(a), (T)(b))
#define max_t(T, a, b)		max((T)(a), (T)(b))
#define clamp(x, lo, hi)	min(max(x, lo), hi)
#define clamp_t(T, x, lo, hi)	clamp((T)(x), (T)(lo), (T)(hi))

#define ilog2(n)		(63 - __builtin_clzll(n))
#define __ffs(n)		((unsigned long)__builtin_ctzl(n))
#define __fls(n)		((unsigned long)(BITS_PER_LONG - 1 - __builtin_clzl(n)))
#define ffz(n)			((unsigned long)__builtin_ctzl(~(n)))
#define hweight_long(n)		((unsigned long)__builtin_popcountl(n))
#define hweight32(n)		((unsigned int)__builtin_popcount(n))
#define is_power_of_2(n)	((n) && !((n) & ((n) - 1)))
#define div_u64(n, d)		((u64)(n) / (u32)(d))
#define div_u64_rem(n, d, rem)	(*(rem) = (u64)(n) % (u32)(d), div_u64(n, d))
#define div64_u64(n, d)		((u64)(n) / (u64)(d))

static inline int fls(unsigned int n)
{
	return n ? 32 - __builtin_clz(n) : 0;
}

static inline unsigned long roundup_pow_of_two(unsigned long n)
{
	return n <= 1 ? 1 : 1UL << (64 - __builtin_clzl(n - 1));
}

/* ---- bitmaps, one bit at a time ------------------------------------------ */

#define DECLARE_BITMAP(name, bits)	unsigned long name[BITS_TO_LONGS(bits)]

static inline bool test_bit(unsigned int i, const unsigned long *map)
{
	return map[i / BITS_PER_LONG] >> (i % BITS_PER_LONG) & 1;
}

static inline void set_bit(unsigned int i, unsigned long *map)
{
	map[i / BITS_PER_LONG] |= BIT(i % BITS_PER_LONG);
}

static inline void clear_bit(unsigned int i, unsigned long *map)
{
	map[i / BITS_PER_LONG] &= ~BIT(i % BITS_PER_LONG);
}

static inline bool test_and_clear_bit(unsigned int i, unsigned long *map)
{
	bool old = test_bit(i, map);

	clear_bit(i, map);
	return old;
}

#define __set_bit	set_bit

static inline bool __test_and_set_bit(unsigned int i, unsigned long *map)
{
	bool was = test_bit(i, map);

	set_bit(i, map);
	return was;
}
#define __clear_bit	clear_bit

static inline void bitmap_set(unsigned long *map, unsigned int i,
			      unsigned int n)
{
	while (n--)
		set_bit(i++, map);
}

static inline void bitmap_clear(unsigned long *map, unsigned int i,
				unsigned int n)
{
	while (n--)
		clear_bit(i++, map);
}

static inline unsigned long find_next_bit(const unsigned long *map,
					  unsigned long size, unsigned long i)
{
	while (i < size && !test_bit(i, map))
		i++;
	return min(i, size);
}

static inline unsigned long find_next_zero_bit(const unsigned long *map,
					       unsigned long size,
					       unsigned long i)
{
	while (i < size && test_bit(i, map))
		i++;
	return min(i, size);
}

#define find_first_bit(map, size)	find_next_bit(map, size, 0)
#define find_first_zero_bit(map, size)	find_next_zero_bit(map, size, 0)
#define for_each_set_bit(i, map, size)					\
	for ((i) = find_first_bit(map, size); (i) < (size);		\
	     (i) = find_next_bit(map, size, (i) + 1))

unsigned long bitmap_find_next_zero_area(unsigned long *map,
					 unsigned long size,
					 unsigned long start, unsigned int n,
					 unsigned long align_mask);

/* ---- atomics, lists ------------------------------------------------------ */

typedef struct { int counter; } atomic_t;
#define MAX_ERRNO			4095
#define ERR_PTR(err)			((void *)(long)(err))
#define PTR_ERR(p)			((long)(p))
#define IS_ERR(p)			((unsigned long)(p) >= (unsigned long)-MAX_ERRNO)

typedef struct { s64 counter; } atomic64_t;
typedef struct { long counter; } atomic_long_t;

#define atomic64_read(v)		__atomic_load_n(&(v)->counter, 5)
#define atomic64_set(v, n)		__atomic_store_n(&(v)->counter, n, 5)
#define atomic64_xchg(v, n)		__atomic_exchange_n(&(v)->counter, n, 5)
#define atomic64_inc(v)			atomic64_add(1, v)
#define atomic64_add(n, v)		((void)__atomic_add_fetch(&(v)->counter, n, 5))
#define atomic64_sub(n, v)		((void)__atomic_sub_fetch(&(v)->counter, n, 5))
#define atomic64_add_return(n, v)	__atomic_add_fetch(&(v)->counter, n, 5)
#define atomic64_xchg(v, n)		__atomic_exchange_n(&(v)->counter, n, 5)
#define atomic64_try_cmpxchg(v, old, n)	\
	__atomic_compare_exchange_n(&(v)->counter, old, n, false, 5, 5)
#define atomic64_xchg(v, n)		__atomic_exchange_n(&(v)->counter, n, 5)
#define atomic64_sub_return(n, v)	__atomic_sub_fetch(&(v)->counter, n, 5)
#define atomic_long_read		atomic64_read
#define atomic_long_add			atomic64_add
#define atomic_long_inc(v)		atomic64_add(1, v)
#define atomic_long_dec(v)		atomic64_sub(1, v)
#define atomic_read			atomic64_read

struct list_head { struct list_head *next, *prev; };
struct hlist_head { struct hlist_node *first; };
struct hlist_node { struct hlist_node *next, **pprev; };
struct llist_node { struct llist_node *next; };
struct llist_head { struct llist_node *first; };

static inline void init_llist_head(struct llist_head *list)
{
	list->first = NULL;
}

static inline void llist_add(struct llist_node *node, struct llist_head *list)
{
	node->next = list->first;
	list->first = node;
}

struct work_struct { int unused; };
struct delayed_work { struct work_struct work; };
/* there are no sections here */
#define CONFIG_TINY_SRCU	1
struct srcu_struct;

struct shrinker { unsigned int flags; };
struct rcu_head { struct rcu_head *next; };
typedef void (*rcu_callback_t)(struct rcu_head *head);

/* inlines of compat.h use these, but nothing here calls them */
struct lock_class_key;
int init_srcu_struct(struct srcu_struct *ssp);
void call_srcu(struct srcu_struct *ssp, struct rcu_head *head, rcu_callback_t func);
void srcu_expedite_current(struct srcu_struct *ssp);
void srcu_barrier(struct srcu_struct *ssp);

static inline void shrinker_register(struct shrinker *s)
{
	(void)s;
}

static inline void shrinker_free(struct shrinker *s)
{
	(void)s;
}

/* ---- complaints ---------------------------------------------------------- */

void shim_complain(const char *what, const char *file, int line)
	__attribute__((__noreturn__));

#define BUG_ON(x)							\
	((x) ? shim_complain("BUG_ON(" #x ")", __FILE__, __LINE__) : (void)0)
#define WARN_ON(x)							\
	((x) ? (shim_complain("WARN_ON(" #x ")", __FILE__, __LINE__), true) : false)
#define WARN_ON_ONCE		WARN_ON
#define RB_EMPTY_WARN		WARN_ON

/* ---- trace points: there are none ----------------------------------------- */

#define TP_PROTO(...)	__VA_ARGS__
#define TRACE_DEFINE_ENUM(value)
#define TRACE_EVENT(name, proto, ...)			\
	static inline void trace_##name(proto) { }
#define DECLARE_EVENT_CLASS(name, ...)
#define DEFINE_EVENT(class, name, proto, ...)		\
	static inline void trace_##name(proto) { }

/* ---- locks: one thread, but the rules of a raw spinlock hold ------------- */

typedef struct { bool held; } raw_spinlock_t;
typedef struct { bool held; } spinlock_t;

extern unsigned int shim_locks_held;
void shim_may_sleep(const char *what);
void shim_cond_resched(void);
void shim_lock(bool *held);
void shim_unlock(bool *held);

#define raw_spin_lock_init(l)			((l)->held = false)
#define spin_lock_init(l)			((l)->held = false)
#define raw_spin_lock(l)			shim_lock(&(l)->held)
#define raw_spin_unlock(l)			shim_unlock(&(l)->held)
#define raw_spin_lock_irqsave(l, flags)		((flags) = 0, shim_lock(&(l)->held))
#define raw_spin_unlock_irqrestore(l, flags)	((void)(flags), shim_unlock(&(l)->held))
#define raw_spin_lock_irq(l)			shim_lock(&(l)->held)
#define raw_spin_unlock_irq(l)			shim_unlock(&(l)->held)
#define spin_lock(l)				shim_lock(&(l)->held)
#define spin_unlock(l)				shim_unlock(&(l)->held)
#define raw_spin_trylock(l)			((l)->held ? false : (shim_lock(&(l)->held), true))
#define local_irq_save(flags)			((flags) = 0)
#define local_irq_restore(flags)		((void)(flags))
#define synchronize_rcu()			shim_may_sleep("synchronize_rcu")
#define rcu_read_lock()				barrier()
#define rcu_read_unlock()			barrier()
#define preempt_disable()			barrier()
#define preempt_enable()			barrier()
#define preemptible()				true
#define in_nmi()				false
#define in_hardirq()				false
#define ktime_get_ns()				0ULL
#define get_random_u32()			((u32)random() << 1)
struct rnd_state { u32 s1, s2, s3, s4; };
#define prandom_u32_state(state)		((void)(state), (u32)random() << 1)
#define reciprocal_scale(x, n)			((u32)((u64)(x) * (n) >> 32))
#define lockdep_assert_held(l)			BUG_ON(!(l)->held)
#define cond_resched()				shim_cond_resched()

#define spin_lock_bh(l)				spin_lock(l)
#define spin_unlock_bh(l)			spin_unlock(l)

#define DEFINE_MUTEX(m)				int m
#define mutex_lock(m)				((void)(m))
#define mutex_unlock(m)				((void)(m))
#define memalloc_noreclaim_save()		0U
#define memalloc_noreclaim_restore(flags)	((void)(flags))
#define might_sleep()				shim_may_sleep("might_sleep")

#define ktime_get_mono_fast_ns()	((u64)0)

/* ---- guards --------------------------------------------------------------- */

#define __cleanup(fn)		__attribute__((__cleanup__(fn)))
#define __free(name)		__cleanup(__free_##name)
#define DEFINE_FREE(name, type, free)					\
	static inline void __free_##name(void *p) { type _T = *(type *)p; free; }
#define DEFINE_GUARD(name, type, lock, unlock)				\
	typedef type class_##name##_t;					\
	static inline void class_##name##_end(type *p) { type _T = *p; unlock; } \
	static inline type class_##name##_begin(type _T) { lock; return _T; }
/* a guard without an argument */
#define SHIM_GUARD_0(name, lock, unlock)				\
	typedef bool class_##name##_t;					\
	static inline void class_##name##_end(bool *p) { (void)p; unlock; } \
	static inline bool class_##name##_begin(void) { lock; return true; }
#define shim_paste_(a, b)	a##b
#define shim_paste(a, b)	shim_paste_(a, b)
#define CLASS(name, var)						\
	class_##name##_t var __cleanup(class_##name##_end) = class_##name##_begin
#define guard(name)		CLASS(name, shim_paste(shim_guard_, __COUNTER__))
#define scoped_guard(name, args...)					\
	for (CLASS(name, scope)(args), *done = NULL; !done; done = (void *)1)

DEFINE_GUARD(raw_spinlock_irq, raw_spinlock_t *, raw_spin_lock_irq(_T),
	     raw_spin_unlock_irq(_T))
/* interrupts are not simulated, so there are no flags to keep */
DEFINE_GUARD(raw_spinlock_irqsave, raw_spinlock_t *, raw_spin_lock(_T),
	     raw_spin_unlock(_T))
DEFINE_GUARD(mutex, int *, mutex_lock(_T), mutex_unlock(_T))
SHIM_GUARD_0(preempt, preempt_disable(), preempt_enable())
SHIM_GUARD_0(rcu, rcu_read_lock(), rcu_read_unlock())

/* ---- memory -------------------------------------------------------------- */

#ifndef PAGE_SHIFT
#define PAGE_SHIFT	12
#endif
#define PAGE_SIZE	(1UL << PAGE_SHIFT)
/* one of the two builds has kmemleak, which makes kgc zero free slots */
#if PAGE_SHIFT == 12
#define CONFIG_DEBUG_KMEMLEAK	1
#endif
/* RAM may begin far above PAGE_OFFSET, as on arm64 */
#define PAGE_OFFSET	(shim_page_offset - (1UL << 46))
#define MAX_PAGE_ORDER	10

#define NUMA_NO_NODE	(-1)
#define GFP_KERNEL	1U
#define GFP_ATOMIC	2U
#define GFP_NOWAIT	4U
#define __GFP_ZERO	8U
#define __GFP_COMP	16U
#define __GFP_NOWARN	32U
#define __GFP_NORETRY	64U
#define __GFP_ACCOUNT	128U
#define __GFP_RECLAIM	256U
#define __GFP_RETRY_MAYFAIL	512U
#define __GFP_NOFAIL	1024U
#define __GFP_DIRECT_RECLAIM	2048U
#define __GFP_THISNODE	4096U
#define __GFP_HIGH	8192U
#define __GFP_NOMEMALLOC	16384U
#define __GFP_IO	32768U
#define __GFP_FS	65536U
#define __GFP_MEMALLOC	131072U
#define want_init_on_alloc(gfp)	(!!((gfp) & __GFP_ZERO))
#define want_init_on_free()	false
#define gfpflags_allow_blocking(gfp)	(!!((gfp) & (GFP_KERNEL | __GFP_DIRECT_RECLAIM)))
#define pr_warn_once(...)	((void)fprintf(stderr, __VA_ARGS__))
#define GFP_KERNEL_ACCOUNT	(GFP_KERNEL | __GFP_ACCOUNT)
#define SLAB_TYPESAFE_BY_RCU	1U
#define SLAB_ACCOUNT	2U
#define SLAB_HWCACHE_ALIGN	4U

/* two CPUs, one node */
#define shim_cpus			2
#define nr_node_ids			1
#define for_each_possible_cpu(cpu)	for ((cpu) = 0; (cpu) < shim_cpus; (cpu)++)
#define for_each_node(nid)		for ((nid) = 0; (nid) < nr_node_ids; (nid)++)
#define for_each_online_node(nid)	for_each_node(nid)
#define MAX_NUMNODES			nr_node_ids
#define first_node(map)			0
#define next_node(nid, map)		((nid) + 1)
#define node_online(nid)		true
#define node_state(nid, state)		((void)(nid), true)
#define for_each_node_state(nid, state)	for_each_node(nid)
#define node_distance(from, to)		((from) == (to) ? 10 : 20)
#define num_online_nodes()		nr_node_ids
#define num_possible_cpus()		shim_cpus
#define __alloc_percpu_gfp(n, align, gfp)	((void)(align), kzalloc(shim_cpus * (n), gfp))
#define free_percpu			shim_free
#define per_cpu_ptr(p, cpu)		(&(p)[cpu])
#define this_cpu_ptr(p)			(&(p)[0])
#define raw_smp_processor_id()		0
#define cpu_to_mem(cpu)			((void)(cpu), 0)
#define for_each_online_node(nid)	for_each_node(nid)

#define __read_mostly
#define PFN_PHYS(pfn)			((unsigned long)(pfn) << PAGE_SHIFT)
#define __va(physical)			((void *)(physical))

struct shim_node { unsigned long node_start_pfn, node_spanned_pages; };
extern struct shim_node shim_node;
#define NODE_DATA(nid)			((void)(nid), &shim_node)

/* machine pages that kgc reported as reclaimable */
extern long shim_reclaimable;
#define NR_KERNEL_MISC_RECLAIMABLE	0
#define __mod_node_page_state(node, item, delta)	\
	((void)(node), (void)(item), (void)(shim_reclaimable += (delta)))

struct page { bool used, announced; u8 order; };

extern unsigned long shim_page_offset;
extern void *high_memory;

void *shim_alloc(size_t bytes, bool zero);
void shim_free(const void *p);

#define kmalloc(n, gfp)			((void)(gfp), shim_alloc(n, false))
#define kzalloc(n, gfp)			((void)(gfp), shim_alloc(n, true))
#define kmalloc_node(n, gfp, nid)	((void)(nid), kmalloc(n, gfp))
#define kzalloc_node(n, gfp, nid)	((void)(nid), kzalloc(n, gfp))
#define kcalloc(n, size, gfp)		kzalloc((n) * (size), gfp)
#define kvcalloc(n, size, gfp)		kzalloc((n) * (size), gfp)
#define kvzalloc(n, gfp)		kzalloc(n, gfp)
#define kvzalloc_node(n, gfp, nid)	kzalloc_node(n, gfp, nid)
#define kvmalloc(n, gfp)		kmalloc(n, gfp)
#define kfree				shim_free
#define kvfree				shim_free

struct kmem_cache;
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size,
				     unsigned int align, unsigned int flags,
				     void (*ctor)(void *));
void kmem_cache_destroy(struct kmem_cache *cache);
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp);
void kmem_cache_free(struct kmem_cache *cache, void *p);
#define kmem_cache_alloc_node(cache, gfp, nid)	\
	((void)(nid), kmem_cache_alloc(cache, gfp))

struct list_lru;
#define kmem_cache_alloc_lru(cache, lru, gfp)	\
	((void)(lru), kmem_cache_alloc(cache, gfp))

struct page *alloc_pages_node(int nid, gfp_t gfp, unsigned int order);
void __free_pages(struct page *page, unsigned int order);
void split_page(struct page *page, unsigned int order);
void *page_address(const struct page *page);
struct page *virt_to_page(const void *addr);

static inline unsigned int get_order(unsigned long bytes)
{
	unsigned long pages = (bytes + PAGE_SIZE - 1) >> PAGE_SHIFT;

	return ilog2(roundup_pow_of_two(pages));
}

void kmemleak_alloc(const void *p, size_t bytes, int min_count, gfp_t gfp);
void kmemleak_free(const void *p);
void kmemleak_free_part(const void *p, size_t bytes);
#define kmemleak_not_leak(p)	((void)(p))
#define kmemleak_ignore(p)	((void)(p))
#define kasan_reset_tag(p)	(p)

#define KERNEL_VERSION(a, b, c)	(((a) << 16) + ((b) << 8) + (c))
#define LINUX_VERSION_CODE	KERNEL_VERSION(7, 0, 0)

/* no memcg is charged */
struct mem_cgroup;
static inline struct mem_cgroup *set_active_memcg(struct mem_cgroup *memcg)
{
	return memcg;
}
#define get_mem_cgroup_from_mm(mm)	((struct mem_cgroup *)NULL)
#define parent_mem_cgroup(memcg)	(memcg)
#define mem_cgroup_put(memcg)		((void)(memcg))

/* ---- for the tests ------------------------------------------------------- */

/* Whether to shorten tests that take long. */
#define SHIM_SLOW	0

/* This shim can fragment memory and make requests fail. */
#define SHIM_FAILS	1

/* Return: memory for the slots of a span without an arena. */
static inline char *shim_slots(size_t bytes)
{
	return aligned_alloc(8192, bytes);
}

static inline void shim_slots_done(char *slots, size_t bytes)
{
	(void)bytes;
	free(slots);
}

/* Let the test access free slots. */
#define shim_open(slots, bytes)	((void)(slots))

/* Where the shim takes the next block of "RAM" from. */
enum shim_policy { SHIM_LOWEST, SHIM_HIGHEST, SHIM_RANDOM };

void shim_ram_init(unsigned int mib);
void shim_ram_exit(void);
void shim_ram_policy(enum shim_policy policy);
/* Occupy one frame in @step, so that no larger blocks exist. */
void shim_ram_fragment(unsigned int step);
void shim_ram_defragment(void);
unsigned long shim_ram_used(void);	/* bytes; without frames that only fragment */
long shim_live_allocations(void);
/* Most calls that freed memory between two cond_resched(), since the last call of this. */
unsigned long shim_freed_at_once(void);
/* Make the @nth request from now on fail; 0: none. */
void shim_fail_nth(unsigned int nth);
bool shim_fail_happened(void);

#endif /* HOST_SHIM_H */
