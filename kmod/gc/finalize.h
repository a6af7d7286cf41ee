/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finalizers and cleanups: calls for an object that was found dead. A finalizer is called
 * before the object is freed, a cleanup after.
 */
#ifndef _KGC_FINALIZE_H
#define _KGC_FINALIZE_H

#include <linux/kgc.h>
#include <linux/xarray.h>

struct kgc_marker;

/**
 * struct kgc_finals - the finalizers and cleanups of a heap that are pending
 * @pending: &kgc_final.due, indexed by the offset of the object in the map / 8
 * @cleanups: &kgc_cleanup.due, indexed the same way: the object's first cleanup. All
 *	cleanups of an object form a ring without a head
 * @nr_pending: entries in @pending
 * @nr_cleanups: cleanups in @cleanups, rings included
 * @cancelled: finalizers and cleanups that were cancelled
 * @closed: no finalizer or cleanup can be added any more
 * @at: index at which the collector's scan goes on
 * @marking: all of @pending has been looked at, and objects are being marked
 * @marked: the last entry of @found whose object has been marked
 * @marked_record: the last entry of @found_records whose object has been marked
 * @found: calls found in the current cycle
 * @found_records: records found in the current cycle
 * @nr_found_records: entries in @found_records
 *
 * The lock of each xarray guards its entries, and with @cleanups also the rings. Only the
 * state machine uses @at and the members below it. Once it has stopped, the thread that
 * drains or ends the heap uses them.
 */
struct kgc_finals {
	struct xarray		pending;
	struct xarray		cleanups;
	atomic_t		nr_pending;
	atomic_t		nr_cleanups;
	atomic64_t		cancelled;
	bool			closed;
	unsigned long		at;
	bool			marking;
	struct list_head	*marked;
	struct list_head	*marked_record;
	struct list_head	found;
	struct list_head	found_records;
	u64			nr_found_records;
};

void kgc_finals_init(struct kgc_heap *heap);
void kgc_finals_destroy(struct kgc_heap *heap);
int kgc_final_add(struct kgc_section s, void *obj, kgc_finalizer_t fn,
		  struct module *owner, u64 cookie, gfp_t gfp);
int kgc_final_cancel(struct kgc_section s, void *obj, u64 *cookie);
void kgc_finals_scan_begin(struct kgc_heap *heap);
bool kgc_finals_scan_some(struct kgc_heap *heap, struct kgc_marker *m);
bool kgc_finals_found(struct kgc_heap *heap);
bool kgc_finals_scan_cleanups(struct kgc_heap *heap);
void kgc_finals_publish(struct kgc_heap *heap);
void kgc_final_delivered(struct kgc_heap *heap, struct kgc_due *record);

#endif /* _KGC_FINALIZE_H */
