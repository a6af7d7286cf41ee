/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands of kgcctl have in common: exit statuses, the way they
 * complain, and the door to debugfs.
 */
#ifndef KGCCTL_H
#define KGCCTL_H

#include <stdbool.h>
#include <stddef.h>

/* Exit statuses; 'kgcctl help' prints the same list. */
enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,	/* the command was carried out and failed */
	STATUS_USAGE = 2,
	STATUS_ABSENT = 3,	/* no module, no device or no debugfs */
	STATUS_DENIED = 4,	/* not root */
	STATUS_NO_HEAP = 5,	/* no heap of that number is open */
};

/* Print "kgcctl: ..." on stderr; returns @status for the caller to return. */
int complain(enum exit_status status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A heap of our own: the descriptor, or a negative exit status, complained. */
int own_heap(void);

/* Parse a heap number: false and a complaint when it is none. */
bool parse_heap(const char *text, unsigned int *heap);

/* Commands. argv[0] is the command's name. */
int command_info(int argc, char **argv);
int command_stat(int argc, char **argv);
int command_gc(int argc, char **argv);
int command_set(int argc, char **argv);
int command_classes(int argc, char **argv);
int command_scavenge(int argc, char **argv);
int command_finalizers(int argc, char **argv);
int command_demo(int argc, char **argv);
int command_bench(int argc, char **argv);

/* debugfs.c */

#define MODULE_WIDE (-1L)
#define EVERY_HEAP (-2L)

/*
 * Read a file of the module (@heap MODULE_WIDE) or of a heap. Returns an exit
 * status, having complained unless it is STATUS_OK; *@text is to be freed.
 */
int debugfs_read(long heap, const char *file, char **text);

/*
 * The same for writing; with EVERY_HEAP to the file of each heap. One that is
 * closed meanwhile is no failure then, one that fails does not keep the others
 * from their turn, and the status is the highest.
 */
int debugfs_write(long heap, const char *file, const char *text);

#endif /* KGCCTL_H */
