// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps per user. A heap has what no memory cgroup is charged for: a per-CPU part of its
 * SRCU domain, a directory in debugfs, a place in walks of all heaps. So a user may have only
 * so many of them, whichever of his processes have them open.
 *
 * The count is kept by the user id of the initial namespace, without a lock of our own: an
 * entry of the xarray is the number itself, and changes by compare and exchange.
 */
#include <linux/capability.h>
#include <linux/module.h>
#include <linux/xarray.h>

#include "quota.h"

static unsigned int max_user_heaps = 1024;
module_param(max_user_heaps, uint, 0644);
MODULE_PARM_DESC(max_user_heaps,
		 "heaps that a user may have open without CAP_SYS_RESOURCE (default 1024)");

static DEFINE_XARRAY(heaps_of_user);

/**
 * kgc_quota_charge() - count one more heap of a user
 * @uid: the user that opens the device
 *
 * Context: may sleep. Return: 0; -EMFILE if the user has max_user_heaps of them and the caller is
 * without CAP_SYS_RESOURCE; -ENOMEM.
 */
int kgc_quota_charge(kuid_t uid)
{
	void *old, *seen;
	unsigned long n;

	do {
		old = xa_load(&heaps_of_user, __kuid_val(uid));
		n = old ? xa_to_value(old) : 0;
		if (n >= READ_ONCE(max_user_heaps) && !capable(CAP_SYS_RESOURCE))
			return -EMFILE;
		seen = xa_cmpxchg(&heaps_of_user, __kuid_val(uid), old, xa_mk_value(n + 1),
				  GFP_KERNEL);
		if (xa_is_err(seen))
			return xa_err(seen);
	} while (seen != old);
	return 0;
}

/**
 * kgc_quota_uncharge() - count one heap of a user less
 * @uid: the user given to kgc_quota_charge()
 *
 * Needs no memory: an entry is replaced, and the last one is erased. Context: may sleep.
 */
void kgc_quota_uncharge(kuid_t uid)
{
	void *old, *seen;
	unsigned long n;

	do {
		old = xa_load(&heaps_of_user, __kuid_val(uid));
		n = xa_to_value(old);
		seen = xa_cmpxchg(&heaps_of_user, __kuid_val(uid), old,
				  n > 1 ? xa_mk_value(n - 1) : NULL, GFP_KERNEL);
	} while (seen != old);
}
