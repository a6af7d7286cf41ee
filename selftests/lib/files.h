/* SPDX-License-Identifier: GPL-2.0 */
/* The small files by which kernel settings are made: sysfs, cgroups, debugfs. */
#ifndef SELFTESTS_FILES_H
#define SELFTESTS_FILES_H

#define DEBUGFS	"/sys/kernel/debug/"

/* Write @text into a file that exists: 0 or -errno. */
int put_file(const char *path, const char *text);

/* The number that a file begins with, or -1. */
long long number_in(const char *path);

/* Be the first whom the OOM killer takes; -1000 for the last: 0 or -errno. */
int put_oom_score(int score);

/* The module's cap for all heaps together: 0 or -errno. */
int put_max_bytes(unsigned long long bytes);

#endif /* SELFTESTS_FILES_H */
