// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl: look at and steer the heaps of /dev/kgc.
 */
#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kgc.h>

#include "kgcctl.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "info",	command_info },
	{ "stat",	command_stat },
	{ "gc",		command_gc },
	{ "set",	command_set },
	{ "classes",	command_classes },
	{ "scavenge",	command_scavenge },
	{ "finalizers",	command_finalizers },
	{ "demo",	command_demo },
	{ "bench",	command_bench },
};

static const char doc[] =
	"Look at and steer the garbage-collected heaps of /dev/kgc.\v"
	"Commands:\n"
	"  info                     what the loaded module can do\n"
	"  stat [HEAP]              counters of the module and a line per heap,\n"
	"                           or all counters of one heap\n"
	"  gc [HEAP]                collect one heap, or all\n"
	"  set HEAP OPTION VALUE    change an option; 'set HEAP' lists them\n"
	"  classes [HEAP]           the table of size classes, or what those that\n"
	"                           one heap uses hold\n"
	"  scavenge [HEAP]          give free memory back to the kernel\n"
	"  finalizers HEAP [wait]   what is pending, and what has been called; with\n"
	"                           'wait' when what was found dead has been called\n"
	"  demo [--objects N]       build a graph, drop half of it, collect, and\n"
	"                           have an independent oracle check the result\n"
	"  bench [PROGRAM]          run a program through /dev/kgc and report what it\n"
	"                           took; without one, list them\n"
	"  help                     this text\n"
	"\n"
	"HEAP is the number 'kgcctl stat' shows.\n"
	"\n"
	"Exit status: 0 success; 1 the command failed, or its output could not be\n"
	"written; 2 wrong usage; 3 module, device or debugfs missing; 4 permission\n"
	"denied; 5 no such heap.\n";

int complain(enum exit_status status, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fputs("kgcctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return status;
}

/* What was printed has to get where it was sent, however the command ends. */
static void check_output(int status, void *unused)
{
	(void)unused;
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return;
	/* it may have failed long ago, nobody knows why */
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
				 "%s is missing: load the module (insmod kgc.ko)",
				 KGC_DEVICE);
	case -EACCES:
	case -EPERM:
		return -complain(STATUS_DENIED,
				 "%s may be opened by root only: run as root, or change its mode",
				 KGC_DEVICE);
	}
	if (heap < 0)
		return -complain(STATUS_FAILED, "opening %s: %s", KGC_DEVICE,
				 strerror(-heap));
	return heap;
}

bool parse_heap(const char *text, unsigned int *heap)
{
	unsigned long value;
	char *end;

	/* "heap7", as the directory is called, is as good as "7". */
	if (!strncmp(text, "heap", 4))
		text += 4;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (end == text || *end || errno || value > 0xffffffffUL ||
	    *text == '-') {
		complain(STATUS_USAGE,
			 "'%s' is no heap number: 'kgcctl stat' lists the open heaps",
			 text);
		return false;
	}
	*heap = value;
	return true;
}

struct selection {
	int first;	/* index in argv of the command, 0 for none */
};

static error_t parse_global(int key, char *arg, struct argp_state *state)
{
	struct selection *selection = state->input;

	(void)arg;
	if (key != ARGP_KEY_ARG)
		return ARGP_ERR_UNKNOWN;
	/* The command and what follows are the command's business. */
	selection->first = state->next - 1;
	state->next = state->argc;
	return 0;
}

int main(int argc, char **argv)
{
	static const struct argp argp = {
		.parser = parse_global,
		.args_doc = "COMMAND [ARGUMENT...]",
		.doc = doc,
	};
	struct selection selection = { 0 };
	char **rest;

	if (on_exit(check_output, NULL))
		return complain(STATUS_FAILED, "out of memory");
	argp_err_exit_status = STATUS_USAGE;
	argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &selection);
	if (!selection.first)
		return complain(STATUS_USAGE,
				"which command? 'kgcctl help' lists them");
	rest = argv + selection.first;
	if (!strcmp(rest[0], "help")) {
		argp_help(&argp, stdout, ARGP_HELP_STD_HELP & ~ARGP_HELP_EXIT_OK,
			  program_invocation_short_name);
		return STATUS_OK;
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(rest[0], commands[i].name))
			return commands[i].run(argc - selection.first, rest);
	return complain(STATUS_USAGE,
			"no command '%s': 'kgcctl help' lists them", rest[0]);
}
