// SPDX-License-Identifier: GPL-2.0
/* kgcctl save: write the options of a heap to a file that kgcctl load reads. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "command.h"
#include "kgcctl.h"
#include "options.h"
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

/*
 * Open a temporary file, which replaces @path when it is complete. If @path exists and is
 * not a regular file, but a pipe or a symlink, open it directly and empty @temporary.
 */
static FILE *open_file(const char *path, char *temporary)
{
	mode_t mask = umask(0);
	struct stat st;
	int fd;

	umask(mask);
	if (!lstat(path, &st) && !S_ISREG(st.st_mode)) {
		*temporary = '\0';
		return fopen(path, "we");
	}
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return NULL;
	fchmod(fd, 0666 & ~mask);
	return fdopen(fd, "w");
}

static int write_file(const char *path, const struct options *options, const __u64 *values)
{
	size_t size = strlen(path) + 8;
	char *temporary = allocate(size);
	bool good;
	FILE *to;

	snprintf(temporary, size, "%s.XXXXXX", path);
	to = open_file(path, temporary);
	good = to;
	if (to) {
		print(to, options, values);
		good = !ferror(to);
		good = !fclose(to) && good;
		good = good && (!*temporary || !rename(temporary, path));
	}
	if (!good)
		complain(STATUS_FAILED, "writing %s: %s", path, strerror(errno));
	if (!good && to && *temporary)
		remove(temporary);
	free(temporary);
	return good ? STATUS_OK : STATUS_FAILED;
}

static int run(int nr, char **words)
{
	struct options options;
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
		if (strcmp(words[1], "-"))
			status = write_file(words[1], &options, values);
		else
			print(stdout, &options, values);
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
