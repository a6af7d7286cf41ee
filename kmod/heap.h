/* SPDX-License-Identifier: GPL-2.0 */
/* Creation of heaps: what other files need in addition to <linux/kgc.h>. */
#ifndef _KGC_HEAP_H
#define _KGC_HEAP_H

#include <linux/gfp.h>

struct cred;
struct kgc_heap;
struct lock_class_key;
struct module;

struct kgc_heap *kgc_heap_new(const char *name, struct module *owner,
			      const struct cred *opener, struct lock_class_key keys[2],
			      gfp_t gfp);

#endif /* _KGC_HEAP_H */
