/* SPDX-License-Identifier: GPL-2.0 */
/* Tracepoints of the allocator. docs/tracing.md explains events and fields. */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM kgc

#if !defined(_KGC_ALLOC_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _KGC_ALLOC_TRACE_H

#include <linux/tracepoint.h>

#include "../../uapi/linux/kgc.h"

#include "limit.h"

#define KGC_TRACE_ENUM(value, name)	TRACE_DEFINE_ENUM(value);
KGC_REFUSAL_NAMES(KGC_TRACE_ENUM, KGC_TRACE_ENUM)
#undef KGC_TRACE_ENUM

/* @spc is the span class; its lowest bit says that objects have no pointers. */
TRACE_EVENT(kgc_refill,
	TP_PROTO(u32 heap, unsigned int spc, u32 slot_bytes, unsigned int slots),
	TP_ARGS(heap, spc, slot_bytes, slots),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(u32, class)
		__field(u32, noscan)
		__field(u32, slot_bytes)
		__field(u32, slots)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->class = spc >> 1;
		__entry->noscan = spc & 1;
		__entry->slot_bytes = slot_bytes;
		__entry->slots = slots;
	),
	TP_printk("heap=%u class=%u noscan=%u slot_bytes=%u slots=%u", __entry->heap,
		  __entry->class, __entry->noscan, __entry->slot_bytes, __entry->slots)
);

DECLARE_EVENT_CLASS(kgc_pages,
	TP_PROTO(u32 heap, int node, u64 bytes),
	TP_ARGS(heap, node, bytes),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(int, node)
		__field(u64, bytes)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->node = node;
		__entry->bytes = bytes;
	),
	TP_printk("heap=%u node=%d bytes=%llu", __entry->heap, __entry->node,
		  __entry->bytes)
);

DEFINE_EVENT(kgc_pages, kgc_pages_grow,
	TP_PROTO(u32 heap, int node, u64 bytes),
	TP_ARGS(heap, node, bytes)
);

DEFINE_EVENT(kgc_pages, kgc_pages_return,
	TP_PROTO(u32 heap, int node, u64 bytes),
	TP_ARGS(heap, node, bytes)
);

#define KGC_TRACE_ROW(value, name)	{ value, name },
#define KGC_TRACE_LAST(value, name)	{ value, name }
TRACE_EVENT(kgc_limit,
	TP_PROTO(u32 heap, enum kgc_refusal limit, u64 held_bytes),
	TP_ARGS(heap, limit, held_bytes),
	TP_STRUCT__entry(
		__field(u32, heap)
		__field(u32, limit)
		__field(u64, held_bytes)
	),
	TP_fast_assign(
		__entry->heap = heap;
		__entry->limit = limit;
		__entry->held_bytes = held_bytes;
	),
	TP_printk("heap=%u limit=%s held_bytes=%llu", __entry->heap,
		  __print_symbolic(__entry->limit,
				   KGC_REFUSAL_NAMES(KGC_TRACE_ROW, KGC_TRACE_LAST)),
		  __entry->held_bytes)
);

#endif /* _KGC_ALLOC_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH alloc
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
