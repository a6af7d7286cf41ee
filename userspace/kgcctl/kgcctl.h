/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the commands of kgcctl share: exit statuses, complaints, and access to debugfs.
 */
#ifndef KGCCTL_H
#define KGCCTL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* Exit statuses. status_texts in main.c explains them. */
enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,
	STATUS_USAGE = 2,
	STATUS_ABSENT = 3,
	STATUS_DENIED = 4,
	STATUS_NO_HEAP = 5,
	STATUS_FOREIGN = 6,
	STATUS_TRUNCATED = 7,
	STATUS_NEWER = 8,
	STATUS_DAMAGED = 9,
	STATUS_CANCELED = 10,
	STATUS_NO_OBJECT = 11,
};

/* Print "kgcctl: ..." on stderr. Returns @status, so that the caller can return it. */
int complain(enum exit_status status, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Called before a complaint is printed, unless NULL. The screen of top is in the way. */
extern void (*before_complaint)(void);

/* Get memory for kgcctl itself. If there is none, complain and exit. */
void *allocate(size_t bytes);
void *reallocate(void *old, size_t bytes);
char *text_copy(const char *text, size_t length);

/* Format @bytes into @text as "12.5M", or with @exact in full. Returns @text. */
#define SIZE_TEXT 24
char *size_text(char text[SIZE_TEXT], uint64_t bytes, bool exact);

/* Open a heap. Returns its descriptor, or after a complaint a negative exit status. */
int own_heap(void);

/*
 * Complain that @what got no memory, and what refused it, according to the counters of
 * heap @heap. Returns an exit status.
 */
int complain_no_memory(int heap, const char *what);

/* Parse a heap number. Complains and returns false if @text is not one. */
bool parse_heap(const char *text, unsigned int *heap);

/* Whether stdout is a terminal that can overwrite text. */
bool shows_progress(void);

/* The time of @clock in ns. */
uint64_t clock_ns(clockid_t clock);

/*
 * Find the line "NAME WORD" of @text whose NAME is @name, as the module's files have them.
 * @word is empty if there is none.
 */
#define PAIR_WORD 64
void word_of_pair(const char *text, const char *name, char word[PAIR_WORD]);

/* That word as a number; 0 if there is none. */
unsigned long long number_of_pair(const char *text, const char *name);

/*
 * In a table of the module's files: the word of @line in the column that line @headings
 * calls @name. @word is empty if there is none. number_under() returns it as a number, or 0.
 */
void word_under(const char *headings, const char *line, const char *name,
		char word[PAIR_WORD]);
uint64_t number_under(const char *headings, const char *line, const char *name);

/* The line after @line, or NULL after the last one. */
const char *next_line(const char *line);

/* debugfs.c */

#define MODULE_WIDE (-1L)

/*
 * Read a file of a heap, or with MODULE_WIDE one of the module, into *@text, which the
 * caller frees. Returns an exit status, and complains unless that is STATUS_OK. With
 * @may_be_closed it does not complain about a closed heap, and returns STATUS_NO_HEAP.
 */
int debugfs_read(long heap, const char *file, char **text, bool may_be_closed);

/*
 * Read such a file if the caller may, into *@text, which the caller frees. Returns false
 * without a complaint if that fails; *@text is then NULL.
 */
bool debugfs_peek(long heap, const char *file, char **text);

/* Open such a file for reading. Returns an exit status, and complains if that is not 0. */
int debugfs_open(long heap, const char *file, int *fd);

/* Write @text to such a file, with the same complaints and exit statuses. */
int debugfs_write(long heap, const char *file, const char *text, bool may_be_closed);

/*
 * Call @fn for each open heap, by ascending number, even after a call has failed.
 * Returns the highest exit status, of @fn or of listing the heaps. STATUS_NO_HEAP of @fn
 * is no failure, because a heap may be closed at any time.
 */
int debugfs_each_heap(int (*fn)(unsigned int heap));

#endif /* KGCCTL_H */
