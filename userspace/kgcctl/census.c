// SPDX-License-Identifier: GPL-2.0
/* The census of a heap: what is alive of each type, and what was ever allocated. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "census.h"
#include "kgcctl.h"

#define LOOK_APART	5000000L	/* ns between two looks for the census */

static int by_live_bytes(const void *a, const void *b)
{
	const struct census_row *one = a, *other = b;

	for (size_t i = CENSUS_LIVE_BYTES; i < CENSUS_NUMBERS; i++)
		if (one->number[i] != other->number[i])
			return one->number[i] < other->number[i] ? 1 : -1;
	return 0;
}

void census_sort(struct census *census)
{
	if (census->nr)
		qsort(census->row, census->nr, sizeof(*census->row), by_live_bytes);
}

/* Read the numbers of the cycles that took the last census, and that will take one. */
static int look(unsigned int heap, bool may_be_closed, unsigned long long *cycle,
		unsigned long long *asked)
{
	char *text;
	int status = debugfs_read(heap, "census", &text, may_be_closed);

	if (status)
		return status;
	*cycle = number_of_pair(text, "Cycle");
	*asked = number_of_pair(text, "Asked");
	free(text);
	return STATUS_OK;
}

/* Have a cycle take a census, and wait for its end. */
static int take_census(unsigned int heap, bool may_be_closed)
{
	const struct timespec apart = { .tv_nsec = LOOK_APART };
	unsigned long long cycle, asked, wanted;
	int status;

	status = debugfs_write(heap, "types", "1", may_be_closed);
	if (!status)
		status = look(heap, may_be_closed, &cycle, &wanted);
	if (status)
		return status;
	for (asked = wanted; cycle < wanted || !wanted;) {
		/* Asked never falls, unless another heap has the number now */
		if (!wanted || asked < wanted)
			return complain(STATUS_FAILED, "heap %u has no cycles any more", heap);
		nanosleep(&apart, NULL);
		status = look(heap, may_be_closed, &cycle, &asked);
		if (status)
			return status;
	}
	return STATUS_OK;
}

/* Add the types of the file @text. */
static void add_rows(struct census *census, unsigned int heap, const char *text)
{
	struct census_row row = { .heap = heap };
	unsigned long long *number = row.number;

	while ((text = strchr(text, '\n')) && *++text) {
		if (sscanf(text, "%llu %llu %llu %llu %llu %llu %llu %63s", &number[CENSUS_TYPE],
			   &number[CENSUS_SIZE], &number[CENSUS_LIVE_OBJECTS],
			   &number[CENSUS_LIVE_BYTES], &number[CENSUS_ROOTS],
			   &number[CENSUS_ALLOCATED_OBJECTS], &number[CENSUS_ALLOCATED_BYTES],
			   row.name) != 8 ||
		    !(number[CENSUS_LIVE_OBJECTS] | number[CENSUS_ALLOCATED_OBJECTS]))
			continue;
		if (!(census->nr & (census->nr - 1)))
			census->row = reallocate(census->row, (2 * census->nr + 1) * sizeof(row));
		census->row[census->nr++] = row;
	}
}

int census_read(struct census *census, unsigned int heap, bool last, bool may_be_closed)
{
	unsigned long long cycle, asked;
	int status = last ? STATUS_OK : take_census(heap, may_be_closed);
	char *text;

	if (!status)
		status = look(heap, may_be_closed, &cycle, &asked);
	if (status)
		return status;
	if (!cycle)
		return complain(STATUS_FAILED, "heap %u has had no census yet: omit --last",
				heap);
	status = debugfs_read(heap, "types", &text, may_be_closed);
	if (status)
		return status;
	add_rows(census, heap, text);
	free(text);
	return STATUS_OK;
}
