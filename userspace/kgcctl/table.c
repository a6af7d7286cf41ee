// SPDX-License-Identifier: GPL-2.0
/*
 * Tables, printed by libsmartcols. A command fills in all cells. The options of the user
 * decide which columns are shown, and in which form.
 */
#include <errno.h>
#include <inttypes.h>
#include <libsmartcols/libsmartcols.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "kgcctl.h"
#include "table.h"

static struct {
	bool json;
	bool raw;
	bool noheadings;
	bool bytes;
	const char *output;
} form;

/**
 * struct table - a table
 * @name: its name in JSON
 * @columns: all columns
 * @nr: length of @columns
 * @record: it has one row
 * @chosen: numbers of the columns to show, in this order
 * @nr_chosen: length of @chosen
 * @cells: row by row, @nr cells each; NULL is an empty cell
 * @rows: number of rows
 */
struct table {
	const char *name;
	const struct column *columns;
	size_t nr;
	bool record;
	size_t *chosen;
	size_t nr_chosen;
	char **cells;
	size_t rows;
};

static error_t parse_form(int key, char *arg, struct argp_state *state)
{
	(void)state;
	switch (key) {
	case 'J':
		form.json = true;
		return 0;
	case 'r':
		form.raw = true;
		return 0;
	case 'n':
		form.noheadings = true;
		return 0;
	case 'b':
		form.bytes = true;
		return 0;
	case 'o':
		form.output = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option form_options[] = {
	{ "json", 'J', 0, 0, "print JSON; numbers of bytes to the last digit", 2 },
	{ "raw", 'r', 0, 0, "print words with a space between, for scripts; numbers of bytes to the last digit", 2 },
	{ "output", 'o', "COLUMNS", 0, "columns to print, with commas between; +COLUMNS adds some to the usual ones, 'all' prints all", 2 },
	{ "noheadings", 'n', 0, 0, "print no line of headings", 2 },
	{ "bytes", 'b', 0, 0, "print numbers of bytes to the last digit", 2 },
	{ 0 }
};

const struct argp table_argp = { .options = form_options, .parser = parse_form };

bool table_exact(void)
{
	return form.bytes || form.json || form.raw;
}

bool table_json(void)
{
	return form.json;
}

bool table_for_people(void)
{
	return !form.json && !form.raw;
}

/* Find the column whose name is the first @length letters of @name, or @table->nr. */
static size_t column_find(const struct table *table, const char *name, size_t length)
{
	for (size_t i = 0; i < table->nr; i++) {
		const char *key = table->columns[i].key;

		if (!strncasecmp(table->columns[i].name, name, length) &&
		    !table->columns[i].name[length])
			return i;
		if (key && !strncmp(key, name, length) && !key[length])
			return i;
	}
	return table->nr;
}

static void choose(struct table *table, size_t column)
{
	for (size_t i = 0; i < table->nr_chosen; i++)
		if (table->chosen[i] == column)
			return;
	table->chosen[table->nr_chosen++] = column;
}

static bool complain_column(const struct table *table, const char *name, int length)
{
	complain(STATUS_USAGE, "no column '%.*s'; the columns are:", length, name);
	for (size_t i = 0; i < table->nr; i++)
		fprintf(stderr, "  %-16s %s\n", table->columns[i].name,
			table->columns[i].about ? table->columns[i].about : "");
	return false;
}

static bool choose_columns(struct table *table)
{
	const char *at = form.output;
	size_t length, column;

	for (size_t i = 0; i < table->nr; i++)
		if ((!at || *at == '+') && (table->record || table->columns[i].shown))
			choose(table, i);
	if ((at && !strcmp(at, "all")) || (!at && !table->nr_chosen)) {
		for (size_t i = 0; i < table->nr; i++)
			choose(table, i);
		return true;
	}
	if (!at)
		return true;
	at += *at == '+';
	for (;; at += length + 1) {
		length = strcspn(at, ",");
		column = column_find(table, at, length);
		if (column == table->nr)
			return complain_column(table, at, length);
		choose(table, column);
		if (!at[length])
			return true;
	}
}

void table_free(struct table *table)
{
	for (size_t i = 0; i < table->nr * table->rows; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table->chosen);
	free(table);
}

struct table *table_new(const char *name, const struct column *columns,
			bool record)
{
	struct table *table = allocate(sizeof(*table));

	*table = (struct table){
		.name = name, .columns = columns, .record = record };
	while (columns[table->nr].name)
		table->nr++;
	table->chosen = allocate(table->nr * sizeof(*table->chosen));
	if (choose_columns(table))
		return table;
	table_free(table);
	return NULL;
}

void table_row(struct table *table)
{
	size_t old = table->nr * table->rows++;

	table->cells = reallocate(table->cells,
				  table->nr * table->rows * sizeof(*table->cells));
	memset(table->cells + old, 0, table->nr * sizeof(*table->cells));
}

static char **cell_of(struct table *table, size_t row, size_t column)
{
	return &table->cells[row * table->nr + column];
}

void table_text(struct table *table, size_t column, const char *text)
{
	char **cell = cell_of(table, table->rows - 1, column);

	free(*cell);
	*cell = text_copy(text, strlen(text));
}

void table_number(struct table *table, size_t column, uint64_t value)
{
	bool exact = table->columns[column].kind != KIND_BYTES || table_exact();
	char text[SIZE_TEXT];

	table_text(table, column, size_text(text, value, exact));
}

/* ---- printing --------------------------------------------------------------- */

static void check(bool good)
{
	if (!good)
		exit(complain(STATUS_FAILED, "libsmartcols: %s", strerror(errno)));
}

static struct libscols_column *add_column(struct libscols_table *out, const char *name,
					  enum kind kind, bool last)
{
	bool number = kind != KIND_TEXT;
	struct libscols_column *column;

	/* cut only the last column if the terminal is too narrow */
	column = scols_table_new_column(out, name, 0, number ? SCOLS_FL_RIGHT :
					last ? SCOLS_FL_TRUNC : 0);
	check(column);
	check(!scols_column_set_json_type(column, number ? SCOLS_JSON_NUMBER :
					  SCOLS_JSON_STRING));
	return column;
}

static struct libscols_line *add_line(struct libscols_table *out)
{
	struct libscols_line *line = scols_table_new_line(out, NULL);

	check(line);
	return line;
}

static void set_cell(struct libscols_line *line, size_t column, const char *text)
{
	check(!scols_line_set_data(line, column, text ? text : ""));
}

/* Print the only row with a line per column: its name, value and meaning. */
static void fill_upright(const struct table *table, struct libscols_table *out)
{
	add_column(out, "name", KIND_TEXT, false);
	add_column(out, "value", KIND_COUNT, false);
	add_column(out, "about", KIND_TEXT, true);
	for (size_t i = 0; table->rows && i < table->nr_chosen; i++) {
		const struct column *column = &table->columns[table->chosen[i]];
		struct libscols_line *line = add_line(out);

		set_cell(line, 0, column->name);
		set_cell(line, 1, table->cells[table->chosen[i]]);
		set_cell(line, 2, column->about);
	}
}

static void fill(struct table *table, struct libscols_table *out)
{
	for (size_t i = 0; i < table->nr_chosen; i++) {
		const struct column *column = &table->columns[table->chosen[i]];

		add_column(out, form.json && column->key ? column->key : column->name,
			   column->kind, i == table->nr_chosen - 1);
	}
	for (size_t row = 0; row < table->rows; row++) {
		struct libscols_line *line = add_line(out);

		for (size_t i = 0; i < table->nr_chosen; i++)
			set_cell(line, i, *cell_of(table, row, table->chosen[i]));
	}
}

int table_print(struct table *table)
{
	bool upright = table->record && !form.json && !form.raw;
	struct libscols_table *out = scols_new_table();

	check(out);
	check(!scols_table_set_name(out, table->name));
	scols_table_enable_json(out, form.json);
	if (!form.json)
		scols_table_enable_raw(out, form.raw);
	scols_table_enable_noheadings(out, form.noheadings || upright);
	if (upright)
		fill_upright(table, out);
	else
		fill(table, out);
	if (!table->rows && !form.json && !form.raw)
		printf("no %s\n", table->name);
	else if (table->nr_chosen)
		check(!scols_print_table(out));
	table_free(table);
	scols_unref_table(out);
	return STATUS_OK;
}
