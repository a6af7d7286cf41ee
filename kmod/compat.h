/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The only file that knows kernel versions or uses private kernel interfaces. A
 * difference between versions is bridged by a function with the newest kernel's name,
 * or by one of ours.
 */
#ifndef _KGC_COMPAT_H
#define _KGC_COMPAT_H

#include <linux/device.h>
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/srcu.h>
#include <linux/version.h>
#include <linux/workqueue.h>

/* ---- interfaces of newer kernels ------------------------------------------- */

/* Says which lock guards a member; checked by clang where the kernel asks it to. */
#ifndef __guarded_by
#define __guarded_by(...)
#endif

/* Largest order of the buddy allocator; MAX_ORDER was exclusive until 6.4. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define MAX_PAGE_ORDER	(MAX_ORDER - 1)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define MAX_PAGE_ORDER	MAX_ORDER
#endif

/* Part of GFP_ATOMIC until 6.3. */
#ifndef __GFP_ATOMIC
#define __GFP_ATOMIC	((__force gfp_t)0)
#endif

/* Lazy callbacks, and the way round them, came in 6.2. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define call_rcu_hurry	call_rcu
#endif

/* That a thread waits for SRCU's readers is known to lockdep since 6.4. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define srcu_lock_sync(map)	do { } while (0)
#endif

/* init_srcu_struct() with a class of the caller's; an interface of <linux/srcu.h> itself. */
static inline int kgc_srcu_init(struct srcu_struct *ssp, const char *name,
				struct lock_class_key *key)
{
#ifdef CONFIG_DEBUG_LOCK_ALLOC
	return __init_srcu_struct(ssp, name, key);
#else
	return init_srcu_struct(ssp);
#endif
}

/*
 * call_srcu() with an expedited grace period. Since 6.19 one that has been asked for can
 * be expedited. Earlier kernels expedite only while a thread waits, so there this is
 * call_srcu(). Interrupts are off so that SRCU's irq_work, which decides whether to sleep
 * for a tick first, finds it expedited; on PREEMPT_RT irq_work runs in a thread anyway.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 19, 0)
#define KGC_CALLS_SRCU_EXPEDITED	false

static inline void kgc_call_srcu_expedited(struct srcu_struct *ssp,
					   struct rcu_head *rcu,
					   rcu_callback_t func)
{
	call_srcu(ssp, rcu, func);
}
#else
#define KGC_CALLS_SRCU_EXPEDITED	true

static inline void kgc_call_srcu_expedited(struct srcu_struct *ssp,
					   struct rcu_head *rcu,
					   rcu_callback_t func)
{
	unsigned long flags = 0;

	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_save(flags);
	call_srcu(ssp, rcu, func);
	srcu_expedite_current(ssp);
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		local_irq_restore(flags);
}
#endif

/*
 * Every callback of SRCU has run, and none is asked for any more. One that was to
 * expedite may ask for one more of its kind as it runs: those take a second barrier.
 */
static inline void kgc_srcu_drain(struct srcu_struct *ssp)
{
	srcu_barrier(ssp);
	if (KGC_CALLS_SRCU_EXPEDITED)
		srcu_barrier(ssp);
}

/*
 * Without "_obj" they are for items whose cgroup and node the caller names, since
 * 6.8. A walk's callback was given the lock of the list until 6.13.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define list_lru_add_obj	list_lru_add
#define list_lru_del_obj	list_lru_del
#endif
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#define KGC_LRU_LOCK_ARG	spinlock_t *lock,
#else
#define KGC_LRU_LOCK_ARG
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 7, 0)
/* The shrinker_alloc() interface over the embedded structure of older kernels. */
static inline struct shrinker *shrinker_alloc(unsigned int flags,
					      const char *name)
{
	struct shrinker *s = kzalloc(sizeof(*s), GFP_KERNEL);

	if (s) {
		s->flags = flags;
		s->seeks = DEFAULT_SEEKS;
	}
	return s;
}

static inline int kgc_shrinker_register(struct shrinker *s, const char *name)
{
	return register_shrinker(s, "%s", name);
}

/* Of one that could not be registered. */
static inline void kgc_shrinker_cancel(struct shrinker *s)
{
	kfree(s);
}

static inline void shrinker_free(struct shrinker *s)
{
	unregister_shrinker(s);
	kfree(s);
}
#else
static inline int kgc_shrinker_register(struct shrinker *s, const char *name)
{
	shrinker_register(s);
	return 0;
}

static inline void kgc_shrinker_cancel(struct shrinker *s)
{
	shrinker_free(s);
}
#endif

/* A lockdep class of the caller's for @work; older kernels have no such initializer. */
static inline void kgc_work_class(struct work_struct *work, const char *name,
				  struct lock_class_key *key)
{
#ifdef CONFIG_LOCKDEP
	lockdep_init_map(&work->lockdep_map, name, key, 1);
#endif
}

/* ---- private kernel interfaces ---------------------------------------------
 *
 * What the kernel's headers show, but no module is meant to use. Each says why kgc
 * needs it, and what would replace it.
 */

/*
 * Whether sections are under way on one side of SRCU, and how many have @ended there so
 * far; SRCU has no function for it. A hint: it adds up counters that change meanwhile,
 * and what they are differs from kernel to kernel. Tiny SRCU does not look for sections
 * busily.
 *
 * Why: an expedited grace period polls for readers, so it begins when they have had time
 * to leave. Replaced by: an SRCU call that says whether readers are left.
 */
static inline bool kgc_srcu_busy(const struct srcu_struct *ssp,
				 unsigned int side, unsigned long *ended)
{
	unsigned long begun = 0;
#ifndef CONFIG_TINY_SRCU
	int cpu;
#endif

	*ended = 0;
#ifndef CONFIG_TINY_SRCU
	for_each_possible_cpu(cpu) {
		const struct srcu_data *sdp = per_cpu_ptr(ssp->sda, cpu);

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
		begun += READ_ONCE(sdp->srcu_lock_count[side]);
		*ended += READ_ONCE(sdp->srcu_unlock_count[side]);
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
		begun += atomic_long_read(&sdp->srcu_lock_count[side]);
		*ended += atomic_long_read(&sdp->srcu_unlock_count[side]);
#else
		begun += atomic_long_read(&sdp->srcu_ctrs[side].srcu_locks);
		*ended += atomic_long_read(&sdp->srcu_ctrs[side].srcu_unlocks);
#endif
	}
#endif
	return begun != *ended;
}

/*
 * What SRCU allocates for a domain, per possible CPU.
 *
 * Why: it counts against a heap's limits. Replaced by: SRCU's own account.
 */
static inline size_t kgc_srcu_bytes(void)
{
#ifdef CONFIG_TREE_SRCU
	return sizeof(struct srcu_data);
#else
	return 0;
#endif
}

/*
 * The least limit of @memcg and those above it, in bytes; U64_MAX is none.
 *
 * Why: a heap's goal stays below what its cgroup allows. Replaced by: a reader of
 * memory.max.
 */
static inline u64 kgc_memcg_limit(struct mem_cgroup *memcg)
{
#ifdef CONFIG_MEMCG
	unsigned long pages = PAGE_COUNTER_MAX;

	for (; memcg && parent_mem_cgroup(memcg); memcg = parent_mem_cgroup(memcg))
		pages = min(pages, READ_ONCE(memcg->memory.max));
	if (pages != PAGE_COUNTER_MAX)
		return (u64)pages << PAGE_SHIFT;
#endif
	return U64_MAX;
}

/*
 * Whether @memcg or one above it cannot grow by @pages. The root has no limit.
 *
 * Why: before the OOM killer, reclaim waits for a cycle. Replaced by: a shrinker that is
 * told how urgent reclaim is.
 */
static inline bool kgc_memcg_full(struct mem_cgroup *memcg, unsigned long pages)
{
#ifdef CONFIG_MEMCG
	for (; memcg && parent_mem_cgroup(memcg); memcg = parent_mem_cgroup(memcg))
		if (page_counter_read(&memcg->memory) + pages > READ_ONCE(memcg->memory.max))
			return true;
#endif
	return false;
}

/*
 * Whether this task charges a cgroup that set_active_memcg() has named.
 *
 * Why: reclaim on behalf of a heap's own allocation does not wait for that heap.
 * Replaced by: a reader beside set_active_memcg().
 */
static inline bool kgc_memcg_active(void)
{
#ifdef CONFIG_MEMCG
	return current->active_memcg;
#else
	return false;
#endif
}

/*
 * Take a reference to @memcg, or to none if NULL, for mem_cgroup_put(). Context: any.
 *
 * Why: mem_cgroup_tryget() may fail, where the caller holds a reference already.
 * Replaced by: mem_cgroup_get().
 */
static inline void kgc_memcg_get(struct mem_cgroup *memcg)
{
#ifdef CONFIG_MEMCG
	if (memcg)
		css_get(&memcg->css);
#endif
}

/*
 * A reference to the cgroup that @page, a page of the kernel, is charged to now; NULL if
 * none is. The kernel looks objects' cgroups up like this. Context: any but NMI.
 *
 * Why: a heap charges its cgroup's parent once the cgroup is removed, and a module cannot
 * hold the obj_cgroup that tells which that is. A page that is charged does. Replaced by:
 * get_mem_cgroup_from_objcg() and its like, exported.
 */
static inline struct mem_cgroup *kgc_page_memcg_get(struct page *page)
{
	struct mem_cgroup *memcg = NULL;
#ifdef CONFIG_MEMCG
	rcu_read_lock();
	/* a cgroup on its way out is there until its charges are its parent's */
	do
		memcg = page_memcg_check(page);
	while (memcg && !css_tryget(&memcg->css));
	rcu_read_unlock();
#endif
	return memcg;
}

#ifdef CONFIG_KASAN_GENERIC
/*
 * Exported, but declared in a header private to mm/kasan.
 *
 * Why: slots of a span are poisoned one by one. Replaced by: a kasan_mempool_*() call
 * for allocators of modules.
 */
void kasan_poison(const void *addr, size_t size, u8 value, bool init);
#endif

#endif /* _KGC_COMPAT_H */
