/* SPDX-License-Identifier: GPL-2.0 */
/* The phase of a heap's cycle. */
#ifndef _KGC_PHASE_H
#define _KGC_PHASE_H

#include "../../uapi/linux/kgc.h"

struct kgc_heap;

/* Names of enum kgc_phase, as in KGC_REASON_NAMES(). */
#define KGC_PHASE_NAMES(row, last)		\
	row(KGC_PHASE_IDLE, "IDLE")		\
	row(KGC_PHASE_ARM, "ARM")		\
	row(KGC_PHASE_MARK, "MARK")		\
	last(KGC_PHASE_SETTLE, "SETTLE")

void kgc_phase_publish(struct kgc_heap *heap, enum kgc_phase phase);
enum kgc_phase kgc_phase_now(const struct kgc_heap *heap);

#endif /* _KGC_PHASE_H */
