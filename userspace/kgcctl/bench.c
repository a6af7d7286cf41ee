// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl bench: the frame around the programs. It measures each operation by
 * CLOCK_MONOTONIC_RAW and the whole by processor time, after a run that warms up. After
 * the program a spinner runs without kgc. Its delays show how much of the program's
 * delays the machine causes.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "command.h"
#include "kgcctl.h"
#include "table.h"

static const struct program {
	const char *name;
	int (*run)(struct bench *b);
	const char *about;
	const char *takes;	/* its parameters, besides those in all_take */
} programs[] = {
	{ "gogc", bench_gogc, "does the peak follow GOGC?", "n live tolerance" },
	{ "ring", bench_ring, "messages of 1 KiB in a ring", "n ring" },
	{ "trees", bench_trees, "binary trees", "depth" },
	{ "gcbench", bench_gcbench, "trees beside a long-lived tree", "depth" },
	{ "parse", bench_parse, "a text becomes small objects", "n" },
	{ "lasting", bench_lasting, "a large table of long-lived entries", "n size" },
	{ "requests", bench_requests, "a cache of cyclic requests", "n size" },
	{ "mixed", bench_mixed, "objects of many sizes", "n live" },
	{ "larson", bench_larson, "threads take over tables", "threads slots n rounds" },
	{ "xmalloc", bench_xmalloc, "producers and consumers", "pairs n" },
	{ "handoff", bench_handoff, "lists go to a thread and come back", "pairs n" },
};

#define NR_PROGRAMS (sizeof(programs) / sizeof(programs[0]))

static const char all_take[] = "gogc warmup";

/* Parameters that must not be 0: the programs divide by these lengths. */
static const char not_zero[] = "live ring size slots";

const u16 kind_size[KINDS] = {
	16, 24, 32, 40, 64, 72, 96, 128, 200, 256, 400, 512, 1000, 2048,
};

static struct {
	const struct program *program;
	char **parameters;	/* up to a NULL */
	char text[256];		/* the parameters, joined */
	struct table *figures;
	bool reported;		/* there are figures */
} chosen;

static struct {
	bool apart, steady;
} settings;

static error_t parse(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	(void)state;
	switch (key) {
	case 'a':
		settings.apart = true;
		return 0;
	case 's':
		settings.steady = true;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "apart", 'a', 0, 0, "set apart operations that a cycle, an interrupt or a context switch hits, and count the processor's events in operations", 0 },
	{ "steady", 's', 0, 0, "meanwhile fix the processors' frequency and keep them out of deep idle states; for root", 0 },
	{ 0 }
};

enum { METRIC, VALUE, UNIT };

static const struct column figure_columns[] = {
	[METRIC] = { "metric", NULL, KIND_TEXT, true, "what was measured" },
	[VALUE] = { "value", NULL, KIND_COUNT, true, "the figure" },
	[UNIT] = { "unit", NULL, KIND_TEXT, true, "its unit" },
	{ 0 }
};

u64 bench_param(const char *name, u64 or_else)
{
	size_t len = strlen(name);
	char **p;

	for (p = chosen.parameters; p && *p; p++)
		if (!strncmp(*p, name, len) && (*p)[len] == '=')
			return strtoull(*p + len + 1, NULL, 0);
	return or_else;
}

void bench_result(const char *metric, const char *unit, double value)
{
	char text[32];

	chosen.reported = true;
	if (table_json()) {
		printf("{\"bench\": \"%s\", \"parameters\": \"%s\", \"subject\": \"device\", \"metric\": \"%s\", \"unit\": \"%s\", \"value\": %.3f}\n",
		       chosen.program->name, chosen.text, metric, unit, value);
		return;
	}
	snprintf(text, sizeof(text), "%.3f", value);
	table_row(chosen.figures);
	table_text(chosen.figures, METRIC, metric);
	table_text(chosen.figures, VALUE, text);
	table_text(chosen.figures, UNIT, unit);
}

void bench_skip(const char *why)
{
	if (table_json())
		printf("{\"skipped\": \"%s\"}\n", why);
	else if (table_for_people())
		printf("not measured: %s\n", why);
}

u64 bench_now(void)
{
	return clock_ns(CLOCK_MONOTONIC_RAW);
}

/* ---- the frame ----------------------------------------------------------*/

int bench_type(struct bench *b, const char *name, u32 size, u32 pointers)
{
	struct kgc_field field[8] = { 0 };
	u32 i;

	for (i = 0; i < pointers; i++)
		field[i].offset = 8 * i;
	return kgc_type_register(b->heap, name, size,
				 pointers ? 0 : KGC_TYPE_NOSCAN, field,
				 pointers);
}

int bench_table(struct bench *b, u64 n)
{
	if (b->table)
		kgc_drop(b->heap, b->table);
	b->table = 0;
	return kgc_alloc(b->heap, b->slots, n, &b->table);
}

int worker_flush(struct worker *w)
{
	int err;

	do {
		err = kgc_batch_flush(&w->batch, 0);
	} while (err == -EINTR);
	return err;
}

u64 worker_begin(struct worker *w)
{
	if (bench_apart)
		probe_begin(w);
	return bench_now();
}

void worker_step(struct worker *w, u64 begin)
{
	u64 ns = bench_now() - begin;

	histogram_add(&w->steps, ns);
	if (bench_apart)
		probe_end(w, ns);
}

void bench_look(struct bench *b)
{
	struct kgc_stats stats;

	if (!kgc_stats(b->heap, &stats) && stats.heap_alloc > b->peak)
		b->peak = stats.heap_alloc;
}

struct thread {
	pthread_t id;
	struct worker *w;
	int (*run)(struct worker *w);
};

static void *thread(void *data)
{
	struct thread *t = data;

	t->w->err = t->run(t->w);
	/* the next thread of this worker counts for itself */
	probe_close(&t->w->probe);
	return NULL;
}

int bench_together(struct bench *b, unsigned int n, int (*run)(struct worker *w))
{
	struct thread t[WORKERS];
	unsigned int i, started;
	int err = 0;

	for (started = 0; started < n; started++) {
		t[started].w = &b->worker[started];
		t[started].run = run;
		err = -pthread_create(&t[started].id, NULL, thread, &t[started]);
		if (err)	/* others may wait for this thread forever */
			exit(complain(STATUS_FAILED, "no thread: %s",
				      strerror(-err)));
	}
	for (i = 0; i < started; i++) {
		pthread_join(t[i].id, NULL);
		err = err ?: t[i].w->err;
	}
	return err;
}

static int bench_open(struct bench *b)
{
	struct kgc_field any = { 0 };
	unsigned int i;
	int err = 0;

	b->slots = kgc_type_register(b->heap, "slots", 8, KGC_TYPE_ARRAY, &any, 1);
	b->node = bench_type(b, "node", 64, 2);
	for (i = 0; i < KINDS; i++)
		b->kind[i] = bench_type(b, "bytes", kind_size[i], 0);
	if (b->slots < 0 || b->node < 0 || b->kind[KINDS - 1] < 0)
		return -ENOMEM;
	b->worker = calloc(WORKERS, sizeof(*b->worker));
	if (!b->worker)
		return -ENOMEM;
	for (i = 0; i < WORKERS && !err; i++) {
		b->worker[i].bench = b;
		b->worker[i].nr = i;
		b->worker[i].seed = i + 1;
		err = kgc_batch_init(&b->worker[i].batch, b->heap, OPERATIONS);
	}
	return err ?: kgc_option_set(b->heap, KGC_OPT_GOGC,
				     bench_param("gogc", 100));
}

static void bench_close(struct bench *b)
{
	unsigned int i;

	for (i = 0; b->worker && i < WORKERS; i++)
		kgc_batch_destroy(&b->worker[i].batch);
	free(b->worker);
}

void bench_percentiles(const struct histogram *h, const char *prefix)
{
	char metric[40];
	size_t i;

	for (i = 0; i < HISTOGRAM_RANKS; i++) {
		snprintf(metric, sizeof(metric), "%s%s", prefix, histogram_rank(i)->name);
		bench_result(metric, "ns", histogram_at(h, histogram_rank(i)->ppm));
	}
	snprintf(metric, sizeof(metric), "%sworst", prefix);
	bench_result(metric, "ns", h->max);
}

/* Time @n steps of about @ns each. They use no kgc, so only the machine delays them. */
static void control(u64 n, u64 ns)
{
	static struct histogram h;
	volatile u32 x = 1;
	u64 begin, i, j, turns, probe = 100000;

	begin = bench_now();
	for (j = 0; j < probe; j++)
		x = x * 3 + 1;
	turns = ns * probe / (bench_now() - begin + 1) + 1;
	memset(&h, 0, sizeof(h));
	for (i = 0; i < n; i++) {
		begin = bench_now();
		for (j = 0; j < turns; j++)
			x = x * 3 + 1;
		histogram_add(&h, bench_now() - begin);
	}
	bench_percentiles(&h, "spinner ");
}

static void report(struct bench *b, u64 busy, const struct kgc_stats *before,
		   const struct kgc_stats *after)
{
	struct worker *all = &b->worker[0];
	double n;
	unsigned int i;

	for (i = 1; i < WORKERS; i++) {
		all->sum += b->worker[i].sum;
		histogram_merge(&all->steps, &b->worker[i].steps);
		probe_merge(&all->probe, &b->worker[i].probe);
	}
	n = all->steps.n ? all->steps.n : 1;
	bench_result("total", "ns", busy);
	bench_percentiles(&all->steps, "");
	bench_result("operations", "", all->steps.n);
	bench_result("per operation", "ns", busy / n);
	bench_result("allocations per operation", "",
		     (after->mallocs - before->mallocs) / n);
	bench_result("bytes per operation", "B",
		     (after->total_alloc - before->total_alloc) / n);
	bench_result("cycles", "", after->num_gc - before->num_gc);
	bench_result("collector", "ns", after->gc_cpu_ns - before->gc_cpu_ns);
	bench_result("checksum", "", (u32)all->sum);
	bench_result("peak", "KiB", b->peak / 1024);
	if (bench_apart)
		probe_report(&all->probe, n);
}

static int bench_run(struct bench *b)
{
	struct kgc_stats before, after;
	u64 busy;
	int err;

	err = bench_open(b) ?: kgc_stats(b->heap, &before);
	if (err)
		return err;
	busy = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	err = chosen.program->run(b);
	busy = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - busy;
	probe_close(&b->worker[0].probe);
	if (err)
		return err;
	err = kgc_stats(b->heap, &after);
	/* bench_gogc() counts no steps, and has reported its own figures */
	if (err || !b->worker[0].steps.n)
		return err;
	busy += after.gc_cpu_ns - before.gc_cpu_ns;
	bench_look(b);
	report(b, busy, &before, &after);
	control(b->worker[0].steps.n,
		histogram_at(&b->worker[0].steps, 500000));
	return 0;
}

/* ---- the command --------------------------------------------------------*/

static const struct program *find(const char *name)
{
	size_t i;

	for (i = 0; i < NR_PROGRAMS; i++)
		if (!strcmp(programs[i].name, name))
			return &programs[i];
	return NULL;
}

/* Is the name of "NAME=..." a word of @words? */
static bool is_among(const char *arg, const char *words)
{
	size_t len = strcspn(arg, "="), word;

	for (; *words; words += word + strspn(words + word, " ")) {
		word = strcspn(words, " ");
		if (word == len && !strncmp(arg, words, len))
			return true;
	}
	return false;
}

/* Add @arg to the parameters. False and a complaint if the program does not take it. */
static bool is_parameter(const char *arg)
{
	const struct program *p = chosen.program;
	const char *number = strchr(arg, '=');
	unsigned long long value;
	const char *why = NULL;
	char *end;

	if (!number || number == arg)
		why = "is no NAME=NUMBER";
	else if (!is_among(arg, all_take) && !is_among(arg, p->takes))
		return !complain(STATUS_USAGE, "'%s': %s takes %s %s", arg, p->name,
				 all_take, p->takes);
	if (!why) {
		errno = 0;
		value = strtoull(++number, &end, 0);
		/* strtoull() would accept leading blanks and a sign */
		if (*number < '0' || *number > '9' || *end)
			why = "is no NAME=NUMBER";
		else if (errno)
			why = "has a number that is too large";
		else if (!value && is_among(arg, not_zero))
			why = "is too small: 1 is the least";
		else if (strlen(chosen.text) + strlen(arg) + 2 > sizeof(chosen.text))
			why = "is one parameter too many";
	}
	if (why)
		return !complain(STATUS_USAGE, "'%s' %s", arg, why);
	if (chosen.text[0])
		strcat(chosen.text, " ");
	strcat(chosen.text, arg);
	return true;
}

static int list_programs(void)
{
	static const struct column columns[] = {
		{ "program", NULL, KIND_TEXT, true, "its name" },
		{ "parameters", NULL, KIND_TEXT, true, "numbers that it takes" },
		{ "about", NULL, KIND_TEXT, true, "what it does" },
		{ 0 }
	};
	struct table *table = table_new("programs", columns, false);
	char takes[80];

	for (size_t i = 0; table && i < NR_PROGRAMS; i++) {
		snprintf(takes, sizeof(takes), "%s %s", all_take, programs[i].takes);
		table_row(table);
		table_text(table, 0, programs[i].name);
		table_text(table, 1, takes);
		table_text(table, 2, programs[i].about);
	}
	return table ? table_print(table) : STATUS_USAGE;
}

/* Run the program in a new heap, and report figures if it is @measured. Return: a status. */
static int run_once(bool measured)
{
	struct bench b = { 0 };
	int err, status = STATUS_OK;

	b.heap = own_heap();
	if (b.heap < 0)
		return -b.heap;
	err = measured ? bench_run(&b) : bench_open(&b) ?: chosen.program->run(&b);
	if (err == -ERANGE)
		status = STATUS_FAILED;	/* bench_gogc() has said why */
	else if (err == -ENOMEM)
		status = complain_no_memory(b.heap, chosen.program->name);
	else if (err)
		status = complain(STATUS_FAILED, "%s was stopped by: %s",
				  chosen.program->name, strerror(-err));
	bench_close(&b);
	kgc_close(b.heap);
	return status;
}

static int measure(void)
{
	/* gogc measures no time */
	u64 warmups = chosen.program->run == bench_gogc ? 0 : bench_param("warmup", 1);
	int status = STATUS_OK, printed = STATUS_OK;

	chosen.figures = table_new("figures", figure_columns, false);
	if (!chosen.figures)
		return STATUS_USAGE;
	if (settings.steady)
		steady_begin();
	/* the measured run finds code, the kernel's caches and this process warm */
	while (!status && warmups--)
		status = run_once(false);
	bench_apart = settings.apart;
	if (!status)
		status = run_once(true);
	steady_end();
	if (table_json() || !chosen.reported)
		table_free(chosen.figures);
	else
		printed = table_print(chosen.figures);
	return status ?: printed;
}

static int run(int nr, char **words)
{
	int status;

	if (!nr)
		return list_programs();
	chosen.program = find(words[0]);
	if (!chosen.program)
		return complain(STATUS_USAGE, "no program '%s': 'kgcctl bench' lists them",
				words[0]);
	for (int i = 1; i < nr; i++)
		if (!is_parameter(words[i]))
			return STATUS_USAGE;
	chosen.parameters = allocate(nr * sizeof(*chosen.parameters));
	memcpy(chosen.parameters, words + 1, (nr - 1) * sizeof(*chosen.parameters));
	chosen.parameters[nr - 1] = NULL;
	status = measure();
	free(chosen.parameters);
	return status;
}

/* The first word is a program, and the others are its parameters. */
static void offer_words(int nr, char **words, void (*offer)(const char *word, const char *about))
{
	const struct program *p = nr ? find(words[0]) : NULL;
	const char *at = p ? p->takes : "";
	char word[40];
	int length;

	for (size_t i = 0; !nr && i < NR_PROGRAMS; i++)
		offer(programs[i].name, programs[i].about);
	if (p) {
		offer("gogc=", "percent of growth before a cycle");
		offer("warmup=", "runs that are not measured");
	}
	for (; *at; at += length + strspn(at + length, " ")) {
		length = strcspn(at, " ");
		snprintf(word, sizeof(word), "%.*s=", length, at);
		offer(word, p->about);
	}
}

const struct command command_bench = {
	.name = "bench",
	.arguments = "[PROGRAM [NAME=NUMBER...]]",
	.about = "runs a program through the device and says what it took",
	.help =
		"Without a PROGRAM it lists them. With one, --json prints a line of JSON for each\n"
		"figure, as they come. The program first runs warmup times, once unless you say\n"
		"otherwise, without being measured.",
	.most = ANY_NUMBER,
	.takes = { WORD_OWN, WORD_OWN, WORD_OWN },
	.prints_table = true,
	.options = options,
	.parse = parse,
	.offer = offer_words,
	.run = run,
};
