/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles: what userspace holds instead of pointers, with a generation, so
 * that a stale one is recognised. A heap has two tables of them: strong
 * handles, whose slots are roots, and weak ones, whose slots are cleared when
 * their object is found dead.
 *
 *	63      62      61..32      31..0
 *	0       weak    generation  slot number
 *
 * Slots lie in chunks of a page. A chunk in which no handle is open is given back; the
 * table then keeps the generation from which its slots go on, so that no handle of
 * before is valid again.
 */
#ifndef _KGC_HANDLE_H
#define _KGC_HANDLE_H

#include <linux/kgc.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "../alloc/limit.h"
#include "../compat.h"

struct kgc_allocator;
struct kgc_handle_chunk;
struct kgc_marker;

#define KGC_MAX_HANDLES		(1U << 20)
#define KGC_HANDLE_GEN_MAX	0x3fffffffU
#define KGC_HANDLE_WEAK		(1ULL << 62)
#define KGC_HANDLE_TAGS		(3ULL << 62)
#define KGC_SLOT_OPEN		(1U << 31)	/* in kgc_handle_slot.type */

/**
 * struct kgc_handle_slot - one handle
 * @obj: the object; a root slot unless the table is weak. NULL when the handle
 *	is not open, or is weak and its object is dead
 * @gen: generation, raised when the handle is dropped
 * @type: open: id of the object's type, and KGC_SLOT_OPEN
 * @next_free: not open: number within the chunk of the next free slot, 0 for none
 */
struct kgc_handle_slot {
	void	*obj;
	u32	gen;
	union {
		u32	type;
		u32	next_free;
	};
};

/* Slot numbers of a chunk, and those in the place of its header, which are never used. */
#define KGC_HANDLE_NUMBERS	(PAGE_SIZE / sizeof(struct kgc_handle_slot))
#define KGC_HANDLE_FIRST	2

/* Slots in a chunk. */
#define KGC_HANDLE_CHUNK	(KGC_HANDLE_NUMBERS - KGC_HANDLE_FIRST)

/**
 * struct kgc_handles - a handle table of a heap
 * @tag: KGC_HANDLE_WEAK or 0
 * @kind: what its memory counts as
 * @lock: guards allocation and dropping; leaf
 * @chunks: by slot number / KGC_HANDLE_NUMBERS: the chunk, or as a value the generation
 *	of the slots of one that was given back
 * @reserved: entries that @chunks has room for
 * @nr_chunks: entries that were used at some time
 * @lowest: the chunk of the lowest number that has a free slot, or NULL
 * @open: handles open
 * @scan: number of the next chunk to be scanned by the collector
 * @scanned: chunks scanned so far
 * @removed: chunks that wait for a grace period; the state machine's
 * @a: the heap's allocator: who is charged
 */
struct kgc_handles {
	u64		tag;
	enum kgc_meta	kind;
	spinlock_t	lock;	/* of free slots */
	struct xarray	chunks;
	u32		reserved;
	u32		nr_chunks __guarded_by(&lock);
	struct kgc_handle_chunk *lowest __guarded_by(&lock);
	u32		open;
	unsigned long	scan;
	u64		scanned;
	struct kgc_handle_chunk *removed;
	struct kgc_allocator *a;
};

void kgc_handles_init(struct kgc_handles *handles, u64 tag,
		      struct kgc_allocator *a);
void kgc_handles_destroy(struct kgc_handles *handles);
int kgc_handle_open(struct kgc_section s, void *obj, unsigned int type,
		    u64 *handle);
void *kgc_handle_get(struct kgc_section s, u64 handle, unsigned int *type);
int kgc_handle_reserve(struct kgc_section s, u64 *handle);
void kgc_handle_publish(struct kgc_section s, u64 handle, void *obj,
			unsigned int type);
void kgc_handle_cancel(struct kgc_section s, u64 handle);
void kgc_handles_for_each(struct kgc_handles *handles,
			  void (*check)(void **slot, void *data), void *data);
int kgc_handle_drop(struct kgc_section s, u64 handle);
void kgc_handles_scan_begin(struct kgc_handles *handles);
bool kgc_handles_scan_some(struct kgc_handles *handles, struct kgc_marker *m);
struct kgc_handle_slot *kgc_handles_scan_next(struct kgc_handles *handles);
void kgc_handles_free_removed(struct kgc_handles *handles);

/* Slots, for the two kinds of handles */
struct kgc_handle_slot *kgc_handle_slot(struct kgc_handles *handles, u64 handle);
struct kgc_handle_slot *kgc_handle_slot_take(struct kgc_handles *handles,
					     gfp_t gfp, u64 *handle, int *err);
bool kgc_handle_slot_get(const struct kgc_handle_slot *slot, u64 handle,
			 void **obj, unsigned int *type);
void kgc_handle_slot_put(struct kgc_handles *handles,
			 struct kgc_handle_slot *slot);

static inline u32 kgc_handle_gen(u64 handle)
{
	return (handle & ~KGC_HANDLE_TAGS) >> 32;
}

#endif /* _KGC_HANDLE_H */
