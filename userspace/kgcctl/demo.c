// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl demo: build a forest of lists, trees and cycles, drop half of its roots, and
 * collect. A mirror of the forest says which objects the collector must have freed;
 * the demo compares the heap with it.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "forest.h"
#include "kgcctl.h"
#include "table.h"

static struct {
	uint32_t objects;
	uint64_t seed;
} settings = { .objects = 1000000, .seed = 1 };

/* Limits the memory of the mirror's arrays. Node numbers have 32 bits. */
#define MAX_OBJECTS 100000000UL

/* The walk ends after this time. The verdict says how many objects it visited. */
#define WALK_SECONDS 10.0

enum { KEY_OBJECTS = 0x200, KEY_SEED };

static error_t parse_setting(int key, char *arg, struct argp_state *state)
{
	unsigned long long value;
	char *end;

	switch (key) {
	case KEY_OBJECTS:
	case KEY_SEED:
		errno = 0;
		value = strtoull(arg, &end, 0);
		if (end == arg || *end || errno || *arg == '-')
			argp_error(state, "'%s' is no number", arg);
		if (key == KEY_SEED)
			settings.seed = value;
		else if (value < GROVE || value > MAX_OBJECTS)
			argp_error(state, "--objects takes %d to %lu", GROVE,
				   MAX_OBJECTS);
		else
			settings.objects = value;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "objects", KEY_OBJECTS, "N", 0, "objects to build, 1000000 unless told", 0 },
	{ "seed", KEY_SEED, "N", 0, "which forest to grow, 1 unless told", 0 },
	{ 0 }
};

static double seconds(void)
{
	return clock_ns(CLOCK_MONOTONIC) * 1e-9;
}

/* Print the progress in a line that overwrites itself, if stdout is a terminal. */
static void progress(const char *what, uint64_t done, uint64_t total)
{
	static const char *current;
	static int shown;
	int percent = total ? done * 100 / total : 100;

	if (!shows_progress())
		return;
	if (what != current) {
		current = what;
		shown = -1;
	}
	if (percent == shown)
		return;
	shown = percent;
	printf("\r  %-10s %3d %%%s", what, percent, percent == 100 ? "\n" : "");
	fflush(stdout);
}

enum { WHAT, BEFORE, AFTER };

static const struct column columns[] = {
	[WHAT] = { "what", NULL, KIND_TEXT, true, "what is counted" },
	[BEFORE] = { "before", NULL, KIND_COUNT, true, "with all roots" },
	[AFTER] = { "after", NULL, KIND_COUNT, true, "when half of them are dropped, and the rest collected" },
	{ 0 }
};

static void row(struct table *table, const char *name, enum kind kind, uint64_t before,
		uint64_t after)
{
	bool exact = kind != KIND_BYTES || table_exact();
	char text[SIZE_TEXT];

	table_row(table);
	table_text(table, WHAT, name);
	table_text(table, BEFORE, size_text(text, before, exact));
	table_text(table, AFTER, size_text(text, after, exact));
}

static int print_table(struct table *t, const struct forest *forest,
		       const struct kgc_stats *before, const struct kgc_stats *after)
{
	row(t, "reachable (oracle)", KIND_COUNT, forest->nr, forest->nr_live);
	row(t, "objects in the heap", KIND_COUNT, before->heap_objects, after->heap_objects);
	row(t, "bytes in objects", KIND_BYTES, before->heap_alloc, after->heap_alloc);
	row(t, "bytes in spans", KIND_BYTES, before->heap_inuse, after->heap_inuse);
	row(t, "bytes from the kernel", KIND_BYTES, before->heap_sys, after->heap_sys);
	row(t, "bytes of metadata", KIND_BYTES, before->meta_sys, after->meta_sys);
	row(t, "handles", KIND_COUNT, before->handles, after->handles);
	row(t, "cycles", KIND_COUNT, before->num_gc, after->num_gc);
	return table_print(t);
}

static void tell(const struct kgc_stats *before, const struct kgc_stats *after)
{
	char freed[SIZE_TEXT];

	printf("\ngarbage found   %" PRIu64 " objects, %s bytes\n",
	       (uint64_t)(after->frees - before->frees),
	       size_text(freed, before->heap_alloc - after->heap_alloc, table_exact()));
	printf("last cycle      %.3f ms, %.3f ms of it marking %" PRIu64
	       " objects\n", after->cycle_ns * 1e-6, after->mark_ns * 1e-6,
	       (uint64_t)after->live_objects);
	printf("pauses          %" PRIu64 " ns\n", (uint64_t)after->pause_total_ns);
	printf("longest step    %.3f ms that a mutator worked for the collector\n",
	       after->longest_step_ns * 1e-6);
}

static int verdict(const char *claim, bool holds)
{
	/* with --json and --raw, keep the verdicts out of stdout */
	if (!holds || table_for_people())
		fprintf(table_for_people() ? stdout : stderr, "%-4s %s\n",
			holds ? "ok" : "FAIL", claim);
	return holds ? 0 : 1;
}

static int judge(const struct forest *forest, const struct kgc_stats *before,
		 const struct kgc_stats *after, const struct walk_report *walk)
{
	uint32_t dead = forest->nr - forest->nr_live;
	char claim[256];
	int failures = 0;

	failures += verdict("nothing died while all roots were held",
			    before->frees == 0 &&
			    before->heap_objects == forest->nr);
	snprintf(claim, sizeof(claim), "%u objects must have died: %" PRIu64
		 " died", dead, (uint64_t)(after->frees - before->frees));
	failures += verdict(claim, after->frees - before->frees == dead);
	snprintf(claim, sizeof(claim), "%u objects must live: %" PRIu64
		 " live", forest->nr_live, (uint64_t)after->heap_objects);
	failures += verdict(claim, after->heap_objects == forest->nr_live);
	snprintf(claim, sizeof(claim),
		 "%u of %u living objects visited, %u edges followed: %u differences",
		 walk->nodes, forest->nr_live, walk->edges, walk->wrong);
	failures += verdict(claim, walk->nodes > 0 && !walk->wrong);
	if (walk->wrong)
		fprintf(table_for_people() ? stdout : stderr, "     first: %s\n",
			walk->complaint);
	return failures;
}

/* Drop half of the roots and collect. Returns 0 or -errno. */
static int let_half_die(struct forest *forest)
{
	uint32_t dropped;
	int err;

	err = forest_drop_half(forest, &dropped) ?: forest_reach(forest);
	if (err)
		return err;
	if (table_for_people())
		printf("dropped %u of %u roots; collecting\n", dropped, forest->groves);
	fflush(stdout);
	do {
		err = kgc_collect(forest->heap, 2, KGC_COLLECT_WAIT, NULL);
	} while (err == -EINTR);
	return err;
}

/* Build, drop, collect, walk, and print the verdict. Returns -errno or an exit status. */
static int perform(struct forest *forest, struct table *table)
{
	struct kgc_stats before, after;
	struct walk_report walk;
	double start = seconds();
	int err, failures;

	err = forest_build(forest, progress);
	if (err)
		return err;
	if (table_for_people())
		printf("built %u objects in %u lists, trees and cycles in %.1f s\n",
		       forest->nr, forest->groves, seconds() - start);
	err = kgc_stats(forest->heap, &before) ?: let_half_die(forest) ?:
	      kgc_stats(forest->heap, &after) ?:
	      forest_walk(forest, WALK_SECONDS, progress, &walk);
	if (err)
		return err;
	err = print_table(table, forest, &before, &after);
	if (err)
		return err;
	if (table_for_people()) {
		tell(&before, &after);
		puts("\nthe oracle's verdict");
	}
	failures = judge(forest, &before, &after, &walk);
	if (table_for_people())
		printf("\n%s\n%.1f s in all\n", failures ?
		       "FAIL: the collector and the oracle disagree" :
		       "PASS: the collector did exactly what the oracle says",
		       seconds() - start);
	return failures ? STATUS_FAILED : STATUS_OK;
}

static int run(int nr, char **words)
{
	struct forest forest;
	struct table *table;
	int heap, status;

	(void)nr;
	(void)words;
	/* complain about a wrong column before the long work */
	table = table_new("demo", columns, false);
	if (!table)
		return STATUS_USAGE;
	heap = own_heap();
	if (heap < 0)
		return -heap;
	status = forest_init(&forest, heap, settings.objects, settings.seed);
	if (!status)
		status = perform(&forest, table);
	if (status == -ENOMEM)
		status = complain_no_memory(heap, "the demo, which can do with fewer --objects");
	else if (status < 0)
		status = complain(STATUS_FAILED, "the demo was stopped by: %s",
				  strerror(-status));
	forest_destroy(&forest);
	kgc_close(heap);
	return status;
}

const struct command command_demo = {
	.name = "demo",
	.arguments = "",
	.about = "builds a graph, drops half of it, collects, checks the result",
	.help =
		"A mirror of the graph, which knows nothing of the collector, says which objects\n"
		"must have died, and that the others are intact.",
	.options = options,
	.parse = parse_setting,
	.prints_table = true,
	.columns = columns,
	.run = run,
};
