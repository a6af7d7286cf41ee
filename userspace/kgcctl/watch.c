// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl watch: a line for each cycle, soon after its end. It polls the counters of the
 * heaps, and reads heap<ID>/cycles in debugfs when they show that a cycle has ended. For
 * an owner who is not root the line has what the counters say.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "cycles.h"
#include "heaps.h"
#include "kgcctl.h"
#include "repeat.h"

/**
 * struct watched - a heap at the last look
 * @id: its number
 * @created_ns: when it was opened: the number may pass to another heap
 * @seen: number of its last cycle that was shown, or that was over before
 * @by_reason: its cycles until then, by enum kgc_reason
 */
struct watched {
	__u32 id;
	__u64 created_ns;
	uint64_t seen;
	__u64 by_reason[KGC_NR_REASONS];
};

static struct {
	double seconds;
	unsigned long count;
} settings = { .seconds = 0.2 };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'd':
		settings.seconds = parse_seconds(state, "--delay", arg);
		return 0;
	case 'n':
		settings.count = parse_count(state, "--count", arg);
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "delay", 'd', "SECONDS", 0, "look every so many seconds, 0.2 unless told: a line comes at most so much after the end of its cycle", 0 },
	{ "count", 'n', "COUNT", 0, "end after the lines of COUNT cycles", 0 },
	{ 0 }
};

/* Lines that may still be printed; ~0 if there is no limit. */
static unsigned long left = ~0UL;

/* Monotonic time at which the watch began. */
static uint64_t began_ns;

static void show_missed(__u32 heap, uint64_t missed)
{
	if (missed)
		printf("%-8s %4" PRIu32 " %" PRIu64 " cycle%s not seen\n", "-", heap, missed,
		       missed == 1 ? "" : "s");
}

static void show(struct watched *watched, const struct cycle *cycle)
{
	char line[CYCLE_LINE];

	show_missed(watched->id, cycle->nr - watched->seen - 1);
	puts(cycle_line(line, watched->id, cycle));
	watched->seen = cycle->nr;
	left -= left != ~0UL;
}

/* Show the cycles of @entry that were over at this look, but not at the last one. */
static void show_new(struct watched *watched, const struct kgc_heap_entry *entry)
{
	struct cycle *cycles, one;
	size_t nr;

	if (entry->stats.num_gc <= watched->seen)
		return;
	nr = cycles_read(watched->id, &cycles);
	/* another heap may have got the number since */
	if (nr && cycles[nr - 1].nr < entry->stats.num_gc)
		nr = 0;
	for (size_t i = 0; i < nr && left; i++)
		if (cycles[i].nr > watched->seen)
			show(watched, &cycles[i]);
	if (!nr) {
		one = cycle_of_counters(&entry->stats, watched->by_reason);
		show(watched, &one);
	}
	free(cycles);
}

static const struct watched *find(const struct watched *watched, size_t nr,
				  const struct kgc_heap_entry *entry)
{
	for (size_t i = 0; i < nr; i++)
		if (watched[i].id == entry->id && watched[i].created_ns == entry->created_ns)
			return &watched[i];
	return NULL;
}

/* Cycles that were over before the watch began count as seen. */
static struct watched first_look(const struct kgc_heap_entry *heap)
{
	struct watched first = { .id = heap->id, .created_ns = heap->created_ns };

	if (heap->created_ns >= began_ns)
		return first;
	first.seen = heap->stats.num_gc;
	memcpy(first.by_reason, heap->stats.gc_reason, sizeof(first.by_reason));
	return first;
}

/* Show what is new since the last look, and make *@watched and *@nr those of this one. */
static void look(struct watched **watched, size_t *nr, const struct kgc_heap_entry *heap,
		 size_t nr_heaps)
{
	struct watched *now = allocate(nr_heaps * sizeof(*now));

	for (size_t i = 0; i < nr_heaps; i++) {
		const struct watched *old = find(*watched, *nr, &heap[i]);

		now[i] = old ? *old : first_look(&heap[i]);
		if (left)
			show_new(&now[i], &heap[i]);
		memcpy(now[i].by_reason, heap[i].stats.gc_reason, sizeof(now[i].by_reason));
	}
	free(*watched);
	*watched = now;
	*nr = nr_heaps;
}

/* Complain that heap @id is not there, or, if there were looks at it, that it has ended. */
static int complain_ended(__u32 id, bool looked)
{
	return looked ? complain(STATUS_NO_HEAP, "heap %u has ended", id) :
			complain_no_heap(id);
}

/* Watch heap @id, or with 0 all heaps, until a signal, the count or the end of the heap. */
static int watch(struct heaps *heaps, __u32 id)
{
	struct kgc_heap_entry one = { 0 };
	struct watched *watched = NULL;
	bool looked = false;
	size_t nr = 0;
	int status;

	for (;; looked = true) {
		__u64 created_ns = one.created_ns;

		status = id ? heaps_read_one(heaps, id, &one) : heaps_read(heaps);
		if (status == STATUS_NO_HEAP || (looked && one.created_ns != created_ns))
			status = complain_ended(id, looked);
		if (status)
			break;
		if (!looked)
			puts(cycle_headings);
		look(&watched, &nr, id ? &one : heaps->heap, id ? 1 : heaps->nr);
		if (!left || ferror(stdout))
			break;
		wait_seconds(settings.seconds);
	}
	free(watched);
	return status;
}

static int run(int nr, char **words)
{
	struct heaps heaps;
	unsigned int id = 0;
	int status;

	if (nr && !parse_heap(words[0], &id))
		return STATUS_USAGE;
	if (nr && !id)
		return complain_no_heap(id);
	if (settings.count)
		left = settings.count;
	status = heaps_open(&heaps);
	if (!status) {
		began_ns = clock_ns(CLOCK_MONOTONIC);
		setvbuf(stdout, NULL, _IOLBF, 0);
		status = watch(&heaps, id);
	}
	heaps_close(&heaps);
	return status;
}

const struct command command_watch = {
	.name = "watch",
	.arguments = "[HEAP]",
	.about = "a line for each cycle, as it ends",
	.help =
		"Of one heap, or of all that you may see, until a signal; a heap's end ends\n"
		"its watch with status 5. The phases and cpu are in ms: start ends when\n"
		"every section allocates marked objects, settle with the flush of the caches.\n"
		"live and goal are bytes, freed objects. The time is that of the cycle's\n"
		"begin. Cycles that end between two looks are shown as well, as many as the\n"
		"module keeps (32); a line says how many were not seen. Without root, only\n"
		"the last cycle before each look is seen, and start, settle, sweep, cpu\n"
		"and freed are not known (-).",
	.most = 1,
	.takes = { WORD_HEAP },
	.options = options,
	.parse = parse,
	.run = run,
};
