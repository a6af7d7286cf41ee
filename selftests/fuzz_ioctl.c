// SPDX-License-Identifier: GPL-2.0
/*
 * Whatever calls are made, in whatever order, by several processes at once,
 * with good and with broken arguments: the kernel reports nothing, counters
 * agree with each other, and closing returns everything.
 *
 *	fuzz_ioctl [-s SEED] [-t SECONDS] [-n CALLS] [-l FILE] [-c FILE] [PROGRAM...]
 *
 * Programs of calls are made at random, and changed where KCOV tells that one
 * came to new places. First the saved corpus is run, or only the PROGRAMs given.
 * -l keeps the program about to be run in FILE, for when the kernel does not
 * survive it; -c writes those that came to new places to FILE in the end.
 *
 * kselftest-timeout: 120
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <kgc.h>

#include "fuzz/program.h"
#include "fuzz/run.h"

#define KEPT	1024	/* programs to make new ones of */
#define KSFT_SKIP 4

static const char saved[] =
#include "fuzz/corpus.inc"
;

static struct fuzz_program kept[KEPT];
static unsigned int nr_kept;
static const char *log_file;
static unsigned long programs;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void keep(const struct fuzz_program *p, struct random *r)
{
	kept[nr_kept < KEPT ? nr_kept : random_below(r, KEPT)] = *p;
	nr_kept += nr_kept < KEPT;
}

static bool run_one(const struct fuzz_program *p, struct random *r)
{
	const char *why;
	bool fresh;

	if (log_file) {
		FILE *log = fopen(log_file, "w");

		if (log) {
			fuzz_print(log, p);
			fsync(fileno(log));
			fclose(log);
		}
	}
	programs++;
	why = fuzz_run(p, &fresh);
	if (fresh)
		keep(p, r);
	if (!why)
		return true;
	printf("# %s, after:\n", why);
	fuzz_print(stdout, p);
	return false;
}

static bool run_text(const char *text, struct random *r)
{
	struct fuzz_program p;
	bool good = true;

	while (good && (text = fuzz_parse(&p, text)))
		good = run_one(&p, r);
	return good;
}

static bool run_file(const char *path, struct random *r)
{
	static char text[1 << 20];
	FILE *file = fopen(path, "r");

	if (!file) {
		printf("# %s: %s\n", path, strerror(errno));
		return false;
	}
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return run_text(text, r);
}

static bool run_random(struct random *r, double seconds, uint64_t calls)
{
	double end = now() + seconds, shown = now();
	struct fuzz_program p;

	while (now() < end && fuzz_totals().calls < calls) {
		if (!nr_kept || random_below(r, 4) == 0) {
			fuzz_generate(&p, r);
		} else {
			p = kept[random_below(r, nr_kept)];
			fuzz_mutate(&p, &kept[random_below(r, nr_kept)], r);
		}
		if (!run_one(&p, r))
			return false;
		if (now() - shown > 60) {
			printf("# %llu calls, %llu places, %u programs kept\n",
			       (unsigned long long)fuzz_totals().calls,
			       (unsigned long long)fuzz_totals().places, nr_kept);
			fflush(stdout);
			shown = now();
		}
	}
	return true;
}

static void write_kept(const char *path)
{
	FILE *file = fopen(path, "w");
	unsigned int i;

	for (i = 0; file && i < nr_kept; i++)
		fuzz_print(file, &kept[i]);
	if (file)
		fclose(file);
}

int main(int argc, char **argv)
{
	const char *scale = getenv("KGC_SCALE"), *corpus = NULL;
	double seconds = 20 * (scale ? strtod(scale, NULL) : 1);
	uint64_t calls = ~0ULL, seed = 0;
	bool good = true, seeded = false;
	struct fuzz_totals t;
	struct random r;
	int option, fd;

	while ((option = getopt(argc, argv, "s:t:n:l:c:")) != -1) {
		switch (option) {
		case 's': seed = strtoull(optarg, NULL, 0); seeded = true; break;
		case 't': seconds = strtod(optarg, NULL); break;
		case 'n': calls = strtoull(optarg, NULL, 0); seconds = 1e9; break;
		case 'l': log_file = optarg; break;
		case 'c': corpus = optarg; break;
		default: return 1;
		}
	}
	fd = kgc_open();
	if (fd < 0) {
		printf("1..0 # SKIP %s: %s\n", KGC_DEVICE, strerror(-fd));
		return KSFT_SKIP;
	}
	kgc_close(fd);
	printf("TAP version 13\n1..%d\n", optind < argc ? 1 : 2);
	r = random_from(seeded ? seed : random_seed());
	fuzz_start();
	for (int i = optind; i < argc && good; i++)
		good = run_file(argv[i], &r);
	if (optind == argc)
		good = run_text(saved, &r);
	printf("%s 1 the saved programs do no harm # %lu programs\n",
	       good ? "ok" : "not ok", programs);
	if (optind == argc && good) {
		good = run_random(&r, seconds, calls);
		t = fuzz_totals();
		printf("%s 2 random programs do no harm # %llu calls (%llu succeeded), %llu operations in batches, %lu programs, %llu places (%s), %u kept\n",
		       good ? "ok" : "not ok", (unsigned long long)t.calls,
		       (unsigned long long)t.succeeded,
		       (unsigned long long)t.operations, programs,
		       (unsigned long long)t.places,
		       t.places ? "KCOV" : "blind", nr_kept);
	}
	fuzz_stop();
	if (corpus)
		write_kept(corpus);
	return !good;
}
