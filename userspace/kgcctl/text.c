// SPDX-License-Identifier: GPL-2.0
/*
 * Tables that the module prints in debugfs, whose columns a line of headings names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kgcctl.h"
#include "table.h"

#define MAX_COLUMNS 32

/**
 * struct reader - a position in a text, and the columns found
 * @at: the next character
 * @column: columns of the table; text_table_print() frees their names
 * @nr: number of columns
 */
struct reader {
	const char *at;
	struct column column[MAX_COLUMNS + 1];
	size_t nr;
};

/* The next word of the line, or NULL at the end of the line. The caller frees it. */
static char *next_word(struct reader *reader)
{
	size_t length;
	char *word;

	reader->at += strspn(reader->at, " \t");
	length = strcspn(reader->at, " \t\n");
	if (!length)
		return NULL;
	word = text_copy(reader->at, length);
	reader->at += length;
	return word;
}

static void skip_line(struct reader *reader)
{
	reader->at = strchrnul(reader->at, '\n');
	reader->at += *reader->at == '\n';
}

static bool ends_in(const char *name, const char *end)
{
	size_t length = strlen(name), of_end = strlen(end);

	return length >= of_end && !strcmp(name + length - of_end, end);
}

static bool lists(const char *names, const char *name)
{
	size_t length = strlen(name);
	const char *at = names;

	for (; at; at = strchr(at, ',')) {
		at += *at == ',';
		if (!strncmp(at, name, length) && (!at[length] || at[length] == ','))
			return true;
	}
	return false;
}

/* Whether every word in column @nr is a number. */
static bool is_number(struct reader reader, size_t nr)
{
	bool number = true;

	for (skip_line(&reader); *reader.at && number; skip_line(&reader)) {
		char *word = NULL;

		for (size_t i = 0; i <= nr; i++) {
			free(word);
			word = next_word(&reader);
		}
		number = word && strlen(word) < 20 && !word[strspn(word, "0123456789")];
		free(word);
	}
	return number;
}

static void read_columns(struct reader *reader, const char *shown)
{
	const struct reader begin = *reader;
	char *word;

	while (reader->nr < MAX_COLUMNS && (word = next_word(reader))) {
		struct column *column = &reader->column[reader->nr];

		column->name = word;
		column->shown = lists(shown, word);
		if (is_number(begin, reader->nr++))
			column->kind = ends_in(word, "_bytes") || ends_in(word, "size") ?
				       KIND_BYTES : KIND_COUNT;
	}
	skip_line(reader);
}

static void read_row(struct reader *reader, struct table *table)
{
	char *word;

	table_row(table);
	for (size_t i = 0; i < reader->nr && (word = next_word(reader)); i++) {
		if (reader->column[i].kind == KIND_TEXT)
			table_text(table, i, word);
		else
			table_number(table, i, strtoull(word, NULL, 10));
		free(word);
	}
	skip_line(reader);
}

int text_table_print(const char *name, const char *text, const char *shown)
{
	struct reader reader = { .at = text };
	int status = STATUS_USAGE;
	struct table *table;

	read_columns(&reader, shown);
	table = table_new(name, reader.column, false);
	if (table) {
		while (*reader.at)
			read_row(&reader, table);
		status = table_print(table);
	}
	for (size_t i = 0; i < reader.nr; i++)
		free((char *)reader.column[i].name);
	return status;
}
