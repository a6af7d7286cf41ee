/* SPDX-License-Identifier: GPL-2.0 */
/* Types that a program describes. */
#ifndef _KGC_USERTYPE_H
#define _KGC_USERTYPE_H

struct kgc_heap;
struct kgc_type_register;

int kgc_usertype_register(struct kgc_heap *heap, struct kgc_type_register *reg);

#endif /* _KGC_USERTYPE_H */
