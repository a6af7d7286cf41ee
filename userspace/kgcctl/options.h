/* SPDX-License-Identifier: GPL-2.0 */
/* Options of a heap, as the loaded module describes them. */
#ifndef KGCCTL_OPTIONS_H
#define KGCCTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include <kgc.h>

/**
 * struct options - the options that the module knows
 * @option: the module's descriptions, in its order
 * @nr: length of @option
 */
struct options {
	struct kgc_option_info *option;
	size_t nr;
};

/* Get all options from the module. Returns an exit status. options_free() frees them. */
int options_read(struct options *options);
void options_free(struct options *options);

/* Find the option @name. Returns NULL after a complaint that lists all options. */
const struct kgc_option_info *options_find(const struct options *options, const char *name);

#define OPTION_TEXT 128

/* Describe in @text which values an option takes. Returns @text. */
char *option_range(const struct kgc_option_info *option, char text[OPTION_TEXT]);

/* Format a value as option_parse() reads it. Sizes are rounded unless @exact. */
char *option_text(const struct kgc_option_info *option, __u64 value, bool exact,
		  char text[OPTION_TEXT]);

/*
 * Parse a value: a number, for bytes also with K, M, G, T, P or E; "off"; or names of
 * values. If @option does not take it, return false and put the reason into @why.
 */
bool option_parse(const struct kgc_option_info *option, const char *text, __u64 *value,
		  char why[2 * OPTION_TEXT]);

/* Read the values of @heap, in the order of @options. The caller frees *@values. */
int options_of_heap(const struct options *options, unsigned int heap, __u64 **values);

/* Set an option of @heap. Returns an exit status. */
int option_apply(const struct kgc_option_info *option, unsigned int heap, __u64 value);

#endif /* KGCCTL_OPTIONS_H */
