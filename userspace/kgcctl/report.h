/* SPDX-License-Identifier: GPL-2.0 */
/* kgcctl report: what its page shows of a heap, and the parts that show it. */
#ifndef KGCCTL_REPORT_H
#define KGCCTL_REPORT_H

#include <stdio.h>

#include "census.h"
#include "cycles.h"
#include "graph.h"

#define CHART_WIDTH	960

/**
 * struct report - what the page shows
 * @heap: number of the heap
 * @name: its name
 * @types: what is alive, most first
 * @stats: text of heap<ID>/stats
 * @classes: text of heap<ID>/classes
 * @spans: text of heap<ID>/spans
 * @histograms: text of heap<ID>/histograms
 * @cycles: the last cycles, the oldest first
 * @nr_cycles: length of @cycles
 * @graph: a snapshot, if @has_graph
 * @has_graph: there is one
 */
struct report {
	unsigned int heap;
	char name[PAIR_WORD];
	struct census types;
	char *stats;
	char *classes;
	char *spans;
	char *histograms;
	struct cycle *cycles;
	size_t nr_cycles;
	struct graph graph;
	bool has_graph;
};

/* Write the page. Errors are those of @to. */
void report_write(const struct report *report, FILE *to);

/* Write a part of it. */
void report_types(const struct report *report, FILE *to);
void report_suspects(const struct report *report, FILE *to);
void report_spans(const struct report *report, FILE *to);
void report_cycles(const struct report *report, FILE *to);
void report_latency(const struct report *report, FILE *to);

#endif /* KGCCTL_REPORT_H */
