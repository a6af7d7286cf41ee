/* SPDX-License-Identifier: GPL-2.0 */
/* The list of heaps that the caller may see. */
#ifndef _KGC_LISTING_H
#define _KGC_LISTING_H

struct kgc_heaps;

int kgc_listing_read(struct kgc_heaps *heaps);

#endif /* _KGC_LISTING_H */
