/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The allocation profile: which code allocated what, and what of it is alive, from a sample
 * of the objects. alloc/sample.h says which objects are sampled.
 */
#ifndef _KGC_PROFILE_H
#define _KGC_PROFILE_H

#include <linux/list.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "../compat.h"

struct kgc_heap;

#define KGC_PROFILE_DEPTH	32	/* addresses of a stack */
#define KGC_PROFILE_SITES	4096	/* sites of a heap */
#define KGC_PROFILE_LIVE	65536	/* samples of a heap that are alive */
#define KGC_PROFILE_BUCKETS	256

/**
 * struct kgc_site - samples that are alike; lives as long as the heap
 * @next: next site of the same bucket
 * @newer: the site that was made next
 * @hash: of @key and @stack
 * @key: what is alike besides the stack
 * @key.type: number of the type
 * @key.bytes: bytes of a slot
 * @key.rate: one byte in so many was sampled
 * @key.pid: process of the task, 0 for an interrupt
 * @key.depth: addresses in @stack
 * @comm: name of the task at the first sample, or "interrupt"
 * @allocated: samples ever
 * @live: samples whose object was not yet found dead
 * @stack: return addresses, innermost first
 *
 * The lock of struct kgc_profile guards all that changes.
 */
struct kgc_site {
	struct kgc_site		*next;
	struct kgc_site		*newer;
	u32			hash;
	struct kgc_site_key {
		u32		type;
		u32		bytes;
		u32		rate;
		s32		pid;
		u32		depth;
	} key;
	char			comm[TASK_COMM_LEN];
	u64			allocated;
	u64			live;
	unsigned long		stack[];
};

/**
 * struct kgc_profile_sums - counters of a profile
 * @sites: sites
 * @live: samples whose object is alive
 * @samples: samples ever
 * @skipped: objects that were not sampled because their context may not allocate memory
 * @dropped: samples that were lost because memory, a limit or a table was full
 */
struct kgc_profile_sums {
	u64	sites;
	u64	live;
	u64	samples;
	u64	skipped;
	u64	dropped;
};

/**
 * struct kgc_profile - the allocation profile of a heap
 * @lock: guards the members that name it; leaf, any context
 * @seed: of the hash, so that no program can choose sites that share a bucket
 * @bucket: KGC_PROFILE_BUCKETS lists of sites; NULL before the first sample
 * @oldest: the first site
 * @newest: the last site
 * @sums: counters
 * @live: samples whose object is alive. Any context appends, and only the state machine
 *	removes
 * @at: the last entry of @live that this cycle has looked at; only the state machine uses it
 * @cycle: the cycle of @at
 */
struct kgc_profile {
	raw_spinlock_t		lock;
	u32			seed;
	struct kgc_site		**bucket __guarded_by(&lock);
	struct kgc_site		*oldest __guarded_by(&lock);
	struct kgc_site		*newest __guarded_by(&lock);
	struct kgc_profile_sums	sums __guarded_by(&lock);
	struct list_head	live __guarded_by(&lock);
	struct list_head	*at;
	u64			cycle;
};

void kgc_profile_init(struct kgc_heap *heap);
void kgc_profile_destroy(struct kgc_heap *heap);
bool kgc_profile_scan_some(struct kgc_heap *heap, u64 cycle);
void kgc_profile_sums(struct kgc_heap *heap, struct kgc_profile_sums *sums);
const struct kgc_site *kgc_profile_next(struct kgc_heap *heap, const struct kgc_site *site);
void kgc_profile_read(struct kgc_heap *heap, const struct kgc_site *site, u64 *allocated,
		      u64 *live);

#endif /* _KGC_PROFILE_H */
