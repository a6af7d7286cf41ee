// SPDX-License-Identifier: GPL-2.0
/* Run the promises of one program. */
#include <stdio.h>
#include <stdlib.h>

#include "check.h"

char check_context[256];
char check_note[256];
static const char *current;
static unsigned int number;

void check_failed(const char *file, int line, const char *what)
{
	printf("# %s:%d: %s\n", file, line, what);
	if (check_context[0])
		printf("# when: %s\n", check_context);
	printf("not ok %u %s\n", number, current);
	fflush(stdout);
	exit(1);
}

int check_promises(const struct promise *promises, unsigned int nr)
{
	printf("KTAP version 1\n1..%u\n", nr);
	for (number = 1; number <= nr; number++) {
		current = promises[number - 1].text;
		check_context[0] = check_note[0] = 0;
		srandom(1);
		promises[number - 1].keep();
		printf("ok %u %s%s%s\n", number, current,
		       check_note[0] ? " # " : "", check_note);
		fflush(stdout);
	}
	return 0;
}
