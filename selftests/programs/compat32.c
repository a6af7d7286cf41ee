// SPDX-License-Identifier: GPL-2.0
/*
 * The ABI serves 32-bit callers: this program carries and runs a 32-bit one.
 */
#include "harness.h"

/* compat32/caller.c as built by the Makefile; empty if the compiler cannot build it. */
asm(".section .rodata\n"
    "caller_begin: .incbin \"compat32.bin\"\n"
    "caller_end: .byte 0\n"
    ".previous");
extern const char caller_begin[], caller_end[];

TEST(a_32_bit_program_can_use_a_heap)
{
	size_t size = caller_end - caller_begin;
	char *none[] = { NULL };
	int status, program;
	pid_t pid;

	if (!size)
		SKIP(return, "the compiler could not build a 32-bit program");
	program = memfd_create("caller", MFD_CLOEXEC);
	ASSERT_GE(program, 0);
	ASSERT_EQ(size, write(program, caller_begin, size));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		fexecve(program, none, none);
		_exit(errno == ENOEXEC ? 254 : 253);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	if (WEXITSTATUS(status) == 254)
		SKIP(return, "this kernel runs no 32-bit programs");
	EXPECT_EQ(0, WEXITSTATUS(status)) {
		TH_LOG("step %d of compat32/caller.c failed",
		       WEXITSTATUS(status));
	}
}

TEST_HARNESS_MAIN
