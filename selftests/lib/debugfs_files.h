/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reading /sys/kernel/debug/kgc: whole files, and values of "name value" lines.
 */
#ifndef SELFTESTS_DEBUGFS_FILES_H
#define SELFTESTS_DEBUGFS_FILES_H

#include <linux/types.h>

#define DEBUGFS_KGC "/sys/kernel/debug/kgc"
#define MODULE_WIDE (-1L)

/* A file of the module or of a heap: text to be freed, or NULL and errno. */
char *debugfs_text(long heap, const char *file);

/* Write @text to it: 0 or -errno. */
int debugfs_put(long heap, const char *file, const char *text);

/* Value in the line that begins with @name: 0 or -ENOENT. */
int debugfs_find(const char *text, const char *name, __u64 *value);

/* Both at once: 0 or -errno. */
int debugfs_value(long heap, const char *file, const char *name, __u64 *value);

/* Kernel threads whose name begins with "kgc", workqueue rescuers included. */
int kgc_threads(void);

#endif /* SELFTESTS_DEBUGFS_FILES_H */
