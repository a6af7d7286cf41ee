// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl load: set the options of a heap to the values that kgcctl save wrote. It reads
 * and checks the whole file before it changes the first option.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "kgcctl.h"
#include "options.h"
#include "saved.h"

/**
 * struct saved - a file of options while it is read
 * @path: its name, for complaints
 * @line: number of the current line
 * @versioned: the line with the version was read
 * @options: the options that the module has
 * @value: per option, the value in the file
 * @given: per option, whether the file has a value
 */
struct saved {
	const char *path;
	unsigned int line;
	bool versioned;
	struct options options;
	__u64 *value;
	bool *given;
};

static int read_version(struct saved *saved, const char *name, const char *value)
{
	char wanted[16];

	saved->versioned = true;
	snprintf(wanted, sizeof(wanted), "%d", SAVED_VERSION);
	if (strcmp(name, SAVED_WORD))
		return complain(STATUS_USAGE,
				"%s: the first line is not '%s %d': 'kgcctl save' did not write it",
				saved->path, SAVED_WORD, SAVED_VERSION);
	if (strcmp(value, wanted))
		return complain(STATUS_USAGE, "%s is of version '%s', this kgcctl reads version %d",
				saved->path, value, SAVED_VERSION);
	return STATUS_OK;
}

static int read_option(struct saved *saved, const char *name, const char *text)
{
	const struct kgc_option_info *option;
	char why[2 * OPTION_TEXT];
	size_t i;

	option = options_find(&saved->options, name);
	if (!option)
		return complain(STATUS_USAGE, "that was line %u of %s", saved->line,
				saved->path);
	i = option - saved->options.option;
	if (saved->given[i])
		return complain(STATUS_USAGE, "%s, line %u: %s a second time", saved->path,
				saved->line, name);
	if (!option_parse(option, text, &saved->value[i], why))
		return complain(STATUS_USAGE, "%s, line %u: %s", saved->path, saved->line,
				why);
	saved->given[i] = true;
	return STATUS_OK;
}

static int read_line(struct saved *saved, char *line)
{
	char *name, *value, *more;

	line[strcspn(line, "#")] = '\0';
	name = strtok(line, " \t\n");
	if (!name)
		return STATUS_OK;
	value = strtok(NULL, " \t\n");
	more = strtok(NULL, " \t\n");
	if (!value || more)
		return complain(STATUS_USAGE, "%s, line %u is not 'NAME VALUE'",
				saved->path, saved->line);
	return saved->versioned ? read_option(saved, name, value) :
				  read_version(saved, name, value);
}

static int read_lines(struct saved *saved, FILE *from)
{
	int status = STATUS_OK;
	char *line = NULL;
	size_t size = 0;

	while (!status && getline(&line, &size, from) >= 0) {
		saved->line++;
		status = read_line(saved, line);
	}
	free(line);
	if (!status && ferror(from))
		return complain(STATUS_FAILED, "reading %s: %s", saved->path,
				strerror(errno));
	if (!status && !saved->versioned)
		return complain(STATUS_USAGE, "%s has no line '%s %d'", saved->path,
				SAVED_WORD, SAVED_VERSION);
	return status;
}

static int apply(const struct saved *saved, unsigned int heap)
{
	int status = STATUS_OK;

	for (size_t i = 0; !status && i < saved->options.nr; i++)
		if (saved->given[i])
			status = option_apply(&saved->options.option[i], heap,
					      saved->value[i]);
	return status;
}

static int load(unsigned int heap, const char *path)
{
	struct saved saved = { .path = path };
	FILE *from = strcmp(path, "-") ? fopen(path, "re") : stdin;
	int status;

	if (!from)
		return complain(STATUS_FAILED, "reading %s: %s", path, strerror(errno));
	status = options_read(&saved.options);
	if (!status) {
		saved.value = allocate(saved.options.nr * sizeof(*saved.value));
		saved.given = allocate(saved.options.nr * sizeof(*saved.given));
		memset(saved.given, 0, saved.options.nr * sizeof(*saved.given));
		status = read_lines(&saved, from);
	}
	if (!status)
		status = apply(&saved, heap);
	if (from != stdin)
		fclose(from);
	free(saved.value);
	free(saved.given);
	options_free(&saved.options);
	return status;
}

static int run(int nr, char **words)
{
	unsigned int heap;

	(void)nr;
	if (!parse_heap(words[0], &heap))
		return STATUS_USAGE;
	return load(heap, words[1]);
}

const struct command command_load = {
	.name = "load",
	.arguments = "HEAP FILE",
	.about = "sets options of a heap to what 'save' wrote; - is the input",
	.help =
		"The file may be shortened by hand: options that it does not have stay as they\n"
		"are. Nothing changes unless all of it is right. For root.",
	.least = 2,
	.most = 2,
	.takes = { WORD_HEAP, WORD_FILE },
	.run = run,
};
