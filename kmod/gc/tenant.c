// SPDX-License-Identifier: GPL-2.0
/*
 * Tenants, and how many heaps each may have open. A heap takes resources that no memory
 * cgroup is charged for: per-CPU memory of its SRCU domain, a directory in debugfs, and
 * time in each walk over heaps. So the heaps that the processes of one user have open
 * together are limited.
 *
 * An xarray holds the tenants with open heaps, and those in debt, by user id in the
 * initial namespace.
 */
#include <linux/capability.h>
#include <linux/cleanup.h>
#include <linux/err.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/xarray.h>

#include "../compat.h"
#include "tenant.h"

static unsigned int max_user_heaps = 1024;
module_param(max_user_heaps, uint, 0644);
MODULE_PARM_DESC(max_user_heaps,
		 "heaps that a user may have open without CAP_SYS_RESOURCE (default 1024)");

static DEFINE_XARRAY(tenants);

/* The tenant of all kernel modules. Their heaps are not counted. */
static struct kgc_tenant kernel_tenant;

/*
 * The clock of the tenants' buckets, and the number of tenants with a cycle under way, which
 * is read without the lock.
 */
static DEFINE_RAW_SPINLOCK(clock_lock);
static struct kgc_bucket_clock clock __guarded_by(&clock_lock);
static unsigned int running __guarded_by(&clock_lock);

struct kgc_tenant *kgc_tenant_kernel(void)
{
	return &kernel_tenant;
}

/* ---- the clock --------------------------------------------------------------- */

/* Return: how many tenants divide the budgets; at least 1. Context: any. */
unsigned int kgc_tenant_nr_running(void)
{
	return max(READ_ONCE(running), 1U);
}

/* Context: @clock_lock is held. */
static u64 clock_advance(void)
{
	return kgc_bucket_clock_ns(&clock, ktime_get_ns(), kgc_tenant_nr_running());
}

/* The time that the tenants' buckets count in, in ns. Context: any but NMI. */
u64 kgc_tenant_clock(void)
{
	guard(raw_spinlock_irqsave)(&clock_lock);
	return clock_advance();
}

/* A heap of the tenant begins a cycle. Context: the state machine. */
void kgc_tenant_begin(struct kgc_tenant *tenant)
{
	guard(raw_spinlock_irqsave)(&clock_lock);
	clock_advance();
	WRITE_ONCE(tenant->running, tenant->running + 1);
	if (tenant->running == 1)
		WRITE_ONCE(running, running + 1);
}

/* A cycle that kgc_tenant_begin() counted is over. Context: the state machine. */
void kgc_tenant_end(struct kgc_tenant *tenant)
{
	guard(raw_spinlock_irqsave)(&clock_lock);
	clock_advance();
	WRITE_ONCE(tenant->running, tenant->running - 1);
	if (!tenant->running)
		WRITE_ONCE(running, running - 1);
}

/* ---- the table --------------------------------------------------------------- */

/* Count a heap of @uid. Return: 0; -ENOENT if there is no tenant yet; -EMFILE. */
static int tenant_count(kuid_t uid, bool unlimited, struct kgc_tenant **tenant)
{
	int err = 0;

	xa_lock(&tenants);
	*tenant = xa_load(&tenants, __kuid_val(uid));
	if ((*tenant ? (*tenant)->heaps : 0) >= READ_ONCE(max_user_heaps) && !unlimited)
		err = -EMFILE;
	else if (!*tenant)
		err = -ENOENT;
	else
		(*tenant)->heaps++;
	xa_unlock(&tenants);
	return err;
}

/* Whether the tenant has used more than its part, so that its next cycle has to wait. */
static bool tenant_owes(const struct kgc_tenant *tenant)
{
	u64 clock_ns = kgc_tenant_clock();

	return kgc_bucket_owes(&tenant->cpu, clock_ns) ||
	       kgc_bucket_owes(&tenant->expedite, clock_ns);
}

/* Forget tenants that have no heap, and owe nothing any more. */
static void tenants_prune(void)
{
	struct kgc_tenant *tenant;
	unsigned long uid;

	xa_lock(&tenants);
	xa_for_each(&tenants, uid, tenant) {
		if (tenant->heaps || tenant_owes(tenant))
			continue;
		__xa_erase(&tenants, uid);
		kfree(tenant);
	}
	xa_unlock(&tenants);
}

/* Add the tenant @uid with one heap. Return: 0; -EEXIST if there is one; -ENOMEM. */
static int tenant_add(kuid_t uid, struct kgc_tenant **tenant)
{
	struct kgc_tenant *new __free(kfree) = kzalloc(sizeof(*new), GFP_KERNEL_ACCOUNT);
	void *old;

	if (!new)
		return -ENOMEM;
	new->uid = uid;
	new->heaps = 1;
	/* a new tenant has saved up nothing */
	kgc_bucket_init(&new->cpu, kgc_tenant_clock());
	kgc_bucket_init(&new->expedite, kgc_tenant_clock());
	old = xa_cmpxchg(&tenants, __kuid_val(uid), NULL, new, GFP_KERNEL_ACCOUNT);
	if (old)
		return xa_err(old) ?: -EEXIST;
	*tenant = no_free_ptr(new);
	return 0;
}

/**
 * kgc_tenant_get() - count one more heap of a user
 * @uid: the user that opens the device
 *
 * Context: may sleep.
 * Return: the tenant; ERR_PTR(-EMFILE) if the user has max_user_heaps heaps and the
 * caller does not have CAP_SYS_RESOURCE; ERR_PTR(-ENOMEM).
 */
struct kgc_tenant *kgc_tenant_get(kuid_t uid)
{
	struct kgc_tenant *tenant;
	bool unlimited = false;
	int err;

	do {
		err = tenant_count(uid, unlimited, &tenant);
		if (err == -ENOENT) {
			tenants_prune();
			err = tenant_add(uid, &tenant);
		}
		/* a process that needs no capability must not be marked as using one */
		if (err == -EMFILE && !unlimited && capable(CAP_SYS_RESOURCE))
			unlimited = true;
		else if (err != -EEXIST)
			return err ? ERR_PTR(err) : tenant;
	} while (true);
}

/*
 * A heap of the tenant is gone. A tenant in debt stays in the table: closing heaps and
 * opening others does not pay. Context: may sleep.
 */
void kgc_tenant_put(struct kgc_tenant *tenant)
{
	if (tenant == &kernel_tenant)
		return;
	xa_lock(&tenants);
	if (--tenant->heaps || tenant_owes(tenant))
		tenant = NULL;
	else
		__xa_erase(&tenants, __kuid_val(tenant->uid));
	xa_unlock(&tenants);
	kfree(tenant);
}

/*
 * No heap is left. An insertion that memory was refused to may have left nodes in the
 * empty table.
 */
void kgc_tenant_exit(void)
{
	struct kgc_tenant *tenant;
	unsigned long uid;

	xa_for_each(&tenants, uid, tenant)
		kfree(tenant);
	xa_destroy(&tenants);
}
