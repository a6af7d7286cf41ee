/* SPDX-License-Identifier: GPL-2.0 */
/* Events of kgc that tracefs has recorded. */
#ifndef SELFTESTS_TRACE_H
#define SELFTESTS_TRACE_H

#include <linux/types.h>
#include <stdbool.h>

/*
 * Forget what has been recorded, and switch the trace point @event of kgc on, "." all of
 * them. Return: false if this kernel has no trace points.
 */
bool trace_begin(const char *event);

/*
 * Count the events of a heap whose line has @with, which may be "". If @field is not NULL,
 * add up that field to *@sum. Return: their number; -1 if tracefs cannot be read, has lost
 * events, or an event has no such field.
 */
long long traced(__u64 heap, const char *event, const char *with, const char *field, __u64 *sum);

#endif /* SELFTESTS_TRACE_H */
