// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl complete WORD...: print the possible completions of the last WORD, for the
 * completion scripts of shells. Each line has a word, a tab, and the word's meaning. The
 * line ":files" tells the shell to complete file names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "heaps.h"
#include "kgcctl.h"
#include "options.h"
#include "table.h"

/* The last word, as far as the user has typed it. */
static const char *begun;

static void offer(const char *word, const char *about)
{
	if (!strncmp(word, begun, strlen(begun)))
		printf("%s\t%s\n", word, about);
}

static void offer_commands(void)
{
	for (size_t i = 0; commands[i]; i++)
		if (!commands[i]->hidden)
			offer(commands[i]->name, commands[i]->about);
}

static void offer_options(const struct argp_option *at)
{
	char word[64];

	for (; at && at->name; at++) {
		snprintf(word, sizeof(word), "--%s%s", at->name,
			 at->arg && !(at->flags & OPTION_ARG_OPTIONAL) ? "=" : "");
		if (!(at->flags & OPTION_HIDDEN))
			offer(word, at->doc);
	}
}

static void offer_heaps(void)
{
	struct heaps heaps;
	char id[16];

	if (!heaps_open(&heaps) && !heaps_read(&heaps)) {
		for (size_t i = 0; i < heaps.nr; i++) {
			snprintf(id, sizeof(id), "%u", heaps.heap[i].id);
			offer(id, heaps.heap[i].name);
		}
	}
	heaps_close(&heaps);
}

static void offer_heap_options(void)
{
	char range[OPTION_TEXT];
	struct options options;

	if (options_read(&options))
		return;
	for (size_t i = 0; i < options.nr; i++)
		offer(options.option[i].name, option_range(&options.option[i], range));
	options_free(&options);
}

/* Offer the named values of option @name. */
static void offer_values(const char *name)
{
	const struct kgc_option_info *option;
	struct options options;
	char *values, *value, *rest;

	if (options_read(&options))
		return;
	option = options_find(&options, name);
	if (option) {
		values = text_copy(option->values, strlen(option->values));
		for (value = strtok_r(values, " ", &rest); value;
		     value = strtok_r(NULL, " ", &rest))
			offer(value, name);
		if (option->attributes & KGC_OPTION_HAS_OFF)
			offer("off", name);
		free(values);
	}
	options_free(&options);
}

/* Complete the last name of a list of columns separated by commas. */
static void offer_columns(const struct command *command)
{
	const char *comma = strrchr(begun, ',');
	char word[256];

	for (const struct column *c = command->columns; c && c->name; c++) {
		snprintf(word, sizeof(word), "%.*s%s",
			 comma ? (int)(comma + 1 - begun) : *begun == '+', begun, c->name);
		offer(word, c->about);
	}
}

static void offer_word(const struct command *command, int nr, char **words)
{
	switch (command->takes[nr < MAX_WORDS ? nr : MAX_WORDS - 1]) {
	case WORD_HEAP:
		offer_heaps();
		break;
	case WORD_OPTION:
		offer_heap_options();
		break;
	case WORD_VALUE:
		offer_values(words[nr - 1]);
		break;
	case WORD_FILE:
		puts(":files");
		break;
	case WORD_COMMAND:
		offer_commands();
		break;
	case WORD_OWN:
		command->offer(nr, words, offer);
		break;
	case WORD_NONE:
		break;
	}
}

static bool is_output(const char *word)
{
	return !strcmp(word, "-o") || !strcmp(word, "--output");
}

/* Whether @word is an option of @command whose argument is the next word. */
static bool takes_next(const struct command *command, const char *word)
{
	const struct argp_option *at = command->options;

	for (; at && at->name; at++) {
		if (!at->arg || at->flags & OPTION_ARG_OPTIONAL)
			continue;
		if (word[0] == '-' && ((word[1] == at->key && !word[2]) ||
				       (word[1] == '-' && !strcmp(word + 2, at->name))))
			return true;
	}
	return false;
}

/* Drop the words "=": bash splits "--output=id" into three words. */
static int drop_equals(int nr, char **words)
{
	int left = 0;

	for (int i = 0; i < nr; i++)
		if (strcmp(words[i], "=") || i == nr - 1)
			words[left++] = words[i];
	if (left > 1 && !strcmp(words[left - 1], "="))
		words[left - 1] = "";
	return left;
}

static void complete(const struct command *command, int nr, char **words)
{
	char **word = allocate((nr + 1) * sizeof(*word));
	const char *last = nr ? words[nr - 1] : "";
	int found = 0;

	for (int i = 0; i < nr; i++) {
		if (takes_next(command, words[i]) ||
		    (command->prints_table && is_output(words[i])))
			i++;
		else if (words[i][0] != '-')
			word[found++] = words[i];
	}
	if (command->prints_table && is_output(last)) {
		offer_columns(command);
	} else if (takes_next(command, last)) {
		;
	} else if (*begun == '-') {
		offer_options(command->options);
		if (command->prints_table)
			offer_options(table_argp.options);
		offer_options(common_options);
	} else if (found < (int)command->most) {
		offer_word(command, found, word);
	}
	free(word);
}

static int run(int nr, char **words)
{
	const struct command *command;

	nr = drop_equals(nr, words);
	begun = nr ? words[nr - 1] : "";
	if (nr < 2) {
		offer_commands();
		offer_options(common_options);
		return STATUS_OK;
	}
	command = command_find(words[0]);
	if (command && !command->hidden)
		complete(command, nr - 2, words + 1);
	return STATUS_OK;
}

const struct command command_complete = {
	.name = "complete",
	.arguments = "WORD...",
	.about = "what a word may become, for shells",
	.most = ANY_NUMBER,
	.hidden = true,
	.run = run,
};
