// SPDX-License-Identifier: GPL-2.0
/* kgcctl save: write the options of a heap to a file that kgcctl load reads. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "kgcctl.h"
#include "options.h"
#include "output.h"
#include "saved.h"

static void print(FILE *to, const struct options *options, const __u64 *values)
{
	char text[OPTION_TEXT];

	fprintf(to, "# Options of a heap, by kgcctl %s save\n", kgc_version());
	fprintf(to, "%s %d\n", SAVED_WORD, SAVED_VERSION);
	for (size_t i = 0; i < options->nr; i++)
		fprintf(to, "%s %s\n", options->option[i].name,
			option_text(&options->option[i], values[i], true, text));
}

static int run(int nr, char **words)
{
	struct options options;
	struct output output;
	unsigned int heap;
	__u64 *values;
	int status;

	(void)nr;
	if (!parse_heap(words[0], &heap))
		return STATUS_USAGE;
	status = options_read(&options);
	if (status)
		return status;
	status = options_of_heap(&options, heap, &values);
	if (!status) {
		status = output_open(&output, words[1]);
		if (!status) {
			print(output.to, &options, values);
			status = output_close(&output, true);
		}
		free(values);
	}
	options_free(&options);
	return status;
}

const struct command command_save = {
	.name = "save",
	.arguments = "HEAP FILE",
	.about = "writes the options of a heap to a file, - for the output",
	.help = "For root.",
	.least = 2,
	.most = 2,
	.takes = { WORD_HEAP, WORD_FILE },
	.run = run,
};
