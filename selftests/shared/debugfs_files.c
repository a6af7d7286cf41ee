// SPDX-License-Identifier: GPL-2.0
/* Reading debugfs and /proc for the tests. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugfs_files.h"

static int open_file(long heap, const char *file, int flags)
{
	char path[256];

	if (heap == MODULE_WIDE)
		snprintf(path, sizeof(path), DEBUGFS_KGC "/%s", file);
	else
		snprintf(path, sizeof(path), DEBUGFS_KGC "/heap%ld/%s", heap,
			 file);
	return open(path, flags);
}

char *debugfs_text(long heap, const char *file)
{
	size_t size = 1 << 20, used = 0;
	int fd = open_file(heap, file, O_RDONLY);
	char *text;
	ssize_t got;
	int error;

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
	int fd = open_file(heap, file, O_WRONLY);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
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
