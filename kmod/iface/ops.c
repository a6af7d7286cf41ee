// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on objects by handle.
 *
 * The operations trust no argument, and let no address leave the kernel: plain reads
 * refuse pointer fields, and show a word of a conservative object as 0 if it is an
 * address in a heap.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../alloc/span.h"
#include "../compat.h"
#include "../gc/barrier.h"
#include "../gc/finalize.h"
#include "../gc/gate.h"
#include "../gc/handle.h"
#include "../gc/heap.h"
#include "../gc/lookup.h"
#include "../gc/mark.h"
#include "../gc/pace.h"
#include "../gc/throttle.h"
#include "../gc/type.h"
#include "../gc/weak.h"
#include "ops.h"

#define STACK_BYTES	128

struct object {
	char			*addr;
	const struct kgc_type	*type;
	size_t			size;
};

static int object_get(struct kgc_section s, u64 handle, struct object *o)
{
	unsigned int type;

	o->addr = kgc_handle_get(s, handle, &type);
	if (!o->addr)
		return -ENOENT;
	o->type = kgc_type_of_id(&s.heap->types, type);
	o->size = kgc_type_capacity(o->type, kgc_map_span(o->addr));
	return 0;
}

/* object_get() for an operand that may be 0, which means NULL. */
static int value_get(struct kgc_section s, u64 handle, struct object *o)
{
	if (handle)
		return object_get(s, handle, o);
	o->addr = NULL;
	o->type = NULL;
	return 0;
}

static struct kgc_type *type_of(struct kgc_section s, void *addr)
{
	struct kgc_span *span = kgc_map_span(addr);

	return kgc_type_of_slot(&s.heap->types, span,
				kgc_span_index(span, addr));
}

/* Open a handle to the object at @addr; the handle is 0 for NULL. */
static int object_handle(struct kgc_section s, void *addr, u64 *handle)
{
	*handle = 0;
	if (!addr)
		return 0;
	return kgc_handle_open(s, addr, type_of(s, addr)->layout.id, handle);
}

static bool is_conservative(const struct object *o)
{
	return o->type->kind == KGC_KIND_CONSERVATIVE;
}

/* Check that @offset is a pointer field that may hold @value. */
static int field_check(const struct object *o, u64 offset,
		       const struct object *value)
{
	const struct kgc_type_field *field;

	if (offset % sizeof(void *) || offset >= o->size ||
	    o->size - offset < sizeof(void *))
		return -EINVAL;
	if (is_conservative(o))
		return 0;
	field = kgc_type_field(o->type, offset);
	if (!field)
		return -EINVAL;
	if (value && value->type && field->target &&
	    field->target != value->type->layout.id)
		return -EINVAL;
	return 0;
}

int kgc_op_alloc(struct kgc_section s, u32 type_id, u64 count, u64 *handle)
{
	struct kgc_type *type = kgc_type_find(&s.heap->types, type_id);
	void *obj;

	if (!type)
		return -EINVAL;
	if (type->array) {
		if (!count || count > KGC_MAX_OBJECT / type->size)
			return -EINVAL;
		obj = kgc_alloc_array(s, type, count, GFP_KERNEL);
	} else {
		if (count > 1)
			return -EINVAL;
		obj = kgc_alloc(s, type, GFP_KERNEL);
	}
	if (!obj)
		return -ENOMEM;
	return kgc_handle_open(s, obj, type_id, handle);
}

/*
 * The object that a word of a conservative object names, or NULL. Userspace wrote the
 * word, so it may name an object that is dead and not yet swept.
 */
static void *word_object(struct kgc_section s, void *word)
{
	struct kgc_span *span;
	unsigned int i;

	/* keeps the span structure from reuse until the object is known to be alive */
	guard(rcu)();
	span = kgc_lookup(s.heap, word, &i);
	if (!span || !kgc_gate_strengthen(s, span, word, i))
		return NULL;
	return kgc_lookup_start(&s.heap->types, span, i, word);
}

int kgc_op_load(struct kgc_section s, u64 handle, u64 offset, u64 *result)
{
	struct object o;
	void *p;
	int err;

	err = object_get(s, handle, &o) ?: field_check(&o, offset, NULL);
	if (err)
		return err;
	/* pairs with the release in kgc_store_slot() */
	p = smp_load_acquire((void **)(o.addr + offset));
	if (is_conservative(&o))
		p = word_object(s, p);
	return object_handle(s, p, result);
}

int kgc_op_store(struct kgc_section s, u64 handle, u64 offset, u64 value)
{
	struct object o, v;
	int err;

	err = object_get(s, handle, &o) ?: value_get(s, value, &v) ?:
	      field_check(&o, offset, &v);
	if (err)
		return err;
	if (is_conservative(&o))
		kgc_barrier_xchg_word(s, (void **)(o.addr + offset), v.addr);
	else
		kgc_store_slot(s, (void **)(o.addr + offset), v.addr);
	kgc_pace_dropped(s.heap);
	kgc_throttle_refs_dropped(&s.heap->throttle);
	return 0;
}

int kgc_op_xchg(struct kgc_section s, u64 handle, u64 offset, u64 value,
		u64 *old)
{
	struct object o, v;
	void *p;
	int err;

	err = object_get(s, handle, &o) ?: value_get(s, value, &v) ?:
	      field_check(&o, offset, &v);
	if (err)
		return err;
	/* reserve first: the exchange cannot be undone, so nothing may fail after it */
	err = kgc_handle_reserve(s, old);
	if (err)
		return err;
	if (is_conservative(&o))
		p = word_object(s, kgc_barrier_xchg_word(s, (void **)(o.addr + offset),
							 v.addr));
	else
		p = __kgc_xchg(s, (void **)(o.addr + offset), v.addr);
	kgc_pace_dropped(s.heap);
	kgc_throttle_refs_dropped(&s.heap->throttle);
	if (p) {
		kgc_handle_publish(s, *old, p, type_of(s, p)->layout.id);
	} else {
		kgc_handle_cancel(s, *old);
		*old = 0;
	}
	return 0;
}

static int range_get(struct kgc_section s, u64 handle, u64 offset, u64 length,
		     struct object *o)
{
	int err = object_get(s, handle, o);

	if (err)
		return err;
	if (!length || offset > o->size || length > o->size - offset)
		return -EINVAL;
	if (kgc_type_overlaps(o->type, offset, length))
		return -EINVAL;
	return 0;
}

#define RESCHED_BYTES	4096	/* of a conservative object, between two cond_resched() */

/*
 * Copy bytes of a conservative object; words that are addresses read as 0. Context: a
 * section that may sleep.
 */
static void read_conservative(const struct object *o, u64 offset, char *buf,
			      u64 length)
{
	u64 end = offset + length;

	while (offset < end) {
		u64 word = round_down(offset, sizeof(void *));
		u64 n = min(word + sizeof(void *), end) - offset;
		void *value;

		if (word + sizeof(void *) > o->size) {
			/* a tail too short for a pointer */
			memcpy(buf, o->addr + offset, n);
			return;
		}
		/* read once: the value that is tested must be the one that is shown */
		value = READ_ONCE(*(void **)(o->addr + word));
		if (kgc_map_find(value))
			value = NULL;
		memcpy(buf, (char *)&value + (offset - word), n);
		offset += n;
		buf += n;
		if (offset % RESCHED_BYTES == 0)
			cond_resched();
	}
}

int kgc_op_read(struct kgc_section s, u64 handle, u64 offset, void *buf,
		u64 length)
{
	struct object o;
	int err = range_get(s, handle, offset, length, &o);

	if (err)
		return err;
	if (is_conservative(&o))
		read_conservative(&o, offset, buf, length);
	else
		memcpy(buf, o.addr + offset, length);
	return 0;
}

/* Any word may be a pointer, so every word goes through the barrier. */
static void write_conservative(struct kgc_section s, const struct object *o,
			       u64 offset, const char *buf, u64 length)
{
	u64 end = offset + length;

	while (offset < end) {
		u64 word = round_down(offset, sizeof(void *));
		u64 n = min(word + sizeof(void *), end) - offset;
		void **slot = (void **)(o->addr + word);
		void *old, *value;

		if (word + sizeof(void *) > o->size) {
			/* a tail too short for a pointer */
			memcpy(o->addr + offset, buf, n);
		} else {
			old = READ_ONCE(*slot);
			do {
				/* a partial write keeps 0 of an address: it reads as 0 */
				value = n < sizeof(void *) && kgc_map_find(old) ?
					NULL : old;
				memcpy((char *)&value + (offset - word), buf, n);
				/* another thread may write the rest of the word */
			} while (!kgc_barrier_cmpxchg_word(s, slot, &old, value));
		}
		offset += n;
		buf += n;
		if (offset % RESCHED_BYTES == 0)
			cond_resched();
	}
	kgc_pace_dropped(s.heap);
	kgc_throttle_refs_dropped(&s.heap->throttle);
}

int kgc_op_write(struct kgc_section s, u64 handle, u64 offset, const void *buf,
		 u64 length)
{
	struct object o;
	int err = range_get(s, handle, offset, length, &o);

	if (err)
		return err;
	if (is_conservative(&o))
		write_conservative(s, &o, offset, buf, length);
	else
		memcpy(o.addr + offset, buf, length);
	return 0;
}

int kgc_op_dup(struct kgc_section s, u64 handle, u64 *result)
{
	struct object o;
	int err = object_get(s, handle, &o);

	return err ?: kgc_handle_open(s, o.addr, o.type->layout.id, result);
}

/* Close a handle of either kind. */
int kgc_op_drop(struct kgc_section s, u64 handle)
{
	if (handle & KGC_HANDLE_WEAK)
		return kgc_weak_drop(s, handle);
	return kgc_handle_drop(s, handle);
}

int kgc_op_weak_create(struct kgc_section s, u64 handle, u64 *result)
{
	struct object o;
	int err = object_get(s, handle, &o);

	return err ?: kgc_weak_open(s, o.addr, o.type->layout.id, GFP_KERNEL,
				    result);
}

int kgc_op_weak_get(struct kgc_section s, u64 handle, u64 *result)
{
	unsigned int type;
	void *obj;
	int err = kgc_weak_find(s, handle, &obj, &type);

	*result = 0;
	if (err || !obj)
		return err;
	return kgc_handle_open(s, obj, type, result);
}

int kgc_op_finalize(struct kgc_section s, u64 handle, u64 cookie)
{
	struct object o;
	int err = object_get(s, handle, &o);

	return err ?: kgc_final_add(s, o.addr, NULL, s.heap->owner, cookie, GFP_KERNEL);
}

int kgc_op_finalize_cancel(struct kgc_section s, u64 handle, u64 *cookie)
{
	struct object o;
	int err = object_get(s, handle, &o);

	return err ?: kgc_final_cancel(s, o.addr, cookie);
}

int kgc_op_info(struct kgc_section s, u64 handle, u32 *type, u32 *size)
{
	struct object o;
	int err = object_get(s, handle, &o);

	if (err)
		return err;
	*type = o.type->layout.id;
	*size = o.size;
	return 0;
}

/* ---- with user memory: never inside a section --------------------------- */

static int check_length(u64 length)
{
	return length && length <= KGC_MAX_OBJECT ? 0 : -EINVAL;
}

int kgc_op_read_user(struct kgc_heap *heap, u64 handle, u64 offset,
		     u64 length, void __user *to)
{
	char *large __free(kgc_kvfree) = NULL;
	char stack[STACK_BYTES], *buf = stack;
	struct kgc_section s;
	int err = check_length(length);

	if (err)
		return err;
	if (length > sizeof(stack)) {
		large = kvmalloc(length, GFP_KERNEL_ACCOUNT);
		if (!large)
			return -ENOMEM;
		buf = large;
	}
	s = kgc_enter(heap);
	err = kgc_op_read(s, handle, offset, buf, length);
	kgc_exit(s);
	if (!err && copy_to_user(to, buf, length))
		err = -EFAULT;
	return err;
}

int kgc_op_write_user(struct kgc_heap *heap, u64 handle, u64 offset,
		      u64 length, const void __user *from)
{
	char *large __free(kgc_kvfree) = NULL;
	char stack[STACK_BYTES], *buf = stack;
	struct kgc_section s;
	int err = check_length(length);

	if (err)
		return err;
	if (length > sizeof(stack)) {
		large = kvmalloc(length, GFP_KERNEL_ACCOUNT);
		if (!large)
			return -ENOMEM;
		buf = large;
	}
	if (copy_from_user(buf, from, length))
		return -EFAULT;
	s = kgc_enter(heap);
	err = kgc_op_write(s, handle, offset, buf, length);
	kgc_exit(s);
	return err;
}
