/* SPDX-License-Identifier: GPL-2.0 */
/* The list of heaps, as far as the caller may see it. */
#ifndef _KGC_LISTING_H
#define _KGC_LISTING_H

struct kgc_heaps;

int kgc_listing_read(struct kgc_heaps *heaps);

#endif /* _KGC_LISTING_H */
