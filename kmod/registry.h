/* SPDX-License-Identifier: GPL-2.0 */
/* The list of all heaps. */
#ifndef _KGC_REGISTRY_H
#define _KGC_REGISTRY_H

#include <linux/list.h>
#include <linux/mutex.h>

struct kgc_heap;

extern struct list_head kgc_heaps;
extern struct mutex kgc_heaps_lock;

#endif /* _KGC_REGISTRY_H */
