/* SPDX-License-Identifier: GPL-2.0 */
/* The table of heap options. Clients use kgc_option_set() and kgc_option_get(). */
#ifndef _KGC_OPTIONS_H
#define _KGC_OPTIONS_H

#include <linux/types.h>

struct kgc_heap;

/**
 * struct kgc_option_row - an option
 * @id: enum kgc_option_id
 * @name: name in debugfs and kgcctl
 * @unit: unit of the value, shown to users; "" if it has none
 * @min: smallest value
 * @max: largest value; with @bits, all bits that may be set
 * @off: with @has_off, the value that means "off"; it may be outside @min..@max
 * @has_off: whether @off is valid
 * @bits: the value is a set of bits
 * @values: names of the values from @min on, or of the bits from bit 0 on, separated
 *	by spaces; NULL if the values are numbers
 * @privileged: only CAP_SYS_ADMIN may set the option through the device
 * @offset: offset in bytes of the u64 in struct kgc_heap_options
 * @changed: called after a change, for the part of the heap that the option affects;
 *	or NULL
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
