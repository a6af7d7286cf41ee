// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps per user. A heap takes resources that no memory cgroup is charged for: per-CPU
 * memory of its SRCU domain, a directory in debugfs, and time in each walk over heaps. So
 * this file limits how many heaps the processes of one user may have open together.
 *
 * An xarray holds the counts, indexed by the user id in the initial namespace. An entry
 * is the count itself and changes by compare and exchange, so kgc needs no lock for it.
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
 * Context: may sleep.
 * Return: 0; -EMFILE if the user has max_user_heaps heaps and the caller does not have
 * CAP_SYS_RESOURCE; -ENOMEM.
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
 * kgc_quota_uncharge() - count one heap less of a user
 * @uid: the user given to kgc_quota_charge()
 *
 * The function cannot fail: it replaces or erases an entry, which needs no memory.
 * Context: may sleep.
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
