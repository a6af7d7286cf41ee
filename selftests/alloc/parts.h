/* SPDX-License-Identifier: GPL-2.0 */
/* Begin and end of a promise about the page heap, or about the parts above it. */
#ifndef ALLOC_PARTS_H
#define ALLOC_PARTS_H

#include <check.h>
#include <shim.h>

#include "alloc/alloc.h"
#include "alloc/map.h"
#include "alloc/span.h"

static inline int parts_begin(unsigned int mib)
{
	int err;

	shim_ram_init(mib);
	err = kgc_map_init();
	return err ? err : kgc_span_cache_init();
}

static inline void parts_end(void)
{
	kgc_span_cache_exit();
	kgc_map_exit();
	shim_ram_exit();
	check(!shim_live_allocations());
}

/* An allocator that holds nothing. */
static inline void parts_allocator_begin(struct kgc_allocator *a)
{
	memset(a, 0, sizeof(*a));
	check(!kgc_allocator_init(a, 0, 0));
}

/* Free it in any state; ASan and shim_ram_exit() report leaks. */
static inline void parts_allocator_end(struct kgc_allocator *a)
{
	kgc_allocator_destroy(a);
	check(!shim_ram_used());
}

#endif /* ALLOC_PARTS_H */
