/* SPDX-License-Identifier: GPL-2.0 */
/* A file that a command writes. It appears when it is complete, or not at all. */
#ifndef KGCCTL_OUTPUT_H
#define KGCCTL_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

/**
 * struct output - a file being written
 * @to: where to write
 * @path: its name, "-" for the output of kgcctl
 * @temporary: name of the file that replaces @path when it is complete; empty if @path is
 *	written directly, because it exists and is no regular file but a pipe or a symlink
 */
struct output {
	FILE *to;
	const char *path;
	char *temporary;
};

/* Begin. Returns an exit status, and complains unless that is STATUS_OK. */
int output_open(struct output *output, const char *path);

/* End. If not @good, or if a write has failed, the file does not appear. As above. */
int output_close(struct output *output, bool good);

/* Whether writes to it may wait for a reader. */
bool output_may_wait(const struct output *output);

#endif /* KGCCTL_OUTPUT_H */
