// SPDX-License-Identifier: GPL-2.0
/* kgcctl scavenge: give free memory of heaps back to the kernel. */
#include "command.h"
#include "kgcctl.h"

static int scavenge(unsigned int heap)
{
	return debugfs_write(heap, "scavenge", "1", true);
}

static int run(int nr, char **words)
{
	unsigned int heap;

	if (!nr)
		return debugfs_each_heap(scavenge);
	if (!parse_heap(words[0], &heap))
		return STATUS_USAGE;
	return debugfs_write(heap, "scavenge", "1", false);
}

const struct command command_scavenge = {
	.name = "scavenge",
	.arguments = "[HEAP]",
	.about = "gives free memory of a heap, or of all, back to the kernel",
	.help = "For root.",
	.most = 1,
	.takes = { WORD_HEAP },
	.run = run,
};
