// SPDX-License-Identifier: GPL-2.0
/* kgcctl report: what the heap holds, by type. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "html.h"
#include "report.h"

#define MAP_HEIGHT	360
#define MOST_TILES	40
#define MOST_ROWS	25
#define COLOURS		8
#define LEAST_SHARE	0.003	/* of the map: smaller tiles cannot be seen */

/**
 * struct tile - a rectangle of the map
 * @name: what it stands for
 * @bytes: its area
 * @objects: for its tip
 * @rest: it stands for several types
 */
struct tile {
	char name[PAIR_WORD];
	double bytes;
	uint64_t objects;
	bool rest;
};

/* ---- the map --------------------------------------------------------------------- */

/*
 * The worst ratio of the sides of a row of tiles along a side of @side pixels. Their areas
 * are @sum in all, @least at least and @most at most.
 */
static double worst_ratio(double side, double sum, double least, double most)
{
	return fmax(side * side * most / (sum * sum), sum * sum / (side * side * least));
}

/* How many of @tile to put into a row along @side, so that they are nearly squares. */
static size_t row_length(const struct tile *tile, size_t nr, double side, double scale,
			 double *sum)
{
	double least = tile[0].bytes * scale, most = least, worst = INFINITY;
	size_t length = 0;

	*sum = 0;
	while (length < nr) {
		double area = tile[length].bytes * scale, ratio;

		least = fmin(least, area);
		most = fmax(most, area);
		ratio = worst_ratio(side, *sum + area, least, most);
		if (ratio > worst)
			break;
		worst = ratio;
		*sum += area;
		length++;
	}
	return length;
}

static void draw_tile(FILE *to, const struct tile *tile, const struct box *box, size_t nr)
{
	char class[8], tip[256], bytes[WORDS_TEXT], count[WORDS_TEXT];
	double middle = box->y + box->height / 2;
	bool two = box->height >= 3 * LETTER_HEIGHT;

	words_bytes(bytes, tile->bytes);
	if (tile->rest)
		strcpy(class, "rest");
	else
		snprintf(class, sizeof(class), "c%zu", nr % COLOURS);
	snprintf(tip, sizeof(tip), "%s: %s, %s objects", tile->name, bytes,
		 words_count(count, tile->objects));
	svg_rect(to, box, class, 1, tip);
	if (box->height < LETTER_HEIGHT + 4 || svg_width(tile->name) + 8 > box->width)
		return;
	two = two && svg_width(bytes) + 8 <= box->width;
	svg_text(to, box->x + box->width / 2, middle + (two ? -3 : 4), ANCHOR_MIDDLE, "on",
		 tile->name);
	if (two)
		svg_text(to, box->x + box->width / 2, middle + 13, ANCHOR_MIDDLE, "on", bytes);
}

/* Fill a rectangle with tiles: rows along its shorter side, as long as they stay square. */
static void draw_map(FILE *to, const struct tile *tile, size_t nr)
{
	struct box left = { 0, 0, CHART_WIDTH, MAP_HEIGHT };
	double bytes = 0, scale;

	for (size_t i = 0; i < nr; i++)
		bytes += tile[i].bytes;
	scale = CHART_WIDTH * MAP_HEIGHT / bytes;
	for (size_t i = 0, length; i < nr; i += length) {
		bool down = left.height <= left.width;
		double side = down ? left.height : left.width, sum, at = 0;

		length = row_length(tile + i, nr - i, side, scale, &sum);
		for (size_t j = i; j < i + length; j++) {
			double part = tile[j].bytes * scale / sum * side, thick = sum / side;
			struct box box = { left.x, left.y + at, thick, part };

			if (!down)
				box = (struct box){ left.x + at, left.y, part, thick };
			draw_tile(to, &tile[j], &box, j);
			at += part;
		}
		left.x += down ? sum / side : 0;
		left.y += down ? 0 : sum / side;
		left.width -= down ? sum / side : 0;
		left.height -= down ? 0 : sum / side;
	}
}

/* Make tiles of the types that are large enough, and one of all the others. */
static size_t make_tiles(const struct census *types, double bytes,
			 struct tile tile[MOST_TILES + 1])
{
	struct tile rest = { .rest = true };
	size_t nr = 0, others = 0;

	for (size_t i = 0; i < types->nr; i++) {
		const struct census_row *row = &types->row[i];
		double live = row->number[CENSUS_LIVE_BYTES];

		if (nr < MOST_TILES && live >= LEAST_SHARE * bytes) {
			tile[nr] = (struct tile){ .bytes = live,
				.objects = row->number[CENSUS_LIVE_OBJECTS] };
			strcpy(tile[nr++].name, row->name);
		} else if (live > 0) {
			rest.bytes += live;
			rest.objects += row->number[CENSUS_LIVE_OBJECTS];
			others++;
		}
	}
	if (rest.bytes >= LEAST_SHARE * bytes) {
		snprintf(rest.name, sizeof(rest.name), "%zu other types", others);
		tile[nr++] = rest;
	}
	return nr;
}

/* ---- the table ------------------------------------------------------------------- */

static void write_row(FILE *to, const struct census_row *row, double bytes)
{
	char text[WORDS_TEXT];
	double percent = 100 * row->number[CENSUS_LIVE_BYTES] / bytes;

	fprintf(to, "<tr data-type=\"%llu\" data-objects=\"%llu\" data-bytes=\"%llu\"><td>",
		row->number[CENSUS_TYPE], row->number[CENSUS_LIVE_OBJECTS],
		row->number[CENSUS_LIVE_BYTES]);
	html_text(to, row->name);
	fprintf(to, "</td><td>%s</td>", words_count(text, row->number[CENSUS_LIVE_OBJECTS]));
	fprintf(to, "<td>%s</td>", words_bytes(text, row->number[CENSUS_LIVE_BYTES]));
	fprintf(to, "<td class=\"share\"><i style=\"width:%.1f%%\"></i>%.1f %%</td>",
		percent, percent);
	fprintf(to, "<td>%s</td></tr>\n",
		words_count(text, row->number[CENSUS_ALLOCATED_OBJECTS]));
}

static void write_table(FILE *to, const struct census *types, double bytes)
{
	char text[WORDS_TEXT];
	double rest = 0;
	size_t i;

	fputs("<table><tr><th>Type</th><th>Objects alive</th><th>Memory</th><th>Share</th>"
	      "<th>Objects ever allocated</th></tr>\n", to);
	for (i = 0; i < types->nr && i < MOST_ROWS; i++)
		write_row(to, &types->row[i], bytes);
	for (; i < types->nr; i++)
		rest += types->row[i].number[CENSUS_LIVE_BYTES];
	if (types->nr > MOST_ROWS)
		fprintf(to, "<tr><td>%zu other types</td><td></td><td>%s</td>"
			"<td class=\"share\">%.1f %%</td><td></td></tr>\n",
			types->nr - MOST_ROWS, words_bytes(text, rest), 100 * rest / bytes);
	fputs("</table>\n", to);
}

void report_types(const struct report *report, FILE *to)
{
	struct tile tile[MOST_TILES + 1];
	double bytes = 0;
	size_t nr;

	fputs("<h2>What the heap holds, by type</h2>\n", to);
	for (size_t i = 0; i < report->types.nr; i++)
		bytes += report->types.row[i].number[CENSUS_LIVE_BYTES];
	if (!bytes) {
		fputs("<p class=\"none\">Nothing is alive in this heap.</p>\n", to);
		return;
	}
	fputs("<p>The area of a rectangle is the memory of the objects that were alive. Point at "
	      "one to see its name. Types too small to be seen are left out or put "
	      "together.</p>\n", to);
	nr = make_tiles(&report->types, bytes, tile);
	svg_begin(to, CHART_WIDTH, MAP_HEIGHT, "Memory by type");
	draw_map(to, tile, nr);
	svg_end(to);
	write_table(to, &report->types, bytes);
}

/* ---- suspects -------------------------------------------------------------------- */

static void write_suspect(FILE *to, const struct graph *graph, uint32_t node)
{
	char id[ID_TEXT], via[VIA_TEXT], text[WORDS_TEXT];
	double percent = 100.0 * graph->retained[node] / graph->total;

	fputs("<tr><td>", to);
	html_text(to, graph_type_name(graph, node));
	fprintf(to, "</td><td><code>%s</code></td>", graph_id_text(graph, node, id));
	fprintf(to, "<td>%s</td>", words_bytes(text, graph->retained[node]));
	fprintf(to, "<td class=\"share\"><i style=\"width:%.1f%%\"></i>%.1f %%</td>",
		percent, percent);
	fprintf(to, "<td>%s</td><td class=\"text\">",
		words_count(text, graph->kept[node]));
	html_text(to, graph_via_text(graph, node, via));
	fputs("</td></tr>\n", to);
}

void report_suspects(const struct report *report, FILE *to)
{
	const struct graph *graph = &report->graph;
	uint32_t *found;
	size_t nr;

	fputs("<h2>Which objects hold most</h2>\n", to);
	if (!report->has_graph) {
		fputs("<p class=\"none\">There is no snapshot of this heap in the report.</p>\n",
		      to);
		return;
	}
	found = graph_suspects(graph, &nr);
	if (nr) {
		fputs("<p>Without one of these objects, a tenth of the heap or more would be "
		      "free. One may be held through another, so the shares do not add up.</p>\n"
		      "<table><tr><th>Type</th><th>Object</th><th>Holds</th><th>Share</th>"
		      "<th>Objects held</th><th class=\"text\">Is referred to by</th></tr>\n", to);
		for (size_t i = 0; i < nr; i++)
			write_suspect(to, graph, found[i]);
		fputs("</table>\n", to);
	} else {
		fputs("<p class=\"none\">No single object holds a tenth of the heap.</p>\n", to);
	}
	free(found);
}
