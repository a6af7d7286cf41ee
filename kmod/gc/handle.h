/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles: what userspace holds instead of pointers. Each is a root slot with
 * a generation, so that a stale handle is recognised.
 *
 *	63      62..32      31..0
 *	0       generation  slot number + 1
 */
#ifndef _KGC_HANDLE_H
#define _KGC_HANDLE_H

#include <linux/kgc.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

struct kgc_marker;

#define KGC_MAX_HANDLES		(1U << 24)
#define KGC_HANDLE_GEN_MAX	0x7fffffffU

/**
 * struct kgc_handle_slot - one handle
 * @obj: the object; a root slot. NULL when the handle is not open
 * @gen: generation, raised when the handle is dropped
 * @type: open: id of the object's type
 * @next_free: not open: number + 1 of the next free slot
 */
struct kgc_handle_slot {
	void	*obj;
	u32	gen;
	union {
		u32	type;
		u32	next_free;
	};
};

#define KGC_HANDLE_CHUNK	(PAGE_SIZE / sizeof(struct kgc_handle_slot))

/**
 * struct kgc_handles - the handle table of a heap
 * @lock: guards allocation and dropping; leaf
 * @chunks: arrays of KGC_HANDLE_CHUNK slots; they stay until the heap goes
 * @nr_slots: slots in chunks
 * @free: number + 1 of the first free slot, 0 for none
 * @open: handles open
 * @scan: next slot to be scanned by the collector
 * @gfp: how chunks are allocated
 */
struct kgc_handles {
	spinlock_t	lock;
	struct xarray	chunks;
	u32		nr_slots;
	u32		free;
	u32		open;
	u32		scan;
	gfp_t		gfp;
};

void kgc_handles_init(struct kgc_handles *handles, gfp_t gfp);
void kgc_handles_destroy(struct kgc_handles *handles);
int kgc_handle_open(struct kgc_section s, void *obj, unsigned int type,
		    u64 *handle);
void *kgc_handle_get(struct kgc_section s, u64 handle, unsigned int *type);
int kgc_handle_drop(struct kgc_section s, u64 handle);
void kgc_handles_scan_begin(struct kgc_handles *handles);
bool kgc_handles_scan_some(struct kgc_handles *handles, struct kgc_marker *m);

#endif /* _KGC_HANDLE_H */
