/* SPDX-License-Identifier: GPL-2.0 */
/* Small files that hold kernel settings: in sysfs, cgroups and debugfs. */
#ifndef SELFTESTS_FILES_H
#define SELFTESTS_FILES_H

#define DEBUGFS	"/sys/kernel/debug/"
#define TRACING	"/sys/kernel/tracing/"

/* Write @text into an existing file. Return: 0 or -errno. */
int put_file(const char *path, const char *text);

/* Write @number into an existing file. Return: 0 or -errno. */
int put_number(const char *path, long long number);

/* Switch the trace point @event of kgc @on or off, "." all of them. Return: 0 or -errno. */
int put_trace_point(const char *event, int on);

/* Return: the number at the beginning of the file, or -1. */
long long number_in(const char *path);

/* Set how soon the OOM killer takes this process, -1000: never. Return: 0 or -errno. */
int put_oom_score(int score);

/* Set the module's limit for all heaps together. Return: 0 or -errno. */
int put_max_bytes(unsigned long long bytes);

#endif /* SELFTESTS_FILES_H */
