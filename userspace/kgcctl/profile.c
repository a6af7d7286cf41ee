// SPDX-License-Identifier: GPL-2.0
/* kgcctl profile: save the allocation profile of a heap in pprof's format. */
#include <stdio.h>
#include <stdlib.h>

#include "command.h"
#include "kgcctl.h"
#include "output.h"
#include "pprof.h"

/* Say what was saved, unless that is the output itself. */
static void report(const struct output *output, const int64_t sums[PPROF_VALUES])
{
	char alloc[SIZE_TEXT], inuse[SIZE_TEXT];

	if (output->to == stdout)
		return;
	printf("in use: about %s in %lld objects; ever allocated: about %s in %lld\n",
	       size_text(inuse, sums[3], false), (long long)sums[2],
	       size_text(alloc, sums[1], false), (long long)sums[0]);
}

static int run(int nr, char **words)
{
	int64_t sums[PPROF_VALUES];
	struct output output;
	unsigned char *file;
	unsigned int heap;
	size_t size;
	int status;

	(void)nr;
	if (!parse_heap(words[0], &heap))
		return STATUS_USAGE;
	status = pprof_read(heap, true, &file, &size, sums);
	if (status)
		return status;
	status = output_open(&output, words[1]);
	if (!status) {
		fwrite(file, 1, size, output.to);
		status = output_close(&output, true);
		if (!status)
			report(&output, sums);
	}
	free(file);
	return status;
}

const struct command command_profile = {
	.name = "profile",
	.arguments = "HEAP FILE",
	.about = "saves which code allocated what, and what of it is in use, for pprof",
	.help =
		"FILE, or - for the output, is what 'go tool pprof' reads: alloc_objects,\n"
		"alloc_space, inuse_objects and inuse_space by stack, with the tags type, comm,\n"
		"pid and heap. One byte in profile_bytes is sampled (kgcctl set); the numbers are\n"
		"estimates. What no cycle has found dead yet counts as in use. For root.",
	.least = 2,
	.most = 2,
	.takes = { WORD_HEAP, WORD_FILE },
	.run = run,
};
