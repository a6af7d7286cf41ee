/* SPDX-License-Identifier: GPL-2.0 */
/* Counters of debugfs as metrics of Prometheus, in its text format. */
#ifndef KGCCTL_METRICS_H
#define KGCCTL_METRICS_H

#include <stdbool.h>

enum metric_type { METRIC_COUNTER, METRIC_GAUGE, METRIC_SUMMARY };

enum metric_unit {
	UNIT_ONE,	/* as the file has it */
	UNIT_NS,	/* the file has nanoseconds, the metric seconds */
	UNIT_ASIDE,	/* 1 if the heap's phase is ASIDE, otherwise 0 */
};

/**
 * struct metric - a value of a metric, and where it comes from
 * @name: name of the metric. Rows of one name follow each other
 * @suffix: what a summary's value adds to the name, or NULL
 * @labels: labels besides heap and name, such as 'reason="growth"', or NULL
 * @source: names in heap<ID>/stats, or with @of_module in stats; the value is their sum
 * @unit: unit of the source
 * @of_module: one value for the module, without labels
 * @type: of the metric; rows after the first of a name do not set it
 * @help: what the metric means, in one sentence; NULL in rows after the first of a name
 */
struct metric {
	const char *name;
	const char *suffix;
	const char *labels;
	const char *source;
	enum metric_unit unit;
	bool of_module;
	enum metric_type type;
	const char *help;
};

/* Ends with one without a name. */
extern const struct metric metrics[];

extern const char * const metric_types[];

/*
 * Read debugfs once, and write all metrics into *@text, which the caller frees. A heap
 * that ends meanwhile is left out. Returns an exit status, and complains unless that is
 * STATUS_OK; *@text is then NULL.
 */
int metrics_read(char **text);

#endif /* KGCCTL_METRICS_H */
