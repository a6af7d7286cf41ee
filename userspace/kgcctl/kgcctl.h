/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands of kgcctl have in common: exit statuses, the way they
 * complain, and the door to debugfs.
 */
#ifndef KGCCTL_H
#define KGCCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit statuses; status_texts in main.c says what they mean. */
enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_ABSENT = 3,
	STATUS_DENIED = 4,
	STATUS_NO_HEAP = 5,
};

/* Print "kgcctl: ..." on stderr; returns @status for the caller to return. */
int complain(enum exit_status status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Memory for kgcctl itself; there is no way on without. */
void *allocate(size_t bytes);
void *reallocate(void *old, size_t bytes);
char *text_copy(const char *text, size_t length);

/* "12.5M", or every digit with @exact, into @text; returns @text. */
#define SIZE_TEXT 24
char *size_text(char text[SIZE_TEXT], uint64_t bytes, bool exact);

/* A heap of our own: the descriptor, or a negative exit status, complained. */
int own_heap(void);

/*
 * Say that @what ended for want of memory, and what refused it, as the counters
 * of the heap @heap tell. Returns an exit status.
 */
int complain_no_memory(int heap, const char *what);

/* Parse a heap number: false and a complaint when it is none. */
bool parse_heap(const char *text, unsigned int *heap);

/* Whether stdout shows what is overwritten: a terminal that is not dumb. */
bool shows_progress(void);

/* debugfs.c */

#define MODULE_WIDE (-1L)

/*
 * Read a file of the module (@heap MODULE_WIDE) or of a heap. Returns an exit
 * status, having complained unless it is STATUS_OK; *@text is to be freed. With
 * @may_be_closed nothing is said of a heap that is gone: STATUS_NO_HEAP.
 */
int debugfs_read(long heap, const char *file, char **text, bool may_be_closed);

/* The same for writing. */
int debugfs_write(long heap, const char *file, const char *text, bool may_be_closed);

/*
 * Call @fn for each open heap, in order. It returns a status; STATUS_NO_HEAP is no
 * failure. One that fails does not keep the others from their turn, and the
 * status is the highest.
 */
int debugfs_each_heap(int (*fn)(unsigned int heap));

#endif /* KGCCTL_H */
