// SPDX-License-Identifier: GPL-2.0
/*
 * An allocator of the suites' own, so that a test can break it, and so that
 * kgc.ko need not export what only tests want.
 */
#include <linux/module.h>

#include "../../kmod/alloc/sizeclass.c"
#include "../../kmod/alloc/map.c"
#include "../../kmod/alloc/span.c"
#include "../../kmod/alloc/pageheap.c"
#include "../../kmod/alloc/central.c"
#include "../../kmod/alloc/cache.c"
#include "../../kmod/alloc/allocator.c"

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: the allocator's algorithms, exhaustively");
