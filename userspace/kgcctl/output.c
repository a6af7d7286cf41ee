// SPDX-License-Identifier: GPL-2.0
/* A file that a command writes. It appears when it is complete, or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kgcctl.h"
#include "output.h"

/* Open @temporary, or if @path must not be replaced, @path itself. */
static FILE *open_file(struct output *output)
{
	mode_t mask = umask(0);
	struct stat st;
	int fd;

	umask(mask);
	if (!lstat(output->path, &st) && !S_ISREG(st.st_mode)) {
		*output->temporary = '\0';
		return fopen(output->path, "we");
	}
	fd = mkostemp(output->temporary, O_CLOEXEC);
	if (fd < 0)
		return NULL;
	fchmod(fd, 0666 & ~mask);
	return fdopen(fd, "w");
}

int output_open(struct output *output, const char *path)
{
	size_t size = strlen(path) + 8;

	*output = (struct output){ .path = path, .temporary = allocate(size) };
	snprintf(output->temporary, size, "%s.XXXXXX", path);
	if (!strcmp(path, "-")) {
		*output->temporary = '\0';
		output->to = stdout;
		return STATUS_OK;
	}
	output->to = open_file(output);
	if (output->to)
		return STATUS_OK;
	free(output->temporary);
	return complain(STATUS_FAILED, "writing %s: %s", path, strerror(errno));
}

int output_close(struct output *output, bool good)
{
	bool written = true;

	/* kgcctl checks its own output when it exits */
	if (output->to != stdout) {
		written = !ferror(output->to);
		written = !fclose(output->to) && written;
		if (good && written && *output->temporary)
			written = !rename(output->temporary, output->path);
		if (!written)
			complain(STATUS_FAILED, "writing %s: %s", output->path,
				 strerror(errno));
		if ((!good || !written) && *output->temporary)
			remove(output->temporary);
	}
	free(output->temporary);
	return written ? STATUS_OK : STATUS_FAILED;
}

bool output_may_wait(const struct output *output)
{
	struct stat st;

	return fstat(fileno(output->to), &st) || !S_ISREG(st.st_mode);
}
