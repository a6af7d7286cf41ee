/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The commands of kgcctl. One is a file that defines its struct command, and a
 * row here; dispatch, help, usage, completion and the man page's list of
 * commands come from the two.
 */
#ifndef KGCCTL_COMMAND_H
#define KGCCTL_COMMAND_H

#include <argp.h>
#include <stdbool.h>
#include <stddef.h>

/* In the order of the help text. */
#define COMMANDS(row)	\
	row(info)	\
	row(stat)	\
	row(gc)		\
	row(set)	\
	row(save)	\
	row(load)	\
	row(classes)	\
	row(scavenge)	\
	row(finalizers)	\
	row(demo)	\
	row(bench)	\
	row(help)	\
	row(complete)

/* What a word after the command is; completion offers what fits. */
enum word {
	WORD_NONE,
	WORD_HEAP,
	WORD_OPTION,	/* of a heap */
	WORD_VALUE,	/* of the option in the word before */
	WORD_FILE,
	WORD_COMMAND,
	WORD_OWN,	/* the command knows */
};

#define MOST_WORDS	3	/* whose meaning differs */
#define ANY_NUMBER	1000

struct column;

/**
 * struct command - a command
 * @name: on the command line
 * @arguments: as in a synopsis, without the options: "[HEAP]"
 * @about: what it does, in a line without a full stop
 * @help: more of it, in lines of up to 79 characters, or NULL
 * @least: words that it needs after its name
 * @most: words that it takes at most
 * @takes: what the words are; further ones are as the last
 * @options: its own, or NULL
 * @parse: reads these
 * @prints_table: it prints a table, and takes the options for that as well
 * @columns: of the table, up to one without a name; NULL where the module says
 * @hidden: not for people; its words are not read for options
 * @offer: calls @offer for what word number @nr may be, after @words, the earlier
 *	ones; for WORD_OWN
 * @run: carries it out with the words after its name; returns an exit status
 */
struct command {
	const char *name;
	const char *arguments;
	const char *about;
	const char *help;
	unsigned int least;
	unsigned int most;
	enum word takes[MOST_WORDS];
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

/* Up to a NULL. */
extern const struct command * const commands[];

const struct command *command_find(const char *name);

/* Print the help text of one command, or of kgcctl (NULL), and exit. */
void explain_command(const struct command *command);

/* Those that every command has. */
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

/* Up to one without a text. */
extern const struct status_text status_texts[];

#endif /* KGCCTL_COMMAND_H */
