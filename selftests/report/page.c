// SPDX-License-Identifier: GPL-2.0
/*
 * page DIRECTORY [SNAPSHOT]: write the page of kgcctl report to the output. The files of
 * DIRECTORY take the place of those of heap 1 and of the module in debugfs.
 */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "kgcctl.h"

static const char *directory;

int complain(enum exit_status status, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

void *reallocate(void *old, size_t bytes)
{
	void *memory = realloc(old, bytes ? bytes : 1);

	if (!memory)
		abort();
	return memory;
}

void *allocate(size_t bytes)
{
	return reallocate(NULL, bytes);
}

char *text_copy(const char *text, size_t length)
{
	char *copy = allocate(length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

bool parse_heap(const char *text, unsigned int *heap)
{
	*heap = 1;
	return true;
}

uint64_t clock_ns(clockid_t clock)
{
	return 0;
}

bool debugfs_peek(long heap, const char *file, char **text)
{
	char path[4096];
	size_t size = 0;
	FILE *from;

	*text = NULL;
	snprintf(path, sizeof(path), "%s/%s", directory, file);
	from = fopen(path, "r");
	if (!from)
		return false;
	if (getdelim(text, &size, '\0', from) < 0)
		**text = '\0';
	fclose(from);
	return true;
}

int debugfs_read(long heap, const char *file, char **text, bool may_be_closed)
{
	return debugfs_peek(heap, file, text) ? STATUS_OK :
	       complain(STATUS_NO_HEAP, "%s is missing", file);
}

int debugfs_write(long heap, const char *file, const char *text, bool may_be_closed)
{
	return complain(STATUS_FAILED, "%s is written", file);
}

int debugfs_open(long heap, const char *file, int *fd)
{
	return complain(STATUS_FAILED, "%s is opened", file);
}

int main(int argc, char **argv)
{
	char *words[] = { "1", "-", NULL };

	if (argc < 2)
		return STATUS_USAGE;
	directory = argv[1];
	command_report.parse('l', NULL, NULL);
	if (argc > 2)
		command_report.parse('s', argv[2], NULL);
	else
		command_report.parse('N', NULL, NULL);
	return command_report.run(2, words);
}
