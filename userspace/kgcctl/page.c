// SPDX-License-Identifier: GPL-2.0
/* A page of lines, for a screen or for stdout. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "figures.h"
#include "kgcctl.h"
#include "page.h"

void page_add(struct page *page, enum look look, const char *format, ...)
{
	va_list args;
	char *text;
	int length;

	if (page->nr >= page->lines)
		return;
	va_start(args, format);
	length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		exit(complain(STATUS_FAILED, "no memory"));
	fit(text, page->columns);
	page->line = reallocate(page->line, (page->nr + 1) * sizeof(*page->line));
	page->line[page->nr++] = (struct page_line){ .text = text, .look = look };
}

size_t page_room(const struct page *page)
{
	return page->lines - page->nr;
}

void page_clear(struct page *page)
{
	for (size_t i = 0; i < page->nr; i++)
		free(page->line[i].text);
	free(page->line);
	page->line = NULL;
	page->nr = 0;
}
