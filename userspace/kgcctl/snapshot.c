// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl snapshot: save which objects a heap has, and which refers to which. The collector
 * does not wait for long until the stream is read, so nothing slow comes between.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "kgcctl.h"
#include "output.h"
#include "snapshot.h"

#define BUFFER	(1 << 20)

static int complain_read(unsigned int heap, int error)
{
	switch (error) {
	case ECANCELED:
		return complain(STATUS_CANCELED,
				"heap %u ended the snapshot: kgcctl read too slowly, or the heap has outgrown its goal; try again",
				heap);
	case ESHUTDOWN:
	case EIO:
		return complain(STATUS_NO_HEAP, "heap %u has been closed or set aside", heap);
	}
	return complain(STATUS_FAILED, "reading the snapshot of heap %u: %s", heap,
			strerror(error));
}

/* Copy the stream of @heap to @to, which does not wait for a reader. */
static int copy(unsigned int heap, int from, FILE *to)
{
	char *buffer = allocate(BUFFER);
	int status = STATUS_OK;
	ssize_t got;

	while ((got = read(from, buffer, BUFFER)) > 0 && !ferror(to))
		fwrite(buffer, 1, got, to);
	if (got < 0)
		status = complain_read(heap, errno);
	free(buffer);
	return status;
}

/* Write what @from has to @to. */
static int pass_on(FILE *from, FILE *to)
{
	char *buffer = allocate(BUFFER);
	bool good = !fflush(from) && !ferror(from);
	size_t got;

	rewind(from);
	while (good && (got = fread(buffer, 1, BUFFER, from)) > 0 && !ferror(to))
		fwrite(buffer, 1, got, to);
	good = good && !ferror(from);
	free(buffer);
	if (!good)
		return complain(STATUS_FAILED, "a temporary file: %s", strerror(errno));
	return STATUS_OK;
}

/* With a temporary file between, if writes to @output may wait. */
static int save(unsigned int heap, int from, const struct output *output)
{
	FILE *between;
	int status;

	if (!output_may_wait(output))
		return copy(heap, from, output->to);
	between = tmpfile();
	if (!between)
		return complain(STATUS_FAILED, "a temporary file: %s", strerror(errno));
	status = copy(heap, from, between);
	if (!status)
		status = pass_on(between, output->to);
	fclose(between);
	return status;
}

int snapshot_take(unsigned int heap, FILE *to)
{
	int from, status = debugfs_open(heap, "snapshot", &from);

	if (status)
		return status;
	status = copy(heap, from, to);
	close(from);
	return status;
}

static int run(int nr, char **words)
{
	struct output output;
	unsigned int heap;
	int from, status, closed;

	(void)nr;
	if (!parse_heap(words[0], &heap))
		return STATUS_USAGE;
	status = output_open(&output, words[1]);
	if (status)
		return status;
	status = debugfs_open(heap, "snapshot", &from);
	if (!status) {
		status = save(heap, from, &output);
		close(from);
	}
	closed = output_close(&output, !status);
	return status ? status : closed;
}

const struct command command_snapshot = {
	.name = "snapshot",
	.arguments = "HEAP FILE",
	.about = "saves which objects a heap has, and which refers to which",
	.help =
		"The heap goes on. FILE, or - for the output, gets no contents of objects and no\n"
		"addresses. The commands retained, suspects, why, diff and convert read it. If the\n"
		"exit status is 10, try again. For root.",
	.least = 2,
	.most = 2,
	.takes = { WORD_HEAP, WORD_FILE },
	.run = run,
};
