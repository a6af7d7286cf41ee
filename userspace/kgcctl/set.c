// SPDX-License-Identifier: GPL-2.0
/* kgcctl set: show the options of a heap, or change one. */
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "kgcctl.h"
#include "options.h"
#include "table.h"

enum { OPTION, VALUE, UNIT, TAKES };

static const struct column columns[] = {
	[OPTION] = { "option", NULL, KIND_TEXT, true, "its name" },
	[VALUE] = { "value", NULL, KIND_TEXT, true, "what it is set to" },
	[UNIT] = { "unit", NULL, KIND_TEXT, false, "of the value" },
	[TAKES] = { "takes", NULL, KIND_TEXT, true, "what it can be set to" },
	{ 0 }
};

/* Print all options, or with @name only that one. */
static int show(const struct options *options, unsigned int heap, const char *name)
{
	struct table *table;
	char text[OPTION_TEXT];
	__u64 *values;
	int status;

	status = options_of_heap(options, heap, &values);
	if (status)
		return status;
	table = table_new("options", columns, false);
	for (size_t i = 0; table && i < options->nr; i++) {
		const struct kgc_option_info *option = &options->option[i];

		if (name && strcmp(name, option->name))
			continue;
		table_row(table);
		table_text(table, OPTION, option->name);
		table_text(table, VALUE, option_text(option, values[i], table_exact(), text));
		table_text(table, UNIT, option->unit);
		table_text(table, TAKES, option_range(option, text));
	}
	free(values);
	return table ? table_print(table) : STATUS_USAGE;
}

static int change(const struct kgc_option_info *option, unsigned int heap, const char *text)
{
	char why[2 * OPTION_TEXT];
	__u64 value;

	if (!option_parse(option, text, &value, why))
		return complain(STATUS_USAGE, "%s", why);
	return option_apply(option, heap, value);
}

static int run(int nr, char **words)
{
	const struct kgc_option_info *option = NULL;
	struct options options;
	unsigned int heap;
	int status;

	if (!parse_heap(words[0], &heap))
		return STATUS_USAGE;
	status = options_read(&options);
	if (status)
		return status;
	if (nr > 1)
		option = options_find(&options, words[1]);
	if (nr > 1 && !option)
		status = STATUS_USAGE;
	else
		status = nr > 2 ? change(option, heap, words[2]) :
				  show(&options, heap, option ? option->name : NULL);
	options_free(&options);
	return status;
}

const struct command command_set = {
	.name = "set",
	.arguments = "HEAP [OPTION [VALUE]]",
	.about = "shows the options of a heap, or changes one",
	.help =
		"A VALUE is a number, of bytes also with K, M, G, T, P or E behind it, or 'off', or\n"
		"a name; 'kgcctl set HEAP' says what each option takes. A value that begins with\n"
		"a dash is taken for an option of kgcctl unless '--' stands before it. For root.",
	.least = 1,
	.most = 3,
	.takes = { WORD_HEAP, WORD_OPTION, WORD_VALUE },
	.prints_table = true,
	.columns = columns,
	.run = run,
};
