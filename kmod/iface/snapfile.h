/* SPDX-License-Identifier: GPL-2.0 */
/* The descriptor that KGC_SNAPSHOT returns. */
#ifndef _KGC_SNAPFILE_H
#define _KGC_SNAPFILE_H

struct kgc_heap;

int kgc_snapfile_open(struct kgc_heap *heap);

#endif /* _KGC_SNAPFILE_H */
