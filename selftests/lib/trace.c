// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "trace.h"

bool trace_begin(const char *event)
{
	FILE *trace;

	if (put_trace_point(event, 1))
		return false;
	/* truncating the file clears it */
	trace = fopen(TRACING "trace", "w");
	if (trace)
		fclose(trace);
	return trace;
}

/* Add the number behind @name in @line to *@sum. Return: false if it is not there. */
static bool add_field(const char *line, const char *name, __u64 *sum)
{
	const char *at = strstr(line, name);

	if (at)
		*sum += strtoull(at + strlen(name), NULL, 10);
	return at;
}

long long traced(__u64 heap, const char *event, const char *with, const char *field, __u64 *sum)
{
	FILE *trace = fopen(TRACING "trace", "r");
	char line[1024], head[64], name[64];
	long long nr = 0;

	if (!trace)
		return -1;
	snprintf(head, sizeof(head), " %s: heap=%llu ", event, heap);
	snprintf(name, sizeof(name), " %s=", field ?: "");
	while (nr >= 0 && fgets(line, sizeof(line), trace)) {
		line[strcspn(line, "\n")] = ' ';
		if (strstr(line, "LOST"))
			nr = -1;
		else if (strstr(line, head) && strstr(line, with))
			nr = field && !add_field(line, name, sum) ? -1 : nr + 1;
	}
	fclose(trace);
	return nr;
}
