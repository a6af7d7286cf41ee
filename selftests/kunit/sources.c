// SPDX-License-Identifier: GPL-2.0
/*
 * The suites have an allocator of their own: tests can break it, and kgc.ko need not
 * export functions that only tests use.
 */
#include <linux/module.h>

#include "../alloc/sources.h"

MODULE_INFO(deadline, "kselftest-timeout: 180");
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: the allocator's algorithms, exhaustively");
