/* SPDX-License-Identifier: GPL-2.0 */
/* Options of a heap, as the loaded module describes them. */
#ifndef KGCCTL_OPTIONS_H
#define KGCCTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <kgc.h>

/**
 * struct options - the options that the module knows
 * @option: what it says of each, in its order
 * @nr: how many
 */
struct options {
	struct kgc_option_info *option;
	size_t nr;
};

/* Ask the module; returns an exit status. options_free() undoes it. */
int options_read(struct options *options);
void options_free(struct options *options);

/* The option called @name, or NULL and a complaint that lists them. */
const struct kgc_option_info *options_find(const struct options *options, const char *name);

#define OPTION_TEXT 128

/* What an option takes, in words, into @text; returns @text. */
char *option_range(const struct kgc_option_info *option, char text[OPTION_TEXT]);

/* A value as option_parse() takes it, sizes rounded unless @exact. */
char *option_text(const struct kgc_option_info *option, __u64 value, bool exact,
		  char text[OPTION_TEXT]);

/*
 * A number, with K, M, G, T, P or E if it is of bytes, "off", or names of values.
 * False if @option does not take it, with the reason in @why.
 */
bool option_parse(const struct kgc_option_info *option, const char *text, __u64 *value,
		  char why[2 * OPTION_TEXT]);

/* Values of @heap in the order of @options, to be freed; an exit status. */
int options_of_heap(const struct options *options, unsigned int heap, __u64 **values);

/* Set one; returns an exit status. */
int option_apply(const struct kgc_option_info *option, unsigned int heap, __u64 value);

#endif /* KGCCTL_OPTIONS_H */
