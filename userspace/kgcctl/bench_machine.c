// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl bench --apart and --steady: what collector and machine do to a measurement.
 *
 * --apart reads counters of the thread, and the heap's phase, right before and after each
 * operation. So it sees which operations a cycle, an interrupt or a context switch has
 * hit, and counts the processor's events in operations only. The reading takes time
 * between operations, which is why it is not the default.
 *
 * --steady keeps the processors at one frequency and out of deep idle states, which take
 * long to leave. It changes the machine while the program runs, so it is not the default
 * either.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <linux/perf_event.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bench.h"
#include "command.h"
#include "kgcctl.h"

bool bench_apart;

/* ---- what hits an operation ---------------------------------------------- */

enum kind { OF_PROCESSOR, INTERRUPT, SWITCH };

static const struct event {
	const char *name;
	enum kind kind;
	u32 type;
	u64 config;
	const char *tracepoint;
} events[EVENTS] = {
	{ "cycles", OF_PROCESSOR, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CPU_CYCLES },
	{ "instructions", OF_PROCESSOR, PERF_TYPE_HARDWARE, PERF_COUNT_HW_INSTRUCTIONS },
	{ "cache misses", OF_PROCESSOR, PERF_TYPE_HARDWARE, PERF_COUNT_HW_CACHE_MISSES },
	{ "branch misses", OF_PROCESSOR, PERF_TYPE_HARDWARE, PERF_COUNT_HW_BRANCH_MISSES },
	{ "switches", SWITCH, PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CONTEXT_SWITCHES },
	{ "device interrupts", INTERRUPT, PERF_TYPE_TRACEPOINT, 0, "irq/irq_handler_entry" },
	{ "timer interrupts", INTERRUPT, PERF_TYPE_TRACEPOINT, 0,
	  "irq_vectors/local_timer_entry" },
};

/* Return: the number of a tracepoint, or -1 if the kernel has none or shows it to root only. */
static long long tracepoint(const char *name)
{
	long long id = -1;
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id", name);
	f = fopen(path, "r");
	if (f && fscanf(f, "%lld", &id) != 1)
		id = -1;
	if (f)
		fclose(f);
	return id;
}

/* Return: a counter of @event in the calling thread, or -1. */
static int event_open(const struct event *event)
{
	struct perf_event_attr attr = {
		.type = event->type, .size = sizeof(attr), .config = event->config,
	};
	long long id = event->tracepoint ? tracepoint(event->tracepoint) : 0;

	if (id < 0)
		return -1;
	if (event->tracepoint)
		attr.config = id;
	return syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
}

static void probe_open(struct probe *p)
{
	for (size_t i = 0; i < EVENTS; i++)
		p->fd[i] = event_open(&events[i]);
	p->open = true;
}

void probe_close(struct probe *p)
{
	for (size_t i = 0; i < EVENTS && p->open; i++) {
		p->found[i] |= p->fd[i] >= 0;
		if (p->fd[i] >= 0)
			close(p->fd[i]);
	}
	p->open = false;
}

static void probe_read(const struct probe *p, u64 value[EVENTS])
{
	for (size_t i = 0; i < EVENTS; i++)
		if (p->fd[i] < 0 ||
		    read(p->fd[i], &value[i], sizeof(value[i])) != sizeof(value[i]))
			value[i] = 0;
}

void probe_begin(struct worker *w)
{
	struct probe *p = &w->probe;

	if (!p->open)
		probe_open(p);
	if (kgc_stats(w->bench->heap, &p->stats))
		memset(&p->stats, 0, sizeof(p->stats));
	probe_read(p, p->at);
}

void probe_end(struct worker *w, u64 ns)
{
	bool hit[3] = { false }, cycle;
	struct probe *p = &w->probe;
	struct kgc_stats stats;
	u64 now[EVENTS];

	probe_read(p, now);
	cycle = kgc_stats(w->bench->heap, &stats) || stats.num_gc != p->stats.num_gc ||
		stats.phase != KGC_PHASE_IDLE || p->stats.phase != KGC_PHASE_IDLE;
	for (size_t i = 0; i < EVENTS; i++) {
		p->sum[i] += now[i] - p->at[i];
		hit[events[i].kind] |= now[i] != p->at[i];
	}
	p->by_cycle += cycle;
	p->by_interrupt += hit[INTERRUPT];
	p->by_switch += hit[SWITCH];
	if (!cycle && !hit[INTERRUPT] && !hit[SWITCH])
		histogram_add(&p->undisturbed, ns);
}

void probe_merge(struct probe *p, const struct probe *from)
{
	for (size_t i = 0; i < EVENTS; i++) {
		p->found[i] |= from->found[i];
		p->sum[i] += from->sum[i];
	}
	p->by_cycle += from->by_cycle;
	p->by_interrupt += from->by_interrupt;
	p->by_switch += from->by_switch;
	histogram_merge(&p->undisturbed, &from->undisturbed);
}

void probe_report(const struct probe *p, double operations)
{
	bool interrupts = false;
	char metric[40];

	for (size_t i = 0; i < EVENTS; i++) {
		snprintf(metric, sizeof(metric), "%s per operation", events[i].name);
		if (p->found[i])
			bench_result(metric, "", p->sum[i] / operations);
		interrupts |= p->found[i] && events[i].kind == INTERRUPT;
	}
	if (!p->found[0])
		bench_skip("hardware counters, which the machine does not have or does not let you use");
	if (!interrupts)
		bench_skip("interrupts, whose tracepoints the kernel does not have or does not let you use");
	bench_result("hit by a cycle", "", p->by_cycle);
	bench_result("hit by an interrupt", "", p->by_interrupt);
	bench_result("hit by a switch", "", p->by_switch);
	bench_result("undisturbed", "", p->undisturbed.n);
	bench_percentiles(&p->undisturbed, "undisturbed ");
}

/* ---- a steady machine ------------------------------------------------------ */

#define CPU		"/sys/devices/system/cpu/"
#define MAX_FILES	1024

static const struct {
	const char *pattern, *value;
} steady[] = {
	{ CPU "cpu*/cpufreq/scaling_governor", "performance" },
	{ CPU "cpufreq/boost", "0" },
	{ CPU "intel_pstate/no_turbo", "1" },
};

/* Files that were changed, and what they said. A handler of signals reads this. */
static struct {
	char path[96];
	char old[32];
} changed[MAX_FILES];
static volatile size_t nr_changed;
static int latency = -1;

static bool put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return good;
}

static bool change(const char *path, const char *value)
{
	size_t n = nr_changed;
	ssize_t length;
	int fd;

	if (n == MAX_FILES || strlen(path) >= sizeof(changed[n].path))
		return false;
	strcpy(changed[n].path, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	length = read(fd, changed[n].old, sizeof(changed[n].old) - 1);
	close(fd);
	if (length <= 0)
		return false;
	changed[n].old[length] = 0;
	/* listed before it is changed, in case a signal comes between */
	nr_changed = n + 1;
	return put(path, value);
}

void steady_end(void)
{
	while (nr_changed) {
		put(changed[nr_changed - 1].path, changed[nr_changed - 1].old);
		nr_changed--;
	}
	if (latency >= 0)
		close(latency);
	latency = -1;
}

/* Only calls that are safe in a handler: open(), write(), close(), raise(). */
static void interrupted(int signal)
{
	steady_end();
	raise(signal);
}

void steady_begin(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = interrupted, .sa_flags = SA_RESETHAND };
	const __s32 none = 0;	/* microseconds that leaving an idle state may take */
	size_t files = 0;
	bool good = true;
	glob_t found;

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
	atexit(steady_end);
	for (size_t i = 0; i < sizeof(steady) / sizeof(steady[0]); i++) {
		if (glob(steady[i].pattern, 0, NULL, &found))
			continue;
		for (size_t j = 0; j < found.gl_pathc; j++, files++)
			good &= change(found.gl_pathv[j], steady[i].value);
		globfree(&found);
	}
	if (!files)
		bench_skip("a fixed frequency, which this machine does not offer (no cpufreq)");
	else if (!good)
		bench_skip("a fixed frequency, which you may not set");
	latency = open("/dev/cpu_dma_latency", O_WRONLY | O_CLOEXEC);
	if (latency < 0 || write(latency, &none, sizeof(none)) != sizeof(none))
		bench_skip("shallow idle states, which you may not set (/dev/cpu_dma_latency)");
}
