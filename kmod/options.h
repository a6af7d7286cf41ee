/* SPDX-License-Identifier: GPL-2.0 */
/* Options of a heap, beside the calls of <linux/kgc.h>. */
#ifndef _KGC_OPTIONS_H
#define _KGC_OPTIONS_H

#include <linux/types.h>

struct kgc_heap;

/**
 * struct kgc_option_row - an option
 * @id: enum kgc_option_id
 * @name: in debugfs and kgcctl
 * @unit: of its value, for people; "" if it has none
 * @min: smallest value
 * @max: largest value; with @bits all bits that may be set
 * @off: a value beside the range that stands for "off", if @has_off
 * @has_off: whether there is one
 * @bits: the value is a set of bits
 * @values: names of the values from @min on, or of the bits from bit 0 on, with a
 *	space between; NULL if they are numbers
 * @privileged: through the device only CAP_SYS_ADMIN sets it
 * @offset: of the u64 in struct kgc_heap_options
 * @changed: tells the part of the heap that goes by it, or NULL
 */
struct kgc_option_row {
	unsigned int	id;
	const char	*name;
	const char	*unit;
	u64		min;
	u64		max;
	u64		off;
	bool		has_off;
	bool		bits;
	bool		privileged;
	const char	*values;
	size_t		offset;
	void		(*changed)(struct kgc_heap *heap, u64 value);
};

void kgc_options_init(struct kgc_heap *heap);
const struct kgc_option_row *kgc_options_row(unsigned int index);
const struct kgc_option_row *kgc_options_find(unsigned int id);

#endif /* _KGC_OPTIONS_H */
