/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of kgcctl. A command is a file that defines a struct command, and a
 * row in COMMANDS(). Dispatch, help, usage, completion and the man page's list of
 * commands are made from these two.
 */
#ifndef KGCCTL_COMMAND_H
#define KGCCTL_COMMAND_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

/* The help text lists them in this order. */
#define COMMANDS(row)	\
	row(info)	\
	row(stat)	\
	row(watch)	\
	row(top)	\
	row(gc)		\
	row(set)	\
	row(save)	\
	row(load)	\
	row(types)	\
	row(classes)	\
	row(scavenge)	\
	row(finalizers)	\
	row(exporter)	\
	row(profile)	\
	row(snapshot)	\
	row(convert)	\
	row(retained)	\
	row(suspects)	\
	row(why)	\
	row(diff)	\
	row(report)	\
	row(demo)	\
	row(bench)	\
	row(help)	\
	row(complete)

/* Meanings of a word after the command. They decide what completion offers. */
enum word {
	WORD_NONE,
	WORD_HEAP,
	WORD_OPTION,	/* of a heap */
	WORD_VALUE,	/* of the option in the word before */
	WORD_FILE,
	WORD_COMMAND,
	WORD_OWN,	/* command->offer() knows */
};

#define MAX_WORDS	3	/* that have a meaning of their own */
#define ANY_NUMBER	1000

struct column;

/**
 * struct command - a command
 * @name: its name on the command line
 * @arguments: its synopsis without the options, such as "[HEAP]"
 * @about: what it does, in one line without a full stop
 * @help: further lines of help, of up to 79 characters each, or NULL
 * @least: least number of words after its name
 * @most: most words after its name
 * @takes: meanings of the words; words after the last entry have its meaning
 * @options: the command's own options, or NULL
 * @parse: argp parser of @options, or NULL
 * @prints_table: it prints a table, so it also takes the options of table_argp
 * @columns: of the table, ended by one without a name; NULL if it has no fixed columns
 * @hidden: help and completion omit it, and argp does not parse its words
 * @offer: for WORD_OWN: calls its argument @offer for each possible value of word
 *	number @nr; @words are the words before it
 * @run: runs the command with the words after its name, and returns an exit status
 */
struct command {
	const char *name;
	const char *arguments;
	const char *about;
	const char *help;
	unsigned int least;
	unsigned int most;
	enum word takes[MAX_WORDS];
	const struct argp_option *options;
	error_t (*parse)(int key, char *arg, struct argp_state *state);
	bool prints_table;
	const struct column *columns;
	bool hidden;
	void (*offer)(int nr, char **words, void (*offer)(const char *word, const char *about));
	int (*run)(int nr, char **words);
};

#define DECLARE_COMMAND(name) extern const struct command command_##name;
COMMANDS(DECLARE_COMMAND)

/* Ends with NULL. */
extern const struct command * const commands[];

const struct command *command_find(const char *name);

/* Print the help text of one command, or of kgcctl (NULL), and exit. */
void explain_command(const struct command *command);

/* The options that every command has. */
extern const struct argp_option common_options[];

/**
 * struct status_text - an exit status
 * @status: its number, enum exit_status
 * @text: what it means
 */
struct status_text {
	int status;
	const char *text;
};

/* Ends with an entry without a text. */
extern const struct status_text status_texts[];

#endif /* KGCCTL_COMMAND_H */
