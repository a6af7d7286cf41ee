/* SPDX-License-Identifier: GPL-2.0 */
/* Pieces of an HTML page with charts in SVG. */
#ifndef KGCCTL_HTML_H
#define KGCCTL_HTML_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a figure in words takes. */
#define WORDS_TEXT	32

/* Format as "12.5 MiB", "1 234 567", "1.2 ms". Each returns @text. */
char *words_bytes(char text[WORDS_TEXT], uint64_t bytes);
char *words_count(char text[WORDS_TEXT], uint64_t count);
char *words_ns(char text[WORDS_TEXT], uint64_t ns);

/* Write @text so that it is shown as it is. What is no printable ASCII or UTF-8 becomes '?'. */
void html_text(FILE *to, const char *text);

/* Letters of charts have all the same width. */
#define LETTER		7.3	/* a little more than that of 12 pixels height */
#define LETTER_HEIGHT	12

/* The width of @text in a chart. A letter that is not ASCII may take two columns. */
double svg_width(const char *text);

/* Begin a chart of @width times @height, which @label describes, and end it. */
void svg_begin(FILE *to, double width, double height, const char *label);
void svg_end(FILE *to);

enum anchor { ANCHOR_START, ANCHOR_MIDDLE, ANCHOR_END };

/* Write @text with its baseline at @y. @class is of the page's style, or NULL. */
void svg_text(FILE *to, double x, double y, enum anchor anchor, const char *class,
	      const char *text);

struct box {
	double x, y, width, height;
};

/* Draw a rectangle. @tip is shown when the pointer is over it, unless NULL. */
void svg_rect(FILE *to, const struct box *box, const char *class, double opacity,
	      const char *tip);

/**
 * struct scale - an axis from zero upwards
 * @step: distance of the lines
 * @end: value of the last line, at or above each value
 */
struct scale {
	double step;
	double end;
};

/* Cut 0 to @most into at most five steps, which are round if 1024 (or 1000) is @base. */
struct scale scale_of(double most, unsigned int base);

/*
 * Draw the lines of @scale over @box, zero at the bottom, with their values at the left. @words
 * formats a value.
 */
void svg_scale(FILE *to, const struct box *box, const struct scale *scale,
	       char *(*words)(char text[WORDS_TEXT], uint64_t value));

#endif /* KGCCTL_HTML_H */
