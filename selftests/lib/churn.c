// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <kgc.h>

#include "churn.h"
#include "debugfs_files.h"
#include "files.h"
#include "random.h"

#define HELD	256	/* handles of one worker */

static const __u32 sizes[] = {
	8, 16, 24, 40, 64, 100, 200, 512, 1000, 3000, 8192, 20000, 40000, 300000,
};

#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

struct held {
	__u64 handle;
	__u64 word;
};

void tally_add(struct tally *t, __u32 size)
{
	t->made++;
	t->tiny += size == 8;
	t->of_16 += size == 16;
}

/* Check the word in the object, and drop its handle. */
static int drop_held(struct churn *c, int me, int heap, struct held *h)
{
	__u64 word = 0;
	int err = kgc_read(heap, h->handle, 0, &word, sizeof(word));

	if (!err && word != h->word)
		c->worker[me].wrong++;
	err = err ? err : kgc_drop(heap, h->handle);
	h->handle = 0;
	return err;
}

static int replace(struct churn *c, int me, int heap, const int *types,
		   struct held *h, __u64 n)
{
	int kind = n % 7 ? n % 8 : n / 7 % NR_SIZES, err;

	if (h->handle) {
		err = drop_held(c, me, heap, h);
		if (err)
			return err;
	}
	err = kgc_alloc(heap, types[kind], 0, &h->handle);
	if (err == -ENOMEM) {
		h->handle = 0;
		c->worker[me].got.refused++;
		usleep(1000);
		return 0;
	}
	h->word = n << 3 | me;
	tally_add(&c->worker[me].got, sizes[kind]);
	return err ? err : kgc_write(heap, h->handle, 0, &h->word,
				     sizeof(h->word));
}

static int work(struct churn *c, int me, int heap)
{
	static struct held held[HELD];
	int types[NR_SIZES], err = 0;
	struct random random = random_from(me);

	for (size_t i = 0; i < NR_SIZES; i++) {
		types[i] = kgc_type_register(heap, "churn", sizes[i], 0, NULL, 0);
		if (types[i] < 0)
			return types[i];
	}
	while (!c->stop && !err) {
		__u64 n = random_word(&random) >> 8;

		err = replace(c, me, heap, types, &held[n % HELD], n >> 8);
	}
	for (int i = 0; i < HELD && !err; i++)
		if (held[i].handle)
			err = drop_held(c, me, heap, &held[i]);
	return err;
}

struct churn *churn_begin(int heap, int nr)
{
	struct churn *c = mmap(NULL, sizeof(*c), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (c == MAP_FAILED)
		return NULL;
	for (int i = 0; i < nr && i < CHURN_MOST; i++) {
		pid_t pid = fork();

		if (!pid) {
			c->worker[i].err = work(c, i, heap);
			_exit(0);
		}
		c->pid[i] = pid;
		c->nr = i + 1;
	}
	return c;
}

int churn_end(struct churn *c)
{
	int err = 0, status;

	c->stop = true;
	for (int i = 0; i < c->nr; i++) {
		if (waitpid(c->pid[i], &status, 0) != c->pid[i] || status)
			err = err ? err : -ECHILD;
		/* a worker that allocated nothing has put no load on the heap */
		if (!c->worker[i].got.made)
			err = err ? err : -ENODATA;
		err = err ? err : c->worker[i].err;
		fprintf(stderr, "# worker %d: %llu objects, %llu refused, %llu wrong, error %d, status %d\n",
			i, (unsigned long long)c->worker[i].got.made,
			(unsigned long long)c->worker[i].got.refused,
			(unsigned long long)c->worker[i].wrong,
			c->worker[i].err, status);
		if (c->worker[i].wrong)
			err = -EUCLEAN;
	}
	return err;
}

/* Get the allocations in the 16-byte noscan class, which tiny blocks belong to. */
static bool blocks_of_16(unsigned int id, unsigned long long *mallocs)
{
	char *text = debugfs_text(id, "classes");
	char *line = text ? strstr(text, "\n2 1 16 ") : NULL;
	bool good = line && sscanf(line, "%*u %*u %*u %*u %*u %llu", mallocs) == 1;

	free(text);
	return good;
}

bool mallocs_agree(int heap, unsigned int id, const struct churn *c,
		   const struct tally *more)
{
	struct tally all = more ? *more : (struct tally){ 0 };
	unsigned long long blocks = 0, others, want;
	struct kgc_stats stats;

	for (int i = 0; i < c->nr; i++) {
		all.made += c->worker[i].got.made;
		all.tiny += c->worker[i].got.tiny;
		all.of_16 += c->worker[i].got.of_16;
		all.refused += c->worker[i].got.refused;
	}
	if (kgc_stats(heap, &stats) || !blocks_of_16(id, &blocks))
		return false;
	others = stats.mallocs - blocks;
	want = all.made - all.tiny - all.of_16;
	/* a refused allocation counts if only its handle was refused */
	if (others >= want && others <= want + all.refused &&
	    blocks >= all.of_16 + (all.tiny + 1) / 2 &&
	    blocks <= all.of_16 + all.tiny + all.refused)
		return true;
	fprintf(stderr, "# %llu objects were counted, of %llu, %llu refused; %llu of 16 bytes, of %llu and %llu tiny ones\n",
		others, want, (unsigned long long)all.refused, blocks,
		(unsigned long long)all.of_16, (unsigned long long)all.tiny);
	return false;
}

static bool complain_unless(bool good, const char *what, const char *text)
{
	if (!good)
		fprintf(stderr, "# %s:\n%s", what, text);
	return good;
}

/* Whether no class has spans or objects, and the classes add up to @stats. */
static bool classes_are_empty(unsigned int id, const struct kgc_stats *stats)
{
	unsigned long long c[12], mallocs = 0, frees = 0;
	char *text = debugfs_text(id, "classes"), *line = text;
	bool good = text;

	while (good && (line = strchr(line, '\n')) && *++line) {
		good = sscanf(line, "%llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu",
			      &c[0], &c[1], &c[2], &c[3], &c[4], &c[5], &c[6],
			      &c[7], &c[8], &c[9], &c[10], &c[11]) == 12;
		mallocs += c[5];
		frees += c[6];
		/*
		 * No span is left, and all objects are dead. Only spans that were made
		 * and freed had fresh slots. Each object took a fresh slot, or one that
		 * was used again.
		 */
		good = good && !c[4] && c[5] == c[6] &&
		       (!c[0] || (c[9] <= c[11] * c[3] && c[8] + c[9] >= c[5]));
	}
	good = complain_unless(good && mallocs == stats->mallocs &&
			       frees == stats->frees, "classes", text ?: "");
	free(text);
	return good;
}

static bool pages_are_back(unsigned int id)
{
	unsigned long long p[13];
	char *text = debugfs_text(id, "pageheap"), *line = text;
	bool good = text;

	while (good && (line = strchr(line, '\n')) && *++line) {
		good = sscanf(line, "%llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu",
			      &p[0], &p[1], &p[2], &p[3], &p[4], &p[5], &p[6],
			      &p[7], &p[8], &p[9], &p[10], &p[11], &p[12]) == 13;
		good = good && !p[1] && !p[2] && !p[3] && p[7] == p[10] && !p[12];
	}
	complain_unless(good, "pageheap", text ?: "");
	free(text);
	return good;
}

bool nothing_left(int heap, unsigned int id)
{
	struct kgc_stats stats;
	__u64 value;
	bool good = true;

	if (kgc_stats(heap, &stats))
		return false;
	if (stats.heap_objects || stats.mallocs != stats.frees ||
	    stats.heap_alloc || stats.heap_inuse || stats.heap_sys || stats.handles) {
		fprintf(stderr, "# left: %llu objects, %llu bytes in use, %llu held, %llu handles\n",
			(unsigned long long)stats.heap_objects,
			(unsigned long long)stats.heap_inuse,
			(unsigned long long)stats.heap_sys,
			(unsigned long long)stats.handles);
		good = false;
	}
	good &= classes_are_empty(id, &stats);
	good &= pages_are_back(id);
	for (int i = 0; i < 4; i++) {
		static const char * const kinds[] = {
			"SpanBytes", "BitmapBytes", "TypeTableBytes", "ArenaBytes",
		};

		if (debugfs_value(id, "meta", kinds[i], &value) || value) {
			fprintf(stderr, "# metadata left: %s\n", kinds[i]);
			good = false;
		}
	}
	return good;
}

int removable_cpu(void)
{
	char path[80];

	for (int cpu = 63; cpu > 0; cpu--) {
		snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online",
			 cpu);
		if (!access(path, W_OK))
			return cpu;
	}
	return -1;
}

bool cpu_online(int cpu, bool online)
{
	char path[80];

	snprintf(path, sizeof(path), "/sys/devices/system/cpu/cpu%d/online", cpu);
	return !put_file(path, online ? "1" : "0");
}
