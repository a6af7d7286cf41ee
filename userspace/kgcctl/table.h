/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables: what every command prints, and the options by which a user chooses
 * form and columns.
 */
#ifndef KGCCTL_TABLE_H
#define KGCCTL_TABLE_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum kind {
	KIND_TEXT,
	KIND_COUNT,
	KIND_BYTES,	/* "12.5M" unless told otherwise */
};

/**
 * struct column - a column of a table
 * @name: heading
 * @key: name in JSON, where it has to be lower case; NULL: @name
 * @kind: what its cells hold
 * @shown: without -o
 * @about: what they mean, in a few words
 */
struct column {
	const char *name;
	const char *key;
	enum kind kind;
	bool shown;
	const char *about;
};

/* --json, --raw, --output, --noheadings, --bytes. */
extern const struct argp table_argp;

/* Whether numbers of bytes are to be printed to the last digit. */
bool table_exact(void);

/* Whether it is to be JSON. */
bool table_json(void);

/* Whether the output is read by people, who want text around tables. */
bool table_for_people(void);

struct table;

/*
 * A table called @name (in JSON) with @columns, up to one without a name. With
 * @record it has one row, which people are shown as a line per column. NULL, and
 * a complaint, when -o names a column that is none: STATUS_USAGE.
 */
struct table *table_new(const char *name, const struct column *columns,
			bool record);

/* The next row, then its cells, by number of the column. */
void table_row(struct table *table);
void table_text(struct table *table, size_t column, const char *text);
void table_number(struct table *table, size_t column, uint64_t value);

/* Print and free it; returns an exit status. */
int table_print(struct table *table);

/*
 * A file of debugfs as a table: a line of headings, then a line of as many words
 * for each row. @shown: the columns without -o, with commas between.
 */
int text_table_print(const char *name, const char *text, const char *shown);

#endif /* KGCCTL_TABLE_H */
