// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl's readers of text under libFuzzer, AddressSanitizer and
 * UndefinedBehaviorSanitizer: files of debugfs that a module of another version shows,
 * options and values that a user types, files of saved options, and snapshots. They neither
 * crash nor hang. The first byte chooses the command, the rest is the text (up to a 0: most
 * readers are given strings; a snapshot is not text).
 *
 * kgcctl runs in this process, without a module: the library is the one below.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <kgc.h>

#include "command.h"
#include "cycles.h"
#include "kgcctl.h"
#include "metrics.h"
#include "table.h"

static const char *content;

/* ---- what kgcctl is linked with ---------------------------------------------- */

int debugfs_read(long heap, const char *file, char **text, bool may_be_closed)
{
	*text = strdup(content);
	return STATUS_OK;
}

bool debugfs_peek(long heap, const char *file, char **text)
{
	return !debugfs_read(heap, file, text, true);
}

int debugfs_open(long heap, const char *file, int *fd)
{
	return STATUS_FAILED;
}

int debugfs_write(long heap, const char *file, const char *text, bool may_be_closed)
{
	return STATUS_OK;
}

int debugfs_each_heap(int (*fn)(unsigned int heap))
{
	return fn(7);
}

const char *kgc_version(void)
{
	return "0";
}

int kgc_open(void)
{
	return 0;
}

int kgc_close(int heap)
{
	return 0;
}

int kgc_info(int heap, struct kgc_info *info)
{
	*info = (struct kgc_info){ 0 };
	return 0;
}

int kgc_stats(int heap, struct kgc_stats *stats)
{
	*stats = (struct kgc_stats){ 0 };
	return 0;
}

int kgc_heaps(int heap, __u32 after, struct kgc_heap_entry *entries, __u32 nr)
{
	return 0;
}

/* One option of each kind. */
int kgc_option_info(int heap, __u32 index, struct kgc_option_info *info)
{
	static const struct kgc_option_info options[] = {
		{ .name = "gogc", .unit = "percent", .min = 1, .max = 100000,
		  .attributes = KGC_OPTION_HAS_OFF, .off = ~0ULL },
		{ .name = "limit", .unit = "bytes", .min = 1, .max = ~0ULL,
		  .attributes = KGC_OPTION_HAS_OFF },
		{ .name = "verify", .max = 2, .values = "off check trace" },
		{ .name = "harden", .max = 3, .values = "random poison",
		  .attributes = KGC_OPTION_HAS_OFF | KGC_OPTION_BITS },
	};

	if (index >= sizeof(options) / sizeof(options[0]))
		return -ENOENT;
	*info = options[index];
	return 0;
}

/* Commands that need a module for all that they do. */
const struct command command_demo = { .name = "demo" };
const struct command command_bench = { .name = "bench" };

/* ---- what is fuzzed ----------------------------------------------------------- */

static int call(const struct command *command, char *first, char *second, char *third)
{
	char *words[] = { "7", second, third, NULL };

	if (first)
		words[0] = first;
	return command->run(1 + !!second + !!third, words) < 0;
}

static int load(const char *text)
{
	char path[40];
	int fd = memfd_create("saved", 0), status;

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	status = call(&command_load, NULL, path, NULL);
	close(fd);
	return status;
}

/* All that is computed of a snapshot. */
static int snapshot(const uint8_t *bytes, size_t size)
{
	int fd = memfd_create("snapshot", 0), status;
	char path[40];

	if (fd < 0 || write(fd, bytes, size) < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	status = call(&command_retained, path, NULL, NULL) |
		 call(&command_suspects, path, NULL, NULL) |
		 call(&command_why, path, "node", NULL) |
		 call(&command_convert, path, "/dev/null", NULL);
	close(fd);
	return status;
}

static int show_module(void)
{
	command_stat.parse('m', NULL, NULL);
	return command_stat.run(0, NULL) < 0;
}

/* The whole text is a table of cycles. Each cycle has a line. */
static int show_cycles(void)
{
	struct cycle *cycles;
	char line[CYCLE_LINE];
	size_t nr = cycles_read(7, &cycles);

	for (size_t i = 0; i < nr; i++)
		if (!strlen(cycle_line(line, 7, &cycles[i])))
			abort();
	free(cycles);
	return 0;
}

/* Each file of debugfs has the whole text. */
static int export_metrics(void)
{
	char *text;

	if (metrics_read(&text) || !strstr(text, "# TYPE kgc_heaps gauge"))
		abort();
	free(text);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[4096], word[64];

	if (!size || size > sizeof(text))
		return 0;
	/* the columns to show; NULL means the usual ones */
	table_argp.parser('o', NULL, NULL);
	if (data[0] == 'S')
		return snapshot(data + 1, size - 1);
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	snprintf(word, sizeof(word), "%.60s", text);
	content = text;
	if (data[0] % 12 == 2)
		table_argp.parser('o', word, NULL);
	switch (data[0] % 12) {
	case 0:	return show_module();
	case 1:
	case 2:	return call(&command_classes, NULL, NULL, NULL);
	case 3:	return call(&command_set, NULL, NULL, NULL);
	case 4:	return call(&command_set, NULL, "gogc", word);
	case 5:	return call(&command_set, NULL, "limit", word);
	case 6:	return call(&command_set, NULL, "harden", word);
	case 7:	return load(text);
	case 8:	return call(&command_finalizers, NULL, NULL, NULL);
	case 9:	return show_cycles();
	case 10: return export_metrics();
	default: return call(&command_classes, word, NULL, NULL);
	}
}
