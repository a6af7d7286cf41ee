/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One heap: an allocator, types, roots, and a collector for them.
 */
#ifndef _KGC_HEAP_H
#define _KGC_HEAP_H

#include <linux/kgc.h>
#include <linux/mutex.h>

#include "../uapi/linux/kgc.h"

#include "alloc/alloc.h"
#include "gc/cycle.h"
#include "gc/handle.h"
#include "gc/mark.h"
#include "gc/pace.h"
#include "gc/root.h"
#include "gc/section.h"
#include "gc/tracer.h"
#include "gc/type.h"
#include "gc/verify.h"
#include "gc/weak.h"
#include "gc/finalize.h"
#include "compat.h"

#define KGC_HEAP_NAME	32

/* The largest object: what one arena can hold. */
#define KGC_MAX_OBJECT	(PAGE_SIZE << min_t(unsigned int, MAX_PAGE_ORDER, \
					    KGC_REGION_SHIFT - PAGE_SHIFT))

/**
 * struct kgc_heap_options - what KGC_OPTION_SET changes, limits excepted
 * @gogc: growth in percent; KGC_GOGC_OFF
 * @period_ms: longest time between cycles; 0 is never
 * @cpu_percent: of all CPUs, for background marking
 * @verify: 1: check every mark phase; 2: and trace, with sections waiting
 * @track_sections: remember who is inside
 * @scavenge: enum kgc_scavenge_policy
 */
struct kgc_heap_options {
	u64		gogc;
	unsigned long	period_ms;
	unsigned int	cpu_percent;
	unsigned int	verify;
	unsigned int	track_sections;
	unsigned int	scavenge;
};

/**
 * struct kgc_heap - a heap
 * @front: what kgc_enter() reads; the first member
 * @alloc: the allocator
 * @opt: options
 * @types: types
 * @roots: root ranges
 * @handles: what userspace holds
 * @marking: mark phase
 * @cycle: the collector's state machine
 * @pace: when it runs, and how fast
 * @weaks: weak references
 * @finals: finalizers
 * @verify: the verifier
 * @trace: the verifier's tracer
 * @sections: who is inside
 * @sweep_at: node and span class the background sweep has come to
 * @dying: no further step of the collector
 * @reclaimers: who has found it in reclaim and is not done with it
 * @in_vain: until then (jiffies) reclaim waits for no cycle, as it did in vain
 * @id: number, for people
 * @name: for people
 * @owner: module that created the heap
 * @created_ns: monotonic time
 * @link: on the list of all heaps; guarded by its lock
 * @dir: debugfs directory
 */
struct kgc_heap {
	struct kgc_heap_front	front;
	struct kgc_allocator	alloc;
	struct kgc_heap_options	opt;
	struct kgc_types	types;
	struct kgc_roots	roots;
	struct kgc_handles	handles;
	struct kgc_marking	marking;
	struct kgc_cycle	cycle;
	struct kgc_pace		pace;
	struct kgc_weaks	weaks;
	struct kgc_finals	finals;
	struct kgc_verify	verify;
	struct kgc_trace	trace;
	struct kgc_sections	sections;
	unsigned int		sweep_at;
	bool			dying;
	atomic_t		reclaimers;
	unsigned long		in_vain;
	u32			id;
	char			name[KGC_HEAP_NAME];
	struct module		*owner;
	u64			created_ns;
	struct list_head	link;
	struct dentry		*dir;
};

static_assert(offsetof(struct kgc_heap, front) == 0);

/*
 * The mode that allocators are given, and hand on to kgc_pace_pressure(), has the
 * side of SRCU that the section is on in a bit of its own.
 */
#define KGC_MODE_SIDE	32U

static_assert(!(KGC_MODE_SIDE & (KGC_MODE_SHADE | KGC_MODE_BLACK |
				 KGC_MODE_SETTLE | KGC_MODE_TRACK)));

static inline unsigned int kgc_sided_mode(struct kgc_section s)
{
	return s.mode | (s.srcu & 1 ? KGC_MODE_SIDE : 0);
}

struct kgc_heap *kgc_heap_new(const char *name, struct module *owner,
			      gfp_t gfp);
void kgc_heap_trim(struct kgc_heap *heap);
void kgc_heap_stats(struct kgc_heap *heap, struct kgc_stats *stats);
u64 kgc_heap_tiny_allocs(struct kgc_heap *heap);
int kgc_heaps_init(void);
void kgc_heaps_exit(void);

/* Every heap, with the list locked. */
extern struct list_head kgc_heaps;
extern struct mutex kgc_heaps_lock;

#endif /* _KGC_HEAP_H */
