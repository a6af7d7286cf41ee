// SPDX-License-Identifier: GPL-2.0
/* The finished cycles of a heap, and a line for each. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cycles.h"
#include "figures.h"
#include "kgcctl.h"

/* Parse a line of heap<ID>/cycles. */
static struct cycle parse(const char *headings, const char *line)
{
	struct cycle cycle = {
		.nr = number_under(headings, line, "cycle"),
		.complete = true,
		.began_us = number_under(headings, line, "at_us"),
		.start_us = number_under(headings, line, "arm_us") +
			    number_under(headings, line, "start_us"),
		.mark_us = number_under(headings, line, "mark_us"),
		.settle_us = number_under(headings, line, "settle_us"),
		.sweep_us = number_under(headings, line, "sweep_us"),
		.cpu_us = number_under(headings, line, "cpu_us"),
		.live_bytes = number_under(headings, line, "live_bytes"),
		.goal_bytes = number_under(headings, line, "goal_bytes"),
		.peak_bytes = number_under(headings, line, "peak_bytes"),
		.freed = number_under(headings, line, "freed_objects"),
	};
	char word[PAIR_WORD];

	word_under(headings, line, "reason", word);
	snprintf(cycle.reason, sizeof(cycle.reason), "%.*s", REASON_TEXT - 1, word);
	return cycle;
}

size_t cycles_read(uint32_t heap, struct cycle **cycles)
{
	const char *line;
	size_t nr = 0;
	char *text;

	*cycles = NULL;
	if (!debugfs_peek(heap, "cycles", &text))
		return 0;
	for (line = next_line(text); line; line = next_line(line)) {
		*cycles = reallocate(*cycles, (nr + 1) * sizeof(**cycles));
		(*cycles)[nr++] = parse(text, line);
	}
	free(text);
	return nr;
}

struct cycle cycle_of_counters(const struct kgc_stats *stats, const __u64 *before)
{
	static const char * const reasons[KGC_NR_REASONS] = {
		[KGC_REASON_GROWTH] = "growth",
		[KGC_REASON_PERIOD] = "period",
		[KGC_REASON_REQUEST] = "request",
		[KGC_REASON_LIMIT] = "limit",
		[KGC_REASON_SHRINK] = "shrink",
	};
	struct cycle cycle = {
		.nr = stats->num_gc,
		.reason = "?",
		.began_us = (stats->last_gc_ns - stats->cycle_ns) / 1000,
		.mark_us = stats->mark_ns / 1000,
		.live_bytes = stats->live_bytes,
		.goal_bytes = stats->next_gc,
	};
	size_t counted = 0;

	/* if several cycles were counted, nothing says which of them was the last */
	for (size_t i = 0; i < KGC_NR_REASONS; i++) {
		if (stats->gc_reason[i] == before[i])
			continue;
		snprintf(cycle.reason, sizeof(cycle.reason), "%s", counted ? "?" : reasons[i]);
		counted++;
	}
	return cycle;
}

const char cycle_headings[] =
	"time     heap  cycle reason  start  mark settle sweep   cpu  live  goal freed";

/* The local time of day at monotonic time @us. */
static void time_text(char text[9], uint64_t us)
{
	int64_t apart = clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	time_t seconds = ((int64_t)us * 1000 + apart) / 1000000000;
	struct tm tm;

	localtime_r(&seconds, &tm);
	strftime(text, 9, "%H:%M:%S", &tm);
}

/* As ms_text(), but "-" for what is not known. */
static char *known(char text[MS_TEXT], const struct cycle *cycle, uint64_t us)
{
	return cycle->complete ? ms_text(text, us) : strcpy(text, "-");
}

char *cycle_line(char line[CYCLE_LINE], uint32_t heap, const struct cycle *cycle)
{
	char start[MS_TEXT], mark[MS_TEXT], settle[MS_TEXT], sweep[MS_TEXT], cpu[MS_TEXT];
	char live[FIGURE_TEXT], goal[FIGURE_TEXT], freed[FIGURE_TEXT], time[9];

	time_text(time, cycle->began_us);
	snprintf(line, CYCLE_LINE, "%s %4" PRIu32 " %6" PRIu64 " %-7s %5s %5s %6s %5s %5s %5s %5s %5s",
		 time, heap, cycle->nr, cycle->reason,
		 known(start, cycle, cycle->start_us), ms_text(mark, cycle->mark_us),
		 known(settle, cycle, cycle->settle_us), known(sweep, cycle, cycle->sweep_us),
		 known(cpu, cycle, cycle->cpu_us),
		 bytes_figure(live, cycle->live_bytes), bytes_figure(goal, cycle->goal_bytes),
		 cycle->complete ? figure(freed, cycle->freed, 1000) : "-");
	return line;
}
