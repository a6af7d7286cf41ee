/* SPDX-License-Identifier: GPL-2.0 */
/* Tables of pprof's file: strings, modules, functions and places in them, each once. */
#ifndef KGCCTL_PPROF_NAMES_H
#define KGCCTL_PPROF_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "profile.pb-c.h"

/* A table of the file, and a tree to find its entries by. */
struct names {
	void *tree;
	void **entry;
	size_t nr;
};

/**
 * struct pprof_names - the tables
 * @string: texts
 * @mapping: the kernel and its modules
 * @function: functions
 * @location: places in functions
 * @addresses: the file gets addresses of the kernel
 * @modules: text of /proc/modules
 */
struct pprof_names {
	struct names string;
	struct names mapping;
	struct names function;
	struct names location;
	bool addresses;
	char *modules;
};

void pprof_names_begin(struct pprof_names *names, bool addresses);
int64_t pprof_string(struct pprof_names *names, const char *text);

/*
 * The location of @frame, "ADDRESS FUNCTION+OFFSET/SIZE [MODULE]"; 0 if that is a function
 * on the way to the allocator, which all stacks begin with. @inner: no other function
 * came before it.
 */
uint64_t pprof_location(struct pprof_names *names, const char *frame, bool inner);

/* Give the tables to @profile. */
void pprof_names_store(struct pprof_names *names, Pprof__Profile *profile);
void pprof_names_end(struct pprof_names *names);

#endif /* KGCCTL_PPROF_NAMES_H */
