// SPDX-License-Identifier: GPL-2.0
/* The list of all heaps. */
#include "registry.h"

LIST_HEAD(kgc_heaps);
DEFINE_MUTEX(kgc_heaps_lock);	/* guards kgc_heaps */
