// SPDX-License-Identifier: GPL-2.0
/* Read debugfs and /proc for the tests. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugfs_files.h"
#include "files.h"

static void path_of(char path[256], long heap, const char *file)
{
	if (heap == MODULE_WIDE)
		snprintf(path, 256, DEBUGFS_KGC "/%s", file);
	else
		snprintf(path, 256, DEBUGFS_KGC "/heap%ld/%s", heap, file);
}

char *debugfs_text(long heap, const char *file)
{
	size_t size = 1 << 20, used = 0;
	char path[256], *text;
	ssize_t got;
	int fd, error;

	path_of(path, heap, file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return NULL;
	text = malloc(size);
	do {
		got = read(fd, text + used, size - 1 - used);
		if (got > 0)
			used += got;
	} while (got > 0);
	error = errno;
	close(fd);
	if (got < 0) {
		free(text);
		errno = error;
		return NULL;
	}
	text[used] = '\0';
	return text;
}

int debugfs_put(long heap, const char *file, const char *text)
{
	char path[256];

	path_of(path, heap, file);
	return put_file(path, text);
}

int debugfs_find(const char *text, const char *name, __u64 *value)
{
	size_t length = strlen(name);

	for (; text && *text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (strncmp(text, name, length) || !isspace(text[length]))
			continue;
		*value = strtoull(text + length, NULL, 0);
		return 0;
	}
	return -ENOENT;
}

int debugfs_value(long heap, const char *file, const char *name, __u64 *value)
{
	char *text = debugfs_text(heap, file);
	int err;

	if (!text)
		return -errno;
	err = debugfs_find(text, name, value);
	free(text);
	return err;
}

int debugfs_cell(const char *text, const char *key, const char *column,
		 unsigned long long *value)
{
	const char *line = text, *at = text;
	int wanted = -1, n;

	for (n = 0; *at && *at != '\n'; n++) {
		size_t length = strcspn(at, " \n");

		if (length == strlen(column) && !strncmp(at, column, length))
			wanted = n;
		at += length + (at[length] == ' ');
	}
	while (wanted >= 0 && (line = strchr(line, '\n')) && *++line) {
		if (strncmp(line, key, strlen(key)))
			continue;
		for (n = 0; n < wanted; n++)
			line = strchr(line, ' ') + 1;
		*value = strtoull(line, NULL, 10);
		return 0;
	}
	return -ENOENT;
}

int debugfs_histogram(long heap, const char *line, struct debugfs_histogram *h)
{
	char *text = debugfs_text(heap, "histograms"), *at, key[48];
	unsigned long long sum = 0, longest = 0, nr;
	int used;

	h->nr = 0;
	snprintf(key, sizeof(key), "\n%s ", line);
	at = text ? strstr(text, key) : NULL;
	if (!at || sscanf(at + strlen(key), "%llu %llu%n", &sum, &longest, &used) != 2) {
		free(text);
		return -ENOENT;
	}
	for (at += strlen(key) + used; sscanf(at, "%*[ ]%llu%n", &nr, &used) == 1; at += used)
		h->nr += nr;
	h->sum_ns = sum;
	h->longest_ns = longest;
	free(text);
	return 0;
}

int kgc_threads(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	int threads = 0;

	while (proc && (entry = readdir(proc))) {
		char path[300], line[512];
		FILE *stat;

		if (!isdigit(entry->d_name[0]))
			continue;
		/* Kernel threads have an empty command line. */
		snprintf(path, sizeof(path), "/proc/%s/cmdline", entry->d_name);
		stat = fopen(path, "r");
		if (!stat)
			continue;
		if (fgetc(stat) != EOF) {
			fclose(stat);
			continue;
		}
		fclose(stat);
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		stat = fopen(path, "r");
		if (!stat)
			continue;
		if (fgets(line, sizeof(line), stat) && !strncmp(line, "kgc", 3))
			threads++;
		fclose(stat);
	}
	if (proc)
		closedir(proc);
	return threads;
}
