/* SPDX-License-Identifier: GPL-2.0 */
/* The options and waits of commands that look again and again. */
#ifndef KGCCTL_REPEAT_H
#define KGCCTL_REPEAT_H

#include <argp.h>

/*
 * Parse @arg, the argument of @option, as 0.01 to 86400 seconds, or as a count from 1 on.
 * A wrong one ends the command with STATUS_USAGE.
 */
double parse_seconds(struct argp_state *state, const char *option, const char *arg);
unsigned long parse_count(struct argp_state *state, const char *option, const char *arg);

/* Sleep. A signal ends the sleep early. */
void wait_seconds(double seconds);

#endif /* KGCCTL_REPEAT_H */
