// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl demo: grow a forest of lists, trees and cycles, drop half of its
 * roots, collect, and compare what the collector did with what the mirror says
 * it must have done.
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "forest.h"
#include "kgcctl.h"

struct settings {
	uint32_t objects;
	uint64_t seed;
};

/* The mirror numbers nodes with 32 bits and wants room for its arrays. */
#define MOST_OBJECTS 100000000UL

/* Walking takes no longer than this; what it did not reach it reports. */
#define WALK_SECONDS 10.0

static error_t parse_setting(int key, char *arg, struct argp_state *state)
{
	struct settings *settings = state->input;
	unsigned long long value;
	char *end;

	switch (key) {
	case 'n':
	case 's':
		errno = 0;
		value = strtoull(arg, &end, 0);
		if (end == arg || *end || errno || *arg == '-')
			argp_error(state, "'%s' is no number", arg);
		if (key == 's')
			settings->seed = value;
		else if (value < GROVE || value > MOST_OBJECTS)
			argp_error(state, "--objects takes %d to %lu", GROVE,
				   MOST_OBJECTS);
		else
			settings->objects = value;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "demo takes no argument '%s'", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "objects", 'n', "N", 0, "objects to build, 1000000 unless told", 0 },
	{ "seed", 's', "N", 0, "which forest to grow, 1 unless told", 0 },
	{ 0 }
};

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec * 1e-9;
}

/* A line that moves on a terminal, a line per ten percent elsewhere. */
static void progress(const char *what, uint64_t done, uint64_t total)
{
	static const char *current;
	static int shown;
	int percent = total ? done * 100 / total : 100;
	int terminal = isatty(STDOUT_FILENO);

	if (what != current) {
		current = what;
		shown = -1;
	}
	if (percent / (terminal ? 1 : 10) == shown)
		return;
	shown = percent / (terminal ? 1 : 10);
	if (terminal)
		printf("\r  %-10s %3d %%%s", what, percent,
		       percent == 100 ? "\n" : "");
	else
		printf("  %-10s %3d %%\n", what, percent);
	fflush(stdout);
}

static void row(const char *name, uint64_t before, uint64_t after)
{
	printf("  %-28s %14" PRIu64 " %14" PRIu64 "\n", name, before, after);
}

static void print_table(const struct forest *forest,
			const struct kgc_stats *before,
			const struct kgc_stats *after)
{
	printf("\n  %-28s %14s %14s\n", "", "before", "after");
	row("reachable (oracle)", forest->nr, forest->nr_live);
	row("objects in the heap", before->heap_objects, after->heap_objects);
	row("bytes in objects", before->heap_alloc, after->heap_alloc);
	row("bytes in spans", before->heap_inuse, after->heap_inuse);
	row("bytes from the kernel", before->heap_sys, after->heap_sys);
	row("bytes of metadata", before->meta_sys, after->meta_sys);
	row("handles", before->handles, after->handles);
	row("cycles", before->num_gc, after->num_gc);
	printf("\n  garbage found   %" PRIu64 " objects, %" PRIu64 " bytes\n",
	       (uint64_t)(after->frees - before->frees),
	       (uint64_t)(before->heap_alloc - after->heap_alloc));
	printf("  last cycle      %.3f ms, %.3f ms of it marking %" PRIu64
	       " objects\n", after->cycle_ns * 1e-6, after->mark_ns * 1e-6,
	       (uint64_t)after->live_objects);
	printf("  pauses          %" PRIu64 " ns; longest step a mutator made for the collector %.3f ms\n",
	       (uint64_t)after->pause_total_ns, after->longest_step_ns * 1e-6);
}

static int verdict(const char *claim, bool holds)
{
	printf("  %-4s %s\n", holds ? "ok" : "FAIL", claim);
	return holds ? 0 : 1;
}

static int judge(const struct forest *forest, const struct kgc_stats *before,
		 const struct kgc_stats *after, const struct walk_report *walk)
{
	uint32_t dead = forest->nr - forest->nr_live;
	char claim[256];
	int failures = 0;

	puts("\n  the oracle's verdict");
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
		printf("       first: %s\n", walk->complaint);
	printf("\n  %s\n", failures ? "FAIL: the collector and the oracle disagree" :
	       "PASS: the collector did exactly what the oracle says");
	return failures ? STATUS_FAILED : STATUS_OK;
}

/* Everything between an empty heap and the verdict; -errno, or the status. */
static int perform(struct forest *forest)
{
	struct kgc_stats before, after;
	struct walk_report walk;
	double start = seconds();
	uint32_t dropped;
	int err;

	err = forest_build(forest, progress);
	if (err)
		return err;
	printf("  built %u objects in %u lists, trees and cycles in %.1f s\n",
	       forest->nr, forest->groves, seconds() - start);
	err = kgc_stats(forest->heap, &before) ?:
	      forest_drop_half(forest, &dropped) ?: forest_reach(forest);
	if (err)
		return err;
	printf("  dropped %u of %u roots; collecting\n", dropped,
	       forest->groves);
	fflush(stdout);
	do {
		err = kgc_collect(forest->heap, 2, KGC_COLLECT_WAIT, NULL);
	} while (err == -EINTR);
	err = err ?: kgc_stats(forest->heap, &after) ?:
	      forest_walk(forest, WALK_SECONDS, progress, &walk);
	if (err)
		return err;
	print_table(forest, &before, &after);
	err = judge(forest, &before, &after, &walk);
	printf("  %.1f s in all\n", seconds() - start);
	return err;
}

int command_demo(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_setting,
		.doc = "Build a graph, drop half of its roots, collect, and have an independent oracle check what died and what lives.",
	};
	struct settings settings = { .objects = 1000000, .seed = 1 };
	struct forest forest;
	int heap, status;

	argv[0] = "kgcctl demo";
	argp_parse(&argp, argc, argv, 0, NULL, &settings);
	heap = own_heap();
	if (heap < 0)
		return -heap;
	status = forest_init(&forest, heap, settings.objects, settings.seed);
	if (!status)
		status = perform(&forest);
	if (status == -ENOMEM)
		status = complain(STATUS_FAILED,
				  "out of memory: give the machine more, or try fewer --objects");
	else if (status < 0)
		status = complain(STATUS_FAILED, "the demo was stopped by: %s",
				  strerror(-status));
	forest_destroy(&forest);
	kgc_close(heap);
	return status;
}
