// SPDX-License-Identifier: GPL-2.0
/* Figures and bars of a fixed width, for lines on a screen. */
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "figures.h"

char *figure(char text[FIGURE_TEXT], double value, unsigned int base)
{
	static const char units[] = " KMGTPEZY";
	size_t unit = 0;

	if (!(value >= 0) || isinf(value)) {
		strcpy(text, "-");
		return text;
	}
	/* rounding must not yield a fourth digit */
	while (value >= 999.5 && units[unit + 1]) {
		value /= base;
		unit++;
	}
	if (!unit && value == (uint64_t)value)
		snprintf(text, FIGURE_TEXT, "%.0f", value);
	else if (value < 99.95)
		snprintf(text, FIGURE_TEXT, "%.1f%c", value, units[unit]);
	else
		snprintf(text, FIGURE_TEXT, "%.0f%c", value, units[unit]);
	if (!unit)
		text[strcspn(text, " ")] = '\0';
	return text;
}

char *bytes_figure(char text[FIGURE_TEXT], uint64_t bytes)
{
	return figure(text, bytes == ~0ULL ? NAN : bytes, 1024);
}

char *ms_text(char text[MS_TEXT], uint64_t us)
{
	if (us < 9995)
		snprintf(text, MS_TEXT, "%.2f", us * 1e-3);
	else if (us < 999950)
		snprintf(text, MS_TEXT, "%.1f", us * 1e-3);
	else
		snprintf(text, MS_TEXT, "%.0f", us * 1e-3);
	return text;
}

double per_second(uint64_t before, uint64_t after, uint64_t ns)
{
	if (!ns)
		return NAN;
	return after < before ? 0 : (after - before) * 1e9 / ns;
}

static size_t columns_of(uint64_t bytes, size_t width, uint64_t full)
{
	double columns = full ? (double)bytes / full * width + 0.5 : 0;

	return columns > width ? width : columns;
}

char *bar_text(char *text, size_t width, const struct bar *bar)
{
	size_t live = columns_of(bar->live, width, bar->full);
	size_t heap = columns_of(bar->heap, width, bar->full);
	size_t goal = columns_of(bar->goal, width, bar->full);

	for (size_t i = 0; i < width; i++)
		text[i] = i < live ? '#' : i < heap ? '+' : i < goal ? '.' : ' ';
	text[width] = '\0';
	return text;
}

size_t fit(char *text, size_t columns)
{
	size_t used = 0;

	while (*text) {
		mbstate_t state = { 0 };
		wchar_t letter;
		size_t length = mbrtowc(&letter, text, strlen(text), &state);
		int width = length <= MB_LEN_MAX ? wcwidth(letter) : -1;

		if (width < 0) {
			*text = '?';
			width = length = 1;
		}
		if (used + width > columns)
			break;
		used += width;
		text += length;
	}
	*text = '\0';
	return used;
}
