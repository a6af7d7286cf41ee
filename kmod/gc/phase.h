/* SPDX-License-Identifier: GPL-2.0 */
/* The phase of a heap's cycle. */
#ifndef _KGC_PHASE_H
#define _KGC_PHASE_H

#include "../../uapi/linux/kgc.h"

struct kgc_heap;

void kgc_phase_publish(struct kgc_heap *heap, enum kgc_phase phase);
enum kgc_phase kgc_phase_now(const struct kgc_heap *heap);

#endif /* _KGC_PHASE_H */
