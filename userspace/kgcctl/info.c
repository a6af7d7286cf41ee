// SPDX-License-Identifier: GPL-2.0
/* kgcctl info: versions, limits and features of the loaded module. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <kgc.h>

#include "command.h"
#include "kgcctl.h"
#include "table.h"

enum { TOOL, MODULE, ABI, PAGE, CLASSES, SMALL, LARGEST, TYPES, HANDLES, BATCH, FEATURES };

static const struct column columns[] = {
	[TOOL] = { "kgcctl", NULL, KIND_TEXT, true, "version of this tool" },
	[MODULE] = { "module", NULL, KIND_TEXT, true, "version of the loaded module" },
	[ABI] = { "abi", NULL, KIND_COUNT, true, "version of the device's ABI" },
	[PAGE] = { "page", NULL, KIND_BYTES, true, "bytes in a page of a heap" },
	[CLASSES] = { "classes", NULL, KIND_COUNT, true, "size classes, large objects included" },
	[SMALL] = { "small", NULL, KIND_BYTES, true, "largest object with a size class" },
	[LARGEST] = { "largest", NULL, KIND_BYTES, true, "largest object" },
	[TYPES] = { "types", NULL, KIND_COUNT, true, "types per heap at most" },
	[HANDLES] = { "handles", NULL, KIND_COUNT, true, "handles per heap at most" },
	[BATCH] = { "batch", NULL, KIND_COUNT, true, "operations per batch at most" },
	[FEATURES] = { "features", NULL, KIND_TEXT, true, "debug: built with KGC_DEBUG=1" },
	{ 0 }
};

static void module_version(char *text, size_t size)
{
	FILE *from = fopen("/sys/module/kgc/version", "re");

	if (!from || !fgets(text, size, from))
		snprintf(text, size, "unknown");
	text[strcspn(text, "\n")] = '\0';
	if (from)
		fclose(from);
}

static int run(int nr, char **words)
{
	struct kgc_info info;
	struct table *table;
	char version[32];
	int heap, err;

	(void)nr;
	(void)words;
	heap = own_heap();
	if (heap < 0)
		return -heap;
	err = kgc_info(heap, &info);
	kgc_close(heap);
	if (err)
		return complain(STATUS_FAILED,
				"%s does not answer KGC_INFO: %s; module and kgcctl are of different versions",
				KGC_DEVICE, strerror(-err));
	table = table_new("info", columns, true);
	if (!table)
		return STATUS_USAGE;
	module_version(version, sizeof(version));
	table_row(table);
	table_text(table, TOOL, kgc_version());
	table_text(table, MODULE, version);
	table_number(table, ABI, info.abi_version);
	table_number(table, PAGE, info.page_size);
	table_number(table, CLASSES, info.nr_classes);
	table_number(table, SMALL, info.max_small);
	table_number(table, LARGEST, info.max_object);
	table_number(table, TYPES, info.max_types);
	table_number(table, HANDLES, info.max_handles);
	table_number(table, BATCH, info.max_batch);
	table_text(table, FEATURES, info.features & KGC_FEATURE_DEBUG ? "debug" : "none");
	return table_print(table);
}

const struct command command_info = {
	.name = "info",
	.arguments = "",
	.about = "what the loaded module can do",
	.prints_table = true,
	.columns = columns,
	.run = run,
};
