// SPDX-License-Identifier: GPL-2.0
/* Options of a heap. The module tells their names, ranges and units. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kgcctl.h"
#include "options.h"

int options_read(struct options *options)
{
	struct kgc_option_info info;
	int device = own_heap(), err;

	*options = (struct options){ 0 };
	if (device < 0)
		return -device;
	while (!(err = kgc_option_info(device, options->nr, &info))) {
		options->option = reallocate(options->option, (options->nr + 1) *
					     sizeof(*options->option));
		options->option[options->nr++] = info;
	}
	kgc_close(device);
	if (err == -ENOENT)
		return STATUS_OK;
	options_free(options);
	return complain(STATUS_FAILED,
			"the module does not say which options it has: %s; module and kgcctl are of different versions",
			strerror(-err));
}

void options_free(struct options *options)
{
	free(options->option);
	*options = (struct options){ 0 };
}

const struct kgc_option_info *options_find(const struct options *options, const char *name)
{
	char range[OPTION_TEXT];

	for (size_t i = 0; i < options->nr; i++)
		if (!strcmp(options->option[i].name, name))
			return &options->option[i];
	complain(STATUS_USAGE, "no option '%s'; the options and what they take are:", name);
	for (size_t i = 0; i < options->nr; i++)
		fprintf(stderr, "  %-16s %s\n", options->option[i].name,
			option_range(&options->option[i], range));
	return NULL;
}

/* ---- names of values -------------------------------------------------------- */

static bool is_bytes(const struct kgc_option_info *option)
{
	return !strcmp(option->unit, "bytes");
}

/* The name of value @nr, *@length letters long, or NULL if the value has no name. */
static const char *value_name(const struct kgc_option_info *option, __u64 nr,
			      size_t *length)
{
	const char *at = option->values;

	while (*at) {
		*length = strcspn(at, " ");
		if (!nr--)
			return at;
		at += *length + (at[*length] == ' ');
	}
	return NULL;
}

/* Append @name, after @separator unless @text is empty or ends with a space. */
static void append(char text[OPTION_TEXT], const char *separator, const char *name,
		   size_t length)
{
	size_t used = strlen(text);

	snprintf(text + used, OPTION_TEXT - used, "%s%.*s",
		 used && text[used - 1] != ' ' ? separator : "", (int)length, name);
}

static void append_names(char text[OPTION_TEXT], const struct kgc_option_info *option)
{
	const char *name;
	size_t length;

	for (__u64 i = 0; (name = value_name(option, i, &length)); i++)
		append(text, ", ", name, length);
}

char *option_range(const struct kgc_option_info *option, char text[OPTION_TEXT])
{
	bool off = option->attributes & KGC_OPTION_HAS_OFF;

	text[0] = '\0';
	if (*option->values) {
		if (option->attributes & KGC_OPTION_BITS)
			strcpy(text, "any of ");
		append_names(text, option);
		if (off)
			append(text, ", ", "or off", OPTION_TEXT);
	} else if (is_bytes(option) && option->max == ~0ULL) {
		snprintf(text, OPTION_TEXT, "bytes from %" PRIu64 " on, as 64M or 2G%s",
			 (uint64_t)option->min, off ? ", or off" : "");
	} else {
		snprintf(text, OPTION_TEXT, "%" PRIu64 " to %" PRIu64 "%s%s%s",
			 (uint64_t)option->min, (uint64_t)option->max,
			 *option->unit ? " " : "", option->unit, off ? ", or off" : "");
	}
	return text;
}

/* ---- values ----------------------------------------------------------------- */

static char *bits_text(const struct kgc_option_info *option, __u64 value,
		       char text[OPTION_TEXT])
{
	size_t length;

	text[0] = '\0';
	for (__u64 bit = 0; bit < 64; bit++) {
		const char *name = value_name(option, bit, &length);

		if (!(value >> bit & 1))
			continue;
		if (!name) {
			snprintf(text, OPTION_TEXT, "%" PRIu64, (uint64_t)value);
			return text;
		}
		append(text, ",", name, length);
	}
	return text;
}

char *option_text(const struct kgc_option_info *option, __u64 value, bool exact,
		  char text[OPTION_TEXT])
{
	const char *name = NULL;
	size_t length;

	if (option->attributes & KGC_OPTION_HAS_OFF && value == option->off)
		return strcpy(text, "off");
	if (option->attributes & KGC_OPTION_BITS)
		return bits_text(option, value, text);
	if (value >= option->min)
		name = value_name(option, value - option->min, &length);
	if (name)
		snprintf(text, OPTION_TEXT, "%.*s", (int)length, name);
	else
		size_text(text, value, exact || !is_bytes(option));
	return text;
}

/* Parse a number, with @bytes also "64M". False if it is not one or does not fit. */
static bool parse_number(const char *text, bool bytes, __u64 *value)
{
	static const char units[] = "KMGTPE";
	unsigned int shift = 0;
	const char *unit;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*value = strtoull(text, &end, 0);
	if (errno)
		return false;
	unit = *end ? strchr(units, toupper((unsigned char)*end)) : NULL;
	if (bytes && unit) {
		shift = 10 * (unit - units + 1);
		end++;
	}
	if (*end || *value > ~0ULL >> shift)
		return false;
	*value <<= shift;
	return true;
}

/* Find the value whose name is the first @length letters of @text. -1 if none. */
static int name_number(const struct kgc_option_info *option, const char *text, size_t length)
{
	const char *name;
	size_t of_name;

	for (int i = 0; (name = value_name(option, i, &of_name)); i++)
		if (of_name == length && !strncmp(name, text, length))
			return i;
	return -1;
}

static bool parse_names(const struct kgc_option_info *option, const char *text, __u64 *value)
{
	bool bits = option->attributes & KGC_OPTION_BITS;
	size_t length;
	int number;

	*value = bits ? 0 : option->min;
	for (;; text += length + 1) {
		length = bits ? strcspn(text, ",") : strlen(text);
		number = name_number(option, text, length);
		if (number < 0 || number > 63)
			return false;
		*value = bits ? *value | 1ULL << number : *value + number;
		if (!text[length])
			return true;
	}
}

static bool allows(const struct kgc_option_info *option, __u64 value)
{
	if (option->attributes & KGC_OPTION_HAS_OFF && value == option->off)
		return true;
	if (option->attributes & KGC_OPTION_BITS)
		return !(value & ~option->max);
	return value >= option->min && value <= option->max;
}

bool option_parse(const struct kgc_option_info *option, const char *text, __u64 *value,
		  char why[2 * OPTION_TEXT])
{
	char range[OPTION_TEXT];
	bool off = !strcmp(text, "off") && option->attributes & KGC_OPTION_HAS_OFF;

	if (off)
		*value = option->off;
	if (off || ((parse_names(option, text, value) ||
		     parse_number(text, is_bytes(option), value)) &&
		    allows(option, *value)))
		return true;
	snprintf(why, 2 * OPTION_TEXT, "%s takes %s; not '%.40s'", option->name,
		 option_range(option, range), text);
	return false;
}

/* ---- of a heap -------------------------------------------------------------- */

int options_of_heap(const struct options *options, unsigned int heap, __u64 **values)
{
	unsigned long long value;
	char *text, name[64];
	int status, used;

	status = debugfs_read(heap, "options", &text, false);
	if (status)
		return status;
	*values = allocate(options->nr * sizeof(**values));
	memset(*values, 0, options->nr * sizeof(**values));
	for (const char *at = text;
	     sscanf(at, "%63s %llu %n", name, &value, &used) == 2; at += used)
		for (size_t i = 0; i < options->nr; i++)
			if (!strcmp(options->option[i].name, name))
				(*values)[i] = value;
	free(text);
	return STATUS_OK;
}

int option_apply(const struct kgc_option_info *option, unsigned int heap, __u64 value)
{
	char line[64];

	snprintf(line, sizeof(line), "%s %" PRIu64, option->name, (uint64_t)value);
	return debugfs_write(heap, "options", line, false);
}
