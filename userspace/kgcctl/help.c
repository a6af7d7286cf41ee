// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl help: print the help text of kgcctl or of one command. The hidden option --mdoc
 * prints the parts of the man page that are made from the table of commands.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "kgcctl.h"
#include "metrics.h"
#include "table.h"

static const char *mdoc;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)state;
	if (key != 'm')
		return ARGP_ERR_UNKNOWN;
	mdoc = arg;
	return 0;
}

static const struct argp_option options[] = {
	{ "mdoc", 'm', "PART", OPTION_HIDDEN, "synopsis, commands, table, status or metrics, for the man page", 0 },
	{ 0 }
};

/* Whether @word is the last word of a sentence and another sentence follows. */
static bool ends_sentence(const char *word, size_t length)
{
	char last = length ? word[length - 1] : 0;

	return (last == '.' || last == ':') && word[length] &&
	       isupper((unsigned char)word[length + 1]);
}

/* Print @text in short lines. mdoc wants each sentence to begin on a new line. */
static void mdoc_text(const char *text)
{
	size_t column = 0, length;

	for (; *text; text += length + (text[length] != '\0')) {
		length = strcspn(text, " \n");
		if (column && column + length > 76) {
			putchar('\n');
			column = 0;
		}
		if (column)
			putchar(' ');
		else if (*text == '.' || *text == '\'')
			fputs("\\&", stdout);
		printf("%.*s", (int)length, text);
		column += length + 1;
		if (ends_sentence(text, length)) {
			putchar('\n');
			column = 0;
		}
	}
	putchar('\n');
}

/* Print arguments such as "HEAP [OPTION]" as macros. */
static void mdoc_arguments(const char *at)
{
	size_t length;

	for (; *at; at += length) {
		length = 1;
		if (*at == '[') {
			fputs(" Oo", stdout);
		} else if (*at == ']') {
			fputs(" Oc", stdout);
		} else if (*at != ' ') {
			length = strcspn(at, "[] ");
			printf(" Ar %.*s", (int)length, at);
		}
	}
}

static void mdoc_option(const struct argp_option *option)
{
	bool optional = option->flags & OPTION_ARG_OPTIONAL;

	fputs(".It ", stdout);
	if (option->key < 128)
		printf("Fl %c , ", option->key);
	printf("Fl -%s", option->name);
	if (option->arg)
		printf("%s Ns = Ns Ar %s%s", optional ? " Ns Oo" : "", option->arg,
		       optional ? " Oc" : "");
	putchar('\n');
	mdoc_text(option->doc);
}

static void mdoc_options(const struct argp_option *at)
{
	puts(".Bl -tag -width Ds");
	for (; at->name; at++)
		if (!(at->flags & OPTION_HIDDEN))
			mdoc_option(at);
	puts(".El");
}

static void mdoc_columns(const struct column *column)
{
	puts(".Pp\nColumns:\n.Bl -tag -width ReleasedTotalBytes -compact");
	for (; column->name; column++) {
		printf(".It Li %s\n", column->name);
		mdoc_text(column->about);
	}
	puts(".El");
}

static bool has_options(const struct command *command)
{
	for (const struct argp_option *at = command->options; at && at->name; at++)
		if (!(at->flags & OPTION_HIDDEN))
			return true;
	return false;
}

static void mdoc_command(const struct command *command)
{
	printf(".It Cm %s", command->name);
	if (has_options(command) || command->prints_table)
		fputs(" Oo Ar option ... Oc", stdout);
	mdoc_arguments(command->arguments);
	putchar('\n');
	printf("%c%s.\n", toupper((unsigned char)*command->about), command->about + 1);
	if (command->help)
		mdoc_text(command->help);
	if (command->prints_table)
		puts("Prints a table, see\n.Sx TABLES .");
	if (has_options(command))
		mdoc_options(command->options);
	if (command->columns)
		mdoc_columns(command->columns);
}

static void mdoc_commands(void)
{
	puts(".Bl -tag -width Ds");
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			mdoc_command(commands[i]);
	puts(".El");
}

static void mdoc_synopsis(void)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct command *command = commands[i];

		if (command->hidden)
			continue;
		printf(".Nm\n.Cm %s", command->name);
		if (has_options(command) || command->prints_table)
			fputs(" Oo Ar option ... Oc", stdout);
		mdoc_arguments(command->arguments);
		putchar('\n');
	}
}

static void mdoc_status(void)
{
	puts(".Bl -tag -width Ds -compact");
	for (size_t i = 0; status_texts[i].text; i++) {
		printf(".It %d\n", status_texts[i].status);
		mdoc_text(status_texts[i].text);
	}
	puts(".El");
}

static void mdoc_table(void)
{
	mdoc_options(table_argp.options);
}

/* The metrics of the exporter. One with labels, or a summary, has several rows. */
static void mdoc_metrics(void)
{
	puts(".Bl -tag -width Ds -compact");
	for (const struct metric *metric = metrics; metric->name; metric++) {
		if (!metric->help)
			continue;
		printf(".It Li %s , No %s\n", metric->name, metric_types[metric->type]);
		mdoc_text(metric->help);
	}
	puts(".El");
}

static int print_mdoc(void)
{
	static const struct {
		const char *name;
		void (*print)(void);
	} parts[] = {
		{ "synopsis", mdoc_synopsis },
		{ "commands", mdoc_commands },
		{ "table", mdoc_table },
		{ "status", mdoc_status },
		{ "metrics", mdoc_metrics },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(mdoc, parts[i].name))
			continue;
		parts[i].print();
		return STATUS_OK;
	}
	return complain(STATUS_USAGE, "the man page has no part '%s'", mdoc);
}

static int run(int nr, char **words)
{
	const struct command *command = nr ? command_find(words[0]) : NULL;

	if (mdoc)
		return print_mdoc();
	if (nr && !command)
		return complain(STATUS_USAGE, "no command '%s': 'kgcctl help' lists them",
				words[0]);
	explain_command(command);
	return STATUS_OK;
}

const struct command command_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.about = "explains a command, or lists all",
	.most = 1,
	.takes = { WORD_COMMAND },
	.options = options,
	.parse = parse,
	.run = run,
};
