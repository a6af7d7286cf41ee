// SPDX-License-Identifier: GPL-2.0
/* kgcctl top: the list of heaps. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "figures.h"
#include "kgcctl.h"
#include "top.h"

#define BAR	8	/* columns between the brackets */
#define WIDE	100	/* columns from which on all figures are shown */
#define CELL	48

/**
 * struct row - a heap of the list
 * @heap: its counters
 * @rates: what it does
 * @limits: filled in before the row is printed
 */
struct row {
	const struct kgc_heap_entry *heap;
	struct rates rates;
	struct limits limits;
};

static double id_of(const struct row *row)
{
	return row->heap->id;
}

static double sys_of(const struct row *row)
{
	return row->heap->stats.held;
}

static double heap_of(const struct row *row)
{
	return row->heap->stats.heap_alloc;
}

static double goal_of(const struct row *row)
{
	return row->heap->stats.next_gc == NO_LIMIT ? NAN : row->heap->stats.next_gc;
}

static double allocated_of(const struct row *row)
{
	return row->rates.allocated;
}

static double freed_of(const struct row *row)
{
	return row->rates.freed;
}

static double cycles_of(const struct row *row)
{
	return row->rates.cycles;
}

static double cpu_of(const struct row *row)
{
	return 100 * row->rates.workers;
}

static void write_phase(char text[CELL], const struct row *row)
{
	snprintf(text, CELL, "%s", heap_phase(row->heap));
}

static uint64_t larger(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static void write_bar(char text[CELL], const struct row *row)
{
	const struct kgc_stats *stats = &row->heap->stats;
	uint64_t goal = stats->next_gc == NO_LIMIT ? 0 : stats->next_gc;
	uint64_t limit = row->limits.hard == NO_LIMIT ? 0 : row->limits.hard;
	struct bar bar = {
		.live = stats->live_bytes, .heap = stats->heap_alloc, .goal = goal,
		.full = larger(larger(stats->held, goal), limit),
	};
	char inside[BAR + 1];

	snprintf(text, CELL, "[%s]", bar_text(inside, BAR, &bar));
}

static void write_limit(char text[CELL], const struct row *row)
{
	char limit[FIGURE_TEXT];

	snprintf(text, CELL, "%s", row->limits.known ? bytes_figure(limit, row->limits.hard) : "?");
}

static void write_name(char text[CELL], const struct row *row)
{
	snprintf(text, CELL, "%s", row->heap->name);
}

/**
 * struct shown - a column of the list
 * @name: its heading
 * @key: the letter that sorts by it, or 0
 * @width: in columns of the terminal; negative if it is flush left
 * @base: of the figure: 1024 for bytes, 1000 for all else
 * @wide: shown on wide terminals only
 * @value: the figure by which to sort, not a number if it is not known; NULL: the name
 * @write: writes a cell; NULL: the figure
 */
static const struct shown {
	const char *name;
	char key;
	int width;
	unsigned int base;
	bool wide;
	double (*value)(const struct row *row);
	void (*write)(char text[CELL], const struct row *row);
} columns[] = {
	{ "ID", 'i', 4, 1000, false, id_of, NULL },
	{ "PHASE", 0, -6, 0, false, NULL, write_phase },
	{ "#+.", 0, -BAR - 2, 0, false, NULL, write_bar },
	{ "SYS", 's', 5, 1024, false, sys_of, NULL },
	{ "HEAP", 'h', 5, 1024, false, heap_of, NULL },
	{ "GOAL", 'g', 5, 1024, false, goal_of, NULL },
	{ "LIMIT", 0, 5, 1024, false, NULL, write_limit },
	{ "ALLOC/S", 'a', 7, 1024, false, allocated_of, NULL },
	{ "FREED/S", 'f', 7, 1024, true, freed_of, NULL },
	{ "CYC/S", 'c', 5, 1000, false, cycles_of, NULL },
	{ "CPU%", 'u', 4, 1000, false, cpu_of, NULL },
	{ "NAME", 'n', -1, 0, false, NULL, write_name },
};

#define NR_COLUMNS (sizeof(columns) / sizeof(columns[0]))

bool list_sort(struct view *view, int key)
{
	for (size_t i = 0; i < NR_COLUMNS; i++) {
		if (!columns[i].key || columns[i].key != key)
			continue;
		view->sort = i;
		return true;
	}
	return false;
}

bool list_sort_by(struct view *view, const char *name)
{
	for (size_t i = 0; i < NR_COLUMNS; i++)
		if (columns[i].key && !strcasecmp(columns[i].name, name))
			return list_sort(view, columns[i].key);
	complain(STATUS_USAGE, "the list cannot be sorted by '%s', but by:", name);
	for (size_t i = 0; i < NR_COLUMNS; i++)
		if (columns[i].key)
			fprintf(stderr, "  %s\n", columns[i].name);
	return false;
}

/* ---- sorting ------------------------------------------------------------------ */

/* Largest first, names and numbers ascending, unknown figures last in both directions. */
static int by_column(const void *a, const void *b, void *data)
{
	const struct row *one = a, *other = b;
	const struct view *view = data;
	double (*value)(const struct row *row) = columns[view->sort].value;
	int order, sign = (value && value != id_of) != view->reverse ? -1 : 1;
	double x, y;

	if (!value) {
		order = strcmp(one->heap->name, other->heap->name);
	} else {
		x = value(one);
		y = value(other);
		if (isnan(x) != isnan(y))
			return isnan(x) ? 1 : -1;
		order = (x > y) - (x < y);
	}
	if (!order)
		return (one->heap->id > other->heap->id) - (one->heap->id < other->heap->id);
	return sign * order;
}

/* The rows of the list, sorted. The caller frees them. */
static struct row *sorted_rows(struct view *view)
{
	const struct heaps *heaps = &view->samples.heaps;
	struct row *rows = allocate(heaps->nr * sizeof(*rows));

	for (size_t i = 0; i < heaps->nr; i++)
		rows[i] = (struct row){
			.heap = &heaps->heap[i],
			.rates = samples_rates(&view->samples, &heaps->heap[i]),
		};
	if (heaps->nr)
		qsort_r(rows, heaps->nr, sizeof(*rows), by_column, view);
	return rows;
}

/* The number of the selected row. If its heap has gone, the first row is selected. */
static size_t selected_row(struct view *view, const struct row *rows)
{
	size_t nr = view->samples.heaps.nr;

	for (size_t i = 0; i < nr; i++)
		if (rows[i].heap->id == view->id && rows[i].heap->created_ns == view->created_ns)
			return i;
	view->created_ns = 0;
	if (nr) {
		view->id = rows[0].heap->id;
		view->created_ns = rows[0].heap->created_ns;
	}
	return 0;
}

void list_move(struct view *view, long lines)
{
	struct row *rows = sorted_rows(view);
	long nr = view->samples.heaps.nr, at = selected_row(view, rows) + lines;

	at = at < 0 ? 0 : at >= nr ? nr - 1 : at;
	if (nr) {
		view->id = rows[at].heap->id;
		view->created_ns = rows[at].heap->created_ns;
	}
	free(rows);
}

/* ---- the page ----------------------------------------------------------------- */

/* The line of @row, or with NULL the headings. The caller frees it. */
static char *line_of(const struct page *page, const struct row *row)
{
	char *line = NULL, cell[CELL];
	size_t size;
	FILE *to = open_memstream(&line, &size);

	if (!to)
		exit(complain(STATUS_FAILED, "no memory"));
	for (size_t i = 0; i < NR_COLUMNS; i++) {
		const struct shown *column = &columns[i];

		if (column->wide && page->columns < WIDE)
			continue;
		if (!row)
			snprintf(cell, sizeof(cell), "%s", column->name);
		else if (column->write)
			column->write(cell, row);
		else
			figure(cell, column->value(row), column->base);
		fprintf(to, "%s%*s", i ? " " : "", column->width, cell);
	}
	fclose(to);
	return line;
}

static void add_summary(struct page *page, const struct view *view)
{
	const struct heaps *heaps = &view->samples.heaps;
	uint64_t held = 0;
	double cpu = 0;
	char text[FIGURE_TEXT], clock[9], percent[FIGURE_TEXT];
	time_t now = time(NULL);

	for (size_t i = 0; i < heaps->nr; i++) {
		double one = samples_rates(&view->samples, &heaps->heap[i]).workers;

		held += heaps->heap[i].stats.held;
		cpu += isnan(one) ? 0 : one;
	}
	strftime(clock, sizeof(clock), "%H:%M:%S", localtime(&now));
	page_add(page, LOOK_PLAIN,
		 "%s  %zu heap%s, %s; collecting takes %s %% of a CPU; sorted by %s",
		 clock, heaps->nr, heaps->nr == 1 ? "" : "s", bytes_figure(text, held),
		 figure(percent, 100 * cpu, 1000), columns[view->sort].name);
	page_add(page, LOOK_PLAIN,
		 "bar: # live, + the rest of HEAP, . up to GOAL; its end: SYS, GOAL or LIMIT");
}

void list_page(struct page *page, struct view *view)
{
	struct row *rows = sorted_rows(view);
	size_t selected = selected_row(view, rows), first = 0, room;
	char *line = line_of(page, NULL);

	add_summary(page, view);
	page_add(page, LOOK_BOLD, "%s", line);
	free(line);
	room = page_room(page);
	if (selected >= room)
		first = selected - room + 1;
	for (size_t i = first; i < view->samples.heaps.nr && i - first < room; i++) {
		rows[i].limits = limits_of(rows[i].heap->id);
		line = line_of(page, &rows[i]);
		page_add(page, i == selected && page->columns != NO_EDGE ? LOOK_REVERSE :
			 LOOK_PLAIN, "%s", line);
		free(line);
	}
	if (!view->samples.heaps.nr)
		page_add(page, LOOK_PLAIN, "no heap is open");
	free(rows);
}
