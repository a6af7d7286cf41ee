// SPDX-License-Identifier: GPL-2.0
/*
 * The commands that look at heaps and steer them: one function each.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kgc.h>

#include "kgcctl.h"

int command_info(int argc, char **argv)
{
	struct kgc_info info;
	int heap, err;

	(void)argv;
	if (argc > 1)
		return complain(STATUS_USAGE, "info takes no argument");
	heap = own_heap();
	if (heap < 0)
		return -heap;
	err = kgc_info(heap, &info);
	kgc_close(heap);
	if (err)
		return complain(STATUS_FAILED,
				"%s does not answer KGC_INFO: %s; module and kgcctl are of different versions",
				KGC_DEVICE, strerror(-err));
	printf("ABI version          %u\n", info.abi_version);
	printf("page size            %u bytes\n", info.page_size);
	printf("size classes         %u\n", info.nr_classes);
	printf("largest small object %u bytes\n", info.max_small);
	printf("largest object       %u bytes\n", info.max_object);
	printf("types per heap       %u\n", info.max_types);
	printf("handles per heap     %u\n", info.max_handles);
	printf("operations per batch %u\n", info.max_batch);
	printf("features            %s%s\n",
	       info.features & KGC_FEATURE_DEBUG ? " debug" : "",
	       info.features ? "" : " none");
	return STATUS_OK;
}

/* "name value" lines in two columns; other lines as they are. */
static void print_pairs(const char *text)
{
	char name[64], value[160];
	const char *end;
	int used;

	for (; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		if (sscanf(text, "%63s %159s%n", name, value, &used) == 2 &&
		    text + used == end)
			printf("%-24s %20s\n", name, value);
		else
			printf("%.*s\n", (int)(end - text), text);
	}
}

static int show(long heap, const char *file, void (*print)(const char *text))
{
	char *text;
	int status = debugfs_read(heap, file, &text);

	if (status)
		return status;
	print(text);
	free(text);
	return STATUS_OK;
}

#define MOST_COLUMNS 32

/* One word of a line: its length, with *@text moved to its beginning. */
static int next_word(const char **text)
{
	*text += strspn(*text, " ");
	return strcspn(*text, " \n");
}

/* Lines of as many words each, in columns as wide as they need to be. */
static void print_columns(const char *text)
{
	int width[MOST_COLUMNS] = { 0 }, column, length;

	for (int print = 0; print < 2; print++) {
		const char *at = text;

		for (column = 0; *at; at += length) {
			length = next_word(&at);
			if (length && column < MOST_COLUMNS) {
				if (print)
					printf("%s%*.*s", column ? "  " : "",
					       width[column], length, at);
				else if (width[column] < length)
					width[column] = length;
				column++;
			}
			if (!length && *at) {
				column = 0;
				length = 1;
				if (print)
					putchar('\n');
			}
		}
	}
}

int command_stat(int argc, char **argv)
{
	unsigned int heap;
	int status;

	if (argc > 2)
		return complain(STATUS_USAGE, "usage: kgcctl stat [HEAP]");
	if (argc == 2) {
		if (!parse_heap(argv[1], &heap))
			return STATUS_USAGE;
		return show(heap, "stats", print_pairs);
	}
	status = show(MODULE_WIDE, "stats", print_pairs);
	if (status)
		return status;
	putchar('\n');
	return show(MODULE_WIDE, "heaps", print_columns);
}

/* Write @text to @file of the heap named in argv, or of every heap. */
static int steer(int argc, char **argv, const char *file, const char *text)
{
	unsigned int heap;

	if (argc > 2)
		return complain(STATUS_USAGE, "usage: kgcctl %s [HEAP]", argv[0]);
	if (argc == 1)
		return debugfs_write(EVERY_HEAP, file, text);
	if (!parse_heap(argv[1], &heap))
		return STATUS_USAGE;
	return debugfs_write(heap, file, text);
}

int command_gc(int argc, char **argv)
{
	return steer(argc, argv, "collect", "1");
}

int command_scavenge(int argc, char **argv)
{
	return steer(argc, argv, "scavenge", "1");
}

/* Is @name the first word of a line of @text? */
static bool lists(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (!strncmp(text, name, length) && text[length] == ' ')
			return true;
	}
	return false;
}

int command_set(int argc, char **argv)
{
	unsigned int heap;
	char *known, line[128];
	int status;

	if (argc != 2 && argc != 4)
		return complain(STATUS_USAGE,
				"usage: kgcctl set HEAP [OPTION VALUE]");
	if (!parse_heap(argv[1], &heap))
		return STATUS_USAGE;
	if (argc == 2)
		return show(heap, "options", print_pairs);
	status = debugfs_read(heap, "options", &known);
	if (status)
		return status;
	if (!lists(known, argv[2])) {
		complain(STATUS_USAGE,
			 "no option '%s'; the options and their values are:",
			 argv[2]);
		fputs(known, stderr);
		free(known);
		return STATUS_USAGE;
	}
	free(known);
	if (snprintf(line, sizeof(line), "%s %s", argv[2], argv[3]) >=
	    (int)sizeof(line))
		return complain(STATUS_USAGE, "'%s' is too long a value",
				argv[3]);
	return debugfs_write(heap, "options", line);
}

int command_classes(int argc, char **argv)
{
	unsigned int number;

	if (argc > 2)
		return complain(STATUS_USAGE, "usage: kgcctl classes [HEAP]");
	if (argc == 2) {
		if (!parse_heap(argv[1], &number))
			return STATUS_USAGE;
		return show(number, "classes", print_columns);
	}
	/* The table itself, whoever uses it. */
	return show(MODULE_WIDE, "classes", print_columns);
}

/* The number behind @name in lines of "name value"; 0 when there is none. */
static unsigned long long number_of(const char *text, const char *name)
{
	size_t length = strlen(name);

	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (!strncmp(text, name, length) && text[length] == ' ')
			return strtoull(text + length, NULL, 10);
	}
	return 0;
}

#define LOOK_APART_US 20000

/* Until the calls that are due now have returned, others or not. */
static int await_finalizers(unsigned int heap)
{
	unsigned long long due = 0, called = 0;
	bool first = true;
	char *text;
	int status;

	for (;;) {
		status = debugfs_read(heap, "finalizers", &text);
		if (status)
			return status;
		if (first)
			due = number_of(text, "Found");
		called = number_of(text, "Called");
		free(text);
		if (called >= due)
			return STATUS_OK;
		first = false;
		usleep(LOOK_APART_US);
	}
}

int command_finalizers(int argc, char **argv)
{
	unsigned int heap;
	int status;

	if (argc < 2 || argc > 3 || (argc == 3 && strcmp(argv[2], "wait")))
		return complain(STATUS_USAGE, "usage: kgcctl finalizers HEAP [wait]");
	if (!parse_heap(argv[1], &heap))
		return STATUS_USAGE;
	if (argc == 3) {
		status = await_finalizers(heap);
		if (status)
			return status;
	}
	return show(heap, "finalizers", print_pairs);
}
