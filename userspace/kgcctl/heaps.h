/* SPDX-License-Identifier: GPL-2.0 */
/* The heaps that KGC_HEAPS lets the caller see. This needs neither debugfs nor root. */
#ifndef KGCCTL_HEAPS_H
#define KGCCTL_HEAPS_H

#include <stdbool.h>
#include <stddef.h>

#include <kgc.h>

/**
 * struct heaps - the open heaps
 * @device: descriptor of a heap of kgcctl's own, which @heap omits
 * @own: number of kgcctl's own heap
 * @heap: the other heaps, ascending by number
 * @nr: length of @heap
 */
struct heaps {
	int device;
	__u32 own;
	struct kgc_heap_entry *heap;
	size_t nr;
};

/* Each returns an exit status, and complains unless that is STATUS_OK. */
int heaps_open(struct heaps *heaps);
int heaps_read(struct heaps *heaps);
/* Does not complain about STATUS_NO_HEAP; complain_no_heap() does. */
int heaps_read_one(struct heaps *heaps, __u32 id, struct kgc_heap_entry *entry);

void heaps_close(struct heaps *heaps);

/* Complain that the caller can see no heap @id. Returns STATUS_NO_HEAP. */
int complain_no_heap(__u32 id);

/* "IDLE", "ARM", "MARK", "SETTLE", or "ASIDE" of a heap that is set aside. */
const char *heap_phase(const struct kgc_heap_entry *heap);

#endif /* KGCCTL_HEAPS_H */
