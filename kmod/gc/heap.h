/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One heap: an allocator, types, roots, and a collector for them. Each part is a
 * structure of its own, defined and written by the file that is named after it.
 */
#ifndef _KGC_GC_HEAP_H
#define _KGC_GC_HEAP_H

#include <linux/kgc.h>

#include "../../uapi/linux/kgc.h"

#include "../alloc/alloc.h"
#include "cycle.h"
#include "finalize.h"
#include "handle.h"
#include "mark.h"
#include "pace.h"
#include "root.h"
#include "section.h"
#include "tracer.h"
#include "type.h"
#include "verify.h"
#include "weak.h"

#define KGC_HEAP_NAME	32

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

#endif /* _KGC_GC_HEAP_H */
