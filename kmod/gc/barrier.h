/* SPDX-License-Identifier: GPL-2.0 */
/* The write barrier's parts that are not in the public header. */
#ifndef _KGC_BARRIER_H
#define _KGC_BARRIER_H

#include <linux/kgc.h>

bool kgc_barrier_cmpxchg_word(struct kgc_section s, void **slot, void **old, void *value);
void *kgc_barrier_xchg_word(struct kgc_section s, void **slot, void *value);

#endif /* _KGC_BARRIER_H */
