/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _KGC_GRACE_H
#define _KGC_GRACE_H

#include "cycle.h"

struct kgc_heap;

void kgc_grace_init(struct kgc_heap *heap);
void kgc_grace_begin(struct kgc_heap *heap, enum kgc_await await);
void kgc_grace_stop(struct kgc_heap *heap);
int kgc_graces_init(void);
void kgc_graces_exit(void);

#endif /* _KGC_GRACE_H */
