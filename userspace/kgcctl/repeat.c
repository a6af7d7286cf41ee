// SPDX-License-Identifier: GPL-2.0
/* The options and waits of commands that look again and again. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "repeat.h"

double parse_seconds(struct argp_state *state, const char *option, const char *arg)
{
	char *end;
	double seconds = strtod(arg, &end);

	if (end == arg || *end || !(seconds >= 0.01) || seconds > 86400)
		argp_error(state, "%s takes 0.01 to 86400 seconds, not '%s'", option, arg);
	return seconds;
}

unsigned long parse_count(struct argp_state *state, const char *option, const char *arg)
{
	unsigned long count;
	char *end;

	errno = 0;
	count = strtoul(arg, &end, 10);
	if (*arg < '0' || *arg > '9' || *end || errno || !count)
		argp_error(state, "%s takes a number from 1 on, not '%s'", option, arg);
	return count;
}

void wait_seconds(double seconds)
{
	struct timespec t = {
		.tv_sec = seconds,
		.tv_nsec = (seconds - (time_t)seconds) * 1e9,
	};

	nanosleep(&t, NULL);
}
