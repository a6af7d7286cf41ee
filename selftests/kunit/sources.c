// SPDX-License-Identifier: GPL-2.0
/*
 * An allocator of the suites' own, so that a test can break it, and so that
 * kgc.ko need not export what only tests want.
 */
#include <linux/module.h>

#include "../alloc/sources.h"

MODULE_INFO(deadline, "kselftest-timeout: 180");
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: the allocator's algorithms, exhaustively");
