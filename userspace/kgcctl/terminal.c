// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the terminal can show a screen. <term.h> has macros called 'columns' and
 * 'lines', so only this file includes it.
 */
#include <curses.h>
#include <stdlib.h>
#include <term.h>
#include <unistd.h>

#include "kgcctl.h"
#include "terminal.h"

int terminal_check(void)
{
	const char *term = getenv("TERM");
	int error = 0;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		return complain(STATUS_USAGE,
				"top needs a terminal; 'kgcctl top --batch' prints pages without one");
	if (!term || !*term)
		return complain(STATUS_USAGE, "TERM is not set: no type of terminal is known");
	if (setupterm(term, STDOUT_FILENO, &error) == ERR)
		return complain(STATUS_USAGE, error < 0 ?
				"there is no database of terminals (terminfo)" :
				"no terminal '%s' is known (TERM), or it is not made for this",
				term);
	if (!cursor_address)
		return complain(STATUS_USAGE,
				"a terminal '%s' (TERM) cannot move its cursor: try 'kgcctl top --batch'",
				term);
	return STATUS_OK;
}
