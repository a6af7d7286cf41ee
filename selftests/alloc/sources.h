/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A second copy of the allocator, for a test module that needs one without a collector.
 * Only one file of the module may include this. It has no trace points.
 */
#define NOTRACE
#include "../../kmod/alloc/sizeclass.c"
#include "../../kmod/alloc/map.c"
#include "../../kmod/alloc/span.c"
#include "../../kmod/alloc/arena.c"
#include "../../kmod/alloc/pageheap.c"
#include "../../kmod/alloc/scavenge.c"
#include "../../kmod/alloc/reserve.c"
#include "../../kmod/alloc/stock.c"
#include "../../kmod/alloc/central.c"
#include "../../kmod/alloc/cache.c"
#include "../../kmod/alloc/allocator.c"
#include "../../kmod/alloc/limit.c"
#include "../../kmod/alloc/charge.c"
#include "../../kmod/alloc/slot.c"
#include "../../kmod/alloc/sample.c"
#include "../../kmod/alloc/tiny.c"
#include "../../kmod/alloc/manual.c"
#include "../../kmod/alloc/histogram.c"
#include "../../kmod/alloc/steps.c"
#include "../../kmod/alloc/pagewalk.c"
#include "../../kmod/alloc/audit.c"
