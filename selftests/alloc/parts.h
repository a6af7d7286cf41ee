/* SPDX-License-Identifier: GPL-2.0 */
/* Begin and end of a promise about the page heap, or about the parts above it. */
#ifndef ALLOC_PARTS_H
#define ALLOC_PARTS_H

#include <check.h>
#include <shim.h>

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

#endif /* ALLOC_PARTS_H */
