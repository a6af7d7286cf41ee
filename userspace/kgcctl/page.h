/* SPDX-License-Identifier: GPL-2.0 */
/* A page of lines, for a screen or for stdout. */
#ifndef KGCCTL_PAGE_H
#define KGCCTL_PAGE_H

#include <stddef.h>

#define NO_EDGE	((size_t)-1)	/* of a page for stdout */

enum look { LOOK_PLAIN, LOOK_BOLD, LOOK_REVERSE };

struct page_line {
	char *text;
	enum look look;
};

/**
 * struct page - lines of text
 * @columns: width; longer lines are cut
 * @lines: height; further lines are dropped
 * @line: the lines written so far
 * @nr: length of @line
 */
struct page {
	size_t columns;
	size_t lines;
	struct page_line *line;
	size_t nr;
};

void page_add(struct page *page, enum look look, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* How many more lines there is room for. */
size_t page_room(const struct page *page);

/* Forget all lines. */
void page_clear(struct page *page);

#endif /* KGCCTL_PAGE_H */
