/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KGC_IFACE_QUOTA_H
#define KGC_IFACE_QUOTA_H

#include <linux/uidgid.h>

int kgc_quota_charge(kuid_t uid);
void kgc_quota_uncharge(kuid_t uid);

#endif
