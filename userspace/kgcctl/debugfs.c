// SPDX-License-Identifier: GPL-2.0
/*
 * Reading and writing /sys/kernel/debug/kgc, with complaints that tell what
 * to do.
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
 * What debugfs says of a file that went, with its heap, after it was opened; for a
 * while it can still be seen, and then a new heap may have its number.
 */
#define GONE EIO

/* Why could @path not be opened? */
static int explain_open(long heap, const char *path, int error)
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
				"%s/kgc is missing: load the module (insmod kgc.ko) and mount debugfs (mount -t debugfs none %s)",
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
	char *text = malloc(size);

	while (text) {
		ssize_t got = read(fd, text + used, size - used - 1);
		char *larger;

		if (got < 0) {
			free(text);
			return NULL;
		}
		used += got;
		text[used] = '\0';
		if (!got)
			return text;
		if (size - used > 1)
			continue;
		size *= 2;
		larger = realloc(text, size);
		if (!larger)
			free(text);
		text = larger;
	}
	errno = ENOMEM;
	return NULL;
}

int debugfs_read(long heap, const char *file, char **text)
{
	char path[256];
	int fd, error;

	path_of(path, sizeof(path), heap, file);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return explain_open(heap, path, errno);
	*text = read_all(fd);
	error = errno;
	close(fd);
	if (!*text && error == GONE)
		return explain_open(heap, path, ENOENT);
	if (!*text)
		return complain(STATUS_FAILED, "reading %s: %s", path,
				strerror(error));
	return STATUS_OK;
}

/*
 * Return: 0 or an errno. A file that went with its heap before it could be
 * written to counts as one that could not be opened.
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

static int write_heap(long heap, const char *file, const char *text,
		      bool may_be_closed)
{
	char path[256];
	struct stat st;
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
	/* While the module is there, only the heap can have gone. */
	if (error == ENOENT && may_be_closed && !stat(DEBUGFS "/kgc", &st))
		return STATUS_OK;
	return explain_open(heap, path, error);
}

static int ascending(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return (x > y) - (x < y);
}

/* Numbers of all open heaps, ascending; *@heaps is to be freed. */
static int list_heaps(unsigned int **heaps, size_t *nr)
{
	DIR *dir = opendir(DEBUGFS "/kgc");
	struct dirent *entry;
	unsigned int heap, *more;
	int error;

	*heaps = NULL;
	*nr = 0;
	if (!dir)
		return explain_open(MODULE_WIDE, DEBUGFS "/kgc", errno);
	while (errno = 0, (entry = readdir(dir))) {
		if (sscanf(entry->d_name, "heap%u", &heap) != 1)
			continue;
		more = realloc(*heaps, (*nr + 1) * sizeof(**heaps));
		if (!more)
			break;
		*heaps = more;
		(*heaps)[(*nr)++] = heap;
	}
	error = errno;
	closedir(dir);
	/* Some of the heaps would pass for all. */
	if (error) {
		free(*heaps);
		return complain(STATUS_FAILED, "listing the heaps: %s",
				strerror(error));
	}
	if (*nr)
		qsort(*heaps, *nr, sizeof(**heaps), ascending);
	return STATUS_OK;
}

int debugfs_write(long heap, const char *file, const char *text)
{
	unsigned int *heaps;
	int status, worst;
	size_t nr;

	if (heap != EVERY_HEAP)
		return write_heap(heap, file, text, false);
	worst = list_heaps(&heaps, &nr);
	if (worst)
		return worst;
	for (size_t i = 0; i < nr; i++) {
		status = write_heap(heaps[i], file, text, true);
		if (status > worst)
			worst = status;
	}
	if (!nr)
		puts("no heap is open");
	free(heaps);
	return worst;
}
