/* SPDX-License-Identifier: GPL-2.0 */
/* /dev/kgc */
#ifndef _KGC_CHARDEV_H
#define _KGC_CHARDEV_H

int kgc_chardev_init(void);
void kgc_chardev_exit(void);

#endif /* _KGC_CHARDEV_H */
