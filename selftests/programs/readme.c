// SPDX-License-Identifier: GPL-2.0
/*
 * The program in README.md works as printed there: it says that no object is left. If
 * there is no device it prints nothing and fails.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include "harness.h"

#define main readme_main
#include "readme.inc"
#undef main

/* Run it, without any device if @bare. *@text: its output. Return: its exit status. */
static int run(bool bare, char *text, size_t size)
{
	int to[2], status;
	ssize_t n, got = 0;
	pid_t pid;

	if (pipe(to))
		return -1;
	pid = fork();
	if (pid < 0)
		return -1;
	if (!pid) {
		if (dup2(to[1], STDOUT_FILENO) < 0 || (bare && chroot("/sys")))
			_exit(99);
		exit(readme_main());
	}
	close(to[1]);
	while ((n = read(to[0], text + got, size - 1 - got)) > 0)
		got += n;
	text[got] = 0;
	close(to[0]);
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

TEST(all_objects_of_the_example_die)
{
	char text[256];

	EXPECT_EQ(0, run(false, text, sizeof(text)));
	EXPECT_EQ(0, strcmp("0 objects left\n", text)) {
		TH_LOG("it said '%s'", text);
	}
}

TEST(without_the_device_the_example_fails)
{
	char text[256];

	EXPECT_EQ(1, run(true, text, sizeof(text)));
	EXPECT_EQ(0, strcmp("", text)) {
		TH_LOG("it said '%s'", text);
	}
}

TEST_HARNESS_MAIN
