/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The operations of userspace on objects, which it names by handles. Single ioctls and
 * batches share them. Every operation checks its arguments.
 */
#ifndef _KGC_OPS_H
#define _KGC_OPS_H

#include <linux/kgc.h>

/* The caller is inside a section. */
int kgc_op_alloc(struct kgc_section s, u32 type, u64 count, u64 *handle);
int kgc_op_load(struct kgc_section s, u64 handle, u64 offset, u64 *result);
int kgc_op_store(struct kgc_section s, u64 handle, u64 offset, u64 value);
int kgc_op_xchg(struct kgc_section s, u64 handle, u64 offset, u64 value,
		u64 *old);
int kgc_op_read(struct kgc_section s, u64 handle, u64 offset, void *buf,
		u64 length);
int kgc_op_write(struct kgc_section s, u64 handle, u64 offset, const void *buf,
		 u64 length);
int kgc_op_dup(struct kgc_section s, u64 handle, u64 *result);
int kgc_op_drop(struct kgc_section s, u64 handle);
int kgc_op_weak_create(struct kgc_section s, u64 handle, u64 *result);
int kgc_op_weak_get(struct kgc_section s, u64 handle, u64 *result);
int kgc_op_finalize(struct kgc_section s, u64 handle, u64 cookie);
int kgc_op_finalize_cancel(struct kgc_section s, u64 handle, u64 *cookie);
int kgc_op_info(struct kgc_section s, u64 handle, u32 *type, u32 *size);

/* The caller is outside of sections, because these copy to or from userspace. */
int kgc_op_read_user(struct kgc_heap *heap, u64 handle, u64 offset,
		     u64 length, void __user *to);
int kgc_op_write_user(struct kgc_heap *heap, u64 handle, u64 offset,
		      u64 length, const void __user *from);

#endif /* _KGC_OPS_H */
