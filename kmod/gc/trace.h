/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of the collector. docs/tracing.md explains events and fields. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kgc

#if !defined(_KGC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KGC_TRACE_H

#include <linux/kgc.h>
#include <linux/math64.h>
#include <linux/tracepoint.h>

#include "grace.h"
#include "phase.h"
#include "record.h"
#include "section.h"

#define KGC_TRACE_ENUM(value, name)	TRACE_DEFINE_ENUM(value);
KGC_PHASE_NAMES(KGC_TRACE_ENUM, KGC_TRACE_ENUM)
KGC_REASON_NAMES(KGC_TRACE_ENUM, KGC_TRACE_ENUM)
KGC_GRACE_NAMES(KGC_TRACE_ENUM, KGC_TRACE_ENUM)
#undef KGC_TRACE_ENUM

#define KGC_TRACE_ROW(value, name)	{ value, name },
#define KGC_TRACE_LAST(value, name)	{ value, name }

TRACE_EVENT(kgc_phase,
	TP_PROTO(u32 heap, unsigned int phase),
	TP_ARGS(heap, phase),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(u32, phase)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->phase = phase;
	),
	TP_printk("heap=%u phase=%s",
		  __entry->heap,
		  __print_symbolic(__entry->phase,
				   KGC_PHASE_NAMES(KGC_TRACE_ROW, KGC_TRACE_LAST)))
);

TRACE_EVENT(kgc_grace_begin,
	TP_PROTO(u32 heap, enum kgc_await kind, bool urgent),
	TP_ARGS(heap, kind, urgent),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(u32, kind)
		__field(u32, urgent)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->kind = kind;
		__entry->urgent = urgent;
	),
	TP_printk("heap=%u kind=%s urgent=%u",
		  __entry->heap,
		  __print_symbolic(__entry->kind,
				   KGC_GRACE_NAMES(KGC_TRACE_ROW, KGC_TRACE_LAST)),
		  __entry->urgent)
);

TRACE_EVENT(kgc_grace_end,
	TP_PROTO(u32 heap, enum kgc_await kind, bool expedited, u64 wait_ns),
	TP_ARGS(heap, kind, expedited, wait_ns),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(u32, kind)
		__field(u32, expedited)
		__field(u64, wait_us)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->kind = kind;
		__entry->expedited = expedited;
		__entry->wait_us = div_u64(wait_ns, NSEC_PER_USEC);
	),
	TP_printk("heap=%u kind=%s expedited=%u wait_us=%llu",
		  __entry->heap,
		  __print_symbolic(__entry->kind,
				   KGC_GRACE_NAMES(KGC_TRACE_ROW, KGC_TRACE_LAST)),
		  __entry->expedited, __entry->wait_us)
);

TRACE_EVENT(kgc_round,
	TP_PROTO(u32 heap, const struct kgc_cycle_record *now, bool clean),
	TP_ARGS(heap, now, clean),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(u32, clean)
		__field(u64, cycle)
		__field(u64, round)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->clean = clean;
		__entry->cycle = now->nr;
		__entry->round = now->rounds;
	),
	TP_printk("heap=%u clean=%u cycle=%llu round=%llu",
		  __entry->heap, __entry->clean, __entry->cycle, __entry->round)
);

TRACE_EVENT(kgc_cycle,
	TP_PROTO(u32 heap, const struct kgc_cycle_record *r),
	TP_ARGS(heap, r),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(u32, reason)
		__field(u64, cycle)
		__field(u64, arm_us)
		__field(u64, start_us)
		__field(u64, mark_us)
		__field(u64, settle_us)
		__field(u64, sweep_us)
		__field(u64, cpu_us)
		__field(u64, rounds)
		__field(u64, scanned_objects)
		__field(u64, live_objects)
		__field(u64, live_bytes)
		__field(u64, freed_objects)
		__field(u64, peak_bytes)
		__field(u64, goal_bytes)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->reason = r->reason;
		__entry->cycle = r->nr;
		__entry->arm_us = r->arm_us;
		__entry->start_us = r->start_us;
		__entry->mark_us = r->mark_us;
		__entry->settle_us = r->settle_us;
		__entry->sweep_us = r->sweep_us;
		__entry->cpu_us = r->cpu_us;
		__entry->rounds = r->rounds;
		__entry->scanned_objects = r->scanned;
		__entry->live_objects = r->live_objects;
		__entry->live_bytes = r->live_bytes;
		__entry->freed_objects = r->freed;
		__entry->peak_bytes = r->peak;
		__entry->goal_bytes = r->goal;
	),
	TP_printk("heap=%u reason=%s cycle=%llu arm_us=%llu start_us=%llu mark_us=%llu settle_us=%llu sweep_us=%llu cpu_us=%llu rounds=%llu scanned_objects=%llu live_objects=%llu live_bytes=%llu freed_objects=%llu peak_bytes=%llu goal_bytes=%llu",
		  __entry->heap,
		  __print_symbolic(__entry->reason,
				   KGC_REASON_NAMES(KGC_TRACE_ROW, KGC_TRACE_LAST)),
		  __entry->cycle, __entry->arm_us, __entry->start_us, __entry->mark_us,
		  __entry->settle_us, __entry->sweep_us, __entry->cpu_us, __entry->rounds,
		  __entry->scanned_objects, __entry->live_objects, __entry->live_bytes,
		  __entry->freed_objects, __entry->peak_bytes, __entry->goal_bytes)
);

TRACE_EVENT(kgc_finalizer,
	TP_PROTO(u32 heap, kgc_cleanup_t fn, u64 wait_ns, u64 call_ns),
	TP_ARGS(heap, fn, wait_ns, call_ns),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(kgc_cleanup_t, fn)
		__field(u64, wait_us)
		__field(u64, call_us)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->fn = fn;
		__entry->wait_us = div_u64(wait_ns, NSEC_PER_USEC);
		__entry->call_us = div_u64(call_ns, NSEC_PER_USEC);
	),
	TP_printk("heap=%u fn=%ps wait_us=%llu call_us=%llu",
		  __entry->heap, __entry->fn, __entry->wait_us, __entry->call_us)
);

TRACE_EVENT(kgc_share_short,
	TP_PROTO(u32 heap, u64 cycle, u64 pauses, u64 helped_ns, u64 over_bytes),
	TP_ARGS(heap, cycle, pauses, helped_ns, over_bytes),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(u64, cycle)
		__field(u64, pauses)
		__field(u64, helped_ns)
		__field(u64, over_bytes)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->cycle = cycle;
		__entry->pauses = pauses;
		__entry->helped_ns = helped_ns;
		__entry->over_bytes = over_bytes;
	),
	TP_printk("heap=%u cycle=%llu pauses=%llu helped_ns=%llu over_bytes=%llu",
		  __entry->heap, __entry->cycle, __entry->pauses, __entry->helped_ns,
		  __entry->over_bytes)
);

TRACE_EVENT(kgc_throttle,
	TP_PROTO(u32 heap, u64 helped_ns, u64 slept_ns),
	TP_ARGS(heap, helped_ns, slept_ns),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(u64, helped_ns)
		__field(u64, slept_ns)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->helped_ns = helped_ns;
		__entry->slept_ns = slept_ns;
	),
	TP_printk("heap=%u helped_ns=%llu slept_ns=%llu",
		  __entry->heap, __entry->helped_ns, __entry->slept_ns)
);

TRACE_EVENT(kgc_section_begin,
	TP_PROTO(u32 heap, unsigned long ip),
	TP_ARGS(heap, ip),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(unsigned long, ip)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->ip = ip;
	),
	TP_printk("heap=%u ip=%pS",
		  __entry->heap, (void *)__entry->ip)
);

TRACE_EVENT(kgc_section_end,
	TP_PROTO(u32 heap, unsigned long ip, u64 open_ns),
	TP_ARGS(heap, ip, open_ns),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(unsigned long, ip)
		__field(u64, open_ns)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->ip = ip;
		__entry->open_ns = open_ns;
	),
	TP_printk("heap=%u ip=%pS open_ns=%llu",
		  __entry->heap, (void *)__entry->ip, __entry->open_ns)
);

TRACE_EVENT(kgc_section_stuck,
	TP_PROTO(u32 heap, u64 cycle, u64 wait_ms, const struct kgc_tracked *oldest),
	TP_ARGS(heap, cycle, wait_ms, oldest),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(int, pid)
		__field(u64, cycle)
		__field(u64, wait_ms)
		__field(unsigned long, ip)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->pid = oldest->pid;
		__entry->cycle = cycle;
		__entry->wait_ms = wait_ms;
		__entry->ip = oldest->ip;
	),
	TP_printk("heap=%u pid=%d cycle=%llu wait_ms=%llu ip=%pS",
		  __entry->heap, __entry->pid, __entry->cycle, __entry->wait_ms,
		  (void *)__entry->ip)
);

#endif /* _KGC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH gc
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
