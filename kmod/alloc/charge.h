/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whom a heap's memory is charged to: the cgroup it was opened in, whichever
 * task or interrupt happens to need more.
 *
 * Between begin and end the task, or the interrupts of this CPU, charge that
 * cgroup for all they allocate with __GFP_ACCOUNT.
 */
#ifndef _KGC_CHARGE_H
#define _KGC_CHARGE_H

#include <linux/memcontrol.h>
#include <linux/sched/mm.h>

struct kgc_allocator;

static inline struct mem_cgroup *kgc_charge_begin(struct mem_cgroup *memcg)
{
	return memcg ? set_active_memcg(memcg) : NULL;
}

static inline void kgc_charge_end(struct mem_cgroup *memcg,
				  struct mem_cgroup *old)
{
	if (memcg)
		set_active_memcg(old);
}

/* Whether this task is between begin and end, or anybody else's like of it. */
static inline bool kgc_charging(void)
{
#ifdef CONFIG_MEMCG
	return current->active_memcg;
#else
	return false;
#endif
}

/*
 * The cgroup of the current process, for a heap whose memory is asked for with
 * @gfp; NULL for one that is charged to nobody. Context: process context.
 */
static inline struct mem_cgroup *kgc_charge_owner(gfp_t gfp)
{
	return gfp & __GFP_ACCOUNT ? get_mem_cgroup_from_mm(current->mm) : NULL;
}

gfp_t kgc_charge_gfp(const struct kgc_allocator *a, gfp_t gfp);

#endif /* _KGC_CHARGE_H */
