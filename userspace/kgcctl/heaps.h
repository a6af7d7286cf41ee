/* SPDX-License-Identifier: GPL-2.0 */
/* The heaps that the caller may see, by KGC_HEAPS: no debugfs and no root needed. */
#ifndef KGCCTL_HEAPS_H
#define KGCCTL_HEAPS_H

#include <stdbool.h>
#include <stddef.h>

#include <kgc.h>

/**
 * struct heaps - the open heaps
 * @device: descriptor; it is a heap too, which is left out
 * @own: number of that heap
 * @heap: ascending by number
 * @nr: how many
 */
struct heaps {
	int device;
	__u32 own;
	struct kgc_heap_entry *heap;
	size_t nr;
};

/* All three return an exit status, having complained unless it is STATUS_OK ... */
int heaps_open(struct heaps *heaps);
int heaps_read(struct heaps *heaps);
/* ... or STATUS_NO_HEAP: see complain_no_heap(). */
int heaps_read_one(struct heaps *heaps, __u32 id, struct kgc_heap_entry *entry);

void heaps_close(struct heaps *heaps);

/* A heap the caller cannot see; returns STATUS_NO_HEAP. */
int complain_no_heap(__u32 id);

#endif /* KGCCTL_HEAPS_H */
