// SPDX-License-Identifier: GPL-2.0
/*
 * From debugfs's text to pprof's file.
 *
 * An object of n bytes is sampled with probability p = 1 - exp(-n / rate), so each sample
 * stands for 1 / p objects.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <zlib.h>

#include "kgcctl.h"
#include "pprof.h"
#include "pprof_names.h"

#define VERSION		1	/* of the text */
#define DEPTH		64	/* more than the kernel saves */
#define LABELS		5

/**
 * struct pprof - a file in the making
 * @names: its tables
 * @profile: the file; its tables come last
 * @sums: of the samples
 * @rate: mean distance of sampled bytes in the heap added last
 */
struct pprof {
	struct pprof_names names;
	Pprof__Profile profile;
	int64_t sums[PPROF_VALUES];
	int64_t rate;
};

/* A site, as its line has it. */
struct site {
	uint64_t allocated;
	uint64_t live;
	uint64_t bytes;
	uint64_t rate;
	uint64_t pid;
	char comm[PAIR_WORD];
	char type[PAIR_WORD];
};

static void *new_message(size_t bytes)
{
	return memset(allocate(bytes), 0, bytes);
}

static Pprof__ValueType *value_type(struct pprof *p, const char *type, const char *unit)
{
	Pprof__ValueType *value = new_message(sizeof(*value));

	pprof__value_type__init(value);
	value->type = pprof_string(&p->names, type);
	value->unit = pprof_string(&p->names, unit);
	return value;
}

struct pprof *pprof_begin(bool addresses)
{
	static const char * const types[PPROF_VALUES][2] = {
		{ "alloc_objects", "count" }, { "alloc_space", "bytes" },
		{ "inuse_objects", "count" }, { "inuse_space", "bytes" },
	};
	struct pprof *p = new_message(sizeof(*p));
	Pprof__Profile *profile = &p->profile;

	pprof_names_begin(&p->names, addresses);
	pprof__profile__init(profile);
	profile->n_sample_type = PPROF_VALUES;
	profile->sample_type = new_message(PPROF_VALUES * sizeof(*profile->sample_type));
	for (size_t i = 0; i < PPROF_VALUES; i++)
		profile->sample_type[i] = value_type(p, types[i][0], types[i][1]);
	profile->period_type = value_type(p, "space", "bytes");
	profile->default_sample_type = pprof_string(&p->names, "inuse_space");
	profile->time_nanos = clock_ns(CLOCK_REALTIME);
	return p;
}

/* ---- samples --------------------------------------------------------------------- */

static Pprof__Label *label(struct pprof *p, const char *key, const char *text, int64_t number)
{
	Pprof__Label *label = new_message(sizeof(*label));

	pprof__label__init(label);
	label->key = pprof_string(&p->names, key);
	if (text)
		label->str = pprof_string(&p->names, text);
	else
		label->num = number;
	return label;
}

static void set_labels(struct pprof *p, Pprof__Sample *sample, unsigned int heap,
		       const struct site *site)
{
	sample->label = new_message(LABELS * sizeof(*sample->label));
	sample->label[sample->n_label++] = label(p, "type", site->type, 0);
	sample->label[sample->n_label++] = label(p, "comm", site->comm, 0);
	sample->label[sample->n_label++] = label(p, "pid", NULL, site->pid);
	sample->label[sample->n_label++] = label(p, "heap", NULL, heap);
	/* pprof's own name for the size of the objects of a sample */
	sample->label[sample->n_label++] = label(p, "bytes", NULL, site->bytes);
	sample->label[sample->n_label - 1]->num_unit = pprof_string(&p->names, "bytes");
}

static void set_values(struct pprof *p, Pprof__Sample *sample, const struct site *site)
{
	double stands_for = site->rate ?
		1 / -expm1(-(double)site->bytes / (double)site->rate) : 1;

	sample->n_value = PPROF_VALUES;
	sample->value = new_message(PPROF_VALUES * sizeof(*sample->value));
	sample->value[0] = llround(site->allocated * stands_for);
	sample->value[1] = llround(site->allocated * stands_for * site->bytes);
	sample->value[2] = llround(site->live * stands_for);
	sample->value[3] = llround(site->live * stands_for * site->bytes);
	for (size_t i = 0; i < PPROF_VALUES; i++)
		p->sums[i] += sample->value[i];
}

/* Add the frames that follow the line of a site. Returns the line after them, or NULL. */
static const char *set_stack(struct pprof *p, Pprof__Sample *sample, const char *line)
{
	uint64_t id;

	sample->location_id = new_message(DEPTH * sizeof(*sample->location_id));
	while ((line = next_line(line)) && *line == '\t') {
		id = pprof_location(&p->names, line + 1, !sample->n_location_id);
		if (id && sample->n_location_id < DEPTH)
			sample->location_id[sample->n_location_id++] = id;
	}
	return line;
}

static Pprof__Sample *new_sample(struct pprof *p)
{
	Pprof__Profile *profile = &p->profile;
	Pprof__Sample *sample = new_message(sizeof(*sample));

	pprof__sample__init(sample);
	if (!(profile->n_sample & (profile->n_sample - 1)))
		profile->sample = reallocate(profile->sample, (2 * profile->n_sample + 1) *
					     sizeof(*profile->sample));
	profile->sample[profile->n_sample++] = sample;
	return sample;
}

static void read_site(struct site *site, const char *headings, const char *line)
{
	site->allocated = number_under(headings, line, "allocated_samples");
	site->live = number_under(headings, line, "live_samples");
	site->bytes = number_under(headings, line, "slot_bytes");
	site->rate = number_under(headings, line, "rate_bytes");
	site->pid = number_under(headings, line, "pid");
	word_under(headings, line, "comm", site->comm);
	word_under(headings, line, "type_name", site->type);
}

int pprof_add(struct pprof *p, unsigned int heap, const char *text)
{
	const char *headings = strstr(text, "\n\n"), *line;
	struct site site;

	if (number_of_pair(text, "ProfileVersion") > VERSION)
		return complain(STATUS_NEWER, "the module is newer than kgcctl: update kgcctl");
	if (!number_of_pair(text, "ProfileVersion") || !headings)
		return complain(STATUS_DAMAGED, "heap %u: the profile is malformed", heap);
	headings += 2;
	p->rate = number_of_pair(text, "RateBytes");
	for (line = next_line(headings); line;) {
		Pprof__Sample *sample = new_sample(p);

		read_site(&site, headings, line);
		set_values(p, sample, &site);
		set_labels(p, sample, heap, &site);
		line = set_stack(p, sample, line);
	}
	return STATUS_OK;
}

const int64_t *pprof_sums(const struct pprof *p)
{
	return p->sums;
}

/* ---- the end ----------------------------------------------------------------------- */

static int compress_file(const unsigned char *raw, size_t raw_size, unsigned char **file,
			 size_t *size)
{
	enum { GZIP = 16 };	/* added to the window: with gzip's header */
	z_stream stream = { 0 };
	uLong most;

	if (deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, MAX_WBITS + GZIP,
			 MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
		return complain(STATUS_FAILED, "no memory");
	most = deflateBound(&stream, raw_size);
	*file = allocate(most);
	stream.next_in = (unsigned char *)raw;
	stream.avail_in = raw_size;
	stream.next_out = *file;
	stream.avail_out = most;
	deflate(&stream, Z_FINISH);
	*size = stream.total_out;
	deflateEnd(&stream);
	return STATUS_OK;
}

static void free_samples(Pprof__Profile *profile)
{
	for (size_t i = 0; i < profile->n_sample; i++) {
		Pprof__Sample *sample = profile->sample[i];

		for (size_t j = 0; j < sample->n_label; j++)
			free(sample->label[j]);
		free(sample->label);
		free(sample->location_id);
		free(sample->value);
		free(sample);
	}
	free(profile->sample);
	for (size_t i = 0; i < profile->n_sample_type; i++)
		free(profile->sample_type[i]);
	free(profile->sample_type);
	free(profile->period_type);
}

static void free_all(struct pprof *p)
{
	free_samples(&p->profile);
	free(p->profile.string_table);
	free(p->profile.mapping);
	free(p->profile.function);
	free(p->profile.location);
	pprof_names_end(&p->names);
	free(p);
}

int pprof_end(struct pprof *p, unsigned char **file, size_t *size)
{
	Pprof__Profile *profile = &p->profile;
	unsigned char *raw;
	size_t raw_size;
	int status;

	profile->period = p->rate;
	pprof_names_store(&p->names, profile);
	raw_size = pprof__profile__get_packed_size(profile);
	raw = allocate(raw_size);
	pprof__profile__pack(profile, raw);
	status = compress_file(raw, raw_size, file, size);
	free(raw);
	free_all(p);
	return status;
}

/* ---- reading -------------------------------------------------------------------------- */

static struct pprof *all;	/* what add_heap() adds to */

static int read_heap(unsigned int heap, bool may_be_closed)
{
	char *text;
	int status = debugfs_read(heap, "profile", &text, may_be_closed);

	if (status)
		return status;
	status = pprof_add(all, heap, text);
	free(text);
	return status;
}

/* Heaps that are closed meanwhile are left out. */
static int read_all(void)
{
	int status, worst;
	char *list;

	worst = debugfs_read(MODULE_WIDE, "heaps", &list, false);
	if (worst)
		return worst;
	for (const char *line = next_line(list); line; line = next_line(line)) {
		status = read_heap(strtoul(line, NULL, 10), true);
		if (status != STATUS_NO_HEAP && status > worst)
			worst = status;
	}
	free(list);
	return worst;
}

int pprof_read(long heap, bool addresses, unsigned char **file, size_t *size,
	       int64_t sums[PPROF_VALUES])
{
	int status;

	all = pprof_begin(addresses);
	status = heap == MODULE_WIDE ? read_all() : read_heap(heap, false);
	memcpy(sums, pprof_sums(all), sizeof(all->sums));
	if (!status)
		return pprof_end(all, file, size);
	pprof_names_store(&all->names, &all->profile);
	free_all(all);
	return status;
}
