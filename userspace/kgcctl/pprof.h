/* SPDX-License-Identifier: GPL-2.0 */
/* The allocation profile of heaps, as a file that pprof reads. */
#ifndef KGCCTL_PPROF_H
#define KGCCTL_PPROF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PPROF_VALUES	4	/* objects and bytes ever allocated, and in use */

struct pprof;

/*
 * Begin a file without samples. Only with @addresses it gets addresses of the kernel, which
 * not all who may read a profile may know.
 */
struct pprof *pprof_begin(bool addresses);

/*
 * Add what the text of a heap's debugfs file "profile" has. Returns an exit status, and
 * complains unless that is STATUS_OK.
 */
int pprof_add(struct pprof *p, unsigned int heap, const char *text);

/* Sums over what was added, estimated from the samples: PPROF_VALUES numbers. */
const int64_t *pprof_sums(const struct pprof *p);

/*
 * End the file: *@file gets @size bytes, compressed, which the caller frees. @p is freed.
 * Returns an exit status, and complains unless that is STATUS_OK.
 */
int pprof_end(struct pprof *p, unsigned char **file, size_t *size);

/* Read the profile of one heap, or of all with MODULE_WIDE, into such a file. As above. */
int pprof_read(long heap, bool addresses, unsigned char **file, size_t *size,
	       int64_t sums[PPROF_VALUES]);

#endif /* KGCCTL_PPROF_H */
