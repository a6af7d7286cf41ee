// SPDX-License-Identifier: GPL-2.0
/*
 * Counters of debugfs as metrics of Prometheus. A name after kgc_ that the Go collector of
 * Prometheus has after go_ means what it means there.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kgcctl.h"
#include "metrics.h"

#define GAUGE(metric, of, text) \
	{ .name = metric, .source = of, .type = METRIC_GAUGE, .help = text }
#define COUNTER(metric, of, text) \
	{ .name = metric, .source = of, .type = METRIC_COUNTER, .help = text }
#define SECONDS(metric, of, kind, text) \
	{ .name = metric, .source = of, .unit = UNIT_NS, .type = kind, .help = text }
/* The first row of a metric with labels has its help. */
#define LABELLED(metric, of, label, text) \
	{ .name = metric, .source = of, .labels = label, .type = METRIC_COUNTER, .help = text }
#define MODULE(metric, of, kind, text) \
	{ .name = metric, .source = of, .of_module = true, .type = kind, .help = text }

const struct metric metrics[] = {
	COUNTER("kgc_memstats_alloc_bytes_total", "TotalAlloc",
		"Bytes allocated since the heap began, even if freed."),
	COUNTER("kgc_memstats_mallocs_total", "Mallocs",
		"Objects allocated since the heap began; a block of tiny objects counts once."),
	COUNTER("kgc_memstats_frees_total", "Frees",
		"Objects found dead since the heap began."),
	GAUGE("kgc_memstats_heap_alloc_bytes", "HeapAlloc",
	      "Bytes of objects, including dead ones that are not swept yet."),
	GAUGE("kgc_memstats_heap_objects", "HeapObjects",
	      "Objects allocated and not found dead yet."),
	GAUGE("kgc_memstats_heap_sys_bytes", "HeapSys",
	      "Bytes for objects that the heap holds from the kernel."),
	GAUGE("kgc_memstats_heap_inuse_bytes", "HeapInuse",
	      "Bytes in spans that are in use."),
	GAUGE("kgc_memstats_heap_idle_bytes", "HeapIdle",
	      "Bytes held from the kernel that are in no span."),
	GAUGE("kgc_memstats_mspan_inuse_bytes", "MSpanInuse",
	      "Bytes of structures of spans that are in use."),
	GAUGE("kgc_memstats_mspan_sys_bytes", "MSpanSys",
	      "Bytes of structures of spans, in use or spare."),
	GAUGE("kgc_memstats_mcache_sys_bytes", "MCacheSys",
	      "Bytes of per-CPU caches."),
	GAUGE("kgc_memstats_gc_sys_bytes", "GCSys",
	      "Bytes of bitmaps and of buffers of grey objects."),
	GAUGE("kgc_memstats_other_sys_bytes", "OtherSys",
	      "Bytes of all other metadata."),
	GAUGE("kgc_memstats_sys_bytes", "Sys",
	      "Bytes that the heap holds from the kernel, metadata included; limits count these."),
	COUNTER("kgc_memstats_returned_bytes_total", "ReleasedTotalBytes",
		"Bytes given back to the kernel since the heap began."),
	GAUGE("kgc_memstats_next_gc_bytes", "NextGC",
	      "Heap size at which the next cycle should be over."),
	SECONDS("kgc_memstats_last_gc_time_seconds", "LastGC", METRIC_GAUGE,
		"Seconds since 1970 at the end of the last cycle, 0 if none has ended."),
	COUNTER("kgc_gc_heap_tiny_allocs_objects_total", "TinyAllocs",
		"Tiny objects that were put into a block that already existed."),
	GAUGE("kgc_gc_heap_live_bytes", "LiveBytes",
	      "Bytes of objects that the last cycle marked."),
	GAUGE("kgc_gc_heap_live_objects", "LiveObjects",
	      "Objects that the last cycle marked."),
	{ "kgc_gc_duration_seconds", "_sum", .source = "PauseTotalNs", .unit = UNIT_NS,
	  .type = METRIC_SUMMARY,
	  .help = "Time for which cycles stopped the mutators: 0, because none does; its count is that of cycles." },
	{ "kgc_gc_duration_seconds", "_count", .source = "NumGC" },
	LABELLED("kgc_gc_cycles_total", "NumGCGrowth", "reason=\"growth\"",
		 "Cycles completed, by the reason for which they began."),
	LABELLED("kgc_gc_cycles_total", "NumGCPeriod", "reason=\"period\"", NULL),
	LABELLED("kgc_gc_cycles_total", "NumForcedGC", "reason=\"request\"", NULL),
	LABELLED("kgc_gc_cycles_total", "NumGCLimit", "reason=\"limit\"", NULL),
	LABELLED("kgc_gc_cycles_total", "NumGCShrink", "reason=\"shrink\"", NULL),
	SECONDS("kgc_gc_last_cycle_seconds", "LastCycleNs", METRIC_GAUGE,
		"Time from begin to end of the last cycle."),
	SECONDS("kgc_gc_last_mark_seconds", "LastMarkNs", METRIC_GAUGE,
		"Time that marking took in the last cycle."),
	COUNTER("kgc_gc_mark_rounds_total", "MarkRounds",
		"Rounds in which cycles tried to find that marking was over."),
	COUNTER("kgc_gc_short_cycles_total", "ShortCycles",
		"Cycles for which the share of CPU time was too small."),
	COUNTER("kgc_gc_expedited_grace_periods_total", "Expedited",
		"Grace periods that were expedited."),
	COUNTER("kgc_gc_expedite_refused_total", "ExpediteRefused",
		"Urgent grace periods that the budget or the option kept from being expedited."),
	SECONDS("kgc_cpu_classes_gc_mark_assist_cpu_seconds_total", "GCMutatorNs",
		METRIC_COUNTER, "CPU time of mutators that helped cycles."),
	SECONDS("kgc_cpu_classes_gc_workers_cpu_seconds_total", "GCCPUNs", METRIC_COUNTER,
		"CPU time of the collector's work items, for all steps of a cycle."),
	SECONDS("kgc_cpu_classes_gc_waiters_cpu_seconds_total", "GCWaiterNs", METRIC_COUNTER,
		"CPU time that threads spent on cycles for which they waited."),
	SECONDS("kgc_cpu_classes_gc_total_cpu_seconds_total", "GCCPUNs+GCWaiterNs+GCMutatorNs",
		METRIC_COUNTER, "CPU time spent on collecting, the sum of the other classes."),
	SECONDS("kgc_alloc_longest_step_seconds", "LongestStepNs", METRIC_GAUGE,
		"Longest allocation since the heap began that a per-CPU cache could not serve."),
	LABELLED("kgc_refused_requests_total", "RefusedLimit", "by=\"limit\"",
		 "Requests for memory that failed, by what refused them: hard_limit, max_bytes or lack of memory."),
	LABELLED("kgc_refused_requests_total", "RefusedCap", "by=\"cap\"", NULL),
	LABELLED("kgc_refused_requests_total", "RefusedMemory", "by=\"memory\"", NULL),
	GAUGE("kgc_handles", "Handles", "Handles open, weak ones included."),
	GAUGE("kgc_types", "Types", "Types registered."),
	{ .name = "kgc_heap_aside", .unit = UNIT_ASIDE, .type = METRIC_GAUGE,
	  .help = "1 if the heap is set aside: it was found damaged or misused, and has no more cycles." },
	MODULE("kgc_heaps", "Heaps", METRIC_GAUGE, "Heaps open."),
	MODULE("kgc_module_sys_bytes", "Sys", METRIC_GAUGE,
	       "Bytes that all heaps together hold; max_bytes limits these."),
	MODULE("kgc_module_map_bytes", "MapBytes", METRIC_GAUGE, "Bytes of the address map."),
	MODULE("kgc_module_reclaim_waits_total", "ReclaimWaits", METRIC_COUNTER,
	       "Waits of the kernel's reclaim for a cycle."),
	MODULE("kgc_module_reclaim_waits_stuck_total", "ReclaimWaitsStuck", METRIC_COUNTER,
	       "Of these, waits that ended because a section held the cycle up."),
	MODULE("kgc_module_reclaim_waits_expired_total", "ReclaimWaitsExpired", METRIC_COUNTER,
	       "Of these, waits that ended after a second."),
	{ 0 }
};

const char * const metric_types[] = {
	[METRIC_COUNTER] = "counter", [METRIC_GAUGE] = "gauge", [METRIC_SUMMARY] = "summary",
};

/**
 * struct reading - the counters of a heap
 * @id: its number
 * @name: its name, for a label
 * @aside: it is set aside
 * @stats: text of heap<ID>/stats
 */
struct reading {
	uint64_t id;
	char name[2 * PAIR_WORD];
	bool aside;
	char *stats;
};

/* Write @name as a value of a label, in which three characters need a backslash. */
static void escape(char *to, const char *name)
{
	for (; *name; name++) {
		if (strchr("\\\"", *name))
			*to++ = '\\';
		*to++ = *name;
	}
	*to = '\0';
}

/* Read the counters of the heap in @line of the list. Fails if it has ended meanwhile. */
static int read_heap(struct reading *reading, const char *headings, const char *line)
{
	char word[PAIR_WORD];

	reading->id = number_under(headings, line, "id");
	word_under(headings, line, "name", word);
	escape(reading->name, word);
	word_under(headings, line, "phase", word);
	reading->aside = !strcmp(word, "ASIDE");
	return debugfs_read(reading->id, "stats", &reading->stats, true);
}

/* Read all heaps of @list. The caller frees *@readings and the texts in it. */
static int read_heaps(const char *list, struct reading **readings, size_t *nr)
{
	int status = STATUS_OK;

	*readings = NULL;
	*nr = 0;
	for (const char *line = next_line(list); line && !status; line = next_line(line)) {
		*readings = reallocate(*readings, (*nr + 1) * sizeof(**readings));
		status = read_heap(&(*readings)[*nr], list, line);
		if (!status)
			(*nr)++;
		else if (status == STATUS_NO_HEAP)
			status = STATUS_OK;
	}
	return status;
}

/* Add up the counters that @source names. False if @text does not have all of them. */
static bool sum_of(const char *text, const char *source, uint64_t *sum)
{
	char name[PAIR_WORD], word[PAIR_WORD];
	size_t length;

	for (*sum = 0;; source += length + 1) {
		length = strcspn(source, "+");
		snprintf(name, sizeof(name), "%.*s", (int)length, source);
		word_of_pair(text, name, word);
		if (!word[0])
			return false;
		*sum += strtoull(word, NULL, 10);
		if (!source[length])
			return true;
	}
}

static void write_value(FILE *to, const struct metric *metric, uint64_t value)
{
	if (metric->unit == UNIT_NS)
		fprintf(to, " %" PRIu64 ".%09" PRIu64 "\n", value / 1000000000, value % 1000000000);
	else
		fprintf(to, " %" PRIu64 "\n", value);
}

static void write_of_heap(FILE *to, const struct metric *metric, const struct reading *reading)
{
	uint64_t value = reading->aside;

	if (metric->unit != UNIT_ASIDE && !sum_of(reading->stats, metric->source, &value))
		return;
	fprintf(to, "%s%s{heap=\"%" PRIu64 "\",name=\"%s\"%s%s}", metric->name,
		metric->suffix ? metric->suffix : "", reading->id, reading->name,
		metric->labels ? "," : "", metric->labels ? metric->labels : "");
	write_value(to, metric, value);
}

static void write_all(FILE *to, const char *module, const struct reading *readings, size_t nr)
{
	uint64_t value;

	for (const struct metric *metric = metrics; metric->name; metric++) {
		if (metric->help)
			fprintf(to, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help,
				metric->name, metric_types[metric->type]);
		for (size_t i = 0; i < nr && !metric->of_module; i++)
			write_of_heap(to, metric, &readings[i]);
		if (metric->of_module && sum_of(module, metric->source, &value)) {
			fputs(metric->name, to);
			write_value(to, metric, value);
		}
	}
}

int metrics_read(char **text)
{
	char *list = NULL, *module = NULL;
	struct reading *readings = NULL;
	size_t nr = 0, size;
	FILE *to;
	int status;

	*text = NULL;
	status = debugfs_read(MODULE_WIDE, "stats", &module, false);
	if (!status)
		status = debugfs_read(MODULE_WIDE, "heaps", &list, false);
	if (!status)
		status = read_heaps(list, &readings, &nr);
	if (!status) {
		to = open_memstream(text, &size);
		if (!to)
			exit(complain(STATUS_FAILED, "no memory"));
		write_all(to, module, readings, nr);
		if (fclose(to))
			exit(complain(STATUS_FAILED, "no memory"));
	}
	for (size_t i = 0; i < nr; i++)
		free(readings[i].stats);
	free(readings);
	free(list);
	free(module);
	return status;
}
