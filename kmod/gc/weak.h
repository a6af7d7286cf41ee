/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Turning an address that keeps nothing alive into a pointer that does.
 */
#ifndef _KGC_WEAK_H
#define _KGC_WEAK_H

#include <linux/atomic.h>
#include <linux/kgc.h>

#include "handle.h"

struct kgc_span;

/* kgc_weaks.gate: strengthenings of white objects << 1 | closed */
#define KGC_WEAK_CLOSED	1
#define KGC_WEAK_ONE	2

/**
 * struct kgc_weaks - weak references of a heap
 * @handles: the weak handles; slots hold targets
 * @gate: decides between a strengthening and the end of marking
 * @seen: @gate when the current termination round began
 * @closed: the collector closed the gate in this cycle
 * @kept: all targets are marked in this cycle
 * @kept_before: they were in the last one
 * @refused: rounds of this cycle that a strengthening came into
 */
struct kgc_weaks {
	struct kgc_handles	handles;
	atomic64_t		gate;
	s64			seen;
	bool			closed;
	bool			kept;
	bool			kept_before;
	unsigned int		refused;
};

bool kgc_strengthen(struct kgc_section s, struct kgc_span *span,
		    const void *addr, unsigned int i);
void kgc_weaks_init(struct kgc_heap *heap);
void kgc_weaks_open(struct kgc_heap *heap);
void kgc_weaks_look(struct kgc_heap *heap);
bool kgc_weaks_close(struct kgc_heap *heap);
bool kgc_weaks_give_up(struct kgc_heap *heap);

#endif /* _KGC_WEAK_H */
