/* SPDX-License-Identifier: GPL-2.0 */
/* What the heaps do when the machine is short of memory. */
#ifndef _KGC_RECLAIM_H
#define _KGC_RECLAIM_H

int kgc_reclaim_init(void);
void kgc_reclaim_exit(void);

#endif /* _KGC_RECLAIM_H */
