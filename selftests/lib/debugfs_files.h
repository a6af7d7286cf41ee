/* SPDX-License-Identifier: GPL-2.0 */
/* Read /sys/kernel/debug/kgc: whole files, and values of "name value" lines. */
#ifndef SELFTESTS_DEBUGFS_FILES_H
#define SELFTESTS_DEBUGFS_FILES_H

#include <linux/types.h>

#define DEBUGFS_KGC "/sys/kernel/debug/kgc"
#define MODULE_WIDE (-1L)

/* Read a file of the module or of a heap. The caller frees the text; NULL sets errno. */
char *debugfs_text(long heap, const char *file);

/* Write @text to such a file. Return: 0 or -errno. */
int debugfs_put(long heap, const char *file, const char *text);

/* Get the value of the line that begins with @name. Return: 0 or -ENOENT. */
int debugfs_find(const char *text, const char *name, __u64 *value);

/* Read a file and get the value of a line. Return: 0 or -errno. */
int debugfs_value(long heap, const char *file, const char *name, __u64 *value);

/* Get the value of @column in the first line of a table that begins with @key. */
int debugfs_cell(const char *text, const char *key, const char *column,
		 unsigned long long *value);

/**
 * struct debugfs_histogram - a line of "histograms"
 * @nr: durations counted, in all buckets
 * @sum_ns: their sum
 * @longest_ns: the longest
 */
struct debugfs_histogram {
	__u64 nr, sum_ns, longest_ns;
};

/* Read the line @line of the heap's histograms. Return: 0 or -ENOENT. */
int debugfs_histogram(long heap, const char *line, struct debugfs_histogram *h);

/* Count kernel threads whose name begins with "kgc", including workqueue rescuers. */
int kgc_threads(void);

#endif /* SELFTESTS_DEBUGFS_FILES_H */
