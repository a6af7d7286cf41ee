// SPDX-License-Identifier: GPL-2.0
/* kgcctl gc: start cycles. With --wait, report how much they freed. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "command.h"
#include "heaps.h"
#include "kgcctl.h"

#define SHORTEST_LOOK	1000000L	/* ns between two looks at the heap */
#define LONGEST_LOOK	32000000L

static struct {
	bool wait;
	const char *cycles;
} settings = { .cycles = "1" };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'w':
		settings.wait = true;
		return 0;
	case 'c':
		if (strcmp(arg, "1") && strcmp(arg, "2"))
			argp_error(state, "--cycles takes 1 or 2, not '%s'", arg);
		settings.cycles = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "wait", 'w', 0, 0, "wait for the end, and print what was freed and how long it took", 0 },
	{ "cycles", 'c', "N", 0, "1 or 2 full cycles; two free all precisely typed garbage there is now", 0 },
	{ 0 }
};

static int start(unsigned int heap)
{
	return debugfs_write(heap, "collect", settings.cycles, true);
}

/* Read the number of the last cycle asked for: when it ends, the request is done. */
static int asked_for(__u32 heap, __u64 *cycle)
{
	int status;
	char *text;

	status = debugfs_read(heap, "collect", &text, true);
	if (status)
		return status;
	*cycle = strtoull(text, NULL, 0);
	free(text);
	return STATUS_OK;
}

/* Wait for @cycle. STATUS_NO_HEAP if the heap is closed, even if its number is reused. */
static int await(struct heaps *heaps, struct kgc_heap_entry *entry, __u64 cycle)
{
	struct timespec look = { .tv_nsec = SHORTEST_LOOK };
	__u64 created_ns = entry->created_ns;
	int status;

	while (entry->stats.num_gc < cycle) {
		if (entry->flags & KGC_HEAP_ASIDE)
			return complain(STATUS_FAILED, "heap %u is set aside: it has no cycles",
					entry->id);
		nanosleep(&look, NULL);
		if (look.tv_nsec < LONGEST_LOOK)
			look.tv_nsec *= 2;
		status = heaps_read_one(heaps, entry->id, entry);
		if (status)
			return status;
		if (entry->created_ns != created_ns)
			return STATUS_NO_HEAP;
	}
	return STATUS_OK;
}

static __u64 freed_bytes(const struct kgc_stats *stats)
{
	return stats->total_alloc - stats->heap_alloc;
}

static void report(const struct kgc_heap_entry *before, const struct kgc_heap_entry *after,
		   __u64 began)
{
	const struct kgc_stats *a = &before->stats, *b = &after->stats;
	__u64 ended = b->last_gc_ns > began ? b->last_gc_ns : clock_ns(CLOCK_MONOTONIC);
	__u64 cycles = b->num_gc - a->num_gc;
	char bytes[SIZE_TEXT];

	printf("heap %u %s: freed %llu objects, %s bytes; %llu cycle%s, %.1f ms\n",
	       after->id, after->name, (unsigned long long)(b->frees - a->frees),
	       size_text(bytes, freed_bytes(b) - freed_bytes(a), false),
	       (unsigned long long)cycles, cycles == 1 ? "" : "s", (ended - began) * 1e-6);
}

static int start_and_wait(struct heaps *heaps, __u32 id)
{
	struct kgc_heap_entry before, entry;
	__u64 cycle, began = clock_ns(CLOCK_MONOTONIC);
	int status;

	status = heaps_read_one(heaps, id, &before);
	if (status)
		return status;
	entry = before;
	status = debugfs_write(entry.id, "collect", settings.cycles, true);
	if (!status)
		status = asked_for(entry.id, &cycle);
	if (!status)
		status = await(heaps, &entry, cycle);
	if (!status)
		report(&before, &entry, began);
	return status;
}

static int wait_for_all(struct heaps *heaps)
{
	int status = heaps_read(heaps), worst = status;

	if (!status && !heaps->nr)
		puts("no heap is open");
	for (size_t i = 0; !status && i < heaps->nr; i++) {
		int one = start_and_wait(heaps, heaps->heap[i].id);

		if (one > worst && one != STATUS_NO_HEAP)
			worst = one;
	}
	return worst;
}

static int run(int nr, char **words)
{
	struct heaps heaps;
	unsigned int heap = 0;
	int status;

	if (nr && !parse_heap(words[0], &heap))
		return STATUS_USAGE;
	if (!settings.wait)
		return nr ? debugfs_write(heap, "collect", settings.cycles, false) :
			    debugfs_each_heap(start);
	status = heaps_open(&heaps);
	if (!status && nr) {
		status = start_and_wait(&heaps, heap);
		if (status == STATUS_NO_HEAP)
			complain_no_heap(heap);
	} else if (!status) {
		status = wait_for_all(&heaps);
	}
	heaps_close(&heaps);
	return status;
}

const struct command command_gc = {
	.name = "gc",
	.arguments = "[HEAP]",
	.about = "starts a cycle in one heap, or in all",
	.help = "For root.",
	.most = 1,
	.takes = { WORD_HEAP },
	.options = options,
	.parse = parse,
	.run = run,
};
