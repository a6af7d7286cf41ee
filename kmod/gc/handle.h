/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Handles: userspace holds these numbers instead of pointers. A handle has a
 * generation, by which a stale handle is recognised. A heap has two tables. The
 * slots of strong handles are roots. The collector clears the slot of a weak
 * handle when it finds the object dead.
 *
 *	63      62      61..32      31..0
 *	0       weak    generation  slot number
 *
 * Slots lie in chunks of a page. A chunk without open handles is freed. The table then
 * keeps the generation at which its slots continue, so that no old handle becomes valid
 * again.
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
 * @obj: the object; a root slot unless the table is weak. NULL if the handle
 *	is not open, or is weak and its object is dead
 * @gen: generation, raised when the handle is dropped
 * @type: while open: id of the object's type, and KGC_SLOT_OPEN
 * @next_free: while free: number within the chunk of the next free slot, 0 for none
 *
 * The lock of the table guards changes of a slot, with two exceptions: the thread that took
 * the slot opens it, and the collector clears @obj of a weak handle. Lookups hold no lock,
 * see kgc_handle_slot_get().
 */
struct kgc_handle_slot {
	void	*obj;
	u32	gen;
	union {
		u32	type;
		u32	next_free;
	};
};

/* Slot numbers per chunk. The first two are never used: the header is in their place. */
#define KGC_HANDLE_NUMBERS	(PAGE_SIZE / sizeof(struct kgc_handle_slot))
#define KGC_HANDLE_FIRST	2

/* Slots in a chunk. */
#define KGC_HANDLE_CHUNK	(KGC_HANDLE_NUMBERS - KGC_HANDLE_FIRST)

/**
 * struct kgc_handles - a handle table of a heap
 * @tag: KGC_HANDLE_WEAK or 0
 * @kind: what its memory is accounted as
 * @lock: guards allocation and dropping of handles: the members that name it, the slots,
 *	and which chunks are in @chunks; leaf
 * @chunks: by slot number / KGC_HANDLE_NUMBERS: the chunk or, for a chunk that was freed,
 *	a value entry with the generation at which its slots continue. It is read without
 *	@lock, and entries are reserved without @lock
 * @reserved: number of entries for which @chunks has memory; read without @lock as a hint
 * @nr_chunks: number of entries that have ever been used
 * @lowest: the chunk with the lowest number that has a free slot, or NULL
 * @open: number of slots that are taken; read without @lock
 * @scan: index of the next chunk that the collector scans
 * @scanned: chunks scanned so far
 * @removed: chunks that wait for a grace period
 * @a: the heap's allocator, to which the memory is charged
 *
 * Only the state machine writes @scan, @scanned and @removed. @tag, @kind and @a are
 * constant.
 */
struct kgc_handles {
	u64		tag;
	enum kgc_meta	kind;
	spinlock_t	lock;	/* of free slots */
	struct xarray	chunks;
	u32		reserved __guarded_by(&lock);
	u32		nr_chunks __guarded_by(&lock);
	struct kgc_handle_chunk *lowest __guarded_by(&lock);
	u32		open __guarded_by(&lock);
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
u64 kgc_handle_of_slot(struct kgc_handles *handles, struct kgc_handle_slot *slot);
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
