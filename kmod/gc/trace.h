/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of the collector. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kgc

#if !defined(_KGC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KGC_TRACE_H

#include <linux/kgc.h>
#include <linux/math64.h>
#include <linux/tracepoint.h>

#include "record.h"

TRACE_EVENT(kgc_phase,
	TP_PROTO(u32 heap, unsigned int phase),
	TP_ARGS(heap, phase),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(unsigned int, phase)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->phase = phase;
	),
	TP_printk("heap=%u phase=%s", __entry->heap,
		  __print_symbolic(__entry->phase, { 0, "IDLE" }, { 1, "ARM" },
				   { 2, "MARK" }, { 3, "SETTLE" }))
);

TRACE_EVENT(kgc_cycle,
	TP_PROTO(u32 heap, const struct kgc_cycle_record *r),
	TP_ARGS(heap, r),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(u32, reason)
		__field(u64, nr)
		__field(u64, start_us)
		__field(u64, mark_us)
		__field(u64, settle_us)
		__field(u64, sweep_us)
		__field(u64, cpu_us)
		__field(u64, rounds)
		__field(u64, live_objects)
		__field(u64, live_bytes)
		__field(u64, freed)
		__field(u64, goal)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->reason = r->reason;
		__entry->nr = r->nr;
		__entry->start_us = r->arm_us + r->start_us;
		__entry->mark_us = r->mark_us;
		__entry->settle_us = r->settle_us;
		__entry->sweep_us = r->sweep_us;
		__entry->cpu_us = r->cpu_us;
		__entry->rounds = r->rounds;
		__entry->live_objects = r->live_objects;
		__entry->live_bytes = r->live_bytes;
		__entry->freed = r->freed;
		__entry->goal = r->goal;
	),
	TP_printk("heap=%u cycle=%llu reason=%u start_us=%llu mark_us=%llu settle_us=%llu sweep_us=%llu cpu_us=%llu rounds=%llu live_objects=%llu live_bytes=%llu freed=%llu goal=%llu",
		  __entry->heap, __entry->nr, __entry->reason,
		  __entry->start_us, __entry->mark_us, __entry->settle_us,
		  __entry->sweep_us, __entry->cpu_us, __entry->rounds,
		  __entry->live_objects, __entry->live_bytes, __entry->freed,
		  __entry->goal)
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
	TP_printk("heap=%u fn=%ps wait_us=%llu call_us=%llu", __entry->heap,
		  __entry->fn, __entry->wait_us, __entry->call_us)
);

TRACE_EVENT(kgc_share_short,
	TP_PROTO(u32 heap, u64 cycle, u64 pauses, u64 helped_ns, u64 over),
	TP_ARGS(heap, cycle, pauses, helped_ns, over),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(u64, cycle)
		__field(u64, pauses)
		__field(u64, helped_ns)
		__field(u64, over)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->cycle = cycle;
		__entry->pauses = pauses;
		__entry->helped_ns = helped_ns;
		__entry->over = over;
	),
	TP_printk("heap=%u cycle=%llu pauses=%llu helped_ns=%llu over=%llu",
		  __entry->heap, __entry->cycle, __entry->pauses,
		  __entry->helped_ns, __entry->over)
);

#endif /* _KGC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH gc
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
