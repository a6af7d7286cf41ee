// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "files.h"

int put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

int put_number(const char *path, long long number)
{
	char text[32];

	snprintf(text, sizeof(text), "%lld", number);
	return put_file(path, text);
}

int put_trace_point(const char *event, int on)
{
	char path[128];

	/* fails if it is there already */
	mount("tracefs", TRACING, "tracefs", 0, NULL);
	snprintf(path, sizeof(path), TRACING "events/kgc/%s/enable", event);
	return put_number(path, on);
}

long long number_in(const char *path)
{
	long long number = -1;
	FILE *f = fopen(path, "r");

	if (!f)
		return -1;
	if (fscanf(f, "%lld", &number) != 1)
		number = -1;
	fclose(f);
	return number;
}

int put_oom_score(int score)
{
	return put_number("/proc/self/oom_score_adj", score);
}

int put_max_bytes(unsigned long long bytes)
{
	return put_number("/sys/module/kgc/parameters/max_bytes", bytes);
}
