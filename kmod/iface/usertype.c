// SPDX-License-Identifier: GPL-2.0
/* Types that a program describes: their names and fields are in user memory. */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../compat.h"
#include "../gc/heap.h"
#include "../gc/type.h"
#include "usertype.h"

static int type_name(char *name, u64 addr)
{
	long n;

	name[0] = 0;
	if (!addr)
		return 0;
	n = strncpy_from_user(name, u64_to_user_ptr(addr), KGC_TYPE_NAME_MAX);
	if (n < 0)
		return n;
	return n < KGC_TYPE_NAME_MAX ? 0 : -ENAMETOOLONG;
}

/*
 * Carry out KGC_TYPE_REGISTER. Context: process context, may sleep. Return: 0 with the
 * type's number in @reg; an errno of kgc_type_register(); -EPERM for a conservative type
 * without CAP_SYSLOG; -ENAMETOOLONG; -EFAULT.
 */
int kgc_usertype_register(struct kgc_heap *heap, struct kgc_type_register *reg)
{
	struct kgc_field *fields __free(kgc_kvfree) = NULL;
	u32 *table __free(kgc_kvfree) = NULL;
	struct kgc_type_desc desc = { };
	char name[KGC_TYPE_NAME_MAX];
	struct kgc_type *type;
	int err;
	u32 i;

	BUILD_BUG_ON(KGC_TYPE_NOSCAN != KGC_DESC_NOSCAN);
	BUILD_BUG_ON(KGC_TYPE_CONSERVATIVE != KGC_DESC_CONSERVATIVE);
	BUILD_BUG_ON(KGC_TYPE_ARRAY != KGC_DESC_ARRAY);
	if (reg->flags & ~(KGC_TYPE_NOSCAN | KGC_TYPE_CONSERVATIVE |
			   KGC_TYPE_ARRAY))
		return -EOPNOTSUPP;
	/* a program that sees which of its words keep objects alive learns addresses */
	if (reg->flags & KGC_TYPE_CONSERVATIVE && !capable(CAP_SYSLOG))
		return -EPERM;
	if (reg->type)
		return -EINVAL;
	if (!reg->object_size || reg->object_size > KGC_MAX_OBJECT ||
	    reg->nr_fields > reg->object_size / 8 || reg->nr_fields > KGC_MAX_FIELDS)
		return -EINVAL;
	err = type_name(name, reg->name);
	if (err)
		return err;
	if (reg->nr_fields) {
		/* not vmemdup_user(), which charges no cgroup for the memory */
		fields = kvmalloc_array(reg->nr_fields, sizeof(*fields), GFP_KERNEL_ACCOUNT);
		table = kvmalloc_array(reg->nr_fields, 2 * sizeof(*table),
				       GFP_KERNEL_ACCOUNT);
		if (!fields || !table)
			return -ENOMEM;
		if (copy_from_user(fields, u64_to_user_ptr(reg->fields),
				   reg->nr_fields * sizeof(*fields)))
			return -EFAULT;
		for (i = 0; i < reg->nr_fields; i++) {
			table[i] = fields[i].offset;
			table[reg->nr_fields + i] = fields[i].target;
		}
	}
	desc.name = name;
	desc.size = reg->object_size;
	desc.align = reg->align;
	desc.flags = reg->flags;
	desc.nr_fields = reg->nr_fields;
	desc.fields = table;
	type = kgc_type_add(heap, &desc, table ? table + reg->nr_fields : NULL);
	if (IS_ERR(type))
		return PTR_ERR(type);
	reg->type = type->layout.id;
	return 0;
}
