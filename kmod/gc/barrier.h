/* SPDX-License-Identifier: GPL-2.0 */
/* The write barrier for words that may or may not be pointers. */
#ifndef _KGC_BARRIER_H
#define _KGC_BARRIER_H

#include <linux/kgc.h>

bool kgc_barrier_cmpxchg_word(struct kgc_section s, void **slot, void **old, void *value);
void *kgc_barrier_xchg_word(struct kgc_section s, void **slot, void *value);

#endif /* _KGC_BARRIER_H */
