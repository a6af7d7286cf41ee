// SPDX-License-Identifier: GPL-2.0
/* kgcctl report: how full the spans of each size are, and how often their slots are reused. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "kgcctl.h"
#include "report.h"

#define TENTHS		11	/* 0 to 9 tenths, and full */
#define MOST_ROWS	24
#define HEAP_PAGE	8192
#define ROW		24
#define LEFT		(24 * LETTER)
#define TOP		46
#define CELL		56
#define REUSE_LEFT	(LEFT + TENTHS * CELL + 24)

/**
 * struct size_row - the spans of one slot size, with or without pointers
 * @class: size class; 0 for large objects
 * @noscan: objects without pointers
 * @slot: bytes of a slot
 * @bytes: memory of spans by how full they are
 * @total: sum of @bytes
 */
struct size_row {
	uint64_t class;
	uint64_t noscan;
	uint64_t slot;
	uint64_t bytes[TENTHS];
	uint64_t total;
};

struct size_rows {
	struct size_row *row;
	size_t nr;
};

static struct size_row *row_for(struct size_rows *rows, const struct size_row *key)
{
	for (size_t i = 0; i < rows->nr; i++)
		if (rows->row[i].class == key->class && rows->row[i].noscan == key->noscan)
			return &rows->row[i];
	rows->row = reallocate(rows->row, (rows->nr + 1) * sizeof(*key));
	rows->row[rows->nr] = *key;
	return &rows->row[rows->nr++];
}

static void read_spans(struct size_rows *rows, const char *text)
{
	for (const char *line = next_line(text); line; line = next_line(line)) {
		struct size_row key = {
			.class = number_under(text, line, "class"),
			.noscan = number_under(text, line, "noscan"),
			.slot = number_under(text, line, "slot_bytes"),
		}, *row;
		uint64_t slots = number_under(text, line, "elements");
		uint64_t bytes = number_under(text, line, "pages") * HEAP_PAGE;

		if (!slots)
			continue;
		row = row_for(rows, &key);
		row->bytes[number_under(text, line, "used") * (TENTHS - 1) / slots] += bytes;
		row->total += bytes;
	}
}

static int by_total(const void *a, const void *b)
{
	const struct size_row *x = a, *y = b;

	return (x->total < y->total) - (x->total > y->total);
}

static int by_slot(const void *a, const void *b)
{
	const struct size_row *x = a, *y = b;

	if (!x->class != !y->class)
		return !x->class ? 1 : -1;
	if (x->slot != y->slot)
		return x->slot > y->slot ? 1 : -1;
	return (x->noscan > y->noscan) - (x->noscan < y->noscan);
}

/* Percent of the objects of @row that were put into used memory; negative if there are none. */
static double percent_reused(const char *classes, const struct size_row *row)
{
	for (const char *line = next_line(classes); line; line = next_line(line)) {
		double reused = number_under(classes, line, "reused");
		double all = number_under(classes, line, "mallocs");

		if (number_under(classes, line, "class") == row->class &&
		    number_under(classes, line, "noscan") == row->noscan && all)
			return reused < all ? 100 * reused / all : 100;
	}
	return -1;
}

static void write_cell(FILE *to, const struct box *box, double share, const char *tip,
		       const char *text)
{
	svg_rect(to, box, "heat", 0.06 + 0.6 * share, tip);
	svg_text(to, box->x + box->width / 2, box->y + box->height / 2 + 4, ANCHOR_MIDDLE, NULL,
		 text);
}

/* As words_bytes(), but short enough for a cell. */
static char *cell_bytes(char text[WORDS_TEXT], uint64_t bytes)
{
	char *space;

	words_bytes(text, bytes);
	space = strchr(text, ' ');
	space[0] = space[1];
	space[1] = '\0';
	return text;
}

static void write_row(FILE *to, const struct size_row *row, double y, uint64_t most, double reused)
{
	char name[2 * WORDS_TEXT], text[WORDS_TEXT], tip[128];
	struct box box = { LEFT, y + 1, CELL - 2, ROW - 2 };

	snprintf(name, sizeof(name), "%s%s", row->class ? words_bytes(text, row->slot) :
		 "larger", row->noscan ? ", no pointers" : "");
	svg_text(to, LEFT - 8, y + ROW / 2 + 4, ANCHOR_END, NULL, name);
	for (size_t i = 0; i < TENTHS; i++, box.x += CELL) {
		if (!row->bytes[i])
			continue;
		snprintf(tip, sizeof(tip), "%s: %s in spans that are %zu %% full%s", name,
			 words_bytes(text, row->bytes[i]), i * 10, i < TENTHS - 1 ? " or more" : "");
		write_cell(to, &box, (double)row->bytes[i] / most, tip,
			   cell_bytes(text, row->bytes[i]));
	}
	box.x = REUSE_LEFT;
	box.width = 2 * CELL;
	snprintf(text, sizeof(text), "%.0f %%", reused);
	if (reused >= 0)
		write_cell(to, &box, reused / 100, NULL, text);
}

static void write_headings(FILE *to)
{
	char text[16];

	svg_text(to, LEFT - 8, TOP - 8, ANCHOR_END, "soft", "size of a slot");
	svg_text(to, LEFT, 14, ANCHOR_START, "soft", "memory, by how full its spans are");
	for (size_t i = 0; i < TENTHS; i++) {
		snprintf(text, sizeof(text), i < TENTHS - 1 ? "%zu %%+" : "full", i * 10);
		svg_text(to, LEFT + i * CELL + (CELL - 2) / 2, TOP - 8, ANCHOR_MIDDLE, "soft",
			 text);
	}
	svg_text(to, REUSE_LEFT + CELL, 14, ANCHOR_MIDDLE, "soft", "objects put into");
	svg_text(to, REUSE_LEFT + CELL, TOP - 8, ANCHOR_MIDDLE, "soft", "used memory");
}

static void write_map(FILE *to, const struct size_rows *rows, size_t nr, const char *classes)
{
	uint64_t most = 1;

	for (size_t i = 0; i < nr; i++)
		for (size_t j = 0; j < TENTHS; j++)
			if (rows->row[i].bytes[j] > most)
				most = rows->row[i].bytes[j];
	svg_begin(to, CHART_WIDTH, TOP + nr * ROW, "Memory by size of slot and how full it is");
	write_headings(to);
	for (size_t i = 0; i < nr; i++)
		write_row(to, &rows->row[i], TOP + i * ROW, most,
			  percent_reused(classes, &rows->row[i]));
	svg_end(to);
}

void report_spans(const struct report *report, FILE *to)
{
	struct size_rows rows = { .row = NULL };
	size_t nr;

	fputs("<h2>How full the memory is</h2>\n", to);
	read_spans(&rows, report->spans);
	if (!rows.nr) {
		fputs("<p class=\"none\">This heap has no memory for objects.</p>\n", to);
		return;
	}
	fputs("<p>A span is a block of memory that is cut into slots of one size, each for one "
	      "object. A span goes back to the kernel only when all its slots are free: much "
	      "memory at the left means that few objects keep many spans. The last column "
	      "tells how many of all objects ever allocated were put into memory in which "
	      "other objects had died.</p>\n", to);
	/* the sizes with most memory, then in the order of their sizes */
	qsort(rows.row, rows.nr, sizeof(*rows.row), by_total);
	nr = rows.nr < MOST_ROWS ? rows.nr : MOST_ROWS;
	qsort(rows.row, nr, sizeof(*rows.row), by_slot);
	write_map(to, &rows, nr, report->classes);
	if (rows.nr > nr)
		fprintf(to, "<p>%zu other sizes with less memory are left out.</p>\n",
			rows.nr - nr);
	free(rows.row);
}
