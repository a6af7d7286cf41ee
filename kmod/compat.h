/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Only this file knows kernel versions or uses private kernel interfaces. It hides a
 * difference between versions behind a function with the newest kernel's name, or behind
 * a kgc_ function.
 */
#ifndef _KGC_COMPAT_H
#define _KGC_COMPAT_H

#include <linux/cleanup.h>	/* in 6.1 since 6.1.79 */
#include <linux/device.h>
#include <linux/list_lru.h>
#include <linux/memcontrol.h>
#include <linux/mm.h>
#include <linux/mmzone.h>
#include <linux/sched.h>
#include <linux/shrinker.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/srcu.h>
#include <linux/stacktrace.h>
#include <linux/version.h>
#include <linux/workqueue.h>

/* ---- interfaces of newer kernels ------------------------------------------- */

/*
 * Names the lock that guards a member. Every write holds the lock. So does every read, unless
 * the member's kernel-doc says that it is read without the lock. Code that sets a structure
 * up or ends it, when no other thread can reach it, needs no lock. clang checks the accesses
 * in kernels that enable that.
 */
#ifndef __guarded_by
#define __guarded_by(...)
#endif

/*
 * Newer kernels have these guards, under the names spinlock_bh and kvfree. Stable kernels
 * gain guards, too: 6.12.37 gained spinlock_bh. So a kernel's version does not say which
 * guards it has, and kgc defines these two under names of its own.
 */
DEFINE_GUARD(kgc_spin_bh, spinlock_t *, spin_lock_bh(_T), spin_unlock_bh(_T))
DEFINE_FREE(kgc_kvfree, void *, if (_T) kvfree(_T))

/*
 * sparse does not know the attribute of a guard: it sees a lock that is taken and never
 * dropped. The compiler drops it where the scope ends, so there is nothing to check, and
 * sparse sees no lock here. It still complains if code drops the lock of a guard by hand.
 */
#ifdef __CHECKER__
#undef guard
#define guard(name)		kgc_unseen_lock
#define kgc_unseen_lock(args...)	((void)0, ##args)
#endif

/*
 * Save up to @most addresses of the current stack, innermost first. Return: how many; 0 on
 * a kernel that cannot tell.
 */
static inline unsigned int kgc_stack_save(unsigned long *stack, unsigned int most)
{
#ifdef CONFIG_STACKTRACE
	return stack_trace_save(stack, most, 0);
#else
	return 0;
#endif
}

/* Largest order of the buddy allocator; MAX_ORDER was exclusive until 6.4. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define MAX_PAGE_ORDER	(MAX_ORDER - 1)
#elif LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define MAX_PAGE_ORDER	MAX_ORDER
#endif

/* GFP_ATOMIC contains this flag in kernels before 6.3, which dropped it. */
#ifndef __GFP_ATOMIC
#define __GFP_ATOMIC	((__force gfp_t)0)
#endif

/* 6.2 made call_rcu() lazy, and added call_rcu_hurry() for callbacks that must run soon. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define call_rcu_hurry	call_rcu
#endif

/* Since 6.4 this tells lockdep that a thread waits for SRCU readers. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 4, 0)
#define srcu_lock_sync(map)	do { } while (0)
#endif

/* init_srcu_struct() with a lockdep class of the caller. */
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
 * call_srcu() with an expedited grace period. Since 6.19 a callback's grace period can be
 * expedited. Earlier kernels expedite only while a thread waits, so there this is plain
 * call_srcu(). In newer kernels SRCU's irq_work decides whether the grace period begins
 * with a sleep of a tick. Interrupts are off, so that the irq_work runs after
 * srcu_expedite_current(). On PREEMPT_RT that would not help: irq_work runs in a thread.
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
 * Wait until every SRCU callback of @ssp has run. No thread queues new ones any more. The
 * callback of srcu_expedite_current() may queue itself once more: the second barrier
 * waits for that one.
 */
static inline void kgc_srcu_drain(struct srcu_struct *ssp)
{
	srcu_barrier(ssp);
	if (KGC_CALLS_SRCU_EXPEDITED)
		srcu_barrier(ssp);
}

/*
 * Since 6.8 the functions without "_obj" take the cgroup and the node of the item as
 * arguments. Before 6.13 the callback of a walk gets the list's lock as an argument.
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

/* Free a shrinker whose registration failed. */
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

/* Give @work a lockdep class of the caller. Older kernels have no initializer for it. */
static inline void kgc_work_class(struct work_struct *work, const char *name,
				  struct lock_class_key *key)
{
#ifdef CONFIG_LOCKDEP
	lockdep_init_map(&work->lockdep_map, name, key, 1);
#endif
}

/* ---- private kernel interfaces ---------------------------------------------
 *
 * The kernel's headers show these interfaces, but they are not meant for modules. Each
 * comment says why kgc needs the interface, and what would replace it.
 */

/*
 * Whether any reader is inside on @side of SRCU. @ended receives the number of readers
 * that have ended on that side so far. The result is a hint, because the counters change
 * while the loop adds them up. Tiny SRCU does not poll for readers, so for it the answer
 * is always no.
 *
 * Why: an expedited grace period polls for readers, so kgc first gives them time to
 * leave. Replaced by: an SRCU function that says whether readers are left.
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
 * Bytes that SRCU allocates for a domain, per possible CPU.
 *
 * Why: they count against a heap's limits. Replaced by: a size that SRCU reports.
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
 * The lowest limit of @memcg and its ancestors, in bytes; U64_MAX if none has a limit.
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
 * Whether the limit of @memcg or of an ancestor leaves no room for @pages more. The root
 * has no limit.
 *
 * Why: reclaim waits for a cycle only if the OOM killer would run otherwise. Replaced by:
 * a shrinker callback that gets the urgency of reclaim as an argument.
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
 * Whether set_active_memcg() is in effect for this task.
 *
 * Why: reclaim for an allocation by a heap must not wait for a cycle.
 * Replaced by: a function that reads what set_active_memcg() has set.
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
 * Take a reference to @memcg, which may be NULL, for mem_cgroup_put(). Context: any.
 *
 * Why: mem_cgroup_tryget() may fail, so a caller would need an error path. A caller that
 * holds a reference already needs none. Replaced by: mem_cgroup_get().
 */
static inline void kgc_memcg_get(struct mem_cgroup *memcg)
{
#ifdef CONFIG_MEMCG
	if (memcg)
		css_get(&memcg->css);
#endif
}

/*
 * Get the cgroup that the kernel page @page is charged to now, or NULL. The kernel looks
 * up the cgroup of a slab object in the same way. Context: any but NMI.
 *
 * Why: once its cgroup is removed, a heap charges the parent. The obj_cgroup leads to the
 * parent. A module cannot hold an obj_cgroup, but a page that is charged holds one.
 * Replaced by: exports of get_mem_cgroup_from_objcg() and related functions.
 */
static inline struct mem_cgroup *kgc_page_memcg_get(struct page *page)
{
	struct mem_cgroup *memcg = NULL;
#ifdef CONFIG_MEMCG
	rcu_read_lock();
	/* css_tryget() fails until a removed cgroup's charges have moved to its parent */
	do
		memcg = page_memcg_check(page);
	while (memcg && !css_tryget(&memcg->css));
	rcu_read_unlock();
#endif
	return memcg;
}

#ifdef CONFIG_KASAN_GENERIC
/*
 * The kernel exports this function, but declares it in a header private to mm/kasan.
 *
 * Why: kgc poisons the slots of a span one by one. Replaced by: a kasan_mempool_*()
 * function for allocators in modules.
 */
void kasan_poison(const void *addr, size_t size, u8 value, bool init);
#endif

#endif /* _KGC_COMPAT_H */
