// SPDX-License-Identifier: GPL-2.0
/*
 * Where a benchmark spends its time: "NAME profile=NANOSECONDS" samples the instruction
 * pointer of the first CPU and reports the symbols by their share. If guest nanoseconds
 * count instructions, so do the samples. A sample taken with interrupts off counts for
 * the place that turns them on.
 */
#include <linux/kallsyms.h>
#include <linux/perf_event.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "bench.h"

#define MAX_SAMPLES	(256 << 10)
#define SHOWN		24

struct place {
	char		name[48];
	unsigned int	n;
};

static struct perf_event *event;
static unsigned long *ips;
static unsigned int nr_ips;

static void overflow(struct perf_event *e, struct perf_sample_data *data,
		     struct pt_regs *regs)
{
	if (nr_ips < MAX_SAMPLES)
		ips[nr_ips++] = instruction_pointer(regs);
}

int bench_profile_begin(u64 period)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_SOFTWARE,
		.config = PERF_COUNT_SW_CPU_CLOCK,
		.size = sizeof(attr),
		.sample_period = period,
		.pinned = 1,
	};

	ips = kvmalloc_array(MAX_SAMPLES, sizeof(*ips), GFP_KERNEL);
	if (!ips)
		return -ENOMEM;
	nr_ips = 0;
	event = perf_event_create_kernel_counter(&attr, 0, NULL, overflow,
						 NULL);
	if (!IS_ERR(event))
		return 0;
	kvfree(ips);
	return PTR_ERR(event);
}

static int by_address(const void *a, const void *b)
{
	unsigned long x = *(const unsigned long *)a;
	unsigned long y = *(const unsigned long *)b;

	return x < y ? -1 : x > y;
}

static int by_count(const void *a, const void *b)
{
	return (int)((const struct place *)b)->n -
	       (int)((const struct place *)a)->n;
}

static unsigned int places(struct place *list, unsigned int max)
{
	char name[KSYM_SYMBOL_LEN];
	unsigned int i, n = 0;

	/* samples of one symbol are neighbours once they are sorted by address */
	sort(ips, nr_ips, sizeof(*ips), by_address, NULL);
	for (i = 0; i < nr_ips; i++) {
		sprint_symbol_no_offset(name, ips[i]);
		name[sizeof(list->name) - 1] = 0;
		if (!n || strcmp(list[n - 1].name, name)) {
			if (n == max)
				break;
			strscpy(list[n++].name, name, sizeof(list->name));
		}
		list[n - 1].n++;
	}
	sort(list, n, sizeof(*list), by_count, NULL);
	return n;
}

void bench_profile_end(void)
{
	struct place *list = kvcalloc(4096, sizeof(*list), GFP_KERNEL);
	unsigned int i, n;

	perf_event_release_kernel(event);
	if (list) {
		n = places(list, 4096);
		for (i = 0; i < min_t(unsigned int, n, SHOWN); i++)
			bench_result(list[i].name, "share", "%",
				     100 * (s64)list[i].n, nr_ips);
	}
	kvfree(list);
	kvfree(ips);
}
