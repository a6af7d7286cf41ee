// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing /sys/kernel/debug/kgc. The complaints tell the user what to do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kgcctl.h"

#define DEBUGFS "/sys/kernel/debug"

static void path_of(char *path, size_t size, long heap, const char *file)
{
	if (heap == MODULE_WIDE)
		snprintf(path, size, DEBUGFS "/kgc/%s", file);
	else
		snprintf(path, size, DEBUGFS "/kgc/heap%ld/%s", heap, file);
}

/*
 * debugfs returns this error if the heap of an open file has been closed. Its path may
 * exist for a while longer, or belong to a new heap with the same number.
 */
#define GONE EIO

/* Complain that @path could not be opened or read, and why. Returns an exit status. */
static int explain(long heap, const char *path, int error)
{
	struct stat st;

	if (error == EACCES || error == EPERM)
		return complain(STATUS_DENIED,
				"%s may be used by root only: run as root", path);
	if (error != ENOENT)
		return complain(STATUS_FAILED, "%s: %s", path, strerror(error));
	if (stat(DEBUGFS, &st) < 0)
		return complain(STATUS_ABSENT,
				"%s is missing: this kernel has no debugfs (CONFIG_DEBUG_FS)",
				DEBUGFS);
	if (stat(DEBUGFS "/kgc", &st) < 0)
		return complain(STATUS_ABSENT,
				"%s/kgc is missing: load the module (modprobe kgc, or insmod kgc.ko) and mount debugfs (mount -t debugfs none %s)",
				DEBUGFS, DEBUGFS);
	if (heap != MODULE_WIDE)
		return complain(STATUS_NO_HEAP,
				"no heap %ld is open: 'kgcctl stat' lists the open ones",
				heap);
	return complain(STATUS_ABSENT,
			"%s is missing: module and kgcctl are of different versions",
			path);
}

static char *read_all(int fd)
{
	size_t size = 4096, used = 0;
	char *text = allocate(size);
	ssize_t got;

	while ((got = read(fd, text + used, size - used - 1)) > 0) {
		used += got;
		if (size - used == 1)
			text = reallocate(text, size *= 2);
	}
	if (got < 0) {
		free(text);
		return NULL;
	}
	text[used] = '\0';
	return text;
}

/* With the module loaded, a missing file means that its heap is closed. */
static bool is_gone(int error)
{
	struct stat st;

	return error == ENOENT && !stat(DEBUGFS "/kgc", &st);
}

/* Read a file into *@text. Return: 0 or a positive errno, ENOENT if the heap is closed. */
static int try_read(const char *path, char **text)
{
	int fd = open(path, O_RDONLY), error = 0;

	*text = fd < 0 ? NULL : read_all(fd);
	if (!*text)
		error = errno == GONE ? ENOENT : errno;
	if (fd >= 0)
		close(fd);
	return error;
}

int debugfs_read(long heap, const char *file, char **text, bool may_be_closed)
{
	char path[256];
	int error;

	path_of(path, sizeof(path), heap, file);
	error = try_read(path, text);
	if (!error)
		return STATUS_OK;
	if (may_be_closed && is_gone(error))
		return STATUS_NO_HEAP;
	return explain(heap, path, error);
}

bool debugfs_peek(long heap, const char *file, char **text)
{
	char path[256];

	path_of(path, sizeof(path), heap, file);
	return !try_read(path, text);
}

int debugfs_open(long heap, const char *file, int *fd)
{
	char path[256];

	path_of(path, sizeof(path), heap, file);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	if (*fd >= 0)
		return STATUS_OK;
	return explain(heap, path, errno == GONE ? ENOENT : errno);
}

/*
 * Return: 0 or a positive errno. If the heap is closed before the write, *@opened is
 * false and the result ENOENT, as if the file could not be opened.
 */
static int try_write(const char *path, const char *text, bool *opened)
{
	int fd = open(path, O_WRONLY), error = 0;

	*opened = fd >= 0;
	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	if (error == GONE) {
		*opened = false;
		return ENOENT;
	}
	return error;
}

int debugfs_write(long heap, const char *file, const char *text, bool may_be_closed)
{
	char path[256];
	bool opened;
	int error;

	path_of(path, sizeof(path), heap, file);
	error = try_write(path, text, &opened);
	if (!error)
		return STATUS_OK;
	if (opened)
		return complain(STATUS_FAILED,
				"writing '%s' to %s was refused: %s",
				text, path, strerror(error));
	if (may_be_closed && is_gone(error))
		return STATUS_NO_HEAP;
	return explain(heap, path, error);
}

static int ascending(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

/* List the numbers of all open heaps, ascending. The caller frees *@heaps. */
static int list_heaps(unsigned int **heaps, size_t *nr)
{
	DIR *dir = opendir(DEBUGFS "/kgc");
	struct dirent *entry;
	unsigned int heap;
	int error;

	*heaps = NULL;
	*nr = 0;
	if (!dir)
		return explain(MODULE_WIDE, DEBUGFS "/kgc", errno);
	while (errno = 0, (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "heap%u", &heap) != 1)
			continue;
		*heaps = reallocate(*heaps, (*nr + 1) * sizeof(**heaps));
		(*heaps)[(*nr)++] = heap;
	}
	error = errno;
	closedir(dir);
	/* The caller would take an incomplete list for a complete one. */
	if (error) {
		free(*heaps);
		return complain(STATUS_FAILED, "listing the heaps: %s",
				strerror(error));
	}
	if (*nr)
		qsort(*heaps, *nr, sizeof(**heaps), ascending);
	return STATUS_OK;
}

int debugfs_each_heap(int (*fn)(unsigned int heap))
{
	unsigned int *heaps;
	int status, worst;
	size_t nr;

	worst = list_heaps(&heaps, &nr);
	if (worst)
		return worst;
	for (size_t i = 0; i < nr; i++) {
		status = fn(heaps[i]);
		if (status > worst && status != STATUS_NO_HEAP)
			worst = status;
	}
	if (!nr)
		puts("no heap is open");
	free(heaps);
	return worst;
}
