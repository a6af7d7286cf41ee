// SPDX-License-Identifier: GPL-2.0
/* Single words and numbers of what the module prints in debugfs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kgcctl.h"

void word_of_pair(const char *text, const char *name, char word[PAIR_WORD])
{
	size_t length = strlen(name);

	word[0] = '\0';
	for (; text; text = strchr(text, '\n')) {
		text += *text == '\n';
		if (!strncmp(text, name, length) && text[length] == ' ') {
			sscanf(text + length, "%63s", word);
			return;
		}
	}
}

unsigned long long number_of_pair(const char *text, const char *name)
{
	char word[PAIR_WORD];

	word_of_pair(text, name, word);
	return strtoull(word, NULL, 10);
}

const char *next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end && end[1] ? end + 1 : NULL;
}

void word_under(const char *headings, const char *line, const char *name,
		char word[PAIR_WORD])
{
	char heading[PAIR_WORD];
	size_t length;

	word[0] = '\0';
	for (;;) {
		headings += strspn(headings, " ");
		line += strspn(line, " ");
		length = strcspn(headings, " \n");
		if (!length || *line == '\n' || !*line)
			return;
		snprintf(heading, sizeof(heading), "%.*s", (int)length, headings);
		headings += length;
		length = strcspn(line, " \n");
		if (!strcmp(heading, name)) {
			snprintf(word, PAIR_WORD, "%.*s", (int)length, line);
			return;
		}
		line += length;
	}
}

uint64_t number_under(const char *headings, const char *line, const char *name)
{
	char word[PAIR_WORD];

	word_under(headings, line, name, word);
	return strtoull(word, NULL, 10);
}
