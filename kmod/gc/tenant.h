/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Tenants: the users that the module's budgets are divided among. All heaps that one user
 * opened through the device are one tenant, and all heaps of the kernel's own modules are
 * another.
 */
#ifndef _KGC_TENANT_H
#define _KGC_TENANT_H

#include <linux/types.h>
#include <linux/uidgid.h>

#include "bucket.h"

/**
 * struct kgc_tenant - a user of the module's budgets
 * @cpu: the tenant's part of the collectors' CPU time, by the tenants' clock
 * @expedite: the tenant's part of the time that expedited grace periods may take, by the
 *	tenants' clock
 * @running: heaps of the tenant with a cycle under way; guarded by the clock's lock, but
 *	read without it
 * @heaps: open heaps; guarded by the lock of the table of tenants
 * @uid: the user, in the initial namespace
 */
struct kgc_tenant {
	struct kgc_bucket	cpu;
	struct kgc_bucket	expedite;
	unsigned int		running;
	unsigned int		heaps;
	kuid_t			uid;
};

struct kgc_tenant *kgc_tenant_get(kuid_t uid);
struct kgc_tenant *kgc_tenant_kernel(void);
void kgc_tenant_put(struct kgc_tenant *tenant);
void kgc_tenant_begin(struct kgc_tenant *tenant);
void kgc_tenant_end(struct kgc_tenant *tenant);
unsigned int kgc_tenant_nr_running(void);
u64 kgc_tenant_clock(void);
void kgc_tenant_exit(void);

#endif /* _KGC_TENANT_H */
