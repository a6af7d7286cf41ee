/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One heap: an allocator, types, roots, and a collector for them. Each part has its own
 * structure, which only the file that is named after the part writes.
 */
#ifndef _KGC_GC_HEAP_H
#define _KGC_GC_HEAP_H

#include <linux/kgc.h>

#include "../../uapi/linux/kgc.h"

#include "../alloc/alloc.h"
#include "census.h"
#include "cycle.h"
#include "due.h"
#include "finalize.h"
#include "gate.h"
#include "grace.h"
#include "handle.h"
#include "mark.h"
#include "pace.h"
#include "profile.h"
#include "record.h"
#include "report.h"
#include "request.h"
#include "root.h"
#include "section.h"
#include "share.h"
#include "snapshot.h"
#include "tenant.h"
#include "throttle.h"
#include "tracer.h"
#include "trim.h"
#include "type.h"
#include "users.h"
#include "verify.h"
#include "walk.h"
#include "work.h"

#define KGC_HEAP_NAME	KGC_HEAP_NAME_MAX

/**
 * struct kgc_heap_options - options of a heap; written by options.c, whose table
 *	has the range of each
 * @gogc: percent of growth before a cycle, or KGC_GOGC_OFF
 * @period_ms: longest time until a cycle begins, in ms, after an allocation or a
 *	reference that is known to have been dropped; 0 is never
 * @soft_limit: bytes of objects that the pacer aims to stay below; 0 is none
 * @hard_limit: bytes that the heap may hold at most; 0 is no limit
 * @cpu_percent: percent of all CPUs for background marking
 * @verify: 0: off; 1: check every mark phase; 2: trace as well, while sections wait
 * @track_sections: 1: record open sections
 * @scavenge: enum kgc_scavenge_policy
 * @harden: KGC_HARDEN_* bits
 * @expedite: enum kgc_expedite_policy
 * @profile_bytes: one byte in so many is sampled for the profile; 0 is none
 */
struct kgc_heap_options {
	u64	gogc;
	u64	period_ms;
	u64	soft_limit;
	u64	hard_limit;
	u64	cpu_percent;
	u64	verify;
	u64	track_sections;
	u64	scavenge;
	u64	harden;
	u64	expedite;
	u64	profile_bytes;
};

/**
 * struct kgc_sweep - the background sweep of a heap; written by sweep.c
 * @at: node and span class that it has reached
 */
struct kgc_sweep {
	unsigned int	at;
};

/**
 * struct kgc_reclaim - a heap as reclaim sees it; written by reclaim.c
 * @backoff_until: jiffies until which reclaim waits for no cycle of this heap,
 *	because its last wait freed nothing
 */
struct kgc_reclaim {
	unsigned long		backoff_until;
};

/**
 * struct kgc_heap - a heap
 * @front: what kgc_enter() reads; must be the first member
 * @alloc: the allocator
 * @opt: options; written by options.c
 * @types: types
 * @roots: root ranges
 * @handles: handles of userspace
 * @weaks: weak handles
 * @finals: finalizers and cleanups, pending
 * @due_queue: finalizers and cleanups, due
 * @sections: open sections
 * @request: cycles asked for
 * @cycle: the collector's state machine
 * @grace: the grace period that the state machine waits for
 * @records: statistics of finished cycles
 * @work: CPU time and wakeups of the collector's work items
 * @marking: the mark phase
 * @gate: decides between weak lookups and the end of marking
 * @pace: when a cycle begins, and how fast it goes
 * @share: what the heap has taken of the module's budgets
 * @tenant: the tenant from whose part of the budgets the heap takes
 * @throttle: mutators that are slowed down
 * @walk: the walk over marked objects that walkers ask for
 * @census: objects by type
 * @snapshots: snapshots
 * @profile: the allocation profile
 * @verify: the verifier
 * @tracer: the verifier's tracer
 * @report: errors and misuse that checks have found
 * @sweep: the background sweep
 * @users: threads that have found the heap in the registry or by reclaim
 * @trim: free memory that the heap keeps for its next allocations
 * @reclaim: state of reclaim
 * @dying: the heap is ending, and the collector takes no further step; written by heap.c
 * @id: number in the registry, debugfs and log messages
 * @name: shown in debugfs and log messages
 * @owner: module that created the heap
 * @opener: credentials of the process that opened it; NULL if a module created it
 * @opener_pid: that process; NULL if a module created it
 * @created_ns: time of creation, CLOCK_MONOTONIC, in ns
 * @dir: debugfs directory
 *
 * Only the file that is named after a part writes that part.
 */
struct kgc_heap {
	struct kgc_heap_front	front;
	struct kgc_allocator	alloc;
	struct kgc_heap_options	opt;
	struct kgc_types	types;
	struct kgc_roots	roots;
	struct kgc_handles	handles;
	struct kgc_handles	weaks;
	struct kgc_finals	finals;
	struct kgc_due_queue	due_queue;
	struct kgc_sections	sections;
	struct kgc_request	request;
	struct kgc_cycle	cycle;
	struct kgc_grace	grace;
	struct kgc_records	records;
	struct kgc_work		work;
	struct kgc_marking	marking;
	struct kgc_gate		gate;
	struct kgc_pace		pace;
	struct kgc_share	share;
	struct kgc_tenant	*tenant;
	struct kgc_throttle	throttle;
	struct kgc_walk		walk;
	struct kgc_census	census;
	struct kgc_snapshots	snapshots;
	struct kgc_profile	profile;
	struct kgc_verify	verify;
	struct kgc_tracer	tracer;
	struct kgc_report	report;
	struct kgc_sweep	sweep;
	struct kgc_users	users;
	struct kgc_trim		trim;
	struct kgc_reclaim	reclaim;
	bool			dying;
	u32			id;
	char			name[KGC_HEAP_NAME];
	struct module		*owner;
	const struct cred	*opener;
	struct pid		*opener_pid;
	u64			created_ns;
	struct dentry		*dir;
};

static_assert(offsetof(struct kgc_heap, front) == 0);

/*
 * The side of SRCU that a section is on, as a bit of the mode that the allocator is
 * given and passes on to throttle_pressure().
 */
#define KGC_MODE_SIDE	32U

static_assert(!(KGC_MODE_SIDE & (KGC_MODE_SHADE | KGC_MODE_BLACK |
				 KGC_MODE_SETTLE | KGC_MODE_TRACK)));

static inline unsigned int kgc_sided_mode(struct kgc_section s)
{
	return s.mode | (s.srcu & 1 ? KGC_MODE_SIDE : 0);
}

#endif /* _KGC_GC_HEAP_H */
