// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl's readers of debugfs text under libFuzzer, AddressSanitizer and
 * UndefinedBehaviorSanitizer: whatever a module of another version shows, they
 * neither crash nor hang. The first byte chooses the command, the rest is what
 * the files hold (up to a 0: the readers are given strings).
 */
#include <stdint.h>

#define main kgcctl_main
#include "../../../userspace/kgcctl/heaps.c"
#include "../../../userspace/kgcctl/main.c"

static const char *content;

int debugfs_read(long heap, const char *file, char **text)
{
	*text = strdup(content);
	return STATUS_OK;
}

int debugfs_write(long heap, const char *file, const char *text)
{
	return STATUS_OK;
}

int command_demo(int argc, char **argv)
{
	return STATUS_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[4096], word[64];
	char *all[] = { "stat", NULL }, *one[] = { "stat", "7", NULL };
	char *classes[] = { "classes", "7", NULL };
	char *set[] = { "set", "7", word, "1", NULL };
	char *heap[] = { "stat", word, NULL };
	char *finalizers[] = { "finalizers", "7", NULL };

	if (!size || size > sizeof(text))
		return 0;
	memcpy(text, data + 1, size - 1);
	text[size - 1] = '\0';
	snprintf(word, sizeof(word), "%.60s", text);
	content = text;
	switch (data[0] % 6) {
	case 0:	return command_stat(1, all) < 0;
	case 1:	return command_stat(2, one) < 0;
	case 2:	return command_classes(2, classes) < 0;
	case 3:	return command_set(4, set) < 0;
	case 4:	return command_finalizers(2, finalizers) < 0;
	default: return command_stat(2, heap) < 0;
	}
}
