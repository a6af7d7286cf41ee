// SPDX-License-Identifier: GPL-2.0
/* Pieces of an HTML page with charts in SVG. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "graph.h"
#include "html.h"

/* ---- figures in words ---------------------------------------------------------- */

static char *with_unit(char text[WORDS_TEXT], double value, double base,
		       const char * const *units)
{
	size_t unit = 0;

	while (value >= 999.5 && units[unit + 1]) {
		value /= base;
		unit++;
	}
	if (value >= 99.95 || value == floor(value))
		snprintf(text, WORDS_TEXT, "%.0f %s", value, units[unit]);
	else
		snprintf(text, WORDS_TEXT, "%.1f %s", value, units[unit]);
	return text;
}

char *words_bytes(char text[WORDS_TEXT], uint64_t bytes)
{
	static const char * const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", NULL };

	return with_unit(text, bytes, 1024, units);
}

char *words_ns(char text[WORDS_TEXT], uint64_t ns)
{
	static const char * const units[] = { "ns", "µs", "ms", "s", NULL };

	return with_unit(text, ns, 1000, units);
}

char *words_count(char text[WORDS_TEXT], uint64_t count)
{
	char digits[WORDS_TEXT];
	size_t length = snprintf(digits, sizeof(digits), "%" PRIu64, count), used = 0;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			text[used++] = ' ';
		text[used++] = digits[i];
	}
	text[used] = '\0';
	return text;
}

/* ---- text ---------------------------------------------------------------------- */

void html_text(FILE *to, const char *text)
{
	while (*text) {
		size_t length = graph_character(text);

		switch (length == 1 ? *text : 0) {
		case '&':
			fputs("&amp;", to);
			break;
		case '<':
			fputs("&lt;", to);
			break;
		case '>':
			fputs("&gt;", to);
			break;
		case '"':
			fputs("&quot;", to);
			break;
		case '\'':
			fputs("&#39;", to);
			break;
		default:
			fwrite(length ? text : "?", 1, length ? length : 1, to);
		}
		text += length ? length : 1;
	}
}

/* ---- charts -------------------------------------------------------------------- */

double svg_width(const char *text)
{
	double width = 0;

	while (*text) {
		size_t length = graph_character(text);

		width += length > 1 ? 2 * LETTER : LETTER;
		text += length ? length : 1;
	}
	return width;
}

void svg_begin(FILE *to, double width, double height, const char *label)
{
	fprintf(to, "<svg viewBox=\"0 0 %g %g\" role=\"img\" aria-label=\"", width, height);
	html_text(to, label);
	fputs("\">\n", to);
}

void svg_end(FILE *to)
{
	fputs("</svg>\n", to);
}

void svg_text(FILE *to, double x, double y, enum anchor anchor, const char *class,
	      const char *text)
{
	static const char * const anchors[] = { "start", "middle", "end" };

	fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"", x, y, anchors[anchor]);
	if (class)
		fprintf(to, " class=\"%s\"", class);
	fputc('>', to);
	html_text(to, text);
	fputs("</text>\n", to);
}

void svg_rect(FILE *to, const struct box *box, const char *class, double opacity,
	      const char *tip)
{
	fprintf(to, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" class=\"%s\"",
		box->x, box->y, box->width, box->height, class);
	if (opacity < 1)
		fprintf(to, " fill-opacity=\"%.2f\"", opacity);
	if (!tip) {
		fputs("/>\n", to);
		return;
	}
	fputs("><title>", to);
	html_text(to, tip);
	fputs("</title></rect>\n", to);
}

struct scale scale_of(double most, unsigned int base)
{
	static const double decimal[] = { 1, 2, 5 }, binary[] = { 1, 2, 4, 8, 16, 32, 64, 128,
								 256, 512 };
	const double *steps = base == 1024 ? binary : decimal;
	size_t nr = base == 1024 ? 10 : 3, i = 0;
	double unit = 1, step = 1;

	while (most > 5 * step) {
		i++;
		if (i == nr) {
			i = 0;
			unit *= base == 1024 ? 1024 : 10;
		}
		step = unit * steps[i];
	}
	return (struct scale){ .step = step, .end = step * fmax(ceil(most / step), 1) };
}

void svg_scale(FILE *to, const struct box *box, const struct scale *scale,
	       char *(*words)(char text[WORDS_TEXT], uint64_t value))
{
	char text[WORDS_TEXT];

	for (double value = 0; value <= scale->end; value += scale->step) {
		double y = box->y + box->height * (1 - value / scale->end);

		fprintf(to, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" "
			"class=\"%s\"/>\n",
			box->x, box->x + box->width, y, y, value > 0 ? "grid" : "zero");
		svg_text(to, box->x - 6, y + 4, ANCHOR_END, NULL,
			 value > 0 ? words(text, value) : "0");
	}
}
