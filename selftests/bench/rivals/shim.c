// SPDX-License-Identifier: GPL-2.0
/*
 * The programs of selftests/bench/kmod/ on another allocator: PROGRAM [NAME=NUMBER ...].
 * It prints a line of JSON per figure, as kgc_bench.ko does. Totals are CPU time. Times
 * of single operations are those of the clock.
 */
#include "program.h"

static const struct bench *const benches[] = {
	&bench_ring, &bench_trees, &bench_gcbench, &bench_parse, &bench_lasting,
	&bench_requests, &bench_mixed, &bench_larson, &bench_xmalloc,
	&bench_handoff,
};

static const char *bench_name;
static char parameters[256];
static char **arguments;

u64 bench_param(const char *name, u64 or_else)
{
	size_t len = strlen(name);
	char **a;

	for (a = arguments; *a; a++)
		if (!strncmp(*a, name, len) && (*a)[len] == '=')
			return strtoull(*a + len + 1, NULL, 0);
	return or_else;
}

void bench_result(const char *subject, const char *metric, const char *unit,
		  s64 total, u64 n)
{
	printf("{\"bench\": \"%s\", \"parameters\": \"%s\", \"subject\": \"%s\", \"metric\": \"%s\", \"unit\": \"%s\", \"value\": %.3f}\n",
	       bench_name, parameters, subject, metric, unit,
	       (double)total / (n ? n : 1));
}

static u64 cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

void bench_busy_begin(struct bench_busy *busy)
{
	busy->ns = cpu_ns();
}

u64 bench_busy_ns(const struct bench_busy *busy)
{
	return cpu_ns() - busy->ns;
}

void kgc_option_set(struct kgc_heap *heap, unsigned int option, u64 value)
{
#ifdef BOEHM
	/* collect after @value percent of the live bytes have been allocated */
	GC_set_free_space_divisor(value < 100 ? 100 / value : 1);
#endif
}

struct kgc_type *kgc_type_register(struct kgc_heap *heap,
				   const struct kgc_type_desc *desc)
{
	struct kgc_type *type = kvzalloc(sizeof(*type), GFP_KERNEL);

	if (!type)
		return (void *)(intptr_t)-ENOMEM;
	type->size = desc->size;
	type->noscan = desc->flags & KGC_DESC_NOSCAN;
	return type;
}

int bench_heap_open(struct bench_heap *h, const char *name)
{
	static const struct kgc_type_desc node = {
		.size = sizeof(struct bench_node),
	};
	static const struct kgc_type_desc slots = {
		.size = sizeof(struct bench_slot), .flags = KGC_DESC_ARRAY,
	};

	memset(h, 0, sizeof(*h));
	h->node = kgc_type_register(NULL, &node);
	h->slots = kgc_type_register(NULL, &slots);
	return IS_ERR(h->node) || IS_ERR(h->slots) ? -ENOMEM : 0;
}

/* nothing to free: the process ends soon */
void bench_heap_close(struct bench_heap *h)
{
}

int bench_table_empty(struct bench_heap *h, size_t n)
{
	h->table.kgc_ref = bench_allocate(n * sizeof(struct bench_slot), false);
	return h->table.kgc_ref ? 0 : -ENOMEM;
}

void program_look(struct program *p)
{
}

/* Return: what the kernel reports of the process. */
u64 program_peak_kib(struct program *p)
{
	unsigned long long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/self/status", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %llu", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

struct program_thread {
	pthread_t	thread;
	struct worker	*w;
	int		(*run)(struct worker *w);
};

static void *program_thread(void *data)
{
	struct program_thread *t = data;

	t->w->err = t->run(t->w);
	return NULL;
}

int program_run(struct program *p, unsigned int n, int (*run)(struct worker *w))
{
	struct program_thread t[PROGRAM_WORKERS];
	unsigned int i;
	int err = 0;

	for (i = 0; i < n; i++) {
		t[i].w = &p->worker[i];
		t[i].run = run;
		if (pthread_create(&t[i].thread, NULL, program_thread, &t[i]))
			exit(1);
	}
	for (i = 0; i < n; i++) {
		pthread_join(t[i].thread, NULL);
		err = err ?: t[i].w->err;
	}
	return err;
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc < 2)
		return 1;
	bench_name = argv[1];
	arguments = argv + 2;
	for (i = 2; i < (size_t)argc; i++) {
		strncat(parameters, i > 2 ? " " : "",
			sizeof(parameters) - strlen(parameters) - 1);
		strncat(parameters, argv[i],
			sizeof(parameters) - strlen(parameters) - 1);
	}
#ifdef BOEHM
	GC_INIT();
#endif
	for (i = 0; i < ARRAY_SIZE(benches); i++)
		if (!strcmp(benches[i]->name, bench_name))
			return benches[i]->run() ? 1 : 0;
	return 1;
}
