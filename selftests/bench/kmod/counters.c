// SPDX-License-Identifier: GPL-2.0
/*
 * Hardware counters around each benchmark, summed over all CPUs. If the machine has none,
 * kgc_bench says so once. "software" counts events that any machine has.
 */
#include <linux/cpumask.h>
#include <linux/perf_event.h>

#include "bench.h"

static const struct counter {
	const char	*name;
	u32		type;
	u64		config;
} hardware[] = {
	{ "cycles", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ "instructions", PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	{ "cache misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES },
	{ "branch misses", PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
}, software[] = {
	{ "context switches", PERF_TYPE_SOFTWARE,
	  PERF_COUNT_SW_CONTEXT_SWITCHES },
	{ "migrations", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_MIGRATIONS },
	{ "page faults", PERF_TYPE_SOFTWARE, PERF_COUNT_SW_PAGE_FAULTS },
};

#define MOST	ARRAY_SIZE(hardware)

static const struct counter *chosen;
static unsigned int nr_chosen;
static struct perf_event *events[MOST][NR_CPUS];

static struct perf_event *counter_open(const struct counter *c, int cpu)
{
	struct perf_event_attr attr = {
		.type = c->type,
		.config = c->config,
		.size = sizeof(attr),
	};

	return perf_event_create_kernel_counter(&attr, cpu, NULL, NULL, NULL);
}

/* Count from the next benchmark on: "hardware" or "software"; anything else ends it. */
int bench_counters_choose(const char *what)
{
	struct perf_event *e;

	chosen = NULL;
	nr_chosen = 0;
	if (!strcmp(what, "software")) {
		chosen = software;
		nr_chosen = ARRAY_SIZE(software);
	} else if (!strcmp(what, "hardware")) {
		e = counter_open(&hardware[0], cpumask_first(cpu_online_mask));
		if (IS_ERR(e)) {
			bench_skip("hardware counters: the machine has none");
			return 0;
		}
		perf_event_release_kernel(e);
		chosen = hardware;
		nr_chosen = ARRAY_SIZE(hardware);
	} else if (strcmp(what, "off")) {
		return -EINVAL;
	}
	return 0;
}

void bench_counters_begin(void)
{
	unsigned int i;
	int cpu;

	for (i = 0; i < nr_chosen; i++)
		for_each_online_cpu(cpu)
			events[i][cpu] = counter_open(&chosen[i], cpu);
}

void bench_counters_end(void)
{
	u64 sum, enabled, running;
	unsigned int i;
	int cpu;

	for (i = 0; i < nr_chosen; i++) {
		sum = 0;
		for_each_online_cpu(cpu) {
			if (IS_ERR_OR_NULL(events[i][cpu]))
				continue;
			sum += perf_event_read_value(events[i][cpu], &enabled,
						     &running);
			perf_event_release_kernel(events[i][cpu]);
			events[i][cpu] = NULL;
		}
		bench_result("counter", chosen[i].name, "", sum, 1);
	}
}
