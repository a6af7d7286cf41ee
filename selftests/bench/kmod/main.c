// SPDX-License-Identifier: GPL-2.0
/*
 * The interface of kgc_bench in debugfs:
 *
 *	kgc_bench/list		a line for each benchmark
 *	kgc_bench/run		writing "NAME [PARAMETER=NUMBER ...]" runs a benchmark;
 *				"counters hardware", "software" or "off" chooses the
 *				events to count around each; "clear" drops the results;
 *				"release" ends a heap that a benchmark has left open
 *	kgc_bench/results	a line of JSON per result
 *
 * A mutex lets one benchmark run at a time.
 */
#include <linux/debugfs.h>
#include <linux/kernel_stat.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/seq_file.h>
#include <linux/sort.h>
#include <linux/tick.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "bench.h"

#define RESULTS_BYTES	(256 << 10)

static const struct bench *const benches[] = {
	&bench_alloc, &bench_section, &bench_store, &bench_bulk, &bench_refill,
	&bench_harden,
	&bench_slab, &bench_rcu, &bench_counted, &bench_life, &bench_paced,
	&bench_cycle, &bench_sweep,
	&bench_idle, &bench_step, &bench_share, &bench_scale, &bench_meta,
	&bench_churn, &bench_sparse, &bench_spans, &bench_ring, &bench_trees, &bench_gcbench,
	&bench_gogc, &bench_parse, &bench_lasting, &bench_requests, &bench_mixed,
	&bench_larson, &bench_xmalloc, &bench_handoff, &bench_align,
};

static DEFINE_MUTEX(running);
static const struct bench *current_bench;
static char *parameters;
static char *results;
static size_t results_len;
static struct dentry *dir;

u64 bench_param(const char *name, u64 or_else)
{
	size_t len = strlen(name);
	char *p = parameters;

	for (; p && *p; p = strchr(p, ' ')) {
		p = skip_spaces(p);
		if (!strncmp(p, name, len) && p[len] == '=')
			return memparse(p + len + 1, NULL);
	}
	return or_else;
}

void bench_result(const char *subject, const char *metric, const char *unit,
		  s64 total, u64 n)
{
	u64 abs = total < 0 ? -total : total;
	u32 rest;
	u64 whole;

	/* @total * 1000 would overflow in a benchmark of minutes */
	n = max(n, 1ULL);
	whole = div64_u64(abs, n);
	rest = div64_u64((abs - whole * n) * 1000 + n / 2, n);
	whole += rest / 1000;
	rest %= 1000;
	results_len += scnprintf(results + results_len,
				 RESULTS_BYTES - results_len,
				 "{\"bench\": \"%s\", \"parameters\": \"%s\", \"subject\": \"%s\", \"metric\": \"%s\", \"unit\": \"%s\", \"value\": %s%llu.%03u}\n",
				 current_bench->name, parameters ?: "", subject,
				 metric, unit, total < 0 ? "-" : "", whole,
				 rest);
}

void bench_skip(const char *why)
{
	results_len += scnprintf(results + results_len,
				 RESULTS_BYTES - results_len,
				 "{\"skipped\": \"%s\"}\n", why);
}

/* A kernel without NO_HZ does not tell its idle time, which then reads as 0. */
static u64 idle_us(void)
{
	u64 us, sum = 0;
	int cpu;

	for_each_online_cpu(cpu) {
		us = get_cpu_idle_time_us(cpu, NULL);
		if (us != U64_MAX)
			sum += us;
	}
	return sum;
}

void bench_busy_begin(struct bench_busy *busy)
{
	busy->idle_us = idle_us();
	busy->wall_ns = bench_now();
}

u64 bench_busy_ns(const struct bench_busy *busy)
{
	u64 wall = (bench_now() - busy->wall_ns) * num_online_cpus();
	u64 idle = (idle_us() - busy->idle_us) * NSEC_PER_USEC;

	return wall > idle ? wall - idle : 0;
}

static int compare(const void *a, const void *b)
{
	u64 x = *(const u64 *)a, y = *(const u64 *)b;

	return x < y ? -1 : x > y;
}

u64 bench_min(struct bench_samples *s)
{
	sort(s->ns, s->n, sizeof(s->ns[0]), compare, NULL);
	return s->ns[0];
}

u64 bench_median(struct bench_samples *s)
{
	sort(s->ns, s->n, sizeof(s->ns[0]), compare, NULL);
	return s->ns[s->n / 2];
}

void bench_spread(const char *subject, const char *metric, const char *unit,
		  struct bench_samples *s, u64 n)
{
	u64 median = bench_median(s);
	char spread[64];

	bench_result(subject, metric, unit, median, n);
	snprintf(spread, sizeof(spread), "%s, spread", metric);
	bench_result(subject, spread, "%",
		     100 * (s64)(s->ns[s->n - 1] - s->ns[0]), median);
}

static const struct bench *find(const char *name)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(benches); i++)
		if (!strcmp(benches[i]->name, name))
			return benches[i];
	return NULL;
}

static int run_line(char *line)
{
	char *name = strsep(&line, " ");
	int err = 0;
	u64 period;

	if (!strcmp(name, "clear")) {
		results_len = 0;
		return 0;
	}
	if (!strcmp(name, "release")) {
		bench_release();
		return 0;
	}
	if (!strcmp(name, "counters"))
		return bench_counters_choose(line ?: "");
	current_bench = find(name);
	if (!current_bench)
		return -ENOENT;
	parameters = line;
	period = bench_param("profile", 0);
	if (period)
		err = bench_profile_begin(period);
	if (err)
		return err;
	bench_counters_begin();
	err = current_bench->run();
	bench_counters_end();
	if (period)
		bench_profile_end();
	return err;
}

static ssize_t run_write(struct file *file, const char __user *from,
			 size_t len, loff_t *pos)
{
	char line[128];
	int err;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, len))
		return -EFAULT;
	line[len] = 0;
	err = mutex_lock_interruptible(&running);
	if (err)
		return err;
	err = run_line(strim(line));
	parameters = NULL;
	mutex_unlock(&running);
	return err ?: len;
}

static const struct file_operations run_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = run_write,
	.llseek = noop_llseek,
};

static int list_show(struct seq_file *m, void *v)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(benches); i++)
		seq_printf(m, "%-10s %s\n", benches[i]->name,
			   benches[i]->about);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(list);

static int results_show(struct seq_file *m, void *v)
{
	mutex_lock(&running);
	seq_write(m, results, results_len);
	mutex_unlock(&running);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(results);

static int __init bench_init(void)
{
	results = vzalloc(RESULTS_BYTES);
	if (!results)
		return -ENOMEM;
	dir = debugfs_create_dir("kgc_bench", NULL);
	debugfs_create_file("list", 0400, dir, NULL, &list_fops);
	debugfs_create_file("run", 0200, dir, NULL, &run_fops);
	debugfs_create_file("results", 0400, dir, NULL, &results_fops);
	return 0;
}

static void __exit bench_exit(void)
{
	debugfs_remove(dir);
	bench_release();
	vfree(results);
}

module_init(bench_init);
module_exit(bench_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Benchmarks of the garbage-collected heap");
