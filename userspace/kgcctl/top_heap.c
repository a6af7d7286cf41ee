// SPDX-License-Identifier: GPL-2.0
/* kgcctl top: the page of one heap, with a table of what debugfs says of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cycles.h"
#include "figures.h"
#include "kgcctl.h"
#include "top.h"

#define BAR	36

struct limits limits_of(__u32 heap)
{
	struct limits limits = { .hard = NO_LIMIT, .soft = NO_LIMIT };
	char *text, hard[PAIR_WORD], soft[PAIR_WORD];

	if (!debugfs_peek(heap, "options", &text))
		return limits;
	word_of_pair(text, "hard_limit", hard);
	word_of_pair(text, "soft_limit", soft);
	limits.known = true;
	/* 0 is off */
	limits.hard = strtoull(hard, NULL, 10) ?: NO_LIMIT;
	limits.soft = strtoull(soft, NULL, 10) ?: NO_LIMIT;
	free(text);
	return limits;
}

/* ---- panes -------------------------------------------------------------------- */

static void no_table(struct page *page, const char *file)
{
	page_add(page, LOOK_PLAIN, "%s: in debugfs, which is for root", file);
}

/* The last cycles, newest first. */
static void write_cycles(struct page *page, __u32 heap, size_t skip)
{
	char line[CYCLE_LINE];
	struct cycle *cycles;
	size_t nr = cycles_read(heap, &cycles), room;

	page_add(page, LOOK_BOLD, "%s", cycle_headings);
	room = page_room(page);
	if (!nr)
		page_add(page, LOOK_PLAIN, "none yet; they are in debugfs, which is for root");
	for (size_t i = skip; i < nr && i - skip < room; i++)
		page_add(page, LOOK_PLAIN, "%s", cycle_line(line, heap, &cycles[nr - 1 - i]));
	free(cycles);
}

/* A column of heap<ID>/classes: its name there, its heading, its width and base. */
static const struct class_column {
	const char *name;
	const char *heading;
	int width;
	unsigned int base;
} class_columns[] = {
	{ "class", "class", 5, 1000 },
	{ "noscan", "noscan", 6, 1000 },
	{ "slot_bytes", "slot", 5, 1024 },
	{ "spans", "spans", 5, 1000 },
	{ "mallocs", "mallocs", 7, 1000 },
	{ "frees", "frees", 7, 1000 },
	{ "refills", "refills", 7, 1000 },
	{ "reused", "reused", 6, 1000 },
	{ "fresh", "fresh", 6, 1000 },
	{ "tail_bytes", "tail", 5, 1024 },
	{ "idle_bytes", "idle", 5, 1024 },
};

#define NR_CLASS_COLUMNS (sizeof(class_columns) / sizeof(class_columns[0]))

/* The line of class @at, or with NULL the headings. */
static void add_class(struct page *page, const char *headings, const char *at)
{
	char line[128], cell[FIGURE_TEXT];
	size_t used = 0;

	for (size_t i = 0; i < NR_CLASS_COLUMNS; i++) {
		const struct class_column *column = &class_columns[i];

		if (at)
			figure(cell, number_under(headings, at, column->name), column->base);
		used += snprintf(line + used, sizeof(line) - used, "%s%*s", i ? " " : "",
				 column->width, at ? cell : column->heading);
	}
	page_add(page, at ? LOOK_PLAIN : LOOK_BOLD, "%s", line);
}

static void write_classes(struct page *page, __u32 heap, size_t skip)
{
	const char *line;
	size_t room;
	char *text;

	add_class(page, NULL, NULL);
	if (!debugfs_peek(heap, "classes", &text)) {
		no_table(page, "classes");
		return;
	}
	room = page_room(page);
	for (line = next_line(text); line && room; line = next_line(line)) {
		if (skip) {
			skip--;
			continue;
		}
		add_class(page, text, line);
		room--;
	}
	free(text);
}

/* The tables of the page. Each has its headings, then lines from number @skip on. */
static const struct pane {
	const char *name;
	void (*write)(struct page *page, __u32 heap, size_t skip);
} panes[] = {
	{ "cycles", write_cycles },
	{ "classes", write_classes },
};

#define NR_PANES (sizeof(panes) / sizeof(panes[0]))

void heap_next_pane(struct view *view)
{
	view->pane = (view->pane + 1) % NR_PANES;
	view->skip = 0;
}

/* ---- the page ----------------------------------------------------------------- */

/* Add a bar of @bytes out of @full, and what they are. @bytes may be NO_LIMIT: off. */
static void add_bar(struct page *page, const char *name, uint64_t bytes, uint64_t full,
		    const char *what)
{
	struct bar bar = { .live = bytes == NO_LIMIT ? 0 : bytes, .full = full };
	char inside[BAR + 1], text[FIGURE_TEXT];

	page_add(page, LOOK_PLAIN, "%-6s [%s] %5s  %s", name, bar_text(inside, BAR, &bar),
		 bytes == NO_LIMIT ? "off" : bytes_figure(text, bytes), what);
}

static uint64_t largest(const uint64_t *values, size_t nr)
{
	uint64_t most = 0;

	for (size_t i = 0; i < nr; i++)
		if (values[i] != NO_LIMIT && values[i] > most)
			most = values[i];
	return most;
}

static void add_memory(struct page *page, const struct kgc_stats *stats,
		       const struct rates *rates, const struct limits *limits)
{
	uint64_t ends[] = { stats->live_bytes, stats->heap_alloc, stats->next_gc, stats->held,
			    limits->hard };
	uint64_t full = largest(ends, sizeof(ends) / sizeof(ends[0]));
	char a[FIGURE_TEXT], b[FIGURE_TEXT], text[64];

	add_bar(page, "live", stats->live_bytes, full, "marked by the last cycle");
	snprintf(text, sizeof(text), "+%s/s, freed %s/s", figure(a, rates->allocated, 1024),
		 figure(b, rates->freed, 1024));
	add_bar(page, "heap", stats->heap_alloc, full, text);
	add_bar(page, "goal", stats->next_gc, full, "of the next cycle");
	snprintf(text, sizeof(text), "metadata %s, idle %s", bytes_figure(a, stats->meta_sys),
		 bytes_figure(b, stats->heap_idle));
	add_bar(page, "sys", stats->held, full, text);
	if (!limits->known) {
		page_add(page, LOOK_PLAIN, "limit  in debugfs, which is for root");
		return;
	}
	snprintf(text, sizeof(text), "soft_limit %s",
		 limits->soft == NO_LIMIT ? "off" : bytes_figure(a, limits->soft));
	add_bar(page, "limit", limits->hard, full, text);
}

static void add_counts(struct page *page, const struct kgc_stats *stats,
		       const struct rates *rates)
{
	char a[FIGURE_TEXT], b[FIGURE_TEXT], c[FIGURE_TEXT], d[FIGURE_TEXT], ms[MS_TEXT];

	page_add(page, LOOK_PLAIN,
		 "cycles: %s/s, %s in all; the last took %s ms; waited for CPU time: %s",
		 figure(a, rates->cycles, 1000), figure(b, stats->num_gc, 1000),
		 ms_text(ms, stats->cycle_ns / 1000), figure(c, stats->short_cycles, 1000));
	page_add(page, LOOK_PLAIN,
		 "%% of a CPU: collector %s, threads that wait %s, mutators that help %s",
		 figure(a, 100 * rates->workers, 1000), figure(b, 100 * rates->waiters, 1000),
		 figure(c, 100 * rates->mutators, 1000));
	page_add(page, LOOK_PLAIN, "%s objects, %s handles, %s types; refused requests: %s",
		 figure(a, stats->heap_objects, 1000), figure(b, stats->handles, 1000),
		 figure(c, stats->types, 1000),
		 figure(d, stats->refused[KGC_REFUSAL_LIMIT] + stats->refused[KGC_REFUSAL_CAP] +
			stats->refused[KGC_REFUSAL_MEMORY], 1000));
}

/* The names of the panes, that of the one which is shown in brackets. */
static void add_panes(struct page *page, size_t shown)
{
	char line[128];
	size_t used = 0;

	for (size_t i = 0; i < NR_PANES; i++)
		used += snprintf(line + used, sizeof(line) - used, i == shown ? "[%s] " : " %s  ",
				 panes[i].name);
	page_add(page, LOOK_PLAIN, "%s", line);
}

void heap_page(struct page *page, struct view *view, const struct kgc_heap_entry *heap)
{
	struct rates rates = samples_rates(&view->samples, heap);
	struct limits limits = limits_of(heap->id);
	time_t now = time(NULL);
	char clock[9];

	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	page_add(page, LOOK_REVERSE, "heap %u  %s  %s  %s", heap->id, heap_phase(heap), heap->name,
		 clock);
	add_memory(page, &heap->stats, &rates, &limits);
	add_counts(page, &heap->stats, &rates);
	if (page->columns != NO_EDGE) {
		add_panes(page, view->pane);
		panes[view->pane].write(page, heap->id, view->skip);
		return;
	}
	for (size_t i = 0; i < NR_PANES; i++) {
		page_add(page, LOOK_PLAIN, "%s", panes[i].name);
		panes[i].write(page, heap->id, 0);
	}
}
