// SPDX-License-Identifier: GPL-2.0
/* kgcctl classes: the size classes, or the memory that a heap has in each. */
#include <stdlib.h>

#include "command.h"
#include "kgcctl.h"
#include "table.h"

static int run(int nr, char **words)
{
	unsigned int heap;
	char *text;
	int status;

	if (nr && !parse_heap(words[0], &heap))
		return STATUS_USAGE;
	status = debugfs_read(nr ? (long)heap : MODULE_WIDE, "classes", &text, false);
	if (status)
		return status;
	status = text_table_print("classes", text, nr ?
		"class,noscan,slot_bytes,spans,mallocs,frees,refills,tail_bytes,idle_bytes" :
		"class,slot_bytes,span_bytes,objects_per_span,tail_bytes,worst_waste_permille");
	free(text);
	return status;
}

const struct command command_classes = {
	.name = "classes",
	.arguments = "[HEAP]",
	.about = "the size classes, or what one heap has in them",
	.help =
		"The columns are those of debugfs, docs/debugfs.md explains them; a wrong one after\n"
		"-o lists them. For root.",
	.most = 1,
	.takes = { WORD_HEAP },
	.prints_table = true,
	.run = run,
};
