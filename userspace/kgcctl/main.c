// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl: look at and steer the heaps of /dev/kgc. This file parses the command line,
 * calls the command, and has the complaints that commands share.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kgc.h>

#include "command.h"
#include "kgcctl.h"
#include "table.h"

#define ROW(name) &command_##name,
const struct command * const commands[] = { COMMANDS(ROW) NULL };

const struct status_text status_texts[] = {
	{ STATUS_OK, "success" },
	{ STATUS_FAILED, "the command failed, or its output could not be written" },
	{ STATUS_USAGE, "wrong usage: an unknown command, option or column, or a value out of range" },
	{ STATUS_ABSENT, "module, device or debugfs is missing" },
	{ STATUS_DENIED, "permission denied" },
	{ STATUS_NO_HEAP, "no such heap is open" },
	{ STATUS_FOREIGN, "the file is no snapshot" },
	{ STATUS_TRUNCATED, "the snapshot is truncated" },
	{ STATUS_NEWER, "the snapshot has a newer version of the format" },
	{ STATUS_DAMAGED, "the snapshot contradicts itself" },
	{ STATUS_CANCELED, "the heap ended the snapshot early: try again" },
	{ STATUS_NO_OBJECT, "the snapshot has no such object or type" },
	{ 0 }
};

#define KEY_USAGE 0x100

const struct argp_option common_options[] = {
	{ "help", 'h', 0, 0, "print this help", -1 },
	{ "usage", KEY_USAGE, 0, 0, "print a short usage message", -1 },
	{ "version", 'V', 0, 0, "print the version", -1 },
	{ 0 }
};

void (*before_complaint)(void);

int complain(enum exit_status status, const char *format, ...)
{
	va_list args;

	if (before_complaint)
		before_complaint();
	fflush(stdout);
	fputs("kgcctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

void *reallocate(void *old, size_t bytes)
{
	void *memory = realloc(old, bytes ? bytes : 1);

	if (!memory)
		exit(complain(STATUS_FAILED, "no memory for %zu bytes", bytes));
	return memory;
}

void *allocate(size_t bytes)
{
	return reallocate(NULL, bytes);
}

char *text_copy(const char *text, size_t length)
{
	char *copy = allocate(length + 1);

	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

char *size_text(char text[SIZE_TEXT], uint64_t bytes, bool exact)
{
	static const char units[] = "KMGTPE";
	unsigned int shift = 0;
	uint64_t tenths;

	while (!exact && shift < 60 && bytes >> shift >= 1024)
		shift += 10;
	/* rounding may yield 1024.0, which is 1.0 of the next unit */
	tenths = shift ? ((bytes >> (shift - 10)) * 10 + 512) >> 10 : 0;
	if (tenths >= 10240 && shift < 60) {
		tenths = 10;
		shift += 10;
	}
	if (!shift)
		snprintf(text, SIZE_TEXT, "%" PRIu64, bytes);
	else if (tenths % 10)
		snprintf(text, SIZE_TEXT, "%" PRIu64 ".%" PRIu64 "%c", tenths / 10,
			 tenths % 10, units[shift / 10 - 1]);
	else
		snprintf(text, SIZE_TEXT, "%" PRIu64 "%c", tenths / 10,
			 units[shift / 10 - 1]);
	return text;
}

uint64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

bool shows_progress(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb");
}

/* On every exit: if output was lost, complain, and do not exit with success. */
static void check_output(int status, void *unused)
{
	(void)unused;
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return;
	/* an earlier write may have failed, and its errno is lost */
	if (errno)
		complain(STATUS_FAILED, "writing the output: %s", strerror(errno));
	else
		complain(STATUS_FAILED, "writing the output failed");
	_exit(status ? status : STATUS_FAILED);
}

int own_heap(void)
{
	int heap = kgc_open();

	switch (heap) {
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return -complain(STATUS_ABSENT,
				 "%s is missing: load the module (modprobe kgc, or insmod kgc.ko)",
				 KGC_DEVICE);
	case -EACCES:
	case -EPERM:
		return -complain(STATUS_DENIED,
				 "you may not open %s: run as root, or have its mode or group changed",
				 KGC_DEVICE);
	}
	if (heap == -EMFILE)
		return -complain(STATUS_FAILED,
				 "too many heaps of this user are open: see max_user_heaps in /sys/module/kgc/parameters");
	if (heap == -ENOMEM)
		return -complain(STATUS_FAILED,
				 "no memory for a heap of kgcctl's own: the heaps have reached max_bytes in /sys/module/kgc/parameters, or the machine is short of it");
	if (heap < 0)
		return -complain(STATUS_FAILED, "opening %s: %s", KGC_DEVICE,
				 strerror(-heap));
	return heap;
}

int complain_no_memory(int heap, const char *what)
{
	static const char * const refused_by[] = {
		[KGC_REFUSAL_LIMIT] = "the hard_limit of the heap; 'kgcctl set' raises it",
		[KGC_REFUSAL_CAP] = "max_bytes, the cap on all heaps, in /sys/module/kgc/parameters",
		[KGC_REFUSAL_MEMORY] = "the machine or the cgroup of this process, which has no more memory",
	};
	struct kgc_stats stats = { 0 };
	bool explained = false;

	if (heap >= 0)
		kgc_stats(heap, &stats);
	for (size_t i = 0; i < KGC_NR_REFUSALS; i++) {
		if (stats.refused[i])
			complain(STATUS_FAILED, "%s: no memory, refused by %s", what,
				 refused_by[i]);
		explained |= stats.refused[i];
	}
	if (!explained)
		complain(STATUS_FAILED, "%s: no memory; no limit of kgc refused it", what);
	return STATUS_FAILED;
}

bool parse_heap(const char *text, unsigned int *heap)
{
	const char *number = text;
	unsigned long value;
	char *end;

	/* Accept the name of the directory in debugfs, such as "heap7", too. */
	if (!strncmp(number, "heap", 4))
		number += 4;
	errno = 0;
	value = strtoul(number, &end, 10);
	if (*number < '0' || *number > '9' || *end || errno || value > 0xffffffffUL) {
		complain(STATUS_USAGE,
			 "'%s' is no heap number: 'kgcctl stat' lists the open heaps",
			 text);
		return false;
	}
	*heap = value;
	return true;
}

/* ---- a command -------------------------------------------------------------- */

/**
 * struct call - a command and its words, gathered by parse_call()
 * @command: the command
 * @words: words after its name, without the options
 * @nr: length of @words
 */
struct call {
	const struct command *command;
	char **words;
	unsigned int nr;
};

const struct command *command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (!strcmp(commands[i]->name, name))
			return commands[i];
	return NULL;
}

/* Carry out an option that every command has. False if @key is not one. */
static bool is_common(int key, struct argp_state *state)
{
	switch (key) {
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return true;
	case KEY_USAGE:
		argp_state_help(state, stdout, ARGP_HELP_USAGE | ARGP_HELP_EXIT_OK);
		return true;
	case 'V':
		printf("kgcctl %s\n", kgc_version());
		exit(STATUS_OK);
	}
	return false;
}

static error_t parse_call(int key, char *arg, struct argp_state *state)
{
	struct call *call = state->input;
	const struct command *command = call->command;

	if (is_common(key, state))
		return 0;
	switch (key) {
	case ARGP_KEY_ARG:
		if (call->nr == command->most)
			argp_error(state, "'%s' is one word too many", arg);
		call->words[call->nr++] = arg;
		return 0;
	case ARGP_KEY_END:
		if (call->nr < command->least)
			argp_error(state, "takes %s", command->arguments);
		return 0;
	}
	return command->parse ? command->parse(key, arg, state) : ARGP_ERR_UNKNOWN;
}

/* An array of @command's own options and the common ones. The caller frees it. */
static struct argp_option *options_of(const struct command *command)
{
	const struct argp_option *own = command->options;
	struct argp_option *options = NULL;
	size_t nr = 0;

	for (; own && (own->name || own->key); own++) {
		options = reallocate(options, (nr + 1) * sizeof(*options));
		options[nr++] = *own;
	}
	options = reallocate(options, nr * sizeof(*options) + sizeof(common_options));
	memcpy(options + nr, common_options, sizeof(common_options));
	return options;
}

/* The help text before and after the options, as argp's doc. The caller frees it. */
static char *doc_of(const struct command *command)
{
	char *doc = NULL;
	size_t size;
	FILE *to = open_memstream(&doc, &size);

	if (!to)
		exit(complain(STATUS_FAILED, "no memory"));
	fprintf(to, "%c%s.\v", toupper((unsigned char)*command->about),
		command->about + 1);
	if (command->help)
		fprintf(to, "%s\n", command->help);
	if (command->columns) {
		fputs("Columns:\n", to);
		for (const struct column *c = command->columns; c->name; c++)
			fprintf(to, "  %-18s %s\n", c->name, c->about);
	}
	fclose(to);
	return doc;
}

/* Filter of help texts: drop a note by argp that takes two lines and says little. */
static char *drop_note(int key, const char *text, void *unused)
{
	(void)unused;
	return key == ARGP_KEY_HELP_DUP_ARGS_NOTE ? NULL : (char *)text;
}

/* argp_free() frees what this allocates. */
static struct argp argp_of(const struct command *command)
{
	static const struct argp_child table[] = { { &table_argp, 0, "Table:", 2 }, { 0 } };

	return (struct argp){
		.options = options_of(command),
		.parser = parse_call,
		.args_doc = command->arguments,
		.doc = doc_of(command),
		.children = command->prints_table ? table : NULL,
		.help_filter = drop_note,
	};
}

static void argp_free(struct argp *argp)
{
	free((void *)argp->options);
	free((void *)argp->doc);
}

static int call(const struct command *command, int argc, char **argv)
{
	struct call call = {
		.command = command,
		.words = allocate(argc * sizeof(*call.words)),
	};
	struct argp argp;
	char name[40];
	int status;

	if (command->hidden) {
		free(call.words);
		return command->run(argc - 1, argv + 1);
	}
	argp = argp_of(command);
	snprintf(name, sizeof(name), "kgcctl %s", command->name);
	argv[0] = name;
	argp_parse(&argp, argc, argv, ARGP_NO_HELP, NULL, &call);
	status = command->run(call.nr, call.words);
	argp_free(&argp);
	free(call.words);
	return status;
}

/* ---- kgcctl itself ---------------------------------------------------------- */

struct selection {
	int first;	/* index of the command in argv, or 0 */
};

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
	struct selection *selection = state->input;

	(void)arg;
	if (is_common(key, state))
		return 0;
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	/* Stop here: call() parses what follows the command. */
	selection->first = state->next - 1;
	state->next = state->argc;
	return 0;
}

/* Filter of help texts: put the list of commands at the end of kgcctl's own. */
static char *list_commands(int key, const char *text, void *unused)
{
	char *list = NULL;
	size_t size;
	FILE *to;

	(void)unused;
	if (key != ARGP_KEY_HELP_POST_DOC)
		return (char *)text;
	to = open_memstream(&list, &size);
	if (!to)
		return NULL;
	fputs("Commands:\n", to);
	for (size_t i = 0; commands[i]; i++) {
		if (!commands[i]->hidden)
			fprintf(to, "  %-10s %s\n", commands[i]->name,
				commands[i]->about);
	}
	fputs("\n'kgcctl COMMAND --help' explains a command. Where it takes a HEAP, that is the\n"
	      "number 'kgcctl stat' shows.\n\nExit status:\n", to);
	for (size_t i = 0; status_texts[i].text; i++)
		fprintf(to, "  %d  %s\n", status_texts[i].status, status_texts[i].text);
	fclose(to);
	return list;
}

static const struct argp global_argp = {
	.options = common_options,
	.parser = parse_global,
	.args_doc = "COMMAND [ARGUMENT...]",
	.doc = "Look at and steer the garbage-collected heaps of /dev/kgc.\v ",
	.help_filter = list_commands,
};

void explain_command(const struct command *command)
{
	char *words[] = { "kgcctl", "--help", NULL };

	/* exits, except for a hidden command, which has no help text */
	if (command)
		call(command, 2, words);
	argp_parse(&global_argp, 2, words, ARGP_NO_HELP, NULL, &(struct selection){ 0 });
}

int main(int argc, char **argv)
{
	struct selection selection = { 0 };
	const struct command *command;

	if (on_exit(check_output, NULL))
		return complain(STATUS_FAILED, "no memory");
	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&global_argp, argc, argv, ARGP_IN_ORDER | ARGP_NO_HELP, NULL,
		   &selection);
	if (!selection.first)
		return complain(STATUS_USAGE,
				"which command? 'kgcctl help' lists them");
	command = command_find(argv[selection.first]);
	if (!command)
		return complain(STATUS_USAGE, "no command '%s': 'kgcctl help' lists them",
				argv[selection.first]);
	return call(command, argc - selection.first, argv + selection.first);
}
