/* SPDX-License-Identifier: GPL-2.0 */
/* The types of a heap, for its owner. */
#ifndef _KGC_TYPELIST_H
#define _KGC_TYPELIST_H

struct kgc_heap;
struct kgc_type_list;

int kgc_typelist_read(struct kgc_heap *heap, struct kgc_type_list *list);

#endif /* _KGC_TYPELIST_H */
