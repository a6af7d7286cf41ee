/* SPDX-License-Identifier: GPL-2.0 */
/* The finished cycles of a heap, and a line for each. */
#ifndef KGCCTL_CYCLES_H
#define KGCCTL_CYCLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kgc.h>

#define REASON_TEXT	16

/**
 * struct cycle - a finished cycle
 * @nr: its number
 * @reason: why it began, as the module spells it; "?" if that is not known
 * @complete: all of the following is known, otherwise only what the counters of a heap say
 *	of its last cycle: @began_us, @mark_us, @live_bytes, @goal_bytes
 * @began_us: monotonic time of its begin
 * @start_us: from there until every section allocated black
 * @mark_us: from there until marking was over
 * @settle_us: from there until all caches were flushed
 * @sweep_us: from there until the sweep was over
 * @cpu_us: CPU time of the collector
 * @live_bytes: bytes found alive
 * @goal_bytes: heap size at which the next cycle should be over
 * @peak_bytes: size of the heap when its caches were flushed
 * @freed: objects found dead
 */
struct cycle {
	uint64_t nr;
	char reason[REASON_TEXT];
	bool complete;
	uint64_t began_us;
	uint64_t start_us;
	uint64_t mark_us;
	uint64_t settle_us;
	uint64_t sweep_us;
	uint64_t cpu_us;
	uint64_t live_bytes;
	uint64_t goal_bytes;
	uint64_t peak_bytes;
	uint64_t freed;
};

/*
 * Read the last cycles of @heap from debugfs, the oldest first. Returns their number and
 * an array that the caller frees, or 0 and NULL if there is none or the caller may not
 * read them.
 */
size_t cycles_read(uint32_t heap, struct cycle **cycles);

/* The last cycle of @heap, as far as the counters tell, after @before cycles by reason. */
struct cycle cycle_of_counters(const struct kgc_stats *stats, const __u64 *before);

#define CYCLE_LINE	160

/* The headings, and the line of a cycle of @heap. They take 77 columns. */
extern const char cycle_headings[];
char *cycle_line(char line[CYCLE_LINE], uint32_t heap, const struct cycle *cycle);

#endif /* KGCCTL_CYCLES_H */
