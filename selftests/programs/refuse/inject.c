// SPDX-License-Identifier: GPL-2.0
/* Refuse requests for memory, through /proc/thread-self/fail-nth. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files.h"
#include "inject.h"

/* Let allocations that may sleep, or of single pages, fail. Return: whether it works. */
bool injection_ready(void)
{
	return !put_file(DEBUGFS "failslab/ignore-gfp-wait", "N") &&
	       !put_file(DEBUGFS "fail_page_alloc/ignore-gfp-wait", "N") &&
	       !put_file(DEBUGFS "fail_page_alloc/min-order", "0") &&
	       !put_file(DEBUGFS "failslab/verbose", "0") &&
	       !put_file(DEBUGFS "fail_page_alloc/verbose", "0") &&
	       (put_file(DEBUGFS "fail_usercopy/verbose", "0"), true) &&
	       !access("/proc/self/fail-nth", W_OK);
}

static int fail_fd = -1;
static bool injecting;
static unsigned int missing;

void refuse(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	if (fail_fd < 0)
		fail_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (pwrite(fail_fd, text, length, 0) != length)
		abort();
	injecting = true;
}

/* See inject.h. */
unsigned int requests_missing(void)
{
	char text[16] = "";

	if (!injecting)
		return missing;
	/* if no request was refused yet, the copies of these calls may be */
	if (pread(fail_fd, text, sizeof(text) - 1, 0) < 0)
		text[0] = '1';
	while (pwrite(fail_fd, "0", 1, 0) != 1)
		text[0] = '1';
	injecting = false;
	missing = atoi(text);
	return missing;
}

bool was_refused(void)
{
	return !requests_missing();
}
