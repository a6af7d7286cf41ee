/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tables for the output of commands, and the options by which the user chooses their
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
	KIND_BYTES,	/* "12.5M", or in full if table_exact() */
};

/**
 * struct column - a column of a table
 * @name: its heading
 * @key: its name in JSON, in lower case; NULL if that is @name
 * @kind: what its cells hold
 * @shown: shown without -o
 * @about: the meaning of its cells, in a few words
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

/* Whether to print numbers of bytes in full. */
bool table_exact(void);

/* Whether to print JSON. */
bool table_json(void);

/* Whether people read the output, so that commands print text around tables. */
bool table_for_people(void);

struct table;

/*
 * Make a table called @name (in JSON). @columns ends with one without a name. A table
 * with @record has one row; as text it is printed as a line per column. If -o names an
 * unknown column, complains and returns NULL; the command then ends with STATUS_USAGE.
 */
struct table *table_new(const char *name, const struct column *columns,
			bool record);

/* Begin a row, then set its cells, by the number of their column. */
void table_row(struct table *table);
void table_text(struct table *table, size_t column, const char *text);
void table_number(struct table *table, size_t column, uint64_t value);

/* Print the table and free it. Returns an exit status. */
int table_print(struct table *table);

/* Free the table instead. */
void table_free(struct table *table);

/*
 * Print the text of a debugfs file as a table. Its first line has the headings, and each
 * further line one word per column. @shown lists the columns shown without -o, separated
 * by commas. Returns an exit status.
 */
int text_table_print(const char *name, const char *text, const char *shown);

#endif /* KGCCTL_TABLE_H */
