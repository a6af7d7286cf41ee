// SPDX-License-Identifier: GPL-2.0
/*
 * No sequence of calls harms the kernel, be the arguments good or broken, and also from
 * several processes at once. The kernel reports nothing, counters agree with each other,
 * and closing the heap returns everything.
 *
 *	fuzz_ioctl [-b] [-s SEED] [-t SECONDS] [-n CALLS] [-j JOBS] [-l FILE] [-c FILE] [PROGRAM...]
 *
 * The fuzzer first runs the saved corpus, or only the PROGRAMs given. Then it generates
 * programs of calls at random, and mutates those that reached new code according to KCOV.
 * -l keeps the next program in FILE, in case the kernel crashes; -b allows other programs
 * to have heaps open meanwhile; -c finally writes the programs that reached new code to
 * FILE.
 *
 * kselftest-timeout: 120
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kgc.h>

#include "fuzz/program.h"
#include "fuzz/run.h"
#include "now.h"

#define KEPT	1024	/* programs to mutate */
#define KSFT_SKIP 4

static const char saved[] =
#include "fuzz/corpus.inc"
;

static struct fuzz_program kept[KEPT];
static unsigned int nr_kept;
static const char *log_file;
static unsigned long programs;

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

/**
 * struct options - what the command line asks for
 * @seconds: how long to run
 * @calls: how many calls each job makes
 * @seed: seed of the first job; each other job adds its number
 * @jobs: processes that fuzz side by side
 * @beside: other programs have heaps open, too
 * @corpus: file for the programs kept, or NULL
 * @paths: programs to run instead
 */
struct options {
	double seconds;
	uint64_t calls, seed;
	unsigned int jobs;
	bool beside;
	const char *corpus;
	char **paths;
};

static bool saved_programs(const struct options *o, struct random *r)
{
	bool good = true;

	if (!*o->paths)
		return run_text(saved, r);
	for (char **path = o->paths; *path && good; path++)
		good = run_file(*path, r);
	return good;
}

/* Run one job, and add its totals to @sum, which all jobs share. */
static bool run_job(const struct options *o, unsigned int job,
		    struct fuzz_totals *sum)
{
	struct random r = random_from(o->seed + job);
	struct fuzz_totals t;
	bool good;

	fuzz_start(o->jobs > 1 || o->beside);
	good = job || saved_programs(o, &r);
	if (!job)
		printf("%s 1 the saved programs do no harm # %lu programs\n",
		       good ? "ok" : "not ok", programs);
	fflush(stdout);
	if (good && !*o->paths)
		good = run_random(&r, o->seconds, o->calls);
	t = fuzz_totals();
	__atomic_fetch_add(&sum->calls, t.calls, 5);
	__atomic_fetch_add(&sum->succeeded, t.succeeded, 5);
	__atomic_fetch_add(&sum->operations, t.operations, 5);
	if (t.places > sum->places)
		sum->places = t.places;
	fuzz_stop();
	if (o->corpus && !job)
		write_kept(o->corpus);
	fflush(stdout);
	return good;
}

/* Run all jobs side by side, each with a seed of its own. */
static bool run_jobs(const struct options *o, struct fuzz_totals *sum)
{
	const char *why;
	unsigned int job;
	bool good = true;
	int status;

	if (o->jobs == 1)
		return run_job(o, 0, sum);
	for (job = 0; job < o->jobs; job++)
		if (!fork())
			_exit(!run_job(o, job, sum));
	while (wait(&status) > 0) {
		good &= !status;
		if (WIFSIGNALED(status))
			printf("# a job died of signal %d\n", WTERMSIG(status));
	}
	why = o->beside ? NULL : fuzz_all_returned();
	if (why)
		printf("# %s\n", why);
	return good && !why;
}

int main(int argc, char **argv)
{
	const char *scale = getenv("KGC_SCALE");
	struct options o = {
		.seconds = 20 * (scale ? strtod(scale, NULL) : 1),
		.calls = ~0ULL, .jobs = 1,
	};
	struct fuzz_totals *sum;
	bool good, seeded = false;
	int option, fd;

	while ((option = getopt(argc, argv, "bs:t:n:j:l:c:")) != -1) {
		switch (option) {
		case 's': o.seed = strtoull(optarg, NULL, 0); seeded = true; break;
		case 't': o.seconds = strtod(optarg, NULL); break;
		case 'n': o.calls = strtoull(optarg, NULL, 0); o.seconds = 1e9; break;
		case 'j': o.jobs = atoi(optarg); break;
		case 'b': o.beside = true; break;
		case 'l': log_file = optarg; break;
		case 'c': o.corpus = optarg; break;
		default: return 1;
		}
	}
	o.paths = argv + optind;
	o.calls /= o.jobs;
	fd = kgc_open();
	if (fd < 0) {
		printf("1..0 # SKIP %s: %s\n", KGC_DEVICE, strerror(-fd));
		return KSFT_SKIP;
	}
	kgc_close(fd);
	printf("TAP version 13\n1..%d\n", *o.paths ? 1 : 2);
	if (!seeded)
		o.seed = random_seed();
	fflush(stdout);
	sum = mmap(NULL, sizeof(*sum), PROT_READ | PROT_WRITE,
		   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	good = run_jobs(&o, sum);
	if (!*o.paths)
		printf("%s 2 random programs do no harm # %llu calls (%llu succeeded), %llu operations in batches, %llu places (%s)\n",
		       good ? "ok" : "not ok", (unsigned long long)sum->calls,
		       (unsigned long long)sum->succeeded,
		       (unsigned long long)sum->operations,
		       (unsigned long long)sum->places,
		       sum->places ? "KCOV" : "blind");
	return !good;
}
