/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Figures and bars of a fixed width, for lines on a screen. Nothing here looks at a heap
 * or at a terminal.
 */
#ifndef KGCCTL_FIGURES_H
#define KGCCTL_FIGURES_H

#include <stddef.h>
#include <stdint.h>

#define FIGURE_TEXT	8	/* at most 5 columns, and a NUL */

/*
 * Format @value into at most 5 columns, as "12.5M". @base is 1024 for bytes and 1000 for
 * everything else. A value that is not known is negative, or no number: "-". Returns @text.
 */
char *figure(char text[FIGURE_TEXT], double value, unsigned int base);

/* The same for bytes; ~0, which stands for no goal or no limit, is "-". */
char *bytes_figure(char text[FIGURE_TEXT], uint64_t bytes);

/* Format microseconds as milliseconds, in at most 5 columns as long as it is below 28 h. */
#define MS_TEXT		24
char *ms_text(char text[MS_TEXT], uint64_t us);

/*
 * The growth of a counter per second, over @ns. Counters of a heap that is at work are
 * approximate and may seem to fall: that is no growth. Not a number if @ns is 0.
 */
double per_second(uint64_t before, uint64_t after, uint64_t ns);

/**
 * struct bar - the parts of a bar, as bytes from its left end; no order is assumed
 * @live: marked by the last cycle
 * @heap: allocated
 * @goal: where the next cycle should be over
 * @full: what the whole bar stands for
 */
struct bar {
	uint64_t live;
	uint64_t heap;
	uint64_t goal;
	uint64_t full;
};

/*
 * Draw @bar into @width columns and a NUL: '#' is live, '+' allocated beyond that, '.' the
 * room up to the goal. Each end is rounded to the nearest column. Returns @text.
 */
char *bar_text(char *text, size_t width, const struct bar *bar);

/*
 * Cut @text at @columns of a terminal, by the locale. Bytes that are not printable, or no
 * part of a letter, become '?'. Returns the number of columns that the result takes.
 */
size_t fit(char *text, size_t columns);

#endif /* KGCCTL_FIGURES_H */
