// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl stat: counters of heaps and of their collectors. They come from the device, so
 * the owner of a heap need not be root. Only --module reads debugfs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "heaps.h"
#include "kgcctl.h"
#include "repeat.h"
#include "table.h"

enum { ID, NAME, USER, PHASE, FIRST_COUNTER };

#define COUNTERS(row)									\
	row(HeapObjects, "heap_objects", heap_objects, COUNT, true,			\
	    "objects not found dead yet")						\
	row(HeapAlloc, "heap_alloc", heap_alloc, BYTES, true,				\
	    "bytes of these")								\
	row(HeapSys, "heap_sys", heap_sys, BYTES, true,					\
	    "bytes held from the kernel")						\
	row(HeapInuse, "heap_inuse", heap_inuse, BYTES, false,				\
	    "of these in spans with objects")						\
	row(HeapIdle, "heap_idle", heap_idle, BYTES, false,				\
	    "of these in no span")							\
	row(ReleasedTotalBytes, "heap_released", heap_released, BYTES, false,			\
	    "bytes ever given back")							\
	row(MetaBytes, "meta_sys", meta_sys, BYTES, false,				\
	    "bytes of metadata")							\
	row(Sys, "held", held, BYTES, false,						\
	    "HeapSys and MetaBytes: what limits count")			\
	row(TotalAlloc, "total_alloc", total_alloc, BYTES, false,			\
	    "bytes ever allocated")							\
	row(Mallocs, "mallocs", mallocs, COUNT, false,					\
	    "objects ever allocated")							\
	row(Frees, "frees", frees, COUNT, false,					\
	    "objects ever found dead")							\
	row(LiveBytes, "live_bytes", live_bytes, BYTES, false,				\
	    "marked by the last cycle")							\
	row(LiveObjects, "live_objects", live_objects, COUNT, false,			\
	    "marked by the last cycle")							\
	row(NextGC, "next_gc", next_gc, BYTES, false,					\
	    "size by which the next cycle is over")					\
	row(NumGC, "num_gc", num_gc, COUNT, true,					\
	    "cycles completed")								\
	row(NumForcedGC, "num_forced_gc", num_forced_gc, COUNT, false,			\
	    "of these on request")							\
	row(NumGCGrowth, "gc_reason_growth", gc_reason[KGC_REASON_GROWTH], COUNT, false,\
	    "cycles because the heap grew")						\
	row(NumGCPeriod, "gc_reason_period", gc_reason[KGC_REASON_PERIOD], COUNT, false,\
	    "cycles because period_ms passed")						\
	row(NumGCLimit, "gc_reason_limit", gc_reason[KGC_REASON_LIMIT], COUNT, false,\
	    "cycles because of a limit")						\
	row(NumGCShrink, "gc_reason_shrink", gc_reason[KGC_REASON_SHRINK], COUNT, false,\
	    "cycles because memory was short")						\
	row(LastGC, "last_gc_ns", last_gc_ns, COUNT, false,				\
	    "end of the last cycle, ns since 1970")					\
	row(PauseTotalNs, "pause_total_ns", pause_total_ns, COUNT, false,		\
	    "0: mutators are never stopped")						\
	row(LongestStepNs, "longest_step_ns", longest_step_ns, COUNT, false,		\
	    "longest allocation not from a cache")						\
	row(GCCPUNs, "gc_cpu_ns", gc_cpu_ns, COUNT, false,				\
	    "time the collector worked")						\
	row(GCCPUPermille, "gc_cpu_permille", gc_cpu_permille, COUNT, false,		\
	    "of all CPUs since it began")						\
	row(GCWaiterNs, "gc_waiter_ns", gc_waiter_ns, COUNT, false,			\
	    "CPU time of threads that wait for cycles")				\
	row(GCMutatorNs, "gc_mutator_ns", gc_mutator_ns, COUNT, false,			\
	    "CPU time of mutators that help cycles")					\
	row(ShortCycles, "short_cycles", short_cycles, COUNT, false,			\
	    "cycles that the share was not enough for")				\
	row(Expedited, "expedited", expedited, COUNT, false,				\
	    "grace periods that were expedited")					\
	row(ExpediteRefused, "expedite_refused", expedite_refused, COUNT, false,	\
	    "urgent ones that were not")						\
	row(MarkRounds, "mark_rounds", mark_rounds, COUNT, false,			\
	    "termination rounds")							\
	row(MarkRoundsMax, "mark_rounds_max", mark_rounds_max, COUNT, false,		\
	    "most in a cycle")								\
	row(LastCycleNs, "cycle_ns", cycle_ns, COUNT, false,				\
	    "duration of the last cycle")						\
	row(LastMarkNs, "mark_ns", mark_ns, COUNT, false,					\
	    "of this, marking")								\
	row(Handles, "handles", handles, COUNT, false,					\
	    "handles open, weak ones too")						\
	row(Types, "types", types, COUNT, false,					\
	    "types registered")								\
	row(RefusedLimit, "refused_limit", refused[KGC_REFUSAL_LIMIT], COUNT, false,	\
	    "requests refused by hard_limit")						\
	row(RefusedCap, "refused_cap", refused[KGC_REFUSAL_CAP], COUNT, false,		\
	    "requests refused by max_bytes")						\
	row(RefusedMemory, "refused_memory", refused[KGC_REFUSAL_MEMORY], COUNT, false,\
	    "requests refused: memory was short")

#define COLUMN(name, key, member, kind, shown, about) \
	{ #name, key, KIND_##kind, shown, about },

static const struct column columns[] = {
	[ID] = { "id", NULL, KIND_COUNT, true, "number of the heap" },
	[NAME] = { "name", NULL, KIND_TEXT, true, "process or module that opened it" },
	[USER] = { "user", NULL, KIND_TEXT, false, "its user's number, - for a module" },
	[PHASE] = { "phase", NULL, KIND_TEXT, true, "IDLE, ARM, MARK, SETTLE, or ASIDE" },
	COUNTERS(COLUMN)
	{ 0 }
};

static struct {
	bool module;
	bool watch;
	double seconds;
	unsigned long count;
} settings = { .seconds = 2 };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'm':
		settings.module = true;
		return 0;
	case 'w':
		settings.watch = true;
		if (arg)
			settings.seconds = parse_seconds(state, "--watch", arg);
		return 0;
	case 'c':
		settings.count = parse_count(state, "--count", arg);
		settings.watch = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "module", 'm', 0, 0, "counters of the module instead of heaps; for root", 0 },
	{ "watch", 'w', "SECONDS", OPTION_ARG_OPTIONAL, "print again every so many seconds, 2 unless told", 0 },
	{ "count", 'c', "N", 0, "end after N times; implies --watch", 0 },
	{ 0 }
};

static void add_row(struct table *table, const struct kgc_heap_entry *heap)
{
	struct kgc_stats copy = heap->stats, *stats = &copy;
	size_t column = FIRST_COUNTER;
	char user[16];

	/* the module gives CLOCK_MONOTONIC, or 0 if no cycle has ended */
	if (stats->last_gc_ns)
		stats->last_gc_ns += clock_ns(CLOCK_REALTIME) - clock_ns(CLOCK_MONOTONIC);
	snprintf(user, sizeof(user), "%u", heap->uid);
	table_row(table);
	table_number(table, ID, heap->id);
	table_text(table, NAME, heap->name);
	table_text(table, USER, heap->flags & KGC_HEAP_OF_MODULE ? "-" : user);
	table_text(table, PHASE, heap_phase(heap));
#define CELL(name, key, member, kind, shown, about) \
	table_number(table, column++, stats->member);
	COUNTERS(CELL)
}

static int show_all(struct heaps *heaps)
{
	int status = heaps_read(heaps);
	struct table *table;

	if (status)
		return status;
	table = table_new("heaps", columns, false);
	if (!table)
		return STATUS_USAGE;
	for (size_t i = 0; i < heaps->nr; i++)
		add_row(table, &heaps->heap[i]);
	return table_print(table);
}

static int show_one(struct heaps *heaps, __u32 id)
{
	struct kgc_heap_entry entry;
	int status = heaps_read_one(heaps, id, &entry);
	struct table *table;

	if (status == STATUS_NO_HEAP)
		return complain_no_heap(id);
	if (status)
		return status;
	table = table_new("heaps", columns, true);
	if (!table)
		return STATUS_USAGE;
	add_row(table, &entry);
	return table_print(table);
}

/* Print the module's own file, which has lines "name value", as one row. */
static int show_module(void)
{
	static const struct column of_module[] = {
		{ "Heaps", NULL, KIND_COUNT, true, "heaps open" },
		{ "HeapObjects", "heap_objects", KIND_COUNT, true, "objects in all of them" },
		{ "HeapSys", "heap_sys", KIND_BYTES, true, "bytes held from the kernel" },
		{ "Sys", "held", KIND_BYTES, true, "bytes that count against max_bytes" },
		{ "MapBytes", "map_bytes", KIND_BYTES, true, "bytes of the address map" },
		{ "ReclaimWaits", "reclaim_waits", KIND_COUNT, true,
		  "waits of reclaim for cycles" },
		{ "ReclaimWaitsStuck", "reclaim_waits_stuck", KIND_COUNT, true,
		  "of these, ended because a section held the cycle up" },
		{ "ReclaimWaitsExpired", "reclaim_waits_expired", KIND_COUNT, true,
		  "of these, ended after a second" },
		{ 0 }
	};
	struct table *table = table_new("module", of_module, true);
	char *text, word[PAIR_WORD];
	int status;

	if (!table)
		return STATUS_USAGE;
	status = debugfs_read(MODULE_WIDE, "stats", &text, false);
	if (status)
		return status;
	table_row(table);
	for (size_t i = 0; of_module[i].name; i++) {
		word_of_pair(text, of_module[i].name, word);
		if (word[0])
			table_number(table, i, strtoull(word, NULL, 10));
	}
	free(text);
	return table_print(table);
}

/* Begin table @nr of --watch: clear the screen, or print an empty line between two. */
static void separate(unsigned long nr)
{
	if (shows_progress())
		fputs("\033[H\033[2J", stdout);
	else if (nr)
		putchar('\n');
}

static int run(int nr, char **words)
{
	struct heaps heaps = { .device = -1 };
	unsigned int id = 0;
	int status = STATUS_OK;

	if (nr && settings.module)
		return complain(STATUS_USAGE, "--module and a heap are two things");
	if (nr && !parse_heap(words[0], &id))
		return STATUS_USAGE;
	if (!settings.module)
		status = heaps_open(&heaps);
	for (unsigned long n = 0; !status; n++) {
		if (settings.watch)
			separate(n);
		status = settings.module ? show_module() :
			 nr ? show_one(&heaps, id) : show_all(&heaps);
		fflush(stdout);
		if (!settings.watch || ferror(stdout) || n + 1 == settings.count)
			break;
		wait_seconds(settings.seconds);
	}
	heaps_close(&heaps);
	return status;
}

const struct command command_stat = {
	.name = "stat",
	.arguments = "[HEAP]",
	.about = "a line per heap, or all counters of one heap",
	.help =
		"Shows the heaps that you have opened; with CAP_SYS_ADMIN all, also those of\n"
		"kernel modules.",
	.most = 1,
	.takes = { WORD_HEAP },
	.options = options,
	.parse = parse,
	.prints_table = true,
	.columns = columns,
	.run = run,
};
