/* SPDX-License-Identifier: GPL-2.0 */
/* Small files that hold kernel settings: in sysfs, cgroups and debugfs. */
#ifndef SELFTESTS_FILES_H
#define SELFTESTS_FILES_H

#define DEBUGFS	"/sys/kernel/debug/"

/* Write @text into an existing file. Return: 0 or -errno. */
int put_file(const char *path, const char *text);

/* Return: the number at the beginning of the file, or -1. */
long long number_in(const char *path);

/* Set how soon the OOM killer takes this process, -1000: never. Return: 0 or -errno. */
int put_oom_score(int score);

/* Set the module's limit for all heaps together. Return: 0 or -errno. */
int put_max_bytes(unsigned long long bytes);

#endif /* SELFTESTS_FILES_H */
